"""Who is let in by money alone: free models at balance zero, and nobody while suspended."""

import asyncio

import pytest

from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import HELLO, books

NO_PRICE = {"input_price_nusd_per_million": 0, "output_price_nusd_per_million": 0, "context_tokens": 8_000, "output_tokens": 500}


@pytest.mark.promise("C-11")
@pytest.mark.capability("B1", "E5")
async def test_a_model_without_a_price_answers_at_balance_zero_and_a_paid_one_does_not(stack: Stack) -> None:
    poor = await stack.caller(credit_nusd=0)
    local = {"model": "local/free", "provider": "own", "upstream_model": "simulated/chat", "base_url": f"{stack.simulator}/v1", **NO_PRICE}
    assert (await poor("POST", "/v1/models", local)).status == 201
    free = await poor("POST", "/v1/executions", HELLO | {"model": "local/free"})
    paid = await poor("POST", "/v1/executions", HELLO)
    assert (free.status, free.body.get("cost_nusd")) == (200, 0), free.body
    assert (paid.status, paid.body["error"]["code"]) == (402, "out_of_credit")
    assert (await poor("GET", "/v1/credits")).body["balance_nusd"] == 0


@pytest.mark.promise("C-10")
@pytest.mark.capability("B1")
async def test_a_suspended_workspace_is_let_in_nowhere_and_afterwards_again(stack: Stack, caller: Caller) -> None:
    async def suspend(is_suspended: bool) -> None:
        await books(stack, "UPDATE accounts SET suspended = $2 WHERE workspace_id = $1", caller.workspace.workspace_id, is_suspended)

    assert (await caller("POST", "/v1/executions", HELLO)).status == 200
    await suspend(True)
    for gateway in stack.gateways:
        refused = await caller.at(gateway)("POST", "/v1/executions", HELLO)
        assert (refused.status, refused.body["error"]["code"]) == (403, "suspended")
    await suspend(False)
    async with asyncio.timeout(60):
        while (await caller("POST", "/v1/executions", HELLO)).status != 200:
            await asyncio.sleep(0.1)


@pytest.mark.capability("B3")
async def test_a_raised_rate_limit_holds_at_once_whatever_the_lower_one_left_behind(stack: Stack, caller: Caller) -> None:
    path = f"/v1/workspaces/{caller.workspace.workspace_id}"
    assert (await caller("PATCH", path, {"rate_limit_per_minute": 1})).status == 200
    async with asyncio.timeout(60):
        while (answer := await caller("POST", "/v1/executions", HELLO)).status == 200:
            pass
    assert (answer.status, answer.body["error"]["code"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 10
    assert (await caller("PATCH", path, {"rate_limit_per_minute": None})).status == 200
    async with asyncio.timeout(60):
        while (await caller("POST", "/v1/executions", HELLO)).status != 200:
            await asyncio.sleep(0.05)
