"""What is read of a response later: what was sent comes back as items that say the same (E2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.compat.responses.answer import response_object
from burnish_gateway.compat.responses.body import ResponsesBody
from burnish_gateway.compat.responses.conversation import messages_of, settings_of
from burnish_gateway.compat.responses.kept import Asked, input_items, kept_response, page_of, repeated_of
from burnish_gateway.compat.responses.responses_format import ResponsesFormat
from burnish_shared.errors import InvalidField
from burnish_shared.json_bytes import encoded

pytestmark = pytest.mark.capability("E2")

ID = "01a21fd3-40af-7590-9662-f11ae2dae9df"

TEXTS = st.text(min_size=1, max_size=5)
PARTS = st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS)
    | st.just({"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}})
    | st.just({"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjQKJSVFT0Y="}}),
    min_size=1,
    max_size=3,
)
ASKED = st.builds(lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "developer", "system"]), TEXTS | PARTS)
THOUGHTS = st.just({}) | st.builds(
    lambda text: {"reasoning_content": text, "thinking_blocks": [{"type": "thinking", "thinking": text, "signature": "S"}]}, TEXTS
)
SAID = st.builds(lambda text, thoughts: {"role": "assistant", "content": text, **thoughts}, TEXTS, THOUGHTS)


@st.composite
def calls(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A turn that calls tools, and what they gave."""
    ids = draw(st.lists(TEXTS, min_size=1, max_size=3, unique=True))
    asked = [{"id": one, "type": "function", "function": {"name": "look", "arguments": "{}"}} for one in ids]
    turn = {"role": "assistant", "content": draw(st.none() | TEXTS), "tool_calls": asked, **draw(THOUGHTS)}
    return [turn, *({"role": "tool", "tool_call_id": one, "content": draw(TEXTS | PARTS)} for one in ids)]


TURNS = st.lists(
    st.tuples(ASKED.map(lambda one: [one]), calls() | SAID.map(lambda one: [one])).map(lambda two: two[0] + two[1]), max_size=4
)


def in_parts(message: dict[str, Any]) -> dict[str, Any]:
    """A text that is asked is one part of an item."""
    is_text = message["role"] in ("user", "developer", "system") and isinstance(message["content"], str)
    return message | {"content": [{"type": "text", "text": message["content"]}]} if is_text else message


@given(TURNS, ASKED)
def test_items_sent_again_are_the_same_conversation(turns: list[list[dict[str, Any]]], last: dict[str, Any]) -> None:
    messages = [one for turn in turns for one in turn] + [last]
    items = input_items(ID, messages)
    assert messages_of(ResponsesBody(input=items)) == [in_parts(one) for one in messages]
    assert len({one["id"] for one in items}) == len(items)


@given(st.integers(1, 7), st.integers(0, 20), st.booleans())
def test_pages_hold_each_item_once(limit: int, many: int, newest_first: bool) -> None:
    items = [{"id": f"in_{number}"} for number in range(many)]
    found, after = list[dict[str, Any]](), None
    while (page := page_of(items, after=after, limit=limit, newest_first=newest_first))["has_more"]:
        assert len(page["data"]) == limit
        found, after = found + page["data"], page["last_id"]
    assert found + page["data"] == (items[::-1] if newest_first else items)


def test_an_item_of_elsewhere_is_no_place_to_go_on_from() -> None:
    with pytest.raises(InvalidField) as refused:
        page_of([{"id": "in_1"}], after="in_2", limit=20, newest_first=True)
    assert refused.value.param == "after"


SETTINGS = {
    "temperature": 0.3, "top_p": 0.5, "max_output_tokens": 77, "parallel_tool_calls": False, "reasoning": {"effort": "low"},
    "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}, "verbosity": "low"},
    "prompt_cache_key": "k", "safety_identifier": "s", "metadata": {"trip": "7"},
}  # fmt: skip


@pytest.mark.parametrize(
    "choice",
    [
        "required",
        {"type": "function", "name": "look"},
        {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "look"}]},
    ],
)
def test_a_request_is_repeated_later_as_it_was_at_once(choice: Any) -> None:
    body = {"input": "x", "model": "m", "tool_choice": choice, **SETTINGS}
    chat = ResponsesFormat().parse(encoded(body))
    kept = repeated_of(Asked(settings_of(ResponsesBody(**body), tools=[]), chat.order.metadata))
    assert {name: value for name, value in kept.items() if name != "background"} == chat.repeated


OUTCOME = {
    "id": ID, "status": "success", "model": "m", "simulated": False, "output": "half", "finish_reason": "stop", "beside": None,
    "tool_calls": None, "choices": None, "prompt": None, "version": None, "label": None, "provider": "p", "credits": "0", "latency_ms": 1,
    "cached": False, "cost_nusd": 5, "error": None,
    "usage": {"input_tokens": 3, "output_tokens": 2, "cached_input_tokens": 0, "source": "provider"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({}, "completed", None),
        ({"finish_reason": "length"}, "incomplete", None),
        ({"status": "cancelled", "error": {"code": "cancelled", "message": "You did."}}, "cancelled", None),
        ({"status": "timeout", "error": {"code": "deadline", "message": "Too late."}}, "failed", "deadline"),
        ({"status": "blocked", "error": None}, "failed", "blocked"),
    ],
)
def test_every_end_is_one_of_openais(changed: dict[str, Any], status: str, code: str | None) -> None:
    made = kept_response({**OUTCOME, **changed}, asked=Asked({}, {}))
    assert made["status"] == status and (made["error"] or {}).get("code") == code
    assert made["usage"]["cost_nusd"] == 5 and made["output"][0]["content"][0]["text"] == "half"
    assert made["output"][0]["status"] == ("completed" if status in ("completed", "incomplete") else "incomplete")
    if status == "completed":
        assert made == response_object(OUTCOME, repeated=repeated_of(Asked({}, {})))


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "function", "tool_calls", "image_url", "file", "refusal", "url"])
            | st.text(max_size=2),
            inner | st.sampled_from(["user", "assistant", "tool", "text", "image_url", "file", "refusal"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(ODD, max_size=4))
def test_what_came_from_elsewhere_in_whichever_form_is_told(messages: list[Any]) -> None:
    items = input_items(ID, messages)
    assert all(one["type"] in ("message", "function_call", "function_call_output", "reasoning") for one in items)
    assert encoded(items)


def test_nothing_of_another_form_is_lost() -> None:
    odd = [
        {"type": "human", "data": {"content": "one"}},
        {"role": "user", "content": ["two"]},
        {"role": "user", "content": {"text": "three"}},
        {"role": "assistant", "content": [{"kind": "four"}], "tool_calls": [{"id": "a", "function": "five"}]},
    ]
    told = encoded(input_items(ID, odd)).decode()
    assert all(word in told for word in ("one", "two", "three", "four", "five"))
