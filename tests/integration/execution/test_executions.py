"""Executions over HTTP, through gateway, NATS, executor, the simulator and the books."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.fakes.keyed_provider import KeyedProvider, Manner, serving_by_key
from tests.pace import comes_within

HELLO = {"messages": [{"role": "user", "content": "Say hello to Ada."}], "model": "simulated/chat"}
HELD_BACK = HELLO | {"model": "own/held"}


@asynccontextmanager
async def held_back(*callers: Caller) -> AsyncIterator[KeyedProvider]:
    """These callers' model `own/held` answers nobody before the test sets `released`."""
    facts = {
        "model": "own/held", "provider": "lab", "upstream_model": "held", "context_tokens": 100_000, "output_tokens": 1_000,
        "input_price_nusd_per_million": 1_000_000_000, "output_price_nusd_per_million": 2_000_000_000,
    }  # fmt: skip
    async with serving_by_key() as provider:
        provider.manners[""] = Manner(hangs=True)
        for caller in callers:
            made = await caller("POST", "/v1/models", facts | {"base_url": provider.base_url})
            assert made.status == 201, made.body
        yield provider


async def until_asked(provider: KeyedProvider) -> None:
    async with asyncio.timeout(60):
        while not provider.calls:
            await asyncio.sleep(0.01)


async def books(stack: Stack, sql: str, *args: object) -> Any:
    async with as_superuser(stack.urls["superuser"]) as connection:
        return await connection.fetch(sql, *args)


async def rows_of(stack: Stack, caller: Caller) -> list[asyncpg.Record]:
    return list(await books(stack, "SELECT * FROM executions WHERE workspace_id = $1 ORDER BY execution_id", caller.workspace.workspace_id))


