"""The last minute of one workspace, in slots of a second that can be added up. Pure: whoever asks says what time it is."""

from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.contracts.executions import CompletedItem, Lane, Status
from burnish_shared.measures import bucket_of, count_into, merged, quantile

WINDOW_S: Final = 60

PROMPTS_MOST: Final = 50
"""So many prompts are told apart, those with the most executions first; the total holds all of them."""

SLUGS_A_SECOND: Final = 500
"""Further prompts of one second count in the total alone, so that memory is bounded."""


@dataclass(slots=True)
class Counts:
    """What finished within a second, or within the whole window."""

    executions: int = 0
    successes: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nusd: int = 0
    latency: list[int] = field(default_factory=list)

    def add_item(self, item: CompletedItem) -> None:
        self.executions += 1
        self.successes += item.status is Status.SUCCESS
        self.cached += item.cached
        self.input_tokens += item.input_tokens
        self.output_tokens += item.output_tokens
        self.cost_nusd += item.cost_nusd
        count_into(self.latency, bucket_of(max(0, item.latency_ms)))

    def add(self, other: "Counts") -> None:
        for name in ("executions", "successes", "cached", "input_tokens", "output_tokens", "cost_nusd"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.latency = merged(self.latency, other.latency)

    def figures(self) -> dict[str, Any]:
        """As they are shown. Shares and percentiles of nothing are None."""
        return {
            "executions": self.executions,
            "successes": self.successes,
            "success_rate": self.successes / self.executions if self.executions else None,
            "cached": self.cached,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_nusd": self.cost_nusd,
            "latency_p50_ms": quantile(self.latency, 0.5),
            "latency_p95_ms": quantile(self.latency, 0.95),
        }


@dataclass(slots=True)
class Window:
    """Live executions of one workspace by the second they finished in. The optimizer's own (lane `batch`) are left out."""

    _slots: dict[int, tuple[Counts, dict[str, Counts]]] = field(default_factory=dict)

    def add(self, item: CompletedItem, *, now_s: float) -> None:
        """Counts what finished within the window; what a clock ahead of ours has finished counts as now."""
        second = min(int(item.finished_at.timestamp()), int(now_s))
        if item.lane is Lane.BATCH or second <= now_s - WINDOW_S:
            return
        total, prompts = self._slots.setdefault(second, (Counts(), {}))
        total.add_item(item)
        if item.slug and (item.slug in prompts or len(prompts) < SLUGS_A_SECOND):
            prompts.setdefault(item.slug, Counts()).add_item(item)

    def is_empty(self, *, now_s: float) -> bool:
        """Also forgets the seconds that have left the window."""
        for second in [one for one in self._slots if one <= now_s - WINDOW_S]:
            del self._slots[second]
        return not self._slots

    def figures(self, *, now_s: float) -> dict[str, Any]:
        self.is_empty(now_s=now_s)
        total, prompts = Counts(), dict[str, Counts]()
        for counts, by_slug in self._slots.values():
            total.add(counts)
            for slug, one in by_slug.items():
                prompts.setdefault(slug, Counts()).add(one)
        most = sorted(prompts.items(), key=lambda pair: (-pair[1].executions, pair[0]))[:PROMPTS_MOST]
        return {"total": total.figures(), "prompts": [{"prompt": slug, **one.figures()} for slug, one in most]}
