"""Batches over HTTP, through gateway, optimizer, NATS, executor, the simulator and the books."""

import asyncio
import dataclasses
import json
import time
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics.io.retention_store import forget_batches
from burnish_gateway.batches import routes
from burnish_gateway.deps import PLANS_AT_ONCE
from burnish_optimizer.core import pace, retry
from burnish_optimizer.io import batches_store
from burnish_optimizer.io.evaluations_store import Booked
from burnish_optimizer.io.work_store import Claim
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.batches.batches import CHAT, assert_books_are_in_order, results, started, until
from tests.integration.compat.simulator import fault
from tests.integration.execution.test_executions import books
from tests.integration.execution.test_stopped_gateway import stopping

pytestmark = pytest.mark.usefixtures("optimizer")


def inputs(count: int) -> list[dict[str, Any]]:
    return [{"custom_id": f"n{number}", "variables": {"name": f"Ada {number}"}} for number in range(count)]


async def greeting(caller: Caller) -> dict[str, Any]:
    content = {"messages": [{"role": "user", "content": "Say hello to {{name}}."}], "model": "simulated/chat", "max_tokens": 40}
    made = await caller("POST", "/v1/prompts", {"slug": "greet"} | content)
    assert made.status == 201, made.body
    return {"prompt": "greet"}


async def ends(stack: Stack, caller: Caller) -> list[dict[str, Any]]:
    """The events of the workspace's batches that ended."""
    told = "SELECT convert_from(body, 'UTF8') AS body FROM outbox WHERE subject = 'burnish.v1.batch.completed.' || $1::text"
    return [json.loads(row["body"]) for row in await books(stack, told, str(caller.workspace.workspace_id))]


@pytest.mark.capability("E15")
async def test_inputs_are_asked_of_every_model_and_answered_in_their_order(stack: Stack, caller: Caller) -> None:
    body = {"request": await greeting(caller), "inputs": inputs(6), "models": ["simulated/chat", "simulated/reader"], "name": "greetings"}
    batch = await started(caller, body)
    assert (batch["status"], batch["request_counts"]["total"], batch["object"]) == ("validating", 12, "batch")
    assert batch["simulated"] is None, "nothing was answered yet"
    followed = await results(caller, batch["id"], "?follow=true")
    batch = await until(caller, batch["id"])
    assert (batch["status"], batch["request_counts"]) == ("completed", {"total": 12, "completed": 12, "failed": 0})
    assert [one["line"] for one in followed] == list(range(12)) and followed == await results(caller, batch["id"])
    assert [one["custom_id"] for one in followed] == [f"n{number}" for number in range(6) for _ in range(2)]
    for one in followed:
        read = (await caller("GET", f"/v1/executions/{one['response']['request_id']}")).body
        assert (one["error"], one["response"]["status_code"]) == (None, 200)
        assert {name: read[name] for name in one["response"]["body"]} == one["response"]["body"]
        assert (read["lane"], read["job_id"], read["variables"]["name"]) == ("batch", batch["id"], f"Ada {one['custom_id'][1:]}")
    assert {one["response"]["body"]["model"] for one in followed} == {"simulated/chat", "simulated/reader"}
    assert [one["line"] for one in await results(caller, batch["id"], "?from_line=10")] == [10, 11]
    assert batch["simulated"] is True and 0 < batch["cost_nusd"] < batch["set_aside_nusd"] == batch["most_nusd"]
    await assert_books_are_in_order(stack, caller, batch)
    (event,) = await ends(stack, caller)
    assert event["simulated"] is True
    assert event["data"] | {"batch_id": batch["id"], "status": "completed", "succeeded": 12, "failed": 0} == event["data"]


@pytest.mark.promise("G-18")
async def test_who_follows_results_hears_that_the_gateway_is_stopped_and_where_to_go_on(stack: Stack, caller: Caller) -> None:
    batch = await started(caller, {"inputs": [{"messages": CHAT["messages"]}] * 200, "models": [CHAT["model"]]})
    last_line = 199  # So many that the pause comes before they are all answered.
    path = f"/v1/batches/{batch['id']}"
    assert (await caller("POST", f"{path}/pause")).status == 200
    asked = f"{path}/results?follow=true&from_line={last_line}"
    async with stopping(stack, caller) as (at_it, server):
        async with at_it.session.get(at_it.url + asked, headers={"authorization": f"Bearer {caller.key}"}) as response:
            server.should_exit = True
            last = json.loads((await asyncio.wait_for(response.read(), 60)).splitlines()[-1])  # It raises where the connection is cut.
    assert set(last) == {"error"} and (last["error"]["code"], last["error"]["retryable"]) == ("unavailable", True)
    assert last["error"]["details"] == {"batch_id": batch["id"], "from_line": last_line}
    await caller("POST", f"{path}/cancel")
    await until(caller, batch["id"])