async def assert_settled(stack: Stack, caller: Caller) -> None:
    """Nothing held, no drift, and the sum of charges is the sum of costs."""
    assert await books(stack, "SELECT * FROM drift()") == []
    assert await books(stack, "SELECT * FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id) == []
    costs = sum(row["cost_nusd"] for row in await rows_of(stack, caller))
    charged = await books(
        stack,
        "SELECT coalesce(sum(amount_nusd), 0)::bigint AS s FROM transfers WHERE workspace_id = $1 AND kind = 'charge'",
        caller.workspace.workspace_id,
    )
    assert charged[0]["s"] == costs


@pytest.mark.capability("E1")
async def test_an_answer_and_its_record_say_the_same(stack: Stack, caller: Caller) -> None:
    answer = await caller("POST", "/v1/executions", HELLO | {"user_id": "u1", "session_id": "s1", "app": "web", "metadata": {"k": "v"}})
    assert answer.status == 200, answer.body
    assert answer.body["status"] == "success" and answer.body["simulated"] is True and answer.body["cost_nusd"] > 0
    assert answer.headers["x-execution-id"] == answer.body["id"]
    read = (await caller("GET", f"/v1/executions/{answer.body['id']}")).body
    assert {name: read[name] for name in answer.body} == answer.body
    assert read["messages"] == HELLO["messages"] and (read["user_id"], read["session_id"], read["app"]) == ("u1", "s1", "web")
    assert read["request_id"] == answer.headers["x-request-id"]
    await assert_settled(stack, caller)


@pytest.mark.capability("E1", "P3")
async def test_a_prompt_runs_by_name_with_its_variables(stack: Stack, caller: Caller) -> None:
    made = await caller(
        "POST",
        "/v1/prompts",
        {"slug": "greet", "messages": [{"role": "user", "content": "Say hello to {{name}}."}], "model": "simulated/chat"},
    )
    assert made.status == 201, made.body
    answer = await caller("POST", "/v1/executions", {"prompt": "greet", "variables": {"name": "Ada"}})
    assert (answer.status, answer.body["prompt"], answer.body["version"], answer.body["label"]) == (200, "greet", 1, "production"), (
        answer.body
    )
    missing = await caller("POST", "/v1/executions", {"prompt": "greet"})
    assert (missing.status, missing.body["error"]["code"]) == (422, "missing_variables")
    assert len(await rows_of(stack, caller)) == 1


@pytest.mark.capability("E3")
@pytest.mark.promise("G-13")
async def test_a_stream_holds_the_whole_text_in_order_and_ends_once(stack: Stack, caller: Caller) -> None:
    events = await caller.events("/v1/executions", HELLO | {"stream": True})
    assert [name for name, _ in events[:-1]] == ["delta"] * (len(events) - 1) and events[-1][0] == "done"
    assert [data["index"] for _, data in events[:-1]] == list(range(len(events) - 1))
    assert "".join(data["text"] for _, data in events[:-1]) == events[-1][1]["output"] != ""
    assert events[-1][1]["first_token_ms"] is not None
    await assert_settled(stack, caller)


@pytest.mark.capability("E15")
async def test_a_background_execution_is_accepted_and_read_later(stack: Stack, caller: Caller) -> None:
    accepted = await caller("POST", "/v1/executions", HELLO | {"mode": "background"})
    assert (accepted.status, accepted.body["status"]) == (202, "queued")
    read = await finished(caller, accepted.body["id"])
    assert read["status"] == "success" and read["lane"] == "background"
    await assert_settled(stack, caller)


async def finished(caller: Caller, execution_id: str) -> Any:
    async with asyncio.timeout(60):
        while True:
            read = (await caller("GET", f"/v1/executions/{execution_id}")).body
            if read["status"] not in ("queued", "running"):
                return read
            await asyncio.sleep(0.02)


@pytest.mark.promise("G-02", "G-03", "G-04")
async def test_fifty_calls_at_once_with_one_key_are_one_execution_with_equal_bytes(stack: Stack, caller: Caller) -> None:
    headers = {"idempotency-key": "one"}
    callers = [caller.at(url) for url in stack.gateways]
    answers = await asyncio.gather(*(callers[i % 2]("POST", "/v1/executions", HELLO, headers=headers) for i in range(50)))
    assert {one.status for one in answers} == {200}
    assert len({one.raw for one in answers}) == 1
    assert sum("idempotent-replayed" not in one.headers for one in answers) == 1
    assert len(await rows_of(stack, caller)) == 1
    other = await caller("POST", "/v1/executions", HELLO | {"app": "x"}, headers=headers)
    assert (other.status, other.body["error"]["code"]) == (422, "idempotency_mismatch")
    neighbour = await (await stack.caller())("POST", "/v1/executions", HELLO, headers=headers)
    assert neighbour.status == 200 and neighbour.body["id"] != answers[0].body["id"]
    await assert_settled(stack, caller)


@pytest.mark.promise("G-02")
@pytest.mark.capability("E1", "E2")
async def test_a_repeat_is_answered_though_the_same_call_would_be_refused_by_now(stack: Stack, caller: Caller) -> None:
    """An answer that was paid and got lost on its way is had by its key, whatever became of label, prompt and model since."""
    model = {
        "model": "own/embed", "provider": "lab", "upstream_model": "embed", "base_url": stack.simulator + "/v1", "context_tokens": 1_000,
        "output_tokens": 10, "input_price_nusd_per_million": 1, "output_price_nusd_per_million": 1,
    }  # fmt: skip
    assert (await caller("POST", "/v1/models", model)).status == 201
    prompt = {"model": "simulated/chat", "template": "Say hello to {{name}}."}
    assert [(await caller("POST", "/v1/prompts", {**prompt, "slug": slug})).status for slug in ("moving", "leaving")] == [201, 201]
    named = {"model": "burnish::prompt::moving", "variables": {"name": "Ada"}, "messages": []}
    calls = {
        "/v1/executions": {"prompt": "moving", "variables": {"name": "Ada"}},
        "/v1/chat/completions": named,
        "/v1/responses": {"model": "burnish::prompt::moving", "input": "Now.", "variables": {"name": "Ada"}},
        "/v1/embeddings": {"model": "own/embed", "input": "Ada"},
        "/prompt-executor": {"prompt_id": "leaving", "input_data": {"name": "Ada"}},
    }
    first = {path: await caller("POST", path, body, headers={"idempotency-key": "lost"}) for path, body in calls.items()}
    assert {one.status for one in first.values()} == {200}, {path: one.body for path, one in first.items()}
    needy = {"base_version": 1, "template": "Say {{greeting}} to {{name}}."}
    assert (await caller("POST", "/v1/prompts/moving/versions", needy)).status == 201
    assert (await caller("PUT", "/v1/prompts/moving/labels/production", {"version": 2})).status == 200
    assert (await caller("POST", "/v1/prompts/leaving/archive")).status == 200
    assert (await caller("DELETE", "/v1/models/own/embed")).status == 200
    for path, body in calls.items():
        refused = await caller("POST", path, body, headers={"idempotency-key": "another"})
        assert refused.status in (400, 404, 409, 422), (path, refused.body)
        again = await caller("POST", path, body, headers={"idempotency-key": "lost"})
        assert (again.status, again.headers.get("idempotent-replayed")) == (200, "true"), (path, again.body)
        assert again.headers["x-execution-id"] == first[path].headers["x-execution-id"]
    events = await caller.events("/v1/executions", {"prompt": "moving"} | {"variables": {}}, headers={"idempotency-key": "lost"})
    assert events[0][0] == "422" and events[0][1]["error"]["code"] == "idempotency_mismatch", events
    await assert_settled(stack, caller)


@pytest.mark.capability("E1")
async def test_variables_beside_messages_that_they_would_fill_are_refused(caller: Caller) -> None:
    """The model was asked with the braces, and nobody heard of it."""
    said = {"model": "simulated/chat", "variables": {"name": "Ada"}, "messages": [{"role": "user", "content": "Say hello to {{name}}."}]}
    for path, body in (
        ("/v1/executions", said),
        ("/v1/executions/compare", {**said, "model": None, "models": ["simulated/chat", "simulated/reader"]}),
    ):
        refused = await caller("POST", path, body)
        assert (refused.status, refused.body["error"]["param"]) == (422, "variables"), (path, refused.body)
        assert "{{name}}" in refused.body["error"]["message"] and "POST /v1/prompts" in refused.body["error"]["message"]
    kept = await caller("POST", "/v1/executions", {**said, "messages": [{"role": "user", "content": "Say hello."}]})
    assert kept.status == 200 and (await caller("GET", f"/v1/executions/{kept.body['id']}")).body["variables"] == {"name": "Ada"}
    chat = {"model": "simulated/chat", "messages": said["messages"], "metadata": {"variables": '{"name": "Ada"}'}}
    assert (await caller("POST", "/v1/chat/completions", chat)).status == 200, "clients of OpenAI's format are left alone"


@pytest.mark.promise("G-02")
@pytest.mark.parametrize("path", ["/v1/executions", "/v1/chat/completions"])
async def test_a_repeat_whose_text_is_not_kept_is_told_so_and_asks_nobody(stack: Stack, caller: Caller, path: str) -> None:
    """It got a success without a word."""
    changed = await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"store_content": False})
    assert changed.status == 200, changed.body
    first, again = [await caller("POST", path, HELLO, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert first.status == 200
    assert (again.status, again.body["error"]["code"], again.body["error"]["retryable"]) == (409, "answer_not_kept", False)
    assert again.headers["x-should-retry"] == "false" and again.headers["x-execution-id"] == first.headers["x-execution-id"]
    if path == "/v1/executions":
        assert again.body["error"]["details"]["status"] == "success", "as the books have it"
    assert len(await rows_of(stack, caller)) == 1


@pytest.mark.promise("C-02", "C-03")
async def test_a_hundred_calls_at_once_on_credit_for_22_through_two_gateways_are_22(stack: Stack) -> None:
    """All hundred are in flight together: nobody is answered before all of them were let in or refused."""
    probe, body = await stack.caller(), HELD_BACK | {"overrides": {"max_tokens": 64}}
    async with held_back(probe):
        held = await one_hold(stack, body, caller=probe)
    caller = await stack.caller(credit_nusd=22 * held)
    callers = [caller.at(url) for url in stack.gateways]
    async with held_back(caller) as provider:
        calling = [asyncio.create_task(callers[i % 2]("POST", "/v1/executions", body)) for i in range(100)]
        async with asyncio.timeout(55):
            while sum(one.done() for one in calling) + len(provider.calls) < 100:
                await asyncio.sleep(0.02)
        assert len(provider.calls) == 22
        provider.released.set()
        statuses = [one.status for one in await asyncio.gather(*calling)]
    assert statuses.count(200) == 22 and statuses.count(402) == 78, sorted(statuses)
    await assert_settled(stack, caller)


async def one_hold(stack: Stack, body: dict[str, Any], *, caller: Caller | None = None) -> int:
    """What one such call holds: read while it is under way, which it is until its caller leaves."""
    caller = caller or await stack.caller()
    async with fault(stack, "slow,s=600"):
        running = asyncio.create_task(caller("POST", "/v1/executions", body))
        held = []
        while not held:
            assert not running.done(), running.result().body
            held = await books(stack, "SELECT amount_nusd FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return int(held[0]["amount_nusd"])


class fault:
    """Every call of the simulator meets this fault while the block runs."""

    def __init__(self, stack: Stack, script: str) -> None:
        self.stack, self.script = stack, script

    async def __aenter__(self) -> None:
        async with self.stack.session.put(f"{self.stack.simulator}/faults", json={"model": "chat", "fault": self.script}) as response:
            assert response.status == 200, await response.text()

    async def __aexit__(self, *_: object) -> None:
        async with self.stack.session.delete(f"{self.stack.simulator}/faults") as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("overrides", "param"),
    [
        ({"max_tokens": 9_999_999}, "overrides.max_tokens"),
        ({"max_completion_tokens": 9_999_999}, "overrides.max_completion_tokens"),
        ({"tool_choice": "required"}, "overrides.tool_choice"),
        ({"response_format": {"type": "json"}}, "overrides.response_format.type"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, "overrides.response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": 1}}}},
         "overrides.response_format.json_schema.schema"),
        ({"extra": {"service_tier": 3}}, "overrides.extra.service_tier"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_an_override_is_told_where_it_stands(caller: Caller, overrides: Any, param: str) -> None:
    answer = await caller("POST", "/v1/executions", HELLO | {"overrides": overrides})
    assert (answer.status, answer.body["error"]["param"]) == (422, param), answer.body
    assert param in answer.body["error"]["message"], answer.body
    chat = await caller("POST", "/v1/chat/completions", HELLO | {"max_tokens": 9_999_999})
    assert (chat.status, chat.body["error"]["param"]) == (400, "max_tokens"), chat.body


async def test_a_field_that_no_provider_gets_is_named_where_it_stands(caller: Caller) -> None:
    """Whether a setting has the same name or not."""
    for name in ("max_tokens", "models"):
        answer = await caller("POST", "/v1/executions", HELLO | {"overrides": {"max_tokens": 5, "extra": {name: 7}}})
        error = answer.body["error"]
        assert (answer.status, error["param"]) == (400, f"overrides.extra.{name}"), answer.body
        assert error["message"].startswith(f"overrides.extra.{name}: "), answer.body
    chat = await caller("POST", "/v1/chat/completions", HELLO | {"models": [7]})
    assert (chat.status, chat.body["error"]["param"]) == (400, "models"), chat.body


@pytest.mark.promise("G-06", "G-17")
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_field"),
        (HELLO | {"prompt": "x"}, 422, "invalid_field"),
        ({"prompt": "absent"}, 404, "not_found"),
        (HELLO | {"model": "absent"}, 404, "model_not_found"),
        (HELLO | {"surprise": 1}, 422, "invalid_field"),
        (HELLO | {"stream": "true"}, 422, "invalid_field"),
        (HELLO | {"overrides": {"max_tokens": 10**12}}, 422, "invalid_field"),
        (HELLO | {"overrides": {"max_tokens": -1}}, 422, "invalid_field"),
        (HELLO | {"overrides": {"shell": "rm"}}, 422, "invalid_field"),
        (HELLO | {"overrides": {"response_format": "json"}}, 422, "invalid_field"),
        (HELLO | {"overrides": {"temperature": "hot"}}, 422, "invalid_field"),
        (HELLO | {"messages": []}, 422, "invalid_field"),
        (HELLO | {"messages": [{"role": "root", "content": "x"}]}, 422, "invalid_field"),
        (HELLO | {"stream": True, "mode": "background"}, 422, "invalid_field"),
    ],
)
async def test_bad_input_is_refused_by_name_and_changes_nothing(stack: Stack, caller: Caller, body: Any, status: int, code: str) -> None:
    answer = await caller("POST", "/v1/executions", body)
    assert (answer.status, answer.body["error"]["code"]) == (status, code), answer.body
    assert set(answer.body["error"]) >= {"type", "code", "message", "param", "request_id", "retryable"}
    assert await rows_of(stack, caller) == []
    assert await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id) == []


