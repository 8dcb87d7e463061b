"""Labelled time series: a cumulative sum over residuals from the season, beside a two-window test at equal false alarms.

Both see each value once, in order, and only the past. An alarm inside a labelled window finds it; one outside is false; after an alarm
a detector is quiet for HOLD values. Thresholds are swept, and the best of each detector for a number of false alarms is compared.
"""

import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from burnish_analytics.core.seasonal import Season, swings

FIVE_MINUTES_A_DAY = 288
LEARN = 7 * FIVE_MINUTES_A_DAY
"""Nothing is said in the first week; the detectors learn from it."""

HOLD = FIVE_MINUTES_A_DAY // 2
CLIP = 6.0
DRIFT = 1.0
"""k of the cumulative sum, in robust standard deviations."""

THRESHOLDS = [2.0 ** (n / 3) for n in range(2, 36)]


Alarms = list[int]


@dataclass(frozen=True, slots=True)
class Labelled:
    name: str
    at: list[datetime]
    values: list[float]
    windows: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Row:
    """Windows found with at most so many false alarms on all series together, and the mean delay in values."""

    false_alarms: int
    ours: int
    ours_delay: float
    two_window: int
    two_window_delay: float
    windows: int


def load(folder: Path) -> list[Labelled]:
    """Every series of a folder; none where it is absent. Only windows after the week of learning count."""
    return [_series(one) for one in sorted(folder.glob("*.jsonl"))] if folder.exists() else []


def _series(path: Path) -> Labelled:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    windows: list[tuple[int, int]] = []
    for n, row in enumerate(rows):
        if row["anomaly"] and (not windows or windows[-1][1] != n - 1):
            windows.append((n, n))
        elif row["anomaly"]:
            windows[-1] = (windows[-1][0], n)
    return Labelled(
        path.stem, [datetime.fromisoformat(row["t"]) for row in rows], [float(row["value"]) for row in rows],
        [one for one in windows if one[1] >= LEARN],
    )  # fmt: skip


def compared(series: Sequence[Labelled], *, at_most: Sequence[int]) -> list[Row]:
    """One row for each number of false alarms."""
    swept = []
    for statistic in (seasonal_cusum, two_window):
        scores = [[_score(one, path) for path in _paths(one, statistic)] for one in series]
        swept.append([[scores[s][t] for s in range(len(series))] for t in range(len(THRESHOLDS))])
    windows = sum(len(one.windows) for one in series)
    rows = []
    for most in at_most:
        best = [_best(one, most) for one in swept]
        rows.append(Row(most, best[0][0], best[0][1], best[1][0], best[1][1], windows))
    return rows


def _paths(one: Labelled, statistic: Callable[[Labelled, float], Alarms]) -> list[Alarms]:
    return [statistic(one, threshold) for threshold in THRESHOLDS]


def _score(one: Labelled, alarms: Alarms) -> tuple[int, int, int]:
    """(false alarms, windows found, sum of delays)."""
    false = 0
    found: dict[tuple[int, int], int] = {}
    for at in alarms:
        window = next((w for w in one.windows if w[0] <= at <= w[1]), None)
        if window is None:
            false += 1
        else:
            found.setdefault(window, at - window[0])
    return false, len(found), sum(found.values())


def _best(by_threshold: Sequence[Sequence[tuple[int, int, int]]], most: int) -> tuple[int, float]:
    """The most windows with at most so many false alarms, by one threshold for all series; of equals the fastest."""
    able = [
        (sum(f for _, f, _ in row), -sum(d for _, _, d in row) / max(1, sum(f for _, f, _ in row)))
        for row in by_threshold
        if sum(x for x, _, _ in row) <= most
    ]
    found, delay = max(able, default=(0, 0.0))
    return found, -delay


def seasonal_cusum(one: Labelled, threshold: float) -> Alarms:
    """Two-sided, over residuals from the season where the series swings daily, else from the level of the past day; clipped, so that a
    single odd value is not an incident."""
    residuals = _residuals(one)
    up = down = 0.0
    alarms: Alarms = []
    quiet_until = LEARN
    for n in range(LEARN, len(residuals)):
        z = max(-CLIP, min(CLIP, residuals[n]))
        up, down = max(0.0, up + z - DRIFT), max(0.0, down - z - DRIFT)
        if n >= quiet_until and max(up, down) >= threshold:
            alarms.append(n)
            up = down = 0.0
            quiet_until = n + HOLD
    return alarms


_MEMO: dict[str, list[float]] = {}


def _residuals(one: Labelled) -> list[float]:
    if one.name not in _MEMO:
        season = Season.learnt(one.at[:LEARN], one.values[:LEARN]) if swings(one.at[:LEARN], one.values[:LEARN]) else None
        found = [0.0] * LEARN
        for n in range(LEARN, len(one.values)):
            if n % FIVE_MINUTES_A_DAY == 0 and season is not None:
                season = Season.learnt(one.at[n - LEARN : n], one.values[n - LEARN : n])
            found.append(season.residual(one.at[n], one.values[n]) if season else _from_level(one.values[n - LEARN : n], one.values[n]))
        _MEMO[one.name] = found
    return _MEMO[one.name]


def _from_level(past: Sequence[float], value: float) -> float:
    sample = sorted(past[::7])
    median = sample[len(sample) // 2]
    spread = 1.4826 * statistics.median(abs(x - median) for x in sample)
    return (value - median) / max(spread, 1e-9, 0.05 * abs(median))


def two_window(one: Labelled, threshold: float, *, reference: int = 1000, window: int = 200) -> Alarms:
    """The usual comparison: mean of the last `window` values against the `reference` before, in standard errors."""
    values = one.values
    sums, squares = [0.0], [0.0]
    for value in values:
        sums.append(sums[-1] + value)
        squares.append(squares[-1] + value * value)
    alarms: Alarms = []
    quiet_until = LEARN
    for n in range(LEARN, len(values)):
        if n < quiet_until:
            continue
        recent = (sums[n + 1] - sums[n + 1 - window]) / window
        lo, hi = n + 1 - window - reference, n + 1 - window
        mean = (sums[hi] - sums[lo]) / reference
        variance = max(1e-12, (squares[hi] - squares[lo]) / reference - mean * mean)
        if abs(recent - mean) / math.sqrt(variance * (1 / window + 1 / reference)) >= threshold:
            alarms.append(n)
            quiet_until = n + HOLD
    return alarms
