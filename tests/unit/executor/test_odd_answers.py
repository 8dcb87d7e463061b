"""Answers of servers that call themselves compatible: streamed and buffered, whoever reads them finds what OpenAI would have sent."""

import json
from typing import Any

import pytest

from burnish_executor.core.answer import CALLS_MOST, Answer, Piece
from burnish_executor.core.failure import FREE, Failure, FailureKind
from burnish_executor.core.openai_wire import OpenAIStream, read_body, read_chunk

pytestmark = pytest.mark.promise("E-07")

WHOLE = [
    {"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}},
    {"id": "b", "type": "function", "function": {"name": "find", "arguments": '{"y": 2}'}},
]


def streamed(*parts: dict[str, Any] | list[dict[str, Any]], index: int = 0) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The calls of the record, and those that a client puts together of what it is told; each of `parts` is an event, or a part alone."""
    answer, told = Answer(), list[Any]()
    for one in parts:
        delta = {"tool_calls": one if isinstance(one, list) else [one]}
        piece = read_chunk(answer, json.dumps({"choices": [{"index": index, "delta": delta}]}).encode())
        if isinstance(piece, Piece) and piece.delta is not None:
            told += piece.delta["choices"][0]["delta"]["tool_calls"] if index else piece.delta["tool_calls"]
    return (answer.others[index - 1] if index else answer).tool_calls, put_together(told)


def put_together(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As OpenAI's own client does it: texts are joined, whatever they are."""
    calls: dict[int, dict[str, Any]] = {}
    for part in parts:
        call = calls.setdefault(part["index"], {"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
        call["id"] += part.get("id") or ""
        for name in ("name", "arguments"):
            call["function"][name] += part["function"].get(name) or ""
    assert sorted(calls) == list(range(len(calls)))
    return [calls[at] for at in sorted(calls)]


def part(call: int, **others: Any) -> dict[str, Any]:
    return WHOLE[call] | others


@pytest.mark.parametrize("choice", [0, 1])
@pytest.mark.parametrize(
    "parts",
    [
        [part(0, index=0), part(1, index=1)],
        [part(0), part(1)],
        [[part(0), part(1)]],
        [part(0, index=None), part(1, index=None)],
        [part(0, index=0), part(1, index=0)],
        [[part(0, index=0), part(1, index=0)]],
        [part(0, index=1), part(1, index=2)],
        [part(0, index=0.0), part(1, index=1.0)],
        [part(0, index=1, function={"name": "look"}), {"index": 1, "function": {"arguments": '{"x": 1}'}}, part(1, index=2)],
        [part(0, index=0, function={"name": "look", "arguments": '{"x": 1}'}, id="a"), part(1, index=0, id="b")],
        [part(0, index=[]), part(1, index={})],
        [part(0, index=0, function={"name": "look", "arguments": {"x": 1}}), part(1, index=1)],
        [
            part(0, index=0, function={"name": "look", "arguments": ""}),
            {"index": 0, "id": "", "function": {"name": "", "arguments": '{"x":'}},
            {"index": 0, "id": "a", "function": {"name": "look", "arguments": " 1"}},
            {"index": 0, "id": "drawn-anew", "type": "function", "function": {"name": None, "arguments": "}"}},
            part(1, index=1),
        ],
        [
            part(0, function={"name": "look", "arguments": '{"x":'}),
            {"function": {"arguments": " 1}"}},
            part(1, function={"name": "find"}),
            {"id": "b", "function": {"arguments": '{"y": 2}'}},
        ],
    ],
)  # fmt: skip
def test_tool_calls_are_the_same_however_a_server_cuts_and_counts_them(parts: list[Any], choice: int) -> None:
    kept, told = streamed(*parts, index=choice)
    assert kept == told == WHOLE


def test_calls_without_an_id_and_all_at_one_index_are_told_apart_by_their_names() -> None:
    kept, told = streamed(part(0, index=0, id=""), part(1, index=0, id=""))
    assert kept == told and [call["function"] for call in kept] == [call["function"] for call in WHOLE]


WITHOUT_ID = [{name: value for name, value in one.items() if name not in ("id", "type")} for one in WHOLE]


@pytest.mark.parametrize("choice", [0, 1])
@pytest.mark.parametrize("given", [{}, {"id": None}, {"id": "", "type": None}])
def test_a_call_that_comes_without_an_id_gets_one_by_which_it_can_be_answered(given: dict[str, Any], choice: int) -> None:
    """Clients demand id and type in the first part of a call, and two calls of one answer must be told apart."""
    parts = [{**one, **given, "index": at} for at, one in enumerate(WITHOUT_ID)]
    kept, told = streamed(*parts, index=choice)
    whole = read_body(json.dumps({"choices": [{"message": {"content": None, "tool_calls": parts}}]}).encode())
    assert isinstance(whole, Answer) and kept == told
    for calls in (kept, whole.tool_calls):
        ids = {call["id"] for call in calls}
        assert len(ids) == 2 and all(0 < len(one) <= 40 for one in ids), "OpenAI takes no longer one back"
        assert [call["function"] for call in calls] == [call["function"] for call in WHOLE]
    piece = read_chunk(Answer(), json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [parts[0]]}}]}).encode())
    assert isinstance(piece, Piece) and piece.delta is not None
    assert piece.delta["tool_calls"][0]["id"] and piece.delta["tool_calls"][0]["type"] == "function"


