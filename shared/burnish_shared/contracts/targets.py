"""Absolute targets of alert rules: what the gateway, which keeps them, and analytics, which watches them, must agree on."""

from typing import Final, Literal

TargetMetric = Literal["latency", "cost", "error_rate", "satisfaction", "reaction_rate", "quality"]

MOST_IS_WORSE: Final[frozenset[TargetMetric]] = frozenset({"latency", "cost", "error_rate"})
"""Metrics that must stay below their limit; of the others less is worse."""

IN_SHARES: Final[frozenset[TargetMetric]] = frozenset({"error_rate", "satisfaction", "reaction_rate", "quality"})
"""Metrics from 0 to 1."""

WINDOW_MINUTES_LEAST: Final = 10
WINDOW_MINUTES_MOST: Final = 10_080
WINDOW_MINUTES_DEFAULT: Final = 60
MIN_SAMPLES_DEFAULT: Final = 20
TARGETS_MOST: Final = 20
