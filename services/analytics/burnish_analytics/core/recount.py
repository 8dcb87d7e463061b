"""Do the rollups say what the raw rows say? Pure."""

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal

from burnish_analytics.core.rollup import SUMS, ArmKey, EndUserKey, Measures, MetricKey, RollupKey, SetKey
from burnish_analytics.core.score_sums import ScoredKey
from burnish_shared.distinct import EMPTY, estimate, marked
from burnish_shared.measures import merged

Key = RollupKey | SetKey
Side = dict[Key, Measures]
Mark = tuple[int, int]
"""Of an element of a sketch: register and rank."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of one rollup row that is not what the raw rows add up to."""

    key: RollupKey | SetKey | MetricKey | EndUserKey | ArmKey | ScoredKey
    figure: str
    rollup: int | Decimal
    recounted: int | Decimal


def counted_side(side: Side, key: Key, *, sums: dict[str, int], latency: Sequence[int], first_token: Sequence[int]) -> None:
    """Adds one row of the store's answer; the two sequences are histograms."""
    measures = side.setdefault(key, Measures())
    for name, value in sums.items():
        if value:
            setattr(measures, name, getattr(measures, name) + value)
    measures.latency = merged(measures.latency, latency)
    measures.first_token = merged(measures.first_token, first_token)


def differences(raw: Side, rolled: Side) -> list[Difference]:
    """Every figure that differs, by key. Rows that are missing on one side count as zeros; a rollup row of zeros differs from nothing."""
    found: list[Difference] = []
    differ = (key for key in raw.keys() | rolled.keys() if raw.get(key) != rolled.get(key))
    for key in sorted(differ, key=astuple):
        one, other = rolled.get(key, Measures()), raw.get(key, Measures())
        for name in SUMS:
            if getattr(one, name) != getattr(other, name):
                found.append(Difference(key, name, rollup=getattr(one, name), recounted=getattr(other, name)))
        for name in ("latency", "first_token"):
            held, counted = getattr(one, name), getattr(other, name)
            if _trimmed(held) != _trimmed(counted):
                found.append(Difference(key, name, rollup=sum(held), recounted=sum(counted)))
    return found


def lacking(key: EndUserKey, *, held: bytes, marks: Collection[Mark]) -> Difference | None:
    """A sketch that has not seen somebody whom raw rows name. One that has seen more is right: persons are forgotten before numbers."""
    if all(held[register] >= rank for register, rank in marks):
        return None
    return Difference(key, "end_users", rollup=estimate(held), recounted=estimate(marked(EMPTY, marks)))


def _trimmed(counts: Sequence[int]) -> list[int]:
    kept = list(counts)
    while kept and kept[-1] == 0:
        kept.pop()
    return kept
