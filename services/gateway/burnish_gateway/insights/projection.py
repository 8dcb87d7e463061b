"""What a month will have cost when it is over, with an interval, and how well the same method did on days that are past. Pure.

Days follow a level times a factor of their weekday. The level is smoothed day by day (ETS(M,N,M): Hyndman et al., Forecasting with
Exponential Smoothing, 2008, ch. 4), its speed chosen by the one-day errors of the past. The days to come are drawn by bootstrap: each draw
takes a relative error that really occurred, multiplies the day by it and moves the level by it, so that errors add up over the days left
as they did before. Errors keep their mean, so steady growth goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

CONFIDENCE: Final = 0.8
"""Share of months that should end within the interval."""

DAYS_LEAST: Final = 7
"""With fewer whole days nothing is said: a weekday that was never seen may be any."""

DAYS_MOST: Final = 84
"""Twelve weeks: what is older says little of the month's end."""

PATHS: Final = 400
BACKTEST_PATHS: Final = 150
BACKTESTS_MOST: Final = 12
BACKTEST_DAYS_BEFORE: Final = 14
"""Days that a projection of the past had to know at least, as two of each weekday."""

SPEEDS: Final = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5)
WEEK: Final = 7
SEED: Final = 5
"""Any number: the same days give the same projection."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Expected sum and the interval around it, in nano-dollars."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """How projections of the same length did that were made from past days with what was known then."""

    projections: int
    horizon_days: int
    median_error: float
    bias: float
    coverage: float


@dataclass(frozen=True, slots=True)
class _Model:
    level: float
    factors: tuple[float, ...]
    errors: tuple[float, ...]
    speed: float
    level_error: float


def project(days: Sequence[float], *, first_weekday: int, horizon_days: float, paths: int = PATHS) -> Spread | None:
    """The sum of the next `horizon_days` days, the first of which may be a part of a day (12.25: a quarter of the first, and twelve).

    `days`: cost of whole days without a gap, oldest first; `first_weekday` of the first, Monday 0. None where too little is known.
    """
    kept, weekday = _kept(days, first_weekday)
    if len(kept) < DAYS_LEAST:
        return None
    model = _fitted(kept, weekday)
    weekday = (weekday + len(kept)) % WEEK
    part = horizon_days % 1.0
    shares = ([part] if part else []) + [1.0] * int(horizon_days)
    factors = [share * model.factors[(weekday + n) % WEEK] for n, share in enumerate(shares)]
    dice = Random(SEED)
    sums = sorted(_path(model, factors, dice) for _ in range(paths))
    tail = (1.0 - CONFIDENCE) / 2
    return Spread(sum(sums) / paths, sums[int(tail * paths)], sums[min(paths - 1, int((1.0 - tail) * paths))])


def backtest(days: Sequence[float], *, first_weekday: int, horizon_days: float) -> Backtest | None:
    """Projections over as many days from up to BACKTESTS_MOST past days. None where no past day knew enough."""
    kept, weekday = _kept(days, first_weekday)
    horizon = max(1, round(horizon_days))
    origins = range(BACKTEST_DAYS_BEFORE, len(kept) - horizon + 1)
    if not origins:
        return None
    step = max(1, -(-len(origins) // BACKTESTS_MOST))
    errors: list[float] = []
    covered = 0
    for origin in list(origins)[::-1][::step]:
        known = project(kept[:origin], first_weekday=weekday, horizon_days=horizon, paths=BACKTEST_PATHS)
        came = sum(kept[origin : origin + horizon])
        if known is None or came <= 0:
            continue
        errors.append((known.expected - came) / came)
        covered += known.low <= came <= known.high
    if not errors:
        return None
    sizes = sorted(abs(one) for one in errors)
    return Backtest(len(errors), horizon, sizes[len(sizes) // 2], sum(errors) / len(errors), covered / len(errors))


def _kept(days: Sequence[float], first_weekday: int) -> tuple[list[float], int]:
    """The newest DAYS_MOST days from the first one that cost something, and the weekday of the first of them."""
    start = max(next((n for n, one in enumerate(days) if one > 0), len(days)), len(days) - DAYS_MOST)
    return [float(one) for one in days[start:]], (first_weekday + start) % WEEK


def _fitted(days: Sequence[float], weekday: int) -> _Model:
    factors = _weekday_factors(days, weekday)
    flat = [one / factors[(weekday + n) % WEEK] for n, one in enumerate(days)]
    speeds = SPEEDS if len(days) >= 2 * WEEK else SPEEDS[:1]  # one week tells nothing of how fast the level moves
    fits = [_smoothed(flat, speed) for speed in speeds]
    best = min(range(len(fits)), key=lambda n: (sum(one * one for one in fits[n][1]), n))
    level, errors = fits[best]
    remembered = min(float(len(flat)), (2.0 - speeds[best]) / speeds[best])  # days that the level stands on
    variance = sum(one * one for one in errors) / (len(errors) - 1)
    return _Model(level, factors, tuple(errors), speeds[best], (variance / remembered) ** 0.5)


def _weekday_factors(days: Sequence[float], weekday: int) -> tuple[float, ...]:
    """Each weekday's mean over the mean of all, drawn towards 1 by as much as its days differ among themselves (empirical Bayes)."""
    mean = sum(days) / len(days)
    if len(days) < 2 * WEEK or mean <= 0:
        return (1.0,) * WEEK
    groups = [[one / mean for one in days[(day - weekday) % WEEK :: WEEK]] for day in range(WEEK)]
    means = [sum(group) / len(group) for group in groups]
    within = sum((one - mean) ** 2 for group, mean in zip(groups, means, strict=True) for one in group) / (len(days) - WEEK)
    of_means = sum((one - 1.0) ** 2 for one in means) / (WEEK - 1)
    between = max(of_means - within * WEEK / len(days), 0.0)
    trusted = between / (between + within * WEEK / len(days)) if between > 0 else 0.0
    return tuple(max(1.0 + trusted * (one - 1.0), 0.01) for one in means)


def _smoothed(flat: Sequence[float], speed: float) -> tuple[float, list[float]]:
    """The level after the last day, and each day's relative error against the level before it, widened for what was fitted to them."""
    warm = min(WEEK, len(flat))
    mean = sum(flat) / len(flat)
    level = sum(flat[:warm]) / warm
    floor = max(mean * 0.05, 1.0)  # days without use must not leave a level that nothing recovers from
    errors: list[float] = []
    for one in flat:
        level = max(level, floor)
        error = one / level - 1.0
        errors.append(error)
        level *= 1.0 + speed * error
    fitted = WEEK if len(flat) >= 2 * WEEK else 1
    widened = (len(errors) / (len(errors) - fitted)) ** 0.5
    return max(level, floor), [one * widened for one in errors]


def _path(model: _Model, factors: Sequence[float], dice: Random) -> float:
    level, total = model.level * max(0.0, 1.0 + dice.gauss(0.0, model.level_error)), 0.0
    for factor, error in zip(factors, dice.choices(model.errors, k=len(factors)), strict=True):
        total += max(0.0, level * factor * (1.0 + error))
        level = max(0.0, level * (1.0 + model.speed * error))
    return total
