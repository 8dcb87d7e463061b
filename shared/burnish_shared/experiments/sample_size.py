"""How much is needed, before the start and on the way: for the checklist, and for "about three days left"."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log, sqrt
from statistics import NormalDist
from typing import Final

from burnish_shared.contracts.experiments import Method
from burnish_shared.experiments.sequence import rho

POWER: Final = 0.8
"""Chance of finding an effect that is as large as asked; the usual choice."""

ANY_TIME: Final = 1_000
"""Least horizon of a sequence, in units (SCIENCE section 5)."""

MOST: Final = 10**9


@dataclass(frozen=True, slots=True)
class Needed:
    """Units in all arms together, and of those in the smallest arm that is compared. `days`: at so many units a day; None: not known."""

    units: int
    smallest_arm: int
    days: float | None


def horizon_of(*, min_samples: int, arms: int) -> int:
    """S of a confidence sequence: max(2 · min_samples · arms, 1000), in units (SCIENCE section 5)."""
    return max(2 * min_samples * arms, ANY_TIME)


def fixed_units(*, effect: float, variance: float, alpha: float, power: float = POWER) -> int:
    """Units in both arms of an even split that a single look at the end needs: 2·(z(1−α/2) + z(power))² · 2v/δ². Two-sided."""
    normal = NormalDist()
    reach = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)
    return ceil(4 * variance * (reach / effect) ** 2)


def sequential_units(*, effect: float, variance: float, alpha: float, horizon: float, power: float = POWER) -> int:
    """Units in both arms of an even split after which a confidence sequence has found the effect with this chance: where its half width is
    effect − z(power) standard errors. Most experiments end earlier: about the half-way point on average."""
    z, own = NormalDist().inv_cdf(power), rho(horizon, alpha)
    return least_units(lambda n: _is_enough(n, effect=effect, variance=variance, alpha=alpha, own=own, z=z))


def least_units(is_enough: Callable[[int], bool]) -> int:
    """The least number of units that is enough, where more are enough too; MOST where none is."""
    low, high = 2, 4
    while not is_enough(high):
        low, high = high, 2 * high
        if high > MOST:
            return MOST
    while low < high:
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _is_enough(n: int, *, effect: float, variance: float, alpha: float, own: float, z: float) -> bool:
    spread = 4 * variance
    half = sqrt(spread * (n + own) / n**2 * log((n + own) / (own * alpha**2)))
    return half + z * sqrt(spread / n) <= effect


AT_THE_END: Final = 0.8
"""Of α, what a hybrid rule leaves for its last look: .04 of .05; the sequence before it gets the rest (SCIENCE section 5)."""

OBRIEN_FLEMING: Final = 1.03
"""Units of five looks beside those of one at the end (Jennison and Turnbull, table 2.4: 1.028 for 80 % at 5 %)."""


def needed(
    *,
    effect: float,
    variance: float,
    alpha: float,
    arms: int,
    smallest_share: float,
    method: Method,
    min_samples: int,
    horizon: float,
    units_a_day: float | None,
) -> Needed:
    """`effect` in the metric's unit, `variance` between units, `alpha` of the whole experiment, `smallest_share` of the arm with the
    fewest units (0.5 where two are even). A share that is not even needs more in all: what counts is 4·p·(1−p) of an even split.

    Several treatments are each compared with the control: the pair of the smallest arm and the control decides.
    """
    if effect <= 0 or variance <= 0 or not 0 < smallest_share < 1:
        raise ValueError("an effect, a variance and a share above 0 are needed")
    of_one = alpha / max(1, arms - 1)
    match method:
        case "sequential":
            even = sequential_units(effect=effect, variance=variance, alpha=of_one, horizon=horizon)
        case "hybrid":
            even = fixed_units(effect=effect, variance=variance, alpha=AT_THE_END * of_one)
        case "group_sequential":
            even = ceil(OBRIEN_FLEMING * fixed_units(effect=effect, variance=variance, alpha=of_one))
        case "fixed":
            even = fixed_units(effect=effect, variance=variance, alpha=of_one)
    return in_arms(even, arms=arms, smallest_share=smallest_share, min_samples=min_samples, units_a_day=units_a_day)


def in_arms(even: int, *, arms: int, smallest_share: float, min_samples: int, units_a_day: float | None) -> Needed:
    """What `even` units of both arms of an even split are in arms of other shares; see `needed`."""
    # n_c·n_t/(n_c + n_t) of the pair must reach even/4; the control has what its share is, at best an even part of the rest.
    control_share = (1 - smallest_share) / max(1, arms - 1)
    pair = 4 * smallest_share * control_share / (smallest_share + control_share)
    units = max(ceil(even / pair), ceil(min_samples / smallest_share))
    return Needed(units, ceil(units * smallest_share), units / units_a_day if units_a_day else None)


def days_left(*, needed_units: int, seen_units: int, units_a_day: float | None) -> float | None:
    """None where nobody comes, or nobody knows how many."""
    return max(0, needed_units - seen_units) / units_a_day if units_a_day else None


def share_variance(value: float, *, size: float = 1.0, correlation: float = 0.0) -> float:
    """Between units, of a share: with `size` observations a unit that resemble each other by `correlation`, the variance is
    p(1−p)·(1 + (size−1)·ρ)/size (Kish, "Survey Sampling", 1965, the design effect)."""
    size = max(1.0, size)
    return value * (1 - value) * (1 + (size - 1) * correlation) / size
