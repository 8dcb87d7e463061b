"""Usage as providers' documentation shows it is counted by class of token and priced right, buffered and streamed (usage_shapes.json)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.core import anthropic_wire, openai_wire
from burnish_executor.core.answer import Answer
from burnish_executor.core.usage import reported
from burnish_shared.contracts.executions import Price, Route, Usage
from burnish_shared.evaluation_hold import hold_nusd
from burnish_shared.pricing import cost_split, sum_of

pytestmark = pytest.mark.capability("E5")

SHAPES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("usage_shapes.json").read_text())

PRICE = Price(
    version="doc", input_nusd_per_million=2_000_000_000, cached_input_nusd_per_million=500_000_000,
    cache_write_input_nusd_per_million=2_500_000_000, output_nusd_per_million=8_000_000_000, reasoning_nusd_per_million=9_000_000_000,
)  # fmt: skip
"""A different one for each class, so that a token of the wrong class shows."""


def buffered(shape: dict[str, Any]) -> Answer:
    usage, where = shape["usage"], shape["where"]
    if shape["wire"] == "anthropic":
        body = {"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn", "usage": usage}
        answer = anthropic_wire.read_body(json.dumps(body).encode())
    else:
        tier = {"service_tier": "priority"} if where == "body service_tier" else {}
        body = {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": usage, **tier}
        answer = openai_wire.read_body(json.dumps(body).encode())
    assert isinstance(answer, Answer)
    return answer


def streamed(shape: dict[str, Any]) -> Answer:
    usage, where = shape["usage"], shape["where"]
    if shape["wire"] == "anthropic":
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": {"usage": usage | {"output_tokens": 1}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "x"}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": usage["output_tokens"]}},
            {"type": "message_stop"},
        ]
        reader: Any = anthropic_wire.AnthropicStream()
    else:
        tier = {"service_tier": "priority"} if where == "body service_tier" else {}
        last = {"x_groq": {"id": "req_1", "usage": usage}} if where == "x_groq" else {"usage": usage}
        events = [
            {"choices": [{"delta": {"content": "x"}, "finish_reason": None}], **tier},
            {"choices": [{"delta": {}, "finish_reason": "stop"}], **tier},
            {"choices": [], **last, **tier},
        ]
        reader = openai_wire.OpenAIStream()
    for event in events:
        reader.read(json.dumps(event).encode())
    return reader.answer  # type: ignore[no-any-return]


@pytest.mark.promise("E-06")
@pytest.mark.parametrize("shape", SHAPES, ids=lambda one: one["provider"])
def test_what_each_provider_documents_is_counted_and_priced_right(shape: dict[str, Any]) -> None:
    tokens = shape["tokens"]
    wanted = Usage(
        input_tokens=tokens["input"], output_tokens=tokens["output"], cached_input_tokens=tokens["cached_input"],
        cache_write_input_tokens=tokens["cache_write_input"], reasoning_tokens=tokens["reasoning"], service_tier=tokens["service_tier"],
        source="provider",
    )  # fmt: skip
    for answer in [streamed(shape)] if shape["where"] == "x_groq" else [buffered(shape), streamed(shape)]:
        assert answer.usage == wanted
        assert sum_of(cost_split(answer.usage, PRICE, hour_write_tokens=answer.hour_write_tokens)) == shape["cost_nusd"]


def test_no_provider_is_missing() -> None:
    known = {shape["provider"].split(",")[0].split(" ")[0] for shape in SHAPES}
    assert known == {"openai", "anthropic", "deepseek", "openrouter", "groq", "gemini", "xai", "ollama", "vllm", "llama.cpp"}


counts = st.integers(0, 10**6) | st.sampled_from([None, -1, True, "7", 2**40, 10**400, float("nan")])
of_input = st.none() | st.fixed_dictionaries({}, optional={"cached_tokens": counts, "cache_write_tokens": counts})
of_output = st.none() | st.fixed_dictionaries({}, optional={"reasoning_tokens": counts})


@pytest.mark.promise("E-06")
@given(
    st.fixed_dictionaries(
        {"prompt_tokens": st.integers(0, 10**6), "completion_tokens": st.integers(0, 10**6)},
        optional={
            "total_tokens": counts, "prompt_cache_hit_tokens": counts, "service_tier": counts, "prompt_tokens_details": of_input,
            "completion_tokens_details": of_output,
        },
    )
)  # fmt: skip
def test_classes_of_tokens_stay_within_their_whole_whatever_is_reported(value: dict[str, Any]) -> None:
    usage = reported(value)
    if usage is None:  # two zeros are no count
        assert value["prompt_tokens"] == value["completion_tokens"] == 0
        return
    assert usage.cached_input_tokens + usage.cache_write_input_tokens <= usage.input_tokens
    assert usage.reasoning_tokens <= usage.output_tokens
    split = cost_split(usage, PRICE)
    assert min(split.model_dump().values()) >= 0


@pytest.mark.promise("C-03")
def test_what_is_written_for_an_hour_costs_twice_the_input_and_is_held_for() -> None:
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 1000,
        "cache_creation": {"ephemeral_1h_input_tokens": 1000},
        "output_tokens": 1,
    }
    answer = anthropic_wire.read_body(json.dumps({"content": [], "usage": usage}).encode())
    assert isinstance(answer, Answer) and answer.usage is not None
    split = cost_split(answer.usage, PRICE, hour_write_tokens=answer.hour_write_tokens)
    assert split.cache_write_input_nusd == 1000 * 2 * PRICE.input_nusd_per_million // 10**6
    part = {"type": "text", "text": "word " * 600, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    route = Route(model="m", provider="anthropic", upstream_model="m", base_url="http://x", price=PRICE)
    held = hold_nusd([{"role": "user", "content": [part]}], {"max_tokens": 1}, route)
    five = hold_nusd([{"role": "user", "content": [part | {"cache_control": {"type": "ephemeral"}}]}], {"max_tokens": 1}, route)
    assert held >= sum_of(split) and five < held
    document = {"type": "file", "file": {"content": [part]}}
    assert hold_nusd([{"role": "user", "content": [document]}], {"max_tokens": 1}, route) >= held, "a mark may stand within a document"
