"""What the tests of batches do with them."""

import asyncio
import json
from typing import Any

from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import books

ENDED = ("completed", "failed", "cancelled", "expired")

CHAT = {"messages": [{"role": "user", "content": "Say hello to Ada."}], "model": "simulated/chat"}


async def started(caller: Caller, body: dict[str, Any]) -> Any:
    made = await caller("POST", "/v1/batches", body)
    assert made.status == 200, made.body
    return made.body


async def until(caller: Caller, batch_id: str, *statuses: str, timeout_s: float = 60.0) -> Any:
    """The batch, once its status is one of these; of those that end it where none is named."""
    body: Any = None
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                body = (await caller("GET", f"/v1/batches/{batch_id}")).body
                if body["status"] in (statuses or ENDED):
                    return body
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError(f"still {body}") from None


async def results(caller: Caller, batch_id: str, query: str = "") -> list[Any]:
    answer = await caller("GET", f"/v1/batches/{batch_id}/results{query}")
    assert answer.status == 200, answer.body
    return [json.loads(line) for line in answer.raw.splitlines()]


async def assert_books_are_in_order(stack: Stack, caller: Caller, batch: Any) -> None:
    """No drift, nothing held, the batch's account closed and empty, and what it says to have cost is what its executions cost.

    What was under way at the end is stopped, and what is left goes back, right after the end is told.
    """
    workspace_id = caller.workspace.workspace_id

    async def is_over() -> bool:
        held = await books(stack, "SELECT * FROM holds WHERE workspace_id = $1", workspace_id)
        accounts = await books(stack, "SELECT * FROM accounts WHERE workspace_id = $1 AND kind = 4", workspace_id)
        closed = all(account["closing"] and account["limit_nusd"] == account["spent_nusd"] for account in accounts)
        return not held and bool(accounts) and closed

    async with asyncio.timeout(60):
        while not await is_over():
            await asyncio.sleep(0.05)
    assert await books(stack, "SELECT * FROM drift()") == []
    cost = "SELECT coalesce(sum(cost_nusd), 0)::bigint AS cost FROM executions WHERE workspace_id = $1 AND job_id = $2::text::uuid"
    assert (await books(stack, cost, workspace_id, batch["id"]))[0]["cost"] == batch["cost_nusd"]
