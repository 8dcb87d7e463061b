"""Several models or versions side by side over HTTP, and executions that are cancelled by their id."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from burnish_gateway.compare import run_sides
from burnish_gateway.execution import submit
from burnish_gateway.execution.request_bytes import unstamped
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.billing.money import on_plan, operator_of, until
from tests.integration.execution.test_executions import HELLO, assert_settled, books, fault, finished, one_hold, rows_of
from tests.pace import comes_within

SIDES = {"messages": HELLO["messages"], "models": ["simulated/chat", "simulated/reader"]}
NO_TIME_PASSED = (
    "UPDATE rate_state SET tat_us = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $1 "
    "WHERE rate_id = (SELECT rate_id FROM rate_state ORDER BY tat_us DESC LIMIT 1)"
)
"""Of the rate that is used up the most: all of it is free again in so many microseconds."""

HELLO_TO_THREE = SIDES | {"models": ["simulated/chat", "simulated/reader", "simulated/chat"]}


async def greeting(caller: Caller) -> None:
    for text in ("Say hello to {{name}}.", "Say good day to {{name}}."):
        path = "/v1/prompts" if text.startswith("Say hello") else "/v1/prompts/greet/versions"
        content = {"messages": [{"role": "user", "content": text}], "model": "simulated/chat"}
        made = await caller("POST", path, content | ({"slug": "greet"} if path == "/v1/prompts" else {"base_version": 1}))
        assert made.status == 201, made.body


@pytest.mark.capability("E16")
async def test_versions_are_told_together_each_with_its_own_record_and_cost(stack: Stack, caller: Caller) -> None:
    await greeting(caller)
    body = {"prompt": "greet", "versions": [1, 2], "variables": {"name": "Ada"}, "stream": True}
    events = await caller.events("/v1/executions/compare", body)
    assert (events[0][0], events[-1][0]) == ("start", "end")
    started = events[0][1]["executions"]
    assert [(one["index"], one["version"]) for one in started] == [(0, 1), (1, 2)]
    for index in (0, 1):
        text = "".join(data["text"] for name, data in events if name == "delta" and data["index"] == index)
        (done,) = [data for name, data in events if name == "done" and data["index"] == index]
        assert text == done["output"] and done["id"] == started[index]["id"] and done["latency_ms"] >= 0
    rows = await rows_of(stack, caller)
    assert [row["version"] for row in rows] == [1, 2]
    assert events[-1][1] == {"succeeded": 2, "failed": 0, "cost_nusd": sum(row["cost_nusd"] for row in rows)}
    await assert_settled(stack, caller)


@pytest.mark.capability("E16")
async def test_variants_that_each_name_their_prompt_need_none_at_the_top(stack: Stack, caller: Caller) -> None:
    await greeting(caller)
    sides = [{"prompt": "greet", "version": 1}, {"prompt": "greet", "version": 2, "model": "simulated/reader"}]
    answer = await caller("POST", "/v1/executions/compare", {"variants": sides, "variables": {"name": "Ada"}})
    assert (answer.status, answer.body["succeeded"]) == (200, 2), answer.body
    shown = [(one["prompt"], one["version"], one["model"]) for one in answer.body["data"]]
    assert shown == [("greet", 1, "simulated/chat"), ("greet", 2, "simulated/reader")]
    one_bare = [sides[0], {"model": "simulated/reader"}]
    for wrong in (
        {"variants": one_bare},
        {"variants": sides, "version": 1},
        {"variants": sides, "prompt_key": "k"},
        {"variants": sides, "client_request_id": "one-name-for-two"},
        {"models": ["a/b", "c/d"]},
    ):
        refused = await caller("POST", "/v1/executions/compare", wrong | {"variables": {"name": "Ada"}})
        assert refused.status == 422, refused.body
    assert len(await rows_of(stack, caller)) == 2


@pytest.mark.capability("E16")
async def test_a_side_that_fails_ends_no_other(stack: Stack, caller: Caller) -> None:
    async with fault(stack, "error,status=400"):
        answer = await caller("POST", "/v1/executions/compare", SIDES)
    assert (answer.status, answer.body["succeeded"], answer.body["failed"]) == (200, 1, 1), answer.body
    failed, fine = answer.body["data"]
    assert (failed["index"], failed["error"]["code"]) == (0, "provider_refused") and failed["error"]["details"]["execution_id"]
    assert (fine["index"], fine["status"], fine["model"]) == (1, "success", "simulated/reader")
    assert len(await rows_of(stack, caller)) == 2
    await assert_settled(stack, caller)


@pytest.mark.capability("E16")
@pytest.mark.promise("G-06")
async def test_what_credit_does_not_hold_for_as_a_whole_is_refused_as_a_whole(stack: Stack) -> None:
    sides = {"messages": HELLO["messages"], "models": ["simulated/chat"] * 3}
    hold = await one_hold(stack, HELLO)
    poor = await stack.caller(credit_nusd=hold * 5 // 2)
    headers = {"idempotency-key": "three"}
    refused = await poor("POST", "/v1/executions/compare", sides, headers=headers)
    assert (refused.status, refused.body["error"]["code"]) == (402, "out_of_credit"), refused.body
    assert await rows_of(stack, poor) == []
    assert await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", poor.workspace.workspace_id) == []
    held = "SELECT 1 FROM accounts WHERE workspace_id = $1 AND (held_nusd, in_flight) <> (0, 0)"
    assert await books(stack, held, poor.workspace.workspace_id) == []
    two = {"messages": HELLO["messages"], "models": ["simulated/chat"] * 2}
    assert (await poor("POST", "/v1/executions/compare", two)).body["succeeded"] == 2  # at once: what was let go of is free again
    await assert_settled(stack, poor)


@pytest.mark.capability("E16")
@pytest.mark.promise("G-02")
async def test_a_repeat_with_the_same_key_gets_the_same_sides(stack: Stack, caller: Caller) -> None:
    headers = {"idempotency-key": "sides"}
    first = await caller("POST", "/v1/executions/compare", SIDES, headers=headers)
    again = await caller("POST", "/v1/executions/compare", SIDES, headers=headers)
    assert first.status == 200 and again.raw == first.raw and again.headers["idempotent-replayed"] == "true"
    assert len(await rows_of(stack, caller)) == 2


@pytest.mark.capability("E16")
@pytest.mark.promise("G-02")
async def test_a_repeat_gets_its_sides_though_one_of_them_would_be_refused_by_now(stack: Stack, caller: Caller) -> None:
    await greeting(caller)
    asked, key = {"prompt": "greet", "versions": [1, 2], "variables": {"name": "Ada"}}, {"idempotency-key": "sides"}
    first = await caller("POST", "/v1/executions/compare", asked, headers=key)
    assert (await caller("POST", "/v1/prompts/greet/archive")).status == 200
    refused = await caller("POST", "/v1/executions/compare", asked, headers={"idempotency-key": "others"})
    assert refused.status in (404, 409), refused.body
    again = await caller("POST", "/v1/executions/compare", asked, headers=key)
    assert (again.status, again.headers.get("idempotent-replayed")) == (200, "true"), again.body
    assert again.raw == first.raw
    other = await caller("POST", "/v1/executions/compare", asked | {"versions": [2, 1]}, headers=key)
    assert (other.status, other.body["error"]["code"]) == (422, "idempotency_mismatch"), other.body
    assert len(await rows_of(stack, caller)) == 2


@pytest.mark.capability("E16", "E3")
@pytest.mark.promise("G-11")
async def test_whoever_leaves_ends_all_sides_within_a_second(stack: Stack, caller: Caller) -> None:
    body = {"messages": HELLO["messages"], "models": ["simulated/chat"] * 3, "stream": True}
    async with fault(stack, "slow_chunks,rate=2"):
        names: set[tuple[str, Any]] = set()
        async for name, data in caller.stream("/v1/executions/compare", body):
            names.add((name, data.get("index")))
            if {("delta", 0), ("delta", 1), ("delta", 2)} <= names:
                break
        async with comes_within(1.0):
            while len(rows := await rows_of(stack, caller)) < 3:
                await asyncio.sleep(0.02)
    assert {row["status"] for row in rows} == {"cancelled"} and all(row["cost_nusd"] > 0 for row in rows)
    await assert_settled(stack, caller)


@pytest.mark.capability("E16")
@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"variants": [{"version": 1}, {"version": 9}]}, "variants[1].version"),
        ({"variants": [{"version": 1}, {"prompt": "nowhere"}]}, "variants[1].prompt"),
        ({"variants": [{"version": 1}, {"model": "nobody/knows"}]}, "variants[1].model"),
        ({"variants": [{}, {"overrides": {"response_format": {"type": "poem"}}}]}, "variants[1].overrides.response_format"),
        ({"variants": [{}, {"version": 2}], "overrides": {"response_format": {"type": "poem"}}}, "overrides.response_format"),
        ({"variants": [{}, {"version": 2}], "variables": {}}, "variables"),
        ({"versions": [1, 9], "models": ["simulated/chat", "simulated/reader"]}, "versions[1]"),
        ({"versions": [1, 2], "models": ["simulated/chat", "nobody/knows"]}, "models[1]"),
    ],
)
async def test_a_refused_side_is_named(stack: Stack, caller: Caller, change: dict[str, Any], param: str) -> None:
    await greeting(caller)
    answer = await caller("POST", "/v1/executions/compare", {"prompt": "greet", "variables": {"name": "Ada"}} | change)
    assert answer.status in (404, 422), answer.body
    error = answer.body["error"]
    assert error["param"].startswith(param) and error["message"].count(error["param"]) <= 1, error
    assert param == "variables" or error["message"].startswith(f"{error['param']}: "), error
    assert await rows_of(stack, caller) == []


@pytest.mark.capability("E16")
@pytest.mark.parametrize(
    "change",
    [
        {"models": ["simulated/chat"]},
        {"models": ["simulated/chat"] * 9},
        {"versions": [1, 2]},
        {"variants": [{"model": "simulated/chat"}, {"model": "simulated/reader"}]},
        {"mode": "background"},
        {"models": ["simulated/chat", "nobody/knows"]},
        {"models": ["simulated/chat", "simulated/reader"], "requirements": {"min_quality": 0.5}},
    ],
)
async def test_a_comparison_that_cannot_be_is_refused_and_asks_nobody(stack: Stack, caller: Caller, change: dict[str, Any]) -> None:
    answer = await caller("POST", "/v1/executions/compare", SIDES | change)
    assert answer.status in (404, 422), answer.body
    assert await rows_of(stack, caller) == []


@pytest.mark.capability("E15", "E3")
@pytest.mark.promise("G-11")
async def test_a_background_execution_is_cancelled_by_its_id_within_a_second(stack: Stack, caller: Caller) -> None:
    async with fault(stack, "slow,s=600"):
        accepted = (await caller("POST", "/v1/executions", HELLO | {"mode": "background"})).body["id"]
        async with asyncio.timeout(60):
            while (await caller("GET", f"/v1/executions/{accepted}")).body["status"] != "running":
                await asyncio.sleep(0.02)
        async with comes_within(1.0):
            cancelled = await caller("POST", f"/v1/executions/{accepted}/cancel")
        assert (cancelled.status, cancelled.body) == (200, {"id": accepted, "status": "cancelled"})
    assert (await finished(caller, accepted))["status"] == "cancelled"
    assert (await caller("POST", f"/v1/executions/{accepted}/cancel")).body["status"] == "cancelled"
    stranger = await stack.caller()
    assert (await stranger("POST", f"/v1/executions/{accepted}/cancel")).status == 404
    await assert_settled(stack, caller)


@pytest.mark.capability("E15")
async def test_a_background_execution_that_nobody_began_is_cancelled_in_its_queue(stack: Stack, caller: Caller) -> None:
    accepted = (await caller("POST", "/v1/executions", HELLO | {"mode": "background"})).body["id"]
    cancelled = await caller("POST", f"/v1/executions/{accepted}/cancel")
    assert cancelled.body["status"] in ("cancelled", "success")
    assert (await finished(caller, accepted))["status"] == cancelled.body["status"]
    await assert_settled(stack, caller)


@pytest.mark.capability("E16", "B3")
@pytest.mark.promise("G-16")
async def test_sides_count_together_and_what_a_rate_refuses_used_up_nothing_of_it(stack: Stack, caller: Caller) -> None:
    """10 a minute let three begin at once."""
    key = await caller("POST", "/v1/api-keys", {"name": "slow", "rate_limit_per_minute": 10})
    slow = replace(caller, key=key.body["key"])
    never = await slow("POST", "/v1/executions/compare", {"messages": HELLO["messages"], "models": ["simulated/chat"] * 4})
    assert (never.status, never.body["error"]["details"]) == (422, {"calls": 4, "most_at_once": 3, "limit_per_minute": 10})
    compared = await slow("POST", "/v1/executions/compare", SIDES)
    assert (compared.status, compared.headers["ratelimit-remaining"]) == (200, "1"), compared.body
    for _ in range(2):
        async with as_superuser(stack.urls["superuser"]) as connection:  # As if no time had passed since: two of three are used up.
            await connection.execute(NO_TIME_PASSED, 12_000_000)
        refused = await slow("POST", "/v1/executions/compare", SIDES)
        assert (refused.status, refused.body["error"]["code"]) == (429, "rate_limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 6
    assert (await slow("POST", "/v1/executions", HELLO)).status == 200
    assert len(await rows_of(stack, caller)) == 3
    await assert_settled(stack, caller)


@pytest.mark.capability("E16", "B3")
async def test_a_flood_that_a_rate_refuses_is_not_rendered_and_what_is_let_in_becomes_bytes_once(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four of the longest sides took a third of a second of the gateway before a rate said no, each time."""
    made: list[Any] = []

    def counted(request: Any) -> bytes:
        made.append(request)
        return unstamped(request)

    for module in (run_sides, submit):
        monkeypatch.setattr(module, "unstamped", counted)
    key = await caller("POST", "/v1/api-keys", {"name": "slow", "rate_limit_per_minute": 10})
    slow = replace(caller, key=key.body["key"])
    compared = await slow("POST", "/v1/executions/compare", SIDES)
    assert (compared.status, len(made)) == (200, 2), compared.body
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(NO_TIME_PASSED, 12_000_000)
    statuses = [(await slow("POST", "/v1/executions/compare", SIDES)).status for _ in range(3)]
    assert statuses == [429] * 3 and len(made) == 4, "once, to ask the rate"
    again = await slow("POST", "/v1/executions/compare", SIDES | {"models": ["no-such-model"] * 2})
    assert again.status == 429, "nothing was looked at"
    await assert_settled(stack, caller)


