"""A conversation as items of the Responses API, and back: what a model was sent is what it is sent again (E2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.compat.responses.body import ResponsesBody
from burnish_gateway.compat.responses.conversation import messages_of
from burnish_gateway.compat.responses.earlier import going_on
from burnish_shared.errors import BurnishError
from burnish_shared.omitted import omitted

pytestmark = pytest.mark.capability("E2")

PDF = "data:application/pdf;base64,JVBERi0xLjQKJSVFT0Y="
NOW = {"role": "user", "content": "and now?"}
SAID = {"id": "01a21fd3-40af-7590-9662-f11ae2dae9df", "output": "so it is", "tool_calls": None, "beside": None}
ANSWER = {"role": "assistant", "content": "so it is"}

TEXTS = st.text(min_size=1, max_size=5)
PARTS = st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS)
    | st.just({"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}})
    | st.just({"type": "file", "file": {"filename": "a.pdf", "file_data": PDF}}),
    min_size=1,
    max_size=3,
)
USERS = st.builds(
    lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "developer", "system"]), TEXTS
) | st.builds(lambda content: {"role": "user", "content": content}, PARTS)
THOUGHTS = st.just({}) | st.builds(
    lambda text: {"reasoning_content": text, "thinking_blocks": [{"type": "thinking", "thinking": text, "signature": "S"}]}, TEXTS
)
ANSWERS = st.builds(lambda text, thoughts: {"role": "assistant", "content": text, **thoughts}, TEXTS, THOUGHTS)


@st.composite
def calls(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A turn that calls tools, and what they gave."""
    ids = draw(st.lists(TEXTS, min_size=1, max_size=3, unique=True))
    asked = [{"id": one, "type": "function", "function": {"name": "look", "arguments": draw(st.sampled_from(["{}", ""]))}} for one in ids]
    turn = {"role": "assistant", "content": draw(st.none() | TEXTS), "tool_calls": asked, **draw(THOUGHTS)}
    return [turn, *({"role": "tool", "tool_call_id": one, "content": draw(TEXTS | PARTS)} for one in ids)]


TURNS = st.lists(
    st.tuples(USERS.map(lambda one: [one]), calls() | ANSWERS.map(lambda one: [one])).map(lambda pair: pair[0] + pair[1]), max_size=4
)


def sent(messages: list[dict[str, Any]], outcome: dict[str, Any] = SAID, **body: Any) -> list[dict[str, Any]]:
    made = going_on({"model": "m", "input": "and now?", **body}, messages=messages, outcome=outcome)
    return messages_of(ResponsesBody.model_validate(made))


@given(TURNS)
def test_what_was_sent_and_said_is_sent_again(turns: list[list[dict[str, Any]]]) -> None:
    messages = [one for turn in turns for one in turn]
    asked = [*messages, {"role": "user", "content": "is it?"}]
    assert sent(asked) == [*asked, ANSWER, NOW]


def test_what_the_answer_thought_and_called_goes_along() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "S"}]
    outcome = SAID | {"output": None, "tool_calls": [call], "beside": {"reasoning": "Hm.", "thinking": blocks}}
    result = {"type": "function_call_output", "call_id": "c1", "output": "a cat"}
    turn = {"role": "assistant", "content": None, "reasoning_content": "Hm.", "thinking_blocks": blocks, "tool_calls": [call]}
    assert sent([NOW], outcome, input=[result]) == [NOW, turn, {"role": "tool", "tool_call_id": "c1", "content": "a cat"}]


def test_instructions_hold_until_there_are_others() -> None:
    before = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Is it?"}]
    assert sent(before) == [*before, ANSWER, NOW]
    assert sent(before, instructions="Be long.") == [{"role": "system", "content": "Be long."}, before[1], ANSWER, NOW]
    assert sent(before[1:], instructions="Be long.") == [{"role": "system", "content": "Be long."}, before[1], ANSWER, NOW]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": omitted("data:image/png;base64,iVBO")}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": omitted(PDF)}},
        {"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}},
    ],
)
def test_what_cannot_go_along_is_named(part: dict[str, Any]) -> None:
    with pytest.raises(BurnishError) as refused:
        sent([{"role": "user", "content": [part]}])
    assert refused.value.param == "previous_response_id" and str(refused.value.message).startswith("previous_response_id:")