def test_a_call_whose_id_comes_with_a_later_part_stays_one() -> None:
    kept, told = streamed(
        {"index": 0, "function": {"name": "look", "arguments": '{"x":'}},
        {"index": 0, "id": "late", "function": {"name": "look", "arguments": " 1}"}},
        part(1, index=1),
    )
    assert kept == told and [call["function"] for call in kept] == [call["function"] for call in WHOLE]


def test_what_comes_beside_a_later_part_of_a_call_is_kept() -> None:
    kept, _ = streamed(part(0, index=0), {**part(0, index=0, function={"arguments": ""}), "extra_content": {"google": {"signature": "s"}}})
    assert kept == [WHOLE[0] | {"extra_content": {"google": {"signature": "s"}}}]


def test_calls_that_come_by_turns_stay_apart() -> None:
    kept, told = streamed(
        [{**part(0, function={"name": "look"}), "index": 0}, {**part(1, function={"name": "find"}), "index": 1}],
        {"index": 1, "function": {"arguments": '{"y": 2}'}},
        {"index": 0, "function": {"arguments": '{"x": 1}'}},
    )
    assert kept == told == WHOLE


def test_a_call_too_many_is_neither_kept_nor_told() -> None:
    kept, told = streamed([part(0, id=f"c{at}", index=at) for at in range(CALLS_MOST + 9)])
    assert len(kept) == CALLS_MOST + 1 and kept == told


def test_arguments_that_are_an_object_are_its_json_in_a_whole_answer_too() -> None:
    calls = [part(0, function={"name": "look", "arguments": {"x": 1}}), part(1), "none", part(1, function="find")]
    answer = read_body(json.dumps({"choices": [{"message": {"content": None, "tool_calls": calls}}]}).encode())
    assert isinstance(answer, Answer) and answer.tool_calls[:2] == WHOLE
    assert answer.tool_calls[2]["function"] == {"name": "", "arguments": "{}"}


PARTS = [{"type": "text", "text": "Hel"}, {"type": "other", "other": 1}, 7, {"type": "text", "text": "lo."}]


@pytest.mark.parametrize("logprobs", [None, {"content": [{"token": "Hello.", "logprob": -0.5}]}])
def test_a_text_in_parts_is_a_text(logprobs: Any) -> None:
    answer = Answer()
    choice = {"index": 0, "delta": {"content": PARTS}, "logprobs": logprobs}
    piece = read_chunk(answer, json.dumps({"choices": [choice]}).encode())
    assert isinstance(piece, Piece) and piece.text == "Hello." == answer.output
    whole = read_body(json.dumps({"choices": [{"message": {"content": PARTS}, "logprobs": logprobs}]}).encode())
    assert isinstance(whole, Answer) and whole.output == "Hello."


def told_of(*choices: dict[str, Any]) -> Answer:
    answer = Answer()
    for one in choices:
        read_chunk(answer, json.dumps({"choices": [one]}).encode())
    return answer


def test_a_stream_of_messages_is_one_of_deltas() -> None:
    said = told_of({"message": {"content": "ha"}}, {"message": {"content": "ha"}}, {"message": {"content": ""}, "finish_reason": "stop"})
    assert (said.output, said.finish_reason) == ("haha", "stop")
    assert told_of({"message": {"tool_calls": [{"index": 0, **WHOLE[0]}]}}).tool_calls == WHOLE[:1]
    assert told_of({"delta": None, "message": {"content": "ha"}}).output == "ha"


def test_the_whole_message_behind_its_deltas_is_not_said_again() -> None:
    last = {"message": {"content": "Hello."}, "finish_reason": "stop"}
    said = told_of({"delta": {"content": "Hel"}}, {"delta": {"content": "lo."}}, last)
    assert (said.output, said.complete) == ("Hello.", True)


THINKING = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "Six "}, {"type": "reference", "reference_ids": [1]}], "closed": False},
    {"type": "thinking", "thinking": "times."},
    {"type": "text", "text": "42"},
]


