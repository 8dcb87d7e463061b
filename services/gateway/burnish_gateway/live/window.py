"""The last minute of one workspace, in slots of a second that can be added up. Pure: whoever asks says what time it is."""

import heapq
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.contracts.executions import CompletedItem, Lane, Status
from burnish_shared.measures import bucket_of, quantile

WINDOW_S: Final = 60

PROMPTS_MOST: Final = 50
"""So many prompts are told apart, those with the most executions first; the total holds all of them."""

SLUGS_MOST: Final = 500
"""Prompts that are counted for themselves within one window; further ones count in the total alone, so that memory and time are bounded."""

SUMS: Final = ("executions", "successes", "cached", "input_tokens", "output_tokens", "cost_nusd", "simulated")


@dataclass(slots=True)
class Counts:
    """What finished within a second, or within the whole window. `latency`: executions by bucket, those that have any."""

    executions: int = 0
    successes: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nusd: int = 0
    simulated: int = 0
    latency: dict[int, int] = field(default_factory=dict)

    def add_item(self, item: CompletedItem, *, bucket: int) -> None:
        self.executions += 1
        self.successes += item.status is Status.SUCCESS
        self.cached += item.cached
        self.input_tokens += item.input_tokens
        self.output_tokens += item.output_tokens
        self.cost_nusd += item.cost_nusd
        self.simulated += item.simulated
        self.latency[bucket] = self.latency.get(bucket, 0) + 1

    def take_away(self, other: "Counts") -> None:
        """`other` was added before."""
        for name in SUMS:
            setattr(self, name, getattr(self, name) - getattr(other, name))
        for bucket, count in other.latency.items():
            if left := self.latency[bucket] - count:
                self.latency[bucket] = left
            else:
                del self.latency[bucket]

    def figures(self) -> dict[str, Any]:
        """As they are shown. Shares and percentiles of nothing are None."""
        latency = [self.latency.get(bucket, 0) for bucket in range(max(self.latency, default=-1) + 1)]
        return {
            "executions": self.executions,
            "successes": self.successes,
            "success_rate": self.successes / self.executions if self.executions else None,
            "cached": self.cached,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost_nusd": self.cost_nusd,
            "latency_p50_ms": quantile(latency, 0.5),
            "latency_p95_ms": quantile(latency, 0.95),
            "simulated": self.simulated > 0,
            "simulated_executions": self.simulated,
        }


@dataclass(slots=True)
class Slot:
    """What finished within one second, to be taken away again when it leaves the window."""

    total: Counts = field(default_factory=Counts)
    prompts: dict[str, Counts] = field(default_factory=dict)


@dataclass(slots=True)
class Window:
    """Live executions of one workspace by the second they finished in. The optimizer's own (lane `batch`) are left out.

    Sums of the whole window are kept as executions come and seconds leave, so that asking costs nothing for what lies between.
    """

    _slots: dict[int, Slot] = field(default_factory=dict)
    _sums: Slot = field(default_factory=Slot)
    _second: int = 0
    _shown: dict[str, Any] | None = None

    def add(self, item: CompletedItem, *, now_s: float) -> None:
        """Counts what finished within the window; what a clock ahead of ours has finished counts as now."""
        self._forget(now_s=now_s)
        second = min(int(item.finished_at.timestamp()), int(now_s))
        if item.lane is Lane.BATCH or second <= now_s - WINDOW_S:
            return
        slot, bucket = self._slots.setdefault(second, Slot()), bucket_of(max(0, item.latency_ms))
        for one in (slot, self._sums):
            one.total.add_item(item, bucket=bucket)
        if item.slug and (item.slug in self._sums.prompts or len(self._sums.prompts) < SLUGS_MOST):
            for one in (slot, self._sums):
                one.prompts.setdefault(item.slug, Counts()).add_item(item, bucket=bucket)
        self._shown = None

    def is_empty(self, *, now_s: float) -> bool:
        """Also forgets the seconds that have left the window."""
        self._forget(now_s=now_s)
        return not self._slots

    def figures(self, *, now_s: float) -> dict[str, Any]:
        """The same object as before where nothing has changed."""
        self._forget(now_s=now_s)
        if self._shown is None:
            pairs = self._sums.prompts.items()
            most = heapq.nsmallest(PROMPTS_MOST, pairs, key=lambda pair: (-pair[1].executions, pair[0]))
            self._shown = {"total": self._sums.total.figures(), "prompts": [{"prompt": slug, **one.figures()} for slug, one in most]}
        return self._shown

    def _forget(self, *, now_s: float) -> None:
        """Seconds leave the window when a second begins."""
        if int(now_s) == self._second:
            return
        self._second = int(now_s)
        for second in [one for one in self._slots if one <= now_s - WINDOW_S]:
            gone = self._slots.pop(second)
            self._sums.total.take_away(gone.total)
            for slug, counts in gone.prompts.items():
                self._sums.prompts[slug].take_away(counts)
                if not self._sums.prompts[slug].executions:
                    del self._sums.prompts[slug]
            self._shown = None
