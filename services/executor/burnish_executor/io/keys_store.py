"""Provider keys in SQL, as the executor reads them and writes down how they do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_executor.core.failure import FailureKind
from burnish_shared.contracts.events import Event
from burnish_shared.contracts.provider_keys import KeyPlace
from burnish_shared.db.changes import note_change
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

SERVICE = "executor"

ACCOUNT_EMPTY: Final = FailureKind.ACCOUNT_EMPTY.value[1]
"""What is kept of a key that rests because the account behind it has no money left."""


@dataclass(frozen=True, slots=True)
class KeyNews:
    """How one key did lately. `idle_s`: seconds since it was last used; `error`: class of its last failure meanwhile, None: none."""

    workspace_id: UUID
    provider_key_id: UUID
    idle_s: float
    error: str | None


async def active_keys(tx: Tx, workspace_id: UUID, *, provider: str, address: str) -> Sequence[Record]:
    """Keys that may be used for exactly this address ('': the provider's own).

    `rests_s`: seconds for which one still cools down; `is_empty`: because its account has no money left.
    """
    return await tx.fetch(
        "SELECT provider_key_id, provider, name, last4, priority, secret_version, sealed, vault_secret_id, "
        "requests_per_minute, tokens_per_minute, greatest(0, extract(epoch FROM cooldown_until - clock_timestamp()))::float8 AS rests_s, "
        "coalesce(last_error = $4, false) AS is_empty FROM provider_keys "
        "WHERE workspace_id = $1 AND provider = $2 AND base_url = $3 AND status = 'active' "
        "ORDER BY priority, provider_key_id",
        workspace_id,
        provider,
        address,
        ACCOUNT_EMPTY,
    )


async def find_key(tx: Tx, workspace_id: UUID, provider_key_id: UUID) -> Record | None:
    """A key that is not revoked, also one that was set aside, and the address that it goes to (`url`); `is_own_url`: the workspace's."""
    return await tx.fetchrow(
        "SELECT k.provider, k.secret_version, k.sealed, k.vault_secret_id, coalesce(nullif(k.base_url, ''), p.base_url, '') AS url, "
        "k.base_url <> '' AS is_own_url FROM provider_keys k LEFT JOIN providers p ON p.provider = k.provider "
        "WHERE k.workspace_id = $1 AND k.provider_key_id = $2 AND k.status <> 'revoked'",
        workspace_id,
        provider_key_id,
    )


async def cool_down(tx: Tx, place: KeyPlace, *, seconds: float, error: str) -> None:
    """Lets the key rest for all executors, because of `error`. A shorter rest does not end a longer one, nor takes its reason and time."""
    changed = await tx.fetchval(
        "UPDATE provider_keys SET cooldown_until = greatest(cooldown_until, clock_timestamp() + $4 * interval '1 second'), "
        "last_error = CASE WHEN cooldown_until > clock_timestamp() + $4 * interval '1 second' THEN last_error ELSE $5 END, "
        "last_error_at = CASE WHEN cooldown_until > clock_timestamp() + $4 * interval '1 second' THEN last_error_at "
        "ELSE clock_timestamp() END "
        "WHERE workspace_id = $1 AND provider_key_id = $2 AND secret_version = $3 AND status = 'active' RETURNING true",
        place.workspace_id,
        place.provider_key_id,
        place.version,
        seconds,
        error,
    )
    if changed:
        await note_change(tx, workspace_id=place.workspace_id, kind="provider_key", key=str(place.provider_key_id))


async def set_aside(tx: Tx, place: KeyPlace, *, http_status: int, event: Event) -> bool:
    """Takes the key out of use, tells the webhooks and the audit log. False: somebody did so before, or the key was replaced meanwhile."""
    changed = await tx.fetchval(
        "UPDATE provider_keys SET status = 'set_aside', reason = 'provider_refused_key', cooldown_until = NULL, "
        "last_error = 'provider_refused', last_error_at = clock_timestamp() "
        "WHERE workspace_id = $1 AND provider_key_id = $2 AND secret_version = $3 AND status = 'active' RETURNING true",
        place.workspace_id,
        place.provider_key_id,
        place.version,
    )
    if not changed:
        return False
    await put_event(tx, event, service=SERVICE)
    await tx.execute(
        "INSERT INTO audit_log (audit_id, workspace_id, actor, action, object_kind, object_id, before, after) "
        "VALUES ($1, $2, 'system:executor', 'provider_key.set_aside', 'provider_key', $3, $4, $5)",
        new_uuid(),
        place.workspace_id,
        str(place.provider_key_id),
        {"status": "active"},
        {"status": "set_aside", "reason": "provider_refused_key", "http_status": http_status},
    )
    await note_change(tx, workspace_id=place.workspace_id, kind="provider_key", key=str(place.provider_key_id))
    return True


_IS_NEWS: Final = "n.error IS NOT NULL AND k.status = 'active' AND coalesce(k.cooldown_until <= clock_timestamp(), true)"
"""SQL: of a key that is set aside, or rests, its last error says why, whatever was under way and failed meanwhile."""


async def write_news(tx: Tx, news: Sequence[KeyNews]) -> None:
    """When keys were last used, and how they last failed. No change of configuration, so nobody is told."""
    await tx.execute(
        "UPDATE provider_keys k SET last_used_at = greatest(k.last_used_at, clock_timestamp() - n.idle_s * interval '1 second'), "
        f"last_error = CASE WHEN {_IS_NEWS} THEN n.error ELSE k.last_error END, "
        f"last_error_at = CASE WHEN {_IS_NEWS} THEN clock_timestamp() ELSE k.last_error_at END "
        "FROM unnest($1::uuid[], $2::uuid[], $3::float8[], $4::text[]) n(workspace_id, provider_key_id, idle_s, error) "
        "WHERE k.workspace_id = n.workspace_id AND k.provider_key_id = n.provider_key_id AND k.status <> 'revoked'",
        [one.workspace_id for one in news],
        [one.provider_key_id for one in news],
        [one.idle_s for one in news],
        [one.error for one in news],
    )


async def allows_operators_keys(tx: Tx, workspace_id: UUID) -> bool:
    """Whether workspace and plan both do. False also for a workspace that is none."""
    return bool(await tx.fetchval("SELECT platform_keys FROM find_workspace($1)", workspace_id))


async def announce_platform_keys(tx: Tx, providers: Sequence[str]) -> None:
    """Says for which providers the operator has keys: what the gateway offers follows from it."""
    await tx.execute("SELECT announce_platform_keys($1)", list(providers))


async def has_keys_for(tx: Tx, providers: Sequence[str]) -> bool:
    """Whether any workspace, or the operator, has a key for one of them."""
    return bool(await tx.fetchval("SELECT has_keys_for($1)", list(providers)))
