"""Tool calls whose parts come mixed, in formats that close one call before the next."""

import json
from typing import Any

import pytest

from burnish_gateway.compat.anthropic.events import MessageEvents
from burnish_gateway.compat.calls_in_turn import CallsInTurn, Part
from burnish_gateway.compat.responses.events import ResponseEvents
from burnish_shared.ids import new_uuid

EXECUTION = str(new_uuid())


def part(index: int, arguments: str, name: str = "") -> Part:
    begun = {"id": f"call_{index}", "type": "function"} if name else {}
    return {"index": index, **begun, "function": {"arguments": arguments} | ({"name": name} if name else {})}


MIXED = [part(0, "", "f"), part(1, "", "g"), part(0, '{"a":'), part(1, '{"b": {}'), part(0, " {}}"), part(1, "}"), part(2, "{}", "h")]
OUTCOME: dict[str, Any] = {
    "id": EXECUTION, "model": "m", "simulated": False, "output": "", "finish_reason": "tool_calls", "cost_nusd": 0, "prompt": None,
    "version": None, "label": None, "provider": "p", "credits": "0", "latency_ms": 1, "cached": False,
    "usage": {"input_tokens": 1, "output_tokens": 1, "cached_input_tokens": 0, "source": "provider"},
}  # fmt: skip


def events(stream: MessageEvents | ResponseEvents) -> list[dict[str, Any]]:
    told = b"".join(stream.delta(json.dumps({"tool_calls": [one]}).encode()) for one in MIXED) + stream.end(OUTCOME)
    return [json.loads(one.partition("data: ")[2]) for one in told.decode().split("\n\n") if one]


def test_parts_of_a_later_call_wait_until_the_earlier_one_is_whole() -> None:
    turn = CallsInTurn()
    told = [[one["index"] for one in turn.take([each])] for each in MIXED]
    assert told == [[0], [], [0], [], [0, 1, 1], [1], [2]]
    assert turn.rest() == []


@pytest.mark.parametrize("first", ["", "no JSON", '{"a":', "[1]"])
def test_what_waits_behind_a_call_that_never_becomes_whole_comes_at_the_end(first: str) -> None:
    turn = CallsInTurn()
    assert [one["index"] for one in turn.take([part(0, first, "f"), part(1, "{}", "g"), part(2, "", "h")])] == [0]
    assert [one["index"] for one in turn.rest()] == [1, 2]


def test_an_anthropic_stream_keeps_the_input_of_each_call() -> None:
    given: dict[int, str] = {}
    open_block: int | None = None
    for one in events(MessageEvents(EXECUTION, "m", False)):
        match one["type"]:
            case "content_block_start":
                assert open_block is None
                open_block = one["index"]
            case "content_block_delta":
                assert one["index"] == open_block is not None
                given[one["index"]] = given.get(one["index"], "") + one["delta"]["partial_json"]
            case "content_block_stop":
                assert one["index"] == open_block
                open_block = None
    assert given == {0: '{"a": {}}', 1: '{"b": {}}', 2: "{}"}


def test_a_stream_of_responses_closes_each_call_with_all_of_its_arguments() -> None:
    told = events(ResponseEvents(EXECUTION, "m", False))
    closed = [one["item"] for one in told if one["type"] == "response.output_item.done"]
    assert [(one["name"], one["arguments"]) for one in closed] == [("f", '{"a": {}}'), ("g", '{"b": {}}'), ("h", "{}")]
    kinds = [(one["type"].rpartition(".")[2], one["output_index"]) for one in told if "arguments" in one["type"]]
    assert kinds == sorted(kinds, key=lambda one: one[1])
