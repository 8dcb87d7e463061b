"""Has an executor try a provider key: the gateway itself can neither open keys nor call providers (PROMISES E-13)."""

from typing import Final

import nats.errors

from burnish_gateway.deps import Gateway
from burnish_shared import subjects
from burnish_shared.contracts.provider_keys import KeyPlace, KeyTestAnswer, KeyTestRequest
from burnish_shared.errors import RateLimited, Unavailable

WAIT_S: Final = 12.0
"""The executor waits 10 s for the provider."""


async def ask_executor(gateway: Gateway, place: KeyPlace) -> KeyTestAnswer:
    """Raises Unavailable when no executor answered in time, RateLimited when the one that was asked tries as many keys as it may."""
    request = KeyTestRequest(workspace_id=place.workspace_id, provider_key_id=place.provider_key_id)
    try:
        answer = await gateway.bus.request(subjects.PROVIDER_KEYS_TEST, request.model_dump_json().encode(), timeout_s=WAIT_S)
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise Unavailable("No executor could try this key at the moment; try again.", retry_after_s=1) from error
    if not answer.data:
        raise RateLimited("Too many provider keys are being tried at the moment; try again.", retry_after_s=1)
    return KeyTestAnswer.model_validate_json(answer.data)
