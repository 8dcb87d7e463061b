"""Scores the answers of candidates by the metrics of a job: what is known of an answer, evaluators, judges, and people's own code."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import UUID

from burnish_optimizer.ask_again import verdict_of
from burnish_optimizer.core.objective import ACCURACY, COHERENCE, RELEVANCE, Parts, scored
from burnish_optimizer.core.scoring import is_right
from burnish_optimizer.io.evaluators_store import SavedEvaluator
from burnish_optimizer.io.questions import Answer, EvaluationFailed, out_of_funds
from burnish_optimizer.score_answers import SETTINGS
from burnish_shared.contracts.evaluators import EvaluatorSettings, LlmJudge, Toxicity
from burnish_shared.contracts.searches import Metric
from burnish_shared.evaluators import Ask, Case, Evaluator, Grounds, Mistake, NoScore, Score, Verdict, build

NO_FEEDBACK: Final = "nobody sees the answers of a search, so nobody reacts to them; method semantic reads what people said"
SAID_MOST: Final = 400
"""Characters of what an evaluator said of an answer that whoever proposes gets to read."""

NO_JUDGE: Final = "it takes a model that judges: name one in models.judge"


@dataclass(frozen=True, slots=True)
class Judged:
    """`cost_nusd`: what judges cost, beside the answer itself. `said`: why evaluators did not find it perfect, a line each."""

    parts: Parts
    cost_nusd: int
    simulated: bool = False
    said: str = ""

    @property
    def score(self) -> float:
        return self.parts.score or 0.0


@dataclass(slots=True)
class Fitness:
    """`unavailable`: metrics without their means, by name, and why; they stand for nothing."""

    metrics: Sequence[Metric]
    evaluators: Mapping[str, Evaluator] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    unscored: dict[str, int] = field(default_factory=dict)
    """In how many answers a metric could not be taken."""

    @classmethod
    async def of(
        cls, metrics: Sequence[Metric], saved: Sequence[SavedEvaluator], *, judge: str | None, grounds: Grounds, tenant: str, ask: Ask
    ) -> Self:
        """Ready to score. `ask`: how judges are asked, on the job's account."""
        made = cls(metrics or ACCURACY)
        by_id = {one.evaluator_id: one for one in saved}
        ready: dict[str, Evaluator] = {}
        for metric in made.metrics:
            found = _evaluator_of(metric, by_id, judge=judge)
            if isinstance(found, str):
                made.unavailable[metric.name] = found
            elif found is not None:
                try:
                    ready[metric.name] = await build(found, grounds=grounds, tenant=tenant, ask=ask)
                except Mistake as mistake:
                    made.unavailable[metric.name] = mistake.message
        made.evaluators = ready
        return made

    @property
    def is_plain(self) -> bool:
        """Whether right or wrong is all that counts."""
        return list(self.metrics) == list(ACCURACY)

    async def judge(self, answer: Answer, *, expected: str | None, given: str | dict[str, Any], variables: Mapping[str, Any]) -> Judged:
        """An answer that failed scores 0, and no judge is asked of it. `expected` None: there is no right answer, so accuracy cannot be
        taken. Raises OutOfFunds where a judge could not be paid, and EvaluationFailed where no metric with a weight could be taken."""
        if answer.output is None:
            return Judged(Parts(0.0, {}), 0)
        case = Case(output=answer.output, expected=expected, input=given, variables=variables, subject=str(answer.execution_id))
        said = dict(zip(self.evaluators, await asyncio.gather(*(_verdict(one, case) for one in self.evaluators.values())), strict=True))
        values = {one.name: self._value(one, answer, expected=expected, said=said) for one in self.metrics}
        parts = scored(self.metrics, values)
        for one in self.metrics:
            is_asked = expected is not None or one.metric != "accuracy"  # without a right answer nobody asks for it
            if is_asked and values[one.name] is None and one.name not in self.unavailable:
                self.unscored[one.name] = self.unscored.get(one.name, 0) + 1
        if parts.score is None:
            reasons = [one.reason for one in said.values() if isinstance(one, NoScore)] or list(self.unavailable.values())
            raise EvaluationFailed(f"No metric could be taken: {(reasons or ['unknown'])[0][:300]}")
        votes = [vote for one in said.values() for vote in one.votes]
        return Judged(parts, sum(one.cost_nusd for one in votes), any(one.simulated for one in votes), _in_words(said))

    def _value(self, metric: Metric, answer: Answer, *, expected: str | None, said: Mapping[str, Verdict]) -> float | None:
        match metric.metric:
            case "accuracy":
                return None if expected is None else float(is_right(answer.output, expected=expected))
            case "cost":
                return answer.cost_nusd
            case "latency":
                return None if answer.latency_ms is None else float(answer.latency_ms)
            case "length":
                return float(len(answer.output or ""))
            case _:
                return _score_of(said.get(metric.name))


def why_unavailable(metric: Metric, *, judge: str | None) -> str | None:
    """What a metric lacks that could be known before anything is asked; None: nothing."""
    if metric.metric == "feedback":
        return NO_FEEDBACK
    return NO_JUDGE if metric.metric in ("relevance", "coherence") and judge is None else None


def _evaluator_of(metric: Metric, saved: Mapping[UUID, SavedEvaluator], *, judge: str | None) -> EvaluatorSettings | str | None:
    """The evaluator that takes a metric; why there is none; None where none is needed."""
    lacking = why_unavailable(metric, judge=judge)
    if lacking is not None:
        return lacking
    if metric.metric in ("relevance", "coherence") and judge is not None:
        rubric = RELEVANCE if metric.metric == "relevance" else COHERENCE
        return LlmJudge(kind="llm_judge", rubric=rubric, model=judge, sees=["input"])
    if metric.metric == "toxicity":
        return Toxicity(kind="toxicity")
    if metric.evaluator_id is not None:
        one = saved.get(metric.evaluator_id)
        return "the evaluator is gone" if one is None else SETTINGS.validate_python(one.settings)
    return None


async def _verdict(evaluator: Evaluator, case: Case) -> Verdict:
    """What it says, once it was free to say it. Raises OutOfFunds."""
    said = await verdict_of(evaluator, case)
    if isinstance(said, NoScore) and said.kind in ("unfunded", "capped"):
        raise out_of_funds(said.verdict or said.reason)
    return said


def _in_words(said: Mapping[str, Verdict]) -> str:
    """What those said that give a reason and not a whole score; each once, in order."""
    reasons = [" ".join(one.reason.split())[:SAID_MOST] for one in said.values() if isinstance(one, Score) and one.score < 1]
    return "\n".join(dict.fromkeys(reason for reason in reasons if reason))


def _score_of(said: Verdict | None) -> float | None:
    """A judge that could not be read says nothing; code that fails on an answer is failed by it (PROMISES O-09)."""
    if isinstance(said, Score):
        return said.score
    if isinstance(said, NoScore) and said.kind == "failed" and not said.votes:
        return 0.0
    return None
