"""Executions made elsewhere: each once, free, joined by feedback, counted like our own (E13)."""

import gzip
import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID

import asyncpg
import pytest
from fastapi.exceptions import RequestValidationError
from google.rpc import code_pb2, status_pb2  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs

from burnish_gateway.imports import store
from burnish_gateway.imports.genai_spans import reported_of
from burnish_gateway.imports.otlp_spans import Span
from burnish_gateway.imports.reported import Reported
from burnish_shared.books.finished import UNSAID, FinishedExecution
from burnish_shared.contracts.executions import CompletedItem, Lane, Status
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.documented import provoked
from tests.embedded.stack import Answer, Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.feedback_api.test_feedback_api import feedback_shown, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13")]

PROTOBUF = "application/x-protobuf"


def now() -> datetime:
    return datetime.now(UTC)


def line(their_id: str, **changed: Any) -> dict[str, Any]:
    given = {
        "source": "desk", "id": their_id, "model": "gpt-of-theirs", "provider": "openai", "finished_at": now().isoformat(),
        "latency_ms": 800, "input_tokens": 100, "output_tokens": 20, "cost_nusd": 5_000_000, "prompt": "triage", "label": "production",
        "version": 3, "messages": [{"role": "user", "content": "where?"}], "output": "there", "session_id": "s-1", "user_id": "ann",
    }  # fmt: skip
    return given | changed


async def bring(caller: Caller, *lines: Any) -> Answer:
    raw = b"\n".join(json.dumps(one).encode() for one in lines)
    return await caller("POST", "/v1/executions/import", raw=raw, headers={"content-type": "application/x-ndjson"})


async def summary(caller: Caller) -> dict[str, Any]:
    return dict((await caller("GET", "/v1/analytics/summary?prompt=triage")).body)


@pytest.mark.promise("C-13", "A-04", "A-01")
async def test_an_imported_execution_counts_once_costs_nothing_and_is_joined_by_feedback_before_and_after(
    caller: Caller, stack: Stack
) -> None:
    target = {"imported": {"source": "desk", "id": "t-1"}}
    assert (await caller("POST", "/v1/feedback", {**target, "thumb": "down", "user_id": "ann"})).status == 202
    answers = [await bring(caller, line("t-1"), line("t-2")) for _ in range(3)]
    assert [one.status for one in answers] == [200] * 3 and len({one.raw for one in answers}) == 1
    assert (await caller("POST", "/v1/feedback/batch", {**target, "score": 0.5, "user_id": "ann"})).status == 202
    ours = answers[0].body["results"][0]["id"]

    async def counted() -> dict[str, Any] | None:
        found = await summary(caller)
        return found if (found["executions"], found["reactions"]) == (2, 2) else None

    found = await until(counted)
    assert (found["cost_nusd"], found["input_tokens"], found["thumbs_down"], found["mean_score"]) == (0, 200, 1, 0.5)
    assert {one["kind"] for one in await feedback_shown(caller, ours)} == {"thumb", "score"}
    shown = (await caller("GET", f"/v1/executions/{ours}")).body
    assert (shown["lane"], shown["cost_nusd"], shown["output"], shown["version"]) == ("imported", 0, "there", 3)
    assert shown["imported"] == {"source": "desk", "id": "t-1", "reported_cost_nusd": 5_000_000}
    assert len((await caller("GET", "/v1/sessions/s-1")).body["executions"]) == 2
    async with as_superuser(stack.urls["superuser"]) as connection:
        assert await connection.fetchval("SELECT ledger_drift(1)") == 0
        transfers = "SELECT count(*) FROM transfers WHERE workspace_id = $1 AND kind = 'charge'"
        assert await connection.fetchval(transfers, caller.workspace.workspace_id) == 0


