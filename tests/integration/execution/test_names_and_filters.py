"""What clients call their calls, what lists are narrowed by, and what is charged where a provider counts more than was held for."""

import asyncio
from typing import Any

import pytest

from burnish_gateway.execution import store
from burnish_gateway.execution.store import FILTERS
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.fakes.keyed_provider import serving_by_key

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13")]

HELLO = {"messages": [{"role": "user", "content": "Say hello to Ada."}], "model": "simulated/chat"}


async def _run(caller: Caller, **more: Any) -> Any:
    answer = await caller("POST", "/v1/executions", {**HELLO, **more})
    assert answer.status == 200, answer.body
    return answer.body


async def test_a_client_request_id_names_one_execution_of_a_workspace(stack: Stack, caller: Caller) -> None:
    first = await _run(caller, client_request_id="order-7")
    again = await caller("POST", "/v1/executions", {**HELLO, "client_request_id": "order-7"})
    assert (again.status, again.body["error"]["code"]) == (409, "client_request_id_taken"), again.body
    assert again.body["error"]["details"]["execution_id"] == first["id"] and again.body["error"]["param"] == "client_request_id"
    chat = await caller("POST", "/v1/chat/completions", {**HELLO, "client_request_id": "order-7"})
    assert chat.status == 409, chat.body
    other = await stack.caller()
    assert (await _run(other, client_request_id="order-7"))["id"] != first["id"], "another workspace has names of its own"
    kept = (await caller("GET", f"/v1/executions/{first['id']}")).body
    assert kept["client_request_id"] == "order-7"
    listed = (await caller("GET", "/v1/executions?client_request_id=order-7")).body["data"]
    assert [(one["id"], one["client_request_id"]) for one in listed] == [(first["id"], "order-7")]
    assert (await caller("GET", "/v1/executions?client_request_id=order-8")).body["data"] == []
    assert (await caller("GET", "/v1/credits")).body["held_nusd"] == 0


async def test_a_repeat_with_the_same_key_is_answered_and_one_with_another_key_is_not(caller: Caller) -> None:
    body = {**HELLO, "client_request_id": "order-8"}
    first = await caller("POST", "/v1/executions", body, headers={"idempotency-key": "k1"})
    again = await caller("POST", "/v1/executions", body, headers={"idempotency-key": "k1"})
    assert (again.status, again.body) == (200, first.body) and again.headers["idempotent-replayed"] == "true"
    other = await caller("POST", "/v1/executions", body, headers={"idempotency-key": "k2"})
    assert other.status == 409, other.body


async def test_a_call_that_is_refused_leaves_its_name_free(stack: Stack) -> None:
    poor = await stack.caller(credit_nusd=0)
    body = {**HELLO, "client_request_id": "order-9"}
    for _ in range(2):
        refused = await poor("POST", "/v1/executions", body)
        assert refused.status == 402, refused.body
    many = await asyncio.gather(*(poor("POST", "/v1/executions", {**body, "client_request_id": "order-10"}) for _ in range(5)))
    assert {one.status for one in many} <= {402, 409}
    async with as_superuser(stack.urls["superuser"]) as connection:
        left = await connection.fetchval("SELECT count(*) FROM client_requests WHERE workspace_id = $1", poor.workspace.workspace_id)
    assert left == 0


async def test_a_repeat_of_what_gave_its_name_up_with_its_text_leaves_the_name_free(caller: Caller) -> None:
    body = {**HELLO, "client_request_id": "order-12"}
    first = await caller("POST", "/v1/executions", body, headers={"idempotency-key": "k12"})
    assert (await caller("DELETE", f"/v1/executions/{first.body['id']}/content")).status == 200
    again = await caller("POST", "/v1/executions", body, headers={"idempotency-key": "k12"})
    assert (again.status, again.body["error"]["code"]) == (409, "answer_not_kept"), again.body
    assert (await _run(caller, client_request_id="order-12"))["id"] != first.body["id"]


