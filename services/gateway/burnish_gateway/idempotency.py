"""`Idempotency-Key` on every POST: the effect and the stored answer are one transaction, a repeat gets the same bytes (PROMISES G-02…G-04).

Executions do it inside `admit` instead.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.wire import json_response
from burnish_shared.db.session import Tx
from burnish_shared.errors import IdempotencyInProgress, IdempotencyMismatch, InvalidField

KEY_MOST = 255
STORED_MOST_BYTES = 1024 * 1024

Work = Callable[[Tx], Awaitable[BaseModel | dict[str, Any]]]


def key_of(request: Request) -> str | None:
    """The caller's key. Raises InvalidField unless it is 1 to 255 visible ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= KEY_MOST and all("!" <= character <= "~" for character in key)):
        raise InvalidField("Idempotency-Key: must be 1 to 255 visible ASCII characters.", param="Idempotency-Key")
    return key


def fingerprint_of(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


async def run_once(gateway: Gateway, request: Request, principal: Principal, *, status: int, work: Work) -> Response:
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
    fingerprint = fingerprint_of(request.url.path.encode() + b"\n" + raw)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        if not await _claim(tx, principal, route=route, key=key, fingerprint=fingerprint):
            return await _replay(tx, route=route, key=key, fingerprint=fingerprint)
        answer = json_response(await work(tx), status=status)
        body = bytes(answer.body)
        if len(body) <= STORED_MOST_BYTES:
            await tx.execute("UPDATE idempotency_keys SET status = $3, body = $4 WHERE route = $1 AND key = $2", route, key, status, body)
    gateway.feed.wake()
    return answer


async def _claim(tx: Tx, principal: Principal, *, route: str, key: str, fingerprint: bytes) -> bool:
    """True: the key is ours now. A transaction that holds the same key is waited for (lock_timeout)."""
    claimed = await tx.fetchval(
        "INSERT INTO idempotency_keys (workspace_id, route, key, fingerprint) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true",
        principal.workspace_id, route, key, fingerprint,
    )  # fmt: skip
    return bool(claimed)


async def _replay(tx: Tx, *, route: str, key: str, fingerprint: bytes) -> Response:
    row = await tx.fetchrow("SELECT fingerprint, status, body FROM idempotency_keys WHERE route = $1 AND key = $2", route, key)
    if row is None or row["body"] is None:
        raise IdempotencyInProgress("A request with this Idempotency-Key is still running; try again.", retry_after_s=1)
    if row["fingerprint"] != fingerprint:
        raise IdempotencyMismatch("This Idempotency-Key was used with another body; use a new key.", param="Idempotency-Key")
    return Response(row["body"], status_code=row["status"], media_type="application/json", headers={"idempotent-replayed": "true"})
