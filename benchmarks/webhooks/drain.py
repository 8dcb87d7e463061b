"""Many deliveries due at once: how fast they go, what memory they take, and how another tenant fares meanwhile."""

import asyncio
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.gateway.processes import cpu_s, family, pss_mib
from benchmarks.webhooks.installation import HEALTHY, OTHERS, Bench, Tenant
from benchmarks.webhooks.pace import Pace, pace_of

SAMPLE_S = 0.5


@dataclass(frozen=True, slots=True)
class Drained:
    """`before_mib`, `early_mib`, `late_mib`: memory of the process that lived throughout: idle, and its peaks in the first and the last
    third of the drain. `cpu_ms`: of all webhooks processes for each delivery; None where one of them was killed."""

    deliveries: int
    seconds: float
    lost: int
    repeats: int
    is_killed: bool
    before_mib: float
    early_mib: float
    late_mib: float
    cpu_ms: float | None
    others: Pace
    is_complete: bool


@dataclass(slots=True)
class _Memory:
    """Samples of one process while `run` runs."""

    pid: int
    samples: list[float] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            self.samples.append(pss_mib([self.pid]))
            await asyncio.sleep(SAMPLE_S)


async def drain(bench: Bench, tenant: Tenant, other: Tenant, deliveries: int, *, kill: bool) -> Drained:
    """Sends as many deliveries at once, killing the first process on the way if asked for, while another tenant has an event a second."""
    events = max(1, deliveries // HEALTHY)
    before = bench.received("/count")
    pids = bench.webhooks_pids()
    memory, stop = _Memory(pids[-1]), asyncio.Event()
    idle_mib, cpu = pss_mib([pids[-1]]), cpu_s(family(pids))
    watching = asyncio.create_task(memory.run())
    beside = asyncio.create_task(_beside(bench, other, stop))
    started = time.monotonic()
    ids = set(await bench.emit(tenant, events))
    if kill:
        await bench.until_received("ok", before["ok"] + events * HEALTHY // 3)
        os.kill(pids[0], signal.SIGKILL)
    arrived = await bench.until_received("ok", before["ok"] + events * HEALTHY)
    seconds = time.monotonic() - started
    used_s = cpu_s(family(pids)) - cpu
    watching.cancel()
    stop.set()
    their_ids = await beside
    all_there = await bench.until_received("other", before["other"] + len(their_ids) * OTHERS)
    await asyncio.sleep(3)
    log = bench.received(f"/log?from={before['all']}")
    came = Counter((path, message_id) for path, message_id, event_id, _ in log if event_id in ids and path.startswith("/ok"))
    third = max(1, len(memory.samples) // 3)
    return Drained(
        deliveries=events * HEALTHY,
        seconds=seconds,
        lost=events * HEALTHY - len(came),
        repeats=sum(came.values()) - len(came),
        is_killed=kill,
        before_mib=idle_mib,
        early_mib=max(memory.samples[:third]),
        late_mib=max(memory.samples[-third:]),
        cpu_ms=None if kill else used_s * 1000 / (events * HEALTHY),
        others=pace_of(bench, log, their_ids, kind="/other"),
        is_complete=arrived and all_there and max(Counter(message_id for _, message_id in came).values()) == 1,
    )


async def _beside(bench: Bench, other: Tenant, stop: asyncio.Event) -> set[str]:
    """An event a second."""
    ids: set[str] = set()
    await asyncio.sleep(1)
    while not stop.is_set() or not ids:
        ids |= set(await bench.emit(other, 1))
        await asyncio.sleep(1)
    return ids
