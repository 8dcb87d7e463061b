"""`Idempotency-Key` on every POST: the effect and the stored answer are one transaction, a repeat gets the same bytes (PROMISES G-02…G-04).

Executions do it inside `admit` instead.
"""

import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import UUID

from asyncpg import Record
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway import idempotency_store
from burnish_gateway.deps import Gateway
from burnish_gateway.wire import json_response
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealed_columns import answer_context
from burnish_shared.db.session import Tx
from burnish_shared.errors import IdempotencyInProgress, IdempotencyMismatch, InvalidField

KEY_MOST = 255

CANONICAL_MOST_BYTES = 1024 * 1024

Work = Callable[[Tx], Awaitable[BaseModel | dict[str, Any]]]


def key_of(request: Request) -> str | None:
    """The caller's key. Raises InvalidField unless it is 1 to 255 visible ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= KEY_MOST and all("!" <= character <= "~" for character in key)):
        raise InvalidField("Idempotency-Key: must be 1 to 255 visible ASCII characters.", param="Idempotency-Key")
    return key


def fingerprint_of(raw: bytes, *, address: str = "") -> bytes:
    """SHA-256 of what was asked: the same JSON spelled otherwise (spaces, order of keys) is the same body (PROMISES 5.2).

    Longer bodies and those that are no JSON count as they are.
    """
    body = raw
    if len(raw) <= CANONICAL_MOST_BYTES:
        with contextlib.suppress(ValueError, RecursionError):
            body = json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(address.encode() + b"\n" + body).digest()


class Tenant(Protocol):
    """Whose keys these are."""

    @property
    def workspace_id(self) -> UUID: ...


async def run_once(gateway: Gateway, request: Request, principal: Tenant, *, status: int, work: Work) -> Response:
    """Runs `work` in one unit of work of the caller's workspace and answers with what it returned.

    With an Idempotency-Key, a repeat with the same body gets the stored answer and `Idempotent-Replayed: true`, another body 422.
    `work` writes its change note last. An error stores nothing.
    """
    key = key_of(request)
    if key is None:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
            made = await work(tx)
        gateway.feed.wake()
        return json_response(made, status=status)
    route = f"{request.method} {request.scope['route'].path}"
    raw = await request.body()
    fingerprint = fingerprint_of(raw, address=request.url.path)
    context = answer_context(principal.workspace_id, route=route, key=key)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        if not await idempotency_store.claim(tx, principal.workspace_id, route=route, key=key, fingerprint=fingerprint):
            stored = await idempotency_store.find(tx, route=route, key=key)
            return _replayed(stored, fingerprint=fingerprint, keyring=gateway.keyring, context=context)
        answer = json_response(await work(tx), status=status)
        sealed = gateway.keyring.seal(bytes(answer.body), context=context)
        await idempotency_store.save(tx, route=route, key=key, status=status, body=sealed)
    gateway.feed.wake()
    return answer


def _replayed(stored: Record | None, *, fingerprint: bytes, keyring: Keyring, context: str) -> Response:
    if stored is None or stored["body"] is None:
        raise IdempotencyInProgress("A request with this Idempotency-Key is still running; try again.", retry_after_s=1)
    if stored["fingerprint"] != fingerprint:
        raise IdempotencyMismatch("This Idempotency-Key was used with another body; use a new key.", param="Idempotency-Key")
    body = keyring.open(stored["body"], context=context)
    return Response(body, status_code=stored["status"], media_type="application/json", headers={"idempotent-replayed": "true"})
