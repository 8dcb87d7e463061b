"""What the audit reads of PostgreSQL. Every statement looks at one moment, so traffic that goes on meanwhile does not disturb it.

All workspaces are read at once, as `burnish_lookup`: an operator's login can become it, a service's cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Database, Tx

STATEMENT_TIMEOUT_MS: Final = 120_000

SHOWN: Final = 20
"""Rows of one kind that are shown; the others are only counted."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that must be so. `looked_at` counts what was looked at, `wrong` gives one row (text, at) for each that is not so.

    `wrong` may take $1: the moment at which the audit began; what is younger is left to the next audit.

    Of dead letters those are left out that tell of a request whose executors died or stood still three times in a row: what counts is its
    row, or the batch or job that asked for it, by which it is sent again or ended. The first question looks at the rows; a batch or job
    that does not end is under way.
    """

    name: str
    looked_at: str
    wrong: str


ACCEPTED: Final = """
  SELECT a.execution_id AS id, 'background' AS how, a.at FROM accepted a
  UNION ALL SELECT split_part(o.message_id, ':', 1)::uuid, 'published', o.created_at FROM outbox o
             WHERE o.service = 'gateway' AND o.subject LIKE 'burnish.v1.executions.requested.background.%'
  UNION ALL SELECT k.execution_id, 'idempotency key ' || k.key, k.at FROM idempotency_keys k WHERE k.execution_id IS NOT NULL
  UNION ALL SELECT e.execution_id, 'evaluation', e.answered_at FROM evaluations e
             WHERE e.status = 'success' AND e.execution_id <> '00000000-0000-0000-0000-000000000000'"""
"""What the books themselves say was accepted. One that is still under way has a hold."""

ENDED_JOBS: Final = """(SELECT job_id AS id, finished_at FROM optimization_jobs WHERE finished_at IS NOT NULL
  UNION ALL SELECT test_run_id, finished_at FROM test_runs WHERE finished_at IS NOT NULL)"""
"""Whose funding account must be empty."""

STEPS_DAYS: Final = 30
"""Steps of so many days are held against their executions, which are gone some day, each store by its own clock."""

MADE_AT: Final = "to_timestamp(('x' || substr(replace(h.execution_id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)"
"""When a UUIDv7 was made (RFC 9562, section 5.7)."""

QUESTIONS: Final = (
    Question(
        "every accepted execution has its one terminal row",
        f"SELECT count(*) FROM ({ACCEPTED}) a",
        f"""SELECT a.id || ' (' || a.how || ') has neither row nor hold' FROM ({ACCEPTED}) a
             WHERE a.at < $1 AND NOT EXISTS (SELECT FROM executions x WHERE x.execution_id = a.id)
               AND NOT EXISTS (SELECT FROM holds h WHERE h.execution_id = a.id)""",
    ),
    Question(
        "every execution was charged once, what it cost",
        "SELECT count(*) FROM executions",
        """SELECT execution_id || ' cost ' || coalesce(x.cost_nusd, 0) || ' nano-dollars, booked are ' || coalesce(t.nusd, 0)
             FROM executions x FULL JOIN (SELECT execution_id, workspace_id, sum(amount_nusd)::bigint AS nusd,
                                                   coalesce(sum(amount_nusd) FILTER (WHERE kind = 'charge'), 0)::bigint AS charged
                                            FROM transfers
                                           WHERE kind IN ('charge', 'overage') GROUP BY 1, 2) t USING (execution_id, workspace_id)
            WHERE (coalesce(x.cost_nusd, 0) + coalesce((x.details ->> 'overage_nusd')::bigint, 0) <> coalesce(t.nusd, 0)
                   OR x.details ? 'overage_nusd' AND x.cost_nusd <> t.charged)
              AND (x.execution_id IS NOT NULL OR t.execution_id >= day_bound((clock_timestamp() AT TIME ZONE 'UTC')::date - 400))""",
    ),
    Question(
        "every cost is the sum of its parts, to the nano-dollar",
        "SELECT count(*) FROM executions WHERE details ? 'cost'",
        """SELECT x.execution_id || ' cost ' || x.cost_nusd || ' nano-dollars, its parts ' || p.nusd FROM executions x,
                  LATERAL (SELECT x.markup_nusd + coalesce(sum(value::bigint), 0) AS nusd FROM jsonb_each_text(x.details -> 'cost')) p
            WHERE x.details ? 'cost' AND p.nusd <> x.cost_nusd""",
    ),
    Question(
        "every account holds and has spent what holds and transfers add up to",
        "SELECT count(*) FROM accounts",
        "SELECT 'account ' || account_id || ': ' || what || ' is ' || booked || ', counted ' || counted FROM drift()",
    ),
    Question(
        "nothing is held for what is finished, and nothing waits for it",
        "SELECT (SELECT count(*) FROM holds) + (SELECT count(*) FROM accepted)",
        """SELECT h.execution_id || ' is finished and still holds ' || h.amount_nusd FROM holds h JOIN executions x USING (execution_id)
           UNION ALL SELECT a.execution_id || ' is finished and still waits' FROM accepted a JOIN executions x USING (execution_id)""",
    ),
    Question(
        "every finished execution is counted once",
        "SELECT count(*) FROM execution_facts",
        """SELECT execution_id || CASE WHEN f.execution_id IS NULL THEN ' is not counted' ELSE ' is counted and has no row' END
             FROM executions x FULL JOIN execution_facts f USING (execution_id, workspace_id)
            WHERE (f.execution_id IS NULL AND x.finished_at < $1) OR x.execution_id IS NULL""",
    ),
    Question(
        "every kept reaction stands once, and counts where its execution is known",
        "SELECT count(*) FROM feedback_ids",
        """SELECT 'feedback ' || i.feedback_id || ' (' || i.kind || ') is known and stands nowhere' FROM feedback_ids i
            WHERE i.forgotten_at IS NULL AND NOT EXISTS (
                     SELECT FROM (SELECT workspace_id, target_kind, target_id, end_user, kind, feedback_id FROM feedback
                                UNION ALL SELECT workspace_id, target_kind, target_id, end_user, kind, feedback_id FROM feedback_history) f
                               WHERE (f.workspace_id, f.target_kind, f.target_id, f.end_user, f.kind, f.feedback_id)
                                   = (i.workspace_id, i.target_kind, i.target_id, i.end_user, i.kind, i.feedback_id))
           UNION ALL SELECT 'feedback ' || f.feedback_id || ' (' || f.kind || ') is not joined to its execution' FROM feedback f
              JOIN execution_facts e ON (e.execution_id, e.workspace_id) = (f.execution_id, f.workspace_id)
             WHERE f.joined_at IS NULL AND f.received_at < $1""",
    ),
    Question(
        "nothing lies among the dead letters",
        "SELECT count(*) FROM dead_letters",
        """SELECT dead_letter_id || ': ' || consumer || ' could not take message ' || stream_seq || ' of ' || stream || ': ' || reason
             FROM dead_letters WHERE replayed_at IS NULL AND NOT (stream = 'EXECUTIONS' AND reason = 'deliveries spent') ORDER BY at""",
    ),
    Question(
        "every chain run that ended cost what its steps cost, and each step that succeeded has its execution",
        "SELECT count(*) FROM chain_runs WHERE finished_at IS NOT NULL",
        f"""SELECT 'chain run ' || r.run_id || ' cost ' || r.spent_nusd || ' nano-dollars, its steps ' || s.nusd FROM chain_runs r,
                   LATERAL (SELECT coalesce(sum(c.spent_nusd), 0)::bigint AS nusd FROM chain_run_steps c
                             WHERE (c.workspace_id, c.run_id) = (r.workspace_id, r.run_id)) s
             WHERE r.finished_at IS NOT NULL AND r.spent_nusd <> s.nusd
            UNION ALL SELECT 'step ' || c.step || ' of chain run ' || c.run_id || ' succeeded and has no execution that did'
              FROM chain_run_steps c
             WHERE c.status = 'success' AND c.finished_at > clock_timestamp() - interval '{STEPS_DAYS} days'
               AND NOT EXISTS (SELECT FROM executions x WHERE x.execution_id = c.execution_id AND x.status = 'success')""",
    ),
    Question(
        "every ended job has given back what was left of its money",
        "SELECT count(*) FROM accounts WHERE kind = 4",
        f"""SELECT 'account ' || a.account_id || ' of ' || a.reference || ' keeps ' || (a.limit_nusd - a.spent_nusd)
              FROM accounts a JOIN {ENDED_JOBS} j ON j.id = a.reference
             WHERE a.kind = 4 AND j.finished_at < $1 AND a.limit_nusd > a.spent_nusd""",
    ),
)

HELD: Final = "executions held for"

LET_GO_S: Final = 90.0
"""So long after its deadline nothing is held for a call any more (PROMISES C-05)."""

UNDER_WAY: Final = {
    HELD: f"SELECT count(*) FROM holds h WHERE {MADE_AT} < $1",
    "background executions waiting": "SELECT count(*) FROM accepted WHERE at < $1",
    "outbox rows not sent": "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND created_at < $1",
    "executions not counted": """SELECT count(*) FROM executions x WHERE x.finished_at < $1
        AND NOT EXISTS (SELECT FROM execution_facts f WHERE (f.execution_id, f.workspace_id) = (x.execution_id, x.workspace_id))""",
    "reactions not joined": """SELECT count(*) FROM feedback f WHERE f.joined_at IS NULL AND f.received_at < $1
        AND EXISTS (SELECT FROM execution_facts e WHERE (e.execution_id, e.workspace_id) = (f.execution_id, f.workspace_id))""",
    "webhook deliveries due": """SELECT count(*) FROM webhook_deliveries d JOIN webhook_endpoints e USING (endpoint_id, workspace_id)
        LEFT JOIN webhook_endpoint_states s USING (endpoint_id, workspace_id)
        WHERE d.status = 'pending' AND d.created_at < $1 AND d.next_attempt_at < clock_timestamp()
          AND NOT e.paused AND e.deleted_at IS NULL AND (s.opened_until IS NULL OR s.opened_until < clock_timestamp())
          AND (s.disabled_at IS NULL OR s.disabled_at <= e.enabled_at) AND e.throttle_per_minute IS NULL
          AND NOT EXISTS (SELECT FROM restores r WHERE r.released_at IS NULL)""",
    "webhook replays waiting": "SELECT count(*) FROM webhook_replays WHERE done_at IS NULL AND requested_at < $1"
    " AND NOT EXISTS (SELECT FROM restores r WHERE r.released_at IS NULL)",
    "jobs and test runs that nobody works on": """SELECT count(*) FROM (
        SELECT leased_until, created_at FROM optimization_jobs WHERE status IN ('pending', 'running')
        UNION ALL SELECT leased_until, created_at FROM test_runs WHERE status IN ('pending', 'running') AND paused_at IS NULL) j
        WHERE j.created_at < $1 AND (j.leased_until IS NULL OR j.leased_until < clock_timestamp())""",
    "chain runs that nobody works on": """SELECT count(*) FROM chain_runs WHERE status IN ('queued', 'running') AND created_at < $1
        AND (leased_until IS NULL OR leased_until < clock_timestamp())""",
    "accounts of ended jobs not empty": f"""SELECT count(*) FROM accounts a JOIN {ENDED_JOBS} j ON j.id = a.reference
        WHERE a.kind = 4 AND j.finished_at < $1 AND a.limit_nusd > a.spent_nusd""",
}
"""What time heals: what began before the audit ($1) and is not over. An orphan, and an attempt that is due later, are no work in hand."""


async def open_books(dsn: str) -> Database:
    """A pool of read-only sessions as `burnish_lookup`, who sees every tenant's rows by policy. `dsn`: a login that may migrate."""
    url = f"{dsn}{'&' if '?' in dsn else '?'}role=burnish_lookup&default_transaction_read_only=on"
    return await Database.open(url, application_name="burnish-audit", max_size=2, statement_timeout_ms=STATEMENT_TIMEOUT_MS)


