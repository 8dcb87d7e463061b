"""Each process is killed once under a thousand mixed calls; afterwards every book is right."""

import asyncio
import json
import random
import signal
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest

from tests.chaos.ground import ground
from tests.chaos.jobs import Batches
from tests.chaos.load import Load
from tests.chaos.mix import Mix, prepare
from tests.fakes.receiver import Receiver, receiving

DWELL_S = 0.6
"""Load between two kills, so that each meets calls under way."""

AT_THE_FRONT = ("executor", "gateway", "nats", "executor-2", "postgres", "gateway-2")
"""Callers wait for these: each is back before the next one is killed."""

CALLS = 1_000
RATE = 24.0
BATCH_LINES = 100

END_S = 120.0
"""For what began to end, once nothing is hurt any more: no test fails because the machine is slow."""

FROZEN_S = 3.5
"""Longer than NATS waits for an executor (BURNISH_ACK_WAIT_S here), so another one has the work when it wakes up."""

BEHIND = ("analytics", "webhooks", "optimizer", "simulator")


@pytest.mark.chaos
@pytest.mark.promise("P-09", "C-05", "G-12", "E-01", "M-01", "W-02", "A-01")
@pytest.mark.timeout(500)
async def test_whatever_is_killed_the_books_are_right_afterwards(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    async with ground(tmp_path / "home") as place, receiving() as receiver:
        await subscribe(place, receiver)
        await prepare(place)
        load = Mix(place.url, place.api_key, journal, random.Random(1), rate=RATE)
        batches = Batches(load, lines=BATCH_LINES)
        running = asyncio.create_task(load.run())
        batches.stop.set()
        batch = asyncio.create_task(batches.run())
        for name in AT_THE_FRONT:
            await asyncio.sleep(DWELL_S)
            await place.kill(name)
        killed = {}
        for name in BEHIND:
            await asyncio.sleep(DWELL_S)
            killed[name] = place.signal(name, signal.SIGKILL)
        await asyncio.gather(*(place.heal(name, of_pid=pid) for name, pid in killed.items()), place.freeze("executor", FROZEN_S))
        await asyncio.wait_for(batch, END_S)
        while load.calls < CALLS:
            await asyncio.sleep(DWELL_S)
        load.stop.set()
        await asyncio.wait_for(running, END_S)
        await assert_right(place, load, receiver)
        await assert_mixed(load)


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
