"""Is what a label serves worse than what it served before? One series for each (workspace, prompt, label, metric), of quality for each
version of an evaluator.

Every metric is a share of bad observations: thumbs down and missing parts of scores, of people or of evaluators; failed executions;
executions slower, or dearer, by more than a tenth than 95 % of the baseline's. The baseline is frozen: from the first observations, and
when the label moves from what the old version did since it came. So a bad new version is compared with the old one, and does not become
normal by lasting.
Detectors see each observation once, in the period in which it came in. A reaction that was changed later moves what is shown, not this.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from burnish_analytics.core.cusum import THRESHOLD, Sums, relieved, threshold_for
from burnish_analytics.core.seasonal import HOURS_A_WEEK, LimitsByHour, p95_bucket, slot_of
from burnish_shared.measures import merged, share_above

Metric = Literal["satisfaction", "error_rate", "latency", "cost", "quality"]

SEASONAL_RISE: Final = 0.05
"""Least rise of the share beyond the 95th percentile where that is known for each hour of the week: the swing is out of it."""

MARGIN_BUCKETS: Final = 2
"""What is beyond the 95th percentile by 8 to 12 % (GAMMA) is bad, and not what is barely beyond it: where all answers cost nearly the same,
1 % more puts every one of them beyond what 95 % were before, which nobody wants to be called for.
"""


RELIEF: Final = 3.0
"""What a sum of log-likelihood ratios, for normal against the least harm looked for, reaches before an alert of the same version ends.

The recent window alone looks fine now and then while harm lasts. A fall from .85 to .75 that lasted two weeks (6 runs each, ten-minute
periods) was raised 2.0 times at 300 reactions a day and 4.8 times at 2,000, and now 1.2 and 1.2; .80: 3.8 and 21.8, and now 2.2 and 7.5.
4 in its place makes that 1.01 and not 1.10 (120 runs, twenty a period), but the alert lasts 485 reactions and not 316 of what is fine, and
a second fall 1,000 reactions later is told after 448 and not 281. Where the label was moved nothing is asked for but the window.
A fall that is barely enough for an alert is told again and again all the same (docs/guides/alerts.md): its window is often fine.
"""

RELIEF_N: Final = 300
"""How many fine observations an alert takes to end, in about: as many as a baseline of .15 takes for a harm of .05.

