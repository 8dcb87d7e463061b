"""What a provider says, right or wrong, becomes facts or one classified failure; memory stays bounded."""

import asyncio
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.ask_keys import OURS_TO_END, Asker
from burnish_executor.core.answer import OUTPUT_MOST_CHARACTERS, Answer, Piece
from burnish_executor.core.anthropic_wire import AnthropicStream, usage_of
from burnish_executor.core.circuit import says_of_provider
from burnish_executor.core.event_stream import LINE_MOST_BYTES, EventStream, LineTooLong
from burnish_executor.core.failure import FREE, Failure, FailureKind, of_status, wait_before_retry_s
from burnish_executor.core.fallback import another_may_help
from burnish_executor.core.limits import patience_asked_s
from burnish_executor.core.openai_wire import OpenAIWire, read_body, read_chunk
from burnish_executor.core.outcome import Trial, outcome_of
from burnish_executor.core.usage import estimated, reported
from burnish_executor.core.waterfall import TryNext, consequence_of
from burnish_executor.io.model_client import Started
from burnish_executor.io.providers import without_keys
from burnish_executor.run import CANCELLED_BY, Run
from burnish_shared.bus.frames import CUT_SHORT
from burnish_shared.contracts.executions import ExecutionRequest, KeyUse, Lane, Price, Route, Status, Usage
from burnish_shared.deltas import said_in
from burnish_shared.evaluation_hold import hold_nusd
from burnish_shared.pricing import plain_cost_nusd
from burnish_shared.tokens import input_tokens_of

PRICE = Price(version="t", input_nusd_per_million=1_000_000, cached_input_nusd_per_million=500_000, output_nusd_per_million=2_000_000)


def chunk(**delta: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode()


@given(
    st.lists(st.text(alphabet="abc \u00e4\u4e16{}\"'", max_size=20), max_size=8), st.integers(1, 9), st.sampled_from(["\n", "\r\n", "\r"])
)
def test_events_are_the_same_however_the_bytes_are_cut(texts: list[str], size: int, end: str) -> None:
    stream = "".join(f": comment{end}event: x{end}data: {json.dumps(one)}{end}{end}" for one in texts).encode()
    events = EventStream()
    found = [json.loads(one) for at in range(0, len(stream), size) for one in events.feed(stream[at : at + size])]
    assert found == texts and not events.rest()


def test_a_line_whose_two_ends_come_apart_ends_once() -> None:
    events = EventStream()
    assert [events.feed(b"data: a\r"), events.feed(b"\ndata: b\r\n\r\n")] == [[], [b"a\nb"]]


@pytest.mark.promise("E-07")
def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    events = EventStream()
    with pytest.raises(LineTooLong):
        for _ in range(LINE_MOST_BYTES // 65536 + 2):
            events.feed(b"x" * 65536)


def test_text_and_tool_calls_of_one_delta_both_count() -> None:
    answer = Answer()
    calls = [{"index": 0, "id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a"'}}]
    assert read_chunk(answer, chunk(content="Let me see. ", tool_calls=calls)) == Piece("Let me see. ", {"tool_calls": calls})
    read_chunk(answer, chunk(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]))
    assert answer.output == "Let me see. "
    assert answer.tool_calls == [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}]


def test_the_setup_that_answers_is_read_whole_and_from_the_last_events_of_a_stream() -> None:
    said = {"choices": [{"message": {"content": "a"}}], "system_fingerprint": "fp_1"}
    for fingerprint, known in (("fp_1", "fp_1"), ("f" * 300, "f" * 200), (None, None), ("", None), (7, None)):
        whole = read_body(json.dumps(said | {"system_fingerprint": fingerprint}).encode())
        assert isinstance(whole, Answer) and whole.system_fingerprint == known
        answer = Answer()
        read_chunk(answer, chunk(content="a"))
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "system_fingerprint": fingerprint}
        read_chunk(answer, json.dumps(end).encode())
        read_chunk(answer, b'{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}, "system_fingerprint": null}')
        assert answer.system_fingerprint == known


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
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
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
    assert estimated(9, output_bytes=0).output_tokens == 0


TOOLS = [{"type": "function", "function": {"name": "look", "description": "d" * 30_000}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"description": "d" * 3000}}}


