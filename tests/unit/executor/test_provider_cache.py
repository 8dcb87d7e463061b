"""What a prompt marks as the same in every call is named to providers that keep prefixes in a cache of their own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_executor.core.anthropic_request import body_of
from burnish_executor.core.openai_wire import OpenAIWire
from burnish_executor.core.provider_cache import EPHEMERAL
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, PromptRef, Route
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("E10")

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SYSTEM = {"role": "system", "content": "You are a desk with very long instructions."}
EXAMPLES = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
ASKED = {"role": "user", "content": "Where is my parcel?"}
TENANT, PROMPT = new_uuid(), PromptRef(prompt_id=new_uuid(), slug="desk", version=3)


def _request(messages: list[dict[str, Any]], count: int, *, provider: str = "anthropic", **changes: Any) -> ExecutionRequest:
    price = Price(version="1", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
    facts: dict[str, Any] = {
        "execution_id": new_uuid(), "workspace_id": TENANT, "lane": Lane.INTERACTIVE, "fence": 1, "hold_nusd": 1, "account_ids": [1],
        "deadline_at": NOW + timedelta(seconds=60), "sent_at": NOW, "messages": messages, "cacheable_messages": count, "prompt": PROMPT,
        "route": Route(model="m", provider=provider, upstream_model="m", base_url="http://127.0.0.1:9", price=price),
    }  # fmt: skip
    return ExecutionRequest(**(facts | changes))


def test_instructions_that_are_marked_are_a_block_that_anthropic_keeps() -> None:
    body = body_of(_request([SYSTEM, ASKED], 1))
    assert body["system"] == [{"type": "text", "text": SYSTEM["content"], "cache_control": EPHEMERAL}]
    assert body["messages"] == [{"role": "user", "content": ASKED["content"]}]


def test_the_mark_stands_at_the_end_of_what_is_the_same_in_every_call() -> None:
    body = body_of(_request([SYSTEM, *EXAMPLES, ASKED], 3))
    assert body["system"] == SYSTEM["content"]
    assert body["messages"][1]["content"] == [{"type": "text", "text": "Hello.", "cache_control": EPHEMERAL}]
    assert "cache_control" not in str(body["messages"][0]) + str(body["messages"][2])


@pytest.mark.parametrize("count", [0, 9])
def test_nothing_is_marked_where_nothing_is_said(count: int) -> None:
    assert "cache_control" not in str(body_of(_request([SYSTEM, ASKED], count)))


def test_marks_of_a_caller_on_instructions_reach_anthropic() -> None:
    parts = [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}, {"type": "text", "text": "Short."}]
    body = body_of(_request([{"role": "system", "content": parts}, ASKED], 0))
    assert body["system"] == parts


def test_what_is_sent_is_not_changed_in_the_request() -> None:
    request = _request([SYSTEM, ASKED], 1)
    body_of(request)
    assert request.messages == [SYSTEM, ASKED]


def test_openai_gets_one_key_for_all_calls_of_a_version_and_nobody_else_one() -> None:
    wire = OpenAIWire()
    key = wire.body(_request([SYSTEM, ASKED], 1, provider="openai"))["prompt_cache_key"]
    assert wire.body(_request([SYSTEM, EXAMPLES[0]], 1, provider="openai"))["prompt_cache_key"] == key and len(key) <= 64
    other = _request([SYSTEM, ASKED], 1, provider="openai", prompt=PROMPT.model_copy(update={"version": 4}))
    assert wire.body(other)["prompt_cache_key"] != key
    assert wire.body(_request([SYSTEM, ASKED], 1, provider="openai", workspace_id=new_uuid()))["prompt_cache_key"] != key
    assert "prompt_cache_key" not in wire.body(_request([SYSTEM, ASKED], 0, provider="openai"))
    assert "prompt_cache_key" not in wire.body(_request([SYSTEM, ASKED], 1, provider="lab"))  # a compatible server may refuse it
