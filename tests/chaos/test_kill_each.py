"""Ten thousand calls of every kind. Each process is killed once, and executors are killed, frozen and restarted throughout; afterwards
every book is right."""

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest

from tests.chaos.ground import Ground, ground
from tests.chaos.jobs import Batches
from tests.chaos.load import Load
from tests.chaos.mix import Mix, prepare
from tests.fakes.receiver import Receiver, receiving

DWELL_S = 0.6
"""Load between two kills, so that each meets calls under way."""

AT_THE_FRONT = ("executor", "gateway", "nats", "executor-2", "postgres", "gateway-2")
"""Callers wait for these: each is back before the next one is killed."""

BEHIND = ("analytics", "webhooks", "optimizer", "simulator")
EXECUTORS = ("executor", "executor-2")

CALLS = int(os.environ.get("BURNISH_CHAOS_CALLS") or 10_000)
SEED = int(os.environ.get("BURNISH_CHAOS_SEED") or 1)
RATE = 90.0
BATCH_LINES = 200
BATCH_EVERY_S = 0.5
"""Between two batches, so that not all calls are of them."""

FAULTS = 15
"""Of executors by lot, after each process was killed once: however fast the machine makes the calls."""

CALM_S = (0.1, 1.0)
END_S = 240.0
"""For what began to end, once nothing is hurt any more: no test fails because the machine is slow."""

LONGEST_S = 600 + CALLS / 20
"""A machine that has other work to do takes its time."""

FROZEN_S = 3.5
"""Longer than NATS waits for an executor (BURNISH_ACK_WAIT_S here), so another one has the work when it wakes up."""


@pytest.mark.chaos
@pytest.mark.capability("E3", "E15", "E16")
@pytest.mark.promise("P-09", "C-05", "G-11", "G-12", "E-01", "E-02", "E-03", "M-01", "W-02", "A-01")
@pytest.mark.timeout(LONGEST_S + 2 * END_S)
async def test_whatever_is_killed_the_books_are_right_afterwards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """BURNISH_CHAOS_SEED chooses other faults, BURNISH_CHAOS_CALLS says how many calls."""
    dice = random.Random(SEED)
    async with ground(tmp_path / "home") as place, receiving() as receiver:
        await subscribe(place, receiver)
        await prepare(place)
        load = Mix(place.url, place.api_key, tmp_path / "journal.jsonl", random.Random(SEED), rate=RATE)
        batches = Batches(load, lines=BATCH_LINES, pause_s=BATCH_EVERY_S)
        running = asyncio.gather(load.run(), batching := asyncio.create_task(batches.run()))
        began_at = time.monotonic()
        async with asyncio.timeout(LONGEST_S):
            await kill_each(place)
            done = await hurt_executors(place, dice, until=lambda done: (done >= FAULTS and load.calls >= CALLS) or running.done())
        assert load.calls >= CALLS, running.result()
        batches.stop.set()
        await asyncio.wait_for(batching, END_S)
        load.stop.set()
        await asyncio.wait_for(running, END_S)
        with capsys.disabled():
            took_s = time.monotonic() - began_at
            print(f"\nseed {SEED}: {load.calls} calls in {took_s:.0f} s, {batches.ended} batches; executors {dict(done)}")
            await assert_right(place, load, receiver)
        await assert_mixed(load)


async def kill_each(place: Ground) -> None:
    """Every process once; at the end an executor stands still until another one has its work."""
    for name in AT_THE_FRONT:
        await asyncio.sleep(DWELL_S)
        await place.kill(name)
    killed = {}
    for name in BEHIND:
        await asyncio.sleep(DWELL_S)
        killed[name] = place.signal(name, signal.SIGKILL)
    await asyncio.gather(*(place.heal(name, of_pid=pid) for name, pid in killed.items()), place.freeze("executor", FROZEN_S))


async def hurt_executors(place: Ground, dice: random.Random, *, until: Callable[[int], bool]) -> Counter[str]:
    """One fault after the other; how many of which. `until` is asked with how many there were."""
    done = Counter[str]()
    while not until(done.total()):
        await asyncio.sleep(dice.uniform(*CALM_S))
        done[await hurt(place, dice)] += 1
    return done


async def hurt(place: Ground, dice: random.Random) -> str:
    """One fault; which. NATS takes work from an executor that is frozen for more than three seconds."""
    name = dice.choice(EXECUTORS)
    match dice.choices(("kill", "restart", "freeze", "freeze long", "kill both", "freeze and kill"), (5, 4, 4, 3, 1, 3))[0]:
        case "kill":
            await place.kill(name)
            return "killed"
        case "restart":
            await place.restart(name)
            return "restarted"
        case "freeze":
            await place.freeze(name, dice.uniform(0.2, 2.5))
            return "frozen"
        case "freeze long":
            await place.freeze(name, dice.uniform(3.2, 6.0))
            return "frozen until others had its work"
        case "kill both":
            await asyncio.gather(*map(place.kill, EXECUTORS))
            return "both killed"
        case _:
            await asyncio.gather(place.freeze(EXECUTORS[0], FROZEN_S), place.kill(EXECUTORS[1]))
            return "one frozen, one killed"


class Audited(Protocol):
    """What calls can be made of, and what tells afterwards whether its books are right."""

    @property
    def url(self) -> str: ...

    @property
    def api_key(self) -> str: ...

    async def audit(self, journal: Path) -> tuple[int, dict[str, Any], str]: ...


async def subscribe(place: Audited, receiver: Receiver) -> str:
    """The secret with which its deliveries are signed."""
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {place.api_key}"}) as http:
        body = {"url": receiver.url(), "events": ["execution.completed"]}
        async with http.post(f"{place.url}/v1/webhooks/endpoints", json=body) as response:
            assert response.status == 201, await response.text()
            return str((await response.json())["secret"])


LETTERS = "nothing lies among the dead letters"


async def assert_right(place: Audited, load: Load, receiver: Receiver, *, letters: int = 0) -> None:
    """The oracle, and what only the clients know. `letters`: so many messages were made unreadable, and lie among the dead letters."""
    code, report, told = await place.audit(load.journal)
    print(f"\n{sum(load.told.values())} calls: {dict(sorted(load.told.items()))}; audit waited {report.get('waited_s')} s")
    if letters:
        assert [(one["name"], one["wrong"]) for one in report["checks"] if one["wrong"]] == [(LETTERS, letters)], report
        assert not report["under_way"], report
    else:
        assert code == 0, json.dumps(report, indent=1) + told
    assert load.violations == [], "\n".join(load.violations)
    assert load.told["buffered ok"] and load.told["streamed ok"] and load.background and load.reacted
    named = {json.loads(one.body)["data"]["execution_id"] for one in receiver.requests}
    assert load.background <= named, "a background execution was never told of by webhook"


async def assert_mixed(load: Mix) -> None:
    """Every kind of call came through, and what streams showed is booked."""
    await load.assert_shown_is_booked()
    failing = {
        "guarded": "failed guardrail_blocked",
        "left": "unknown",
        "background": "accepted",
        "cancelled": "accepted",
        "feedback": "accepted",
    }
    missing = [kind for kind in load.kinds if not load.told[f"{kind} {failing.get(kind, 'ok')}"]]
    assert missing == [] and load.hits > 0, load.told
