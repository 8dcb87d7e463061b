"""The checkpoint in SQL: what was asked under which execution, and what came back. Safe to repeat, every one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import asyncpg

from burnish_optimizer.io import work_store
from burnish_shared.contracts.executions import Outcome
from burnish_shared.db.session import Tx

if TYPE_CHECKING:
    from burnish_optimizer.io.questions import Question


@dataclass(frozen=True, slots=True)
class Key:
    """What names one evaluation of a job or test run. `item_id` nil: a proposal. `step`: of a chain under test, whose call it is."""

    question: bytes
    item_id: UUID
    repeat: int
    step: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """One row. `status` None: not answered yet. `spent_nusd` counts all attempts. `score` None: nothing was expected, or nobody read it."""

    key: Key
    execution_id: UUID
    attempt: int
    status: str | None
    output: str | None
    error: dict[str, Any] | None
    spent_nusd: int
    latency_ms: int | None
    simulated: bool
    score: float | None = None

    def booked(self) -> "tuple[Booked, int]":
        """What came back, and what all attempts cost, of a row that is answered."""
        booked = Booked(
            execution_id=self.execution_id,
            status=self.status or "",
            output=self.output,
            error=self.error,
            cost_nusd=0,
            latency_ms=self.latency_ms or 0,
            simulated=self.simulated,
        )
        return booked, self.spent_nusd


@dataclass(frozen=True, slots=True)
class Booked:
    """An execution as the books have it. `has_content` False: the workspace does not keep text, so the answer is lost with its frame."""

    execution_id: UUID
    status: str
    output: str | None
    error: dict[str, Any] | None
    cost_nusd: int
    latency_ms: int
    simulated: bool
    has_content: bool = True

    @classmethod
    def of(cls, outcome: Outcome) -> "Booked":
        return cls(
            execution_id=outcome.id,
            status=outcome.status.value,
            output=outcome.output,
            error=outcome.error.model_dump() if outcome.error else None,
            cost_nusd=outcome.cost_nusd,
            latency_ms=outcome.latency_ms,
            simulated=outcome.simulated,
        )


@dataclass(frozen=True, slots=True)
class ChainRow:
    """What a chain said of an item: in a job under the key of the candidate in one of its steps, in a test run under the chain's. Beside
    the rows of its calls, which it sums up.

    `execution_id`: of its last call, nil where it made none. `cost_nusd`: of its calls, where the row tells it; it cost nothing but them.
    `score` None: there is no right answer. `scores`: what evaluators said, by their ids.
    """

    key: Key
    execution_id: UUID
    output: str | None
    score: float | None
    simulated: bool
    error: dict[str, Any] | None = None
    cost_nusd: int = 0
    latency_ms: int | None = None
    scores: dict[str, Any] | None = None


_ROW = """e.question, e.item_id, e.repeat, e.execution_id, e.attempt, e.status, e.output, e.error, e.spent_nusd, e.latency_ms, e.simulated,
    e.score"""


async def claim(tx: Tx, workspace_id: UUID, owner_id: UUID, asked: Sequence[tuple[Key, UUID]], *, makes: bool = True) -> dict[Key, Stored]:
    """The row of each key: a new one under the given execution id (only with `makes`), or the one that was there before."""
    columns = (
        [key.question for key, _ in asked],
        [key.item_id for key, _ in asked],
        [key.repeat for key, _ in asked],
    )
    if makes:
        await tx.execute(
            """INSERT INTO evaluations (workspace_id, owner_id, question, item_id, repeat, execution_id, step)
               SELECT $1, $2, a.* FROM unnest($3::bytea[], $4::uuid[], $5::integer[], $6::uuid[], $7::text[]) a ON CONFLICT DO NOTHING""",
            workspace_id,
            owner_id,
            *columns,
            [execution_id for _, execution_id in asked],
            [key.step for key, _ in asked],
        )
    rows = await tx.fetch(
        f"""SELECT {_ROW} FROM unnest($3::bytea[], $4::uuid[], $5::integer[]) a (question, item_id, repeat)
              JOIN evaluations e ON e.workspace_id = $1 AND e.owner_id = $2 AND e.question = a.question AND e.item_id = a.item_id
                                AND e.repeat = a.repeat""",
        workspace_id,
        owner_id,
        *columns,
    )
    return {stored.key: stored for stored in map(_stored, rows)}


async def settle(tx: Tx, workspace_id: UUID, owner_id: UUID, answers: Sequence[tuple[Booked, float | None]]) -> None:
    """Writes answers and their scores. An answer of an execution that is no longer the row's changes nothing."""
    await tx.execute(
        """UPDATE evaluations e SET answered_at = clock_timestamp(), status = a.status, score = a.score, output = a.output, error = a.error,
                  spent_nusd = e.spent_nusd + a.cost, latency_ms = a.latency, simulated = a.simulated
             FROM unnest($3::uuid[], $4::text[], $5::real[], $6::text[], $7::jsonb[], $8::bigint[], $9::integer[], $10::boolean[])
                  a (id, status, score, output, error, cost, latency, simulated)
            WHERE e.workspace_id = $1 AND e.owner_id = $2 AND e.execution_id = a.id AND e.answered_at IS NULL""",
        workspace_id,
        owner_id,
        [one.execution_id for one, _ in answers],
        [one.status for one, _ in answers],
        [score for _, score in answers],
        [one.output for one, _ in answers],
        [one.error for one, _ in answers],
        [one.cost_nusd for one, _ in answers],
        [one.latency_ms for one, _ in answers],
        [one.simulated for one, _ in answers],
    )