@pytest.mark.promise("E-06")
@pytest.mark.parametrize("settings", [{"tools": TOOLS}, {"response_format": SCHEMA}, {"tools": TOOLS, "response_format": SCHEMA}])
def test_usage_that_is_missing_counts_what_was_held_for(settings: dict[str, Any]) -> None:
    usage = outcome(Answer(text=["x"], complete=True), max_tokens=100, **settings).usage
    held_nusd = hold_nusd([], {"max_tokens": 100, **settings}, request().route)
    assert held_nusd >= plain_cost_nusd(usage, PRICE) and usage.input_tokens == input_tokens_of([], settings) >= 1000


@pytest.mark.promise("E-06")
def test_an_embedding_of_tokens_counts_its_tokens_where_usage_is_missing() -> None:
    asked = request().model_copy(update={"kind": "embedding", "messages": [{"role": "user", "content": "", "tokens": list(range(8000))}]})
    made = outcome_of(asked, Answer(text=["[]"], complete=True), text="", trials=[], latency_s=1, first_token_s=None)
    assert (made.usage.input_tokens, made.usage.output_tokens) == (8000, 0)


@pytest.mark.promise("E-06", "G-11")
def test_tool_calls_and_further_choices_that_were_delivered_are_paid_for() -> None:
    gone = Failure(FailureKind.CANCELLED, "gone")
    trials = [Trial(gone, 1.0, had_started=True)]
    told = [
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "look", "arguments": "a" * 3000}}]},
        {"choices": [{"index": 0, "delta": {"content": "yes"}}, {"index": 1, "delta": {"content": "b" * 2997}}]},
    ]
    text, beside_bytes = "".join(said_in(one)[0] for one in told), sum(said_in(one)[1] for one in told)
    made = outcome_of(request(), gone, text=text, trials=trials, latency_s=1, first_token_s=0.1, beside_bytes=beside_bytes)
    assert text == "yes" and made.output == "yes" and made.usage.output_tokens == (4 + 3000 + 2997 + 3 + 2) // 3


@pytest.mark.promise("E-06", "G-18")
@pytest.mark.parametrize("had_started", [True, False])
def test_a_call_that_a_stopped_gateway_ended_costs_its_input_once_the_provider_worked_on_it(had_started: bool) -> None:
    cut_short = CANCELLED_BY[CUT_SHORT]
    trials = [Trial(cut_short, 1.0, had_started=had_started)]
    made = outcome_of(request(), cut_short, text="", trials=trials, latency_s=1, first_token_s=None)
    assert made.status is Status.CANCELLED, "it does not count against its prompt"
    assert made.error is not None and made.error.code == "interrupted" and cut_short.kind in OURS_TO_END
    assert (made.usage.input_tokens > 0) is had_started


@pytest.mark.capability("E6", "E11")
def test_an_answer_of_an_own_key_stays_its_own_when_the_operators_key_fails_to_correct_it() -> None:
    first = Answer(text=["bad"], complete=True, usage=Usage(input_tokens=1000, output_tokens=100, source="provider"))
    boom = of_status(500, "boom", retry_after_s=None)
    trials = [Trial(first, 1.0, True, KeyUse(source="own")), Trial(boom, 1.0, True, KeyUse(source="platform"))]
    asked = request()
    asked = asked.model_copy(update={"route": asked.route.model_copy(update={"markup_percent": 10})})
    made = outcome_of(asked, first, text="", trials=trials, latency_s=1, first_token_s=None)
    assert (made.key_source, made.markup_nusd) == ("own", 0)
    assert [(one.cost_nusd, one.code) for one in made.attempts] == [(made.cost_nusd, None), (0, "provider_failed")]


@pytest.mark.capability("E1")
@pytest.mark.parametrize(("provider", "name"), [("openai", "max_completion_tokens"), ("groq", "max_tokens"), ("vllm", "max_tokens")])
def test_the_cap_is_sent_under_the_name_that_the_provider_takes(provider: str, name: str) -> None:
    asked = request(max_tokens=77)
    body = OpenAIWire().body(asked.model_copy(update={"route": asked.route.model_copy(update={"provider": provider})}))
    assert {one: body[one] for one in body if "tokens" in one} == {name: 77}
    later = request(max_completion_tokens=77)
    assert OpenAIWire().body(later)["max_completion_tokens"] == 77


HUGE = 10**400


