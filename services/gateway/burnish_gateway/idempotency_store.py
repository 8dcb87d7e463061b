"""Idempotency keys of the routes that answer out of their own transaction. Executions keep theirs inside `admit`."""

from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx


async def claim(tx: Tx, workspace_id: UUID, *, route: str, key: str, fingerprint: bytes) -> bool:
    """True: the key is ours now. Another transaction that holds the same key is waited for, as long as lock_timeout allows."""
    claimed = await tx.fetchval(
        "INSERT INTO idempotency_keys (workspace_id, route, key, fingerprint) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING RETURNING true",
        workspace_id,
        route,
        key,
        fingerprint,
    )
    return bool(claimed)


async def save(tx: Tx, *, route: str, key: str, status: int, body: bytes) -> None:
    """Keeps the answer beside the key. `body` is sealed: an answer may hold a secret that is shown once."""
    await tx.execute("UPDATE idempotency_keys SET status = $3, body = $4 WHERE route = $1 AND key = $2", route, key, status, body)


async def find(tx: Tx, *, route: str, key: str) -> Record | None:
    """fingerprint, status and sealed body of a key that was claimed before."""
    return await tx.fetchrow("SELECT fingerprint, status, body FROM idempotency_keys WHERE route = $1 AND key = $2", route, key)
