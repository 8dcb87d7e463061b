"""What the simulator has served since it started, for tests that must see whether a provider was called."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily


@dataclass(slots=True, eq=False)
class Counters:
    """Plain counts; read by `/counters` as JSON and by `/metrics` as Prometheus text. Labels are known names only."""

    requests: Counter[str] = field(default_factory=Counter)
    """By model; `unknown` for names that do not exist, `invalid` for bodies that could not be read."""
    statuses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    streamed: int = 0
    request_bytes: int = 0
    answer_bytes: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    open: int = 0
    """Requests being answered now."""
    abandoned: int = 0
    """Requests whose client left before the end."""

    def as_json(self) -> dict[str, Any]:
        """All counts; `total` is the number of calls to a model, however they ended."""
        return {
            "simulated": True,
            "total": sum(self.requests.values()),
            "requests": dict(self.requests),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "faults": dict(self.faults),
            "streamed": self.streamed,
            "request_bytes": self.request_bytes,
            "answer_bytes": self.answer_bytes,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "open": self.open,
            "abandoned": self.abandoned,
        }

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """The metrics of the README, for prometheus_client."""
        requests = CounterMetricFamily("burnish_simulator_requests", "Calls to a simulated model.", labels=["model"])
        for model, count in self.requests.items():
            requests.add_metric([model], count)
        faults = CounterMetricFamily("burnish_simulator_faults", "Scripted faults that happened.", labels=["fault"])
        for fault, count in self.faults.items():
            faults.add_metric([fault], count)
        yield requests
        yield faults
        yield CounterMetricFamily("burnish_simulator_request_bytes", "Bytes of request bodies.", value=self.request_bytes)
        yield CounterMetricFamily("burnish_simulator_answer_bytes", "Bytes of answer bodies.", value=self.answer_bytes)
        yield GaugeMetricFamily("burnish_simulator_open_requests", "Requests being answered.", value=self.open)

    def as_prometheus(self) -> bytes:
        """Prometheus text format, version 0.0.4."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)
