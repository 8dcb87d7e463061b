"""Tries one provider key by a call that costs nothing: the list of the provider's models."""

import asyncio
from typing import Final

import structlog

from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.io import keys_store
from burnish_executor.io.providers import UNTRIED, Providers
from burnish_shared.auth.key_secrets import Kept, way_of
from burnish_shared.auth.keyring import Keyring
from burnish_shared.contracts.provider_keys import KeyPlace, KeyTestAnswer, KeyTestRequest
from burnish_shared.db.session import Database

TEST_S: Final = 10.0
"""Longest wait for the list."""

GONE = KeyTestAnswer(works=False, http_status=None, latency_ms=0, models=None, error="The key was revoked meanwhile.")
UNREADABLE = KeyTestAnswer(works=False, http_status=None, latency_ms=0, models=None, error="The kept key does not open; replace its text.")

log = structlog.get_logger("burnish.executor")


async def try_key(request: KeyTestRequest, *, db: Database, keyring: Keyring, providers: Providers) -> KeyTestAnswer:
    """Changes nothing: what it finds is told, and the key stays as it is. Raises Unavailable."""
    async with db.unit_of_work(workspaces={request.workspace_id}, read_only=True) as tx:
        row = await keys_store.find_key(tx, request.workspace_id, request.provider_key_id)
        if row is None:
            return GONE
        kept = Kept(row["sealed"], row["vault_secret_id"])
        place = KeyPlace(request.workspace_id, request.provider_key_id, row["secret_version"])
        try:
            secret = await way_of(kept, keyring=keyring).open(tx, place, kept)
        except ValueError as error:
            log.error("provider_key.unreadable", provider_key_id=str(place.provider_key_id), reason=str(error))
            return UNREADABLE
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    found = await providers.count_models(row["provider"], row["url"], is_own_url=row["is_own_url"], key=secret, timeout_s=TEST_S)
    latency_ms = max(1, round((loop.time() - began_at) * 1000))  # a port next door refuses within less
    if isinstance(found, Failure):
        if found.kind is FailureKind.EGRESS or found.message == UNTRIED:
            latency_ms = 0
        return KeyTestAnswer(works=False, http_status=found.http_status, latency_ms=latency_ms, models=None, error=found.info().message)
    return KeyTestAnswer(works=True, http_status=200, latency_ms=latency_ms, models=found, error=None)
