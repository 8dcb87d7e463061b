"""Who looks at answers may be busy: that is no score, and is waited for as long as it says (PRODUCT O3, F4)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from burnish_optimizer.ask_again import RESTS_MOST_S, TRIES, verdict_of
from burnish_optimizer.core.objective import ACCURACY
from burnish_optimizer.io import live_store
from burnish_optimizer.io.live_store import LiveClaim, LiveEvaluation, ScoreRow, Task
from burnish_optimizer.score_answers import Scorers
from burnish_optimizer.score_candidates import Fitness
from burnish_optimizer.score_traffic import REST_MOST_S, Scoring
from burnish_shared.contracts.evaluators import Code
from burnish_shared.evaluators import Case, Grounds, NoScore, Score, Verdict, build
from burnish_shared.sandbox import Failed, FailureKind, Limits, Result, Value
from burnish_shared.sandbox.turns import BUSY

pytestmark = [pytest.mark.capability("O3"), pytest.mark.asyncio]

CASE = Case(output="four")
GOOD = Score(1.0, True, "holds")


class Says:
    """An evaluator that says one thing after the other, and the last one for ever."""

    def __init__(self, *said: Verdict) -> None:
        self.said, self.asked = list(said), 0

    async def __call__(self, case: Case) -> Verdict:
        self.asked += 1
        return self.said.pop(0) if len(self.said) > 1 else self.said[0]


class Clock:
    def __init__(self) -> None:
        self.rests: list[float] = []
        self.passed_s = 0.0

    async def sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.passed_s += seconds

    def now(self) -> float:
        return self.passed_s


def resting(seconds: float | None) -> NoScore:
    return NoScore("unavailable", "it rests", rest_s=seconds)


async def test_it_is_waited_for_as_long_as_it_says() -> None:
    clock = Clock()
    assert await verdict_of(Says(resting(60.0), resting(0.25), GOOD), CASE, sleep=clock.sleep, now=clock.now) == GOOD
    assert clock.rests == [60.0, 0.25]


@pytest.mark.parametrize(("rest_s", "asked"), [(60.0, 6), (0.25, TRIES), (RESTS_MOST_S + 1, 1)])
async def test_waiting_is_bounded(rest_s: float, asked: int) -> None:
    clock, says = Clock(), Says(resting(rest_s))
    assert await verdict_of(says, CASE, sleep=clock.sleep, now=clock.now) == resting(rest_s)
    assert says.asked == asked and clock.rests == [rest_s] * (asked - 1)


async def test_waiting_for_a_turn_counts_as_waiting() -> None:
    clock, asked = Clock(), 0

    async def slow(_: Case) -> Verdict:
        nonlocal asked
        asked += 1
        clock.passed_s += 60  # for a turn that never came
        return resting(0.25)

    assert await verdict_of(slow, CASE, sleep=clock.sleep, now=clock.now) == resting(0.25)
    assert asked == 5


async def test_what_only_sounds_busy_is_not_waited_for() -> None:
    clock, says = Clock(), Says(NoScore("unavailable", "a busybody says no"))
    await verdict_of(says, CASE, sleep=clock.sleep, now=clock.now)
    assert (clock.rests, says.asked) == ([], 1)


async def test_waiting_ends_where_it_is_cancelled() -> None:
    says = Says(resting(60.0))
    waiting = asyncio.create_task(verdict_of(says, CASE))
    while not says.asked:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


class Far:
    """A sandbox that is busy twice."""

    def __init__(self) -> None:
        rests = Failed(FailureKind.UNAVAILABLE, "Daytona asks to wait", rest_s=0.001)
        self.said: list[Result] = [rests, replace(BUSY, rest_s=0.001), Value(True)]

    async def run(self, code: str, inputs: Any, *, limits: Limits = Limits(), tenant: str = "") -> Result:
        return self.said.pop(0)

    async def check(self, code: str, *, limits: Limits = Limits(), tenant: str = "") -> None:
        return None


def grounds() -> Grounds:
    return Grounds({"python": Far()}, None)  # type: ignore[dict-item,arg-type]


async def test_a_test_run_waits() -> None:

    saved = SimpleNamespace(evaluator_id=uuid4(), settings={"kind": "code", "code": "True"})
    scorers = await Scorers.of([saved], grounds=grounds(), workspace_id=uuid4(), ask=None)  # type: ignore[list-item,arg-type]
    said = await scorers.verdicts("four", expected="four", given="2 + 2", variables={}, item_id=uuid4(), execution_id=uuid4())
    assert list(said.values()) == [GOOD]


async def test_a_search_waits() -> None:
    code = await build(Code(kind="code", code="True"), grounds=grounds(), tenant="a")
    [metric] = ACCURACY
    fitness = Fitness([metric.model_copy(update={"metric": "code", "name": "code"})], {"code": code})
    answer = SimpleNamespace(output="four", cost_nusd=0, latency_ms=1, execution_id=uuid4())
    judged = await fitness.judge(answer, expected="four", given="2 + 2", variables={})  # type: ignore[arg-type]
    assert judged.score == 1.0


class NoDatabase:
    @contextlib.asynccontextmanager
    async def unit_of_work(self, **_: Any) -> AsyncIterator[None]:
        yield None


@pytest.mark.parametrize(("said_s", "rests_s"), [(30.0, 30.0), (0.25, 0.5), (3_600.0, REST_MOST_S)])
async def test_live_scores_wait_as_long_as_they_are_told(monkeypatch: pytest.MonkeyPatch, said_s: float, rests_s: float) -> None:
    task = Task(uuid4(), 1, "p", 1, "", "m", False, datetime.now(UTC), True, [], {}, {}, "four")
    left, written = [task], []

    async def waiting(*_: Any, most: int) -> list[Task]:
        return list(left)

    async def write(tx: Any, claim: Any, evaluator_id: UUID, rows: list[ScoreRow]) -> list[UUID]:
        written.extend(rows)
        left.clear()
        return [one.execution_id for one in rows]

    monkeypatch.setattr(live_store, "waiting", waiting)
    monkeypatch.setattr(live_store, "write_scores", write)
    clock = Clock()
    claim, live = LiveClaim(uuid4(), uuid4(), 1), LiveEvaluation(uuid4(), 1)
    scoring = Scoring(claim, live, NoDatabase(), None, None, sleep=clock.sleep)  # type: ignore[arg-type]
    scoring._ready[1] = ("code", Says(resting(said_s), GOOD))
    assert await scoring.run() == 1
    assert clock.rests == [rests_s] and [one.score for one in written] == [1.0]