@pytest.mark.promise("G-08")
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"a":1,"a":2}',
        b'{"x":NaN}',
        b'"\xff"',
        b'{"x":"\\u0000"}',
        b'{"x":"\\ud800"}',
        b'{"x":1e400}',
        b"[" * 100_000,
        b'{"x":' + b"9" * 5000 + b"}",
    ],
    ids=lambda raw: repr(raw[:12]),
)
async def test_bytes_that_are_no_body_get_a_400_or_422(caller: Caller, raw: bytes) -> None:
    answer = await caller("POST", "/v1/executions", raw=raw)
    assert answer.status in (400, 422) and answer.body["error"]["message"]


@pytest.mark.promise("T-01")
async def test_another_tenants_execution_does_not_exist(stack: Stack, caller: Caller) -> None:
    made = await caller("POST", "/v1/executions", HELLO)
    other = await stack.caller()
    foreign = await other("GET", f"/v1/executions/{made.body['id']}")
    absent = await other("GET", f"/v1/executions/{UUID(int=7)}")
    assert foreign.status == absent.status == 404
    without_id = [{**one.body["error"], "request_id": ""} for one in (foreign, absent)]
    assert without_id[0] == without_id[1]


@pytest.mark.capability("E2", "E9")
@pytest.mark.promise("E-04", "E-06", "E-07")
@pytest.mark.parametrize(
    ("script", "streamed", "statuses", "code"),
    [
        ("error,status=500", False, {502}, "provider_failed"),
        ("rate_limited,retry_after=30", False, {429}, "provider_rate_limited"),
        ("error_in_200", False, {502}, "provider_failed"),
        ("html_in_200", False, {502}, "provider_failed"),
        ("malformed", True, {200}, "provider_malformed"),
        ("cut,after=2", True, {200}, "stream_cut_off"),
        ("wrong_content_type", True, {502}, "provider_malformed"),
    ],
)
async def test_a_failing_provider_is_told_and_booked_once(
    stack: Stack, caller: Caller, script: str, streamed: bool, statuses: set[int], code: str
) -> None:
    async with fault(stack, script):
        if streamed and 200 in statuses:
            events = await caller.events("/v1/executions", HELLO | {"stream": True})
            assert [name for name, _ in events].count("error") == 1 and events[-1][0] == "error"
            error = events[-1][1]["error"]
        else:
            answer = await caller("POST", "/v1/executions", HELLO | {"stream": streamed})
            assert answer.status in statuses, answer.body
            error = answer.body["error"]
    assert error["code"] == code, error
    rows = await rows_of(stack, caller)
    assert len(rows) == 1 and rows[0]["status"] != "success"
    assert json.loads(rows[0]["error"])["code"] == code if isinstance(rows[0]["error"], str) else True
    await assert_settled(stack, caller)