async def test_a_name_that_no_prompt_has_is_taken_and_told(caller: Caller) -> None:
    """Perhaps it is misspelt, perhaps its prompt lives elsewhere: only people know."""
    prompt = {"slug": "triage", "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    known = await bring(caller, line("n-1"), line("n-2", prompt=None, label=None, version=None))
    assert known.status == 200 and "unknown_prompts" not in known.body
    told = await bring(caller, line("n-3"), line("n-4", prompt="traige"), line("n-5", prompt="elsewhere"))
    assert (told.body["accepted"], told.body["unknown_prompts"]) == (3, ["elsewhere", "traige"])


async def test_the_log_tells_the_own_time_of_what_came_in_later(caller: Caller) -> None:
    then = now() - timedelta(days=3)
    brought = (await bring(caller, line("old", finished_at=then.isoformat()))).body["results"][0]["id"]
    listed = {one["id"]: one for one in (await caller("GET", "/v1/executions?lane=imported")).body["data"]}[brought]
    assert datetime.fromisoformat(listed["finished_at"]) == then
    assert datetime.fromisoformat(listed["created_at"]) > then + timedelta(days=2)


async def test_a_conversation_that_comes_in_at_once_stands_in_the_order_in_which_it_took_place(caller: Caller) -> None:
    """Whatever the source calls its runs, and in whichever order it writes them."""
    then = now() - timedelta(days=3)
    turns = [
        line(their_id, session_id="talk", user_id="order", latency_ms=took_ms, finished_at=(then + timedelta(minutes=minute)).isoformat())
        for their_id, minute, took_ms in (("z", 3, 90), ("a", 4, 100), ("m", 1, 100), ("b", 2, 100), ("k", 5, 300_000))
    ]
    ids = [one["id"] for one in (await bring(caller, *turns)).body["results"]]
    in_order = [ids[place] for place in (4, 2, 3, 0, 1)]  # "k" ended last and began first
    assert [one["id"] for one in (await caller("GET", "/v1/sessions/talk")).body["executions"]] == in_order
    assert [one["id"] for one in (await caller("GET", "/v1/executions?user_id=order")).body["data"]] == in_order[::-1]


async def test_how_the_model_was_asked_comes_in_with_it(caller: Caller) -> None:
    told = {"temperature": 0.2, "max_tokens": 64, "seed": 7, "stop": ["END"]}
    answer = await bring(caller, line("asked", settings=told), line("odd", settings={"temperature": "warm"}))
    first, second = answer.body["results"]
    assert (await caller("GET", f"/v1/executions/{first['id']}")).body["settings"] == told
    assert second["error"]["param"].startswith("settings.temperature")


async def test_tokens_by_class_come_in_with_it(caller: Caller) -> None:
    classes = {"cached_input_tokens": 40, "cache_write_input_tokens": 30, "reasoning_tokens": 5}
    brought = (await bring(caller, line("c-1", input_tokens=100, output_tokens=9, **classes))).body["results"][0]["id"]
    usage = (await caller("GET", f"/v1/executions/{brought}")).body["usage"]
    assert {name: usage[name] for name in classes} == classes


@pytest.mark.promise("T-01")
async def test_the_same_id_in_another_workspace_is_another_execution(caller: Caller, stack: Stack) -> None:
    other = await stack.caller()
    ids = [(await bring(one, line("same"))).body["results"][0]["id"] for one in (caller, other)]
    assert ids[0] != ids[1] and (await other("GET", f"/v1/executions/{ids[0]}")).status == 404


async def test_bad_lines_are_named_and_the_others_come_in(caller: Caller) -> None:
    future, past = (now() + timedelta(hours=1)).isoformat(), (now() - timedelta(days=500)).isoformat()
    answer = await bring(caller, line("a"), line("b", finished_at=future), line("c", finished_at=past), line("d", latency_ms=-1))
    assert (answer.status, answer.body["accepted"], answer.body["rejected"]) == (200, 1, 3)
    assert [one["error"]["param"] for one in answer.body["results"][1:]] == ["finished_at", "finished_at", "latency_ms"]
    assert (await bring(caller, line("e", cost_nusd=-1))).status == 422


async def test_no_more_is_read_from_a_cache_than_is_read(caller: Caller) -> None:
    sound = [line("a", input_tokens=5, cached_input_tokens=5), line("b", cached_input_tokens=5)]
    answer = await bring(caller, *sound, line("c", input_tokens=5, cached_input_tokens=6))
    assert (answer.status, answer.body["accepted"]) == (200, 2)
    (refused,) = [one for one in answer.body["results"] if "error" in one]
    assert (refused["line"], refused["error"]["param"]) == (3, "cached_input_tokens") and "6" in refused["error"]["message"]
    alone = await bring(caller, line("d", input_tokens=0, cached_input_tokens=1))
    assert (alone.status, alone.body["error"]["param"]) == (422, "cached_input_tokens") and "Line 1" in alone.body["error"]["message"]


def attributes(**values: Any) -> list[KeyValue]:
    def value(one: Any) -> AnyValue:
        if isinstance(one, list):
            made = AnyValue()
            made.array_value.values.extend(value(item) for item in one)
            return made
        kind = {str: "string_value", int: "int_value", float: "double_value"}[type(one)]
        return AnyValue(**{kind: one})

    return [KeyValue(key=name, value=value(one)) for name, one in values.items()]


CALL = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-of-theirs",
    "gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 7, "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.conversation.id": "otlp-chat", "user.id": "ann", "gen_ai.usage.cost": 0.25, "gen_ai.prompt.name": "triage",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]),
    "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "hello"}]}]),
}  # fmt: skip


