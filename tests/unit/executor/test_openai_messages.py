"""Messages as providers of OpenAI's format take them."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

import pytest

from burnish_executor.core.openai_messages import messages_for
from burnish_shared.contracts.executions import ExecutionRequest, Lane, Price, Route

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
