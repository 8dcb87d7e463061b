"""Degradation planted into real reactions: ratings of shared/data, mixed with those that were all bad. Nothing of the data is kept."""

import json
import random
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from burnish_analytics.core import degradation
from burnish_analytics.core.degradation import PLANS, Degraded, DetectorLimits, Seen, SeriesState

PERIOD_N = 20
CHANGE_AT = 2_000


@dataclass(frozen=True, slots=True)
class Planted:
    """Of `runs` runs: alarms before the change, mean reactions until it was seen, share that was not seen within 4,000."""

    mixed_in: float
    share_before: float
    false_alarms: int
    delay_mean: float
    missed: float
    runs: int


def planted(data: Path, *, mixed_in: float, runs: int, dice: random.Random) -> Planted | None:
    """A thumb where the rating gave one, the rating's place between 0 and 1 where not. None where the data is absent."""
    files = (data / "feedback_ratings.jsonl", data / "feedback_low_pool.jsonl")
    if not all(one.exists() for one in files):
        return None
    usual, low = ([_badness(json.loads(line)) for line in one.read_text().splitlines()] for one in files)
    false_alarms, missed, delays = 0, 0, []
    for _ in range(runs):
        at = _seen_at(dice, usual, low, mixed_in=mixed_in)
        if at is None:
            missed += 1
        elif at <= CHANGE_AT:
            false_alarms += 1
        else:
            delays.append(at - CHANGE_AT)
    return Planted(
        mixed_in, statistics.fmean(usual), false_alarms, statistics.fmean(delays) if delays else float("nan"), missed / runs, runs
    )


def _badness(row: dict[str, object]) -> float:
    match row.get("thumb"):
        case "up":
            return 0.0
        case "down":
            return 1.0
        case _:
            return (5 - float(str(row["rating"]))) / 4


def _seen_at(dice: random.Random, usual: list[float], low: list[float], *, mixed_in: float) -> int | None:
    plan, limits = PLANS[0], DetectorLimits()
    state = degradation.begin_version(SeriesState(), 1, plan=plan, limits=limits)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    for seen in range(0, CHANGE_AT + 4_000, PERIOD_N):
        share = mixed_in if seen >= CHANGE_AT else 0.0
        bad = sum(dice.choice(low) if dice.random() < share else dice.choice(usual) for _ in range(PERIOD_N))
        state, verdict = degradation.observed(state, Seen(now, 1, n=PERIOD_N, bad=bad), plan=plan, limits=limits)
        now += timedelta(minutes=1)
        if isinstance(verdict, Degraded):
            return seen + PERIOD_N
    return None