async def now(tx: Tx) -> datetime:
    """The database's clock, which decides everything here."""
    moment: datetime = await tx.fetchval("SELECT clock_timestamp()")
    return moment


async def under_way(tx: Tx, *, began_at: datetime) -> dict[str, int]:
    """How much of what began before `began_at` is not over, by kind; kinds without any are left out."""
    counts = {name: await tx.fetchval(sql, began_at) for name, sql in UNDER_WAY.items()}
    return {name: count for name, count in counts.items() if count}


async def held_for_s(tx: Tx, *, began_at: datetime) -> float:
    """In how many seconds the last call that somebody waited for must be over, if nobody ends it: its deadline, and LET_GO_S. Not above 0
    where none is held for that began before `began_at`."""
    left = "SELECT coalesce(extract(epoch FROM max(deadline) - clock_timestamp()), '-infinity')::float8"
    return float(await tx.fetchval(f"{left} FROM holds h WHERE lane = 'interactive' AND {MADE_AT} < $1", began_at)) + LET_GO_S


async def ask(tx: Tx, question: Question, *, began_at: datetime) -> tuple[int, list[str], int]:
    """How many were looked at, the first SHOWN that are wrong, and how many are wrong."""
    looked_at = await tx.fetchval(question.looked_at)
    # One statement counts and shows, so that both are of one moment; the cast gives the parameter a type where it is not used.
    rows = await tx.fetch(
        f"WITH wrong(text) AS MATERIALIZED (SELECT w.* FROM ({question.wrong}) w WHERE $1::timestamptz IS NOT NULL) "
        f"SELECT text, (SELECT count(*) FROM wrong) AS all_of_them FROM wrong LIMIT {SHOWN}",
        began_at,
    )
    return looked_at, [row["text"] for row in rows], rows[0]["all_of_them"] if rows else 0


