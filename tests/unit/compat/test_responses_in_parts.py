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


@given(st.lists(st.sampled_from(SAID), max_size=8))
def test_sent_back_nothing_is_lost_and_answers_of_tools_follow_the_turn_that_asked(said: list[str]) -> None:
    said = [*said, "call"]
    output = told_of(said, whole(said))[-1]["response"]["output"]
    answers = [
        {"type": "function_call_output", "call_id": f"call_{at}", "output": "done"} for at, kind in enumerate(said) if kind == "call"
    ]
    messages = messages_of(ResponsesBody.model_validate({"input": [{"role": "user", "content": "Hello"}, *output, *answers]}))
    last = next(at for at, message in enumerate(messages) if message["role"] == "tool")
    assert [one["role"] for one in messages] == ["user"] + ["assistant"] * (last - 1) + ["tool"] * len(answers)
    turns = messages[1:last]
    assert [one["id"] for turn in turns for one in turn.get("tool_calls", [])] == [one["call_id"] for one in answers]
    assert [one["id"] for one in turns[-1]["tool_calls"]] == [one["call_id"] for one in answers], "all in one turn"
    for kind, name in (("text", "content"), ("thought", "reasoning_content")):
        assert "".join(turn.get(name) or "" for turn in turns) == "".join(f"{kind}{at}" for at, one in enumerate(said) if one == kind)


def test_seals_and_sources_stay_with_the_first_item_of_their_kind() -> None:
    said, blocks = ["thought", "text", "call", "thought", "text"], [{"type": "thinking", "thinking": "thought0thought3", "signature": "s"}]
    sources = [{"type": "url_citation", "url_citation": {"url": "https://example.com", "start_index": 0, "end_index": 5}}]
    output = told_of(said, whole(said, thinking=blocks, annotations=sources))[-1]["response"]["output"]
    assert [one["id"].partition("_")[0] for one in output] == ["rs", "msg", "fc", "rs", "msg"]
    assert json.loads(output[0]["encrypted_content"]) == blocks and "encrypted_content" not in output[3]
    assert [one["url"] for one in output[1]["content"][0]["annotations"]] == ["https://example.com"] and not output[4]["content"][0][
        "annotations"
    ]
    assert [output[at]["content"][0]["text"] for at in (0, 1, 3, 4)] == ["thought0", "text1", "thought3", "text4"]


@pytest.mark.parametrize("said", [["text", "call", "text"], ["call", "text"]])
def test_what_was_changed_after_it_was_told_is_as_the_answer_says(said: list[str]) -> None:
    outcome = whole(said) | {"output": "masked"}
    output = told_of(said, outcome)[-1]["response"]["output"]
    assert [one["content"][0]["text"] for one in output if one["type"] == "message"] == ["masked"]


def test_thoughts_that_are_only_sealed_come_first() -> None:
    outcome = whole(["text"], thinking=[{"type": "redacted_thinking", "data": "x"}])
    assert [one["type"] for one in told_of(["text"], outcome)[-1]["response"]["output"]] == ["reasoning", "message"]