@pytest.mark.promise("E-06")
async def test_missing_usage_is_estimated_and_says_so(stack: Stack, caller: Caller) -> None:
    async with fault(stack, "no_usage"):
        events = await caller.events("/v1/executions", HELLO | {"stream": True})
    assert events[-1][1]["usage"]["source"] == "estimated" and events[-1][1]["usage"]["output_tokens"] > 0
    await assert_settled(stack, caller)


@pytest.mark.promise("G-11")
@pytest.mark.capability("E3")
async def test_when_the_client_goes_away_the_call_ends_and_what_came_is_booked(stack: Stack, caller: Caller) -> None:
    async with fault(stack, "slow_chunks,rate=3"):
        seen = 0
        async for name, _ in caller.stream("/v1/executions", HELLO | {"stream": True}):
            seen += name == "delta"
            if seen == 3:
                break
        async with asyncio.timeout(60):
            while not (rows := await rows_of(stack, caller)):
                await asyncio.sleep(0.02)
    assert rows[0]["status"] == "cancelled" and 0 < rows[0]["output_tokens"] < 40
    await assert_settled(stack, caller)


@pytest.mark.promise("G-11")
async def test_one_that_was_cancelled_by_a_call_says_so(stack: Stack, caller: Caller) -> None:
    """Not that its caller went away: that one waits still."""
    async with fault(stack, "slow_chunks,rate=2"):
        url, headers = f"{caller.url}/v1/executions", {"authorization": f"Bearer {caller.key}"}
        async with caller.session.post(url, json=HELLO | {"stream": True}, headers=headers) as response:
            execution_id = response.headers["x-execution-id"]
            assert (await caller("POST", f"/v1/executions/{execution_id}/cancel")).body["status"] == "cancelled"
            assert b"cancelled by a call" in await response.read()
    kept = (await caller("GET", f"/v1/executions/{execution_id}")).body
    assert kept["error"]["message"] == "It was cancelled by a call of the API."
    await assert_settled(stack, caller)