async def renew(tx: Tx, workspace_id: UUID, owner_id: UUID, failed: Booked, *, execution_id: UUID, attempt: int) -> None:
    """Gives an evaluation whose execution failed another one; what the failed one cost stays counted."""
    await tx.execute(
        """UPDATE evaluations SET execution_id = $4, attempt = $6, asked_at = clock_timestamp(), spent_nusd = spent_nusd + $5
            WHERE workspace_id = $1 AND owner_id = $2 AND execution_id = $3 AND answered_at IS NULL""",
        workspace_id,
        owner_id,
        failed.execution_id,
        execution_id,
        failed.cost_nusd,
        attempt,
    )


async def is_only_held(tx: Tx, account_ids: Sequence[int], *, amount_nusd: int) -> bool:
    """Whether the hard budgets among the accounts have room for so much beside what was spent: then it is holds that fill them."""
    fits: bool = await tx.fetchval(
        """SELECT coalesce(bool_and(CASE WHEN resets_at <= clock_timestamp() THEN 0 ELSE spent_nusd END + $2 <= limit_nusd), true)
             FROM accounts WHERE account_id = ANY ($1) AND kind = 2 AND hard""",
        list(account_ids),
        amount_nusd,
    )
    return fits


async def end_users_room(tx: Tx, account_ids: Sequence[int], *, amount_nusd: int) -> Literal["spent", "held"] | None:
    """What keeps a hard budget of its end user among the accounts from having room for so much: what was spent, or only what is held.
    None: they have room."""
    row = await tx.fetchrow(
        """SELECT bool_or(spent + $2 > limit_nusd) AS is_spent, bool_or(spent + held_nusd + $2 > limit_nusd) AS is_full
             FROM (SELECT a.limit_nusd, a.held_nusd, CASE WHEN a.resets_at <= clock_timestamp() THEN 0 ELSE a.spent_nusd END AS spent
                     FROM accounts a WHERE a.account_id = ANY ($1) AND a.kind = 2 AND a.hard
                      AND (a.parent_account_id IS NOT NULL OR EXISTS (
                       SELECT FROM budgets b
                        WHERE b.workspace_id = a.workspace_id AND b.account_id = a.account_id AND b.target_kind = 'end_user'))) l""",
        list(account_ids),
        amount_nusd,
    )
    if row is None or not row["is_full"]:
        return None
    return "spent" if row["is_spent"] else "held"


@dataclass(slots=True)
class EvaluationRows:
    """The table `evaluations` as the checkpoint of one job, test run or live evaluation."""

    workspace_id: UUID
    owner_id: UUID
    budgets: list[tuple[int, UUID | None]] = field(default_factory=list)

    async def claim(self, tx: Tx, asked: Sequence[tuple[Key, UUID]], *, makes: bool = True) -> dict[Key, Stored]:
        rows = await claim(tx, self.workspace_id, self.owner_id, asked, makes=makes)
        self.budgets = await work_store.budget_accounts(tx, self.workspace_id, self.owner_id)
        return rows

    async def settle(self, tx: Tx, answers: Sequence[tuple[Key, Booked, float | None]]) -> None:
        await settle(tx, self.workspace_id, self.owner_id, [(booked, score) for _, booked, score in answers])

    async def renew(self, tx: Tx, key: Key, failed: Booked, *, execution_id: UUID, attempt: int) -> None:
        await renew(tx, self.workspace_id, self.owner_id, failed, execution_id=execution_id, attempt=attempt)

    def budgets_of(self, question: "Question") -> Sequence[int]:
        prompt_id = None if question.prompt is None else question.prompt.prompt_id
        return [account_id for account_id, only in self.budgets if only is None or only == prompt_id]


async def find_booked(tx: Tx, workspace_id: UUID, execution_ids: Sequence[UUID]) -> list[Booked]:
    """Those of the executions that are finished."""
    ordered = sorted(execution_ids)
    rows = await tx.fetch(
        """SELECT x.execution_id, x.status, c.output, x.error, x.cost_nusd, x.latency_ms, x.simulated,
                  c.execution_id IS NOT NULL AS has_content
             FROM executions x LEFT JOIN execution_contents c ON c.execution_id = x.execution_id AND c.execution_id BETWEEN $2 AND $3
            WHERE x.workspace_id = $1 AND x.execution_id BETWEEN $2 AND $3 AND x.execution_id = ANY ($4)""",
        workspace_id,
        ordered[0],
        ordered[-1],
        ordered,
    )
    return [Booked(**dict(row)) for row in rows]