@pytest.mark.parametrize("logprobs", [None, {"content": [{"token": "42", "logprob": -0.5}]}])
def test_thoughts_among_the_parts_of_a_text_are_told_and_kept_beside_it(logprobs: Any) -> None:
    """Mistral's reasoning models answer so."""
    answer = Answer()
    choice = {"index": 0, "delta": {"role": "assistant", "content": THINKING}, "logprobs": logprobs}
    piece = read_chunk(answer, json.dumps({"choices": [choice]}).encode())
    whole = read_body(json.dumps({"choices": [{"message": {"role": "assistant", "content": THINKING}, "logprobs": logprobs}]}).encode())
    assert isinstance(piece, Piece) and piece.text == "42" and isinstance(whole, Answer)
    told = piece.delta or {}
    assert (told["choices"][0]["delta"] if logprobs else told)["reasoning_content"] == "Six times."
    for one in (answer, whole):
        assert one.output == "42" and one.asides is not None and one.asides.reasoning == ["Six times."]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"finish_reason": "error"}, FailureKind.PROVIDER),
        ({"finish_reason": "error", "error": {"code": 502, "message": "boom"}}, FailureKind.PROVIDER),
        ({"finish_reason": "stop", "error": {"code": "rate_limit_exceeded"}}, FailureKind.RATE_LIMITED),
    ],
)
def test_an_error_beside_an_answer_is_one(said: dict[str, Any], kind: FailureKind) -> None:
    for data in ({"delta": {"content": ""}, **said}, {"message": {"role": "assistant", "content": ""}, **said}):
        for read in (lambda raw: read_chunk(Answer(), raw), read_body):
            result = read(json.dumps({"choices": [{"index": 0, **data}]}).encode())
            assert isinstance(result, Failure) and result.kind is kind
            first = {"index": 0, "delta": {"content": "a"}, "message": {"role": "assistant", "content": "a"}}
            second = read(json.dumps({"choices": [first, {"index": 1, **data}]}).encode())
            assert isinstance(second, Failure) and second.kind is kind, "of any choice"


def test_an_answer_without_a_choice_is_a_failure_that_costs_nothing_and_may_pass() -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 0}
    for body in ({"choices": []}, {"choices": [], "usage": usage}):
        result = read_body(json.dumps(body).encode())
        assert isinstance(result, Failure) and result.kind in FREE, result
    for events in ([], [{"choices": []}], [{"choices": [], "usage": usage}]):
        stream = OpenAIStream()
        assert [stream.read(json.dumps(one).encode()) for one in events] == [None] * len(events)
        ended = stream.read(b"[DONE]")
        assert isinstance(ended, Failure) and ended.kind in FREE, ended


def test_an_empty_choice_is_an_answer() -> None:
    for event in ({"delta": {"role": "assistant", "content": ""}}, {"delta": {}, "finish_reason": "stop"}, {"finish_reason": "stop"}):
        stream = OpenAIStream()
        stream.read(json.dumps({"choices": [event]}).encode())
        assert stream.read(b"[DONE]") is None and stream.answer.complete


@pytest.mark.parametrize("choice", [0, 1])
@pytest.mark.parametrize(("reason", "arguments"), [("tool_calls", "{}"), ("stop", "{}"), ("length", ""), ("content_filter", "")])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_call_without_arguments_has_an_empty_object_of_them(choice: int, reason: str, arguments: str, *, at_once: bool) -> None:
    """Clients parse them as JSON. One that was cut off stays as it is: nobody knows what was to come."""
    empty = part(1, function={"name": "find", "arguments": ""})
    calls = [part(0), empty, part(0, id="c", function={"name": "look", "arguments": None})]
    wanted = [WHOLE[0]["function"], {"name": "find", "arguments": arguments}, {"name": "look", "arguments": arguments}]
    answer, told = Answer(), list[Any]()
    named = [{"index": at, **one} for at, one in enumerate(calls)]
    ending = {"index": choice, "finish_reason": reason}
    events: list[dict[str, Any]] = [{"index": choice, "delta": {"tool_calls": named}}]
    for event in [events[0] | ending] if at_once else [*events, ending | {"delta": {}}]:
        piece = read_chunk(answer, json.dumps({"choices": [event]}).encode(), choices=choice + 1)
        if isinstance(piece, Piece) and piece.delta is not None:
            told += piece.delta["choices"][0]["delta"]["tool_calls"] if choice else piece.delta["tool_calls"]
    target = answer.others[0] if choice else answer
    assert [one["function"] for one in target.tool_calls] == [one["function"] for one in put_together(told)] == wanted
    message = {"message": {"tool_calls": calls}, "finish_reason": reason}
    whole = read_body(json.dumps({"choices": [message] * (choice + 1)}).encode())
    assert isinstance(whole, Answer)
    assert [one["function"] for one in (whole.others[0] if choice else whole).tool_calls] == wanted