async def rows_of(tx: Tx, execution_ids: Sequence[UUID]) -> dict[UUID, Record]:
    """Row and content of those executions that are finished, as the gateway reads them."""
    rows = await tx.fetch(
        "SELECT e.*, c.messages, c.variables, c.settings, c.output, c.tool_calls, c.metadata FROM executions e "
        "LEFT JOIN execution_contents c USING (execution_id) WHERE e.execution_id = ANY ($1)",
        list(execution_ids),
    )
    return {row["execution_id"]: row for row in rows}


async def kept_feedback(tx: Tx, feedback_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the feedback ids that are in the books."""
    rows = await tx.fetch("SELECT DISTINCT feedback_id FROM feedback_ids WHERE feedback_id = ANY ($1)", list(feedback_ids))
    return {row["feedback_id"] for row in rows}


async def executions_of_keys(tx: Tx, keys: Sequence[str]) -> dict[str, set[UUID]]:
    """Idempotency key → executions that stand under it, in any workspace."""
    rows = await tx.fetch("SELECT key, execution_id FROM idempotency_keys WHERE execution_id IS NOT NULL AND key = ANY ($1)", list(keys))
    found: dict[str, set[UUID]] = {}
    for row in rows:
        found.setdefault(row["key"], set()).add(row["execution_id"])
    return found


async def counted_days(tx: Tx) -> tuple[datetime, datetime] | None:
    """From when to when executions were counted; None when none was."""
    row = await tx.fetchrow("SELECT min(finished_at) AS first, max(finished_at) AS last FROM execution_facts")
    return None if row is None or row["first"] is None else (row["first"], row["last"])


async def endpoints(tx: Tx) -> Sequence[Record]:
    """The webhook endpoints that stand, with what they want and since when."""
    return await tx.fetch(
        "SELECT endpoint_id, workspace_id, events, filters, condition, updated_at FROM webhook_endpoints WHERE deleted_at IS NULL"
    )


async def events(tx: Tx, *, after: int, before: datetime) -> Sequence[Record]:
    """The next published events, in order, with their number in the outbox; none when there are no more."""
    return await tx.fetch(
        "SELECT outbox_id, body, created_at FROM outbox WHERE stream = 'EVENTS' AND outbox_id > $1 AND sent_at < $2"
        " ORDER BY outbox_id LIMIT 2000",
        after,
        before,
    )


async def deliveries_of(tx: Tx, event_ids: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
    """(event, endpoint) of the deliveries that were made of these events."""
    rows = await tx.fetch("SELECT event_id, endpoint_id FROM webhook_deliveries WHERE event_id = ANY ($1)", sorted(set(event_ids)))
    return {(row["event_id"], row["endpoint_id"]) for row in rows}
