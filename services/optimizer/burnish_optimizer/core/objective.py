"""One score of an answer from what several metrics say of it (PRODUCT O2, fitness). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from burnish_shared.contracts.searches import GROWING, Metric

ACCURACY: Final = (Metric(metric="accuracy"),)
"""What is looked at where nothing is said."""

RELEVANCE: Final = """The answer does what the input asks for, and nothing else.
Everything that the input asks for is there.
Nothing in the answer is beside the point."""

COHERENCE: Final = """Each sentence follows from what stands before it.
The answer does not contradict itself.
It reads as one text in one voice, and ends where it is complete."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What was measured in one answer, by metric. None: it could not be taken, and stands neither for 0 nor for 1."""

    score: float | None
    values: Mapping[str, float | None] = field(default_factory=dict)


def scored(metrics: Sequence[Metric], values: Mapping[str, float | None]) -> Parts:
    """The weighted mean of the metrics that could be taken; 0 beyond a bound; None where none with a weight could be taken.

    A bound of which the metric could not be taken holds nobody back.
    """
    weighed = [(one.counts, _from_zero_to_one(one, value)) for one in metrics if one.counts and (value := values.get(one.name)) is not None]
    if not weighed:
        return Parts(None, values)
    if any(_is_beyond(one, values.get(one.name)) for one in metrics):
        return Parts(0.0, values)
    return Parts(sum(weight * value for weight, value in weighed) / sum(weight for weight, _ in weighed), values)


def _from_zero_to_one(metric: Metric, value: float) -> float:
    if metric.metric in GROWING and metric.zero_at is not None:
        return max(0.0, 1 - value / metric.zero_at)
    return min(1.0, max(0.0, value))


def _is_beyond(metric: Metric, value: float | None) -> bool:
    if value is None:
        return False
    return (metric.at_least is not None and value < metric.at_least) or (metric.at_most is not None and value > metric.at_most)
