"""Which spans are calls of models, and what becomes of their attributes (E13)."""

import json
import re
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from burnish_gateway.imports.count_parts import PARTS_MOST, SPANS_MOST, check_brackets
from burnish_gateway.imports.genai_spans import reported_of
from burnish_gateway.imports.inflate import inflated
from burnish_gateway.imports.otlp_json import TOKEN, from_json
from burnish_gateway.imports.otlp_spans import Span, Unread, from_protobuf
from burnish_shared.books.finished import json_text
from burnish_shared.contracts.executions import Status
from burnish_shared.errors import BurnishError, PayloadTooLarge

pytestmark = pytest.mark.capability("E13")

END = 1_763_640_000_000_000_000


def span(*events: tuple[str, dict[str, Any]], error: str | None = None, **attributes: Any) -> Span:
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    return Span("ab" * 16, "cd" * 8, "call", END - 2_000_000, END, named, {"service.name": "shop"}, events, error is not None, error or "")


def test_agents_tools_and_plain_spans_are_left_alone() -> None:
    assert reported_of(span(http__route="/")) is None
    assert reported_of(span(gen_ai__operation__name="invoke_agent", gen_ai__request__model="m")) is None
    assert reported_of(span(gen_ai__operation__name="execute_tool")) is None
    assert reported_of(span(gen_ai__request__model="m")) is not None


@pytest.mark.parametrize(
    ("error", "attributes", "status"),
    [
        (None, {}, Status.SUCCESS),
        (None, {"error__type": "timeout"}, Status.TIMEOUT),
        (None, {"error__type": "429"}, Status.RATE_LIMITED),
        ("it broke", {}, Status.ERROR),
        (None, {"error__type": "SomeError"}, Status.ERROR),
        (None, {"error__type": "RateLimitError"}, Status.RATE_LIMITED),
        (None, {"error__type": "openai.RateLimitError"}, Status.RATE_LIMITED),
        (None, {"error__type": "ThrottlingException"}, Status.RATE_LIMITED),
        (None, {"error__type": "APITimeoutError"}, Status.TIMEOUT),
        (None, {"error__type": "httpx.ReadTimeout"}, Status.TIMEOUT),
        (None, {"error__type": "builtins.TimeoutError"}, Status.TIMEOUT),
        (None, {"error__type": "SomeError", "http__response__status_code": 429}, Status.RATE_LIMITED),
        (None, {"error__type": "SomeError", "http__response__status_code": 504}, Status.TIMEOUT),
        (None, {"error__type": "SomeError", "http__response__status_code": 500}, Status.ERROR),
        (None, {"http__response__status_code": 429}, Status.SUCCESS),
    ],
)
def test_how_it_ended(error: str | None, attributes: dict[str, Any], status: Status) -> None:
    found = reported_of(span(error=error, gen_ai__request__model="m", **attributes))
    assert found is not None and found.status is status and (found.error is None) == (status is Status.SUCCESS)


def test_an_error_is_told_with_what_the_span_says_of_it() -> None:
    """The class alone groups failures that have nothing in common."""
    found = reported_of(span(error="the model is overloaded", gen_ai__request__model="m", error__type="APIError"))
    assert found is not None and found.error == "APIError: the model is overloaded"
    found = reported_of(span(error="openai.APIError: overloaded", gen_ai__request__model="m", error__type="APIError"))
    assert found is not None and found.error == "openai.APIError: overloaded"


