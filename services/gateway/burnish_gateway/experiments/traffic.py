"""What the days before say: how many units come, and the incumbent's figures, which are frozen at the start (SCIENCE section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final, Self

from burnish_gateway.experiments import traffic_store
from burnish_gateway.experiments.experiment import Experiment
from burnish_gateway.insights import store as figures_store
from burnish_gateway.insights.figures import figures_of
from burnish_gateway.insights.ranges import Range, range_of
from burnish_gateway.insights.store import Filters
from burnish_gateway.registry import store as prompts_store
from burnish_shared.db.session import Tx
from burnish_shared.moments import in_utc

DAYS: Final = 7
CALLS_MOST: Final = 20_000
"""The newest calls that are looked at: enough for a rate, and the same work however much there is."""

LEAST_S: Final = 3600.0
"""Of a prompt that was first called a minute ago a day's traffic is not a thousand times the minute's."""

LEAST_LATENCIES: Final = 50
"""Answers from which a 95th percentile is taken."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of the label's live calls of the last days. `units`: distinct ones in `days`; `new_units`: of those, the ones whose first call fell
    into the second half of `days`, None where each call is a unit of its own, or where no call fell into it; `with_unit`: the share of
    calls that say their unit.

    An experiment counts a unit once, however often it comes back: what matters is how fast different ones come, and that is fast while
    everybody is new to it and slow later. Hence two figures: within the window the distinct units that it had, and after it the pace of
    its second half, when those who come back often had been seen in the first. What that pace does not know: whoever last came before the
    window is taken for new, and of those who come back less often than every half window some are still to be seen. So it is too high
    where units come back rarely, and days from it are too few; units that never come back are counted as they are.
    """

    calls: int
    units: int
    with_unit: float
    days: float
    new_units: int | None = None

    @property
    def units_a_day(self) -> float | None:
        """Units that were not seen before, a day; 0.0 where only known ones come back, None where nobody comes."""
        if not (self.units and self.days):
            return None
        return self.units / self.days if self.new_units is None else self.new_units / (self.days / 2)

    def days_until(self, units: float, *, part: float) -> float | None:
        """Until `units` different ones are in the experiment, if it had `part` of all that come. Within the window along the straight line
        to what it had, which is too late for a crowd that comes back (most of it is there on the first day), and beyond it at the pace of
        the second half. None: nobody comes, or never so many."""
        a_day = self.units_a_day
        if a_day is None or not self.with_unit or part <= 0:
            return None
        wanted = units / part
        if wanted <= self.units:
            return wanted / self.units * self.days
        return self.days + (wanted - self.units) / a_day if a_day else None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The incumbent's figures, by metric: value and samples. Nothing: it was not called. `latencies`: those of the 95th percentile."""

    values: dict[str, tuple[float, int]]
    p95_ms: float | None
    latencies: int
    since: datetime
    until: datetime
    simulated: bool

    def with_value(self, metric: str, value: float, samples: int) -> Self:
        """With a metric that no rollup holds; what is known of one from rollups stays."""
        if metric in self.values or metric == "latency_p95_ms":
            return self
        return replace(self, values=self.values | {metric: (value, samples)})

    def stored(self) -> dict[str, Any]:
        at = {"from": in_utc(self.since), "to": in_utc(self.until)}
        found: dict[str, Any] = {name: {"value": value, "samples": samples} | at for name, (value, samples) in self.values.items()}
        return found if self.p95_ms is None else found | {"latency_p95_ms": {"value": self.p95_ms, "samples": self.latencies} | at}


async def traffic_of(tx: Tx, experiment: Experiment, *, now: datetime) -> Traffic:
    calls = traffic_store.Calls(
        experiment.workspace_id, experiment.slug, experiment.label, experiment.unit, since=now - timedelta(days=DAYS), most=CALLS_MOST
    )
    row = await traffic_store.newest_calls(tx, calls)
    if row is None or not row["calls"]:
        return Traffic(0, 0, 0.0, 0.0)
    days = max((now - row["since"]).total_seconds(), LEAST_S) / 86_400
    new_units = None if experiment.unit == "execution" else await traffic_store.count_new(tx, calls, after=now - (now - row["since"]) / 2)
    return Traffic(row["calls"], row["units"], row["known"] / row["calls"], days, new_units)


