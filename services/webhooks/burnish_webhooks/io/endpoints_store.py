"""SQL of endpoints as this service sees them: what they subscribed to, and how they do."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.measures import bucket_of
from burnish_webhooks.core.breaker import Health
from burnish_webhooks.core.matching import Subscription


@dataclass(frozen=True, slots=True)
class EndpointState:
    """An endpoint's locked state. `now` is PostgreSQL's."""

    health: Health
    is_off: bool
    is_ordered: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Events of one batch that an endpoint's condition kept back: because it was false, and because it could not be evaluated."""

    endpoint_id: UUID
    workspace_id: UUID
    filtered: int
    failed: int
    error: str | None


async def subscriptions(tx: Tx, workspaces: Collection[UUID]) -> list[tuple[Subscription, bool]]:
    """The endpoints of these workspaces, each with whether it is disabled. Paused ones count: their deliveries wait."""
    rows = await tx.fetch(
        """
        SELECT e.endpoint_id, e.workspace_id, e.events, e.filters, e.condition, coalesce(s.disabled_at > e.enabled_at, false) AS is_disabled
          FROM webhook_endpoints e LEFT JOIN webhook_endpoint_states s ON s.endpoint_id = e.endpoint_id
         WHERE e.workspace_id = ANY ($1::uuid[]) AND e.deleted_at IS NULL""",
        list(workspaces),
    )
    return [
        (Subscription(row["endpoint_id"], row["workspace_id"], row["events"], row["filters"], row["condition"]), row["is_disabled"])
        for row in rows
    ]


async def lock_states(tx: Tx, endpoints: Collection[tuple[UUID, UUID]]) -> None:
    """Locks the state rows of these (endpoint, workspace) until the commit, in the order of their ids, and makes those that are missing.

    Everybody who changes more than one endpoint, or an endpoint's day, holds its state row first: nobody waits in a circle.
    """
    ordered = sorted(endpoints)
    ids = [endpoint_id for endpoint_id, _ in ordered]
    # First what is missing, and locks only then: who waits for somebody's new row holds nothing but new rows of its own.
    await tx.execute(
        """
        INSERT INTO webhook_endpoint_states (endpoint_id, workspace_id)
        SELECT n.endpoint_id, n.workspace_id FROM unnest($1::uuid[], $2::uuid[]) AS n (endpoint_id, workspace_id)
         WHERE NOT EXISTS (SELECT FROM webhook_endpoint_states s WHERE s.endpoint_id = n.endpoint_id)
         ORDER BY n.endpoint_id ON CONFLICT DO NOTHING""",
        ids,
        [workspace_id for _, workspace_id in ordered],
    )
    await tx.execute("SELECT FROM webhook_endpoint_states WHERE endpoint_id = ANY ($1::uuid[]) ORDER BY endpoint_id FOR UPDATE", ids)


async def lock_state(tx: Tx, endpoint_id: UUID) -> EndpointState | None:
    """The endpoint's health, locked until the commit. None when it never had a delivery."""
    row = await tx.fetchrow(
        """
        SELECT s.consecutive_failures, s.openings, s.opened_until, s.failing_since, s.failed_events,
               s.window_since, s.window_attempts, s.window_failures,
               e.deleted_at IS NOT NULL OR coalesce(s.disabled_at > e.enabled_at, false) AS is_off,
               e.order_wait_s IS NOT NULL AS is_ordered, clock_timestamp() AS now
          FROM webhook_endpoint_states s JOIN webhook_endpoints e ON e.endpoint_id = s.endpoint_id
         WHERE s.endpoint_id = $1 FOR UPDATE OF s""",
        endpoint_id,
    )
    if row is None:
        return None
    values = dict(row)
    is_off, is_ordered, now = (values.pop(name) for name in ("is_off", "is_ordered", "now"))
    return EndpointState(health=Health(**values), is_off=is_off, is_ordered=is_ordered, now=now)


@dataclass(frozen=True, slots=True)
class Failure:
    """The last thing that went wrong at an endpoint."""

    event_id: UUID
    error_class: str
    status_code: int | None


async def save_health(tx: Tx, endpoint_id: UUID, health: Health, *, failure: Failure | None) -> None:
    """Stores what an attempt taught, and brings the endpoint's turn forward, since a place has become free.

    `failure` None: it was delivered.
    """
    await tx.execute(
        """
        UPDATE webhook_endpoint_states
           SET consecutive_failures = $2, openings = $3, opened_until = $4, failing_since = $5, failed_events = $6,
               delivered_count = delivered_count + $7::int, failed_count = failed_count + 1 - $7::int,
               last_delivered_at = CASE WHEN $7::int = 1 THEN clock_timestamp() ELSE last_delivered_at END,
               last_failed_at = CASE WHEN $7::int = 0 THEN clock_timestamp() ELSE last_failed_at END,
               last_failed_event = coalesce($8, last_failed_event), last_error_class = coalesce($9, last_error_class),
               last_status_code = CASE WHEN $7::int = 0 THEN $10::int ELSE last_status_code END,
               window_since = $11, window_attempts = $12, window_failures = $13,
               due_at = greatest(least(due_at, clock_timestamp()), $4)
         WHERE endpoint_id = $1""",
        endpoint_id,
        health.consecutive_failures,
        health.openings,
        health.opened_until,
        health.failing_since,
        health.failed_events,
        int(failure is None),
        failure.event_id if failure else None,
        failure.error_class if failure else None,
        failure.status_code if failure else None,
        health.window_since,
        health.window_attempts,
        health.window_failures,
    )


