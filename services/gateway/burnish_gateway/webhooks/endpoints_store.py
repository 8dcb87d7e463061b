"""SQL of webhook endpoints as their owners see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_gateway.webhooks.endpoint import Endpoint, SealedParts
from burnish_gateway.webhooks.secret import NewKeyPair
from burnish_shared.contracts.webhooks import FAILURES_IN_A_ROW_MOST
from burnish_shared.db.session import Tx

COLUMNS: Final = (
    "url", "description", "events", "filters", "condition", "headers_shown", "headers_sealed", "throttle_per_minute", "order_wait_s",
    "include", "paused", "secret_sealed", "public_key", "signing_key_sealed", "previous_signing_key_sealed",
)  # fmt: skip
"""What is written from outside."""

_ENDPOINTS = f"""
SELECT e.endpoint_id, e.url, e.description, e.events, e.filters, e.condition, e.headers_shown AS headers,
       e.headers_revision, e.throttle_per_minute, e.order_wait_s, e.include, e.public_key, e.created_at, e.updated_at,
       CASE WHEN e.previous_secret_until > clock_timestamp() THEN e.previous_secret_until END AS previous_secret_expires_at,
       CASE WHEN s.disabled_at > e.enabled_at THEN 'disabled' WHEN e.paused THEN 'paused' ELSE 'active' END AS status,
       CASE WHEN s.disabled_at > e.enabled_at THEN s.disabled_reason END AS disabled_reason,
       CASE WHEN s.opened_until <= clock_timestamp() OR s.opened_until IS NULL THEN NULL WHEN s.openings > 1 THEN 'failed_again'
            WHEN s.consecutive_failures >= {FAILURES_IN_A_ROW_MOST} THEN 'failures_in_a_row' ELSE 'share_of_failures' END AS resting_reason,
       CASE WHEN s.opened_until > clock_timestamp() THEN s.opened_until END AS resting_until,
       coalesce(s.consecutive_failures, 0) AS failed_in_a_row, s.failing_since,
       coalesce(s.delivered_count, 0) AS delivered_count, coalesce(s.failed_count, 0) AS failed_count, s.last_delivered_at
  FROM webhook_endpoints e LEFT JOIN webhook_endpoint_states s ON s.endpoint_id = e.endpoint_id
 WHERE e.workspace_id = $1 AND e.deleted_at IS NULL"""


async def count(tx: Tx, workspace_id: UUID) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM webhook_endpoints WHERE workspace_id = $1 AND deleted_at IS NULL", workspace_id)
    return counted


async def insert(tx: Tx, workspace_id: UUID, endpoint_id: UUID, values: Mapping[str, Any]) -> None:
    """`values`: column → value, of SETTINGS and the sealed ones."""
    names = [name for name in COLUMNS if name in values]
    places = ", ".join(f"${n}" for n in range(3, 3 + len(names)))
    await tx.execute(
        f"INSERT INTO webhook_endpoints (workspace_id, endpoint_id, {', '.join(names)}) VALUES ($1, $2, {places})",
        workspace_id,
        endpoint_id,
        *[values[name] for name in names],
    )


async def find(tx: Tx, workspace_id: UUID, endpoint_id: UUID) -> Endpoint | None:
    row = await tx.fetchrow(_ENDPOINTS + " AND e.endpoint_id = $2", workspace_id, endpoint_id)
    return Endpoint(**row) if row is not None else None


async def list_newest(tx: Tx, workspace_id: UUID, *, before: UUID | None, limit: int) -> list[Endpoint]:
    """The newest first, those made before the endpoint `before`."""
    rows = await tx.fetch(
        _ENDPOINTS + " AND ($2::uuid IS NULL OR e.endpoint_id < $2) ORDER BY e.endpoint_id DESC LIMIT $3", workspace_id, before, limit
    )
    return [Endpoint(**row) for row in rows]


async def change(tx: Tx, workspace_id: UUID, endpoint_id: UUID, changes: Mapping[str, Any], *, enable: bool) -> None:
    """Sets the given columns; `enable` ends a disablement."""
    names = [name for name in COLUMNS if name in changes]
    sets = "".join(f"{name} = ${n}, " for n, name in enumerate(names, 4))
    await tx.execute(
        f"UPDATE webhook_endpoints SET {sets} enabled_at = CASE WHEN $3 THEN clock_timestamp() ELSE enabled_at END, "
        "updated_at = clock_timestamp() WHERE workspace_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL",
        workspace_id,
        endpoint_id,
        enable,
        *[changes[name] for name in names],
    )


async def sealed_parts(tx: Tx, workspace_id: UUID, endpoint_id: UUID) -> SealedParts | None:
    """Locked until the commit. None where there is no such endpoint."""
    row = await tx.fetchrow(
        """
        SELECT e.headers_sealed, e.public_key IS NOT NULL AS has_key_pair,
               (SELECT s.disabled_at FROM webhook_endpoint_states s WHERE s.endpoint_id = e.endpoint_id AND s.disabled_at > e.enabled_at)
               AS disabled_at
          FROM webhook_endpoints e WHERE e.workspace_id = $1 AND e.endpoint_id = $2 AND e.deleted_at IS NULL FOR UPDATE""",
        workspace_id,
        endpoint_id,
    )
    return SealedParts(**row) if row is not None else None


async def delete(tx: Tx, workspace_id: UUID, endpoint_id: UUID) -> bool:
    """Marks the endpoint deleted and destroys its secrets; its deliveries stay readable. False where there is no such endpoint."""
    found = await tx.fetchval(
        """
        UPDATE webhook_endpoints
           SET deleted_at = clock_timestamp(), updated_at = clock_timestamp(), secret_sealed = '', previous_secret_sealed = NULL,
               headers_sealed = NULL, headers_shown = '{}', signing_key_sealed = NULL, previous_signing_key_sealed = NULL
         WHERE workspace_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL RETURNING true""",
        workspace_id,
        endpoint_id,
    )
    return bool(found)


async def rotate(
    tx: Tx, workspace_id: UUID, endpoint_id: UUID, *, secret_sealed: bytes, key_pair: NewKeyPair | None, overlap_hours: int
) -> datetime | None:
    """Puts the new secret, and key pair, first; the old ones sign too until the time that is returned.

    None: there is no such endpoint, or an overlap runs and another was asked for.
    """
    until: datetime | None = await tx.fetchval(
        """
        UPDATE webhook_endpoints
           SET previous_secret_sealed = secret_sealed, previous_secret_until = clock_timestamp() + $4 * interval '1 hour',
               secret_sealed = $3, previous_signing_key_sealed = signing_key_sealed,
               signing_key_sealed = coalesce($5, signing_key_sealed), public_key = coalesce($6, public_key), updated_at = clock_timestamp()
         WHERE workspace_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL
           AND ($4 = 0 OR coalesce(previous_secret_until, '-infinity') <= clock_timestamp()) RETURNING previous_secret_until""",
        workspace_id,
        endpoint_id,
        secret_sealed,
        overlap_hours,
        key_pair.sealed if key_pair else None,
        key_pair.public_key if key_pair else None,
    )
    return until
