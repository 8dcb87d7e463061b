"""How long events take to healthy endpoints at a steady pace."""

import asyncio
import random
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

from benchmarks.webhooks.installation import HEALTHY, Bench, Tenant


@dataclass(frozen=True, slots=True)
class Pace:
    """From the event to its arrival, in ms, ascending and not empty."""

    took_ms: Sequence[float]

    @property
    def p50_ms(self) -> float:
        return self.took_ms[len(self.took_ms) // 2]

    @property
    def p95_ms(self) -> float:
        return self.took_ms[int(len(self.took_ms) * 0.95)]

    @classmethod
    def of_all(cls, parts: Sequence["Pace"]) -> Self:
        """What was measured in parts, as one."""
        return cls(sorted(took for part in parts for took in part.took_ms))


async def at_pace(bench: Bench, tenant: Tenant, dice: random.Random, *, per_second: float, seconds: float) -> Pace:
    """Events at this pace, and how long each took to the healthy endpoints. Each comes at any time of its period: the relay looks at the
    clock, too, and events that keep its time would all wait equally long, here for less and there for more."""
    before = bench.received("/count")
    ids: set[str] = set()
    started = time.monotonic()
    for n in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, started + (n + dice.random()) / per_second - time.monotonic()))
        ids |= set(await bench.emit(tenant, 1))
    await bench.until_received("ok", before["ok"] + len(ids) * HEALTHY)
    return pace_of(bench, bench.received(f"/log?from={before['all']}"), ids, kind="/ok")


def pace_of(bench: Bench, log: list[Any], ids: Collection[str], *, kind: str) -> Pace:
    """The first arrival of each delivery counts."""
    first: dict[str, float] = {}
    for path, message_id, event_id, at in log:
        if event_id in ids and path.startswith(kind):
            first.setdefault(message_id, (at - bench.sent[event_id]) * 1000)
    took = sorted(first.values())
    assert took, "nothing arrived"
    return Pace(took)
