"""Have one provider key tried: a call outside, so it is bounded, and a repeat with the same Idempotency-Key makes none."""

import asyncio
from typing import Final
from uuid import UUID

import structlog
from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.idempotency import name_of, replay, run_once, still_running
from burnish_gateway.provider_keys import keep_key as keep
from burnish_gateway.provider_keys import store
from burnish_gateway.provider_keys.ask_executor import WAIT_S, ask_executor
from burnish_gateway.provider_keys.provider_key import ProviderKey
from burnish_shared.contracts.provider_keys import KeyTestAnswer
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, RateLimited, Unavailable

TURN_S: Final = WAIT_S + 8.0
"""The longest test, and time to store its answer: then the turn of a gateway that stopped in the middle is over."""

log = structlog.get_logger("burnish.gateway")


async def try_key(gateway: Gateway, request: Request, principal: Principal, provider_key_id: UUID) -> Response:
    """What the provider said of it, also again.

    Raises NotFound, Conflict for a revoked key, IdempotencyInProgress, RateLimited, Unavailable.
    """
    test_id = await name_of(request, principal)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        found = await replay(gateway, tx, request, principal) or await _begin(tx, principal, provider_key_id, test_id=test_id)
    if isinstance(found, Response):
        return found
    try:
        return await _answered(gateway, request, principal, found)
    finally:
        await asyncio.shield(_end(gateway, principal, test_id=test_id))


async def _begin(tx: Tx, principal: Principal, provider_key_id: UUID, *, test_id: UUID) -> ProviderKey:
    key = await keep.find_key(tx, principal, provider_key_id)
    if key.status == "revoked":
        raise Conflict("This provider key was revoked, and its text is gone; add a new one with POST /v1/provider-keys.")
    holder = None
    while holder is None:  # the turn may be given back between the two questions
        if await store.take_turn(tx, principal.workspace_id, test_id=test_id, most_s=TURN_S):
            return key
        holder = await store.whose_turn(tx, principal.workspace_id)
    if holder == test_id:
        raise still_running()
    raise RateLimited("Another provider key of this workspace is being tried; try again when that is done.", retry_after_s=1)


async def _answered(gateway: Gateway, request: Request, principal: Principal, key: ProviderKey) -> Response:
    """Whoever had the turn before may have been asked the same: its answer is stored before the turn is given back."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        stored = await replay(gateway, tx, request, principal)
    if stored is not None:
        return stored
    tried = await ask_executor(gateway, key.place)

    async def work(_: Tx) -> KeyTestAnswer:
        return tried

    return await run_once(gateway, request, principal, status=200, work=work)


async def _end(gateway: Gateway, principal: Principal, *, test_id: UUID) -> None:
    """A turn that cannot be given back now ends by itself."""
    try:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
            await store.give_turn_back(tx, principal.workspace_id, test_id=test_id)
    except Unavailable as error:
        log.warning("provider_key.turn_kept", reason=error.message)
