"""A model that speaks, thinks and calls by turns: what a stream told, what it ends with and what a caller sends back agree."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.compat.responses.body import ResponsesBody
from burnish_gateway.compat.responses.conversation import messages_of
from burnish_gateway.compat.responses.events import ResponseEvents
from burnish_shared.ids import new_uuid

EXECUTION = str(new_uuid())
SAID = ("text", "thought", "call")
OUTCOME = {
    "id": EXECUTION, "model": "m", "simulated": False, "finish_reason": "stop", "cost_nusd": 1, "prompt": None, "version": None,
    "label": None, "provider": "p", "credits": 0, "latency_ms": 1, "cached": False,
    "usage": {"input_tokens": 1, "cached_input_tokens": 0, "output_tokens": 1, "source": "provider"},
}  # fmt: skip


def whole(said: list[str], **beside: Any) -> dict[str, Any]:
    """The outcome of a call of which each part names its kind and its place."""
    text, thoughts = ("".join(f"{kind}{at}" for at, kind in enumerate(said) if kind == wanted) for wanted in ("text", "thought"))
    calls = [call(at) for at, kind in enumerate(said) if kind == "call"]
    return {**OUTCOME, "output": text, "tool_calls": calls or None, "beside": ({"reasoning": thoughts} if thoughts else {}) | beside}


def call(at: int) -> dict[str, Any]:
    return {"id": f"call_{at}", "type": "function", "function": {"name": f"f{at}", "arguments": json.dumps({"at": at})}}


def told_of(said: list[str], outcome: dict[str, Any]) -> list[dict[str, Any]]:
    events, calls = ResponseEvents(EXECUTION, "m", False), 0
    stream = events.begin()
    for at, kind in enumerate(said):
        if kind == "call":
            stream += events.delta(json.dumps({"tool_calls": [{"index": calls, **call(at)}]}).encode())
            calls += 1
        elif kind == "thought":
            stream += events.delta(json.dumps({"reasoning_content": f"thought{at}"}).encode())
        else:
            stream += events.text(json.dumps(f"text{at}").encode())
    stream += events.end(outcome)
    return [json.loads(one.partition("\ndata: ")[2]) for one in stream.decode().split("\n\n") if one]


def of_kind(told: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in told if one["type"] == kind]


@given(st.lists(st.sampled_from(SAID), min_size=1, max_size=8))
def test_each_item_has_an_id_of_its_own_and_the_response_ends_with_the_items_that_came(said: list[str]) -> None:
    told = told_of(said, whole(said))
    added = {one["output_index"]: one["item"]["id"] for one in of_kind(told, "response.output_item.added")}
    assert len({*added.values()}) == len(added)
    closed = {one["output_index"]: one["item"] for one in of_kind(told, "response.output_item.done")}
    assert told[-1]["response"]["output"] == [closed[at] for at in range(len(added))]
    for one in told:
        assert one.get("item_id", added.get(one.get("output_index", -1))) == added.get(one.get("output_index", -1))


@given(st.lists(st.sampled_from(SAID), min_size=1, max_size=8), st.booleans())
def test_sent_back_it_is_one_turn_of_which_nothing_is_lost(said: list[str], has_ids: bool) -> None:
    output = told_of(said, whole(said))[-1]["response"]["output"]
    if not has_ids:
        output = [{name: value for name, value in one.items() if name != "id"} for one in output]
    answers = [{"type": "function_call_output", "call_id": f"call_{at}", "output": "x"} for at, kind in enumerate(said) if kind == "call"]
    [asked, *turns] = messages_of(ResponsesBody.model_validate({"input": [{"role": "user", "content": "Hello"}, *output, *answers]}))
    text, thoughts = ("".join(f"{kind}{at}" for at, one in enumerate(said) if one == kind) for kind in ("text", "thought"))
    if {*said} == {"thought"}:
        assert turns == [], "a turn of which nothing but its thoughts was sent is none"
        return
    assert [one["role"] for one in (asked, *turns)] == ["user", "assistant"] + ["tool"] * len(answers)
    assert [one["id"] for one in turns[0].get("tool_calls", [])] == [one["call_id"] for one in answers]
    assert (turns[0]["content"] or "", turns[0].get("reasoning_content") or "") == (text, thoughts)


def test_what_two_executions_said_after_each_other_are_two_turns() -> None:
    first, second = ({"id": f"{kind}_{new_uuid()}", "role": "assistant", "content": kind} for kind in ("msg", "msg"))
    thought = {"id": second["id"].replace("msg", "rs"), "type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]}
    assert messages_of(ResponsesBody.model_validate({"input": [first, thought, second]})) == [
        {"role": "assistant", "content": "msg"},
        {"role": "assistant", "content": "msg", "reasoning_content": "hm"},
    ]
    plain = [{"role": "assistant", "content": one} for one in ("a", "b")]
    assert messages_of(ResponsesBody.model_validate({"input": plain})) == plain


def test_calls_that_are_not_answered_end_no_turn() -> None:
    """Whoever asked for them: providers want the answers of all right after the turn that made them."""
    calls = [{"id": f"fc_{new_uuid()}", "type": "function_call", "call_id": one, "name": "f", "arguments": "{}"} for one in ("a", "b")]
    answers = [{"type": "function_call_output", "call_id": one, "output": "x"} for one in ("a", "b")]
    turns = messages_of(ResponsesBody.model_validate({"input": [*calls, *answers]}))
    assert [one["role"] for one in turns] == ["assistant", "tool", "tool"] and len(turns[0]["tool_calls"]) == 2
    apart = messages_of(ResponsesBody.model_validate({"input": [calls[0], answers[0], calls[1], answers[1]]}))
    assert [one["role"] for one in apart] == ["assistant", "tool"] * 2


@pytest.mark.parametrize("number", ["", "_1"])
def test_what_comes_without_an_id_joins_no_two_executions(number: str) -> None:
    first, second = ({"id": f"msg_{new_uuid()}{number}", "role": "assistant", "content": one} for one in ("a", "b"))
    thought = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]}
    turns = messages_of(ResponsesBody.model_validate({"input": [first, thought, second]}))
    assert [one["content"] for one in turns] == ["a", "b"]
    of_one = second | {"id": first["id"].partition("_")[0] + "_" + first["id"].split("_")[1] + "_2"}
    [turn] = messages_of(ResponsesBody.model_validate({"input": [first, of_one]}))
    assert turn["content"] == "ab"


@pytest.mark.parametrize(("begin", "parts"), [(0, [1, 0]), (4, [1, 0]), (5, [0, 1]), (9, [0, 1]), (10, [1, 0]), (99, [1, 0]), (-1, [1, 0])])
def test_each_source_stands_at_one_part_wherever_it_says_that_it_begins(begin: int, parts: list[int]) -> None:
    source = {"type": "url_citation", "url_citation": {"url": "https://example.com", "start_index": begin, "end_index": begin + 1}}
    output = told_of(["text", "call", "text"], whole(["text", "call", "text"], annotations=[source]))[-1]["response"]["output"]
    assert [len(one["content"][0]["annotations"]) for one in output if one["type"] == "message"] == parts


def test_nothing_that_was_said_beside_a_call_is_no_text() -> None:
    called = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    [turn] = messages_of(ResponsesBody.model_validate({"input": [called, {"role": "assistant", "content": ""}]}))
    assert turn["content"] is None and len(turn["tool_calls"]) == 1


def test_seals_stand_with_the_first_thoughts_and_sources_where_they_begin() -> None:
    said, blocks = ["thought", "text", "call", "thought", "text"], [{"type": "thinking", "thinking": "thought0thought3", "signature": "s"}]
    sources = [{"type": "url_citation", "url_citation": {"url": "https://example.com", "start_index": 6, "end_index": 9}}]
    output = told_of(said, whole(said, thinking=blocks, annotations=sources))[-1]["response"]["output"]
    assert [one["id"].partition("_")[0] for one in output] == ["rs", "msg", "fc", "rs", "msg"]
    assert json.loads(output[0]["encrypted_content"]) == blocks and "encrypted_content" not in output[3]
    [source] = output[4]["content"][0]["annotations"]
    assert (source["start_index"], source["end_index"]) == (1, 4) and not output[1]["content"][0]["annotations"]
    assert [output[at]["content"][0]["text"] for at in (0, 1, 3, 4)] == ["thought0", "text1", "thought3", "text4"]


@pytest.mark.parametrize("said", [["text", "call", "text"], ["call", "text"]])
def test_what_was_changed_after_it_was_told_is_as_the_answer_says(said: list[str]) -> None:
    outcome = whole(said) | {"output": "masked"}
    output = told_of(said, outcome)[-1]["response"]["output"]
    assert [one["content"][0]["text"] for one in output if one["type"] == "message"] == ["masked"]


def test_a_call_that_was_told_and_is_none_is_not_in_the_response() -> None:
    events = ResponseEvents(EXECUTION, "m", False)
    events.delta(json.dumps({"tool_calls": [{"index": -1, **call(0)}]}).encode())
    told = events.end(whole([])).decode()
    assert json.loads(told.rpartition("\ndata: ")[2])["response"]["output"] == []


def test_thoughts_that_are_only_sealed_come_first() -> None:
    outcome = whole(["text"], thinking=[{"type": "redacted_thinking", "data": "x"}])
    assert [one["type"] for one in told_of(["text"], outcome)[-1]["response"]["output"]] == ["reasoning", "message"]