@pytest.mark.promise("T-09")
async def test_the_list_pages_through_everything_once_and_a_cursor_is_of_one_tenant(stack: Stack, caller: Caller) -> None:
    made = [(await caller("POST", "/v1/executions", HELLO)).body["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = (await caller("GET", "/v1/executions?limit=2" + (f"&cursor={cursor}" if cursor else ""))).body
        seen += [one["id"] for one in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        stolen = await (await stack.caller())("GET", f"/v1/executions?limit=2&cursor={cursor}")
        assert stolen.status == 422
    assert seen == made[::-1]


async def test_the_list_can_show_one_lane_alone(stack: Stack, caller: Caller) -> None:
    called = (await caller("POST", "/v1/executions", HELLO)).body["id"]
    queued = (await caller("POST", "/v1/executions", HELLO | {"mode": "background"})).body["id"]
    async with asyncio.timeout(60):
        while (await caller("GET", f"/v1/executions/{queued}")).body["status"] in {"queued", "running"}:
            await asyncio.sleep(0.02)
    for lane, ids in (("interactive", [called]), ("background", [queued]), ("batch", [])):
        page = (await caller("GET", f"/v1/executions?lane={lane}")).body
        assert [one["id"] for one in page["data"]] == ids
    assert (await caller("GET", "/v1/executions?lane=fast")).status == 422


@pytest.mark.capability("T2")
async def test_a_revoked_key_is_refused_within_a_second_everywhere(stack: Stack, caller: Caller) -> None:
    made = await caller("POST", "/v1/api-keys", {"name": "short", "role": "viewer"})
    short = Caller(stack.session, stack.gateways[1], made.body["key"], caller.workspace)
    assert (await short("GET", "/v1/executions")).status == 200
    assert (await short("POST", "/v1/api-keys", {"name": "x"})).status == 403
    assert (await caller("DELETE", f"/v1/api-keys/{made.body['id']}")).status == 204
    async with comes_within(1.2):
        while (await short("GET", "/v1/executions")).status != 401:
            await asyncio.sleep(0.05)


@pytest.mark.promise("G-03")
async def test_a_streaming_repeat_of_a_running_call_hears_409(stack: Stack, caller: Caller) -> None:
    headers = {"idempotency-key": "stream"}
    body = HELD_BACK | {"stream": True}
    async with held_back(caller) as provider:
        first = asyncio.create_task(caller.events("/v1/executions", body, headers=headers))
        await until_asked(provider)
        repeat = await caller.events("/v1/executions", body, headers=headers)
        assert repeat[0][0] == "409" and repeat[0][1]["error"]["code"] == "idempotency_in_progress"
        provider.released.set()
        events = await first
    again = await caller.events("/v1/executions", body, headers=headers)
    assert again[-1] == events[-1]


@pytest.mark.promise("C-03")
async def test_a_workspace_cannot_price_what_is_paid_with_the_operators_key(stack: Stack, caller: Caller) -> None:
    prices = {"input_price_nusd_per_million": 0, "output_price_nusd_per_million": 0}
    model = {"provider": "openai", "upstream_model": "gpt-x", "context_tokens": 1000, "output_tokens": 100, **prices}
    refused = await caller("POST", "/v1/models", model | {"model": "mine"})
    assert (refused.status, refused.body["error"]["param"]) == (422, "base_url")
    own = await caller("POST", "/v1/models", model | {"model": "mine", "base_url": f"{stack.simulator}/v1", "upstream_model": "chat"})
    assert own.status == 201, own.body
    answer = await caller("POST", "/v1/executions", HELLO | {"model": "mine"})
    assert (answer.status, answer.body["cost_nusd"], answer.body["simulated"]) == (200, 0, True)


async def test_a_background_execution_has_the_deadline_that_was_asked_for(stack: Stack, caller: Caller) -> None:
    async with fault(stack, "slow,s=600"):
        accepted = await caller("POST", "/v1/executions", HELLO | {"mode": "background", "deadline_s": 0.5})
        read = await finished(caller, accepted.body["id"])
    assert read["status"] == "timeout" and read["latency_ms"] < 60_000