@pytest.mark.promise("E-06", "E-07")
@pytest.mark.parametrize("value", [HUGE, -HUGE, 1e308 * 10, float("nan")])
def test_numbers_of_any_length_are_survived(value: Any) -> None:
    assert reported({"prompt_tokens": value, "completion_tokens": 1}) is None
    assert usage_of({"input_tokens": value, "output_tokens": 1}) is None
    told = {"content": [{"token": "a", "logprob": value}, {"token": "b", "logprob": -0.5}]}
    body = {"choices": [{"message": {"content": "x"}, "logprobs": told}], "usage": {"prompt_tokens": value, "completion_tokens": 1}}
    answer = read_body(json.dumps(body).encode())
    assert isinstance(answer, Answer) and answer.usage is None and [one["token"] for one in answer.logprobs] == ["b"]


NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.capability("E9")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "9" * 18}, 86_400.0),
        ({"retry-after": "\u00b2"}, None),
        ({"retry-after": "\u0663"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "Fri, 20 Nov 2026 12:01:00 GMT"}, 60.0),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "Fri, 20 Nov 99999999 12:00:30 GMT"}, None),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "\u00b2", "retry-after": "9"}, 9.0),
    ],
)
def test_the_patience_that_a_provider_asks_for_is_read_in_each_of_its_spellings(headers: dict[str, str], seconds: float | None) -> None:
    assert patience_asked_s(headers, now=NOW) == seconds


@pytest.mark.promise("E-07")
@pytest.mark.parametrize(("has_begun", "kind"), [(True, FailureKind.MALFORMED), (False, FailureKind.REFUSED)])
def test_what_nobody_thought_of_is_a_classified_failure_and_counts_against_nobody_before_an_answer(
    has_begun: bool, kind: FailureKind
) -> None:
    async def call(*_: Any, **__: Any) -> Any:
        if has_begun:
            yield Started()
        raise AttributeError("what nobody thought of")

    class Said:
        async def send(self, *_: Any) -> None: ...

    anything: Any = SimpleNamespace(call=call, hear=None)
    asker = Asker(anything, anything, anything, anything, anything, anything, anything)
    chosen: Any = SimpleNamespace(secret=None, account=None, use=KeyUse(source="none"))
    run = Run(request=request(), reply=cast(Any, Said()), started_at=0.0)
    failure = asyncio.run(asker._readably(run, chosen, timeout_s=1.0))
    assert isinstance(failure, Failure) and failure.kind is kind and "nobody" not in failure.message
    assert says_of_provider(failure, latency_s=1.0, patience_s=30.0) is (False if has_begun else None)


