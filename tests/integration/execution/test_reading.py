"""Reading an execution by its id while it ends."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_gateway.execution import store
from tests.embedded.stack import Caller, Stack

HELLO = {"messages": [{"role": "user", "content": "Say hello to Ada."}], "model": "simulated/chat", "stream": True}


@pytest.mark.capability("E13")
async def test_an_execution_that_ends_between_two_looks_is_still_found(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_open = store.find_open
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})

    async def find_open_after_the_end(tx: Any, execution_id: UUID) -> Any:
        while not await connection.fetchval("SELECT true FROM executions WHERE execution_id = $1", execution_id):
            await asyncio.sleep(0.01)
        return await find_open(tx, execution_id)

    async with stack.session.put(f"{stack.simulator}/faults", json={"model": "chat", "fault": "slow_chunks,rate=60"}) as armed:
        assert armed.status == 200
    try:
        async with stack.session.post(
            f"{caller.url}/v1/executions", json=HELLO, headers={"authorization": f"Bearer {caller.key}"}
        ) as running:
            monkeypatch.setattr(store, "find_open", find_open_after_the_end)
            read = await caller("GET", f"/v1/executions/{running.headers['x-execution-id']}")
    finally:
        await (await stack.session.delete(f"{stack.simulator}/faults")).release()
        await connection.close()
    assert (read.status, read.body["status"]) == (200, "success")
