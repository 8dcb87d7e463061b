"""Batches as Anthropic's own package makes them, unmodified."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic

from tests.embedded.stack import Caller, Stack
from tests.integration.batches.batches import assert_books_are_in_order, results, until
from tests.integration.compat.simulator import fault
from tests.integration.compat.test_guide import ANTHROPIC, blocks_of, run
from tests.integration.execution.test_executions import books

pytestmark = [pytest.mark.usefixtures("optimizer"), pytest.mark.capability("E15", "E2")]


@pytest_asyncio.fixture(loop_scope="session")
async def claude(caller: Caller) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as made:
        yield made


def asked(name: str, **params: Any) -> Any:
    given = {"model": "simulated/chat", "max_tokens": 40, "messages": [{"role": "user", "content": f"Hello {name}."}]}
    return {"custom_id": name, "params": given | params}


async def test_a_batch_is_made_followed_and_read(claude: AsyncAnthropic, caller: Caller) -> None:
    wrong = asked("wrong", model="absent")
    made = await claude.messages.batches.create(requests=[asked("a", system="Be kind."), wrong, asked("b")])
    assert (made.type, made.processing_status, made.results_url) == ("message_batch", "in_progress", None)
    assert (made.expires_at - made.created_at).total_seconds() == 24 * 3600
    assert made.request_counts.processing == 2 and made.request_counts.errored == 1
    done = await until(caller, made.id)
    read = await claude.messages.batches.retrieve(made.id)
    assert (read.processing_status, read.ended_at is not None) == ("ended", True)
    assert read.request_counts.to_dict() == {"processing": 0, "succeeded": 2, "errored": 1, "canceled": 0, "expired": 0}
    assert read.burnish["simulated"] is True and read.burnish["cost_nusd"] == done["cost_nusd"]  # type: ignore[attr-defined]
    told = {one.custom_id: one.result async for one in await claude.messages.batches.results(made.id)}
    assert list(told) == ["a", "wrong", "b"]
    for name in ("a", "b"):
        one = told[name]
        assert one.type == "succeeded" and one.message.content[0].type == "text" and f"Hello {name}." in one.message.content[0].text
        kept = (await caller("GET", f"/v1/executions/{one.message.id}")).body
        assert (kept["output"], kept["usage"]["output_tokens"]) == (one.message.content[0].text, one.message.usage.output_tokens)
    failed = told["wrong"]
    assert failed.type == "errored" and failed.error.error.type == "not_found_error" and "absent" in failed.error.error.message
    bodies = {one["custom_id"]: one["response"] and one["response"]["body"] for one in await results(caller, made.id)}
    assert bodies["a"]["type"] == "message" and bodies["wrong"] is None


async def test_what_a_model_fails_with_is_told_in_anthropics_words(stack: Stack, claude: AsyncAnthropic, caller: Caller) -> None:
    async with fault(stack, "error,status=400"):
        made = await claude.messages.batches.create(requests=[asked("a")])
        await until(caller, made.id)
    (one,) = [one async for one in await claude.messages.batches.results(made.id)]
    assert one.result.type == "errored" and one.result.error.type == "error"
    assert one.result.error.error.type == "invalid_request_error" and one.result.error.request_id
    (line,) = await results(caller, made.id)
    assert line["response"]["body"]["type"] == "error" and line["response"]["body"]["error"]["type"] == "invalid_request_error"


async def test_a_cancelled_batch_tells_what_was_stopped_and_what_was_never_sent(
    stack: Stack, claude: AsyncAnthropic, caller: Caller
) -> None:
    async with fault(stack, "slow,s=600"), asyncio.timeout(60):
        made = await claude.messages.batches.create(requests=[asked(f"r{number}") for number in range(40)])
        while len(await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)) < 8:
            await asyncio.sleep(0.02)
        with pytest.raises(anthropic.AnthropicError, match="results_url"):
            await claude.messages.batches.results(made.id)
        early = await caller("GET", f"/v1/messages/batches/{made.id}/results")
        assert (early.status, early.body["type"], early.body["error"]["code"]) == (409, "error", "conflict")
        cancelled = await claude.messages.batches.cancel(made.id)
        assert (cancelled.processing_status, cancelled.cancel_initiated_at is not None) == ("canceling", True)
        done = await until(caller, made.id)
    read = await claude.messages.batches.retrieve(made.id)
    counts = read.request_counts
    assert (counts.processing, counts.succeeded, counts.errored, counts.expired) == (0, 0, 0, 0)
    told = [one.result.type async for one in await claude.messages.batches.results(made.id)]
    assert told == ["canceled"] * 40 and counts.canceled == 40
    kinds = await books(
        stack, "SELECT status, count(*) AS n FROM batch_lines WHERE batch_id = $1::text::uuid GROUP BY 1 ORDER BY 1", made.id
    )
    assert [(one["status"], one["n"]) for one in kinds] == [("cancelled", 8), ("unsent", 32)]
    await books(stack, "DELETE FROM batch_lines WHERE batch_id = $1::text::uuid AND line < 20", made.id)  # as retention does
    assert (await claude.messages.batches.retrieve(made.id)).request_counts == counts
    with pytest.raises(anthropic.NotFoundError, match="forgotten"):
        await claude.messages.batches.results(made.id)
    await assert_books_are_in_order(stack, caller, done)


async def test_one_whose_time_is_over_tells_that(stack: Stack, claude: AsyncAnthropic, caller: Caller) -> None:
    async with fault(stack, "slow,s=600"):
        made = await claude.messages.batches.create(requests=[asked("a"), asked("b")])
        await books(stack, "UPDATE batches SET expires_at = clock_timestamp() WHERE batch_id = $1::text::uuid", made.id)
        await until(caller, made.id)
    read = await claude.messages.batches.retrieve(made.id)
    assert (read.processing_status, read.request_counts.expired) == ("ended", 2)
    assert [one.result.type async for one in await claude.messages.batches.results(made.id)] == ["expired"] * 2


async def test_lists_go_both_ways_and_hold_batches_of_messages_alone(claude: AsyncAnthropic, caller: Caller) -> None:
    made = [(await claude.messages.batches.create(requests=[asked("a")])).id for _ in range(3)]
    other = (await caller("POST", "/v1/batches", {"requests": [{"body": asked("x")["params"]}], "endpoint": "/v1/messages"})).body["id"]
    ours = {"requests": [{"body": {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hi"}]}}]}
    foreign = (await caller("POST", "/v1/batches", ours)).body["id"]
    newest_first = [other, *reversed(made)]
    assert [one.id async for one in claude.messages.batches.list(limit=2)] == newest_first
    page = await claude.messages.batches.list(limit=2, before_id=made[0])
    assert [one.id for one in page.data] == [made[2], made[1]] and page.has_more
    with pytest.raises(anthropic.BadRequestError):
        await claude.messages.batches.list(before_id=made[0], after_id=made[1])
    for unknown in (foreign, "msgbatch_013Zva2CMHLNnXjNJJKqJ2EF"):
        with pytest.raises(anthropic.NotFoundError):
            await claude.messages.batches.retrieve(unknown)
    assert [one.id async for one in claude.beta.messages.batches.list(limit=50)] == newest_first
    assert (await claude.beta.messages.batches.retrieve(made[0])).id == made[0]
    for batch_id in (*made, other, foreign):
        await until(caller, batch_id)


async def test_the_client_of_betas_asks_no_provider_for_the_route_itself(claude: AsyncAnthropic, caller: Caller) -> None:
    made = await claude.beta.messages.batches.create(requests=[asked("a")], betas=["output-128k-2025-02-19"])
    await until(caller, made.id)
    (one,) = [one async for one in await claude.beta.messages.batches.results(made.id)]
    assert one.result.type == "succeeded"


async def test_few_bodies_of_many_megabytes_are_held_at_once(stack: Stack, claude: AsyncAnthropic, caller: Caller) -> None:
    long = {"custom_id": "a", "params": asked("a")["params"] | {"metadata": {"user_id": "u"}}}
    body = b'{"requests": [' + json.dumps(long).encode() + b" " * 2_000_000 + b"]}"
    path = "/v1/messages/batches"
    many = [await one for one in asyncio.as_completed([caller("POST", path, raw=body) for _ in range(6)])]
    assert {one.status for one in many} <= {200, 503} and [one.status for one in many].count(200) >= 2
    assert all(one.body["type"] == "error" and one.body["error"]["retryable"] for one in many if one.status == 503)
    assert (await caller("POST", path, raw=body)).status == 200
    too_long = await caller("POST", path, raw=b"{" + b" " * (32 * 1024 * 1024) + b"}")
    assert (too_long.status, too_long.body["error"]["type"]) == (413, "request_too_large")
    for one in [row["id"] for row in (await caller("GET", path)).body["data"]]:
        await until(caller, one)


async def test_a_repeat_that_is_spelled_otherwise_makes_no_second_batch(claude: AsyncAnthropic, caller: Caller) -> None:
    body, path, key = {"requests": [asked("a")]}, "/v1/messages/batches", {"idempotency-key": "night"}
    first = await caller("POST", path, raw=json.dumps(body).encode(), headers=key)
    again = await caller("POST", path, raw=json.dumps(body, indent=2).encode(), headers=key)
    assert (first.status, again.body["id"], again.headers["idempotent-replayed"]) == (200, first.body["id"], "true")
    other = await caller("POST", path, {"requests": [asked("b")]}, headers=key)
    assert (other.status, other.body["type"], other.body["error"]["code"]) == (422, "error", "idempotency_mismatch"), other.body
    await until(caller, first.body["id"])


async def test_refusals_are_in_anthropics_envelope(claude: AsyncAnthropic, caller: Caller) -> None:
    with pytest.raises(anthropic.BadRequestError) as nothing:
        await claude.messages.batches.create(requests=[])
    assert nothing.value.body["error"]["param"] == "requests"  # type: ignore[index]
    with pytest.raises(anthropic.BadRequestError) as unable:
        await claude.messages.batches.create(requests=[asked("a", stream=True)])
    assert "No line can be run" in str(unable.value)
    with pytest.raises(anthropic.NotFoundError):
        await claude.messages.batches.create(requests=[asked("a", model="absent")])
    with pytest.raises(anthropic.BadRequestError) as unread:
        await claude.messages.batches.create(requests=[asked("a")], extra_headers={"anthropic-beta": "one!"})
    assert unread.value.body["error"]["param"] == "anthropic-beta"  # type: ignore[index]
    with pytest.raises(anthropic.APIStatusError) as kept:
        await claude.messages.batches.delete("0193d7a2-0000-7000-8000-000000000000")
    assert kept.value.status_code == 405 and "erasure" in str(kept.value) and kept.value.body["error"]["type"] == "invalid_request_error"  # type: ignore[index]
    nowhere = await caller("GET", "/v1/messages/drafts")
    assert nowhere.status == 404 and "count_tokens and batches" in nowhere.body["error"]["message"], nowhere.body
    with pytest.raises(anthropic.AuthenticationError) as unknown:
        await claude.with_options(api_key="bk_live_wrong").messages.batches.create(requests=[asked("a")])
    assert unknown.value.body["type"] == "error"  # type: ignore[index]
    assert (await caller("GET", "/v1/messages/batches")).body == {"data": [], "has_more": False, "first_id": None, "last_id": None}


async def test_the_guides_block_runs(caller: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = [one for one in blocks_of(ANTHROPIC, caller) if "messages.batches" in one]
    client = anthropic.Anthropic(base_url=caller.url, api_key=caller.key, max_retries=0)
    await run(block, ANTHROPIC, {"client": client})
    client.close()
    said = [line for line in capsys.readouterr().out.splitlines() if "succeeded" in line]  # beside the log of the stack
    assert [line.split()[:2] for line in said] == [["Ada", "succeeded"], ["Grace", "succeeded"]] and "Say hello to Ada." in said[0]
