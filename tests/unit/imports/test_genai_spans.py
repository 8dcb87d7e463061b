"""Which spans are calls of models, and what becomes of their attributes (E13)."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_gateway.imports.genai_spans import reported_of
from burnish_gateway.imports.inflate import inflated
from burnish_gateway.imports.otlp_spans import Span, from_json, from_protobuf
from burnish_shared.books.finished import json_text
from burnish_shared.contracts.executions import Status
from burnish_shared.errors import BurnishError

pytestmark = pytest.mark.capability("E13")

END = 1_763_640_000_000_000_000


def span(*events: tuple[str, dict[str, Any]], error: str | None = None, **attributes: Any) -> Span:
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    return Span("ab", "cd", "call", END - 2_000_000, END, named, {"service.name": "shop"}, events, error is not None, error or "")


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
    ],
)
def test_how_it_ended(error: str | None, attributes: dict[str, Any], status: Status) -> None:
    found = reported_of(span(error=error, gen_ai__request__model="m", **attributes))
    assert found is not None and found.status is status and (found.error is None) == (status is Status.SUCCESS)


def test_older_conventions_are_read_too() -> None:
    events = (
        ("gen_ai.system.message", {"content": "be short"}),
        ("gen_ai.content.prompt", {"gen_ai.prompt": "where?"}),
        ("gen_ai.content.completion", {"gen_ai.completion": json.dumps([{"role": "assistant", "content": "there"}])}),
    )
    found = reported_of(span(*events, gen_ai__system="acme", gen_ai__request__model="m", gen_ai__usage__prompt_tokens=3))
    assert found is not None and (found.provider, found.input_tokens, found.output, found.app) == ("acme", 3, "there", "shop")
    assert found.messages == [{"role": "system", "content": "be short"}, {"role": "user", "content": "where?"}]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
NAMES = (
    "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.provider.name", "gen_ai.usage.input_tokens", "gen_ai.usage.cost", "user.id",
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.response.finish_reasons", "gen_ai.prompt.name", "burnish.version",
    "error.type",
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES | st.just("chat") | st.just('[{"content": NaN, "x": 1e999}]')))
def test_whatever_attributes_hold_it_is_stored_or_refused(attributes: dict[str, Any]) -> None:
    try:
        found = reported_of(Span("ab", "cd", "call", 0, END, attributes, {}))
    except ValueError:
        return
    if found is not None:
        json_text(found.messages)
        assert len(found.model) <= 200 and "\x00" not in found.model and (found.output is None or isinstance(found.output, str))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.just(b"\x0a\xff"))
def test_no_bytes_break_the_readers(raw: bytes) -> None:
    for read in (from_protobuf, lambda one: inflated(one, most_bytes=100)):
        try:
            read(raw)  # type: ignore[operator]
        except BurnishError as error:
            assert error.status in (400, 413)


@settings(max_examples=60, deadline=None)
@given(VALUES | st.fixed_dictionaries({"resourceSpans": st.lists(st.dictionaries(st.sampled_from(["resource", "scopeSpans"]), VALUES))}))
def test_no_json_breaks_the_reader(body: Any) -> None:
    try:
        from_json(body)
    except BurnishError as error:
        assert error.status == 400
