"""A release that is rolled out under load costs nobody an answer (PROMISES G-18)."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.chaos.ground import ground
from tests.chaos.load import CLOSED, Load
from tests.chaos.test_kill_each import END_S, assert_right, subscribe
from tests.fakes.receiver import receiving

ORDER = ("executor", "executor-2", "analytics", "webhooks", "optimizer", "gateway", "gateway-2")

PATIENT = {"BURNISH_DEADLINE_S": "20", "BURNISH_TRUST_S": "30"}
"""No call may fail, and on a busy machine one may take longer than eight seconds, and a gateway not hear of its database for five."""

CLOSED_MOST = 2
"""Of some three thousand calls."""


@pytest.mark.chaos
@pytest.mark.promise("G-18", "P-09")
@pytest.mark.timeout(1500)
async def test_a_rolling_restart_answers_every_call(tmp_path: Path) -> None:
    async with ground(tmp_path / "home", **PATIENT) as place, receiving() as receiver:
        await subscribe(place, receiver)
        load = Load(place.url, place.api_key, tmp_path / "journal.jsonl", random.Random(2), keyed_ratio=1.0)
        running = asyncio.create_task(load.run())
        for name in ORDER:
            await asyncio.sleep(0.5)
            await place.restart(name)
        code, report, told = await place.audit(load.journal)
        assert code == 0, (report, told)  # Calls go on: what they have in hand is none of this audit's business.
        load.stop.set()
        await asyncio.wait_for(running, END_S)
        await assert_right(place, load, receiver)
        assert_all_answered(load)


def assert_all_answered(load: Load) -> None:
    """None was refused, not even once. A gateway says for a second that it leaves; hardly a call can still meet a connection that closes,
    and such a one was answered when it was repeated."""
    assert {kind for kind in load.told if not kind.endswith((" ok", " accepted"))} == set(), (load.told, load.unheard)
    assert set(load.unheard) <= CLOSED and load.unheard.total() <= CLOSED_MOST, (load.unheard, load.calls)
