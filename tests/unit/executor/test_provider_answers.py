"""What a provider says, right or wrong, becomes facts or one classified failure; memory stays bounded."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.core.answer import OUTPUT_MOST_CHARACTERS, Answer, Piece
from burnish_executor.core.event_stream import LINE_MOST_BYTES, EventStream, LineTooLong
from burnish_executor.core.failure import FREE, Failure, FailureKind, of_status, wait_before_retry_s
from burnish_executor.core.openai_wire import read_body, read_chunk
from burnish_executor.core.outcome import outcome_of
from burnish_executor.core.usage import estimated, reported
from burnish_executor.io.providers import without_keys
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route, Status, Usage
from burnish_shared.pricing import plain_cost_nusd

PRICE = Price(version="t", input_nusd_per_million=1_000_000, cached_input_nusd_per_million=500_000, output_nusd_per_million=2_000_000)


def chunk(**delta: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode()


@given(st.lists(st.text(alphabet="abc \u00e4\u4e16{}\"'", max_size=20), max_size=8), st.integers(1, 9), st.sampled_from(["\n", "\r\n"]))
def test_events_are_the_same_however_the_bytes_are_cut(texts: list[str], size: int, end: str) -> None:
    stream = "".join(f": comment{end}event: x{end}data: {json.dumps(one)}{end}{end}" for one in texts).encode()
    events = EventStream()
    found = [json.loads(one) for at in range(0, len(stream), size) for one in events.feed(stream[at : at + size])]
    assert found == texts and not events.rest()


@pytest.mark.promise("E-07")
def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    events = EventStream()
    with pytest.raises(LineTooLong):
        for _ in range(LINE_MOST_BYTES // 65536 + 2):
            events.feed(b"x" * 65536)


def test_text_and_tool_calls_of_one_delta_both_count() -> None:
    answer = Answer()
    calls = [{"index": 0, "id": "c1", "function": {"name": "look", "arguments": '{"a"'}}]
    assert read_chunk(answer, chunk(content="Let me see. ", tool_calls=calls)) == Piece("Let me see. ", {"tool_calls": calls})
    read_chunk(answer, chunk(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]))
    assert answer.output == "Let me see. "
    assert answer.tool_calls == [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}]


@pytest.mark.promise("E-07")
@pytest.mark.parametrize("index", [-1, 128, 10**9, True, "0", None])
def test_a_tool_call_of_an_absurd_index_takes_no_memory(index: Any) -> None:
    answer = Answer()
    read_chunk(answer, chunk(tool_calls=[{"index": index, "function": {"arguments": "x"}}]))
    assert len(answer.tool_calls) <= 1


@pytest.mark.promise("E-07")
@pytest.mark.parametrize(
    "delta", [{"content": "x" * (1 << 20)}, {"tool_calls": [{"index": 0, "function": {"arguments": "x" * (1 << 20)}}]}]
)
def test_an_endless_stream_ends_by_our_limit(delta: dict[str, Any]) -> None:
    answer, data = Answer(), chunk(**delta)
    results = [read_chunk(answer, data) for _ in range(OUTPUT_MOST_CHARACTERS // (1 << 20) + 1)]
    assert isinstance(results[-1], Failure) and results[-1].kind is FailureKind.MALFORMED


@pytest.mark.promise("E-07")
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"not json", FailureKind.MALFORMED),
        (b"[1]", FailureKind.MALFORMED),
        (b"[" * 100_000, FailureKind.MALFORMED),
        (b'{"error": {"message": "no", "code": "rate_limit_exceeded"}}', FailureKind.RATE_LIMITED),
        (b'{"error": "boom"}', FailureKind.PROVIDER),
        (b'{"error": {"message": null}}', FailureKind.PROVIDER),
    ],
)
def test_a_chunk_or_body_that_is_none_is_a_classified_failure(data: bytes, kind: FailureKind) -> None:
    for result in (read_chunk(Answer(), data), read_body(data)):
        assert isinstance(result, Failure) and result.kind is kind


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "content", "tool_calls", "function", "usage", "message", "index", "finish_reason", "error"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_from_a_provider_raises(value: Any) -> None:
    data = json.dumps(value).encode()
    read_chunk(Answer(), data)
    read_chunk(Answer(), json.dumps({"choices": [{"delta": value}], "usage": value}).encode())
    read_body(data)


@pytest.mark.promise("E-06")
@pytest.mark.parametrize(
    "usage",
    [
        None,
        7,
        {},
        {"prompt_tokens": 1},
        {"prompt_tokens": -1, "completion_tokens": 1},
        {"prompt_tokens": float("nan"), "completion_tokens": 1},
        {"prompt_tokens": 2**40, "completion_tokens": 1},
        {"prompt_tokens": True, "completion_tokens": 1},
        {"prompt_tokens": "9", "completion_tokens": 1},
    ],
)
def test_absurd_usage_counts_as_none(usage: Any) -> None:
    assert reported(usage) is None


def test_reported_usage_wins_and_cached_tokens_are_never_more_than_the_input() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 99}}
    assert reported(usage) == Usage(input_tokens=10, output_tokens=5, cached_input_tokens=10, source="provider")


@pytest.mark.promise("C-07", "E-14")
@pytest.mark.parametrize(("usage", "nusd"), [((10, 0, 5), 20), ((10, 10, 5), 15), ((10, 4, 0), 8), ((0, 0, 0), 0), ((1, 0, 0), 1)])
def test_the_cost_is_exact(usage: tuple[int, int, int], nusd: int) -> None:
    given_usage = Usage(input_tokens=usage[0], cached_input_tokens=usage[1], output_tokens=usage[2], source="provider")
    assert plain_cost_nusd(given_usage, PRICE) == nusd


def test_nothing_generated_is_estimated_as_nothing() -> None:
    assert estimated([{"role": "user", "content": "hi"}], "").output_tokens == 0


@pytest.mark.capability("E9")
@pytest.mark.parametrize(
    ("http_status", "status", "is_free"),
    [
        (429, Status.RATE_LIMITED, True),
        (500, Status.ERROR, True),
        (503, Status.ERROR, True),
        (504, Status.TIMEOUT, False),
        (400, Status.ERROR, False),
        (401, Status.ERROR, False),
    ],
)
def test_a_status_of_the_provider_becomes_a_terminal_status(http_status: int, status: Status, is_free: bool) -> None:
    failure = of_status(http_status, "why", retry_after_s=None)
    assert failure.status is status and (failure.kind in FREE) is is_free and "why" in failure.message


@given(st.integers(0, 30), st.floats(0, 0.999))
def test_a_wait_before_a_retry_is_bounded_and_retry_after_wins(attempt: int, dice: float) -> None:
    assert 0 <= wait_before_retry_s(attempt, retry_after_s=None, dice=dice) <= 8
    assert 3.5 <= wait_before_retry_s(attempt, retry_after_s=3.5, dice=dice) <= 4.5


@pytest.mark.promise("E-10", "S-05")
@pytest.mark.parametrize("key", ["sk-operator-secret-123", "plain-key-of-another-kind"])
def test_a_provider_that_repeats_its_key_does_not_reach_the_caller_with_it(key: str) -> None:
    failure = of_status(401, f"Incorrect API key provided: Bearer {key}", retry_after_s=None)
    assert key not in without_keys(failure, [key]).info().message


@pytest.mark.promise("E-10")
@pytest.mark.parametrize("length", [6, 20, 39])
def test_the_beginning_of_a_key_at_the_end_of_a_message_that_was_cut_is_blotted_out(length: int) -> None:
    key = "anotherkindofkey" * 3
    told = without_keys(of_status(401, f"No such key: {key[:length]}", retry_after_s=None), ["unrelated-key", key]).message
    assert told == "The provider answered 401: No such key: [redacted]"


@pytest.mark.promise("E-10")
def test_no_key_that_was_tried_before_is_told() -> None:
    failure = of_status(500, "first-key-12345 and second-key-6789", retry_after_s=None)
    assert without_keys(failure, ["first-key-12345", "second-key-6789"]).message == "The provider answered 500: [redacted] and [redacted]"


@pytest.mark.promise("G-02")
def test_buffered_tool_calls_have_one_shape_so_that_a_replay_has_the_same_bytes() -> None:
    call = {"function": {"arguments": "{}", "name": "f"}, "index": 3, "type": "function", "id": "c", "extra": 1}
    body = {"choices": [{"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    answer = read_body(json.dumps(body).encode())
    assert isinstance(answer, Answer)
    assert json.dumps(answer.tool_calls) == '[{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]'


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_a_provider_says_of_its_end_and_its_errors_is_storable(text: str) -> None:
    assert of_status(500, text, retry_after_s=None).info().model_dump_json()
    answer = Answer(text=["x"], finish_reason=text, complete=True)
    assert outcome(answer).model_dump_json() and "\x00" not in (outcome(answer).finish_reason or "")


@pytest.mark.parametrize("response_format", ["json", 7, [], {"type": 5}, None])
def test_a_response_format_of_any_shape_is_survived(response_format: Any) -> None:
    assert outcome(Answer(text=["{}"], complete=True), response_format=response_format).output_json is None


def request(**settings: Any) -> ExecutionRequest:
    now = datetime.now(UTC)
    return ExecutionRequest(
        execution_id=uuid4(),
        workspace_id=uuid4(),
        lane=Lane.INTERACTIVE,
        fence=1,
        deadline_at=now,
        hold_nusd=1,
        account_ids=[1],
        sent_at=now,
        route=Route(model="m", provider="p", upstream_model="m", base_url="http://x", price=PRICE),
        messages=[],
        settings=settings,
    )


def outcome(answer: Answer, **settings: Any) -> Any:
    return outcome_of(request(**settings), answer, text="", trials=[], latency_s=0.1, first_token_s=None)