@pytest.mark.capability("E15")
async def test_inputs_may_bring_their_own_messages_and_then_need_no_request(stack: Stack, caller: Caller) -> None:
    said = [{"messages": [{"role": "user", "content": word}]} for word in ("one", "two")]
    batch = await started(caller, {"inputs": said, "models": ["simulated/chat"]})
    answers = await results(caller, batch["id"], "?follow=true")
    assert ["one" in one["response"]["body"]["output"] for one in answers] == [True, False]
    asked = {"inputs": [*said, {"custom_id": "silent"}], "request": {"model": "simulated/chat", "overrides": {"max_tokens": 5}}}
    plan = (await caller("POST", "/v1/batches/estimate", asked)).body
    assert "messages" in json.dumps(plan) and "silent" in json.dumps(plan)
    for wrong in (
        {"inputs": said},
        {"inputs": [], "models": ["simulated/chat"]},
        {"inputs": said, "models": ["simulated/chat"], "versions": [1]},
    ):
        refused = await caller("POST", "/v1/batches", wrong)
        assert refused.status == 422 and "validation" not in refused.body["error"]["message"], refused.body


@pytest.mark.capability("E15")
async def test_a_line_that_is_wrong_says_so_and_costs_no_other(stack: Stack, caller: Caller) -> None:
    lines: list[Any] = [
        {"custom_id": "fine", "body": CHAT},
        {"custom_id": "typo", "body": CHAT | {"modle": "x"}},
        {"custom_id": "nobody", "body": CHAT | {"model": "nobody/knows"}},
        {"custom_id": "streamed", "body": CHAT | {"stream": True}},
        {"custom_id": "named", "body": CHAT | {"client_request_id": "mine"}},
        "no object",
        {"custom_id": "last", "method": "POST", "url": "/v1/executions", "body": CHAT},
    ]
    raw = "\n".join([*(json.dumps(one) for one in lines), "{broken", ""]).encode()
    uploaded = await caller("POST", "/v1/files?name=calls.jsonl", raw=raw, headers={"content-type": "application/x-ndjson"})
    assert (uploaded.status, uploaded.body["filename"], uploaded.body["bytes"]) == (201, "calls.jsonl", len(raw)), uploaded.body
    batch = await started(caller, {"input_file_id": uploaded.body["id"]})
    assert batch["request_counts"] == {"total": 8, "completed": 0, "failed": 6} and batch["simulated"] is None
    assert [one["custom_id"] for one in batch["errors"]["data"]] == ["typo", "nobody", "streamed", "named", None, None]
    batch = await until(caller, batch["id"])
    assert (batch["status"], batch["request_counts"]) == ("completed", {"total": 8, "completed": 2, "failed": 6})
    found = await results(caller, batch["id"])
    assert [one["line"] for one in found] == list(range(8))
    assert [(one["error"] or {}).get("code") for one in found] == [
        None, "invalid_field", "model_not_found", "invalid_field", "invalid_field", "invalid_body", None, "invalid_body",
    ]  # fmt: skip
    assert found[0]["response"]["body"]["status"] == found[6]["response"]["body"]["status"] == "success"
    await assert_books_are_in_order(stack, caller, batch)
    stranger = await stack.caller()
    assert (await stranger("GET", f"/v1/files/{uploaded.body['id']}/content")).status == 404
    assert (await caller("GET", f"/v1/files/{uploaded.body['id']}/content")).raw == raw
    assert (await caller("DELETE", f"/v1/files/{uploaded.body['id']}")).body["deleted"] is True
    assert (await caller("GET", f"/v1/files/{uploaded.body['id']}")).status == 404


@pytest.mark.capability("E15")
async def test_a_form_that_is_sent_again_under_its_key_is_the_same_upload_though_its_boundary_is_another(caller: Caller) -> None:
    def form(boundary: str, content: str) -> tuple[bytes, dict[str, str]]:
        lines = [f"--{boundary}", 'Content-Disposition: form-data; name="purpose"', "", "batch", f"--{boundary}",
                 'Content-Disposition: form-data; name="file"; filename="a.jsonl"', "", content, f"--{boundary}--", ""]  # fmt: skip
        return "\r\n".join(lines).encode(), {"content-type": f"multipart/form-data; boundary={boundary}", "idempotency-key": "upload-1"}

    answers = []
    for boundary, content in (("first", "{}"), ("second", "{}"), ("third", '{"a": 1}')):
        raw, headers = form(boundary, content)
        answers.append(await caller("POST", "/v1/files", raw=raw, headers=headers))
    assert [one.status for one in answers] == [200, 200, 422] and answers[0].raw == answers[1].raw
    assert answers[1].headers["idempotent-replayed"] == "true" and answers[2].body["error"]["code"] == "idempotency_mismatch"


