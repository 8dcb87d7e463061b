"""Metrics of the hot path: their series are looked up once, and then found without a lock and without making texts of the values."""

from typing import Final, Generic, TypeVar

from prometheus_client import Counter, Gauge, Histogram

Metric = TypeVar("Metric", Counter, Gauge, Histogram)

SERIES_MOST: Final = 4_096
"""So many are remembered for one metric; what comes beyond is looked up each time. Our values are few: there are not so many routes."""


class Bound(Generic[Metric]):
    """`bound("GET", "2xx")` is `metric.labels("GET", "2xx")`. Values are texts. A series is made when it is first asked for, as there."""

    __slots__ = ("_metric", "_series")

    def __init__(self, metric: Metric) -> None:
        self._metric: Metric = metric
        self._series: dict[tuple[str, ...], Metric] = {}

    def __call__(self, *values: str) -> Metric:
        series = self._series.get(values)
        if series is None:
            series = self._metric.labels(*values)
            if len(self._series) < SERIES_MOST:
                self._series[values] = series
        return series
