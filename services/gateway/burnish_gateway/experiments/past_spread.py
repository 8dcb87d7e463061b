"""How much the metric that decides varied between units in the days before: what the sample of a mean or percentile is counted from."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from burnish_gateway.experiments import traffic_store
from burnish_gateway.experiments.experiment import Experiment
from burnish_gateway.experiments.traffic import CALLS_MOST, DAYS
from burnish_shared.contracts.experiments import PastCost
from burnish_shared.db.session import Tx
from burnish_shared.experiments.analysis import COST
from burnish_shared.experiments.percentile_size import Latencies
from burnish_shared.experiments.quantiles import COURSES, QUANTILES, at_share, course_of
from burnish_shared.experiments.scored import is_scored
from burnish_shared.experiments.sentences import FOR_P95, name_of
from burnish_shared.experiments.sums import ArmSums, is_share, mean_of

LEAST_UNITS: Final = 30
"""Units from which a variance is taken: of fewer it is off by a half and more."""


@dataclass(frozen=True, slots=True)
class PastSpread:
    """Of the label's newest live calls. `value`: the mean, or the percentile. `variance`: between units, of a mean (sums.py).

    `units` have the metric, with `observations` in all; `named`: units that came at all. `latencies`: where a percentile decides.
    `is_share`: all observations may lie between 0 and 1.
    """

    value: float
    variance: float
    units: int
    observations: int
    named: int
    latencies: Latencies | None = None
    is_share: bool = False

    @property
    def part(self) -> float:
        """Of the units that come, those that count for the metric."""
        return min(1.0, self.units / self.named) if self.named else 0.0


@dataclass(frozen=True, slots=True)
class TooFew:
    """Not enough is known, or it does not vary; `why` says so as the end of a sentence."""

    why: str


async def spread_of(tx: Tx, experiment: Experiment, *, now: datetime) -> PastSpread | TooFew:
    """Reads the newest CALLS_MOST calls, once for a mean and twice for a percentile."""
    calls = traffic_store.Calls(
        experiment.workspace_id, experiment.slug, experiment.label, experiment.unit, since=now - timedelta(days=DAYS), most=CALLS_MOST
    )
    if experiment.metric in QUANTILES:
        return await _of_percentile(tx, calls, experiment.metric)
    row = await traffic_store.sums_by_unit(tx, calls, metric=experiment.metric)
    sums = ArmSums(row["units"], row["x"], row["y"], row["xx"], row["yy"], row["xy"])
    mean = mean_of(sums)
    if mean is None or sums.units < LEAST_UNITS:
        return _too_few(sums.units, _name(experiment.metric))
    is_named = experiment.metric.startswith("metric:") or is_scored(experiment.metric)
    if mean.variance <= 0 or (not is_named and sums.y == 0):  # What never cost or took anything is no share.
        return TooFew(f"{_name(experiment.metric)} was the same for every unit in {DAYS} days, so nothing varies yet")
    return PastSpread(mean.value, mean.variance, sums.units, round(sums.x), row["named"], is_share=is_named and is_share(sums))


async def past_cost(tx: Tx, experiment: Experiment, *, now: datetime) -> PastCost | None:
    """What an experiment that decides by cost, or guards it, keeps of it; None where it does neither, or too little is known."""
    if experiment.metric != COST and all(one.metric != COST for one in experiment.guardrails):
        return None
    found = await spread_of(tx, replace(experiment, metric=COST), now=now)
    if isinstance(found, TooFew):
        return None
    return PastCost(part=found.variance / found.value**2, units=found.units, size=found.observations / found.units)


async def _of_percentile(tx: Tx, calls: traffic_store.Calls, metric: str) -> PastSpread | TooFew:
    counts = Counter({row["latency_ms"]: row["answers"] for row in await traffic_store.latencies(tx, calls)})
    answers = counts.total()
    if answers < FOR_P95:
        return TooFew(f"{answers:,} answers are known of {DAYS} days, and a 95th percentile is told from {FOR_P95} or more")
    course = course_of(counts, COURSES[metric])
    value = at_share(course, QUANTILES[metric])
    row = await traffic_store.sums_by_unit(tx, calls, metric=metric, at=value)
    sums = ArmSums(row["units"], row["x"], row["y"], row["xx"], row["yy"], row["xy"])
    mean = mean_of(sums)
    if mean is None or sums.units < LEAST_UNITS:
        return _too_few(sums.units, "latency")
    latencies = Latencies(QUANTILES[metric], course, answers, mean.variance, mean.size)
    return PastSpread(value, mean.variance, sums.units, answers, row["named"], latencies)


def _too_few(units: int, name: str) -> TooFew:
    return TooFew(f"{units:,} units with a figure are known of {DAYS} days, and {LEAST_UNITS} are needed to tell how much {name} varies")


def _name(metric: str) -> str:
    if is_scored(metric):
        return name_of(metric)
    return {"latency_ms": "latency", "cost_nusd": "cost"}.get(metric) or f"'{metric.removeprefix('metric:')}'"