def export(*spans: tuple[str, dict[str, Any]]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    of_resource.resource.attributes.extend(attributes(**{"service.name": "shop"}))
    scope = of_resource.scope_spans.add()
    end = int(now().timestamp() * 1e9)
    for span_id, values in spans:
        span = scope.spans.add(trace_id=bytes.fromhex("0a" * 16), span_id=bytes.fromhex(span_id), name="chat", kind=3)
        span.start_time_unix_nano, span.end_time_unix_nano = end - 1_500_000_000, end
        span.attributes.extend(attributes(**values))
    return request


async def send(caller: Caller, raw: bytes, **headers: str) -> Answer:
    return await caller("POST", "/v1/otlp/v1/traces", raw=raw, headers={"content-type": PROTOBUF} | headers)


async def test_genai_spans_become_executions_once_in_protobuf_gzip_and_json_alike(caller: Caller) -> None:
    request = export(("01" * 8, CALL), ("02" * 8, {"http.route": "/"}), ("03" * 8, {"gen_ai.operation.name": "execute_tool"}))
    raw = request.SerializeToString()
    first = await send(caller, raw)
    assert (first.status, first.raw, first.headers["content-type"]) == (200, b"", PROTOBUF)
    assert (await send(caller, gzip.compress(raw), **{"content-encoding": "GZIP"})).status == 200
    assert (await send(caller, zlib.compress(raw), **{"content-encoding": "deflate"})).status == 200, "as exporters may be told to"
    assert "as it is, or deflate, or gzip" in str((await send(caller, b"", **{"content-encoding": "zstd"})).raw)

    def plain(value: AnyValue) -> dict[str, Any]:
        if value.WhichOneof("value") == "array_value":
            return {"arrayValue": {"values": [plain(one) for one in value.array_value.values]}}
        kind = {"string_value": "stringValue", "int_value": "intValue", "double_value": "doubleValue"}[str(value.WhichOneof("value"))]
        found = getattr(value, str(value.WhichOneof("value")))
        return {kind: str(found) if kind == "intValue" else found}

    span = request.resource_spans[0].scope_spans[0].spans[0]
    as_json = {
        "traceId": span.trace_id.hex(), "spanId": span.span_id.hex().upper(), "name": "chat", "flags": 1,
        "startTimeUnixNano": str(span.start_time_unix_nano), "endTimeUnixNano": str(span.end_time_unix_nano),
        "attributes": [{"key": one.key, "value": plain(one.value)} for one in span.attributes],
    }  # fmt: skip
    body = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": [as_json]}]}]}
    third = await caller("POST", "/v1/otlp/v1/traces", body)
    assert (third.status, third.body) == (200, {})
    [listed] = (await caller("GET", f"/v1/executions?trace_id={span.trace_id.hex()}")).body["data"]
    shown = (await caller("GET", f"/v1/executions/{listed['id']}")).body
    assert {name: shown[name] for name in ("model", "provider", "prompt", "label", "latency_ms", "finish_reason", "app", "user_id")} == {
        "model": "gpt-of-theirs", "provider": "openai", "prompt": "triage", "label": "production", "latency_ms": 1500,
        "finish_reason": "stop", "app": "shop", "user_id": "ann",
    }  # fmt: skip
    assert (shown["output"], shown["usage"]["input_tokens"], shown["session_id"]) == ("hello", 30, "otlp-chat")
    assert (shown["messages"], shown["settings"]) == ([{"role": "user", "content": "hi"}], {"temperature": 0.5})
    assert shown["imported"] == {"source": "otlp", "id": f"{'0a' * 16}:{'01' * 8}", "reported_cost_nusd": 250_000_000}
    thumb = {"imported": {"source": "otlp", "id": f"{'0a' * 16}:{'01' * 8}"}, "thumb": "up"}
    assert (await caller("POST", "/v1/feedback", thumb)).status == 202

    async def counted() -> bool:
        found = await summary(caller)
        return (found["executions"], found["thumbs_up"]) == (1, 1)

    await until(counted)


@pytest.mark.promise("A-08")
async def test_many_executions_with_long_names_are_told_in_messages_that_fit_and_all_counted(caller: Caller, stack: Stack) -> None:
    """In one message they would be more than NATS takes: in the books, and in no figure."""
    long = {"gen_ai.conversation.id": "c" * 200, "gen_ai.response.model": "m" * 200}
    spans = [(f"{n:016x}", CALL | long | {"user.id": f"{'u' * 190}{n}"}) for n in range(1, 1501)]
    answer = await send(caller, gzip.compress(export(*spans).SerializeToString()), **{"content-encoding": "gzip"})
    assert (answer.status, answer.raw) == (200, b"")

    async def counted() -> bool:
        return bool((await summary(caller))["executions"] == 1500)

    await until(counted)
    async with as_superuser(stack.urls["superuser"]) as connection:
        ours = str(caller.workspace.workspace_id).encode()
        sizes = await connection.fetch("SELECT length(body) AS size FROM outbox WHERE position($1::bytea IN body) > 0", ours)
    assert sum(row["size"] for row in sizes) > 1_048_576 > 800_000 > max(row["size"] for row in sizes)


async def test_a_span_that_cannot_be_taken_is_rejected_alone_and_the_answer_says_so(caller: Caller) -> None:
    request = export(("01" * 8, CALL), ("02" * 8, {"gen_ai.operation.name": "chat"}))
    answer = ExportTraceServiceResponse.FromString((await send(caller, request.SerializeToString())).raw)
    assert answer.partial_success.rejected_spans == 1 and "gen_ai.request.model" in answer.partial_success.error_message
    assert len((await caller("GET", "/v1/executions")).body["data"]) == 1


@pytest.mark.parametrize(
    ("changed", "source"),
    [
        ({}, "provider"),
        ({"gen_ai.usage.input_tokens": "many"}, "estimated"),
        ({"gen_ai.usage.output_tokens": -1}, "estimated"),
        ({"gen_ai.usage.output_tokens": -1, "gen_ai.operation.name": "embeddings"}, "provider"),
        ({"gen_ai.usage.output_tokens": -1, "error.type": "timeout"}, "estimated"),
        ({"gen_ai.usage.output_tokens": -1, "error.type": "timeout", "gen_ai.output.messages": None}, "provider"),
    ],
)
async def test_a_count_that_is_lacking_is_not_said_to_be_the_providers(caller: Caller, changed: dict[str, Any], source: str) -> None:
    request = export(("01" * 8, {name: value for name, value in (CALL | changed).items() if value is not None}))
    request.resource_spans[0].scope_spans[0].spans[0].status.code = 2 if "error.type" in changed else 0
    assert (await send(caller, request.SerializeToString())).status == 200
    [listed] = (await caller("GET", "/v1/executions")).body["data"]
    assert (await caller("GET", f"/v1/executions/{listed['id']}")).body["usage"]["source"] == source


async def test_a_span_from_too_long_ago_is_named(caller: Caller) -> None:
    request = export(("01" * 8, CALL), ("02" * 8, CALL))
    request.resource_spans[0].scope_spans[0].spans[1].end_time_unix_nano = int((now() - timedelta(days=401)).timestamp() * 1e9)
    answer = ExportTraceServiceResponse.FromString((await send(caller, request.SerializeToString())).raw).partial_success
    assert answer.rejected_spans == 1
    assert answer.error_message == f"span {'02' * 8}: finished_at: is more than 400 days ago; such figures are not kept."


async def test_spans_that_cannot_be_read_or_stored_are_rejected_alone_in_json(caller: Caller) -> None:
    at = str(int(now().timestamp() * 1e9))
    model = {"key": "gen_ai.request.model", "value": {"stringValue": "m\0"}}

    def span(n: int, **changed: Any) -> dict[str, Any]:
        return {"traceId": "0b" * 16, "spanId": f"{n:016x}", "name": "a\0", "endTimeUnixNano": at, "attributes": [model]} | changed

    bad = [span(2, spanId="zz"), span(3, endTimeUnixNano="soon"), span(4, attributes=5), span(5, endTimeUnixNano=str(2**61)), 7]
    sent = {"resourceSpans": [{"scopeSpans": [{"spans": [span(1), *bad, span(6)]}]}]}
    answer = await caller("POST", "/v1/otlp/v1/traces", raw=json.dumps(sent).encode(), headers={"content-type": "application/json"})
    assert answer.status == 200 and answer.body["partialSuccess"]["rejectedSpans"] == "5", answer.raw
    assert answer.body["partialSuccess"]["errorMessage"] == "span zz: lacks spanId (16 hex digits, not all 0)"
    assert [one["model"] for one in (await caller("GET", "/v1/executions")).body["data"]] == ["m\ufffd"] * 2


async def test_who_sends_protobuf_is_refused_in_protobuf(caller: Caller) -> None:
    for answer, code, http in (
        (await send(caller, b"\xff\xff\xff"), code_pb2.INVALID_ARGUMENT, 400),
        (await send(caller, b"", authorization="Bearer bk_live_nobody"), code_pb2.UNAUTHENTICATED, 401),
        (await send(caller, gzip.compress(bytes(1 << 25)), **{"content-encoding": "GZIP"}), code_pb2.RESOURCE_EXHAUSTED, 413),
    ):
        assert (answer.status, answer.headers["content-type"]) == (http, PROTOBUF), answer.raw
        said = status_pb2.Status.FromString(answer.raw)
        assert said.code == code and said.message and answer.headers["x-request-id"]
    plain = await send(caller, b"[]", **{"content-type": "application/json"})
    assert plain.body["error"]["code"] == "invalid_body"


def is_ours(one: Any) -> bool:
    """Whether it tells of an error of the gateway: the other services of this process log what they meet meanwhile."""
    return bool(one["log_level"] == "error" and one["event"].partition(".")[0] in ("gateway", "imports"))


UNREAD_QUERY = {"type": "missing", "loc": ("query", "shop"), "msg": "Field required", "input": None}


@pytest.mark.parametrize(
    ("error", "code", "http", "said"),
    [
        (ZeroDivisionError("secret"), code_pb2.INTERNAL, 500, "it has been logged"),
        (RequestValidationError([UNREAD_QUERY]), code_pb2.INVALID_ARGUMENT, 422, "shop: "),
        (HTTPException(503, "later", headers={"retry-after": "7"}), code_pb2.UNAVAILABLE, 503, "later"),
    ],
)
async def test_whatever_goes_wrong_is_told_in_protobuf_and_logged_once_if_nobody_thought_of_it(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, http: int, said: str
) -> None:
    monkeypatch.setattr("burnish_gateway.imports.routes.import_spans", AsyncMock(side_effect=error))
    with capture_logs() as logged:
        answer = await send(caller, b"")
        in_json = await send(caller, b"{}", **{"content-type": "application/json"})
    assert (answer.status, answer.headers["content-type"]) == (http, PROTOBUF), answer.raw
    told = status_pb2.Status.FromString(answer.raw)
    assert told.code == code and said in told.message and "secret" not in told.message and answer.headers["x-request-id"]
    assert in_json.status == http and in_json.body["error"]["message"] == told.message
    assert answer.headers.get("retry-after") == in_json.headers.get("retry-after") == ("7" if http == 503 else None)
    assert [one["event"] for one in logged if is_ours(one)] == (["gateway.failed"] * 2 if http == 500 else [])
    if http == 500:
        provoked(http)


async def test_what_nobody_thought_of_costs_its_own_span_alone(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(span: Span) -> Reported | None:
        if span.span_id == "02" * 8:
            return reported_of(span)
        raise KeyError("content of a span")

    monkeypatch.setattr("burnish_gateway.imports.import_spans.reported_of", broken)
    with capture_logs() as logged:
        answered = await send(caller, export(("01" * 8, CALL), ("02" * 8, CALL), ("03" * 8, CALL)).SerializeToString())
    said = ExportTraceServiceResponse.FromString(answered.raw).partial_success
    assert said.rejected_spans == 2 and said.error_message.startswith(f"span {'01' * 8}: ") and "content" not in said.error_message
    assert [(one["event"], one["error"]) for one in logged if is_ours(one)] == [("imports.span_failed", "KeyError")]
    assert "content of a span" not in str(logged), "logs hold no text of callers"
    assert len((await caller("GET", "/v1/executions")).body["data"]) == 1


@pytest.mark.promise("G-15")
async def test_bombs_and_rubbish_are_refused(caller: Caller) -> None:
    bomb = zlib.compressobj(wbits=31)
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(40)) + bomb.flush()
    gzipped = {"content-encoding": "gzip"}
    statuses = [
        (await send(caller, packed, **gzipped)).status,
        (await send(caller, gzip.compress(b"x")[:-4], **gzipped)).status,
        (await send(caller, b"not gzip", **gzipped)).status,
        (await send(caller, b"\xff\xff\xff")).status,
        (await send(caller, b"[]", **{"content-type": "application/json"})).status,
        (await send(caller, b'{"resourceSpans": {}}', **{"content-type": "application/json"})).status,
        (await send(caller, b"", **{"content-type": "text/plain"})).status,
    ]
    assert statuses == [413, 400, 400, 400, 400, 400, 422]


async def test_of_two_lines_with_one_id_the_first_counts_as_it_would_in_two_requests(caller: Caller) -> None:
    brought = await bring(caller, line("twice", output="first"), line("twice", output="second"))
    first, second = (one["id"] for one in brought.body["results"])
    assert first == second
    for _ in range(2):
        kept = (await caller("GET", f"/v1/executions/{first}")).body
        assert kept["output"] == "first"
        await bring(caller, line("twice", output="third"))


@pytest.mark.promise("P-08")
async def test_a_workspace_that_stores_no_text_stores_none_of_what_ran_elsewhere(caller: Caller, stack: Stack) -> None:
    assert (await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"store_content": False})).status == 200
    secret = "wolpertinger"
    texts = {
        "messages": [{"role": "user", "content": secret}], "output": secret, "variables": {"a": secret}, "metadata": {"b": secret},
        "error": f"cannot read {secret}", "status": "error",
    }  # fmt: skip
    brought = await bring(caller, line("mine", **texts))
    assert brought.body["accepted"] == 1, brought.body
    kept = (await caller("GET", f"/v1/executions/{brought.body['results'][0]['id']}")).body
    assert secret not in str(kept) and (kept["messages"], kept["output"], kept["error"]["message"]) == (None, None, UNSAID)
    assert kept["usage"]["input_tokens"] == 100 and kept["user_id"] == "ann"