@pytest.mark.promise("E-12")
@pytest.mark.parametrize("last", [Answer(text=["whole"], complete=True), Failure(FailureKind.PROVIDER, "It broke.")])
def test_a_call_is_over_with_its_connection_when_its_answer_is_told(last: Answer | Failure) -> None:
    """A generator that is left behind its last event is closed by a task of its own, later, and holds its connection until then."""
    freed: list[str] = []

    async def inner() -> Any:
        try:
            yield Started()
            yield last
        finally:
            freed.append("connection")

    async def call(*_: Any, **__: Any) -> Any:
        async for event in inner():
            yield event
        yield Failure(FailureKind.TIMEOUT, "What comes behind the last word counts for nothing.")

    class Said:
        async def send(self, *_: Any) -> None: ...

    anything: Any = SimpleNamespace(call=call, hear=None)
    chosen: Any = SimpleNamespace(secret=None, account=None, use=KeyUse(source="none"))

    async def told() -> tuple[Answer | Failure, list[str]]:
        run = Run(request=request(), reply=cast(Any, Said()), started_at=0.0)
        result = await Asker(*[anything] * 7)._consume(run, chosen, timeout_s=1.0)
        return result, list(freed)

    assert asyncio.run(told()) == (last, ["connection"])


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
        (409, Status.ERROR, True),
        (425, Status.ERROR, True),
        (529, Status.ERROR, True),
    ],
)
def test_a_status_of_the_provider_becomes_a_terminal_status(http_status: int, status: Status, is_free: bool) -> None:
    failure = of_status(http_status, "why", retry_after_s=None)
    assert failure.status is status and (failure.kind in FREE) is is_free and "why" in failure.message


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        ({"type": "overloaded_error", "message": "why"}, FailureKind.PROVIDER, (529, "overloaded_error")),
        ({"type": "api_error", "message": "why"}, FailureKind.PROVIDER, (None, "api_error")),
        ({"type": "timeout_error", "message": "why"}, FailureKind.TIMEOUT, (504, "timeout_error")),
        ({"type": "rate_limit_error", "message": "why"}, FailureKind.RATE_LIMITED, (None, "rate_limit_error")),
        ({"type": "invalid_request_error", "message": "why", "param": "messages"}, FailureKind.REFUSED, (400, "invalid_request_error")),
        ({"type": "x", "code": "insufficient_quota", "message": "why"}, FailureKind.ACCOUNT_EMPTY, (None, "insufficient_quota")),
        ({"code": 400, "message": "why"}, FailureKind.REFUSED, (400, None)),
        ({"code": 402, "message": "why"}, FailureKind.ACCOUNT_EMPTY, (402, None)),
        ({"code": 403, "message": "why"}, FailureKind.PROVIDER, (None, None)),
        ({"code": 408, "message": "why"}, FailureKind.TIMEOUT, (408, None)),
        ({"code": 429, "message": "why"}, FailureKind.RATE_LIMITED, (429, None)),
        ({"code": "429", "type": "throttling_error", "message": "why"}, FailureKind.RATE_LIMITED, (429, "throttling_error")),
        ({"code": "503", "message": "why"}, FailureKind.PROVIDER, (503, None)),
        ({"code": "42", "message": "why"}, FailureKind.PROVIDER, (None, None)),
        ({"code": "\u0664\u0662\u0669", "message": "why"}, FailureKind.PROVIDER, (None, None)),
        ({"code": 502, "message": "why"}, FailureKind.PROVIDER, (None, None)),
        ({"code": 503, "status": "UNAVAILABLE", "message": "why"}, FailureKind.PROVIDER, (503, None)),
        ({"code": True, "message": "why"}, FailureKind.PROVIDER, (None, None)),
        ({"code": {}, "type": [], "message": "why"}, FailureKind.PROVIDER, (None, None)),
        ({"type": "rate_limit_error", "code": "tokens", "message": "why"}, FailureKind.RATE_LIMITED, (None, "tokens")),
        ({"type": "insufficient_quota", "code": "x", "message": "why"}, FailureKind.ACCOUNT_EMPTY, (None, "insufficient_quota")),
        ("why", FailureKind.PROVIDER, (None, None)),
    ],
)  # fmt: skip
def test_an_error_in_a_stream_or_behind_a_200_is_what_its_words_say(
    error: Any, kind: FailureKind, told: tuple[int | None, str | None]
) -> None:
    """Else a call that cannot succeed would be made again, and one that is to wait would not."""
    for read in (read_body, AnthropicStream().read):
        failure = read(json.dumps({"type": "error", "error": error}).encode())
        assert isinstance(failure, Failure) and failure.kind is kind and failure.message == "The provider answered with an error: why"
        assert (failure.http_status, failure.code) == told


@pytest.mark.parametrize(
    "error",
    [
        {"type": "invalid_request_error", "code": "invalid_api_key", "message": "Incorrect API key provided: sk-x"},
        {"type": "invalid_request_error", "code": "invalid_api_key", "message": "why"},
        {"type": "invalid_request_error", "message": "Incorrect API key provided: sk-x"},
        {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid. Please pass a valid API key."},
        {"code": 400, "type": "authentication_error", "message": "why"},
    ],
)
def test_an_error_of_the_key_behind_a_200_is_none_of_the_request(error: dict[str, Any]) -> None:
    """Another key, and another model, may help."""
    failure = read_body(json.dumps({"error": error}).encode())
    assert isinstance(failure, Failure)
    assert consequence_of(failure, had_started=False) == TryNext() and another_may_help(failure, had_started=False)


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


@pytest.mark.promise("E-06", "G-11")
def test_all_that_is_passed_on_is_counted() -> None:
    class Deaf:
        async def text(self, *_: Any) -> None: ...

        async def delta(self, *_: Any) -> None: ...

    asker: Any = Asker(*[cast(Any, None)] * 7)
    run = Run(request=request(), reply=cast(Any, Deaf()), started_at=0.0)
    pieces = [Piece("a"), Piece("b", {"tool_calls": [{"index": 0, "function": {"name": "look", "arguments": "{}"}}]})]
    pieces.append(
        Piece("c", {"choices": [{"index": 0, "delta": {"content": "c"}}, {"index": 1, "delta": {"content": "dd"}}]}, in_delta=True)
    )

    async def pass_all_on() -> None:
        for piece in pieces:
            await asker._pass_on(run, piece)

    asyncio.run(pass_all_on())
    assert ("".join(run.answer_so_far), run.beside_bytes, run.has_started) == ("abc", 6 + 2, True)
