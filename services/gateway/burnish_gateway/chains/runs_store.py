"""Runs of chains and their steps in SQL. Whoever writes to a run names the fence under which it was claimed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

ENDED: Final = frozenset({"success", "error", "timeout", "rate_limited", "cancelled", "blocked"})


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is ours until somebody else's fence is higher."""

    run_id: UUID
    workspace_id: UUID
    fence: int


class ClaimLost(Exception):
    """Somebody else works on the run by now, or it has ended, or is gone."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A step under way: under which execution, for which time."""

    execution_id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a step ended. `result`: what the next steps need of it, where text may be kept."""

    status: str
    version: int | None
    model: str | None
    spent_nusd: int
    simulated: bool
    result: dict[str, Any] | None
    error: dict[str, Any] | None


async def insert_run(tx: Tx, **columns: Any) -> None:
    names = ", ".join(columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await tx.execute(f"INSERT INTO chain_runs ({names}) VALUES ({places})", *columns.values())


async def lease(tx: Tx, workspace_id: UUID, run_id: UUID, *, worker: str, lease_s: int) -> Claim:
    """Of a run that was inserted in this transaction: it begins here."""
    fence: int = await tx.fetchval(
        """UPDATE chain_runs SET status = 'running', fence = 1, leased_by = $3, leased_until = clock_timestamp() + $4 * interval '1 second'
            WHERE workspace_id = $1 AND run_id = $2 RETURNING fence""",
        workspace_id, run_id, worker, lease_s,
    )  # fmt: skip
    return Claim(run_id, workspace_id, fence)


async def claim(tx: Tx, *, worker: str, lease_s: int, most: int) -> list[Claim]:
    """Takes runs that nobody holds."""
    rows = await tx.fetch("SELECT run_id, workspace_id, fence FROM claim_chain_runs($1, $2, $3)", worker, lease_s, most)
    return [Claim(row["run_id"], row["workspace_id"], row["fence"]) for row in rows]


async def look(tx: Tx, *, worker: str, lease_s: int, renew: Sequence[UUID]) -> dict[UUID, tuple[int, bool]]:
    """Of the runs that this worker holds: fence, and whether somebody wants them cancelled. `renew`: those whose leases begin anew."""
    rows = await tx.fetch(
        "SELECT run_id, fence, cancel_requested FROM look_at_chain_runs($1, $2, $3, $4)", worker, lease_s, bool(renew), list(renew)
    )
    return {row["run_id"]: (row["fence"], row["cancel_requested"]) for row in rows}


async def release(tx: Tx, *, worker: str) -> int:
    """Lets go of everything that this worker holds; another one goes on at once."""
    released: int = await tx.fetchval("SELECT release_chain_runs($1)", worker)
    return released


async def find_run(tx: Tx, workspace_id: UUID, run_id: UUID, *, lock: bool = False) -> Record | None:
    suffix = " FOR NO KEY UPDATE" if lock else ""
    return await tx.fetchrow(f"SELECT * FROM chain_runs WHERE workspace_id = $1 AND run_id = $2{suffix}", workspace_id, run_id)


async def load(tx: Tx, claim: Claim) -> tuple[Record, dict[str, Any]]:
    """The run and the content of its version. Raises ClaimLost."""
    row = await tx.fetchrow(
        """SELECT r.*, v.content FROM chain_runs r JOIN chain_versions v USING (workspace_id, chain_id, version)
            WHERE r.workspace_id = $1 AND r.run_id = $2 AND r.fence = $3 AND r.status = 'running'""",
        claim.workspace_id, claim.run_id, claim.fence,
    )  # fmt: skip
    if row is None:
        raise ClaimLost
    return row, row["content"]


async def steps_of(tx: Tx, workspace_id: UUID, run_id: UUID) -> Sequence[Record]:
    """In the order in which they ended; those under way last."""
    return await tx.fetch(
        "SELECT * FROM chain_run_steps WHERE workspace_id = $1 AND run_id = $2 ORDER BY finished_at NULLS LAST, started_at, step",
        workspace_id, run_id,
    )  # fmt: skip


async def begin_step(tx: Tx, claim: Claim, step: str, *, execution_id: UUID, slug: str) -> Begun:
    """Writes under which execution the step runs, or reads it, where it was begun before. Raises ClaimLost."""
    await _hold(tx, claim)
    row = await tx.fetchrow(
        """INSERT INTO chain_run_steps AS s (workspace_id, run_id, step, execution_id, slug) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (workspace_id, run_id, step) DO UPDATE SET slug = excluded.slug RETURNING s.execution_id, s.attempt""",
        claim.workspace_id, claim.run_id, step, execution_id, slug,
    )  # fmt: skip
    assert row is not None  # noqa: S101 - the conflict clause updates, so there is a row
    return Begun(row["execution_id"], row["attempt"])


async def repeat_step(tx: Tx, claim: Claim, step: str, *, failed: UUID, execution_id: UUID, spent_nusd: int) -> Begun:
    """The next attempt, an execution of its own; what the failed one cost is kept. Raises ClaimLost."""
    await _hold(tx, claim)
    row = await tx.fetchrow(
        """WITH again AS (
             UPDATE chain_run_steps SET execution_id = $5, attempt = attempt + 1, spent_nusd = spent_nusd + $6
              WHERE workspace_id = $1 AND run_id = $2 AND step = $3 AND execution_id = $4 AND status IS NULL
             RETURNING execution_id, attempt),
           run AS (
             UPDATE chain_runs SET spent_nusd = spent_nusd + $6
              WHERE workspace_id = $1 AND run_id = $2 AND EXISTS (SELECT FROM again))
           SELECT execution_id, attempt FROM again""",
        claim.workspace_id, claim.run_id, step, failed, execution_id, spent_nusd,
    )  # fmt: skip
    if row is None:
        raise ClaimLost
    return Begun(row["execution_id"], row["attempt"])


async def end_step(tx: Tx, claim: Claim, step: str, end: StepEnd) -> datetime:
    """Once: a step that has ended stays as it is. When it ended, as `steps_of` orders by. Raises ClaimLost."""
    await _hold(tx, claim)
    at: datetime = await tx.fetchval(
        """WITH done AS (
             UPDATE chain_run_steps SET status = $4, version = $5, model = $6, spent_nusd = spent_nusd + $7, simulated = $8, result = $9,
                    error = $10, finished_at = clock_timestamp()
              WHERE workspace_id = $1 AND run_id = $2 AND step = $3 AND status IS NULL RETURNING finished_at),
           run AS (
             UPDATE chain_runs SET spent_nusd = spent_nusd + $7, simulated = simulated OR $8
              WHERE workspace_id = $1 AND run_id = $2 AND EXISTS (SELECT FROM done))
           SELECT coalesce((SELECT finished_at FROM done), finished_at) FROM chain_run_steps
            WHERE workspace_id = $1 AND run_id = $2 AND step = $3""",
        claim.workspace_id, claim.run_id, step, end.status, end.version, end.model, end.spent_nusd, end.simulated, end.result, end.error,
    )  # fmt: skip
    return at


async def finish(
    tx: Tx,
    claim: Claim,
    *,
    status: str,
    output: Any,
    variables: Any,
    metadata: dict[str, Any],
    error: dict[str, Any] | None,
    step: str | None,
    others: Mapping[str, str],
) -> Record:
    """The one end of a run. Text is kept where `keeps_text` still says so. Raises ClaimLost.

    `others`: how its steps that run no prompt ended.
    """
    row = await tx.fetchrow(
        """UPDATE chain_runs SET status = $4, failed_step = $9, other_steps = $10, leased_by = NULL, leased_until = NULL,
                  finished_at = clock_timestamp(),
                  output = CASE WHEN keeps_text THEN $5::jsonb END, variables = CASE WHEN keeps_text THEN $6::jsonb END,
                  metadata = CASE WHEN keeps_text THEN $7::jsonb ELSE '{}' END,
                  error = CASE WHEN keeps_text THEN $8::jsonb ELSE $8::jsonb - 'message' END
            WHERE workspace_id = $1 AND run_id = $2 AND fence = $3 AND status = 'running' RETURNING *""",
        claim.workspace_id, claim.run_id, claim.fence, status, output, variables, metadata, error, step, dict(others),
    )  # fmt: skip
    if row is None:
        raise ClaimLost
    await tx.execute(
        """UPDATE chain_run_steps SET result = NULL, status = coalesce(status, 'cancelled'),
                  finished_at = coalesce(finished_at, clock_timestamp())
            WHERE workspace_id = $1 AND run_id = $2""",
        claim.workspace_id, claim.run_id,
    )  # fmt: skip
    return row


async def ask_to_cancel(tx: Tx, workspace_id: UUID, run_id: UUID) -> None:
    await tx.execute(
        "UPDATE chain_runs SET cancel_requested = true WHERE workspace_id = $1 AND run_id = $2 AND status IN ('queued', 'running')",
        workspace_id, run_id,
    )  # fmt: skip


async def list_runs(
    tx: Tx, workspace_id: UUID, *, slug: str | None, status: str | None, before: UUID | None, limit: int
) -> Sequence[Record]:
    """Newest first."""
    return await tx.fetch(
        """SELECT * FROM chain_runs WHERE workspace_id = $1 AND ($2::text IS NULL OR slug = $2) AND ($3::text IS NULL OR status = $3)
              AND ($4::uuid IS NULL OR run_id < $4) ORDER BY run_id DESC LIMIT $5""",
        workspace_id, slug, status, before, limit,
    )  # fmt: skip


async def _hold(tx: Tx, claim: Claim) -> datetime:
    """The run's row, locked, under our fence. Raises ClaimLost."""
    at: datetime | None = await tx.fetchval(
        """SELECT deadline_at FROM chain_runs
            WHERE workspace_id = $1 AND run_id = $2 AND fence = $3 AND status = 'running' FOR NO KEY UPDATE""",
        claim.workspace_id, claim.run_id, claim.fence,
    )  # fmt: skip
    if at is None:
        raise ClaimLost
    return at
