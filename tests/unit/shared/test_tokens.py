"""Nothing that is sent is hidden from the count that is held for (PROMISES C-03), nor from rules of how much may be sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.execution.messages import checked_messages
from burnish_gateway.registry.version_checks import input_checks_of
from burnish_shared.contracts.executions import Price, Route
from burnish_shared.evaluation_hold import hold_nusd
from burnish_shared.guarding.texts import text_of, whole_text_of
from burnish_shared.image_tokens import OPEN
from burnish_shared.tokens import input_tokens_of

RATES: dict[str, Any] = {"input_nusd_per_million": 1_000_000, "cached_input_nusd_per_million": 1, "output_nusd_per_million": 1}
OPERATORS = Route(model="m", provider="openai", upstream_model="m", base_url="http://x", price=Price(version="t", **RATES), keys="platform")

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def say(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def answer(**fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, **fields}


PLACES: dict[str, Any] = {
    "content": say,
    "text part": lambda text: say([{"type": "text", "text": text}]),
    "refusal part": lambda text: say([{"type": "refusal", "refusal": text}]),
    "text beside a refusal": lambda text: say([{"type": "refusal", "refusal": "no", "text": text}]),
    "field of a part": lambda text: say([{"type": "text", "text": "x", "context": {"of": [text]}}]),
    "text of an image": lambda text: say([IMAGE | {"text": text}]),
    "field of an image": lambda text: say([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "alt": text}}]),
    "refusal": lambda text: answer(refusal=text),
    "reasoning_content": lambda text: answer(reasoning_content=text),
    "reasoning_details": lambda text: answer(reasoning_details=[{"type": "reasoning.text", "text": text}]),
    "thinking_blocks": lambda text: answer(thinking_blocks=[{"type": "thinking", "thinking": text, "signature": "s"}]),
    "function_call": lambda text: answer(function_call={"name": "f", "arguments": text}),
    "arguments": lambda text: answer(tool_calls=[{"id": "a", "type": "function", "function": {"name": "f", "arguments": text}}]),
    "arguments beside no content": lambda text: {
        "role": "assistant",
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": text}}],
    },
    "name of a tool": lambda text: answer(tool_calls=[{"id": "a", "type": "function", "function": {"name": text, "arguments": "{}"}}]),
    "name": lambda text: say("x") | {"name": text},
    "tool_call_id": lambda text: {"role": "tool", "content": "x", "tool_call_id": text},
    "unknown field": lambda text: say("x") | {"context": text},
    "name of an unknown field": lambda text: say("x") | {text: 1},
    "name deep in an unknown field": lambda text: say("x") | {"context": [{text: 1}]},
    "beside images": lambda text: answer(images=[IMAGE | {"alt": text}]),
}


@pytest.mark.promise("C-03")
@pytest.mark.parametrize("place", PLACES)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=20, max_size=60), times=st.integers(1, 30))
def test_what_is_sent_is_counted_wherever_it_stands(place: str, text: str, times: int) -> None:
    long = text * times
    with_it, without = (checked_messages([PLACES[place](one)]) for one in (long, "x"))
    more = input_tokens_of(with_it, {}) - input_tokens_of(without, {})
    assert more >= len(long.encode()) // 3 - 3, place
    assert long in whole_text_of(with_it[0]), place


@given(text=st.text(max_size=300))
def test_what_an_image_is_made_of_is_no_text_and_other_data_is(text: str) -> None:
    def shown(kind: str, length: int = 30_000) -> int:
        return input_tokens_of([say([{"type": "image_url", "image_url": {"url": f"data:{kind};base64," + "A" * length}}])], {})

    nothing = input_tokens_of([say([])], {})
    assert shown("image/png") - nothing == shown("image/png", 4) - nothing == OPEN
    assert shown("application/pdf") - nothing >= 10_000, "nobody knows what a document costs: its length is held for"
    drawn = input_tokens_of([answer(images=[{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 30_000}}])], {})
    assert drawn - input_tokens_of([answer()], {}) == OPEN
    plain = [say(text)]
    assert input_tokens_of(plain, {}) == input_tokens_of([say([{"type": "text", "text": text}])], {}), "texts cost the same in parts"


@pytest.mark.promise("C-03")
def test_fields_of_a_providers_own_are_held_for() -> None:
    messages, extra = [say("Hello.")], {"chat_template_kwargs": {"note": "y" * 3_000}}
    assert input_tokens_of(messages, {}, extra=extra) >= input_tokens_of(messages, {}) + 1_000
    assert hold_nusd(messages, {"max_tokens": 1}, OPERATORS, extra=extra) >= hold_nusd(messages, {"max_tokens": 1}, OPERATORS) + 1_000
    assert input_tokens_of(messages, {}, extra=extra, kind="embedding") >= 1_000


@pytest.mark.parametrize("place", [one for one in PLACES if one != "content"])
def test_a_validator_of_size_and_of_a_pattern_sees_all_of_it(place: str) -> None:
    checks = input_checks_of(
        {
            "input_validators": [
                {"name": "short", "settings": {"kind": "size", "most_characters": 500}},
                {"name": "clean", "settings": {"kind": "pattern", "pattern": "forbidden", "expect": "no_match"}},
            ]
        }
    )
    assert checks is not None
    long = checked_messages([PLACES[place]("word " * 200)])
    assert [one.check for one in checks.problems(long, {})] == ["short"], place
    made = PLACES[place]("forbidden")
    said = checked_messages([made | {"role": "user", "content": made.get("content") or "x"}])
    assert [one.check for one in checks.problems(said, {})] == ["clean"], place


def test_a_refusal_among_parts_is_prose_and_thoughts_are_none() -> None:
    assert text_of(PLACES["refusal part"]("Nein.")) == "Nein." and text_of(PLACES["reasoning_content"]("Nein.")) == ""


FUNCTION: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {}}}
OWN: dict[str, int] = {
    "bash_20250124": 325, "text_editor_20250429": 700, "text_editor_20250728": 700, "computer_20251124": 1234, "memory_20250818": 1234,
}  # fmt: skip


@pytest.mark.promise("C-03")
@pytest.mark.parametrize(("model", "prompt"), [("claude-opus-4-7", 804), ("anthropic/claude-sonnet-4.6", 589), ("gpt-5", 0), ("", 0)])
def test_what_a_model_is_told_of_tools_beside_them_is_counted(model: str, prompt: int) -> None:
    """As Anthropic's price list says; the words of the tools themselves count for every model."""

    def counted(tools: list[Any], model: str) -> int:
        return input_tokens_of([say("x")], {"tools": tools}, model=model)

    bare = counted([FUNCTION], "llama")
    assert counted([FUNCTION], model) == counted([FUNCTION], model.upper()) == bare + prompt
    for own, tokens in OWN.items():
        tool = {"type": "function", "function": {"name": "f", "parameters": {}}, "own_type": own}
        outside = {"type": "function", "function": {"name": "f", "parameters": {}}, "not_type": own}
        assert counted([tool], model) == counted([outside], "llama") + (prompt or 589) + tokens, own
    assert input_tokens_of([say("x")], {}, model=model) == input_tokens_of([say("x")], {}, model="llama")
