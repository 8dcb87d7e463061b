"""SQL of deliveries and attempts. Times that decide anything are PostgreSQL's; lock order: the endpoint's state, then its deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_webhooks.core.shown_headers import Shown


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """`is_cancelled`: the endpoint is switched off; the row is kept so that it can be replayed."""

    event_id: UUID
    endpoint_id: UUID
    workspace_id: UUID
    event_type: str
    body: bytes
    hops: int
    is_cancelled: bool
    object_id: str | None
    object_version: int
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one attempt until the lease ends. `number` fences it, and is the number of the attempt."""

    workspace_id: UUID
    event_id: UUID
    endpoint_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class Due:
    """Everything that one attempt needs. `at` is PostgreSQL's time: receivers compare it with theirs, and this machine's clock may be off.
    `sealed_secrets`, `sealed_signing_keys`: the newest first, a second one during a rotation.

    `include`: texts that the endpoint asks for; empty where the workspace stores none. `sent`: the headers of the attempt, for the log.
    """

    claim: Claim
    at: datetime
    event_type: str
    body: bytes
    hops: int
    failed_attempts: int
    url: str
    sealed_secrets: tuple[bytes, ...]
    sealed_signing_keys: tuple[bytes, ...] = ()
    sealed_headers: bytes | None = None
    include: tuple[str, ...] = ()
    traceparent: str | None = None
    sent: Shown = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the delivery log."""

    url: str
    started_at: datetime
    duration_ms: int
    status_code: int | None
    error_class: str | None
    snippet: str | None
    request_headers: Shown
    response_headers: Shown | None


@dataclass(frozen=True, slots=True)
class Made:
    """A delivery that was not there before. `due_at` None: it is cancelled. `is_test`: sent through a breaker's pause."""

    endpoint_id: UUID
    due_at: datetime | None
    is_test: bool


async def add(tx: Tx, rows: Sequence[NewDelivery], *, order_hold_s: float = 0.0) -> list[Made]:
    """Writes what is not there yet, and returns that. The endpoints' turns are made due by `endpoints_store.bring_forward`.

    Where order was asked for, the first attempt waits for `order_hold_s`; a test is sent ahead of what waits.
    """
    of_event = {row.event_id: row for row in rows}
    made = await tx.fetch(
        """
        INSERT INTO webhook_deliveries
               (event_id, endpoint_id, workspace_id, event_type, body, hops, object_id, object_version, traceparent,
                status, reason, settled_at, next_attempt_at)
        SELECT e.event_id, n.endpoint_id, e.workspace_id, e.event_type, e.body, e.hops, e.object_id, e.object_version, e.traceparent,
               CASE WHEN n.cancelled THEN 'cancelled' ELSE 'pending' END,
               CASE WHEN n.cancelled THEN 'endpoint_disabled' END, CASE WHEN n.cancelled THEN clock_timestamp() END,
               CASE WHEN e.event_type = 'webhook.test' THEN clock_timestamp() - interval '1 day'
                    WHEN p.order_wait_s IS NOT NULL THEN clock_timestamp() + $11 * interval '1 second' ELSE clock_timestamp() END
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::smallint[], $6::text[], $7::integer[], $12::text[])
               AS e (event_id, workspace_id, event_type, body, hops, object_id, object_version, traceparent)
          JOIN unnest($8::uuid[], $9::uuid[], $10::boolean[]) AS n (event_id, endpoint_id, cancelled) ON n.event_id = e.event_id
          LEFT JOIN webhook_endpoints p ON p.endpoint_id = n.endpoint_id
        ON CONFLICT DO NOTHING RETURNING endpoint_id, status, next_attempt_at, event_type = 'webhook.test' AS is_test""",
        list(of_event),
        [row.workspace_id for row in of_event.values()],
        [row.event_type for row in of_event.values()],
        [row.body for row in of_event.values()],
        [row.hops for row in of_event.values()],
        [row.object_id for row in of_event.values()],
        [row.object_version for row in of_event.values()],
        [row.event_id for row in rows],
        [row.endpoint_id for row in rows],
        [row.is_cancelled for row in rows],
        order_hold_s,
        [row.traceparent for row in of_event.values()],
    )
    return [Made(row["endpoint_id"], row["next_attempt_at"] if row["status"] == "pending" else None, row["is_test"]) for row in made]


