"""SQL of webhook endpoints as their owners see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from burnish_gateway.webhooks.endpoint import Endpoint
from burnish_shared.db.session import Tx

_ENDPOINTS = """
SELECT e.endpoint_id, e.url, e.description, e.events, e.filters, e.created_at, e.updated_at,
       CASE WHEN s.disabled_at > e.enabled_at THEN 'disabled' WHEN e.paused THEN 'paused' ELSE 'active' END AS status,
       CASE WHEN s.disabled_at > e.enabled_at THEN s.disabled_reason END AS disabled_reason,
       CASE WHEN s.opened_until > clock_timestamp() THEN s.opened_until END AS resting_until,
       coalesce(s.delivered_count, 0) AS delivered_count, coalesce(s.failed_count, 0) AS failed_count, s.last_delivered_at
  FROM webhook_endpoints e LEFT JOIN webhook_endpoint_states s ON s.endpoint_id = e.endpoint_id
 WHERE e.workspace_id = $1 AND e.deleted_at IS NULL"""


async def count(tx: Tx, workspace_id: UUID) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM webhook_endpoints WHERE workspace_id = $1 AND deleted_at IS NULL", workspace_id)
    return counted


async def insert(
    tx: Tx,
    workspace_id: UUID,
    endpoint_id: UUID,
    *,
    url: str,
    description: str,
    events: list[str],
    filters: dict[str, list[str]],
    secret_sealed: bytes,
) -> None:
    await tx.execute(
        """
        INSERT INTO webhook_endpoints (endpoint_id, workspace_id, url, description, events, filters, secret_sealed)
        VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        endpoint_id,
        workspace_id,
        url,
        description,
        events,
        filters,
        secret_sealed,
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


async def change(tx: Tx, workspace_id: UUID, endpoint_id: UUID, changes: dict[str, Any], *, enable: bool) -> bool:
    """Sets the given columns; `enable` ends a disablement. False where there is no such endpoint."""
    found = await tx.fetchval(
        """
        UPDATE webhook_endpoints
           SET url = coalesce($3, url), events = coalesce($4, events), filters = coalesce($5, filters),
               description = coalesce($6, description), paused = coalesce($7, paused),
               enabled_at = CASE WHEN $8 THEN clock_timestamp() ELSE enabled_at END, updated_at = clock_timestamp()
         WHERE workspace_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL RETURNING true""",
        workspace_id,
        endpoint_id,
        changes.get("url"),
        changes.get("events"),
        changes.get("filters"),
        changes.get("description"),
        changes.get("paused"),
        enable,
    )
    return bool(found)


async def delete(tx: Tx, workspace_id: UUID, endpoint_id: UUID) -> bool:
    """Marks the endpoint deleted and destroys its secrets; its deliveries stay readable. False where there is no such endpoint."""
    found = await tx.fetchval(
        """
        UPDATE webhook_endpoints
           SET deleted_at = clock_timestamp(), updated_at = clock_timestamp(), secret_sealed = '', previous_secret_sealed = NULL
         WHERE workspace_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL RETURNING true""",
        workspace_id,
        endpoint_id,
    )
    return bool(found)


async def rotate(tx: Tx, workspace_id: UUID, endpoint_id: UUID, *, secret_sealed: bytes, overlap_hours: int) -> datetime | None:
    """Puts the new secret first; the old one signs too until the time that is returned. None where there is no such endpoint."""
    until: datetime | None = await tx.fetchval(
        """
        UPDATE webhook_endpoints
           SET previous_secret_sealed = secret_sealed, previous_secret_until = clock_timestamp() + $4 * interval '1 hour',
               secret_sealed = $3, updated_at = clock_timestamp()
         WHERE workspace_id = $1 AND endpoint_id = $2 AND deleted_at IS NULL RETURNING previous_secret_until""",
        workspace_id,
        endpoint_id,
        secret_sealed,
        overlap_hours,
    )
    return until
