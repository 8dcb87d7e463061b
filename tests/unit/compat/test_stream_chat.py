"""Streams of chat completions, event by event."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from burnish_gateway.compat.anthropic.answer import message
from burnish_gateway.compat.anthropic.events import MessageEvents
from burnish_gateway.compat.chunks import Chunks
from burnish_gateway.compat.completion import choices_of, completion
from burnish_gateway.compat.responses.answer import response
from burnish_gateway.compat.responses.events import ResponseEvents
from burnish_gateway.compat.stream_chat import replayed_chat, stream_chat
from burnish_gateway.execution.answer import failure_of
from burnish_gateway.execution.told import Alive, Delta, Done, Started, Text, Told
from burnish_shared.contracts.executions import Beside, ErrorInfo, Outcome, Status, Usage
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid

EXECUTION = new_uuid()
CHUNKS = Chunks.of(EXECUTION, model="m", simulated=False, include_usage=True)
CALLS = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


def outcome(**changes: Any) -> bytes:
    facts: dict[str, Any] = {
        "status": Status.SUCCESS,
        "id": EXECUTION,
        "output": 'a "b" ☃',
        "prompt": None,
        "version": None,
        "model": "m",
        "provider": "p",
        "finish_reason": "stop",
        "usage": Usage(input_tokens=3, output_tokens=4, source="provider"),
        "cost_nusd": 7,
        "latency_ms": 1,
        "first_token_ms": 1,
        "simulated": False,
    }
    return Outcome(**(facts | changes)).model_dump_json().encode()


async def events(*told: Told | Exception) -> list[Any]:
    """The parsed events of a stream that is told this; `[DONE]` as text."""

    async def telling() -> AsyncGenerator[Told, None]:
        for one in told[1:]:
            if isinstance(one, Exception):
                raise one
            yield one

    assert not isinstance(told[0], Exception)
    parts = [part async for part in stream_chat(told[0], telling(), events=CHUNKS, request_id="req_1") if part is not None]
    return parsed(b"".join(parts))


def parsed(stream: bytes) -> list[Any]:
    found = [one.removeprefix("data: ") for one in stream.decode().split("\n\n")]
    assert found.pop() == ""
    return [one if one == "[DONE]" else json.loads(one) for one in found]


async def test_text_is_passed_on_and_the_end_says_reason_usage_and_cost() -> None:
    role, first, second, last, usage, done = await events(Started(), Text(b'"a \\"b\\" "'), Alive(), Text('"☃"'.encode()), Done(outcome()))
    assert role["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert first["choices"][0]["delta"]["content"] + second["choices"][0]["delta"]["content"] == 'a "b" ☃'
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}] and last["usage"] is None
    assert usage["choices"] == [] and (usage["usage"]["total_tokens"], usage["usage"]["cost_nusd"]) == (7, 7)
    assert done == "[DONE]"


async def test_a_class_of_service_that_is_not_the_usual_one_is_told_by_every_format_of_openais() -> None:
    flex = outcome(usage=Usage(input_tokens=3, output_tokens=4, source="provider", service_tier="flex"))
    *_, usage, _ = await events(Started(), Text(b'"a"'), Done(flex))
    assert usage["service_tier"] == json.loads(completion(json.loads(flex)))["service_tier"] == "flex"
    assert json.loads(response(json.loads(flex), repeated={}))["service_tier"] == "flex"
    assert "service_tier" not in json.loads(completion(json.loads(outcome())))


async def test_the_setup_that_answered_is_told_by_chat_completions_in_the_last_chunks_of_a_stream() -> None:
    said = outcome(system_fingerprint="fp_1")
    *_, last, usage, _ = await events(Started(), Text(b'"a"'), Done(said))
    assert last["system_fingerprint"] == usage["system_fingerprint"] == "fp_1"
    assert json.loads(completion(json.loads(said)))["system_fingerprint"] == "fp_1"
    bare = Chunks.of(EXECUTION, model="m", simulated=False, include_usage=False)
    assert parsed(bare.end(json.loads(said)))[0]["system_fingerprint"] == "fp_1"
    assert "system_fingerprint" not in parsed(bare.end(json.loads(outcome())))[0]
    assert "system_fingerprint" not in json.loads(completion(json.loads(outcome())))
    assert "system_fingerprint" not in json.loads(response(json.loads(said), repeated={})), "no field of a response"


def test_what_a_stopped_gateway_cut_short_is_no_end_by_its_caller() -> None:
    """It is booked as cancelled; 499 would say that the client went away."""
    error = ErrorInfo(type="api_error", code="interrupted", message="cut", retryable=True)
    assert failure_of(outcome(status=Status.CANCELLED, error=error)).status == 502


@pytest.mark.promise("G-13")
async def test_an_execution_that_failed_in_the_middle_ends_with_one_error_and_nothing_after_it() -> None:
    failed = outcome(status=Status.ERROR, error=ErrorInfo(type="provider_error", code="stream_cut_off", message="cut", retryable=True))
    *_, last = said = await events(Started(), Text(b'"a"'), Done(failed))
    assert last["error"]["code"] == "stream_cut_off" and last["error"]["request_id"] == "req_1"
    assert sum("error" in one for one in said) == 1 and "[DONE]" not in said
    assert last["error"]["retryable"] is True
    *_, last = await events(Started(), Text(b'"a"'), Done(failed, has_key=True))
    assert last["error"]["retryable"] is False, "its key gets this failure from now on"


@pytest.mark.promise("G-13")
async def test_a_dispatch_that_gives_up_in_the_middle_ends_with_one_error() -> None:
    said = await events(Started(), Text(b'"a"'), Unavailable("gone"))
    assert said[-1]["error"]["retryable"] is True and "[DONE]" not in said


@pytest.mark.promise("G-13")
async def test_tool_calls_that_nobody_saw_come_are_told_whole_at_the_end() -> None:
    said = await events(Started(), Done(outcome(output="", tool_calls=CALLS, finish_reason="tool_calls"), gap=True))
    assert said[1]["choices"][0]["delta"] == {"tool_calls": [{"index": 0, **CALLS[0]}]} and said[-1] == "[DONE]"


@pytest.mark.promise("G-13")
async def test_a_tool_call_of_which_a_part_was_lost_is_an_error_and_never_a_shorter_call() -> None:
    delta = Delta(json.dumps({"tool_calls": [{"index": 0, **CALLS[0]}]}).encode())
    said = await events(Started(), delta, Done(outcome(output="", tool_calls=CALLS), gap=True))
    assert said[-1]["error"]["code"] == "stream_gap" and "[DONE]" not in said
    whole = await events(Started(), delta, Done(outcome(output="", tool_calls=CALLS, finish_reason=None)))
    assert whole[-1] == "[DONE]" and whole[2]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.capability("E2")
@pytest.mark.parametrize(
    ("said", "openais", "anthropics"),
    [("stop", "tool_calls", "tool_use"), (None, "tool_calls", "tool_use"), ("length", "length", "max_tokens")],
)
async def test_what_calls_tools_ends_with_that_also_where_its_provider_only_stopped(
    said: str | None, openais: str, anthropics: str
) -> None:
    """Loops of tools go by the reason; a call that was cut off by its cap is none to run."""
    whole = outcome(output="", tool_calls=CALLS, finish_reason=said)
    facts = json.loads(whole)
    assert json.loads(completion(facts))["choices"][0]["finish_reason"] == openais
    assert json.loads(message(facts))["stop_reason"] == anthropics
    streamed = await events(Started(), Done(whole))
    assert [one["choices"][0]["finish_reason"] for one in streamed[:-2]][-1] == openais
    ended = MessageEvents(str(EXECUTION), "m", False).end(facts).decode()
    assert f'"stop_reason":"{anthropics}"' in ended
    choice = {"output": "", "tool_calls": CALLS, "finish_reason": said}
    several = json.loads(outcome(choices=[choice, choice | {"tool_calls": None}]))
    assert [one["finish_reason"] for one in choices_of(several)] == [openais, said or "stop"]


def probable(text: str, **more: Any) -> Delta:
    """A piece of an answer as it travels where the probabilities of tokens are told."""
    choice = {"index": 0, "delta": {"content": text, **more}, "logprobs": {"content": [{"token": text, "logprob": -0.5}]}}
    other = {"index": 1, "delta": {"content": "another"}, "logprobs": None}
    return Delta(json.dumps({"choices": [choice, other]}, separators=(",", ":")).encode())


@pytest.mark.promise("G-13")
async def test_what_comes_as_choices_is_told_in_formats_that_have_one_answer_too() -> None:
    """A version of a prompt may ask for probabilities or several answers, whichever format it is called in."""
    call = {"tool_calls": [{"index": 0, **CALLS[0]}]}
    message_said = MessageEvents(str(EXECUTION), "m", False)
    told = b"".join(message_said.delta(one.body) for one in (probable("a ", reasoning_content="hm"), probable("b"), probable("", **call)))
    deltas = [one.get("delta") or {} for one in parsed_events(told)]
    assert [one["thinking"] for one in deltas if "thinking" in one] == ["hm"]
    assert "".join(one.get("text", "") for one in deltas) == "a b"
    assert [one["content_block"]["name"] for one in parsed_events(told) if one.get("content_block", {}).get("type") == "tool_use"] == ["f"]
    response_said = ResponseEvents(str(EXECUTION), "m", False)
    told = b"".join(response_said.delta(one.body) for one in (probable("a ", reasoning_content="hm"), probable("b"), probable("", **call)))
    said = parsed_events(told)
    assert "".join(one["delta"] for one in said if one["type"] == "response.output_text.delta") == "a b"
    assert [one["delta"] for one in said if one["type"] == "response.reasoning_text.delta"] == ["hm"]
    added = [one["item"] for one in said if one["type"] == "response.output_item.added"]
    assert [one["name"] for one in added if one["type"] == "function_call"] == ["f"]


def parsed_events(stream: bytes) -> list[Any]:
    return [json.loads(one.partition("data: ")[2]) for one in stream.decode().split("\n\n") if one]


@pytest.mark.parametrize("with_choices", [False, True])
async def test_thoughts_that_came_together_with_something_else_are_told_once(with_choices: bool) -> None:
    calls = {"tool_calls": [{"index": 0, **CALLS[0]}], "reasoning_content": "hm"}
    delta = probable("", **calls) if with_choices else Delta(json.dumps(calls, separators=(",", ":")).encode())
    said = await events(Started(), delta, Done(outcome(output="", tool_calls=CALLS, beside=Beside(reasoning="hm"))))
    deltas = [choice["delta"] for one in said[:-1] for choice in one["choices"]]
    assert [one["reasoning_content"] for one in deltas if "reasoning_content" in one] == ["hm"]


async def test_a_name_of_thoughts_within_the_arguments_of_a_call_is_none() -> None:
    call = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"reasoning_content": 1}'}}
    delta = Delta(json.dumps({"tool_calls": [call]}, separators=(",", ":")).encode())
    said = await events(Started(), delta, Done(outcome(output="", tool_calls=CALLS, beside=Beside(reasoning="hm"))))
    deltas = [choice["delta"] for one in said[:-1] for choice in one["choices"]]
    assert [one["reasoning_content"] for one in deltas if "reasoning_content" in one] == ["hm"], "it was not told before"


async def test_a_stored_answer_is_replayed_as_the_same_text() -> None:
    said = parsed(b"".join([part async for part in replayed_chat(outcome(), events=CHUNKS, request_id="req_1")]))
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in said[:-2]) == 'a "b" ☃'
    assert said[-1] == "[DONE]"


async def test_an_error_in_a_stream_says_when_to_try_again_in_each_format() -> None:
    """The status line is out by then, and with it the header that says so."""
    failed = Unavailable("No.", retry_after_s=7)
    for told in (
        CHUNKS.error(failed, request_id="req_1"),
        MessageEvents(str(EXECUTION), "m", False).error(failed, request_id="req_1"),
        ResponseEvents(str(EXECUTION), "m", False).error(failed, request_id="req_1"),
    ):
        said = json.loads(told.decode().rpartition("data: ")[2])
        assert said.get("error", said)["retry_after_s"] == 7


async def test_the_usage_chunk_names_the_model_that_answered_in_the_end() -> None:
    told = await events(Text(b'"a"'), Done(outcome(model="m/other")))
    assert told[-2]["model"] == "m/other" and told[-2]["burnish"]["provider"] == "p"
