"""How fast a route is asked that said that it is asked too much (PRODUCT E15)."""

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from burnish_optimizer.core import pace as pace_rules
from burnish_optimizer.core.pace import STANDS_STILL_S, Pace
from burnish_optimizer.io.asked import Asked
from burnish_optimizer.io.evaluations_store import Booked
from burnish_optimizer.io.paced import Paced, Wait
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


def test_a_route_that_lets_nothing_through_for_long_stands_still() -> None:
    pace = Pace(most=4)
    assert pace.moves("slow", now=0)
    for now in (0.0, STANDS_STILL_S / 2):
        pace.limited("slow", now=now, wait_s=1)
    assert pace.moves("slow", now=STANDS_STILL_S - 1) and not pace.moves("slow", now=STANDS_STILL_S)
    pace.answered("slow", now=STANDS_STILL_S)
    assert pace.moves("slow", now=3 * STANDS_STILL_S), "nobody asked it since"
    pace.limited("slow", now=3 * STANDS_STILL_S, wait_s=1)
    assert pace.moves("slow", now=3 * STANDS_STILL_S + 1)


def test_a_route_that_has_no_room_when_it_said_it_would_is_asked_ever_more_seldom() -> None:
    pace, now, rests = Pace(most=4), 0.0, []
    for _ in range(8):
        for late in (0.0, 0.1):  # two that were on their way together
            pace.limited("slow", now=now + late, wait_s=2)
        rests.append(round(pace.rests_until("slow") - now))
        now = pace.rests_until("slow")
    assert rests == [2, 2, 4, 8, 16, 32, 60, 60]
    pace.answered("slow", now=now)
    pace.limited("slow", now=now, wait_s=2)
    assert pace.rests_until("slow") == now + 2


def _asked(model: str) -> Asked:
    route = SimpleNamespace(model=model, keys="platform", provider_key_id=None)
    return Asked(cast(Question, SimpleNamespace(route=route, made=True)), asyncio.get_running_loop().create_future(), askers=1)


def _ended(status: str, *, retry_after_s: float = 0.0) -> Booked:
    return cast(Booked, SimpleNamespace(status=status, error={"retryable": True, "retry_after_s": retry_after_s}))


async def test_what_waits_for_a_route_is_in_nobodys_way_and_keeps_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_rules, "FIRST_WAIT_S", 0.05)
    woken = asyncio.Event()
    paced = Paced(Pace(8), UUID(int=1), woken.set)
    limited, slow, quick = [_asked("slow") for _ in range(2)], [_asked("slow") for _ in range(2)], [_asked("quick") for _ in range(2)]
    for one in limited:
        paced.heard(one, _ended("rate_limited"))
    paced.put_back(limited)
    woken.clear()
    pending = deque([*slow, *quick])
    assert paced.take(pending, 8, out=[]) == quick and not pending and paced.held_count == 4
    assert paced.take(pending, 8, out=quick) == []
    await asyncio.wait_for(woken.wait(), 5)
    assert paced.take(pending, 8, out=quick) == limited[:1]
    assert paced.take(pending, 8, out=limited[:1]) == []
    paced.heard(limited[0], _ended("success"))
    assert paced.take(pending, 8, out=[]) == [limited[1], slow[0]]
    paced.heard(slow[0], _ended("rate_limited", retry_after_s=60))
    paced.put_back(slow[:1])
    assert paced.take(pending, 8, out=[]) == []
    assert paced.let_all_go() == slow and paced.let_all_go() == []


async def test_work_of_one_process_knows_what_other_work_heard_of_a_route_of_its_workspace() -> None:
    pace = Pace(8)
    one, same, other = (Paced(pace, UUID(int=n), asyncio.Event().set) for n in (1, 1, 2))
    one.heard(_asked("slow"), _ended("rate_limited", retry_after_s=60))
    assert same.take(deque([_asked("slow")]), 8, out=[]) == []
    assert len(other.take(deque([_asked("slow")]), 8, out=[])) == 1
    [wait] = same.waits
    assert wait == Wait("slow", "provider_limit", pace.rests_until((UUID(int=1), ("slow", "platform", None)))) and other.waits == []
    pace.answered((UUID(int=1), ("slow", "platform", None)), now=0)
    assert same.waits == [], "it lets calls through, if not all at once"
    same.cancel()


async def test_lines_wait_for_an_account_that_somebody_may_put_money_into(monkeypatch: pytest.MonkeyPatch) -> None:
    paced, asked = Paced(Pace(8), UUID(int=1), asyncio.Event().set), _asked("empty")
    empty = cast(Booked, SimpleNamespace(status="error", error={"code": "provider_account_empty", "retryable": False}))
    paced.heard(asked, empty)
    now = asyncio.get_running_loop().time()
    assert paced.waits == [], "nothing is held"
    assert paced.only_waits(asked, empty) and paced.take(deque([_asked("empty")]), 8, out=[]) == []
    [wait] = paced.waits
    assert (wait.model, wait.why) == ("empty", "provider_account") and now < wait.until <= now + pace_rules.WAIT_MOST_S
    paced.cancel()
    monkeypatch.setattr(pace_rules, "STANDS_STILL_S", 0.0)
    assert not paced.only_waits(asked, empty), "nobody did for so long that they fail with what it says"
