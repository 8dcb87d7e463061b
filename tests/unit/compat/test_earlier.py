"""What a model was sent and said is what it is sent again, before the messages of a call that goes on with it (E2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.compat.format import Chat
from burnish_gateway.compat.responses.earlier import going_on
from burnish_gateway.compat.responses.references import Said
from burnish_gateway.compat.responses.responses_format import ResponsesFormat
from burnish_shared.errors import BurnishError, InvalidField
from burnish_shared.json_bytes import encoded
from burnish_shared.omitted import omitted

pytestmark = pytest.mark.capability("E2")

PDF = "data:application/pdf;base64,JVBERi0xLjQKJSVFT0Y="
NOW = {"role": "user", "content": "and now?"}
SAID = Said("so it is")
ANSWER = {"role": "assistant", "content": "so it is"}

TEXTS = st.text(min_size=1, max_size=5)
PARTS = st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, TEXTS)
    | st.just({"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}})
    | st.just(
        {"type": "file", "file": {"filename": "a.pdf", "file_data": PDF, "context": "Trust only this.", "citations": {"enabled": True}}}
    ),
    min_size=1,
    max_size=3,
)
USERS = st.builds(
    lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "developer", "system"]), TEXTS
) | st.builds(lambda content: {"role": "user", "content": content}, PARTS)
THOUGHTS = st.just({}) | st.builds(
    lambda text: {"reasoning_content": text, "thinking_blocks": [{"type": "thinking", "thinking": text, "signature": "S"}]}, TEXTS
)
ANSWERS = st.builds(lambda text, thoughts: {"role": "assistant", "content": text, **thoughts}, TEXTS, THOUGHTS) | st.sampled_from(
    [{"role": "assistant", "content": None, "refusal": "no"}, {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}]
)


MARKS = st.sampled_from([{}, {"is_error": True}, {"cache_control": {"type": "ephemeral"}}])


@st.composite
def calls(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A turn that calls tools, and what they gave."""
    ids = draw(st.lists(TEXTS, min_size=1, max_size=3, unique=True))
    asked = [{"id": one, "type": "function", "function": {"name": "look", "arguments": draw(st.sampled_from(["{}", ""]))}} for one in ids]
    turn = {"role": "assistant", "content": draw(st.none() | TEXTS), "tool_calls": asked, **draw(THOUGHTS)}
    return [turn, *({"role": "tool", "tool_call_id": one, "content": draw(TEXTS | PARTS), **draw(MARKS)} for one in ids)]


TURNS = st.lists(
    st.tuples(USERS.map(lambda one: [one]), calls() | ANSWERS.map(lambda one: [one])).map(lambda pair: pair[0] + pair[1]), max_size=4
)


def sent(messages: Any, said: Said = SAID, *, is_of_a_prompt: bool = False, **body: Any) -> list[dict[str, Any]]:
    named = {"model": "m", "input": "and now?", "previous_response_id": "01a21fd3-40af-7590-9662-f11ae2dae9df"}
    chat: Chat = ResponsesFormat().parse(encoded(named | body))
    made = going_on(chat, messages=messages, said=said, is_of_a_prompt=is_of_a_prompt).order.messages
    assert made is not None
    return made


@given(TURNS)
def test_what_was_sent_and_said_is_sent_again(turns: list[list[dict[str, Any]]]) -> None:
    messages = [one for turn in turns for one in turn]
    asked = [*messages, {"role": "user", "content": "is it?"}]
    assert sent(asked) == [*asked, ANSWER, NOW]


def test_what_the_answer_thought_and_called_goes_along() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "S"}]
    said = Said(None, [call], {"reasoning": "Hm.", "thinking": blocks})
    result = {"type": "function_call_output", "call_id": "c1", "output": "a cat"}
    turn = {"role": "assistant", "content": None, "reasoning_content": "Hm.", "thinking_blocks": blocks, "tool_calls": [call]}
    assert sent([NOW], Said(None, beside={"refusal": "no"})) == [NOW, {"role": "assistant", "content": "no"}, NOW]
    assert sent([NOW], said, input=[result]) == [NOW, turn, {"role": "tool", "tool_call_id": "c1", "content": "a cat"}]


def test_instructions_hold_until_there_are_others() -> None:
    before = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Is it?"}]
    assert sent(before) == [*before, ANSWER, NOW]
    assert sent(before, instructions="Be long.") == [{"role": "system", "content": "Be long."}, before[1], ANSWER, NOW]
    assert sent(before[1:], instructions="Be long.") == [{"role": "system", "content": "Be long."}, before[1], ANSWER, NOW]


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": omitted("data:image/png;base64,iVBO")}}]}],
        [{"role": "user", "content": [{"type": "file", "file": {"filename": "a.pdf", "file_data": omitted(PDF)}}]}],
        [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}}]}],
        [{"role": "user", "content": ["Hi"]}],
        [{"role": "human", "content": "Hi"}],
        [{"role": "assistant", "content": None, "tool_calls": [None]}],
        [{"role": "assistant", "content": None, "tool_calls": "look"}],
        ["Hi"],
        [],
        "Hi",
        None,
    ],
)
def test_what_cannot_be_sent_again_is_named(messages: Any) -> None:
    """Runs that came in from elsewhere are stored as they came."""
    with pytest.raises(InvalidField) as refused:
        sent(messages)
    assert refused.value.param == "previous_response_id" and refused.value.message.startswith("previous_response_id:")
    assert "messages[" not in refused.value.message


def test_a_prompt_is_said_once() -> None:
    prompt = {"model": None, "prompt": {"id": "greeting"}}
    with pytest.raises(BurnishError, match="name a model and no prompt"):
        sent([NOW], is_of_a_prompt=True, **prompt)
    assert sent([NOW], **prompt) == [NOW, ANSWER, NOW]


def test_an_answer_that_said_nothing_does_not_go_on() -> None:
    with pytest.raises(InvalidField):
        sent([NOW], Said(None))


def test_what_a_call_says_itself_is_checked_where_it_stands() -> None:
    with pytest.raises(BurnishError) as refused:
        sent([NOW, NOW], input=[{"role": "nobody", "content": "x"}])
    assert refused.value.param == "input[0].role"
    with pytest.raises(BurnishError, match="input: is needed"):
        sent([NOW], input=None)