def test_what_litellm_sends_is_read() -> None:
    """LiteLLM 1.110 with `callbacks=["otel"]`: lists as JSON in a string, names of its own for who asked and what it cost."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.system": "openai",
        "gen_ai.response.finish_reasons": '["stop"]',
        "gen_ai.cost.total_cost": 7.6e-05,
        "llm.user": "ann",
    }
    found = reported_of(span(**attributes))
    assert found is not None
    assert (found.finish_reason, found.cost_nusd, found.end_user) == ("stop", 76_000, "ann")
    embedding = reported_of(
        span(**{"gen_ai.operation.name": "embedding", "gen_ai.request.model": "text-embedding-3-small", "gen_ai.system": ""})
    )
    assert embedding is not None and embedding.provider == "unknown"


def test_older_conventions_are_read_too() -> None:
    events = (
        ("gen_ai.system.message", {"content": "be short"}),
        ("gen_ai.content.prompt", {"gen_ai.prompt": "where?"}),
        ("gen_ai.content.completion", {"gen_ai.completion": json.dumps([{"role": "assistant", "content": "there"}])}),
    )
    found = reported_of(span(*events, gen_ai__system="acme", gen_ai__request__model="m", gen_ai__usage__prompt_tokens=3))
    assert found is not None and (found.provider, found.input_tokens, found.output, found.app) == ("acme", 3, "there", "shop")
    assert found.messages == [{"role": "system", "content": "be short"}, {"role": "user", "content": "where?"}]


@pytest.mark.parametrize("version", ["v2", "two", "", -1, 0, 1.5, [2], True])
def test_a_version_that_is_no_number_is_refused_and_not_counted_for_the_label(version: Any) -> None:
    with pytest.raises(ValueError, match=r"burnish\.version must be a whole number"):
        reported_of(span(gen_ai__request__model="m", burnish__prompt="triage", burnish__version=version))


def test_numbers_may_come_as_text() -> None:
    found = reported_of(span(gen_ai__request__model="m", burnish__version="2", gen_ai__usage__input_tokens="120"))
    assert found is not None and (found.version, found.input_tokens) == (2, 120)


def test_a_service_without_a_name_is_no_app() -> None:
    made = span(gen_ai__request__model="m")
    found = reported_of(replace(made, resource={"service.name": "unknown_service:python"}))
    assert found is not None and found.app is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats() | st.text(max_size=5) | st.sampled_from(["0", "429", "[", "{"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["parts", "content", "role", "type", "a\0"]), inner, max_size=3)
    ),
    max_leaves=6,
)


class Odd(dict[str, Any]):
    """Attributes of which each is something odd, or that as JSON; always the same."""

    def __init__(self, data: st.DataObject, **known: Any) -> None:
        super().__init__(known)
        self.data = data

    def get(self, name: str, default: Any = None) -> Any:
        return self[name]

    def __missing__(self, name: str) -> Any:
        self[name] = self.data.draw(ODD | ODD.map(json.dumps), label=name)
        return self[name]


@settings(max_examples=300, deadline=None)
@given(st.data(), st.booleans())
def test_whatever_attributes_hold_it_is_stored_or_refused(data: st.DataObject, is_call: bool) -> None:
    known = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"} if is_call else {}
    names = st.sampled_from(["gen_ai.content.prompt", "gen_ai.content.completion", "gen_ai.user.message", "other"])
    events = tuple((name, Odd(data)) for name in data.draw(st.lists(names, max_size=2)))
    made = Span("ab" * 16, "cd" * 8, "call", END - 2_000_000, END, Odd(data, **known), Odd(data), events, data.draw(st.booleans()), "")
    try:
        found = reported_of(made)
    except ValueError:
        return
    if found is not None:
        json_text([found.messages, found.metadata])
        assert len(found.model) <= 200 and "\x00" not in found.model and (found.output is None or isinstance(found.output, str))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.just(b"\x0a\xff"))
def test_no_bytes_break_the_readers(raw: bytes) -> None:
    for read in (from_protobuf, lambda one: inflated(one, most_bytes=100)):
        try:
            list(read(raw))
        except BurnishError as error:
            assert error.status in (400, 413)


@settings(max_examples=60, deadline=None)
@given(VALUES | st.fixed_dictionaries({"resourceSpans": st.lists(st.dictionaries(st.sampled_from(["resource", "scopeSpans"]), VALUES))}))
def test_no_json_breaks_the_reader(body: Any) -> None:
    try:
        list(from_json(json.dumps(body).encode()))
    except BurnishError as error:
        assert error.status == 400


def field(number: int, value: bytes) -> bytes:
    """A nested field on the wire; lengths of up to four bytes."""
    length, left = b"", len(value)
    while left > 0x7F:
        length, left = length + bytes([left & 0x7F | 0x80]), left >> 7
    return bytes([number << 3 | 2]) + length + bytes([left]) + value


def export(spans: bytes) -> bytes:
    return field(1, field(2, spans))


EMPTY_SPAN, EMPTY_ATTRIBUTE, EMPTY_LINK = b"\x12\x00", b"\x4a\x00", b"\x6a\x00"

MILLIONS_OF_PARTS = {
    "spans": export(EMPTY_SPAN * 1_000_000),
    "attributes of one span": export(field(2, EMPTY_ATTRIBUTE * 1_000_000)),
    "links": export(field(2, EMPTY_LINK * 1_000_000)),
    "values of a list": export(field(2, field(9, field(2, field(5, b"\x0a\x00" * 1_000_000))))),
    "resources": b"\x0a\x00" * 1_000_000,
    "attributes of a resource": field(1, field(1, b"\x0a\x00" * 1_000_000)),
}


@pytest.mark.parametrize("what", MILLIONS_OF_PARTS)
def test_millions_of_empty_parts_are_refused_before_anything_is_made_of_them(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million empty spans are two kilobytes when they are gzipped; they took 10 s and 430 MB."""
    monkeypatch.setattr("burnish_gateway.imports.count_parts.PARTS_MOST", 30_000)  # half a million take a second on a busy machine
    monkeypatch.setattr("burnish_gateway.imports.otlp_spans.ExportTraceServiceRequest", None)
    with pytest.raises(PayloadTooLarge):
        from_protobuf(MILLIONS_OF_PARTS[what])


