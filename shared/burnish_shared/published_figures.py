"""The numbers that stand beside a published version: what the gateway writes at publishing and analytics anew each day. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from burnish_shared.measures import quantile, wilson

MICRO: Final = 1_000_000
"""Scores are summed in millionths."""


def published_figures(sums: Mapping[str, int], latency: Sequence[int]) -> dict[str, Any]:
    """From sums over rollups (`version_sums`) and the histogram of latency. A rate or percentile without data is null.

    `satisfaction` carries its 95% interval; `simulated` says that simulated answers are among them.
    """
    samples = sums["thumbs_up"] + sums["thumbs_down"] + sums["scores"]
    interval = wilson(sums["thumbs_up"] + sums["score_sum_micro"] / MICRO, samples)
    finished = sums["executions"] - sums["cancelled"]
    return {
        "executions": sums["executions"],
        "success_rate": sums["successes"] / finished if finished > 0 else None,
        "satisfaction": {"value": interval.value, "low": interval.low, "high": interval.high, "samples": samples} if interval else None,
        "p50_ms": quantile(latency, 0.5),
        "p95_ms": quantile(latency, 0.95),
        "mean_cost_nusd": sums["cost_nusd"] // sums["executions"] if sums["executions"] > 0 else None,
        "simulated": sums["simulated"] > 0,
    }
