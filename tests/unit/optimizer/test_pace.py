"""How fast a route is asked that said that it is asked too much (PRODUCT E15)."""

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import cast

import pytest

from burnish_optimizer.core.pace import STANDS_STILL_S, Pace
from burnish_optimizer.io.asked import Asked
from burnish_optimizer.io.paced import Paced
from burnish_optimizer.io.questions import Question

pytestmark = pytest.mark.capability("E15")


def test_a_route_rests_and_then_takes_one_more_for_each_that_gets_through() -> None:
    pace = Pace(most=4)
    assert pace.room("slow", now=0) == 4
    pace.limited("slow", now=0, wait_s=20)
    assert [pace.room("slow", now=now) for now in (0, 19.9, 20)] == [0, 0, 1]
    assert pace.room("other", now=0) == 4
    pace.answered("slow", now=5)
    assert pace.room("slow", now=20) == 1, "it was on its way before the rest: it says nothing of the time after it"
    pace.answered("slow", now=21)
    pace.answered("slow", now=22)
    assert pace.room("slow", now=22) == 3
    pace.limited("slow", now=23, wait_s=20)
    pace.limited("slow", now=24, wait_s=5)
    assert [pace.room("slow", now=now) for now in (29, 43)] == [0, 1], "the longer rest holds"
    for now in (44, 45, 46):
        pace.answered("slow", now=now)
    assert pace.room("slow", now=46) == 4


def test_a_route_that_answers_nothing_for_long_stands_still() -> None:
    pace = Pace(most=4)
    assert pace.moves("slow", now=0)
    for now in (0.0, STANDS_STILL_S / 2):
        pace.limited("slow", now=now, wait_s=1)
    assert pace.moves("slow", now=STANDS_STILL_S - 1) and not pace.moves("slow", now=STANDS_STILL_S)
    pace.answered("slow", now=STANDS_STILL_S)
    assert pace.moves("slow", now=STANDS_STILL_S + 1)


def _asked(model: str) -> Asked:
    route = SimpleNamespace(model=model, keys="platform", provider_key_id=None)
    return Asked(cast(Question, SimpleNamespace(route=route)), asyncio.get_running_loop().create_future())


async def test_what_waits_for_a_route_is_in_nobodys_way_and_keeps_its_turn() -> None:
    woken = asyncio.Event()
    paced = Paced(8, woken.set)
    limited, slow, quick = _asked("slow"), [_asked("slow") for _ in range(2)], [_asked("quick") for _ in range(2)]
    paced.limited(limited, wait_s=0.05)
    pending = deque([*slow, *quick])
    assert paced.take(pending, 8, out=[]) == quick and not pending
    assert paced.take(pending, 8, out=quick) == []
    await asyncio.wait_for(woken.wait(), 5)
    assert paced.take(pending, 8, out=quick) == [limited]
    assert paced.take(pending, 8, out=[limited]) == []
    paced.answered(limited)
    assert paced.take(pending, 8, out=[]) == slow
    paced.limited(slow[0], wait_s=60)
    paced.take(deque([slow[1]]), 8, out=[])
    assert paced.let_all_go() == slow and paced.let_all_go() == []
