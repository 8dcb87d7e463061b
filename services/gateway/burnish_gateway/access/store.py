"""Keys and workspaces in SQL."""

from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import ROLES, KeyFacts, WorkspaceFacts
from burnish_shared.books.admission import RateLimit
from burnish_shared.db.session import Tx


async def find_keys(tx: Tx, prefix: str) -> list[KeyFacts]:
    """Keys with this prefix, over all workspaces: nearly always one or none."""
    return [_key(row) for row in await tx.fetch("SELECT * FROM find_api_key($1)", prefix)]


async def find_workspace(tx: Tx, workspace_id: UUID) -> WorkspaceFacts | None:
    row = await tx.fetchrow("SELECT * FROM find_workspace($1)", workspace_id)
    if row is None:
        return None
    facts = dict(row)
    rate = RateLimit(rate_id=facts.pop("rate_id"), per_minute=facts.pop("rate_limit_per_minute"))
    return WorkspaceFacts(rate=rate, **facts)


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


def _key(row: Record) -> KeyFacts:
    per_minute = row["rate_limit_per_minute"]
    return KeyFacts(
        api_key_id=row["api_key_id"],
        workspace_id=row["workspace_id"],
        digest=row["digest"],
        role=ROLES[row["role"]],
        scopes=frozenset(row["scopes"]),
        is_operator=row["is_operator"],
        rate=RateLimit(rate_id=row["rate_id"], per_minute=per_minute) if per_minute else None,
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


async def enter(tx: Tx, workspace_id: UUID) -> None:
    """Makes the rest of the transaction that workspace's: for the first key of one that was just made."""
    await tx.execute("SELECT set_config('app.workspace', $1, true)", str(workspace_id))