def as_json(spans: list[Any], **of_resource: Any) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}], **of_resource}]}).encode()


def nested(depth: int) -> bytes:
    """Lists within lists: `"attributes": [{"key": "k", "value": …}]`."""
    inner = '{"arrayValue": {"values": ['
    return f'{{"key": "k]\\\\\\"[", "value": {inner * depth}{"]}}" * depth}}}'.encode()


def counted(value: Any) -> dict[str, Any]:
    return {"attributes": [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": value}}]}


NO_SPANS: dict[str, Any] = {
    "an id of another type": {"traceId": 5},
    "a time in words": {"endTimeUnixNano": "soon"},
    "a time beyond 64 bits": {"endTimeUnixNano": 2**65},
    "an infinite time": {"endTimeUnixNano": 1e999},
    "a time of thousands of digits": {"endTimeUnixNano": "9" * 5000},
    "attributes that are none": {"attributes": {"a": 1}},
    "no key": {"attributes": [{"value": {}}]},
    "events that are none": {"events": [1]},
    "no number": counted(None),
    "a number of another size": counted("1" + "0" * 400),
    "text that is a list": {"attributes": [{"key": "user.id", "value": {"stringValue": [[]]}}]},
}


@pytest.mark.parametrize("what", [*NO_SPANS, "nothing at all"])
def test_a_span_that_cannot_be_read_is_told_alone(what: str) -> None:
    good = {"traceId": "ab" * 16, "spanId": "cd" * 8}
    bad = {"spanId": "\ud800", **NO_SPANS[what]} if what in NO_SPANS else None
    first, second, third = from_json(as_json([good, bad, good]))
    assert isinstance(first, Span) and isinstance(third, Span) and isinstance(second, Unread)
    second.reason.encode()


def test_u0000_and_endless_nesting_cost_the_neighbours_nothing() -> None:
    """What is nested deeper than anybody reads is dropped, as ever; Python's own reader gives up a thousand levels down."""
    named = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "a\0b"}
    for depth in (40, 400, 100_000):
        raw = as_json([named, {**named, "attributes": ["HERE"]}, named]).replace(b'"HERE"', nested(depth))
        found = list(from_json(raw))
        assert len(found) == 3 and all(isinstance(one, Span) and one.name == "a\0b" for one in found), depth
    for broken in (
        b'{"resourceSpans": [' + b"[" * 5000,
        b'{"a": "' + b'\\"' * 100_000 + b"[" * 5000,
        b"[" * 5000 + b'"' + b'\\"' * 1_000_000,
        b"[" * 5000 + b'"' + b'\\"' * 1_000_000 + b"\\",
    ):
        with pytest.raises(BurnishError):
            list(from_json(broken))


def test_a_quote_always_begins_a_token_so_that_no_character_is_looked_at_twice() -> None:
    for length in range(1, 7):
        for rest in product('"\\[a', repeat=length - 1):
            assert TOKEN.match('"' + "".join(rest)), rest
    endless = '"' + '\\"' * 50_000 + "\\"
    assert [one.span() for one in TOKEN.finditer(endless)] == [(0, len(endless))]


def test_a_resource_that_cannot_be_read_costs_its_own_spans_alone() -> None:
    good = {"scopeSpans": [{"spans": [{"traceId": "ab" * 16, "spanId": "cd" * 8}]}]}
    body = {"resourceSpans": [{**good, "resource": {"attributes": [{"key": 1}]}}, good]}
    assert [type(one) for one in from_json(json.dumps(body).encode())] == [Unread, Span]


def test_in_protobuf_too_a_span_that_cannot_be_read_is_told_alone() -> None:
    value = field(1, b"end")
    for _ in range(60):
        value = field(5, field(1, value))
    good, latin, deep = field(2, field(5, b"name")), field(2, field(5, b"\xff\xfe")), field(2, field(9, field(1, b"k") + field(2, value)))
    found = list(from_protobuf(export(good + latin + deep + good)))
    assert [type(one) for one in found] == [Span, Unread, Unread, Span]
    bad_resource = field(1, field(1, field(1, field(1, b"\xff"))) + field(2, good))
    assert [type(one) for one in from_protobuf(bad_resource + export(good))] == [Unread, Span]


def test_as_many_spans_as_are_allowed_are_read_and_their_resource_once() -> None:
    spans = list(from_protobuf(export(EMPTY_SPAN * SPANS_MOST)))
    assert len(spans) == SPANS_MOST and len({id(one.resource) for one in spans if isinstance(one, Span)}) == 1
    with pytest.raises(PayloadTooLarge):
        from_protobuf(export(EMPTY_SPAN * (SPANS_MOST + 1)))
    one = {"traceId": "a", "spanId": "b"}
    assert len(list(from_json(as_json([one] * SPANS_MOST)))) == SPANS_MOST
    with pytest.raises(PayloadTooLarge):
        list(from_json(as_json([one] * (SPANS_MOST + 1))))
    with pytest.raises(PayloadTooLarge):
        check_brackets(b"[" + b"{}," * PARTS_MOST + b"{}]")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5), st.integers(0, 5), st.text(max_size=300))
