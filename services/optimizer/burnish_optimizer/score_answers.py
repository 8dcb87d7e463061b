"""Scores answers with the evaluators of a test run."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import UUID

from pydantic import TypeAdapter

from burnish_optimizer.ask_again import verdict_of
from burnish_optimizer.io.evaluators_store import SavedEvaluator
from burnish_shared.contracts.evaluators import EvaluatorSettings, Pairwise
from burnish_shared.evaluators import Ask, Case, Evaluator, Grounds, Mistake, NoScore, Verdict, build

SETTINGS: TypeAdapter[EvaluatorSettings] = TypeAdapter(EvaluatorSettings)

NO_OTHER: Final = NoScore("unavailable", "the run to compare with has no answer to this item")


@dataclass(frozen=True, slots=True)
class Scorers:
    """Evaluators by id, saved and ready. `broken`: those that cannot be built here, and what they say instead of a score.

    `others`: answers to compare with by item, where the run is compared with another one; None: with the expected ones.
    """

    saved: Mapping[UUID, SavedEvaluator]
    ready: Mapping[UUID, Evaluator]
    broken: Mapping[UUID, NoScore]
    pairwise: frozenset[UUID] = frozenset()
    others: Mapping[UUID, str] | None = field(default=None, repr=False)

    @classmethod
    async def of(
        cls, saved: Sequence[SavedEvaluator], *, grounds: Grounds, workspace_id: UUID, ask: Ask, others: Mapping[UUID, str] | None = None
    ) -> Self:
        """`ask`: how judges are asked."""
        ready: dict[UUID, Evaluator] = {}
        broken: dict[UUID, NoScore] = {}
        pairwise: set[UUID] = set()
        for one in saved:
            try:
                settings = SETTINGS.validate_python(one.settings)
                ready[one.evaluator_id] = await build(settings, grounds=grounds, tenant=str(workspace_id), ask=ask)
            except Mistake as mistake:  # such as a language that this installation does not offer any more
                broken[one.evaluator_id] = NoScore("unavailable", mistake.message)
            else:
                pairwise |= {one.evaluator_id} if isinstance(settings, Pairwise) else set()
        return cls({one.evaluator_id: one for one in saved}, ready, broken, frozenset(pairwise), others)

    async def verdicts(
        self,
        output: str,
        *,
        expected: str | None,
        given: str | dict[str, Any],
        variables: Mapping[str, Any],
        item_id: UUID,
        execution_id: UUID,
    ) -> dict[UUID, Verdict]:
        """What each evaluator says of one answer, once it was free to say it. `given`: the item's input. `expected` None: there is no right
        answer."""
        other = None if self.others is None else self.others.get(item_id)
        case = Case(output=output, expected=expected, input=given, variables=variables, other=other, subject=str(execution_id))
        asked = {one: evaluator for one, evaluator in self.ready.items() if not self._lacks_other(one, other)}
        said = await asyncio.gather(*(verdict_of(evaluator, case) for evaluator in asked.values()))
        lacking = {one: NO_OTHER for one in self.ready if one not in asked}
        found: dict[UUID, Verdict] = {**self.broken, **lacking, **dict(zip(asked, said, strict=True))}
        return {one: found[one] for one in self.saved if one in found}

    def _lacks_other(self, evaluator_id: UUID, other: str | None) -> bool:
        return evaluator_id in self.pairwise and self.others is not None and other is None
