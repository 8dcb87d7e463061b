"""Absolute targets: whether what was measured in a window is beyond its limit, and whether it has come back far enough. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from burnish_shared.contracts.alert_channels import Severity
from burnish_shared.contracts.targets import IN_SHARES, MOST_IS_WORSE, TargetMetric
from burnish_shared.money import credits_text

BACK: Final = 0.1
"""Hysteresis: an alert ends when the figure is on the right side of its limit by this share of it, or of what is left to 1."""

NAMES: Final[Mapping[TargetMetric, str]] = {
    "latency": "The 95th percentile of latency",
    "cost": "The mean cost of a call",
    "error_rate": "The share of failed calls",
    "satisfaction": "Satisfaction",
    "reaction_rate": "The share of calls that people reacted to",
    "quality": "The mean score",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a rule. `limit` in milliseconds, nano-dollars or a share; `label` None: whatever label was asked for."""

    metric: TargetMetric
    limit: float
    window_minutes: int
    min_samples: int
    label: str | None = None
    evaluator_id: UUID | None = None

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "Target":
        evaluator = stored.get("evaluator_id")
        return cls(
            metric=stored["metric"], limit=stored["limit"], window_minutes=stored["window_minutes"], min_samples=stored["min_samples"],
            label=stored.get("label"), evaluator_id=None if evaluator is None else UUID(evaluator),
        )  # fmt: skip

    def incident_key(self, slug: str) -> str:
        """A limit that is changed stays the same incident."""
        return f"target:{slug}:{self.label or ''}:{self.metric}:{self.evaluator_id or ''}:{self.window_minutes}"

    @property
    def severity(self) -> Severity:
        return "error" if self.metric in ("error_rate", "satisfaction", "quality") else "warning"

    @property
    def ends_at(self) -> float:
        """Where an alert of it ends."""
        if self.metric in MOST_IS_WORSE:
            return self.limit * (1 - BACK)
        return self.limit + BACK * min(self.limit, 1 - self.limit)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a window holds. `value` None: nothing was measured, and `samples` is 0."""

    value: float | None = None
    samples: int = 0
    simulated: bool = False
    evaluator_version: int | None = None


def verdict(target: Target, measured: Measured, *, is_open: bool) -> Literal["raise", "end"] | None:
    """None: all stays as it is. Too few samples raise nothing and end nothing."""
    if measured.value is None or measured.samples < target.min_samples:
        return None
    above = target.metric in MOST_IS_WORSE
    if not is_open:
        return "raise" if (measured.value > target.limit if above else measured.value < target.limit) else None
    return "end" if (measured.value <= target.ends_at if above else measured.value >= target.ends_at) else None


def summary(slug: str, target: Target, measured: Measured, *, evaluator: str) -> str:
    """What is beyond what, over how long and of how many."""
    place = slug if target.label is None else f"{slug}@{target.label}"
    by = f" by {evaluator}" if evaluator else ""
    side = "above" if target.metric in MOST_IS_WORSE else "below"
    what = {"quality": "scores", "satisfaction": "reactions"}.get(target.metric, "calls")
    return (
        f"{NAMES[target.metric]} of {place}{by} is {_said(target.metric, measured.value or 0.0)} in the last {_window(target)}, "
        f"{side} the target of {_said(target.metric, target.limit)}, of {measured.samples:,} {what}."
    )


def figures(target: Target, measured: Measured) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after of the alert: what should be, and what is."""
    window = {"observations": measured.samples, "window_minutes": target.window_minutes}
    match target.metric:
        case "latency":
            return {"limit_ms": target.limit}, {"p95_ms": measured.value, **window}
        case "cost":
            return {"limit_nusd": target.limit}, {"mean_cost_nusd": measured.value, **window}
        case _:
            return {"target": target.limit}, {target.metric: measured.value, **window}


def _said(metric: TargetMetric, value: float) -> str:
    if metric in IN_SHARES:
        return f"{value:.1%}"
    return f"{value:,.0f} ms" if metric == "latency" else f"{credits_text(round(value))} credits"


def _window(target: Target) -> str:
    minutes = target.window_minutes
    for length, name in ((1_440, "day"), (60, "hour"), (1, "minute")):
        if minutes % length == 0:
            count = minutes // length
            return f"{count} {name}s" if count > 1 else name
    raise AssertionError
