"""Provider keys in SQL, without their secrets: the gateway's role may write those and not read them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from burnish_gateway.provider_keys.provider_key import ProviderKey, UsageToday
from burnish_shared.auth.key_secrets import Kept
from burnish_shared.contracts.provider_keys import KeyLimits
from burnish_shared.db.session import Tx

_KEYS = (
    "SELECT provider_key_id, workspace_id, provider, name, base_url, priority, requests_per_minute, "
    "tokens_per_minute, secret_version, last4, status, reason, "
    "CASE WHEN cooldown_until > clock_timestamp() THEN cooldown_until END AS cooldown_until, last_used_at, last_error, last_error_at, "
    "created_by, created_at, revoked_at FROM provider_keys WHERE workspace_id = $1"
)


async def find_key(tx: Tx, workspace_id: UUID, provider_key_id: UUID, *, lock: bool = False) -> ProviderKey | None:
    """`lock`: until the transaction ends nobody else changes it."""
    row = await tx.fetchrow(f"{_KEYS} AND provider_key_id = $2{' FOR UPDATE' if lock else ''}", workspace_id, provider_key_id)
    return None if row is None else ProviderKey(**row)


async def list_keys(tx: Tx, workspace_id: UUID, *, before: UUID | None, limit: int) -> list[ProviderKey]:
    """The newest first, revoked ones too: their usage stays."""
    rows = await tx.fetch(
        f"{_KEYS} AND ($2::uuid IS NULL OR provider_key_id < $2) ORDER BY provider_key_id DESC LIMIT $3", workspace_id, before, limit
    )
    return [ProviderKey(**row) for row in rows]


async def list_unrevoked(tx: Tx, workspace_id: UUID, *, limit: int) -> list[UUID]:
    """Some of the keys whose text is still kept; revoke them and ask again."""
    rows = await tx.fetch(
        "SELECT provider_key_id FROM provider_keys WHERE workspace_id = $1 AND status <> 'revoked' ORDER BY provider_key_id LIMIT $2",
        workspace_id,
        limit,
    )
    return [row["provider_key_id"] for row in rows]


async def count_keys(tx: Tx, workspace_id: UUID) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM provider_keys WHERE workspace_id = $1 AND status <> 'revoked'", workspace_id)
    return counted


async def is_provider_known(tx: Tx, provider: str) -> bool:
    known: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM providers WHERE provider = $1)", provider)
    return known


async def insert_key(tx: Tx, key: dict[str, Any], kept: Kept) -> None:
    """`key`: the columns beside the secret."""
    row = {**key, "sealed": kept.sealed, "vault_secret_id": kept.vault_secret_id}
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await tx.execute(f"INSERT INTO provider_keys ({', '.join(row)}) VALUES ({places})", *row.values())


async def change_key(tx: Tx, key: ProviderKey, *, name: str | None, priority: int | None, limits: KeyLimits) -> None:
    """None leaves name and priority as they are; the limits are set to these."""
    await tx.execute(
        "UPDATE provider_keys SET name = coalesce($3, name), priority = coalesce($4, priority), requests_per_minute = $5, "
        "tokens_per_minute = $6 WHERE workspace_id = $1 AND provider_key_id = $2",
        key.workspace_id,
        key.provider_key_id,
        name,
        priority,
        limits.requests_per_minute,
        limits.tokens_per_minute,
    )


async def replace_secret(tx: Tx, key: ProviderKey, kept: Kept, *, last4: str) -> None:
    """The next version of the secret stands in the row."""
    await tx.execute(
        "UPDATE provider_keys SET sealed = $3, vault_secret_id = $4, last4 = $5, secret_version = secret_version + 1 "
        "WHERE workspace_id = $1 AND provider_key_id = $2",
        key.workspace_id,
        key.provider_key_id,
        kept.sealed,
        kept.vault_secret_id,
        last4,
    )


async def restore_key(tx: Tx, key: ProviderKey) -> None:
    """As good as new: in use again, rested, nothing held against it."""
    await tx.execute(
        "UPDATE provider_keys SET status = 'active', reason = NULL, cooldown_until = NULL, last_error = NULL, last_error_at = NULL "
        "WHERE workspace_id = $1 AND provider_key_id = $2 AND status <> 'revoked'",
        key.workspace_id,
        key.provider_key_id,
    )


async def revoke_key(tx: Tx, key: ProviderKey) -> None:
    """The secret goes, the row stays: executions name it."""
    await tx.execute(
        "UPDATE provider_keys SET status = 'revoked', reason = NULL, cooldown_until = NULL, sealed = NULL, vault_secret_id = NULL, "
        "revoked_at = clock_timestamp() WHERE workspace_id = $1 AND provider_key_id = $2",
        key.workspace_id,
        key.provider_key_id,
    )


async def take_turn(tx: Tx, workspace_id: UUID, *, test_id: UUID, most_s: float) -> bool:
    """The workspace's one turn to have a key tried, for so long at most. False: somebody else has it."""
    taken = await tx.fetchval(
        "INSERT INTO provider_key_tests AS t (workspace_id, test_id, until) "
        "VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3)) ON CONFLICT (workspace_id) "
        "DO UPDATE SET test_id = excluded.test_id, until = excluded.until WHERE t.until <= clock_timestamp() RETURNING true",
        workspace_id,
        test_id,
        most_s,
    )
    return bool(taken)


async def whose_turn(tx: Tx, workspace_id: UUID) -> UUID | None:
    """The test that has the workspace's turn; None: nobody's."""
    test_id: UUID | None = await tx.fetchval("SELECT test_id FROM provider_key_tests WHERE workspace_id = $1", workspace_id)
    return test_id


async def give_turn_back(tx: Tx, workspace_id: UUID, *, test_id: UUID) -> None:
    """Nothing, where the turn had ended by itself and is somebody else's."""
    await tx.execute("DELETE FROM provider_key_tests WHERE workspace_id = $1 AND test_id = $2", workspace_id, test_id)


async def usage_today(tx: Tx, workspace_id: UUID, keys: Sequence[UUID]) -> dict[UUID, UsageToday]:
    """By key; one that nobody used today is not in it."""
    rows = await tx.fetch(
        "SELECT provider_key_id, count(*) AS executions, count(*) FILTER (WHERE status <> 'success') AS failed, "
        "sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens, sum(cost_nusd)::bigint AS cost_nusd "
        "FROM executions WHERE workspace_id = $1 AND provider_key_id = ANY ($2) "
        "AND execution_id >= day_bound((clock_timestamp() AT TIME ZONE 'UTC')::date) GROUP BY provider_key_id",
        workspace_id,
        list(keys),
    )
    return {row["provider_key_id"]: UsageToday(**{name: row[name] for name in UsageToday.__dataclass_fields__}) for row in rows}
