"""Which failed evaluations say nothing of a candidate, because no model read it. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

NOBODY_CALLED: Final = frozenset({"no_provider_key", "egress_refused"})
"""Codes of an execution for which nothing was sent: there is no key, or the address may not be called."""

REFUSED: Final = "provider_refused"

REFUSES_ALL: Final = frozenset({401, 402, 404})
"""A key that is not taken, an account without money, a model that is not known: the provider would say it to any text."""

FORBIDDEN: Final = 403
"""The same, save where a provider looks through what it is sent and says so of what it will not read (OpenRouter)."""

OF_THE_TEXT: Final = re.compile(r"flagged|moderation|content[ _](?:policy|filter)|safety", re.IGNORECASE)

BAD_REQUEST: Final = 400
"""What a provider mostly says of one request; some say it of a key, an account or a model, in a code or in words of their own."""

CODES: Final = frozenset(
    {"invalid_api_key", "model_not_found", "invalid_model", "model_not_exist", "billing_error", "authentication_error"}
)

WORDS: Final = re.compile(
    r"api key (?:is )?(?:not valid|invalid|expired)|credit balance is too low|model not exist|invalid model:"
    r"|model identifier is invalid|is not a valid model id",
    re.IGNORECASE,
)
"""Google, Anthropic, DeepSeek, Mistral, Bedrock and OpenRouter, in this order."""


def reached_no_model(error: Mapping[str, Any] | None) -> bool:
    """Whether an execution failed before a model read it, for a reason that another text would meet as well.

    `error`: as the books have it. Failures that may pass are not meant: those are tried again.
    """
    if error is None or error.get("retryable", True):
        return False
    if error.get("code") in NOBODY_CALLED:
        return True
    if error.get("code") != REFUSED:
        return False
    status, said = error.get("provider_status"), str(error.get("message") or "")
    code = error.get("provider_code") or ""
    if status == FORBIDDEN:
        return not OF_THE_TEXT.search(f"{code} {said}")
    return status in REFUSES_ALL or (status == BAD_REQUEST and (code in CODES or WORDS.search(said) is not None))
