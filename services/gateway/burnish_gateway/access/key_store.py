"""API keys in SQL, for those who manage them."""

from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx


async def list_keys(tx: Tx, *, after: UUID | None, limit: int) -> list[Record]:
    """Newest first, at most limit + 1."""
    return list(
        await tx.fetch(
            "SELECT api_key_id, name, prefix, role, scopes, rate_limit_per_minute, created_at, expires_at, revoked_at, last_used_at "
            "FROM api_keys "
            "WHERE $1::uuid IS NULL OR api_key_id < $1 ORDER BY api_key_id DESC LIMIT $2",
            after,
            limit + 1,
        )
    )


async def revoke_key(tx: Tx, api_key_id: UUID) -> str | None:
    """The key's prefix, or None when there is no such key. Revoking twice keeps the first time."""
    prefix: str | None = await tx.fetchval(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE api_key_id = $1 RETURNING prefix", api_key_id
    )
    return prefix
