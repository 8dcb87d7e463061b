"""Score what was sampled of live traffic (PRODUCT F4): one live evaluation at a time, until nothing of it waits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from pydantic import TypeAdapter

from burnish_optimizer import metrics
from burnish_optimizer.io import live_store
from burnish_optimizer.io.live_store import LiveClaim, LiveEvaluation, ScoreRow, Task
from burnish_shared import failpoints
from burnish_shared.contracts.evaluators import EvaluatorSettings, models_of
from burnish_shared.db.session import UNAVAILABLE, Database
from burnish_shared.errors import Unavailable
from burnish_shared.evaluators import Ask, Case, Evaluator, Grounds, Mistake, NoScore, Score, Verdict, Vote, build
from burnish_shared.storable_text import storable

log = structlog.get_logger("burnish.optimizer")

PAGE: Final = 64
"""So many are scored at once, as many as one job may have on their way."""

REASON_MOST: Final = 2_000

LOOKS_AT_ONCE: Final = 4
"""Evaluators that ask no model share few workers with everybody: who waits too long for one is turned away (sandbox/turns.py)."""

BUSY_PAUSE_S: Final = 0.5
REST_MOST_S: Final = 60.0
"""How long it rests, at least and at most, before those are asked again that were busy."""

SETTINGS: Final[TypeAdapter[EvaluatorSettings]] = TypeAdapter(EvaluatorSettings)

UNPAID: Final[dict[str | None, Literal["budget", "credit"]]] = {"capped": "budget", "unfunded": "credit"}
"""Of a score that there is not for want of money, whose it was."""

NO_TEXT: Final = NoScore("unavailable", "the text of this execution is not kept")
NO_ANSWER: Final = NoScore("unavailable", "the answer holds no text")


@dataclass(slots=True)
class Scoring:
    """Scores for one claim. Safe to begin again after a crash: a task is there until its score is, and judges are asked once.

    `turn_s`: so long one of the past is worked on before others have their turn. Where nobody pays for its judges it pauses, and what was
    not paid for keeps its place.
    """

    claim: LiveClaim
    live: LiveEvaluation
    db: Database
    grounds: Grounds
    ask: Ask
    turn_s: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _ready: dict[int, tuple[str, Evaluator | NoScore]] = field(default_factory=dict)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LOOKS_AT_ONCE))

    async def run(self) -> int:
        """Returns how many scores it wrote. Raises LiveClaimLost, Unavailable."""
        written = 0
        loop = asyncio.get_running_loop()
        began = loop.time()
        while tasks := await self._waiting():
            for version in {one.evaluator_version for one in tasks}:
                await self._make_ready(version)
            scored = await asyncio.gather(*(self._score(task) for task in tasks))
            await failpoints.hit("optimizer.before_scores")
            rows = [row for row in scored if isinstance(row, ScoreRow)]
            unpaid = {UNPAID[row.unavailable] for row in rows if row.unavailable in UNPAID} if self.live.is_past else set()
            if unpaid:
                rows = [row for row in rows if row.unavailable not in UNPAID]
            written += await self._write(rows) if rows else 0
            if unpaid:
                await self._pause(max(unpaid))
            if unpaid or (self.live.is_past and loop.time() - began > self.turn_s):
                return written
            rests = [one for one in scored if isinstance(one, float)]
            if rests:
                await self.sleep(min(REST_MOST_S, max(BUSY_PAUSE_S, *rests)))
        return written

    async def _pause(self, because: Literal["budget", "credit"]) -> None:
        async with self.db.unit_of_work(workspace=self.claim.workspace_id) as tx:
            await live_store.pause(tx, self.claim, because=because)
        log.info("scores.paused", live_evaluation_id=str(self.claim.id), because=because)

    async def _waiting(self) -> list[Task]:
        async with self.db.unit_of_work(workspace=self.claim.workspace_id) as tx:
            return await live_store.waiting(tx, self.claim, most=PAGE)

    async def _make_ready(self, version: int) -> None:
        """Kind and evaluator of a version; what is said instead, where it cannot be built here."""
        if version not in self._ready:
            async with self.db.unit_of_work(workspace=self.claim.workspace_id) as tx:
                stored = await live_store.settings_of(tx, self.claim.workspace_id, self.live.evaluator_id, version)
            settings = SETTINGS.validate_python(stored)
            made: Evaluator | NoScore
            try:
                built = await build(settings, grounds=self.grounds, tenant=str(self.claim.workspace_id), ask=self.ask)
                made = built if models_of(settings) else self._in_turn(built)
            except Mistake as mistake:  # such as a language that this installation does not offer any more
                made = NoScore("unavailable", mistake.message)
            self._ready[version] = (settings.kind, made)

    def _in_turn(self, evaluator: Evaluator) -> Evaluator:
        async def evaluate(case: Case) -> Verdict:
            async with self._turn:
                return await evaluator(case)

        return evaluate

    async def _score(self, task: Task) -> ScoreRow | float:
        """Seconds: that long whoever looks at it is busy, which says nothing of the answer; it waits for another turn."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        kind, evaluator = self._ready[task.evaluator_version]
        verdict = await self._verdict(task, evaluator)
        if isinstance(verdict, NoScore) and verdict.rest_s is not None:
            return float(verdict.rest_s)
        row = _row(task, kind, verdict, took_ms=int((loop.time() - began) * 1000))
        metrics.SCORES.labels(kind, row.unavailable or ("passed" if row.passed else "failed_to_pass")).inc()
        return row

    async def _verdict(self, task: Task, evaluator: Evaluator | NoScore) -> Verdict:
        """The edge of one score: what nobody caught is logged, and does not keep the others from theirs."""
        if isinstance(evaluator, NoScore):
            return evaluator
        if not task.has_content:
            return NO_TEXT
        if not task.output:
            return NO_ANSWER
        try:
            return await evaluator(case_of(task))
        except (Unavailable, *UNAVAILABLE):
            raise
        except Exception:
            log.exception("score.failed", execution_id=str(task.execution_id), live_evaluation_id=str(self.claim.id))
            return NoScore("failed", "something went wrong on our side; it has been logged")

    async def _write(self, rows: Sequence[ScoreRow]) -> int:
        async with self.db.unit_of_work(workspace=self.claim.workspace_id) as tx:
            done = set(await live_store.write_scores(tx, self.claim, self.live.evaluator_id, rows))
            forgotten = [call for row in rows if row.execution_id not in done for call in row.judge_executions]
            if forgotten:
                await live_store.forget_judges(tx, self.claim, forgotten)
        return len(done)


