"""A gateway that dies in the middle of a content leaves it to another one, and no call is paid twice (PRODUCT E17)."""

import asyncio

import aiohttp
import pytest

from burnish_shared.failpoints import KILLED
from tests.embedded.ports import own_port
from tests.embedded.stack import Caller, Stack
from tests.integration.chains.test_chain_crashes import ended, serve
from tests.integration.execution.test_executions import books

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_more, pytest.mark.capability("E17"), pytest.mark.promise("E-01")]


async def test_a_content_is_read_once_whoever_dies(stack: Stack, caller: Caller) -> None:
    port = own_port()
    dying = await serve(
        stack, "gateway", replica=f"dying-{port}", port=port, fp="gateway.admitted:exit", assistant_lease_s=2, assistant_look_interval_s=30
    )
    try:
        at = caller.at(f"http://127.0.0.1:{port}")
        await _sent(at)
        assert await asyncio.wait_for(dying.wait(), 40) == KILLED
        async with asyncio.timeout(40):
            while True:
                told = (await caller("GET", "/v1/enrichments")).body["data"]
                if told and {one["processing_status"] for one in told} == {"completed"}:
                    break
                await asyncio.sleep(0.05)
    finally:
        await ended(dying)
    sql = "SELECT status, cost_nusd FROM executions WHERE workspace_id = $1"
    rows = await books(stack, sql, caller.workspace.workspace_id)
    assert [row["status"] for row in rows] == ["success"] * len(told)
    assert sum(row["cost_nusd"] for row in rows) == sum(one["usage"]["cost_nusd"] for one in told)
    assert await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id) == []


async def _sent(at: Caller) -> None:
    """A content that is stored by a gateway which dies before it answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                await at("POST", "/v1/enrichments", {"source_type": "document", "content": "About parcels."})
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.1)  # it is not up yet
            except aiohttp.ClientError:
                return