async def claim_due(tx: Tx, *, limit: int, lease_s: float, per_endpoint: int, per_workspace: int, only_idle: bool = False) -> list[Claim]:
    """Takes due deliveries of any workspace in fair turns; each is ours until its lease ends.

    `only_idle`: one for each workspace that has nothing under way.
    """
    rows = await tx.fetch(
        "SELECT workspace_id, event_id, endpoint_id, claim_no FROM claim_due_deliveries($1, $2, $3, $4, $5)",
        limit,
        int(lease_s * 1000),
        per_endpoint,
        per_workspace,
        only_idle,
    )
    return [Claim(row["workspace_id"], row["event_id"], row["endpoint_id"], row["claim_no"]) for row in rows]


async def load(tx: Tx, claim: Claim) -> Due | None:
    """What is to be sent. None when the claim was lost, or when the endpoint was deleted, disabled or paused since (PROMISES W-10)."""
    row = await tx.fetchrow(
        """
        SELECT clock_timestamp() AS at, d.event_type, d.body, d.hops, d.failed_attempts, d.traceparent, e.url, e.secret_sealed,
               CASE WHEN e.previous_secret_until > clock_timestamp() THEN e.previous_secret_sealed END AS previous_secret_sealed,
               e.signing_key_sealed, e.headers_sealed,
               CASE WHEN e.previous_secret_until > clock_timestamp() THEN e.previous_signing_key_sealed END AS previous_signing_key_sealed,
               CASE WHEN w.store_content THEN e.include ELSE '{}' END AS include
          FROM webhook_deliveries d
          JOIN webhook_endpoints e ON e.endpoint_id = d.endpoint_id
          JOIN webhook_endpoint_states s ON s.endpoint_id = d.endpoint_id
          JOIN workspaces w ON w.workspace_id = d.workspace_id
         WHERE d.event_id = $1 AND d.endpoint_id = $2 AND d.claims = $3 AND d.status = 'pending' AND d.leased_until > clock_timestamp()
           AND NOT e.paused AND e.deleted_at IS NULL AND (s.disabled_at IS NULL OR s.disabled_at <= e.enabled_at)""",
        claim.event_id,
        claim.endpoint_id,
        claim.number,
    )
    if row is None:
        return None
    secrets = tuple(secret for secret in (row["secret_sealed"], row["previous_secret_sealed"]) if secret is not None)
    key_pairs = tuple(key for key in (row["signing_key_sealed"], row["previous_signing_key_sealed"]) if key is not None)
    return Due(
        claim,
        row["at"],
        row["event_type"],
        row["body"],
        row["hops"],
        row["failed_attempts"],
        row["url"],
        secrets,
        key_pairs,
        row["headers_sealed"],
        tuple(row["include"]),
        row["traceparent"],
    )


async def give_back(tx: Tx, claim: Claim) -> bool:
    """Ends a claim of which nothing was sent: due again now. False when it was lost: somebody else has the delivery, or it has ended."""
    return await _settle(tx, claim, "next_attempt_at = clock_timestamp()")


async def has_failed_since(tx: Tx, claim: Claim, *, since: datetime) -> bool:
    """Whether an attempt at this delivery failed since then."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM webhook_attempts WHERE event_id = $1 AND endpoint_id = $2 AND error_class IS NOT NULL"
        " AND started_at >= $3)",
        claim.event_id,
        claim.endpoint_id,
        since,
    )
    return found


async def settle_pending(tx: Tx, claim: Claim, *, delay_s: float) -> bool:
    """A failed attempt: due again in `delay_s`. False when the claim was lost meanwhile: somebody else decides now."""
    return await _settle(
        tx,
        claim,
        "failed_attempts = failed_attempts + 1, next_attempt_at = clock_timestamp() + $4 * interval '1 second'",
        delay_s,
    )


async def settle_finally(tx: Tx, claim: Claim, *, status: str, reason: str | None) -> bool:
    """The end of a delivery: delivered, exhausted or cancelled. False when the claim was lost meanwhile."""
    failed = 0 if status == "delivered" else 1
    return await _settle(
        tx, claim, f"status = $4, reason = $5, settled_at = clock_timestamp(), failed_attempts = failed_attempts + {failed}", status, reason
    )


async def _settle(tx: Tx, claim: Claim, change: str, *args: object) -> bool:
    settled = await tx.fetchval(
        f"UPDATE webhook_deliveries SET leased_until = NULL, {change} "
        "WHERE event_id = $1 AND endpoint_id = $2 AND claims = $3 AND status = 'pending' AND leased_until IS NOT NULL RETURNING true",
        claim.event_id,
        claim.endpoint_id,
        claim.number,
        *args,
    )
    return bool(settled)


async def log_attempt(tx: Tx, claim: Claim, attempt: Attempt) -> None:
    """Adds a line to the log; the same attempt twice is one line."""
    await tx.execute(
        """
        INSERT INTO webhook_attempts
               (event_id, endpoint_id, number, workspace_id, url, started_at, duration_ms, status_code, error_class, response_snippet,
                request_headers, response_headers)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING""",
        claim.event_id,
        claim.endpoint_id,
        claim.number,
        claim.workspace_id,
        attempt.url,
        attempt.started_at,
        attempt.duration_ms,
        attempt.status_code,
        attempt.error_class,
        attempt.snippet,
        dict(attempt.request_headers),
        None if attempt.response_headers is None else dict(attempt.response_headers),
    )


async def is_under_way(tx: Tx, *, event_id: UUID, endpoint_id: UUID) -> bool | None:
    """Whether an attempt is being made. None where there is no such delivery. The endpoint's state is locked by the caller."""
    under_way: bool | None = await tx.fetchval(
        "SELECT coalesce(leased_until > clock_timestamp(), false) FROM webhook_deliveries WHERE event_id = $1 AND endpoint_id = $2",
        event_id,
        endpoint_id,
    )
    return under_way