async def test_of_many_at_once_with_one_name_one_is_executed(caller: Caller) -> None:
    many = await asyncio.gather(*(caller("POST", "/v1/executions", {**HELLO, "client_request_id": "order-11"}) for _ in range(8)))
    assert sorted(one.status for one in many) == [200] + [409] * 7


async def test_a_name_that_a_crash_left_behind_is_free_again(stack: Stack, caller: Caller) -> None:
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            "INSERT INTO client_requests VALUES ($1, 'fresh', gen_random_uuid(), now()), "
            "($1, 'old', gen_random_uuid(), now() - interval '2 minutes')",
            caller.workspace.workspace_id,
        )
    assert (await caller("POST", "/v1/executions", {**HELLO, "client_request_id": "fresh"})).status == 409
    assert (await caller("POST", "/v1/executions", {**HELLO, "client_request_id": "old"})).status == 200


async def test_lists_are_narrowed_by_what_rows_hold(caller: Caller) -> None:
    made = await caller(
        "POST", "/v1/prompts", {"slug": "greet", "template": "Hello {{name}}", "model": "simulated/chat", "tags": ["first"]}
    )
    assert made.status == 201, made.body
    await caller("PUT", "/v1/prompts/greet/labels/staging", {"version": 1})
    one = await _run(caller, app="web", user_id="ann", session_id="s1")
    two = await caller("POST", "/v1/executions", {"prompt": "greet", "label": "staging", "variables": {"name": "Ada"}, "app": "app"})
    assert two.status == 200, two.body
    begun = [(await caller("GET", f"/v1/executions/{execution['id']}")).body["created_at"] for execution in (one, two.body)]
    for query, wanted in (
        ("app=web", [one["id"]]),
        ("user_id=ann&status=success", [one["id"]]),
        ("prompt=greet&version=1&label=staging", [two.body["id"]]),
        ("tag=first", [two.body["id"]]),
        ("tag=second", []),
        ("model=simulated/chat&provider=simulated&simulated=true&cached=false", [two.body["id"], one["id"]]),
        ("model=simulated/none", []),
        ("status=error", []),
        ("error_code=provider_timed_out", []),
        (f"min_cost_nusd={max(one['cost_nusd'], two.body['cost_nusd']) + 1}", []),
        ("min_cost_nusd=0&min_latency_ms=0", [two.body["id"], one["id"]]),
        (f"from={begun[1].replace('+', '%2B')}", [two.body["id"]]),
        (f"to={begun[1].replace('+', '%2B')}", [one["id"]]),
    ):
        answer = await caller("GET", f"/v1/executions?{query}")
        assert answer.status == 200 and [row["id"] for row in answer.body["data"]] == wanted, (query, answer.body)
    for wrong in (
        "min_cost_nusd=-1",
        "from=yesterday",
        "from=2026-01-01T00:00:00",
        "from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z",
        "api_key_id=x",
        "colour=red",
        "user_id=%00",
        "experiment_id=x",
        "arm=control",
    ):
        assert (await caller("GET", f"/v1/executions?{wrong}")).status == 422, wrong