async def baseline_of(tx: Tx, experiment: Experiment, *, now: datetime, version: int | None = None, model: str | None = None) -> Baseline:
    """Of what the label served in the last days, from rollups. `version`, `model`: of those of its answers alone; None: of all."""
    wanted: Range = range_of(now - timedelta(days=DAYS), now, grain="hour", now=now)
    filters = Filters(slug=experiment.slug, version=version, label=experiment.label, model=model, traffic="live")
    found = await figures_store.totals(tx, wanted, filters, by_step=False, group_by=None)
    totals = next(iter(found.values()), None)
    if totals is None or not totals.sums["executions"]:
        return Baseline({}, None, 0, wanted.start, wanted.end, False)
    figures = figures_of(totals)
    values: dict[str, tuple[float, int]] = {}
    if figures.success_rate is not None:
        values["success"] = (figures.success_rate, figures.executions - totals.sums["cancelled"])
    if figures.mean_latency_ms is not None:
        values["latency_ms"] = (figures.mean_latency_ms, figures.executions)
    if figures.mean_cost_nusd is not None:
        values["cost_nusd"] = (figures.mean_cost_nusd, figures.executions)
    if figures.satisfaction is not None:
        values["satisfaction"] = (figures.satisfaction.value, figures.satisfaction.samples)
    p95_ms = figures.latency.p95_ms if figures.executions >= LEAST_LATENCIES else None
    return Baseline(values, p95_ms, figures.executions, wanted.start, wanted.end, figures.simulated)


def latency_limit_ms(experiment: Experiment, baseline: Baseline) -> int | None:
    """An answer that takes longer is slow: the incumbent's 95th percentile and what the guardrail allows on top. None: not known."""
    guard = next((one for one in experiment.guardrails if one.metric == "latency_p95_ms"), None)
    if guard is None or not baseline.p95_ms:
        return None
    return max(1, ceil(baseline.p95_ms * (1 + guard.margin) if guard.relative else baseline.p95_ms + guard.margin))


async def later_latency_limit(tx: Tx, experiment: Experiment, shares: Mapping[str, int], *, now: datetime) -> dict[str, int]:
    """The column `latency_limit_ms` for an epoch of these buckets by arm that begins now, where nobody knew at the start what is slow: of
    a prompt without a past the control's own answers say so by then.

    Nothing where it is known already, not watched, or still unknown; nor where nobody is in the control any more, because what was not
    counted of it cannot be held against the candidate. Before its first limit an experiment has counted no answer as slow or fast, so
    nothing that was counted changes its meaning.

    Arms of the label's own version count for the label as well, whatever model answers: then the control is told by its model. So is one
    whose label was moved: its version says which answers are its own.
    """
    is_watched = any(one.metric == "latency_p95_ms" for one in experiment.guardrails)
    if experiment.latency_limit_ms is not None or not is_watched or not shares.get(experiment.control.arm):
        return {}
    version, model = experiment.control.version, None
    if any(one.version == version for one in experiment.live_arms if not one.is_control):
        model = await _control_model(tx, experiment)
    limit_ms = latency_limit_ms(experiment, await baseline_of(tx, experiment, now=now, version=version, model=model))
    return {} if limit_ms is None else {"latency_limit_ms": limit_ms}


async def _control_model(tx: Tx, experiment: Experiment) -> str | None:
    """Which model answers in the control: its own, else its version's."""
    control = experiment.control
    if control.model is not None or control.version is None:
        return control.model
    found = await prompts_store.find_version(tx, experiment.workspace_id, experiment.prompt_id, control.version)
    return None if found is None else found.content.model