async def restart(tx: Tx, endpoint_id: UUID, event_ids: Sequence[UUID], *, range_id: UUID | None = None) -> int:
    """Makes deliveries due now, from the start of the schedule. The endpoint's state is locked by the caller; none of them is under way.

    `range_id`: the replay of a range that they are part of; what was dismissed meanwhile is left out then. Returns how many there were.
    """
    # Whoever changes several locks them in the order in which they were made: nobody waits in a circle.
    rows = await tx.fetch(
        """
        WITH chosen AS MATERIALIZED (
          SELECT event_id FROM webhook_deliveries
           WHERE endpoint_id = $1 AND event_id = ANY ($2::uuid[]) AND ($3::uuid IS NULL OR reason IS DISTINCT FROM 'dismissed')
           ORDER BY created_at, event_id FOR UPDATE)
        UPDATE webhook_deliveries SET status = 'pending', reason = NULL, settled_at = NULL, failed_attempts = 0, leased_until = NULL,
               next_attempt_at = clock_timestamp(), waiting_since = clock_timestamp(), range_id = $3
         WHERE endpoint_id = $1 AND event_id IN (SELECT event_id FROM chosen) RETURNING event_id""",
        endpoint_id,
        list(event_ids),
        range_id,
    )
    return len(rows)


async def bring_next_forward(tx: Tx, claim: Claim, *, order_hold_s: float = 0.0) -> None:
    """The delivery of this one ended: the next one of the same object, which waited for it, is due now, or when it was held long enough."""
    await tx.execute(
        """
        UPDATE webhook_deliveries d
           SET next_attempt_at = greatest(clock_timestamp(), least(d.created_at, clock_timestamp()) + $3 * interval '1 second')
          FROM (SELECT q.event_id FROM webhook_deliveries e
                  JOIN webhook_deliveries q ON q.endpoint_id = e.endpoint_id AND q.object_id = e.object_id AND q.status = 'pending'
                 WHERE e.event_id = $1 AND e.endpoint_id = $2 AND q.failed_attempts = 0 AND q.leased_until IS NULL
                 ORDER BY q.object_version, q.event_id LIMIT 1) n
         WHERE d.event_id = n.event_id AND d.endpoint_id = $2
           AND d.next_attempt_at > greatest(clock_timestamp(), least(d.created_at, clock_timestamp()) + $3 * interval '1 second')""",
        claim.event_id,
        claim.endpoint_id,
        order_hold_s,
    )


async def cancel_pending(tx: Tx, endpoint_id: UUID, *, reason: str, limit: int) -> int:
    """Cancels up to `limit` deliveries of an endpoint that is switched off; they can be replayed later. Returns how many there were."""
    rows = await tx.fetch(
        """
        UPDATE webhook_deliveries SET status = 'cancelled', reason = $2, settled_at = clock_timestamp(), leased_until = NULL
         WHERE endpoint_id = $1 AND status = 'pending'
           AND event_id IN (SELECT q.event_id FROM webhook_deliveries q WHERE q.endpoint_id = $1 AND q.status = 'pending'
                             ORDER BY q.next_attempt_at LIMIT $3)
        RETURNING event_id""",
        endpoint_id,
        reason,
        limit,
    )
    return len(rows)
