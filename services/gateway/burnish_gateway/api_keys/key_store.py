"""API keys in SQL, for those who manage them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from burnish_shared.auth.api_keys import NewKey
from burnish_shared.db.session import Tx

SHOWN = """SELECT api_key_id, coalesce(first_key_id, api_key_id) AS first_key_id, name, prefix, role, scopes, is_operator,
       rate_limit_per_minute, token_limit_per_minute, created_by, created_at, expires_at, revoked_at, last_used_at,
       revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp()) AS is_active FROM api_keys"""

LIMITS = ("rate_limit_per_minute", "token_limit_per_minute")
"""Columns of a key that say how much a minute it may do."""


async def list_keys(tx: Tx, *, after: UUID | None, limit: int) -> list[Record]:
    """Newest first, at most limit + 1."""
    return list(await tx.fetch(f"{SHOWN} WHERE $1::uuid IS NULL OR api_key_id < $1 ORDER BY api_key_id DESC LIMIT $2", after, limit + 1))


async def find_key(tx: Tx, api_key_id: UUID) -> Record | None:
    return await tx.fetchrow(f"{SHOWN} WHERE api_key_id = $1", api_key_id)


async def lock_key(tx: Tx, api_key_id: UUID) -> Record | None:
    """`find_key` for one that is about to change."""
    return await tx.fetchrow(f"{SHOWN} WHERE api_key_id = $1 FOR NO KEY UPDATE", api_key_id)


async def lock_line(tx: Tx, api_key_id: UUID) -> None:
    """All keys of its line, in one order, before any of them is read: none of them is replaced, or gets another limit, meanwhile."""
    await tx.execute(
        "SELECT FROM api_keys WHERE coalesce(first_key_id, api_key_id) = "
        "(SELECT coalesce(k.first_key_id, k.api_key_id) FROM api_keys k WHERE k.api_key_id = $1) ORDER BY api_key_id FOR NO KEY UPDATE",
        api_key_id,
    )


async def has_successor(tx: Tx, api_key_id: UUID, *, first_key_id: UUID) -> bool:
    """Is there a newer key of its line that still works?"""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM api_keys WHERE first_key_id = $2 AND api_key_id > $1 AND revoked_at IS NULL "
        "AND (expires_at IS NULL OR expires_at > clock_timestamp()))",
        api_key_id,
        first_key_id,
    )
    return found


async def budgets_of(tx: Tx, first_key_ids: Sequence[UUID]) -> dict[UUID, list[Record]]:
    """Open budgets by the first key of the line that they hold for."""
    rows = await tx.fetch(
        "SELECT b.target_id::uuid AS first_key_id, b.budget_id, b.limit_nusd, b.period, b.hard, a.held_nusd, "
        "CASE WHEN a.resets_at <= clock_timestamp() THEN 0 ELSE a.spent_nusd END AS spent_nusd "
        "FROM budgets b JOIN accounts a ON a.account_id = b.account_id "
        "WHERE b.closed_at IS NULL AND b.target_kind = 'api_key' AND b.target_id = ANY ($1) ORDER BY b.budget_id",
        [str(one) for one in first_key_ids],
    )
    found: dict[UUID, list[Record]] = {}
    for row in rows:
        found.setdefault(row["first_key_id"], []).append(row)
    return found


async def rename_key(tx: Tx, api_key_id: UUID, name: str) -> None:
    await tx.execute("UPDATE api_keys SET name = $2 WHERE api_key_id = $1", api_key_id, name)


async def set_limits(tx: Tx, first_key_id: UUID, limits: Mapping[str, int | None]) -> list[str]:
    """Of all keys of the line, which count together. `limits`: columns of LIMITS only. Returns their prefixes."""
    columns = [column for column in LIMITS if column in limits]
    assignments = ", ".join(f"{column} = ${place}" for place, column in enumerate(columns, 2))
    rows = await tx.fetch(
        f"UPDATE api_keys SET {assignments} WHERE coalesce(first_key_id, api_key_id) = $1 RETURNING prefix",
        first_key_id,
        *(limits[one] for one in columns),
    )
    return [row["prefix"] for row in rows]


async def revoke_key(tx: Tx, api_key_id: UUID) -> None:
    """Revoking twice keeps the first time."""
    await tx.execute("UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE api_key_id = $1", api_key_id)


async def succeed_key(
    tx: Tx, old: UUID, *, new: UUID, key: NewKey, created_by: str, expires_at: datetime | None, overlap_hours: int
) -> datetime:
    """Makes `new` like `old`, with the same limits and line, and lets `old` end after the overlap, if not before. Returns when."""
    await tx.execute(
        "INSERT INTO api_keys (api_key_id, workspace_id, name, prefix, digest, role, scopes, first_key_id, rate_id, rate_limit_per_minute, "
        "token_limit_per_minute, created_by, expires_at) SELECT $2, workspace_id, name, $3, $4, role, scopes, "
        "coalesce(first_key_id, api_key_id), rate_id, "
        "rate_limit_per_minute, token_limit_per_minute, $5, $6 FROM api_keys WHERE api_key_id = $1",
        old, new, key.prefix, key.digest, created_by, expires_at,
    )  # fmt: skip
    ends_at: datetime = await tx.fetchval(
        "UPDATE api_keys SET expires_at = least(expires_at, clock_timestamp() + make_interval(hours => $2)) WHERE api_key_id = $1 "
        "RETURNING expires_at",
        old,
        overlap_hours,
    )
    return ends_at


async def touch(tx: Tx, api_key_ids: Sequence[UUID], at: Sequence[datetime]) -> None:
    """When each key was last used, over all workspaces. Earlier times than what stands there change nothing."""
    await tx.execute("SELECT touch_api_keys($1, $2)", api_key_ids, at)