async def stores_text(tx: Tx, workspace_id: UUID) -> bool:
    """Whether executions keep their texts, by what the workspace and its plan say."""
    return bool(await tx.fetchval("SELECT store_content FROM find_workspace($1)", workspace_id))


async def find_known(tx: Tx, execution_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the executions of the transaction's workspace that are finished, or that money is held for."""
    rows = await tx.fetch(
        """SELECT x.execution_id FROM executions x WHERE x.execution_id BETWEEN $1 AND $2 AND x.execution_id = ANY ($3)
           UNION ALL SELECT h.execution_id FROM holds h WHERE h.execution_id = ANY ($3)""",
        min(execution_ids),
        max(execution_ids),
        list(execution_ids),
    )
    return {row["execution_id"] for row in rows}


async def remember_texts(tx: Tx, workspace_id: UUID, job_id: UUID, texts: Sequence[tuple[bytes, str]]) -> None:
    """Keeps the texts of candidates by their hash."""
    await tx.execute(
        """INSERT INTO optimization_candidates (workspace_id, job_id, question, text)
           SELECT $1, $2, t.* FROM unnest($3::bytea[], $4::text[]) t ON CONFLICT DO NOTHING""",
        workspace_id,
        job_id,
        [question for question, _ in texts],
        [text for _, text in texts],
    )


async def write_chain_rows(tx: Tx, workspace_id: UUID, job_id: UUID, rows: Sequence[ChainRow]) -> None:
    """Once each: a job that is begun again comes to the same."""
    await tx.execute(
        """INSERT INTO evaluations (workspace_id, owner_id, question, item_id, repeat, execution_id, answered_at, status, score, output,
                                    simulated, error, spent_nusd, latency_ms, scores)
           SELECT $1, $2, a.question, a.item_id, a.repeat, a.execution_id, clock_timestamp(), a.status, a.score, a.output, a.simulated,
                  a.error, a.spent, a.latency, a.scores
             FROM unnest($3::bytea[], $4::uuid[], $5::uuid[], $6::text[], $7::real[], $8::text[], $9::boolean[], $10::integer[],
                         $11::jsonb[], $12::bigint[], $13::integer[], $14::jsonb[])
                  a (question, item_id, execution_id, status, score, output, simulated, repeat, error, spent, latency, scores)
           ON CONFLICT DO NOTHING""",
        workspace_id,
        job_id,
        [one.key.question for one in rows],
        [one.key.item_id for one in rows],
        [one.execution_id for one in rows],
        ["error" if one.output is None else "success" for one in rows],
        [one.score for one in rows],
        [one.output for one in rows],
        [one.simulated for one in rows],
        [one.key.repeat for one in rows],
        [one.error for one in rows],
        [one.cost_nusd for one in rows],
        [one.latency_ms for one in rows],
        [one.scores for one in rows],
    )


async def score_again(tx: Tx, workspace_id: UUID, owner_id: UUID, scores: Sequence[tuple[UUID, float]]) -> None:
    """Writes scores by the job's own metrics in the place of right and wrong, by execution."""
    await tx.execute(
        """UPDATE evaluations e SET score = a.score FROM unnest($3::uuid[], $4::real[]) a (id, score)
            WHERE e.workspace_id = $1 AND e.owner_id = $2 AND e.execution_id = a.id AND e.score IS DISTINCT FROM a.score""",
        workspace_id,
        owner_id,
        [execution_id for execution_id, _ in scores],
        [score for _, score in scores],
    )


async def keep_scores(tx: Tx, workspace_id: UUID, owner_id: UUID, scores: Sequence[tuple[UUID, dict[str, Any]]]) -> None:
    """Writes what evaluators said of answers, by execution: evaluator → {score, passed}."""
    await tx.execute(
        """UPDATE evaluations e SET scores = a.scores FROM unnest($3::uuid[], $4::jsonb[]) a (id, scores)
            WHERE e.workspace_id = $1 AND e.owner_id = $2 AND e.execution_id = a.id AND e.scores IS DISTINCT FROM a.scores""",
        workspace_id,
        owner_id,
        [execution_id for execution_id, _ in scores],
        [said for _, said in scores],
    )


def _stored(row: asyncpg.Record) -> Stored:
    return Stored(
        key=Key(row["question"], row["item_id"], row["repeat"]),
        execution_id=row["execution_id"],
        attempt=row["attempt"],
        status=row["status"],
        output=row["output"],
        error=row["error"],
        spent_nusd=row["spent_nusd"],
        latency_ms=row["latency_ms"],
        simulated=row["simulated"],
        score=row["score"],
    )
