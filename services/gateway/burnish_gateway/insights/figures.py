"""From sums to what is shown. Pure."""

from datetime import datetime
from typing import Any

from burnish_gateway.insights.answers import Distinct, Figures, NamedMetric, Percentiles, Satisfaction
from burnish_gateway.insights.store import Totals
from burnish_gateway.insights.targets import NO_TARGETS, Targets
from burnish_shared.distinct import RELATIVE_ERROR as SKETCH_ERROR
from burnish_shared.distinct import estimate, united
from burnish_shared.measures import RELATIVE_ERROR, effectiveness, quantile, wilson

MICRO = 1_000_000
"""Scores are summed in millionths."""


def counted(through: datetime | None, behind_s: float | None) -> dict[str, Any]:
    """The fields of `Counted`. None: nobody said until when everything is counted."""
    behind_s = None if behind_s is None else round(max(0.0, behind_s), 1)
    return {"counted_through": through, "behind_s": behind_s}


def figures_of(totals: Totals, targets: Targets = NO_TARGETS) -> Figures:
    """`targets`: of the prompt that the totals are of, else of the workspace."""
    sums = totals.sums
    satisfaction = _satisfaction(sums)
    success_rate = _ratio(sums["successes"], sums["executions"] - sums["cancelled"])
    mean_cost = _ratio(sums["cost_nusd"], sums["executions"])
    latency = _percentiles(totals.latency)
    shown: dict[str, Any] = {name: value for name, value in sums.items() if name in Figures.model_fields and name != "simulated"}
    return Figures(
        **shown,
        success_rate=success_rate,
        cache_hit_rate=_ratio(sums["cached"], sums["executions"]),
        provider_cache_rate=_ratio(sums["cached_input_tokens"], sums["input_tokens"]),
        mean_cost_nusd=mean_cost,
        mean_latency_ms=_ratio(sums["latency_sum_ms"], sums["executions"]),
        latency=latency,
        first_token=_percentiles(totals.first_token),
        mean_score=_ratio(sums["score_sum_micro"] / MICRO, sums["scores"]),
        satisfaction=satisfaction,
        effectiveness=effectiveness(
            satisfaction=satisfaction.value if satisfaction else None,
            success_rate=success_rate,
            p95_ms=latency.p95_ms,
            cost_nusd=mean_cost,
            target_ms=targets.p95_ms,
            target_nusd=targets.cost_nusd,
        ),
        simulated=sums["simulated"] > 0,
        simulated_executions=sums["simulated"],
    )


def effectiveness_without(figures: Figures, targets: Targets) -> list[str]:
    """Terms of effectiveness that dropped out."""
    known = {
        "satisfaction": figures.satisfaction,
        "success_rate": figures.success_rate,
        "speed": None if targets.p95_ms is None else figures.latency.p95_ms,
        "thrift": None if targets.cost_nusd is None else figures.mean_cost_nusd,
    }
    return [name for name, value in known.items() if value is None]


def named_metric(metric: str, *, sums: tuple[int, int, float], executions: int) -> NamedMetric:
    """`sums`: reactions, positives, sum of the values. Two end users may react to one execution: the share ends at 1."""
    reactions, positives, total = sums
    share = wilson(min(positives, executions), executions) if positives >= 0 else None
    return NamedMetric(
        metric=metric,
        reactions=reactions,
        mean=total / reactions,
        positives=positives,
        conversion=Satisfaction(value=share.value, low=share.low, high=share.high, samples=executions) if share else None,
    )


def end_users_of(sketches: list[bytes]) -> Distinct:
    return Distinct(value=estimate(united(sketches)), relative_error=SKETCH_ERROR)


def _satisfaction(sums: dict[str, int]) -> Satisfaction | None:
    samples = sums["thumbs_up"] + sums["thumbs_down"] + sums["scores"]
    interval = wilson(sums["thumbs_up"] + sums["score_sum_micro"] / MICRO, samples)
    return Satisfaction(value=interval.value, low=interval.low, high=interval.high, samples=samples) if interval else None


def _percentiles(counts: list[int]) -> Percentiles:
    return Percentiles(
        p50_ms=quantile(counts, 0.5), p95_ms=quantile(counts, 0.95), p99_ms=quantile(counts, 0.99), relative_error=RELATIVE_ERROR
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
