"""All waits before one model is asked share one patience, so that another model still has its time."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from burnish_executor.ask_keys import Asker
from burnish_executor.borrow_tickets import Denied
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.run import Run
from burnish_shared.contracts.executions import KeyUse
from tests.unit.executor.test_provider_answers import request

WAIT_S = 0.05


class Full:
    """A limit without room, which is waited for and not got."""

    def __init__(self) -> None:
        self.patience_s: list[float] = []

    def limits(self, _: Any) -> bool:
        return True

    async def take(self, _: Any, *, patience_s: float, **__: Any) -> Denied:
        self.patience_s.append(patience_s)
        await asyncio.sleep(WAIT_S)
        return Denied(30.0)


def with_a_minute() -> Run:
    asked = request()
    return Run(
        asked.model_copy(update={"deadline_at": asked.sent_at + timedelta(minutes=1)}), cast(Any, None), asyncio.get_running_loop().time()
    )


@pytest.mark.capability("E9")
def test_what_was_waited_for_room_is_not_waited_once_more() -> None:
    full, nothing = Full(), cast(Any, None)
    quiet: Any = SimpleNamespace(are_any=False, refusal=lambda *_, **__: None)
    asker = Asker(nothing, nothing, nothing, nothing, nothing, cast(Any, SimpleNamespace(tickets=full)), quiet)
    chosen: Any = SimpleNamespace(account=None, use=None, place=None)

    async def two_turns() -> Run:
        run = with_a_minute()
        run.patience_s = 10.0
        for _ in range(2):
            await asker._turn(run, [chosen])
        return run

    run = asyncio.run(two_turns())
    assert full.patience_s[0] == 10.0 and full.patience_s[1] <= 10.0 - WAIT_S and run.patience_s <= 10.0 - 2 * WAIT_S


def test_who_has_no_other_model_may_wait_as_long_as_there_is_time() -> None:
    async def left() -> tuple[float, float]:
        run = with_a_minute()
        free = run.may_wait_s()
        run.patience_s = -1.0
        return free, run.may_wait_s()

    free, spent = asyncio.run(left())
    assert 50 < free <= 60 and spent == 0.0


async def test_a_ticket_serves_another_call_where_the_circuit_opened_while_it_was_waited_for() -> None:
    given_back: list[int] = []

    class Granting:
        def limits(self, _: Any) -> bool:
            return True

        async def take(self, *_: Any, **__: Any) -> Any:
            opened.append(True)
            return ticket

        def settle(self, one: Any, *, used_tokens: int) -> None:
            assert one is ticket
            given_back.append(used_tokens)

    opened: list[bool] = []
    ticket, nothing = object(), cast(Any, None)
    resting = Failure(FailureKind.RESTING, "It failed too often.")
    circuits: Any = SimpleNamespace(are_any=True, refusal=lambda *_, **__: resting if opened else None)
    asker = Asker(nothing, nothing, nothing, nothing, nothing, cast(Any, SimpleNamespace(tickets=Granting())), circuits)
    run = with_a_minute()
    chosen: Any = SimpleNamespace(account=None, use=KeyUse(source="platform"), place="there")
    assert await asker._turn(run, [chosen]) is resting
    assert given_back == [0] and [one.result for one in run.trials] == [resting]
