"""Test runs and jobs as rows: claimed with a lease, written under a fence."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from burnish_shared.db.session import Tx

WorkKind = Literal["test_run", "optimization", "batch"]

_TABLE = {"test_run": ("test_runs", "test_run_id"), "optimization": ("optimization_jobs", "job_id"), "batch": ("batches", "batch_id")}


@dataclass(frozen=True, slots=True)
class Claim:
    """A right to work on one row for as long as its lease is renewed. Who holds an older fence writes nothing any more."""

    kind: WorkKind
    id: UUID
    workspace_id: UUID
    fence: int


class ClaimLost(Exception):
    """Another replica has claimed this work meanwhile."""


async def claim_work(tx: Tx, *, worker: str, lease_s: int, most: int) -> list[Claim]:
    """Takes work that nobody holds, of any workspace."""
    rows = await tx.fetch("SELECT kind, id, workspace_id, fence FROM claim_work($1, $2, $3, true, true)", worker, lease_s, most)
    return [Claim(**dict(row)) for row in rows]


async def release_all(tx: Tx, *, worker: str) -> int:
    """Gives back what a process of this name held when it died. Returns how much that was."""
    released: int = await tx.fetchval("SELECT release_work($1)", worker)
    return released


async def claim_batches(tx: Tx, *, worker: str, lease_s: int, most: int) -> list[Claim]:
    """Takes batches that nobody holds: of workspaces with the fewest under way first, then what has waited longest."""
    rows = await tx.fetch("SELECT kind, id, workspace_id, fence FROM claim_batches($1, $2, $3)", worker, lease_s, most)
    return [Claim(**dict(row)) for row in rows]


async def release_batches(tx: Tx, *, worker: str) -> int:
    """As `release_all`, of batches."""
    released: int = await tx.fetchval("SELECT release_batches($1)", worker)
    return released


async def renew(tx: Tx, claim: Claim, *, lease_s: int) -> None:
    """Raises ClaimLost, also where it was given back: nobody works on it, and whoever claims it must not wait."""
    held = "AND leased_until IS NOT NULL AND leased_by IS NOT NULL"
    await _update(tx, claim, "leased_until = clock_timestamp() + $4 * interval '1 second'", lease_s, only=held)


async def release(tx: Tx, claim: Claim) -> None:
    """Gives work back, for another replica to go on with at once; `leased_until` says when. Says nothing where the claim is lost."""
    table, column = _TABLE[claim.kind]
    await tx.execute(
        f"""UPDATE {table} SET leased_until = clock_timestamp(), leased_by = NULL
             WHERE workspace_id = $1 AND {column} = $2 AND fence = $3 AND leased_by IS NOT NULL""",
        claim.workspace_id,
        claim.id,
        claim.fence,
    )


async def is_to_stop(tx: Tx, claim: Claim) -> bool:
    """Whether somebody asked to cancel. Raises ClaimLost."""
    table, column = _TABLE[claim.kind]
    row = await tx.fetchrow(
        f"SELECT cancel_requested, fence FROM {table} WHERE workspace_id = $1 AND {column} = $2", claim.workspace_id, claim.id
    )
    if row is None or row["fence"] != claim.fence:
        raise ClaimLost
    return bool(row["cancel_requested"])


async def is_to_wait(tx: Tx, claim: Claim) -> bool:
    """Whether somebody paused a test run."""
    return bool(
        await tx.fetchval(
            "SELECT paused_at IS NOT NULL FROM test_runs WHERE workspace_id = $1 AND test_run_id = $2", claim.workspace_id, claim.id
        )
    )


async def write_progress(tx: Tx, claim: Claim, progress: Any, *, simulated: bool) -> None:
    """How far it is: of a test run (done, result), of a job its progress; `simulated`: a simulated model had part in it.

    Of a test run never less than before: one that goes on reads its answers again, and may be ended before it is where it was.
    Raises ClaimLost.
    """
    if claim.kind == "test_run":
        sets = "simulated = simulated OR $4, done = greatest(done, $5), result = CASE WHEN $5 >= done THEN $6 ELSE result END"
        await _update(tx, claim, sets, simulated, progress["done"], progress["result"])
    else:
        await _update(tx, claim, "simulated = simulated OR $4, progress = $5", simulated, progress)


async def write_edits(tx: Tx, claim: Claim, *, edits: Any, report: Any, is_behind: bool) -> None:
    """What became of a job's edits by now, for one that may not go on; `is_behind`: less than is written, if anything is.

    Raises ClaimLost.
    """
    kept = "$6 AND edits <> '[]'"
    sets = f"edits = CASE WHEN {kept} THEN edits ELSE $4 END, report = CASE WHEN {kept} THEN report ELSE $5 END"
    await _update(tx, claim, sets, edits, report, is_behind)


async def finish(tx: Tx, claim: Claim, *, status: str, **columns: Any) -> None:
    """Ends it: status, the given columns, and nothing held any more. Raises ClaimLost."""
    names = sorted(columns)
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(names, start=5))
    await _update(
        tx,
        claim,
        f"status = $4, finished_at = clock_timestamp(), leased_until = NULL, leased_by = NULL{', ' + sets if sets else ''}",
        status,
        *(columns[name] for name in names),
    )


async def close_funding(tx: Tx, account_id: int) -> None:
    """Nothing more is paid from it; what is left goes back to the workspace."""
    await tx.execute("SELECT close_funding($1)", account_id)


async def return_fee(tx: Tx, claim: Claim, *, reason: str) -> None:
    """Gives the fee of an optimization run back, where one was taken and it was not given back before."""
    await tx.execute("SELECT return_fee($1, $2, $3)", claim.workspace_id, f"optimization:{claim.id}", reason)


async def budget_accounts(tx: Tx, workspace_id: UUID, owner_id: UUID) -> list[tuple[int, UUID | None]]:
    """The budgets that an evaluation counts against beside who pays: the workspace's, its prompt's, the cap of a live evaluation.

    With the prompt, where only calls of that prompt count: of a step of a chain under test.
    """
    rows = await tx.fetch(
        """SELECT account_id, NULL::uuid AS prompt_id FROM budgets
            WHERE workspace_id = $1 AND closed_at IS NULL AND (target_kind = 'workspace'
              OR (target_kind = 'prompt' AND target_id IN (
                  SELECT prompt_id::text FROM optimization_jobs WHERE workspace_id = $1 AND job_id = $2
                  UNION ALL SELECT prompt_id::text FROM test_runs WHERE workspace_id = $1 AND test_run_id = $2)))
           UNION ALL
           SELECT b.account_id, b.target_id::uuid FROM budgets b
            WHERE b.workspace_id = $1 AND b.closed_at IS NULL AND b.target_kind = 'prompt'
              AND b.target_id IN (
                  SELECT p.value ->> 'prompt_id' FROM test_runs t CROSS JOIN LATERAL jsonb_each(t.chain -> 'prompts') p
                   WHERE t.workspace_id = $1 AND t.test_run_id = $2 AND t.chain_id IS NOT NULL)
           UNION ALL
           SELECT account_id, NULL FROM live_evaluations WHERE workspace_id = $1 AND live_evaluation_id = $2 AND account_id IS NOT NULL
            ORDER BY account_id""",
        workspace_id,
        owner_id,
    )
    return [(row["account_id"], row["prompt_id"]) for row in rows]


async def funding_of(tx: Tx, claim: Claim) -> int:
    table, column = _TABLE[claim.kind]
    account: int = await tx.fetchval(
        f"SELECT funding_account_id FROM {table} WHERE workspace_id = $1 AND {column} = $2", claim.workspace_id, claim.id
    )
    return account


async def _update(tx: Tx, claim: Claim, sets: str, *values: Any, only: str = "") -> None:
    """Names of tables and columns, and `only`, are constants of this module; only values come from outside."""
    table, column = _TABLE[claim.kind]
    done = await tx.fetchval(
        f"UPDATE {table} SET {sets} WHERE workspace_id = $1 AND {column} = $2 AND fence = $3 AND status = 'running' {only} RETURNING true",
        claim.workspace_id,
        claim.id,
        claim.fence,
        *values,
    )
    if not done:
        raise ClaimLost
