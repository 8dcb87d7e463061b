"""The record of an execution that nobody began says what it was to be: the same as that of one that was answered."""

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from burnish_gateway.execution.request_bytes import about
from burnish_shared.books.admission_request import AdmissionRequest
from burnish_shared.books.finished import FinishedExecution, finished
from burnish_shared.contracts.executions import (
    Caller,
    CompletedBatch,
    CompletedItem,
    ExecutionRequest,
    Lane,
    Outcome,
    Price,
    PromptRef,
    Route,
    Status,
    Usage,
)
from burnish_shared.contracts.experiments import ExperimentPart
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace
from tests.integration.test_books import admissions, superuser

pytestmark = [pytest.mark.capability("E13"), pytest.mark.promise("C-09")]

OF_AN_ANSWER = {
    "status",
    "finished_at",
    "latency_ms",
    "input_tokens",
    "output_tokens",
    "usage_source",
    "price_version",
    "error",
    "attempts",
}
CONTENT = {
    "messages",
    "variables",
    "settings",
    "output",
    "tool_calls",
    "metadata",
    "completed_event",
    "background_event",
    "background_subject",
}


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def request(workspace: Workspace, lane: Lane, **more: Any) -> ExecutionRequest:
    price = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
    route = Route(
        model="simulated/chat", provider="simulated", upstream_model="chat", base_url="http://x", price=price, simulated=True
    )  # fmt: skip
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "execution_id": new_uuid(), "workspace_id": workspace.workspace_id, "lane": lane, "fence": 1, "hold_nusd": 1_000, "route": route,
        "deadline_at": now + timedelta(minutes=1), "sent_at": now, "account_ids": [workspace.credit_account_id],
        "messages": [{"role": "user", "content": "secret"}], "request_id": "req-1", "hops": 2, "group_key": "g", "traceparent": TRACE,
        "prompt": PromptRef(prompt_id=new_uuid(), slug="triage", version=3, label="production"),
        "caller": Caller(
            user_id="ada é", session_id="s", app="web", api_key_id=str(new_uuid()), metadata={"secret": 1}, previous_id=new_uuid()
        ),
        "experiment": ExperimentPart(experiment_id=new_uuid(), arm="b", epoch=2, unit="user:ada é"),
    }  # fmt: skip
    return ExecutionRequest(**(values | more))


def asked(one: ExecutionRequest) -> AdmissionRequest:
    return AdmissionRequest(
        one.execution_id, one.workspace_id, amount_nusd=1_000, ttl_ms=1, lane=one.lane.value, account_ids=one.account_ids,
        message=("burnish.v1.x", one.model_dump_json(exclude_defaults=True).encode()) if one.lane is Lane.BACKGROUND else None,
    )  # fmt: skip


def answered(one: ExecutionRequest, status: str) -> FinishedExecution:
    slug, version = (one.prompt.slug, one.prompt.version) if one.prompt else (None, None)
    usage = Usage(input_tokens=0, output_tokens=0, source="estimated")
    outcome = Outcome(
        id=one.execution_id, status=Status(status), output=None, prompt=slug, version=version, model=one.route.model, provider="simulated",
        finish_reason=None, usage=usage, cost_nusd=0, latency_ms=0, first_token_ms=None, simulated=True,
    )  # fmt: skip
    return finished(one, outcome, finished_at=datetime.now(UTC))


async def end(books: asyncpg.Connection, how: str, one: ExecutionRequest) -> None:
    if how == "timeout":
        await asyncio.sleep(0.002)
        assert await books.fetchval("SELECT expire(0, 100)") == 1
    elif how == "cancelled":
        assert await books.fetchval("SELECT cancel_queued($1, $2)", one.execution_id, one.workspace_id) is True
    else:
        given_up = "SELECT abandon($1, $2, NULL, NULL, $3)"
        assert await books.fetchval(given_up, one.execution_id, one.workspace_id, about(one)) is True


@pytest.mark.parametrize(("how", "lane"), [("timeout", Lane.BACKGROUND), ("cancelled", Lane.BACKGROUND), ("error", Lane.INTERACTIVE)])
@pytest.mark.parametrize("bare", [False, True])
async def test_a_row_and_its_events_say_what_those_of_an_answer_say(
    database_urls: Any, workspace: Workspace, how: str, lane: Lane, bare: bool
) -> None:
    less: dict[str, Any] = (
        {"prompt": None, "caller": Caller(), "experiment": None, "request_id": "", "hops": 0, "traceparent": None} if bare else {}
    )
    one = request(workspace, lane, **less)
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        await gateway.ask(asked(one))
        await end(books, how, one)
        row = await books.fetchrow("SELECT * FROM executions WHERE execution_id = $1", one.execution_id)
        outbox = await books.fetch("SELECT subject, convert_from(body, 'UTF8') AS body FROM outbox")
    assert row is not None and row["status"] == how
    like = answered(one, how)
    told = {name: value for name, value in asdict(like).items() if name not in OF_AN_ANSWER | CONTENT | {"details"}}
    assert {name: row[name] for name in told} == told
    kept = {"trace_id": row["trace_id"].hex} if row["trace_id"] else {}
    assert json.loads(row["details"] or "{}") | kept == json.loads(like.details or "{}")

    [batch] = [CompletedBatch.model_validate_json(one["body"]) for one in outbox if one["subject"].endswith("completed.batch")]
    usual = CompletedItem.model_validate_json(like.completed_event)
    assert batch.items == [usual.model_copy(update={name: getattr(batch.items[0], name) for name in ("latency_ms", "finished_at")})]
    events = [json.loads(one["body"]) for one in outbox if ".execution.completed." in one["subject"]]
    assert len(events) == (lane is Lane.BACKGROUND)
    for event in events:
        same = json.loads(like.background_event or "")
        ours, theirs = (each["data"] | {name: each[name] for name in ("hops", "simulated", "traceparent")} for each in (event, same))
        assert ours | {"latency_ms": 0} == theirs


async def test_a_request_that_cannot_be_read_stops_nobody(database_urls: Any, workspace: Workspace) -> None:
    whole, torn = request(workspace, Lane.BACKGROUND), request(workspace, Lane.BACKGROUND, caller=Caller(user_id="a\x00b"))
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        await asyncio.gather(gateway.ask(asked(whole)), gateway.ask(asked(torn)))
        about = dict(await books.fetch("SELECT execution_id, about ->> 'model' FROM accepted"))
    assert about == {whole.execution_id: "simulated/chat", torn.execution_id: None}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"a"', b"\xff", b'{"prompt":"\\u0000"}', b'{"caller":[]}', b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}"]
)
async def test_nothing_that_a_body_holds_fails_the_statement(database_urls: Any, body: bytes) -> None:
    async with superuser(database_urls) as books:
        assert json.loads(await books.fetchval("SELECT about_of($1)", body) or "{}") in ({}, {"caller": {}})


async def test_nothing_of_what_was_asked_is_kept_while_it_waits(database_urls: Any, workspace: Workspace) -> None:
    async with admissions(database_urls["gateway"]) as (gateway,), superuser(database_urls) as books:
        await gateway.ask(asked(request(workspace, Lane.BACKGROUND)))
        assert "secret" not in await books.fetchval("SELECT about::text FROM accepted")
