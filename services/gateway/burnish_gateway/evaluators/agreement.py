"""How far an evaluator and people agree: Cohen's κ with an interval, and the table behind it. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from burnish_shared.measures import Z_95

SMOOTHING: Final = 0.5
"""Added to each cell before the interval is counted, so that perfect agreement on ten cases is not told as certain (Haldane 1956)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One execution: whether it passed, and how many people found it good and bad."""

    passed: bool
    good: int
    bad: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of executions. The first word is the evaluator's, the second people's."""

    passed_good: int = 0
    passed_bad: int = 0
    failed_good: int = 0
    failed_bad: int = 0

    @property
    def n(self) -> int:
        return self.passed_good + self.passed_bad + self.failed_good + self.failed_bad

    def cells(self) -> tuple[int, int, int, int]:
        return (self.passed_good, self.passed_bad, self.failed_good, self.failed_bad)


@dataclass(frozen=True, slots=True)
class Kappa:
    """κ with a 95 % interval."""

    value: float
    low: float
    high: float


def confusion_of(judged: Iterable[Judged]) -> tuple[Confusion, int]:
    """The table, and how many executions are not in it because people were of two minds."""
    cells = [0, 0, 0, 0]
    split = 0
    for one in judged:
        if one.good == one.bad:
            split += 1
        else:
            cells[(0 if one.passed else 2) + (0 if one.good > one.bad else 1)] += 1
    return Confusion(*cells), split


def kappa_of(table: Confusion) -> Kappa | None:
    """Agreement beyond chance (Cohen 1960). None where it is not defined: both always say the same, so chance explains all. Where one of
    both always says the same, it is 0: the other agrees no more than chance would.

    The interval is the large-sample one of Fleiss, Cohen and Everitt (1969), from smoothed counts, widened to hold κ itself.
    """
    value = _kappa(table.cells())
    if value is None:
        return None
    smooth = [count + SMOOTHING for count in table.cells()]
    middle, error = _kappa(smooth), _standard_error(smooth)
    if middle is None:
        return None
    return Kappa(value, max(-1.0, min(value, middle - Z_95 * error)), min(1.0, max(value, middle + Z_95 * error)))


def _kappa(cells: Iterable[float]) -> float | None:
    a, b, c, d = cells
    n = a + b + c + d
    if n == 0:
        return None
    chance = ((a + b) * (a + c) + (c + d) * (b + d)) / (n * n)
    return None if chance >= 1 else ((a + d) / n - chance) / (1 - chance)


def _standard_error(cells: Iterable[float]) -> float:
    a, b, c, d = cells
    n = a + b + c + d
    p = ((a / n, b / n), (c / n, d / n))
    rows = (p[0][0] + p[0][1], p[1][0] + p[1][1])
    columns = (p[0][0] + p[1][0], p[0][1] + p[1][1])
    chance = rows[0] * columns[0] + rows[1] * columns[1]
    kappa = (p[0][0] + p[1][1] - chance) / (1 - chance)
    agree = sum(p[i][i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in (0, 1))
    differ = (1 - kappa) ** 2 * sum(p[i][1 - i] * (columns[i] + rows[1 - i]) ** 2 for i in (0, 1))
    variance = (agree + differ - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2)
    return math.sqrt(max(0.0, variance))
