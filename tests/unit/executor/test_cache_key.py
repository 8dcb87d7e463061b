"""What makes two requests the same for the cache, and what the cache keeps of an answer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from burnish_executor.core.cache_key import CLAIM, PROMPT, ROUTE, cache_key
from burnish_executor.core.kept_answer import MOST_CHARACTERS, KeptAnswer, hit_of, kept
from burnish_shared.contracts.executions import CacheUse, Caller, ExecutionRequest, Lane, Outcome, Price, PromptRef, Route, Status, Usage
from burnish_shared.contracts.experiments import ExperimentPart
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("E10")

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICE = Price(version="1", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
ROUTED = Route(model="own/one", provider="lab", upstream_model="one", base_url="http://127.0.0.1:9/v1", price=PRICE)
TENANT, PROMPT_ID = new_uuid(), new_uuid()


def _request(**changes: Any) -> ExecutionRequest:
    facts: dict[str, Any] = {
        "execution_id": new_uuid(), "workspace_id": TENANT, "lane": Lane.INTERACTIVE, "fence": 1, "hold_nusd": 1,
        "deadline_at": NOW + timedelta(seconds=60), "account_ids": [1], "route": ROUTED,
        "messages": [{"role": "user", "content": "Hello."}],
        "settings": {"max_tokens": 10, "temperature": 0}, "sent_at": NOW, "cache": CacheUse(ttl_s=60),
        "prompt": PromptRef(prompt_id=PROMPT_ID, slug="greet", version=1, label="production"),
    }  # fmt: skip
    return ExecutionRequest(**(facts | changes))


def _outcome(request: ExecutionRequest, **changes: Any) -> Outcome:
    facts: dict[str, Any] = {
        "status": Status.SUCCESS, "id": request.execution_id, "output": "Hi.", "prompt": "greet", "version": 1, "model": "own/one",
        "provider": "lab", "finish_reason": "stop", "usage": Usage(input_tokens=5, output_tokens=2, source="provider"), "cost_nusd": 70,
        "latency_ms": 10, "first_token_ms": None, "simulated": False,
    }  # fmt: skip
    return Outcome(**(facts | changes))


@pytest.mark.promise("E-08")
@pytest.mark.parametrize(
    "changes",
    [
        {"workspace_id": new_uuid()},
        {"prompt": PromptRef(prompt_id=PROMPT_ID, slug="greet", version=2)},
        {"prompt": PromptRef(prompt_id=new_uuid(), slug="greet", version=1)},
        {"prompt": None},
        {"messages": [{"role": "user", "content": "Hello!"}]},
        {"messages": [{"role": "system", "content": "Hello."}]},
        {"settings": {"max_tokens": 10, "temperature": 0.1}},
        {"settings": {"max_tokens": 11, "temperature": 0}},
        {"settings": {"max_tokens": 10, "temperature": 0, "seed": 1}},
        {"output_format": "json"},
        {"route": ROUTED.model_copy(update={"model": "own/two"})},
        {"route": ROUTED.model_copy(update={"upstream_model": "two"})},
        {"route": ROUTED.model_copy(update={"provider": "lab_2"})},
        {"route": ROUTED.model_copy(update={"base_url": "http://127.0.0.1:10/v1"})},
        {"route": ROUTED.model_copy(update={"simulated": True})},
    ],
)
def test_whatever_decides_an_answer_is_part_of_the_key(changes: dict[str, Any]) -> None:
    assert cache_key(_request(**changes)) != cache_key(_request())


@pytest.mark.parametrize(
    "changes",
    [
        {"lane": Lane.BACKGROUND, "fence": 7, "deadline_at": NOW + timedelta(days=1), "hold_nusd": 9, "account_ids": [4, 5]},
        {"caller": Caller(user_id="ada", session_id="s", app="a", metadata={"x": 1}, api_key_id=str(new_uuid()))},
        {"stream": True, "timeout_s": 1.0, "request_id": "r", "traceparent": "t", "hops": 2, "sent_at": NOW + timedelta(seconds=1)},
        {"prompt": PromptRef(prompt_id=PROMPT_ID, slug="greet", version=1, label="staging")},
        {"settings": {"temperature": 0, "max_tokens": 10}},
        {"cache": CacheUse(ttl_s=5)},
        {"experiment": ExperimentPart(experiment_id=new_uuid(), arm="control", epoch=2, unit="user:ada", latency_limit_ms=900)},
        {"route": ROUTED.model_copy(update={"keys": "own", "markup_percent": 3, "price": PRICE.model_copy(update={"version": "2"})})},
    ],
)
def test_who_asks_and_how_it_is_paid_and_told_is_not(changes: dict[str, Any]) -> None:
    assert cache_key(_request(**changes)) == cache_key(_request())


def test_a_field_that_nobody_thought_of_keeps_answers_apart() -> None:
    """Every field of a request is in the key but those that are named: a later one can cost hits, and never give away an answer."""
    named = set(CLAIM)
    assert {"workspace_id", "prompt", "route", "messages", "settings", "output_format"} <= set(ExecutionRequest.model_fields) - named
    assert {"model", "provider", "upstream_model", "base_url"} <= set(Route.model_fields) - set(ROUTE)
    assert {"prompt_id", "version"} == set(PromptRef.model_fields) - set(PROMPT)


def test_a_hit_is_free_marked_and_says_what_the_answer_said() -> None:
    request = _request(settings={"response_format": {"type": "json_object"}})
    answer = kept(_outcome(request, output='{"a": 1}'), request)
    assert answer is not None
    hit = hit_of(_request(settings=request.settings, stream=True), answer, latency_s=0.002)
    assert (hit.output, hit.output_json, hit.cached, hit.cost_nusd, hit.finish_reason) == ('{"a": 1}', {"a": 1}, True, 0, "stop")
    assert (hit.usage.input_tokens, hit.usage.output_tokens, hit.key_source, hit.attempts) == (0, 0, None, [])
    assert (hit.first_token_ms, hit.latency_ms) == (2, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.ERROR},
        {"cached": True},
        {"finish_reason": "content_filter"},
        {"finish_reason": None},
        {"model": "own/fallback"},
        {"output": "x" * MOST_CHARACTERS},
    ],
)
def test_what_the_same_request_would_not_get_again_is_not_kept(changes: dict[str, Any]) -> None:
    request = _request()
    assert kept(_outcome(request), request) == KeptAnswer(output="Hi.", finish_reason="stop")
    assert kept(_outcome(request, **changes), request) is None


def test_ids_of_executions_do_not_matter() -> None:
    assert cache_key(_request(execution_id=UUID(int=1))) == cache_key(_request(execution_id=UUID(int=2)))
