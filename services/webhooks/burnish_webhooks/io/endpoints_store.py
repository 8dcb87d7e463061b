"""SQL of endpoints as this service sees them: what they subscribed to, and how they do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_webhooks.core.breaker import Health
from burnish_webhooks.core.matching import Subscription


@dataclass(frozen=True, slots=True)
class EndpointState:
    """An endpoint's locked state. `now` is PostgreSQL's."""

    health: Health
    is_off: bool
    now: datetime


async def subscriptions(tx: Tx, workspaces: Collection[UUID]) -> list[tuple[Subscription, bool]]:
    """The endpoints of these workspaces, each with whether it is disabled. Paused ones count: their deliveries wait."""
    rows = await tx.fetch(
        """
        SELECT e.endpoint_id, e.workspace_id, e.events, e.filters, coalesce(s.disabled_at > e.enabled_at, false) AS is_disabled
          FROM webhook_endpoints e LEFT JOIN webhook_endpoint_states s ON s.endpoint_id = e.endpoint_id
         WHERE e.workspace_id = ANY ($1::uuid[]) AND e.deleted_at IS NULL""",
        list(workspaces),
    )
    return [(Subscription(row["endpoint_id"], row["workspace_id"], row["events"], row["filters"]), row["is_disabled"]) for row in rows]


async def lock_state(tx: Tx, endpoint_id: UUID) -> EndpointState | None:
    """The endpoint's health, locked until the commit. None when it never had a delivery.

    What was counted before an admin enabled the endpoint again is forgotten.
    """
    row = await tx.fetchrow(
        """
        SELECT s.consecutive_failures, s.openings, s.opened_until, s.failing_since, s.failed_events,
               coalesce(s.failing_since < e.enabled_at, false) AS is_forgiven,
               e.deleted_at IS NOT NULL OR coalesce(s.disabled_at > e.enabled_at, false) AS is_off, clock_timestamp() AS now
          FROM webhook_endpoint_states s JOIN webhook_endpoints e ON e.endpoint_id = s.endpoint_id
         WHERE s.endpoint_id = $1 FOR UPDATE OF s""",
        endpoint_id,
    )
    if row is None:
        return None
    health = Health(row["consecutive_failures"], row["openings"], row["opened_until"], row["failing_since"], row["failed_events"])
    return EndpointState(health=Health() if row["is_forgiven"] else health, is_off=row["is_off"], now=row["now"])


async def save_health(tx: Tx, endpoint_id: UUID, health: Health, *, is_delivered: bool) -> None:
    """Stores what an attempt taught, and brings the endpoint's turn forward, since a place has become free."""
    await tx.execute(
        """
        UPDATE webhook_endpoint_states
           SET consecutive_failures = $2, openings = $3, opened_until = $4, failing_since = $5, failed_events = $6,
               delivered_count = delivered_count + $7::int, failed_count = failed_count + 1 - $7::int,
               last_delivered_at = CASE WHEN $7::int = 1 THEN clock_timestamp() ELSE last_delivered_at END,
               due_at = greatest(least(due_at, clock_timestamp()), $4)
         WHERE endpoint_id = $1""",
        endpoint_id,
        health.consecutive_failures,
        health.openings,
        health.opened_until,
        health.failing_since,
        health.failed_events,
        int(is_delivered),
    )


async def disable(tx: Tx, endpoint_id: UUID, *, reason: str) -> None:
    """Switches the endpoint off until an admin enables it again."""
    await tx.execute(
        "UPDATE webhook_endpoint_states SET disabled_at = clock_timestamp(), disabled_reason = $2 WHERE endpoint_id = $1",
        endpoint_id,
        reason,
    )


async def make_due(tx: Tx, endpoint_id: UUID) -> None:
    """Brings the endpoint's turn forward to now, or to the end of its pause."""
    await tx.execute(
        "UPDATE webhook_endpoint_states SET due_at = greatest(least(due_at, clock_timestamp()), opened_until) WHERE endpoint_id = $1",
        endpoint_id,
    )


async def rest(tx: Tx, endpoint_id: UUID) -> None:
    """Nothing is left to be sent."""
    await tx.execute("UPDATE webhook_endpoint_states SET due_at = 'infinity' WHERE endpoint_id = $1", endpoint_id)


async def switched_off(tx: Tx, *, limit: int) -> list[tuple[UUID, UUID, str]]:
    """(workspace, endpoint, reason) of endpoints that were deleted or disabled and may still have something pending."""
    rows = await tx.fetch("SELECT workspace_id, endpoint_id, reason FROM webhook_endpoints_switched_off($1)", limit)
    return [(row["workspace_id"], row["endpoint_id"], row["reason"]) for row in rows]


async def backlog(tx: Tx) -> tuple[int, float]:
    """How many endpoints wait for a turn, and for how many seconds the first of them waits."""
    row = await tx.fetchrow("SELECT due_endpoints, oldest_due_s FROM webhook_backlog()")
    return (row["due_endpoints"], row["oldest_due_s"]) if row is not None else (0, 0.0)