Less harm takes more of them, with the square. Errors, alerts in 28,000 observations (twenty a period, 60 runs), with the harm that their
sum looks for (.05) and with this: .01 to .05 11.8 and 4.6, to .06 4.4 and 1.9; .05 to .10 9.0 and 1.6; .10 to .15 7.0 and 3.6. With the
least rise (.03) whatever is normal the last was 1.5, but of 60 alerts at .10 18 and not 5 went on when a second fall came 1,000 later.
"""


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """How one metric is watched. Ratios are shares of bad observations: `fast_rise` and `slow_rise` are the harms looked for.

    An alert also needs `least_rise` in the recent window. Latency and cost swing with the hour, so until four weeks tell what each hour of
    the week is like, their margin is wide (SEASONAL_RISE). `by_quantile`: bad means a tenth beyond the baseline's 95th percentile.
    `season_excuses`: what is usual at an hour counts only where it is above that. What a query costs moves with the version more than with
    the hour, and the weeks before another version became normal must not make it look dear for weeks.
    `is_asked`: somebody's rule says `least_rise`, and nothing that is learned of the hours lowers it.
    """

    metric: Metric
    fast_rise: float
    slow_rise: float | None
    least_rise: float
    by_quantile: bool = False
    season_excuses: bool = False
    is_asked: bool = False

    def lasting_rise(self, expected: float) -> float:
        """The harm that an alert goes on for: the least that one is raised for, or what RELIEF_N observations tell from `expected`."""
        told = math.sqrt(2 * RELIEF * expected * (1 - expected) / RELIEF_N)
        return max(self.least_rise, min(told, self.fast_rise if self.slow_rise is None else self.slow_rise))


PLANS: Final = (
    MetricPlan("satisfaction", fast_rise=0.10, slow_rise=0.05, least_rise=0.05),
    MetricPlan("error_rate", fast_rise=0.05, slow_rise=None, least_rise=0.03),
    MetricPlan("latency", fast_rise=0.05, slow_rise=None, least_rise=0.15, by_quantile=True),
    MetricPlan("cost", fast_rise=0.05, slow_rise=None, least_rise=0.15, by_quantile=True, season_excuses=True),
)


@dataclass(frozen=True, slots=True)
class DetectorLimits:
    """Settings of all detectors. Counts are observations."""

    threshold: float = THRESHOLD
    full_baseline: int = 1000
    least_baseline: int = 100
    baseline_days: float = 7.0
    window: int = 200
    least_window: int = 30


@dataclass(frozen=True, slots=True)
class Seen:
    """What came in for one series in one period, of one version. `counts` is a histogram where the plan is `by_quantile`.

    Of people's reactions: `reactions`, how many there were; `held_back`, voices that said more than their allowance, which weigh
    `held_n` of `n` and `held_bad` of `bad`; `most_of_one`, what one voice weighs at most.
    """

    at: datetime
    version: int
    n: float
    bad: float
    counts: Sequence[int] = ()
    reactions: int = 0
    held_back: int = 0
    held_n: float = 0.0
    held_bad: float = 0.0
    most_of_one: int = 0


class Part(NamedTuple):
    """One part of the recent window; as in Seen. `counts`: (bucket, how many) of buckets that hold any, where the plan is `by_quantile`."""

    n: float
    bad: float
    reactions: int = 0
    held_back: int = 0
    most_of_one: int = 0
    counts: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything seen of one version since it came: what the next baseline is made of."""

    since: datetime | None = None
    n: float = 0.0
    bad: float = 0.0
    counts: tuple[int, ...] = ()

    def with_seen(self, seen: Seen) -> "Tally":
        return Tally(
            since=self.since or seen.at, n=self.n + seen.n, bad=self.bad + seen.bad, counts=tuple(merged(self.counts, seen.counts))
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is normal: `expected` share of bad observations, of `n`, from `version`. `limit`: the bucket of the 95th percentile.

    `measured`: the share as it was, which is told to people. What is expected may be more, since few observations may be lucky ones; None:
    frozen before it was kept.
    """

    expected: float
    n: float
    version: int
    limit: int | None = None
    measured: float | None = None


@dataclass(frozen=True, slots=True)
class SeriesState:
    """All that is remembered of one series. `window`: the latest periods; `is_degraded`: an alert is open.

    `relief`: what speaks for the end of the alert (RELIEF); enough of it from the start where the label has moved since.
    `season`: for each hour of the week the last bucket that is not bad, as it was learnt at `season_at`.
    """

    version: int | None = None
    tally: Tally = field(default_factory=Tally)
    baseline: Baseline | None = None
    sums: Sums = field(default_factory=Sums)
    window: tuple[Part, ...] = ()
    is_degraded: bool = False
    relief: float = 0.0
    moved_from: int | None = None
    season: LimitsByHour | None = None
    season_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Degraded:
    """The recent share of bad observations is higher than what the label served before. `window`: what that is read from."""

    metric: Metric
    expected: float
    recent: float
    n: float
    baseline: Baseline
    window: tuple[Part, ...] = ()

    @property
    def before(self) -> float:
        """The share of bad observations before, as it was measured."""
        return self.baseline.measured if self.baseline.measured is not None else self.expected

    @property
    def recent_limit(self) -> int:
        """The bucket of the recent window's 95th percentile, where the plan is `by_quantile`."""
        counts = [0] * (1 + max((bucket for part in self.window for bucket, _ in part.counts), default=0))
        for part in self.window:
            for bucket, times in part.counts:
                counts[bucket] += times
        return p95_bucket(counts)


@dataclass(frozen=True, slots=True)
class Recovered:
    metric: Metric
    expected: float
    recent: float
    n: float


Verdict = Degraded | Recovered


def begin_version(state: SeriesState, version: int, *, plan: MetricPlan, limits: DetectorLimits) -> SeriesState:
    """The label serves another version now. What the last one did becomes the baseline, unless it was itself degraded or hardly seen.

    It does not count in the recent window any more, so that an alert ends soon after the label was moved back.
    """
    if state.version == version:
        return state
    baseline = state.baseline
    if state.version is not None and not state.is_degraded and state.tally.n >= limits.least_baseline:
        baseline = frozen(state.tally, version=state.version, plan=plan, limits=limits)
    return replace(state, version=version, tally=Tally(), baseline=baseline, window=(), relief=RELIEF, moved_from=state.version)


def frozen(tally: Tally, *, version: int, plan: MetricPlan, limits: DetectorLimits) -> Baseline:
    """A baseline from a tally. With fewer than `full_baseline` observations one standard error is allowed for."""
    limit = p95_bucket(tally.counts) if plan.by_quantile else None
    share = share_above(tally.counts, limit + MARGIN_BUCKETS) if limit is not None else tally.bad / tally.n
    allowed = math.sqrt(max(share * (1 - share), 0.01) / tally.n) if tally.n < limits.full_baseline else 0.0
    return Baseline(expected=min(share + allowed, 1.0), n=tally.n, version=version, limit=limit, measured=share)


def observed(
    state: SeriesState, seen: Seen, *, plan: MetricPlan, limits: DetectorLimits, monitors: int = 1
) -> tuple[SeriesState, Verdict | None]:
    """The series after one period, and what there is to tell. Periods must be given in order, each once.

    `monitors`: how many series the workspace has; the more, the later each alarms.
    """
    if seen.n <= 0:
        return state, None
    bad = _bad_of(seen, state.baseline, season=state.season, season_excuses=plan.season_excuses)
    if state.season is not None and not plan.is_asked:
        plan = replace(plan, least_rise=min(plan.least_rise, SEASONAL_RISE))
    if seen.version == state.version:
        state = replace(state, tally=state.tally.with_seen(seen))
    baseline = state.baseline
    if baseline is None:
        return _with_first_baseline(state, seen, plan=plan, limits=limits), None
    sums = state.sums.updated(n=seen.n, bad=bad, expected=baseline.expected, fast_rise=plan.fast_rise, slow_rise=plan.slow_rise)
    counts = tuple((bucket, times) for bucket, times in enumerate(seen.counts) if times) if plan.by_quantile else ()
    part = Part(seen.n, bad, seen.reactions, seen.held_back, seen.most_of_one, counts)
    relief = min(RELIEF, relieved(state.relief, n=seen.n, bad=bad, expected=baseline.expected, rise=plan.lasting_rise(baseline.expected)))
    state = replace(state, sums=sums, relief=relief, window=_window_with(state.window, part, most=limits.window))
    return _judged(state, baseline, plan=plan, limits=limits, monitors=monitors)


def acknowledged(state: SeriesState) -> SeriesState:
    """The statistic begins anew; the alert stays open until the recent window is fine again."""
    return replace(state, sums=Sums())


def with_alert(state: SeriesState, is_acknowledged: bool | None) -> SeriesState:
    """The state as its open alert stands. None: there is none. It ended while the rule was off, so what lasts is told again."""
    if is_acknowledged is None:
        return replace(state, is_degraded=False, sums=Sums()) if state.is_degraded else state
    return acknowledged(state) if is_acknowledged else state


def _bad_of(seen: Seen, baseline: Baseline | None, *, season: LimitsByHour | None, season_excuses: bool) -> float:
    if baseline is not None and baseline.limit is not None:
        usual = season[slot_of(seen.at, HOURS_A_WEEK)] if season is not None else None
        if usual is None or (season_excuses and usual < baseline.limit):
            usual = baseline.limit
        return float(sum(seen.counts[usual + MARGIN_BUCKETS + 1 :]))
    if baseline is not None:
        # Even its 5 % may be enough for a fall, given time: who says more than others counts at worst for what is normal.
        return seen.bad - max(0.0, seen.held_bad - seen.held_n * baseline.expected)
    return seen.bad


def _with_first_baseline(state: SeriesState, seen: Seen, *, plan: MetricPlan, limits: DetectorLimits) -> SeriesState:
    tally = state.tally
    is_old = tally.since is not None and (seen.at - tally.since).total_seconds() >= limits.baseline_days * 86_400
    if state.version is None or not (tally.n >= limits.full_baseline or (is_old and tally.n >= limits.least_baseline)):
        return state
    return replace(state, baseline=frozen(tally, version=state.version, plan=plan, limits=limits))


def _window_with(window: tuple[Part, ...], added: Part, *, most: int) -> tuple[Part, ...]:
    kept = (*window, added)
    while sum(part.n for part in kept[1:]) >= most:
        kept = kept[1:]
    return kept


def _judged(
    state: SeriesState, baseline: Baseline, *, plan: MetricPlan, limits: DetectorLimits, monitors: int
) -> tuple[SeriesState, Verdict | None]:
    n = sum(part.n for part in state.window)
    recent = sum(part.bad for part in state.window) / n
    rise = recent - baseline.expected
    if state.is_degraded:
        is_enough = n >= min(limits.window, max(limits.least_window, limits.window // 2))
        if is_enough and rise < plan.least_rise / 2 and state.relief >= RELIEF:
            return replace(state, is_degraded=False, sums=Sums()), Recovered(plan.metric, baseline.expected, recent, n)
        return state, None
    alarms = state.sums.reaches(
        threshold_for(monitors, base=limits.threshold),
        n=state.window[-1].n,
        expected=baseline.expected,
        fast_rise=plan.fast_rise,
        slow_rise=plan.slow_rise,
    )
    if alarms and rise >= plan.least_rise and n >= limits.least_window:
        return replace(state, is_degraded=True, relief=0.0), Degraded(plan.metric, baseline.expected, recent, n, baseline, state.window)
    return state, None


def to_stored(state: SeriesState) -> dict[str, Any]:
    """The state as JSON can hold it."""
    return {
        "version": state.version,
        "tally": {
            "since": state.tally.since.isoformat() if state.tally.since else None,
            "n": state.tally.n,
            "bad": state.tally.bad,
            "counts": list(state.tally.counts),
        },
        "baseline": None
        if state.baseline is None
        else {
            "expected": state.baseline.expected,
            "n": state.baseline.n,
            "version": state.baseline.version,
            "limit": state.baseline.limit,
            "measured": state.baseline.measured,
        },
        "sums": [state.sums.fast, state.sums.slow],
        "window": [list(one) for one in state.window],
        "is_degraded": state.is_degraded,
        "relief": state.relief,
        "moved_from": state.moved_from,
        "season": list(state.season) if state.season is not None else None,
        "season_at": state.season_at.isoformat() if state.season_at else None,
    }


def from_stored(stored: dict[str, Any]) -> SeriesState:
    """The inverse of `to_stored`."""
    tally, baseline = stored["tally"], stored["baseline"]
    return SeriesState(
        version=stored["version"],
        tally=Tally(
            since=datetime.fromisoformat(tally["since"]) if tally["since"] else None,
            n=tally["n"],
            bad=tally["bad"],
            counts=tuple(tally["counts"]),
        ),
        baseline=Baseline(**baseline) if baseline else None,
        sums=Sums(*stored["sums"]),
        window=tuple(
            Part(*one[:5])._replace(counts=tuple((bucket, times) for bucket, times in (one[5] if len(one) > 5 else ())))
            for one in stored["window"]
        ),
        is_degraded=stored["is_degraded"],
        relief=stored.get("relief", 0.0),
        moved_from=stored["moved_from"],
        season=tuple(stored["season"]) if stored.get("season") else None,
        season_at=datetime.fromisoformat(stored["season_at"]) if stored.get("season_at") else None,
    )
