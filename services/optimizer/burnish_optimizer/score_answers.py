"""Scores answers with the evaluators of a test run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from pydantic import TypeAdapter

from burnish_optimizer.io.evaluators_store import SavedEvaluator
from burnish_shared.contracts.evaluators import EvaluatorSettings
from burnish_shared.evaluators import Case, Evaluator, Grounds, Mistake, NoScore, Verdict, build

SETTINGS: TypeAdapter[EvaluatorSettings] = TypeAdapter(EvaluatorSettings)


@dataclass(frozen=True, slots=True)
class Scorers:
    """Ready evaluators by id, with their names. `broken`: those that cannot be built here, and what they say instead of a score."""

    names: Mapping[UUID, str]
    ready: Mapping[UUID, Evaluator]
    broken: Mapping[UUID, NoScore]

    @classmethod
    async def of(cls, saved: Sequence[SavedEvaluator], *, grounds: Grounds, workspace_id: UUID) -> Self:
        ready: dict[UUID, Evaluator] = {}
        broken: dict[UUID, NoScore] = {}
        for one in saved:
            try:
                settings = SETTINGS.validate_python(one.settings)
                ready[one.evaluator_id] = await build(settings, grounds=grounds, tenant=str(workspace_id))
            except Mistake as mistake:  # such as a language that this installation does not offer any more
                broken[one.evaluator_id] = NoScore("unavailable", mistake.message)
        return cls({one.evaluator_id: one.name for one in saved}, ready, broken)

    async def verdicts(
        self, output: str, *, expected: str, given: str | dict[str, Any], variables: Mapping[str, Any]
    ) -> dict[UUID, Verdict]:
        """What each evaluator says of one answer. `given`: the item's input."""
        case = Case(output=output, expected=expected, input=given, variables=variables)
        return {**self.broken, **{one: await evaluator(case) for one, evaluator in self.ready.items()}}
