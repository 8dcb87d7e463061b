"""What a test run says of its answers. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any, Final, Protocol
from uuid import UUID

from burnish_optimizer.core.scoring import is_right
from burnish_shared.evaluators.verdict import NoScore, Score, Verdict
from burnish_shared.expected_answer import compared
from burnish_shared.measures import wilson
from burnish_shared.paired import LEAST_ITEMS

FAILED_CASES_MOST: Final = 200
MATRIX_LABELS_MOST: Final = 100
OTHER: Final = "(other)"
"""In the confusion matrix: an answer that no item expects."""

CRITERIA: Final = "criteria"
"""Among the scores of a failed case, beside evaluators by their ids: what the item's own criteria say."""


@dataclass(frozen=True, slots=True)
class Case:
    """One answered item. `output` None: the execution did not succeed, and `error` says why. `expected` None: there is no right answer."""

    item_id: UUID
    execution_id: UUID
    input: str | dict[str, Any]
    expected: str | None
    output: str | None
    cost_nusd: int
    latency_ms: int | None
    error: dict[str, Any] | None = None
    verdicts: Mapping[UUID, Verdict] = field(default_factory=dict)
    is_compared: bool = True
    """`expected` is the right answer, and not the criteria of one."""
    judged: Verdict | None = None
    """What the criteria of the item say, where it has some."""
    trace_id: UUID | None = None
    """Of its calls, where a chain is tested."""

    @property
    def is_open(self) -> bool:
        """It is neither right nor wrong: nobody said what is right, or by which criteria."""
        return self.expected is None and self.judged is None

    @property
    def is_right(self) -> bool:
        return is_right_by(self.output, expected=self.expected, is_compared=self.is_compared, verdict=self.judged)

    @property
    def has_failed(self) -> bool:
        """It is wrong; or, where nothing is right or wrong, it has no answer, or one that an evaluator does not let pass."""
        if not self.is_open:
            return not self.is_right
        return self.output is None or any(isinstance(one, Score) and not one.passed for one in self.verdicts.values())


def is_right_by(output: str | None, *, expected: str | None, is_compared: bool, verdict: Verdict | None) -> bool:
    """Whether an answer is the expected one, where there is one, and passes by its criteria, where there are some."""
    if output is None or (is_compared and (expected is None or not is_right(output, expected=expected))):
        return False
    return verdict is None or (isinstance(verdict, Score) and verdict.passed)


class Named(Protocol):
    """An evaluator that scored answers."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...


def summarize(cases: Sequence[Case], *, evaluators: Mapping[UUID, Named] | None = None) -> dict[str, Any]:
    """The result of a test run as it is kept and shown (PRODUCT D3): of all cases, or of those that have come so far.

    `evaluators`: by id those that scored the answers. What is right or wrong is counted of cases that have a right answer alone.
    """
    compared = [case for case in cases if not case.is_open]
    correct = sum(case.is_right for case in compared)
    failed = [case for case in cases if case.has_failed]
    return {
        "metrics": {
            "overall_accuracy": round(correct / len(compared), 6) if compared else None,
            "interval": _interval_of_items(_answers(compared)),
            "correct": correct,
            "total": len(compared),
            "without_right_answer": len(cases) - len(compared),
            "errors": sum(case.output is None for case in cases),
            "category_stats": _categories(_labelled(cases)),
            **_reliability(compared),
        },
        "confusion_matrix": _confusion(_labelled(cases)),
        "failed_cases": [_failed(case) for case in failed[:FAILED_CASES_MOST]],
        "failed_cases_left_out": max(0, len(failed) - FAILED_CASES_MOST),
        "cost_nusd": sum(case.cost_nusd for case in cases),
        "latency_ms": _latency([case.latency_ms for case in cases if case.latency_ms is not None]),
        "evaluators": [_scored(cases, evaluator_id, named) for evaluator_id, named in (evaluators or {}).items()],
    }


def scores_of(case: Case) -> dict[str, Any]:
    """Evaluator → {score, passed}, of those that have a score for the answer."""
    scores = {str(one): said for one, said in case.verdicts.items() if isinstance(said, Score)}
    return {one: {"score": said.score, "passed": said.passed} for one, said in scores.items()}


def _by_item(answers: Sequence[tuple[UUID, bool]]) -> list[tuple[int, int]]:
    """(right, asked) of each item, from an item and whether it was right for each answer."""
    asked = Counter(item_id for item_id, _ in answers)
    right = Counter(item_id for item_id, is_right in answers if is_right)
    return [(right[item_id], times) for item_id, times in asked.items()]


def _answers(cases: Sequence[Case]) -> list[tuple[UUID, bool]]:
    return [(case.item_id, case.is_right) for case in cases]


def _interval_of_items(answers: Sequence[tuple[UUID, bool]]) -> dict[str, float]:
    """Wilson's, of items and not of answers: repeats of one item say little about other items. Without repeats that is the same."""
    items = _by_item(answers)
    interval = wilson(sum(right / asked for right, asked in items), len(items))
    low, high = (interval.low, interval.high) if interval is not None else (0.0, 1.0)
    return {"low": round(low, 6), "high": round(high, 6), "confidence": 0.95}