@pytest.mark.promise("C-13", "T-01")
async def test_the_gateway_books_no_execution_as_imported_that_has_no_id_of_an_import(caller: Caller, stack: Stack) -> None:
    """The function runs with more rights than the gateway has: it settles what is imported, here, and nothing else."""
    other = await stack.caller()
    ours, theirs = [(await bring(one, line("mine"))).body["results"][0]["id"] for one in (caller, other)]
    workspace_id = caller.workspace.workspace_id
    db = await Database.open(stack.urls["gateway"], application_name="test-imports", max_size=1)

    async def book(execution_id: UUID, **changed: Any) -> list[UUID]:
        row = replace(finished(execution_id, workspace_id), **changed)
        async with db.unit_of_work(workspace=workspace_id) as tx:
            return await store.book(tx, workspace_id, [row], event_id=str(new_uuid()))

    try:
        assert await book(UUID(ours)) == [], "it is there already"
        for execution_id, changed in (
            (new_uuid(), {}), (UUID(theirs), {}), (UUID(ours), {"lane": "interactive"}), (UUID(ours), {"cost_nusd": 1}),
            (UUID(ours), {"workspace_id": other.workspace.workspace_id}),
        ):  # fmt: skip
            with pytest.raises(asyncpg.CheckViolationError, match="not an imported execution"):
                await book(execution_id, **changed)
    finally:
        await db.close()