async def test_a_page_looks_so_far_back_and_says_how_far(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no index serves: each page looks at so many rows, and goes on where the one before it ended."""
    monkeypatch.setattr(store, "LOOKED_AT_MOST", 3)
    ids = [(await _run(caller, app="web" if number in {0, 1, 6} else "other"))["id"] for number in range(7)]
    begun = {one: (await caller("GET", f"/v1/executions/{one}")).body["created_at"] for one in ids}
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["next_cursor"] is not None:
        cursor = f"&cursor={pages[-1]['next_cursor']}" if pages else ""
        pages.append((await caller("GET", f"/v1/executions?app=web&limit=2{cursor}")).body)
    assert [[row["id"] for row in page["data"]] for page in pages] == [[ids[6]], [ids[1]], [ids[0]]]
    assert [page["searched_to"] for page in pages] == [begun[ids[4]], begun[ids[1]], None]
    full = (await caller("GET", "/v1/executions?app=other&limit=1")).body
    assert [row["id"] for row in full["data"]] == [ids[5]] and full["searched_to"] is None, "the page was full before"
    all_ = (await caller("GET", "/v1/executions?user_id=nobody&limit=2")).body
    assert all_ == {"data": [], "next_cursor": None, "searched_to": None}, "an index says at once that there is none"
    both = (await caller("GET", f"/v1/executions?app=web&to={begun[ids[2]].replace('+', '%2B')}")).body
    assert [row["id"] for row in both["data"]] == [ids[1], ids[0]] and both["next_cursor"] is None


async def test_rare_rows_of_a_workspace_are_found_by_an_index(stack: Stack, caller: Caller) -> None:
    """As the gateway's own role: beside the policies an index serves only what is leakproof."""
    rare: dict[str, Any] = {"prompt": "x", "user_id": "x", "status": "error", "session_id": "x", "experiment_id": new_uuid()}
    db = await Database.open(stack.urls["gateway"], application_name="test-plans")
    try:
        async with db.unit_of_work(workspace=caller.workspace.workspace_id, read_only=True) as tx:
            await tx.execute("SET LOCAL enable_seqscan = off")
            for name, value in rare.items():
                condition = FILTERS[name].format("$1")
                column = condition.removeprefix("e.").split(" ")[0]
                plan = await tx.fetch(f"EXPLAIN SELECT * FROM executions e WHERE {condition} ORDER BY execution_id DESC LIMIT 51", value)
                assert any("Index Cond" in row[0] and f"({column} = " in row[0].replace(f"({column})::text", column) for row in plan), (
                    name,
                    [row[0] for row in plan],
                )
    finally:
        await db.close()


@pytest.mark.promise("C-03")
@pytest.mark.parametrize("stream", [False, True])
async def test_nobody_is_told_a_cost_above_what_was_charged(stack: Stack, caller: Caller, stream: bool) -> None:
    """The provider counts 1,000 tokens in and 100 out of a call that was held for with 10 out."""
    async with serving_by_key() as provider:
        facts = {
            "model": "own/more", "provider": "lab", "upstream_model": "m", "base_url": provider.base_url, "context_tokens": 100_000,
            "output_tokens": 400, "input_price_nusd_per_million": 1_000_000, "output_price_nusd_per_million": 2_000_000,
        }  # fmt: skip
        assert (await caller("POST", "/v1/models", facts)).status == 201
        asked = {"messages": HELLO["messages"], "model": "own/more", "overrides": {"max_tokens": 10}}
        if stream:
            told = (await caller.events("/v1/executions", {**asked, "stream": True}))[-1][1]
        else:
            told = (await caller("POST", "/v1/executions", asked)).body
    async with as_superuser(stack.urls["superuser"]) as connection:
        rows = await connection.fetch("SELECT kind, amount_nusd FROM transfers WHERE workspace_id = $1", caller.workspace.workspace_id)
        drift = await connection.fetch("SELECT * FROM drift()")
    booked = {row["kind"]: row["amount_nusd"] for row in rows if row["kind"] in ("charge", "overage")}
    assert told["usage"]["output_tokens"] == 100 and booked["overage"] > 0
    assert (told["cost_nusd"], told["overage_nusd"]) == (booked["charge"], booked["overage"]) and sum(booked.values()) == 1200
    assert sum(told["cost_split"].values()) == told["cost_nusd"] and drift == []
    kept = (await caller("GET", f"/v1/executions/{told['id']}")).body
    assert {name: kept[name] for name in told} == told
    usage = (await caller("GET", "/v1/usage")).body
    assert str(booked["charge"]) in str(usage), usage