@pytest.mark.capability("E15", "E9")
async def test_a_call_that_a_provider_refuses_is_an_error_of_its_line(stack: Stack, caller: Caller) -> None:
    body = {"requests": [{"body": CHAT}, {"body": CHAT | {"model": "simulated/reader"}}]}
    async with fault(stack, "error,status=400"):
        batch = await until(caller, (await started(caller, body))["id"])
    refused, fine = await results(caller, batch["id"])
    assert (refused["response"]["status_code"], refused["error"]["code"], fine["error"]) == (400, "provider_refused", None)
    assert refused["response"]["body"]["error"]["details"]["execution_id"] == refused["response"]["request_id"]
    assert batch["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
    await assert_books_are_in_order(stack, caller, batch)


@pytest.mark.capability("E15", "E2")
async def test_a_line_that_is_too_long_for_its_model_is_told_as_its_endpoint_tells_it(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burnish_simulator.models.CONTEXT_TOKENS", 20)
    long = CHAT | {"messages": [{"role": "user", "content": "Say hello. " * 40}]}
    batch = await until(caller, (await started(caller, {"endpoint": "/v1/chat/completions", "requests": [{"body": long}]}))["id"])
    [line] = await results(caller, batch["id"])
    told = line["response"]["body"]["error"]
    assert (line["response"]["status_code"], told["code"], told["type"]) == (400, "context_length_exceeded", "invalid_request_error")
    assert line["error"]["code"] == told["code"] and "prompt is too long" in told["message"]


@pytest.mark.capability("E15")
async def test_lines_of_a_model_that_is_not_there_end_while_those_of_others_go_on(stack: Stack, caller: Caller) -> None:
    """In a search or a test run such a refusal waits for what the model says to other texts; a line of a batch is told what came."""
    body = {"requests": [{"body": CHAT}, *({"body": CHAT | {"model": "simulated/reader"}} for _ in range(20))]}
    async with fault(stack, "slow,s=600"), fault(stack, "error,status=404", model="reader"):
        batch_id = (await started(caller, body))["id"]
        async with asyncio.timeout(60):
            while (counts := (await caller("GET", f"/v1/batches/{batch_id}")).body["request_counts"])["failed"] < 20:
                await asyncio.sleep(0.03)
        assert counts["completed"] == 0
        await caller("POST", f"/v1/batches/{batch_id}/cancel")
        batch = await until(caller, batch_id)
    assert batch["request_counts"]["failed"] == 21
    await assert_books_are_in_order(stack, caller, batch)


@pytest.mark.capability("E15")
async def test_lines_wait_for_a_limit_as_often_as_it_takes(stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a key that lets three calls through in a minute: forty times the provider says when to come back, and no line is given up."""
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(retry, "RETRY_AFTER_MOST_S", 0.01)
    async with fault(stack, "rate_limited,retry_after=30,first=40,key=three-a-minute"):
        batch = await until(caller, (await started(caller, {"requests": [{"body": CHAT}] * 6}))["id"])
    assert batch["request_counts"] == {"total": 6, "completed": 6, "failed": 0}
    count = "SELECT count(*) AS n FROM executions WHERE job_id = $1::text::uuid AND status = 'rate_limited'"
    assert (await books(stack, count, batch["id"]))[0]["n"] == 40
    await assert_books_are_in_order(stack, caller, batch)


@pytest.mark.capability("E15")
async def test_a_limit_that_nothing_gets_through_is_no_reason_to_wait(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quota that is used up: who waited for it would wait until the batch's time is over."""
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(retry, "RETRY_AFTER_MOST_S", 0.01)
    monkeypatch.setattr(pace, "STANDS_STILL_S", 0.2)
    async with fault(stack, "rate_limited,retry_after=30"):
        batch = await until(caller, (await started(caller, {"requests": [{"body": CHAT}] * 3}))["id"])
    assert batch["request_counts"] == {"total": 3, "completed": 0, "failed": 3}
    assert [line["error"]["code"] for line in await results(caller, batch["id"])] == ["provider_rate_limited"] * 3
    assert [one["simulated"] for one in await ends(stack, caller)] == [batch["simulated"]]


async def waits(caller: Caller, batch_id: str) -> Any:
    """The one thing that the batch says it waits for, once it says so."""
    async with asyncio.timeout(60):
        while not (found := (await caller("GET", f"/v1/batches/{batch_id}")).body["waiting_for"]):
            await asyncio.sleep(0.03)
    [one] = found
    return one


@pytest.mark.capability("E15")
async def test_lines_that_wait_for_a_limit_are_not_in_the_way_of_other_models(stack: Stack, caller: Caller) -> None:
    """More of them come first than are in hand at once; and a batch is cancelled while they wait."""
    others = [{"body": CHAT | {"model": "simulated/reader"}}] * 4
    async with fault(stack, "rate_limited,retry_after=30"):
        batch_id = (await started(caller, {"requests": [*({"body": CHAT} for _ in range(40)), *others]}))["id"]
        async with asyncio.timeout(60):
            while (counts := (await caller("GET", f"/v1/batches/{batch_id}")).body["request_counts"])["completed"] < 4:
                await asyncio.sleep(0.03)
        assert counts["failed"] == 0
        told = await waits(caller, batch_id)
        assert (told["reason"], told["model"]) == ("provider_limit", "simulated/chat") and 0 < told["until"] - time.time() < 60
        await caller("POST", f"/v1/batches/{batch_id}/cancel")
        batch = await until(caller, batch_id)
    assert batch["waiting_for"] == [], "nothing of it is asked any more"
    assert batch["status"] == "cancelled" and batch["request_counts"]["completed"] == 4
    await assert_books_are_in_order(stack, caller, batch)


@pytest.mark.capability("E15")
@pytest.mark.capability("E7")
async def test_lines_that_waited_use_the_operators_key_no_more_once_the_workspace_forbids_it(stack: Stack, caller: Caller) -> None:
    await books(stack, "SELECT announce_platform_keys('{simulated}')")
    try:
        batch_id = (await started(caller, {"requests": [{"body": CHAT}] * 3, "paused": True}))["id"]
        forbidden = await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"platform_keys": False})
        assert forbidden.status == 200, forbidden.body
        assert (await caller("POST", f"/v1/batches/{batch_id}/resume")).status == 200
        batch = await until(caller, batch_id)
    finally:
        await books(stack, "SELECT announce_platform_keys('{}')")
    assert batch["request_counts"] == {"total": 3, "completed": 0, "failed": 3} and batch["cost_nusd"] == 0, batch
    assert batch["simulated"] is True and [one["simulated"] for one in await ends(stack, caller)] == [True]
    told = [one["response"] for one in await results(caller, batch_id)]
    assert [(one["status_code"], one["body"]["error"]["code"]) for one in told] == [(422, "no_provider_key")] * 3, told
    await assert_books_are_in_order(stack, caller, batch)


@pytest.mark.capability("E15")
async def test_a_paused_batch_begins_nothing_and_goes_on_where_it_was(stack: Stack, caller: Caller) -> None:
    batch_id = (await started(caller, {"request": await greeting(caller), "inputs": inputs(40)}))["id"]
    async with fault(stack, "slow,s=2"):
        while (await caller("GET", f"/v1/batches/{batch_id}")).body["request_counts"]["completed"] < 8:
            await asyncio.sleep(0.02)
        assert (await caller("POST", f"/v1/batches/{batch_id}/pause")).body["status"] in ("pausing", "paused")
        paused = await until(caller, batch_id, "paused")
    done = paused["request_counts"]["completed"]
    assert 8 <= done < 40 and paused["pause_reason"] == "asked"
    assert len(await results(caller, batch_id)) == done
    count = "SELECT count(*) AS n FROM executions WHERE job_id = $1::text::uuid"
    assert (await books(stack, count, batch_id))[0]["n"] == done
    assert (await caller("POST", f"/v1/batches/{batch_id}/resume")).status == 200
    batch = await until(caller, batch_id)
    assert batch["request_counts"]["completed"] == 40 and (await books(stack, count, batch_id))[0]["n"] == 40
    assert (await caller("POST", f"/v1/batches/{batch_id}/pause")).body["status"] == "completed"
    assert (await caller("POST", f"/v1/batches/{batch_id}/resume")).status == 409
    await assert_books_are_in_order(stack, caller, batch)


@pytest.mark.capability("E15")
async def test_a_batch_that_is_resumed_before_its_pause_was_complete_goes_on(stack: Stack, caller: Caller) -> None:
    """Whoever worked on it saw the wish, and waited for the calls that were under way; by then it was taken back."""
    body = {"request": await greeting(caller), "inputs": inputs(3), "paused": True}
    resumed, waits = [(await started(caller, body))["id"] for _ in range(2)]
    worked_on = """UPDATE batches SET status = 'running', fence = 1, leased_by = 'us', leased_until = clock_timestamp() + interval '1 hour',
                          pause_requested = true WHERE workspace_id = $1 RETURNING batch_id"""
    assert len(await books(stack, worked_on, caller.workspace.workspace_id)) == 2
    assert (await caller("POST", f"/v1/batches/{resumed}/resume")).status == 200
    db = await Database.open(stack.urls["optimizer"], application_name="test")
    try:
        for one in (resumed, waits):
            async with db.unit_of_work(workspace=caller.workspace.workspace_id) as tx:
                await batches_store.pause(tx, Claim("batch", UUID(one), caller.workspace.workspace_id, 1), reason="asked", funded_nusd=0)
    finally:
        await db.close()
    assert (await until(caller, resumed, "completed", "paused"))["status"] == "completed"
    assert (await until(caller, waits, "completed", "paused"))["pause_reason"] == "asked"


@pytest.mark.capability("E15", "B3")
@pytest.mark.parametrize("is_told_in_time", [True, False])
async def test_a_batch_that_gets_money_while_its_last_calls_end_goes_on(stack: Stack, caller: Caller, is_told_in_time: bool) -> None:
    """Who worked on it had run out of what was set aside before; without more it waits for the money, as it always did."""
    body = {"request": await greeting(caller), "inputs": inputs(3), "paused": True, "max_cost_nusd": 1_000_000}
    batch = await started(caller, body)
    worked_on = """UPDATE batches SET status = 'running', fence = 1, leased_by = 'us', leased_until = clock_timestamp() + interval '1 hour'
                    WHERE workspace_id = $1 RETURNING set_aside_nusd"""
    ((before_nusd,),) = await books(stack, worked_on, caller.workspace.workspace_id)
    more = {"max_cost_nusd": before_nusd * 10}
    if is_told_in_time:
        assert (await caller("POST", f"/v1/batches/{batch['id']}/resume", more)).status == 200
    claim = Claim("batch", UUID(batch["id"]), caller.workspace.workspace_id, 1)
    db = await Database.open(stack.urls["optimizer"], application_name="test")
    try:
        async with db.unit_of_work(workspace=caller.workspace.workspace_id) as tx:
            await batches_store.pause(tx, claim, reason="funds", funded_nusd=before_nusd)
    finally:
        await db.close()
    after = await until(caller, batch["id"], "completed", "paused")
    assert (after["status"], after["pause_reason"]) == (("completed", None) if is_told_in_time else ("paused", "funds"))
    funded = (await caller("GET", "/v1/audit?action=batch.resumed")).body["data"]
    assert len(funded) == is_told_in_time


@pytest.mark.capability("E15")
@pytest.mark.promise("O-11")
async def test_a_cancelled_batch_ends_its_calls_and_gives_back_what_is_left(stack: Stack, caller: Caller) -> None:
    batch_id = (await started(caller, {"request": await greeting(caller), "inputs": inputs(40)}))["id"]
    async with fault(stack, "slow,s=600"):
        under_way = "SELECT 1 FROM holds WHERE workspace_id = $1"
        while len(await books(stack, under_way, caller.workspace.workspace_id)) < 8:
            await asyncio.sleep(0.02)
        assert (await caller("POST", f"/v1/batches/{batch_id}/cancel")).body["status"] == "cancelling"
        batch = await until(caller, batch_id)
    assert (batch["status"], batch["request_counts"]["completed"]) == ("cancelled", 0)
    found = await results(caller, batch_id)
    assert len(found) == 40 and {one["error"]["code"] for one in found} == {"cancelled", "not_sent"}
    stopped = [one for one in found if one["error"]["code"] == "cancelled"]
    assert len(stopped) == 8 and {one["error"]["message"] for one in stopped} == {
        "The test run, search or batch that asked for it ended first."
    }
    await assert_books_are_in_order(stack, caller, batch)
    waiting = (await started(caller, {"request": {"prompt": "greet"}, "inputs": inputs(3), "paused": True}))["id"]
    await caller("POST", f"/v1/batches/{waiting}/cancel")
    unasked = await until(caller, waiting)
    assert (unasked["status"], unasked["simulated"]) == ("cancelled", False)
    assert [one["simulated"] for one in await ends(stack, caller) if one["object_id"] == waiting] == [False]


@pytest.mark.capability("E15")
async def test_a_batch_whose_last_lines_were_all_under_way_is_cancelled_too(stack: Stack, caller: Caller) -> None:
    """Every line has an answer then, if only that it was stopped: such a batch said `completed`."""
    batch_id = (await started(caller, {"request": await greeting(caller), "inputs": inputs(4)}))["id"]
    async with fault(stack, "slow,s=600"):
        under_way = "SELECT 1 FROM holds WHERE workspace_id = $1"
        while len(await books(stack, under_way, caller.workspace.workspace_id)) < 4:
            await asyncio.sleep(0.02)
        await caller("POST", f"/v1/batches/{batch_id}/cancel")
        batch = await until(caller, batch_id)
    assert (batch["status"], batch["request_counts"], batch["completed_at"]) == (
        "cancelled", {"total": 4, "completed": 0, "failed": 4}, None,
    )  # fmt: skip
    assert batch["cancelled_at"] is not None and {one["error"]["code"] for one in await results(caller, batch_id)} == {"cancelled"}
    await assert_books_are_in_order(stack, caller, batch)


@pytest.mark.capability("E15", "B3")
async def test_a_batch_sets_its_money_aside_once_and_pauses_when_it_is_used_up(stack: Stack) -> None:
    poor = await stack.caller(credit_nusd=10_000_000_000)
    body = {"request": await greeting(poor), "inputs": inputs(10)}
    estimate = (await poor("POST", "/v1/batches/estimate", body)).body
    assert (estimate["total"], estimate["invalid"]) == (10, 0) and 0 < estimate["likely_nusd"] <= estimate["most_nusd"]
    assert await books(stack, "SELECT 1 FROM batches WHERE workspace_id = $1", poor.workspace.workspace_id) == []
    one_nusd = estimate["most_nusd"] // 10
    first = (await started(poor, body | {"max_cost_nusd": one_nusd + 1}))["id"]
    paused = await until(poor, first, "paused", *("completed",))
    assert (paused["status"], paused["pause_reason"]) == ("paused", "funds"), paused
    assert 1 <= paused["request_counts"]["completed"] < 10 and paused["request_counts"]["failed"] == 0
    again = await poor("POST", f"/v1/batches/{first}/resume")
    assert (again.status, again.body["error"]["param"]) == (422, "max_cost_nusd")
    assert (await poor("POST", f"/v1/batches/{first}/resume", {"max_cost_nusd": 10**15})).status == 402
    assert (await poor("POST", f"/v1/batches/{first}/resume", {"max_cost_nusd": estimate["most_nusd"] + one_nusd})).status == 200
    batch = await until(poor, first)
    assert batch["request_counts"] == {"total": 10, "completed": 10, "failed": 0}
    await assert_books_are_in_order(stack, poor, batch)
    left = (await poor("GET", "/v1/credits")).body
    assert (left["balance_nusd"], left["held_nusd"]) == (10_000_000_000 - batch["cost_nusd"], 0)
    beggar = await stack.caller(credit_nusd=one_nusd)
    refused = await beggar("POST", "/v1/batches", body | {"request": {"messages": CHAT["messages"], "model": "simulated/chat"}})
    assert (refused.status, refused.body["error"]["code"]) == (402, "out_of_credit")
    assert refused.body["error"]["details"]["most_nusd"] > one_nusd


@pytest.mark.capability("E15")
async def test_small_batches_do_not_wait_for_large_ones(stack: Stack, caller: Caller) -> None:
    body = {"request": await greeting(caller), "inputs": inputs(60)}
    async with fault(stack, "slow,s=2"):
        large = [(await started(caller, body))["id"] for _ in range(3)]  # more than are worked on at once
        other = await stack.caller()
        small = (await started(other, {"request": await greeting(other), "inputs": inputs(2)}))["id"]
        await until(other, small, "completed")
        unfinished = [(await caller("GET", f"/v1/batches/{one}")).body["status"] for one in large]
        assert "completed" not in unfinished
        for one in large:
            await caller("POST", f"/v1/batches/{one}/cancel")
    for one in large:
        assert (await until(caller, one))["status"] == "cancelled"


@pytest.mark.capability("E15")
@pytest.mark.promise("G-02")
async def test_a_repeat_makes_no_second_batch(stack: Stack, caller: Caller) -> None:
    body, headers = {"requests": [{"body": CHAT}]}, {"idempotency-key": "once"}
    first, again = [await caller("POST", "/v1/batches", body, headers=headers) for _ in range(2)]
    assert first.status == 200 and again.raw == first.raw and again.headers["idempotent-replayed"] == "true"
    assert [one["id"] for one in (await caller("GET", "/v1/batches")).body["data"]] == [first.body["id"]]
    await until(caller, first.body["id"])


@pytest.mark.capability("E15")
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input_file_id"),
        ({"inputs": [{}]}, "messages"),
        ({"inputs": [], "models": ["simulated/chat"]}, "inputs"),
        ({"requests": [{"body": CHAT}], "models": ["simulated/chat"]}, "models"),
        ({"requests": [{"custom_id": "a", "body": CHAT}, {"custom_id": "a", "body": CHAT}]}, "custom_id"),
        ({"requests": [{"body": {"model": "x"}}]}, None),
        ({"inputs": [{}] * 501, "request": CHAT, "models": [f"lab/{number}" for number in range(20)]}, "models"),
        ({"inputs": [{}] * 501, "request": {"prompt": "x"}, "versions": list(range(1, 21))}, "versions"),
        ({"inputs": [{}], "request": CHAT, "models": ["simulated/chat"] * 2}, "models"),
        ({"inputs": [{}], "request": {"prompt": "x"}, "versions": [2, 2]}, "versions"),
        ({"inputs": [{}], "request": CHAT | {"stream": True}}, "request"),
        ({"inputs": [{}], "request": CHAT | {"client_request_id": "mine"}}, "request.client_request_id"),
        ({"inputs": [{}], "request": CHAT | {"requirements": {"min_quality": 0.5}}, "models": ["lab/a"]}, "request.requirements"),
    ],
)
async def test_what_cannot_be_a_batch_is_refused_as_a_whole(stack: Stack, caller: Caller, body: Any, param: str | None) -> None:
    refused = await caller("POST", "/v1/batches", body)
    assert refused.status == 422 and (param is None or refused.body["error"]["param"] == param), refused.body
    assert await books(stack, "SELECT 1 FROM batches WHERE workspace_id = $1", caller.workspace.workspace_id) == []