def finished(execution_id: UUID, workspace_id: UUID) -> FinishedExecution:
    moment = now()
    item = CompletedItem(
        execution_id=execution_id, workspace_id=workspace_id, lane=Lane.IMPORTED, status=Status.SUCCESS, model="m", provider="p",
        input_tokens=0, output_tokens=0, cost_nusd=0, latency_ms=0, first_token_ms=None, simulated=False, finished_at=moment,
    )  # fmt: skip
    return FinishedExecution(
        execution_id=execution_id, workspace_id=workspace_id, fence=1, lane="imported", status="success", prompt_id=None, slug=None,
        version=None, label=None, model="m", provider="p", input_tokens=0, output_tokens=0, cached_input_tokens=0,
        usage_source="estimated", cost_nusd=0, price_version=None, latency_ms=0, first_token_ms=None, cached=False, simulated=False,
        finish_reason=None, end_user=None, session_id=None, app=None, api_key_id=None, job_id=None, request_id=None,
        provider_key_id=None, key_source=None, markup_nusd=0, error=None, attempts="[]", finished_at=moment, messages=None,
        variables="{}", settings="{}", output=None, tool_calls=None, metadata="{}", completed_event=item.model_dump_json(),
        background_event=None, background_subject=None,
    )  # fmt: skip
