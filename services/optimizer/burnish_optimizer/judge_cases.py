"""Judges answers to items that have criteria (test cases), and writes down what is right by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_optimizer.ask_again import verdict_of
from burnish_optimizer.core.summary import is_right_by
from burnish_optimizer.io import evaluations_store
from burnish_optimizer.io.datasets_store import RunItem
from burnish_optimizer.io.questions import Answer, EvaluationFailed, out_of_funds
from burnish_shared.db.session import Database
from burnish_shared.evaluators import Ask, Case, Grounds, NoScore, Verdict, build
from burnish_shared.judged_cases import judge_by


@dataclass(frozen=True, slots=True)
class CaseJudge:
    """The judge of one test run. `model` None: its items have no criteria. `writes`: the answers have rows before they are judged."""

    model: str | None
    workspace_id: UUID
    test_run_id: UUID
    grounds: Grounds
    ask: Ask
    db: Database
    writes: bool = True

    async def verdict(self, item: RunItem, answer: Answer, *, variables: Mapping[str, Any]) -> Verdict | None:
        """What the criteria of an item say of an answer, which is its score from then on. None where it has none, or nothing was answered.
        A judge that answered and could not be read passes nothing.

        Raises OutOfFunds where it could not be paid, EvaluationFailed where it could not be asked: of such an answer nothing is known.
        """
        if not item.judged.criteria or answer.output is None:
            return None
        if self.model is None:
            raise EvaluationFailed("An item has criteria, and no model judges them. Start the run again.")
        evaluator = await build(
            judge_by(item.judged.criteria, model=self.model), grounds=self.grounds, tenant=str(self.workspace_id), ask=self.ask
        )
        expected = item.expected if item.is_compared else None
        case = Case(output=answer.output, expected=expected, input=item.input, variables=variables, subject=str(answer.execution_id))
        said = await verdict_of(evaluator, case)
        if isinstance(said, NoScore) and said.kind in ("unfunded", "capped"):
            raise out_of_funds(said.verdict or said.reason)
        if isinstance(said, NoScore) and not any(vote.execution_ids for vote in said.votes):
            raise EvaluationFailed(f"The judge {self.model} could not be asked: {said.reason}")
        if self.writes:
            await self._write(item, answer, said)
        return said

    async def _write(self, item: RunItem, answer: Answer, said: Verdict) -> None:
        right = is_right_by(answer.output, expected=item.expected, is_compared=item.is_compared, verdict=said)
        async with self.db.unit_of_work(workspace=self.workspace_id) as tx:
            await evaluations_store.score_again(tx, self.workspace_id, self.test_run_id, [(answer.execution_id, float(right))])
