"""An admission whose answer was lost may hold all the same: nobody was sent the call, and that is given back once the books are there."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from burnish_gateway.execution import store
from burnish_shared.books.admission import Admission
from burnish_shared.errors import Unavailable
from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import HELLO, assert_settled, books, rows_of
from tests.pace import comes_within

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("C-01", "G-10")]


@pytest.mark.parametrize("late_s", [0.0, 1.0])
async def test_what_an_unanswered_admission_holds_is_given_back_and_its_key_is_free(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch, late_s: float
) -> None:
    """It was held until the deadline and 75 s more, and a repeat with the same key heard 409 for as long. `late_s`: a server that stood
    still may do what it was asked only after the caller has heard 503."""
    usual, heard = Admission._admit, asyncio.Event()
    under_way: list[Any] = []

    async def lost(admission: Admission, batch: Any) -> Any:
        async def done() -> None:
            if late_s:
                await heard.wait()
                await asyncio.sleep(late_s)
            await usual(admission, batch)

        if late_s and not under_way:
            under_way.append(asyncio.create_task(done()))
        elif not late_s:
            await done()
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    key = {"idempotency-key": f"lost-{late_s}"}
    with monkeypatch.context() as patched:
        patched.setattr(Admission, "_admit", lost)
        answer = await caller("POST", "/v1/executions", HELLO, headers=key)
    assert (answer.status, answer.body["error"]["code"]) == (503, "unavailable"), answer.body
    heard.set()
    await asyncio.gather(*under_way)

    # A record is made of what was held alone, and with it what was held is given back.
    async with comes_within(15):
        while not (rows := await rows_of(stack, caller)):
            await asyncio.sleep(0.05)
    assert await books(stack, "SELECT * FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id) == []
    [row] = rows
    assert (row["status"], row["cost_nusd"]) == ("error", 0)
    assert (await caller("POST", "/v1/executions", HELLO, headers=key)).status == 200
    await assert_settled(stack, caller)


async def test_one_that_never_got_through_leaves_no_record(stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> Any:
        raise asyncpg.CannotConnectNowError("the database system is starting up")

    with monkeypatch.context() as patched:
        patched.setattr(Admission, "_admit", away)
        assert (await caller("POST", "/v1/executions", HELLO)).status == 503
    assert await rows_of(stack, caller) == []
    await assert_settled(stack, caller)


async def test_a_side_that_was_let_in_beside_one_that_was_not_is_given_back_where_that_cannot_be_done_at_once(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lost the second side's admission lost the withdrawal of the first one, too: it was held for until 75 s after its deadline."""
    usual = Admission._admit
    batches: list[Any] = []

    async def first_alone(admission: Admission, batch: Any) -> Any:
        batches.append(batch)
        if len(batches) > 1:
            raise asyncpg.CannotConnectNowError("the database system is shutting down")
        return await usual(admission, batch)

    async def away(*_: Any, **__: Any) -> None:
        raise Unavailable("The database went away in the middle of the work; try again.")

    sides = {"messages": HELLO["messages"], "models": ["simulated/chat", "simulated/reader"]}
    key = {"idempotency-key": "half-let-in"}
    with monkeypatch.context() as patched:
        patched.setattr(Admission, "_admit", first_alone)
        patched.setattr(store, "withdraw", away)
        answer = await caller("POST", "/v1/executions/compare", sides, headers=key)
    assert (answer.status, answer.body["error"]["code"]) == (503, "unavailable"), answer.body

    # Of the first alone: nothing was held for the second.
    async with comes_within(15):
        while not (rows := await rows_of(stack, caller)):
            await asyncio.sleep(0.05)
    assert await books(stack, "SELECT * FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id) == []
    [row] = rows
    error = json.loads(row["error"])
    assert (row["status"], row["cost_nusd"], error["code"]) == ("error", 0, "not_dispatched")
    assert error["message"].startswith("It was given to no executor"), "none was asked to take it"
    again = await caller("POST", "/v1/executions/compare", sides, headers=key)
    assert (again.status, again.body["succeeded"]) == (200, 2), again.body
    await assert_settled(stack, caller)
