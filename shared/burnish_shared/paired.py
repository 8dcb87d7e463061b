"""Two measurements of the same items: how sure can one be that the second is better? Pure, of whole counts and exact where that is cheap.

Each item has a score from 0 to 1 in both (the share of its repeats that were right). Items count once, however often they were repeated:
repeats of one item say little about other items.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Final, Literal

from burnish_shared.measures import Interval, wilson

CONFIDENCE: Final = 0.95
POWER: Final = 0.8
"""Chance of finding a true difference as large as `smallest_difference`; the usual choice."""

LEAST_ITEMS: Final = 30
"""With fewer items nothing is claimed: an interval of a share is then wider than ±17 points."""

TELLING_DIFFERENCE: Final = 0.1
"""Where not even ten points could be seen, "no difference" would be a false word for "too small to tell"."""

EXACT_MOST: Final = 60
"""Up to so many items that differ, all their signs are counted out when scores are not 0 or 1; above, the normal law is within 0.003."""

Verdict = Literal["better", "worse", "no_difference", "too_small"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second beside the first. `difference` is second minus first, as a share of items, with its 95 % bounds.

    `smallest_difference`: what so many items find four times in five. `items_needed`: how many would find the difference that was seen;
    None where none was seen.
    """

    items: int
    fixed: int
    broken: int
    difference: Interval
    test: Literal["mcnemar", "sign_flip"]
    p_value: float
    smallest_difference: float
    items_needed: int | None
    verdict: Verdict


def compare(first: Sequence[Fraction], second: Sequence[Fraction]) -> Comparison | None:
    """Both in the same order of items, scores 0..1. None without items. Two-sided, 95 %."""
    pairs = list(zip(first, second, strict=True))
    if not pairs:
        return None
    differences = [after - before for before, after in pairs]
    is_binary = all(score in (0, 1) for pair in pairs for score in pair)
    fixed, broken = sum(one > 0 for one in differences), sum(one < 0 for one in differences)
    interval = newcombe(pairs) if is_binary else adjusted_wald(differences)
    smallest, needed = _power(differences)
    p_value = mcnemar(fixed=fixed, broken=broken) if is_binary else sign_flip(differences)
    return Comparison(
        items=len(pairs),
        fixed=fixed,
        broken=broken,
        difference=interval,
        test="mcnemar" if is_binary else "sign_flip",
        p_value=p_value,
        smallest_difference=smallest,
        items_needed=needed,
        verdict=_verdict(len(pairs), interval, p_value=p_value, smallest=smallest),
    )


def mcnemar(*, fixed: int, broken: int) -> float:
    """Exact, two-sided: P(a split of the items that differ as uneven as this | a fair coin), in integers to the end. 1.0 without any."""
    n, fewer = fixed + broken, min(fixed, broken)
    term = total = 1
    for k in range(1, fewer + 1):
        term = term * (n - k + 1) // k
        total += term
    return min(1.0, float(Fraction(2 * total, 1 << n)))


def sign_flip(differences: Sequence[Fraction]) -> float:
    """Two-sided sign-flip test: P(a sum as far from 0 | each difference may as well have the other sign). 1.0 where nothing differs."""
    sizes = [abs(one) for one in differences if one != 0]
    seen = abs(sum(differences, Fraction()))
    if not sizes:
        return 1.0
    if len(sizes) > EXACT_MOST:
        spread = math.sqrt(float(sum(size * size for size in sizes)))
        return min(1.0, 2 * (1 - NormalDist().cdf(float(seen) / spread)))
    unit = math.lcm(*(size.denominator for size in sizes))
    chances = {0: 1.0}
    for size in sizes:
        step, after = int(size * unit), dict[int, float]()
        for place, chance in chances.items():
            for there in (place + step, place - step):
                after[there] = after.get(there, 0.0) + chance / 2
        chances = after
    edge = int(seen * unit)
    return min(1.0, sum(chance for place, chance in chances.items() if abs(place) >= edge))


def newcombe(pairs: Sequence[tuple[Fraction, Fraction]]) -> Interval:
    """Newcombe's hybrid score interval for paired shares, his method 10 (Statistics in Medicine 17, 1998, 2635–2650). Scores 0 or 1.

    Keeps its coverage where few items differ.
    """
    n = len(pairs)
    both, neither = sum(a == b == 1 for a, b in pairs), sum(a == b == 0 for a, b in pairs)
    broken = sum(a > b for a, b in pairs)
    fixed = n - both - neither - broken
    before, after = wilson(both + broken, n), wilson(both + fixed, n)
    if before is None or after is None:
        raise ValueError("an interval needs items")
    margins = (both + fixed) * (broken + neither) * (both + broken) * (fixed + neither)
    moment = float(both * neither - fixed * broken)
    phi = 0.0 if margins == 0 else (max(moment - n / 2, 0.0) if moment > 0 else moment) / math.sqrt(margins)
    value = after.value - before.value
    down, up = (after.value - after.low, before.high - before.value), (after.high - after.value, before.value - before.low)
    return Interval(value=value, low=max(-1.0, value - _joined(*down, phi)), high=min(1.0, value + _joined(*up, phi)))


def adjusted_wald(differences: Sequence[Fraction]) -> Interval:
    """Of mean differences that need not be −1, 0 or 1: Agresti and Min's adjusted interval for matched pairs (Statistics in Medicine 24,
    2005), which adds half an item to each of the four cells, so that it does not collapse where few items differ."""
    n = len(differences)
    total = float(sum(differences, Fraction()))
    squares = float(sum(one * one for one in differences)) + 1.0
    weight = n + 2
    middle = total / weight
    half = _z(CONFIDENCE) * math.sqrt(max(0.0, squares / weight - middle * middle) / weight)
    value = total / n
    return Interval(value=value, low=max(-1.0, min(value, middle - half)), high=min(1.0, max(value, middle + half)))


def _joined(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _power(differences: Sequence[Fraction]) -> tuple[float, int | None]:
    """(smallest difference that so many items find, items that would find the difference that was seen). Connor, Biometrics 43, 1987.

    How much items differ is taken from what was seen, with half an item more on either side: two alike measurements prove little.
    """
    n = len(differences)
    spread = (float(sum(one * one for one in differences)) + 1.0) / (n + 2)
    reach = _z(CONFIDENCE) + NormalDist().inv_cdf(POWER)
    seen = abs(float(sum(differences, Fraction()))) / n
    needed = math.ceil(reach * reach * spread / (seen * seen)) if seen else None
    return min(1.0, reach * math.sqrt(spread / n)), needed


def _verdict(items: int, interval: Interval, *, p_value: float, smallest: float) -> Verdict:
    if items < LEAST_ITEMS:
        return "too_small"
    if p_value < 1 - CONFIDENCE and (interval.low > 0 or interval.high < 0):
        return "better" if interval.low > 0 else "worse"
    return "too_small" if smallest > TELLING_DIFFERENCE else "no_difference"


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