def test_what_an_exporter_sends_is_counted_and_read_whole(spans: int, attributes: int, text: str) -> None:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for _ in range(spans):
        made = scope.spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name=text, start_time_unix_nano=1, end_time_unix_nano=END)
        for number in range(attributes):
            made.attributes.add(key=f"k{number}").value.string_value = text
        made.events.add(name=text, time_unix_nano=2).attributes.add(key="d").value.double_value = 0.5
        made.status.code = 2  # type: ignore[assignment]
    found = list(from_protobuf(request.SerializeToString()))
    assert [(one.name, len(one.attributes), one.events[0][1], one.is_error) for one in found if isinstance(one, Span)] == [
        (text, attributes, {"d": 0.5}, True)
    ] * spans


def test_a_text_of_very_many_brackets_stays_text() -> None:
    text = "[" + "{}," * 60_000 + "{}]"
    found = reported_of(span(gen_ai__request__model="m", gen_ai__input__messages=text))
    assert found is not None and found.messages == [{"role": "user", "content": text}]


def test_what_a_span_lacks_is_named() -> None:
    model = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "theirs"}
    for span, lacking in (
        (Span("zz", "cd" * 8, "call", 0, END, model, {}), "traceId (32 hex digits, not all 0)"),
        (Span("ab" * 16, "0" * 16, "call", 0, 0, model, {}), "spanId (16 hex digits, not all 0), endTimeUnixNano"),
        (Span("ab" * 16, "cd" * 8, "call", 0, END, {"gen_ai.operation.name": "chat"}, {}), "gen_ai.request.model"),
    ):
        with pytest.raises(ValueError, match=f"lacks {re.escape(lacking)}$"):
            reported_of(span)


def test_tokens_by_class_are_read() -> None:
    usage = {"gen_ai__usage__cache_read__input_tokens": 4, "gen_ai__usage__cache_creation__input_tokens": 3}
    found = reported_of(span(gen_ai__system="acme", gen_ai__request__model="m", gen_ai__usage__reasoning__output_tokens=2, **usage))
    assert found is not None
    assert (found.cached_input_tokens, found.cache_write_input_tokens, found.reasoning_tokens) == (4, 3, 2)


@pytest.mark.parametrize(
    ("told", "cached", "written", "whole"),
    [(10, 4, 3, 10), (7, 4, 3, 7), (3, 4, None, 7), (3, None, 1000, 1003), (3, 900, 100, 1003), (None, 4, 3, 7), (None, None, None, None)],
)
def test_input_that_is_told_without_what_a_cache_held_is_told_whole(
    told: int | None, cached: int | None, written: int | None, whole: int | None
) -> None:
    """Or more than all of it would have come from the cache."""
    usage = {"input_tokens": told, "cache_read__input_tokens": cached, "cache_creation__input_tokens": written}
    given = {f"gen_ai__usage__{name}": value for name, value in usage.items() if value is not None}
    found = reported_of(span(gen_ai__system="anthropic", gen_ai__request__model="m", **given))
    assert found is not None
    assert (found.input_tokens, found.cached_input_tokens, found.cache_write_input_tokens) == (whole, cached, written)


@pytest.mark.parametrize("parts", [5, True, 1.5, "x", {"content": "x"}, [5, None, ["x"]], [[]]])
def test_parts_that_are_none_leave_the_output_as_it_came(parts: Any) -> None:
    said = json.dumps([{"parts": parts}])
    found = reported_of(span(gen_ai__request__model="m", gen_ai__output__messages=said))
    assert found is not None and found.output == said