async def count_attempt(tx: Tx, endpoint_id: UUID, *, workspace_id: UUID, is_delivered: bool, duration_ms: int) -> None:
    """Adds one attempt to the day's statistics."""
    await tx.execute(
        """
        INSERT INTO webhook_endpoint_days AS d (endpoint_id, day, workspace_id, delivered, failed, latency)
        VALUES ($1, (clock_timestamp() AT TIME ZONE 'UTC')::date, $2, $3::int, 1 - $3::int,
                array_fill(0, ARRAY[$4::int - 1]) || 1)
        ON CONFLICT (workspace_id, endpoint_id, day) DO UPDATE
           SET delivered = d.delivered + excluded.delivered, failed = d.failed + excluded.failed,
               latency[$4] = coalesce(d.latency[$4], 0) + 1""",
        endpoint_id,
        workspace_id,
        int(is_delivered),
        bucket_of(duration_ms) + 1,
    )


async def count_held_back(tx: Tx, counts: Sequence[HeldBack]) -> None:
    """Adds events that were not sent because of endpoints' conditions to the day's statistics. The states are locked by the caller."""
    ordered = sorted(counts, key=lambda one: one.endpoint_id)
    await tx.execute(
        """
        INSERT INTO webhook_endpoint_days AS d (endpoint_id, day, workspace_id, filtered, filter_failed)
        SELECT endpoint_id, (clock_timestamp() AT TIME ZONE 'UTC')::date, workspace_id, filtered, failed
          FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) AS n (endpoint_id, workspace_id, filtered, failed)
        ON CONFLICT (workspace_id, endpoint_id, day) DO UPDATE
           SET filtered = d.filtered + excluded.filtered, filter_failed = d.filter_failed + excluded.filter_failed""",
        [one.endpoint_id for one in ordered],
        [one.workspace_id for one in ordered],
        [one.filtered for one in ordered],
        [one.failed for one in ordered],
    )
    failed = [one for one in ordered if one.error is not None]
    await tx.execute(
        """
        UPDATE webhook_endpoint_states s SET last_filter_error = n.error, last_filter_error_at = clock_timestamp()
          FROM unnest($1::uuid[], $2::text[]) AS n (endpoint_id, error) WHERE s.endpoint_id = n.endpoint_id""",
        [one.endpoint_id for one in failed],
        [one.error for one in failed],
    )


async def disable(tx: Tx, endpoint_id: UUID, *, reason: str) -> None:
    """Switches the endpoint off until an admin enables it again."""
    await tx.execute(
        "UPDATE webhook_endpoint_states SET disabled_at = clock_timestamp(), disabled_reason = $2 WHERE endpoint_id = $1",
        endpoint_id,
        reason,
    )


async def make_due(tx: Tx, endpoint_id: UUID, *, probes: bool = False) -> None:
    """Brings the endpoint's turn forward to now, or to the end of its pause. `probes`: the pause is over."""
    await tx.execute(
        """
        UPDATE webhook_endpoint_states
           SET due_at = greatest(least(due_at, clock_timestamp()), CASE WHEN NOT $2 THEN opened_until END),
               opened_until = CASE WHEN $2 AND opened_until > clock_timestamp() THEN clock_timestamp() ELSE opened_until END
         WHERE endpoint_id = $1""",
        endpoint_id,
        probes,
    )


async def bring_forward(tx: Tx, due: Sequence[tuple[UUID, datetime, bool]]) -> None:
    """Brings turns forward for new deliveries: (endpoint, due at, whether it is a test). The states are locked by the caller.

    A test ends a breaker's pause; the others wait for its end.
    """
    await tx.execute(
        """
        UPDATE webhook_endpoint_states s
           SET due_at = greatest(least(s.due_at, n.due_at), CASE WHEN NOT n.is_test THEN s.opened_until END),
               opened_until = CASE WHEN n.is_test AND s.opened_until > clock_timestamp() THEN clock_timestamp() ELSE s.opened_until END
          FROM (SELECT endpoint_id, min(due_at) AS due_at, bool_or(is_test) AS is_test
                  FROM unnest($1::uuid[], $2::timestamptz[], $3::boolean[]) AS u (endpoint_id, due_at, is_test) GROUP BY endpoint_id) n
         WHERE s.endpoint_id = n.endpoint_id""",
        [endpoint_id for endpoint_id, _, _ in due],
        [due_at for _, due_at, _ in due],
        [is_test for _, _, is_test in due],
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
