"""How long events take to healthy endpoints at a steady pace."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from benchmarks.webhooks.installation import HEALTHY, Bench, Tenant


@dataclass(frozen=True, slots=True)
class Pace:
    """From the event to its arrival, in ms; `deliveries`: how many were measured."""

    p50_ms: float
    p95_ms: float
    deliveries: int


async def at_pace(bench: Bench, tenant: Tenant, *, per_second: float, seconds: float) -> Pace:
    """Events at this pace, and how long each took to the healthy endpoints."""
    before = bench.received("/count")
    ids: set[str] = set()
    started = time.monotonic()
    for n in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, started + n / per_second - time.monotonic()))
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
    return Pace(took[len(took) // 2], took[int(len(took) * 0.95)], len(took))
