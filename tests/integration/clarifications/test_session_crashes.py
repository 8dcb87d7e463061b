"""Whoever dies in the middle of a session: it goes on, no answer is lost, no call is paid twice (PRODUCT S1)."""

import asyncio
from typing import Any

import aiohttp
import pytest

from burnish_shared.failpoints import KILLED
from tests.embedded.ports import own_port
from tests.embedded.stack import Caller, Stack
from tests.integration.chains.test_chain_crashes import ended, serve
from tests.integration.clarifications.sessions import replies, start, until
from tests.integration.execution.test_executions import books

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.chaos_more,
    pytest.mark.timeout(300),
    pytest.mark.capability("S1"),
    pytest.mark.promise("E-01"),
]

POINTS = {
    "clarification.begun": 0,
    "gateway.admitted": 0,
    "clarification.answered": 1,
}
"""Where the gateway dies, and how many answers of the model are lost with it: their text is kept nowhere but in the session."""


async def test_a_gateway_that_dies_while_it_asks_leaves_the_session_to_another(stack: Stack) -> None:
    await asyncio.gather(*(_dies_at(stack, point, lost) for point, lost in POINTS.items()))


async def _dies_at(stack: Stack, point: str, lost: int) -> None:
    port = own_port()
    dying = await serve(
        stack, "gateway", replica=f"dying-{port}", port=port, fp=f"{point}:exit", assistant_lease_s=2, assistant_look_interval_s=30
    )
    try:
        url = f"http://127.0.0.1:{port}"
        await _up((await stack.caller()).at(url))
        for _ in range(10):  # another gateway may take a session first
            caller = await stack.caller()
            session = await start(caller)
            await _answered_at(caller.at(url), session)
            if dying.returncode is not None or await _is_over(dying):
                break
        after = await until(caller, session["id"], "clarifying", "ready", timeout_s=40)
    finally:
        await ended(dying)
    assert dying.returncode == KILLED, point
    assert (after["round"], {one["id"] for one in after["answered"]}) == (2, {"q1_1", "q1_2", "q1_3"}), point
    sql = "SELECT status, cost_nusd FROM executions WHERE workspace_id = $1"
    rows = await books(stack, sql, caller.workspace.workspace_id)
    assert len(rows) <= 2 + lost and {row["status"] for row in rows} == {"success"}, (point, rows)
    assert sum(row["cost_nusd"] for row in rows) == after["usage"]["cost_nusd"], point
    assert await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id) == []


async def _answered_at(caller: Caller, session: Any) -> None:
    """The answer is kept, whatever becomes of the gateway that took it."""
    try:
        await caller("POST", f"/v1/clarifications/{session['id']}/answers", {"answers": replies(session)})
    except aiohttp.ClientError:
        return


async def _is_over(process: asyncio.subprocess.Process) -> bool:
    try:
        await asyncio.wait_for(process.wait(), 3)
    except TimeoutError:
        return False
    return True


async def _up(caller: Caller) -> None:
    async with asyncio.timeout(120):
        while True:
            try:
                if (await caller("GET", "/v1/clarifications")).status == 200:
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