@pytest.mark.capability("E16", "B3")
async def test_more_sides_than_the_plan_lets_wait_at_once_are_refused_for_good(stack: Stack, caller: Caller) -> None:
    await on_plan(await operator_of(stack), caller, "for-two", concurrency=2)

    async def never() -> bool:
        answer = await caller("POST", "/v1/executions/compare", HELLO_TO_THREE)
        return answer.status == 422 and answer.body["error"]["details"] == {"calls": 3, "most_at_once": 2}

    await until(never)
    assert (await caller("POST", "/v1/executions/compare", SIDES)).status == 200
    await assert_settled(stack, caller)


def with_image(size_bytes: int) -> list[dict[str, Any]]:
    """One message of the user with an image of so many bytes, as its data URL holds them."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * (size_bytes // 4 * 4)}}
    return [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}]


async def test_sides_are_asked_about_an_image_as_large_as_a_single_call_takes(stack: Stack, caller: Caller) -> None:
    body = SIDES | {"messages": with_image(5 * 1024 * 1024), "models": ["simulated/chat", "simulated/chat"]}
    answer = await caller("POST", "/v1/executions/compare", body)
    assert (answer.status, answer.body.get("succeeded")) == (200, 2), answer.body
    assert all("image/png" in one["output"] for one in answer.body["data"])
    await assert_settled(stack, caller)


async def test_sides_that_are_too_long_together_are_refused_before_any_is_held_for(stack: Stack, caller: Caller) -> None:
    body = SIDES | {"messages": with_image(5 * 1024 * 1024), "models": ["simulated/chat"] * 8}
    refused = await caller("POST", "/v1/executions/compare", body)
    assert (refused.status, refused.body["error"]["code"], refused.body["error"]["param"]) == (413, "payload_too_large", "models")
    assert refused.body["error"]["message"].startswith("models: the rendered requests of these 8 sides")
    assert await rows_of(stack, caller) == []
    await assert_settled(stack, caller)
