"""Tokens a minute over HTTP: of a key, a workspace and a plan (docs/guides/money.md)."""

import asyncio
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.integration.billing.money import SMALL, books, ok, on_plan, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("B3")]


async def key_with(stack: Stack, caller: Caller, **fields: Any) -> tuple[str, Caller]:
    made = await ok(caller("POST", "/v1/api-keys", {"name": "limited", **fields}), 201)
    return made["id"], Caller(stack.session, stack.gateways[0], made["key"], caller.workspace)


async def rates(caller: Caller) -> Any:
    return (await ok(caller("GET", "/v1/usage/rates")))["tokens"]


@pytest.mark.promise("G-16")
async def test_a_key_that_used_its_tokens_is_refused_by_name_and_gets_back_what_calls_did_not_use(stack: Stack, caller: Caller) -> None:
    key_id, limited = await key_with(stack, caller, token_limit_per_minute=200)
    first = await limited("POST", "/v1/executions", SMALL)
    assert first.status == 200, first.body
    usage = first.body["usage"]
    used = usage["input_tokens"] + usage["output_tokens"]

    async def is_settled() -> bool:
        (one,) = (await rates(caller))["api_keys"]
        return 200 - used <= one["remaining"] < 200

    await until(is_settled)  # less than `max_tokens` and the safety, which were taken when it began
    (one,) = (await rates(caller))["api_keys"]
    assert (one["api_key_id"], one["per_minute"], one["at_once"]) == (key_id, 200, 200)
    answers = await asyncio.gather(*(limited.at(stack.gateways[n % 2])("POST", "/v1/executions", SMALL) for n in range(30)))
    refused = [answer for answer in answers if answer.status == 429]
    assert refused and {answer.status for answer in answers} <= {200, 429}
    for answer in refused:
        error = answer.body["error"]
        assert (error["code"], error["type"], error["details"]["limit_of"]) == ("tokens_limited", "rate_limit_error", "api_key")
        assert error["details"]["limit_per_minute"] == 200 and error["details"]["unit"] == "tokens"
        assert answer.headers["ratelimit-policy"] == '200;w=60;burst=200;qu="tokens"' and answer.headers["ratelimit-remaining"] == "0"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert (await caller("POST", "/v1/executions", SMALL)).status == 200, "another key of the workspace is not bound"


async def test_what_a_key_is_limited_to_changes_within_a_second_and_goes_on_in_the_key_that_replaces_it(
    stack: Stack, caller: Caller
) -> None:
    key_id, limited = await key_with(stack, caller, token_limit_per_minute=1_000_000)
    path = f"/v1/api-keys/{key_id}"
    assert (await ok(caller("PATCH", path, {"token_limit_per_minute": 1})))["token_limit_per_minute"] == 1

    async def is_refused() -> bool:
        return (await limited("POST", "/v1/executions", SMALL)).status == 429

    await until(is_refused)
    assert (await ok(caller("POST", f"{path}/rotate"), 201))["token_limit_per_minute"] == 1
    assert (await ok(caller("PATCH", path, {"token_limit_per_minute": None})))["token_limit_per_minute"] is None

    async def is_let_in() -> bool:
        return not await is_refused()

    await until(is_let_in)
    narrow = (await ok(caller("POST", "/v1/api-keys", {"name": "narrow", "scopes": ["prompts:read"], "token_limit_per_minute": 9}), 201))[
        "key"
    ]
    assert narrow
    bad = await caller("PATCH", path, {"token_limit_per_minute": 0})
    assert (bad.status, bad.body["error"]["param"]) == (422, "token_limit_per_minute")


async def test_a_workspace_is_bound_by_its_own_limit_and_by_its_plans(stack: Stack, operator: Caller, caller: Caller) -> None:
    path = f"/v1/workspaces/{caller.workspace.workspace_id}"
    await on_plan(operator, caller, "tokens", token_limit_per_minute=5_000)
    body = await ok(caller("GET", path))
    assert (body["token_limit_per_minute"], body["limits"]["token_limit_per_minute"]) == (None, 5_000)

    async def is_limited() -> bool:
        found = (await rates(caller))["workspace"]
        return found is not None and found["per_minute"] == 5_000

    await until(is_limited)
    over = await caller("PATCH", path, {"token_limit_per_minute": 5_001})
    assert (over.status, over.body["error"]["param"]) == (422, "token_limit_per_minute")
    await ok(caller("PATCH", path, {"token_limit_per_minute": 60}))

    async def is_refused() -> bool:
        answers = await asyncio.gather(*(caller("POST", "/v1/executions", SMALL) for _ in range(3)))
        return any(one.status == 429 and one.body["error"]["details"].get("limit_of") == "workspace" for one in answers)

    await until(is_refused)


async def test_a_comparison_takes_the_tokens_of_all_its_sides_and_gives_them_back(stack: Stack, caller: Caller) -> None:
    _, limited = await key_with(stack, caller, token_limit_per_minute=100_000)
    body = {"models": ["simulated/chat", "simulated/reader"], "messages": SMALL["messages"]}
    answer = await ok(limited("POST", "/v1/executions/compare", body))
    assert answer["succeeded"] == 2
    used = sum(one["usage"]["input_tokens"] + one["usage"]["output_tokens"] for one in answer["data"])

    async def is_settled() -> bool:
        (one,) = (await rates(caller))["api_keys"]
        return bool(one["remaining"] >= 100_000 - used)

    await until(is_settled)
    assert not await books(stack, "SELECT FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)


async def test_a_comparison_that_is_refused_takes_no_tokens(stack: Stack, caller: Caller) -> None:
    """One side alone could be paid. Together they may use more than the limit, so that the first took all of it."""
    models, most = ["simulated/chat", "simulated/reader"], 0
    for model in models:
        line = {"custom_id": "one", "body": {"model": model, "messages": SMALL["messages"]}}
        most += (await ok(caller("POST", "/v1/batches/estimate", {"requests": [line]})))["most_nusd"]
    budget = {"limit_nusd": most - 1, "period": "day"}
    _, limited = await key_with(stack, caller, token_limit_per_minute=100, budget=budget)
    refused = await limited("POST", "/v1/executions/compare", {"models": models, "messages": SMALL["messages"]})
    assert (refused.status, refused.body["error"]["code"]) == (402, "budget_exhausted"), refused.body
    assert not await books(stack, "SELECT FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)
    (one,) = (await rates(caller))["api_keys"]
    assert one["remaining"] >= 95, "of 100"


async def test_without_a_limit_headers_tell_of_calls(stack: Stack, caller: Caller) -> None:
    answer = await caller("POST", "/v1/executions", SMALL)
    assert "qu=" not in answer.headers["ratelimit-policy"]
    assert await rates(caller) == {"workspace": None, "api_keys": []}