@pytest.mark.capability("E15")
async def test_a_batch_whose_time_is_over_ends_with_what_it_has(stack: Stack, caller: Caller) -> None:
    batch_id = (await started(caller, {"requests": [{"body": CHAT}] * 2, "paused": True, "completion_window": "24h"}))["id"]
    await books(stack, "UPDATE batches SET expires_at = clock_timestamp() WHERE batch_id = $1::text::uuid", batch_id)
    batch = await until(caller, batch_id)
    assert batch["status"] == "expired" and batch["expired_at"] is not None
    assert [one["error"]["code"] for one in await results(caller, batch_id)] == ["not_sent"] * 2
    await assert_books_are_in_order(stack, caller, batch)


@pytest.mark.capability("E15")
async def test_of_many_batches_at_once_few_are_read_at_the_same_time(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may hold a hundred megabytes while it is read and rendered."""
    at_once, most, plan = 0, 0, routes.plan_batch

    async def counted(*given: Any, **more: Any) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        try:
            return await plan(*given, **more)
        finally:
            at_once -= 1

    monkeypatch.setattr(routes, "plan_batch", counted)
    body = {"inputs": [{"messages": [{"role": "user", "content": "one"}]}], "models": ["simulated/chat"]}
    told = await asyncio.gather(*(caller("POST", "/v1/batches/estimate", body) for _ in range(8)))
    assert {one.status for one in told} == {200}, told[0].body
    assert 1 <= most <= PLANS_AT_ONCE


@pytest.mark.capability("T8")
@pytest.mark.promise("P-01")
async def test_results_that_are_forgotten_are_not_told_as_none(stack: Stack, caller: Caller) -> None:
    lines = [{"custom_id": f"n{one}", "body": CHAT} for one in range(3)]
    ended = await until(caller, (await started(caller, {"requests": lines}))["id"], "completed")
    paths = (f"/v1/batches/{ended['id']}/results", f"/v1/files/{ended['output_file_id']}/content", f"/v1/files/{ended['output_file_id']}")
    assert [(await caller("GET", path)).status for path in paths] == [200] * 3
    await books(stack, "UPDATE batches SET finished_at = now() - interval '31 days' WHERE workspace_id = $1", caller.workspace.workspace_id)
    db = await Database.open(stack.urls["analytics"], application_name="test")
    try:
        for _ in range(2):  # a first round of which one line is left, and the rest
            async with db.unit_of_work() as tx:
                assert await forget_batches(tx, caller.workspace.workspace_id, at_most=2) > 0
            told = [await caller("GET", path) for path in paths]
            assert [(one.status, one.body["error"]["param"]) for one in told] == [(404, "batch_id"), (404, "file_id"), (404, "file_id")]
    finally:
        await db.close()
    assert (await caller("GET", f"/v1/batches/{ended['id']}")).body["request_counts"] == {"total": 3, "completed": 3, "failed": 0}


@pytest.mark.capability("B2")
async def test_a_budget_for_each_end_user_holds_for_the_lines_of_a_batch(stack: Stack, caller: Caller) -> None:
    """Whoever called before or not: the account of each is made."""
    budget = {"target_kind": "end_user", "target_id": "*", "period": "day", "limit_nusd": 10**12}
    each = (await caller("POST", "/v1/budgets", budget)).body

    async def known() -> bool:
        await caller("POST", "/v1/executions", CHAT | {"user_id": "u0"})
        return bool((await caller("GET", f"/v1/budgets/{each['id']}")).body["end_users"])

    async with asyncio.timeout(30):
        while not await known():
            await asyncio.sleep(0.05)
    inputs = [{"user_id": f"u{n % 3}", "messages": CHAT["messages"]} for n in range(6)]
    batch = await until(caller, (await started(caller, {"models": [CHAT["model"]], "inputs": inputs}))["id"])
    assert batch["status"] == "completed" and batch["cost_nusd"] > 0
    sums = """SELECT count(*) AS users, sum(u.spent_nusd)::bigint AS spent
                FROM accounts u JOIN accounts a ON a.account_id = u.parent_account_id WHERE a.reference = $1::text::uuid"""
    calls = "SELECT sum(cost_nusd)::bigint AS spent FROM executions WHERE workspace_id = $1 AND end_user IS NOT NULL"
    (counted,) = await books(stack, sums, each["id"])
    (paid,) = await books(stack, calls, caller.workspace.workspace_id)
    assert counted["users"] == 3 and counted["spent"] == paid["spent"] > 0


@pytest.mark.capability("B2")
async def test_lines_of_an_end_user_who_used_up_their_budget_end_and_all_others_go_on(stack: Stack, caller: Caller) -> None:
    budget = {"target_kind": "end_user", "target_id": "spender", "period": "day", "limit_nusd": 1}
    made = await caller("POST", "/v1/budgets", budget)
    assert made.status == 201, made.body
    lines = [{"custom_id": f"n{n}", "body": CHAT | {"user_id": "spender" if n % 2 else f"u{n}"}} for n in range(12)]
    ended = await until(caller, (await started(caller, {"requests": lines}))["id"], "completed", "paused")
    assert (ended["status"], ended["request_counts"]) == ("completed", {"total": 12, "completed": 6, "failed": 6})
    told = {one["custom_id"]: one for one in await results(caller, ended["id"])}
    for n in range(12):
        error = told[f"n{n}"]["error"]
        assert (error is None) == (n % 2 == 0), told[f"n{n}"]
        assert error is None or (error["code"], told[f"n{n}"]["response"]) == ("budget_exhausted", None)
    assert not await books(stack, "SELECT FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert not await books(stack, "SELECT FROM executions WHERE workspace_id = $1 AND end_user = 'spender'", caller.workspace.workspace_id)


@pytest.mark.capability("B2")
async def test_lines_that_only_wait_for_other_calls_of_their_end_user_are_sent_when_those_have_ended(stack: Stack, caller: Caller) -> None:
    """Their budget has room for two at a time, by what each may cost; all of them together stay below it."""
    alone = await until(caller, (await started(caller, {"requests": [{"custom_id": "one", "body": CHAT}]}))["id"], "completed")
    lines = [{"custom_id": f"n{n}", "body": CHAT | {"user_id": "busy"}} for n in range(6)]
    forecast = (await caller("POST", "/v1/batches/estimate", {"requests": lines})).body
    most = forecast["most_nusd"] // 6
    limit = 2 * most + 6 * alone["cost_nusd"]
    budget = {"target_kind": "end_user", "target_id": "busy", "period": "day", "limit_nusd": limit}
    assert (await caller("POST", "/v1/budgets", budget)).status == 201
    ended = await until(caller, (await started(caller, {"requests": lines}))["id"], "completed", "paused")
    assert (ended["status"], ended["request_counts"]) == ("completed", {"total": 6, "completed": 6, "failed": 0})


@pytest.mark.capability("E15")
async def test_what_a_line_cost_before_it_was_asked_again_is_the_batchs_too(stack: Stack, caller: Caller) -> None:
    """Of a provider that was paid for an answer which did not come whole. What is written twice counts once."""
    batch = await until(caller, (await started(caller, {"requests": [{"body": CHAT}]}))["id"])
    workspace_id, batch_id = caller.workspace.workspace_id, UUID(batch["id"])
    under_way_again = "UPDATE batch_lines SET status = NULL WHERE batch_id = $1 RETURNING line, execution_id"
    [line] = await books(stack, under_way_again, batch_id)
    rows, key = batches_store.BatchRows(workspace_id, batch_id), batches_store.key_of(line["line"])
    failed = Booked(line["execution_id"], "error", None, {"retryable": True}, cost_nusd=700, latency_ms=1, simulated=True)
    came = dataclasses.replace(failed, execution_id=new_uuid(), status="success", error=None, cost_nusd=90)
    db = await Database.open(stack.urls["optimizer"], application_name="test")
    try:
        for _ in range(2):
            async with db.unit_of_work(workspace=workspace_id) as tx:
                await rows.renew(tx, key, failed, execution_id=came.execution_id, attempt=2)
        for _ in range(2):
            async with db.unit_of_work(workspace=workspace_id) as tx:
                await rows.settle(tx, [(key, came, None)])
    finally:
        await db.close()
    [of_line] = await books(stack, "SELECT spent_nusd FROM batch_lines WHERE batch_id = $1", batch_id)
    told = (await caller("GET", f"/v1/batches/{batch_id}")).body
    assert (of_line["spent_nusd"], told["cost_nusd"]) == (batch["cost_nusd"] + 790, batch["cost_nusd"] + 790)
