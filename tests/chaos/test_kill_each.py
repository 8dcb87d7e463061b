"""Each process is killed once under load; afterwards every book is right."""

import asyncio
import json
import random
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.chaos.ground import Ground, ground
from tests.chaos.load import Load
from tests.fakes.receiver import Receiver, receiving

DWELL_S = 0.6
"""Load between two kills, so that each meets calls under way."""

AT_THE_FRONT = ("executor", "gateway", "nats", "executor-2", "postgres", "gateway-2")
"""Callers wait for these: each is back before the next one is killed."""

BEHIND = ("analytics", "webhooks", "optimizer", "simulator")


@pytest.mark.promise("P-09", "C-05", "G-12", "E-01", "M-01", "W-02", "A-01")
@pytest.mark.timeout(180)
async def test_whatever_is_killed_the_books_are_right_afterwards(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    async with ground(tmp_path / "home") as place, receiving() as receiver:
        await subscribe(place, receiver)
        load = Load(place.url, place.api_key, journal, random.Random(1))
        running = asyncio.create_task(load.run())
        for name in AT_THE_FRONT:
            await asyncio.sleep(DWELL_S)
            await place.kill(name)
        killed = {}
        for name in BEHIND:
            await asyncio.sleep(DWELL_S)
            killed[name] = place.signal(name, signal.SIGKILL)
        await asyncio.gather(*(place.heal(name, of_pid=pid) for name, pid in killed.items()))
        await asyncio.sleep(DWELL_S)
        load.stop.set()
        await asyncio.wait_for(running, 60)
        await assert_right(place, load, receiver)


async def subscribe(place: Ground, receiver: Receiver) -> None:
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {place.api_key}"}) as http:
        body = {"url": receiver.url(), "events": ["execution.completed"]}
        async with http.post(f"{place.url}/v1/webhooks/endpoints", json=body) as response:
            assert response.status == 201, await response.text()


async def assert_right(place: Ground, load: Load, receiver: Receiver) -> None:
    """The oracle, and what only the clients know."""
    code, report, told = await place.audit(load.journal)
    print(f"\n{sum(load.told.values())} calls: {dict(sorted(load.told.items()))}; audit waited {report.get('waited_s')} s")
    assert code == 0, json.dumps(report, indent=1) + told
    assert load.violations == []
    assert load.told["buffered ok"] and load.told["streamed ok"] and load.background and load.reacted
    named = {json.loads(one.body)["data"]["execution_id"] for one in receiver.requests}
    assert load.background <= named, "a background execution was never told of by webhook"
