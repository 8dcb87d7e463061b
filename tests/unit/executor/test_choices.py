"""Several choices, probabilities and vectors of a provider become facts or one failure, whatever is sent; memory stays bounded."""

import base64
import json
from array import array
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.core.answer import OUTPUT_MOST_CHARACTERS, Answer, Piece
from burnish_executor.core.choices import CHOICES_MOST, choices_of
from burnish_executor.core.embedding_wire import EMBEDDINGS
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.openai_wire import OpenAIWire, read_body, read_chunk
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route

NOW = datetime(2026, 11, 20, tzinfo=UTC)

TOKEN = {"token": "Hi", "logprob": -0.25, "bytes": [72, 105], "top_logprobs": [{"token": "Ho", "logprob": -2, "bytes": None}]}


def chunk(*choices: Any) -> bytes:
    return json.dumps({"choices": choices}).encode()


def test_choices_of_one_chunk_are_told_as_they_came_and_put_together_each_by_itself() -> None:
    answer = Answer()
    said = read_chunk(
        answer, chunk({"index": 1, "delta": {"role": "assistant", "content": "two"}}, {"index": 0, "delta": {"content": "one"}})
    )
    assert isinstance(said, Piece) and said.text == "one" and said.in_delta and said.delta is not None
    assert [one["index"] for one in said.delta["choices"]] == [1, 0]
    read_chunk(answer, chunk({"index": 1, "delta": {}, "finish_reason": "length"}))
    assert not answer.complete
    read_chunk(answer, chunk({"index": 0, "delta": {}, "finish_reason": "stop"}))
    assert answer.complete and answer.output == "one"
    assert [(one.output, one.finish_reason) for one in choices_of(answer) or []] == [("one", "stop"), ("two", "length")]


def test_a_choice_may_end_in_an_event_without_a_delta() -> None:
    answer = Answer()
    read_chunk(answer, chunk({"index": 0, "delta": {"content": "one"}}, {"index": 1, "delta": {"content": "two"}}), choices=2)
    read_chunk(answer, chunk({"index": 0, "delta": None, "finish_reason": "stop"}), choices=2)
    assert not answer.complete
    read_chunk(answer, chunk({"index": 1, "delta": None, "finish_reason": "length"}), choices=2)
    assert answer.complete and [one.finish_reason for one in choices_of(answer) or []] == ["stop", "length"]


@pytest.mark.parametrize(("n", "choices"), [(None, 1), (1, 1), (3, 3), (CHOICES_MOST + 1, CHOICES_MOST), (0, 1), ("2", 1)])
def test_the_reader_waits_for_as_many_choices_as_were_asked_for(n: Any, choices: int) -> None:
    assert OpenAIWire().reader({} if n is None else {"n": n}).choices == choices


def test_one_choice_without_probabilities_stays_a_plain_answer() -> None:
    answer = Answer()
    assert read_chunk(answer, chunk({"index": 0, "delta": {"content": "hi"}, "logprobs": None})) == Piece("hi")
    assert choices_of(answer) is None


def test_streamed_and_buffered_choices_are_the_same() -> None:
    streamed = Answer()
    for one in ("He", "llo"):
        read_chunk(streamed, chunk(*({"index": at, "delta": {"content": one}, "logprobs": {"content": [TOKEN]}} for at in range(3))))
    read_chunk(streamed, chunk(*({"index": at, "delta": {}, "finish_reason": "stop"} for at in range(3))))
    message = {"message": {"content": "Hello"}, "finish_reason": "stop", "logprobs": {"content": [TOKEN, TOKEN]}}
    buffered = read_body(json.dumps({"choices": [{"index": at, **message} for at in range(3)]}).encode())
    assert isinstance(buffered, Answer) and choices_of(buffered) == choices_of(streamed) and len(choices_of(buffered) or []) == 3


@pytest.mark.promise("E-07")
@pytest.mark.parametrize("index", [-1, CHOICES_MOST, 10**9, True, "1", None, 1.5])
def test_a_choice_of_an_absurd_index_takes_no_memory(index: Any) -> None:
    answer = Answer()
    read_chunk(answer, chunk({"index": index, "delta": {"content": "x"}}, {"index": 0, "delta": {"content": "y"}}))
    assert not answer.others and answer.output == "y"


@pytest.mark.promise("E-07")
def test_many_choices_together_end_by_our_limit() -> None:
    answer, data = Answer(), chunk(*({"index": at, "delta": {"content": "x" * (1 << 19)}} for at in range(2)))
    results = [read_chunk(answer, data) for _ in range(OUTPUT_MOST_CHARACTERS // (1 << 20) + 1)]
    assert isinstance(results[-1], Failure) and results[-1].kind is FailureKind.MALFORMED


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["index", "delta", "content", "logprobs", "token", "logprob", "bytes", "top_logprobs", "tool_calls", "embedding"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=14,
)


@given(SHAPES, SHAPES)
def test_no_shape_of_a_provider_raises(one: Any, other: Any) -> None:
    read_chunk(Answer(), json.dumps({"choices": [one, other]}).encode())
    read_chunk(Answer(), json.dumps({"choices": [{"index": 1, "delta": one, "logprobs": other}]}).encode())
    read_body(json.dumps({"choices": [{"message": {"content": "x"}, "logprobs": one}, other]}).encode())
    EMBEDDINGS.read_body(json.dumps({"data": [one, {"embedding": other}], "usage": one}).encode())


def test_vectors_come_in_the_order_of_their_inputs_in_either_form() -> None:
    numbers = [0.5, -0.25]
    coded = base64.b64encode(array("f", numbers).tobytes()).decode()
    body = {"data": [{"index": 1, "embedding": coded}, {"index": 0, "embedding": [1.0, 2.0]}], "usage": {"prompt_tokens": 4}}
    answer = EMBEDDINGS.read_body(json.dumps(body).encode())
    assert isinstance(answer, Answer) and answer.usage is not None and (answer.usage.input_tokens, answer.usage.output_tokens) == (4, 0)
    first, second = json.loads(answer.output)
    assert second == coded and array("f", base64.b64decode(first)).tolist() == [1.0, 2.0]


@pytest.mark.capability("E2")
def test_what_an_embedding_is_asked_besides_goes_to_the_provider_and_stands_in_for_nothing() -> None:
    price = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
    asked = ExecutionRequest(
        execution_id=uuid4(), workspace_id=uuid4(), lane=Lane.INTERACTIVE, fence=1, deadline_at=NOW, hold_nusd=0, account_ids=[],
        route=Route(model="m", provider="openai_compatible", upstream_model="up", base_url="http://x/v1", price=price), kind="embedding",
        messages=[{"role": "user", "content": "x"}], extra={"input_type": "query", "model": "other"}, sent_at=NOW,
    )  # fmt: skip
    assert EMBEDDINGS.body(asked) == {"input_type": "query", "model": "up", "input": "x"}


@pytest.mark.parametrize("vector", [None, [], "", "abc", "####", ["x"], [float("inf")], [1e300], {"a": 1}])
def test_what_is_no_vector_is_malformed(vector: Any) -> None:
    result = EMBEDDINGS.read_body(json.dumps({"data": [{"index": 0, "embedding": vector}]}).encode())
    assert isinstance(result, Failure) and result.kind is FailureKind.MALFORMED