def case_of(task: Task) -> Case:
    """What evaluators see of a live execution: the answer, what was asked, the variables. Nobody said what answer is expected."""
    return Case(
        output=task.output or "",
        input=input_of(task.messages or []),
        variables=task.variables or {},
        metadata=task.metadata or {},
        subject=str(task.execution_id),
    )


def input_of(messages: Sequence[dict[str, Any]]) -> Any:
    """What was asked: the text of the one message that is not the system's, or the conversation where there are more."""
    said = [{"role": one.get("role"), "content": one.get("content")} for one in messages if one.get("role") not in ("system", "developer")]
    if len(said) == 1 and isinstance(said[0]["content"], str):
        return said[0]["content"]
    return said or None


def _row(task: Task, kind: str, verdict: Verdict, *, took_ms: int) -> ScoreRow:
    calls: list[UUID] = [call for vote in verdict.votes for call in vote.execution_ids]
    return ScoreRow(
        execution_id=task.execution_id,
        evaluator_version=task.evaluator_version,
        kind=kind,
        score=verdict.score if isinstance(verdict, Score) else None,
        passed=verdict.passed if isinstance(verdict, Score) else None,
        unavailable=None if isinstance(verdict, Score) else verdict.kind,
        reason=storable(verdict.reason)[:REASON_MOST],
        disagreement=verdict.disagreement if isinstance(verdict, Score) else None,
        uncertain=isinstance(verdict, Score) and verdict.uncertain,
        votes=[_vote(one) for one in verdict.votes],
        judge_executions=calls,
        cost_nusd=sum(one.cost_nusd for one in verdict.votes),
        took_ms=took_ms,
        simulated=task.simulated or any(one.simulated for one in verdict.votes),
    )


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "model": vote.model,
        "score": vote.score,
        "reason": storable(vote.reason),
        "execution_ids": [str(one) for one in vote.execution_ids],
        "cost_nusd": vote.cost_nusd,
        "simulated": vote.simulated,
    }
