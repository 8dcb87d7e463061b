"""What an experiment will take, said before its start: units for an effect worth finding, and days (PRODUCT X1)."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from burnish_gateway.experiments.experiment import Experiment
from burnish_gateway.experiments.past_spread import PastSpread, TooFew
from burnish_gateway.experiments.traffic import Baseline, Traffic
from burnish_shared.contracts.experiments import BUCKETS
from burnish_shared.experiments.outlook import EFFECT
from burnish_shared.experiments.percentile_size import percentile_units
from burnish_shared.experiments.sample_size import MOST, Needed, horizon_of, in_arms, needed, share_variance
from burnish_shared.experiments.scored import is_scored
from burnish_shared.experiments.sentences import FOR_P95

SHARES: Final = frozenset({"success", "satisfaction"})

HOURS_UNTIL: Final = 2.0
"""Days below which hours are said."""

NUSD: Final = 1e9
"""Nano-dollars in a dollar."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`needed` None: it cannot be counted before, and `why` says why. `effect`: in the metric's own unit; None: not known either."""

    needed: Needed | None
    effect: float | None
    why: str = ""


def forecast(experiment: Experiment, traffic: Traffic, baseline: Baseline, spread: PastSpread | TooFew | None, *, joins: float) -> Forecast:
    """`spread`: of `past_spread.spread_of`; None for shares, whose variance follows from their value. `joins`: of the units that come,
    those that may take part: not kept out of every experiment, and meeting the condition."""
    if experiment.metric in SHARES:
        return _of_share(experiment, traffic, baseline, joins=joins)
    said = experiment.settings.smallest_effect
    if spread is None or isinstance(spread, TooFew):
        return Forecast(None, said, spread.why if spread is not None else "")
    effect = said if said is not None else EFFECT if spread.is_share else EFFECT * abs(spread.value)
    if effect <= 0:
        return Forecast(None, None, "the figure is 0 so far; say what is worth finding (deciding.smallest_effect)")
    part = spread.part * joins * _share_taken(experiment)
    if spread.latencies is None:
        return Forecast(_in_days(_of_mean(experiment, effect, spread.variance), traffic, part=part), effect)
    treatments = max(1, len(experiment.live_arms) - 1)
    even = percentile_units(
        spread.latencies, effect=effect, alpha=(1 - experiment.settings.confidence) / treatments, horizon=_horizon(experiment)
    )
    if even >= MOST:
        return Forecast(None, effect, f"no number of units tells {_size(experiment, effect)} apart at the 95th percentile; ask for more")
    # Below so many answers of an arm nothing is said of its 95th percentile.
    least = max(experiment.settings.min_samples, ceil(FOR_P95 / spread.latencies.size))
    found = in_arms(even, arms=len(experiment.live_arms), smallest_share=_smallest(experiment), min_samples=least, units_a_day=None)
    return Forecast(_in_days(found, traffic, part=part), effect)


def in_words(experiment: Experiment, found: Forecast) -> str:
    """ "2,896 units are needed to find 5 points, about 3.2 days." """
    if found.needed is None or found.effect is None:
        why = found.why or "nothing is known of the label's figures yet"
        return f"How many units are needed cannot be counted before the start: {why}."
    days = "" if found.needed.days is None else f", about {span(found.needed.days)}"
    return f"{found.needed.units:,} units are needed to find {_size(experiment, found.effect)}{days}."


def span(days: float) -> str:
    """ "3.2 days", "5 hours", "an hour"."""
    if days >= HOURS_UNTIL:
        return f"{days:.1f} days"
    hours = max(1, round(24 * days))
    return "an hour" if hours == 1 else f"{hours} hours"


def behind_last(days: float) -> str:
    """As `span`, for a sentence with "the last": "3.2 days", "5 hours", "hour"."""
    return span(days).removeprefix("an ")


def _of_share(experiment: Experiment, traffic: Traffic, baseline: Baseline, *, joins: float) -> Forecast:
    effect = experiment.settings.smallest_effect or EFFECT
    known = baseline.values.get(experiment.metric)
    if known is None:
        return Forecast(None, effect)
    value, samples = known
    # A unit counts for satisfaction when it reacts: of the units that come, those that did.
    reacting = 1.0 if experiment.metric != "satisfaction" else min(1.0, samples / max(1, baseline.values.get("success", (0.0, 0))[1]))
    variance = share_variance(min(max(value, 0.01), 0.99))
    part = reacting * joins * _share_taken(experiment)
    return Forecast(_in_days(_of_mean(experiment, effect, variance), traffic, part=part), effect)


def _of_mean(experiment: Experiment, effect: float, variance: float) -> Needed:
    settings = experiment.settings
    return needed(
        effect=effect, variance=variance, alpha=1 - settings.confidence, arms=len(experiment.live_arms),
        smallest_share=_smallest(experiment), method=experiment.method, min_samples=settings.min_samples,
        horizon=_horizon(experiment), units_a_day=None,
    )  # fmt: skip


def _horizon(experiment: Experiment) -> float:
    settings = experiment.settings
    return settings.horizon or horizon_of(min_samples=settings.min_samples, arms=len(experiment.live_arms))


def _in_days(found: Needed, traffic: Traffic, *, part: float) -> Needed:
    """`part`: of the units that come, those that are in an arm and count for the metric."""
    return replace(found, days=traffic.days_until(found.units, part=part))


def _share_taken(experiment: Experiment) -> float:
    """Of all calls, those that are in an arm."""
    slice_ = experiment.settings.namespace_share if experiment.namespace is not None else 1.0
    return slice_ if experiment.rollout is not None else slice_ * sum(one.buckets for one in experiment.live_arms) / BUCKETS


def _smallest(experiment: Experiment) -> float:
    """The part of the experiment's units that the smallest arm gets. Of a ramp: half, its fullest step that has a control."""
    if experiment.rollout is not None:
        return 0.5
    whole = sum(one.buckets for one in experiment.live_arms)
    return min(one.buckets for one in experiment.live_arms) / whole if whole else 0.5


def _size(experiment: Experiment, effect: float) -> str:
    if experiment.metric in SHARES or is_scored(experiment.metric):
        return f"{100 * effect:.3g} points"
    if experiment.metric.startswith("latency"):
        return f"{effect:,.3g} ms" if effect < 100 else f"{effect:,.0f} ms"
    return f"${effect / NUSD:.9f}".rstrip("0").rstrip(".") if experiment.metric == "cost_nusd" else f"{effect:.3g}"
