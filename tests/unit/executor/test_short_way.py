"""Events of a stream that say a piece of text and nothing else take a short way: to the same answer, whatever they say."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_executor.core import openai_wire
from burnish_executor.core.alike import LEARNED_MOST
from burnish_executor.core.answer import OUTPUT_MOST_CHARACTERS, Answer, Piece, parsed
from burnish_executor.core.event_stream import LINE_MOST_BYTES, EventStream, LineTooLong, _whole_events
from burnish_executor.core.openai_wire import OpenAIStream, read_chunk
from burnish_executor.io.model_client import _said

pytestmark = [pytest.mark.promise("E-07"), pytest.mark.capability("E1")]

TEXT = st.sampled_from(["", "word ", "é", "\u0000", "x" * 9]) | st.text(max_size=4)
ODD = (
    st.none()
    | st.booleans()
    | st.integers(0, 2)
    | st.floats()
    | TEXT
    | st.lists(TEXT, max_size=1)
    | st.dictionaries(TEXT, TEXT, max_size=1)
)
USAGE = st.fixed_dictionaries({"prompt_tokens": st.integers(0, 3), "completion_tokens": st.integers(0, 3)})
PARTS = st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": TEXT}), max_size=2)
CALLS = st.lists(
    st.fixed_dictionaries({"index": st.integers(0, 1), "id": TEXT, "function": st.fixed_dictionaries({"name": TEXT})}), max_size=2
)


def rarely(usual: st.SearchStrategy[Any], other: st.SearchStrategy[Any] = ODD) -> st.SearchStrategy[Any]:
    """What stands there as a rule, or something else."""
    return st.one_of(usual, usual, usual, other)


DELTA = rarely(
    st.fixed_dictionaries(
        {},
        optional={
            "content": rarely(TEXT, ODD | PARTS),
            "role": rarely(st.just("assistant")),
            "tool_calls": rarely(st.none(), ODD | CALLS),
            "refusal": rarely(st.none()),
            "reasoning_content": rarely(st.none()),
        },
    )
)
CHOICE = rarely(
    st.fixed_dictionaries(
        {"delta": DELTA},
        optional={
            "index": rarely(st.just(0)),
            "finish_reason": rarely(st.none(), ODD | st.sampled_from(["stop", "error"])),
            "logprobs": rarely(st.none()),
            "error": rarely(st.none()),
            "message": rarely(st.fixed_dictionaries({"content": TEXT})),
        },
    )
)
EVENT = rarely(
    st.fixed_dictionaries(
        {"choices": rarely(st.lists(CHOICE, min_size=1, max_size=1), ODD | st.lists(CHOICE, max_size=2))},
        optional={
            "usage": rarely(st.none(), ODD | USAGE),
            "error": rarely(st.none()),
            "simulated": rarely(st.just(True)),
            "x_groq": rarely(st.fixed_dictionaries({"usage": USAGE})),
            "service_tier": rarely(st.just("default")),
        },
    )
)


@given(st.lists(EVENT, max_size=5), st.integers(1, 2), st.sampled_from([0, OUTPUT_MOST_CHARACTERS - 8]))
@settings(max_examples=400)
def test_the_short_way_comes_to_what_the_long_way_comes_to(events: list[Any], choices: int, characters: int) -> None:
    short, long = Answer(characters=characters), Answer(characters=characters)
    for event in events:
        data = json.dumps(event).encode()
        told = read_chunk(short, data, choices=choices)
        assert told == openai_wire._read_whole(long, parsed(data), choices=choices)
        assert short == long, event


@pytest.mark.parametrize(
    "event",
    [
        {"choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]},
        {"id": "x", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "w"}, "logprobs": None}], "usage": None},
        {"choices": [{"delta": {"content": "w"}}], "service_tier": "default", "obfuscation": "abc"},
    ],
)
def test_what_nearly_every_event_says_takes_it(event: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_wire, "_read_whole", None)
    answer = Answer()
    read_chunk(answer, json.dumps(event).encode())
    assert answer.output == event["choices"][0]["delta"]["content"]


SAID = st.sampled_from(["word ", "é", "\\", '"', "\n", "\ud83d", "\ude00", "x" * 9, ', "content": "']) | st.text(max_size=4)
RAW = st.sampled_from([b"word ", b"\xc3", b"\xa9", b"\\", b'"', b'\\"', b"\n", b"\x00", b"\\ud83d", b"\\ude00", b'","x":"', b"", b"}"])
SHELL = st.sampled_from(
    [
        (b'{"choices":[{"index":0,"delta":{"content":"', b'"},"finish_reason":null}]}'),
        (b'{"id": "a", "choices": [{"delta": {"role": "assistant", "content" : "', b'"}}], "usage": null}'),
        (b'{"choices":[{"delta":{"content":"', b'"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}'),
        (b'{"choices":[{"message":{"content":"', b'"}}]}'),
        (b'{"choices":[{"delta":{"content":"', b'"},"finish_reason":"stop"}]}'),
        (b'{"content":"", "choices":[{"delta":{"content":"', b'"}}]}'),
    ]
)
ALIKE = st.tuples(SHELL, st.lists(RAW, max_size=3).map(b"".join) | SAID.map(lambda text: json.dumps(text).encode()[1:-1])).map(
    lambda made: made[0][0] + made[1] + made[0][1]
)


def told_by(reader: OpenAIStream, events: list[bytes]) -> tuple[list[Any], Any]:
    """What is told of these events, texts that follow each other as one, and the answer they come to."""
    told = list(_said(reader, events))
    reader.answer.text = ["".join(reader.answer.text)]
    return told, reader.answer


@given(st.lists(SHELL.map(lambda shell: shell[0] + b"first" + shell[1]), max_size=1), st.lists(ALIKE, max_size=6), st.integers(0, 20))
@settings(max_examples=600)
def test_events_that_differ_in_their_text_alone_come_to_what_each_comes_to_by_itself(
    first: list[bytes], events: list[bytes], left: int
) -> None:
    short, long = [OpenAIStream(Answer(characters=OUTPUT_MOST_CHARACTERS - left)) for _ in range(2)]
    long.alike._learned = LEARNED_MOST
    events = first + events * 2
    assert told_by(short, events) == told_by(long, events)
    assert short.ended == long.ended


def test_a_run_of_them_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [json.dumps({"choices": [{"delta": {"content": f"{nth}é\n"}}]}, ensure_ascii=nth % 2 == 0).encode() for nth in range(1, 9)]
    learned = json.dumps({"choices": [{"delta": {"content": "0"}}]}).encode()
    stream = OpenAIStream()
    stream.read(learned)
    monkeypatch.setattr(openai_wire, "read_chunk", None)
    assert [one.text for one in _said(stream, events) if isinstance(one, Piece)] == ["".join(f"{nth}é\n" for nth in range(1, 9))]
    assert stream.answer.characters == 1 + 8 * 3


LINES = st.lists(
    st.sampled_from(
        [b"data: {}", b"data: x", b"data:y", b"data: ", b"data", b": alive", b"event: z", b"", b"", b"", b"\xef\xbb\xbfdata: m"]
    ),
    max_size=8,
)
ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r", b""])


@given(st.lists(st.tuples(LINES, ENDS), max_size=4))
@settings(max_examples=400)
def test_events_are_the_same_whether_a_part_is_looked_at_as_a_whole_or_line_by_line(parts: list[tuple[list[bytes], bytes]]) -> None:
    short, long = EventStream(), EventStream()
    for lines, end in parts:
        part = (end or b"\n").join(lines) + end
        assert short.feed(part) == long._lines_of(part)
        assert vars(short) == vars(long)
    assert short.rest() == long._lines_of(b"\n\n")


def test_a_part_of_whole_events_is_looked_at_as_a_whole() -> None:
    assert _whole_events(b"data: a\n\ndata: b\n\n") == [b"a", b"b"]
    assert _whole_events(b"data: a\n\ndata: b\n") is None
    assert _whole_events(b"data: a\nid: 7\n\n") is None


def test_a_line_that_is_too_long_is_refused_however_it_comes() -> None:
    stream = EventStream()
    stream.feed(b"data: a\n\n")
    with pytest.raises(LineTooLong):
        stream.feed(b"data: " + b"x" * LINE_MOST_BYTES + b"\n\n")
