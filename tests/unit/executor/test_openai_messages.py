"""Messages as providers of OpenAI's format take them."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

import pytest

from burnish_executor.core.openai_messages import messages_for
from burnish_executor.core.openai_wire import OpenAIWire
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route
from tests.unit.executor.test_provider_answers import request

PRICE = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
SEEN = {"type": "text", "text": "seen"}
LOOK = {"type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLED: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [LOOK | {"id": "a"}, LOOK | {"id": "b"}]}


def sent(
    messages: list[dict[str, Any]], *, provider: str = "openai", spoken: Literal["openai", "anthropic"] = "anthropic"
) -> list[dict[str, Any]]:
    return messages_for(
        ExecutionRequest(
            execution_id=uuid4(), workspace_id=uuid4(), lane=Lane.INTERACTIVE, fence=1, deadline_at=datetime(2026, 11, 20, tzinfo=UTC),
            hold_nusd=0, account_ids=[], messages=messages, spoken=spoken, sent_at=datetime(2026, 11, 20, tzinfo=UTC),
            route=Route(model="m", provider=provider, upstream_model="up", base_url="http://x/v1", price=PRICE),
        )
    )  # fmt: skip


@pytest.mark.capability("E2", "E4")
@pytest.mark.parametrize(("provider", "spoken"), [("openai", "anthropic"), ("openai_compatible", "anthropic"), ("openai", "openai")])
def test_what_a_tool_shows_follows_all_results_as_a_message_of_the_user(provider: str, spoken: Literal["openai", "anthropic"]) -> None:
    first = {"role": "tool", "tool_call_id": "a", "content": [SEEN, IMAGE]}
    second = {"role": "tool", "tool_call_id": "b", "content": [IMAGE]}
    after = {"role": "user", "content": "What is it?"}
    made = sent([CALLED, first, second, after], provider=provider, spoken=spoken)
    assert [one["role"] for one in made] == ["assistant", "tool", "tool", "user", "user"]
    assert made[1] == first | {"content": [SEEN]}
    assert [part["type"] for part in made[2]["content"]] == ["text"]
    assert made[3]["content"] == [IMAGE, IMAGE] and made[4] == after
    assert sent([CALLED, first], provider=provider, spoken=spoken)[-1] == {"role": "user", "content": [IMAGE]}


def test_what_callers_of_this_format_send_to_a_server_of_theirs_goes_as_it_came() -> None:
    messages = [CALLED, {"role": "tool", "tool_call_id": "a", "content": [IMAGE]}]
    assert sent(messages, provider="openai_compatible", spoken="openai") == messages


def test_marks_of_anthropics_cache_go_to_those_alone_who_may_know_them() -> None:
    marked = {"role": "system", "content": [SEEN | {"cache_control": {"type": "ephemeral"}}]}
    assert sent([marked]) == [{"role": "system", "content": [SEEN]}]
    assert sent([marked], provider="openrouter") == [marked]


@pytest.mark.parametrize("strict", [True, False])
def test_a_tool_of_anthropics_format_keeps_whether_it_is_strict_and_no_mark(strict: bool) -> None:
    function = {"name": "look", "parameters": {"type": "object", "additionalProperties": False}}
    asked = request(tools=[{"type": "function", "function": function, "strict": strict, "cache_control": {"type": "ephemeral"}}])
    body = OpenAIWire().body(asked.model_copy(update={"spoken": "anthropic"}))
    assert body["tools"] == [{"type": "function", "function": {**function, "strict": strict}}]
    assert asked.settings["tools"][0]["function"] == function, "the record keeps it as it came"


@pytest.mark.capability("E2", "E4")
@pytest.mark.parametrize(
    ("provider", "top_k", "told"),
    [
        *((one, 3, 3) for one in ("vllm", "openrouter", "google", "bedrock")),
        *((one, 3, None) for one in ("openai", "openai_compatible", "azure", "mistral", "cohere")),
        ("vllm", "3", None),
        ("vllm", True, None),
    ],
)
def test_top_k_of_anthropics_format_reaches_who_knows_it(provider: str, top_k: Any, told: int | None) -> None:
    asked = request()
    route = asked.route.model_copy(update={"provider": provider})
    extra = {"top_k": top_k, "inference_geo": "us"}
    body = OpenAIWire().body(asked.model_copy(update={"spoken": "anthropic", "extra": extra, "route": route}))
    assert body.get("top_k") == told and "inference_geo" not in body