def _reliability(cases: Sequence[Case]) -> dict[str, Any]:
    """How sure one can be of an item: pass^k is the chance that k tries are all right, meaned over items (τ-bench, Yao et al. 2024)."""
    items = _by_item(_answers(cases))
    least = min((asked for _, asked in items), default=0)
    return {
        "items": len(items),
        "too_small": len(items) < LEAST_ITEMS,
        "pass_k": [
            {"k": k, "share": round(sum(comb(right, k) / comb(asked, k) for right, asked in items) / len(items), 6)}
            for k in range(1, least + 1)
        ],
        "always_right": sum(right == asked for right, asked in items),
        "sometimes_right": sum(0 < right < asked for right, asked in items),
        "never_right": sum(right == 0 for right, _ in items),
    }


def _scored(cases: Sequence[Case], evaluator_id: UUID, named: Named) -> dict[str, Any]:
    """What one evaluator says of the answers. Answers without a score are counted, and are in no mean."""
    told = [(case.item_id, case.verdicts[evaluator_id]) for case in cases if evaluator_id in case.verdicts]
    verdicts = [verdict for _, verdict in told]
    scores = [one for one in verdicts if isinstance(one, Score)]
    reasons = Counter(one.reason for one in verdicts if isinstance(one, NoScore))
    return {
        "id": str(evaluator_id),
        "name": named.name,
        "version": named.version,
        "n": len(scores),
        "mean_score": round(sum(one.score for one in scores) / len(scores), 6) if scores else None,
        "passed": sum(one.passed for one in scores),
        "interval": _interval_of_items([(item_id, one.passed) for item_id, one in told if isinstance(one, Score)]),
        "uncertain": sum(one.uncertain for one in scores),
        "cost_nusd": sum(vote.cost_nusd for one in verdicts for vote in one.votes),
        "without_score": sum(reasons.values()),
        "why_without": reasons.most_common(1)[0][0] if reasons else None,
    }


def _labelled(cases: Sequence[Case]) -> list[tuple[str, Case]]:
    """With what they expect, those that are compared with it."""
    return [(case.expected, case) for case in cases if case.is_compared and case.expected is not None]


def _categories(cases: Sequence[tuple[str, Case]]) -> dict[str, dict[str, Any]]:
    stats: dict[str, dict[str, Any]] = {}
    for label in sorted({label for label, _ in cases}):
        own = [case for other, case in cases if other == label]
        correct = sum(case.is_right for case in own)
        stats[label] = {
            "total": len(own),
            "correct": correct,
            "accuracy": round(correct / len(own), 6),
            "interval": _interval_of_items(_answers(own)),
            "too_small": len({case.item_id for case in own}) < LEAST_ITEMS,
        }
        if len(stats) == MATRIX_LABELS_MOST:
            break
    return stats


def _confusion(cases: Sequence[tuple[str, Case]]) -> dict[str, dict[str, int]]:
    """Expected → answered → count; only what occurred, by what items expect as it stands there. Empty where answers are no categories."""
    labels = sorted({expected.strip() for expected, _ in cases}, reverse=True)
    if len(labels) > MATRIX_LABELS_MOST:
        return {}
    by_value = {compared(label): label for label in labels}
    matrix: dict[str, Counter[str]] = {label: Counter() for label in reversed(labels)}
    for expected, case in cases:
        label, got = expected.strip(), compared(case.output or "")
        matrix[label][label if got == compared(label) else by_value.get(got, OTHER)] += 1
    return {label: dict(sorted(row.items())) for label, row in matrix.items()}


def _failed(case: Case) -> dict[str, Any]:
    return {
        "item_id": str(case.item_id),
        "execution_id": str(case.execution_id) if case.execution_id.int else None,
        **({} if case.trace_id is None else {"trace_id": case.trace_id.hex}),
        "input": case.input,
        "expected": case.expected,
        "output": case.output,
        "error": case.error,
        "cost_nusd": case.cost_nusd,
        "latency_ms": case.latency_ms,
        "scores": {str(one): _shown(verdict) for one, verdict in case.verdicts.items()}
        | ({} if case.judged is None else {CRITERIA: _shown(case.judged)}),
    }


def _shown(verdict: Verdict) -> dict[str, Any]:
    match verdict:
        case Score(score, passed, reason):
            return {"score": score, "passed": passed, "reason": reason}
        case NoScore(kind, reason):
            return {"score": None, "unavailable": kind, "reason": reason}


def _latency(values: Sequence[int]) -> dict[str, int] | None:
    """Nearest-rank percentiles."""
    if not values:
        return None
    ranked = sorted(values)
    return {f"p{share}": ranked[-(-len(ranked) * share // 100) - 1] for share in (50, 95)}
