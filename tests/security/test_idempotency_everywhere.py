"""`Idempotency-Key` on every POST of the OpenAPI document (PRODUCT, doors): one effect, the same bytes again, another body refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.embedded.stack import Answer
from tests.embedded.superuser import as_superuser
from tests.security.conftest import World
from tests.security.tenants import Tenant, make_tenant
from tests.security.world import COMMENTED, UNKEYED, Route, as_usual, bodies

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-02", "G-03", "G-04")]

READS = {"POST /v1/prompts/{slug}/render", "POST /v1/responses/input_tokens", "POST /v1/messages/count_tokens"}
"""POSTs that change nothing: repeating them is harmless with and without a key."""

DECIDED = {"POST /v1/suggestions/{suggestion_id}/reject"}
"""The one suggestion is accepted just before; it is accepted and rejected by the same code."""

OTHERWISE: dict[str, dict[str, Any]] = {
    "POST /v1/executions": {"variables": {"name": "Bob"}},
    "POST /v1/executions/compare": {"variables": {"name": "Bob"}},
    "POST /v1/batches": {"name": "other"},
    "POST /v1/batches/estimate": {"name": "other"},
    "POST /v1/messages/batches": {"name": "other"},
    "POST /v1/clarifications/import": {"opt_feedback": [{"rating": 1}]},
    "POST /v1/enrichments": {"content": "other"},
    "POST /v1/enrichments/batch": {"items": [{"content": "other"}]},
    "POST /start_optimization": {"selections": {}},
    "POST /submit_answer": {"answers": [{"question_id": "q1_1", "answer": "others"}]},
    "POST /generate_final_prompt": {"theirs": 1},
    "POST /submit_feedback": {"rating": 1},
    "POST /prompts": {"name": "Other"},
    "POST /test-set": {"items": [{"ticket": "other", "expected": "b"}]},
    "POST /prompt-executor": {"input_data": {"name": "Bob"}},
    "POST /analyze-chat": {"messages": [{"role": "user", "content": "other"}]},
    "POST /enrich-content": {"content": "other"},
    "POST /functions/v1/prompt-executor": {"input_data": {"name": "Bob"}},
    "POST /functions/v1/analyze-chat": {"messages": [{"role": "user", "content": "other"}]},
    "POST /functions/v1/enrich-content": {"content": "other"},
    "POST /suggest": {"metrics": {"overall_accuracy": 0.25}},
    "POST /v1/clarifications": {"selections": {}},
    "POST /v1/clarifications/{clarification_id}/answers": {"answers": [{"question_id": "q1_1", "answer": "others"}]},
    "POST /v1/clarifications/{clarification_id}/feedback": {"rating": 1},
    "POST /v1/clarifications/{clarification_id}/save": {"message": "other"},
    "POST /v1/chains": {"description": "other"},
    "POST /v1/chains/{slug}/versions": {"message": "other"},
    "POST /v1/chains/{slug}/runs": {"variables": {"name": "Bob"}},
    "POST /v1/files": {"variables": {"name": "Bob"}},
    "POST /v1/chat/completions": {"messages": [{"role": "user", "content": "y"}]},
    "POST /v1/completions": {"prompt": "y"},
    "POST /v1/embeddings": {"input": "y"},
    "POST /v1/responses": {"input": "y"},
    "POST /v1/chat/completions/{completion_id}": {"metadata": {"trip": "8"}},
    "POST /v1/messages": {"messages": [{"role": "user", "content": "y"}]},
    "POST /v1/models": {"notes": "other"},
    "POST /v1/platform-models/known": {"provider": "groq"},
    "POST /v1/routing/explain": {"model": "simulated/writer"},
    "POST /v1/models/{model}/retire": {"sunset_at": "2101-01-01T00:00:00Z"},
    "POST /v1/prompts": {"description": "other"},
    "POST /v1/prompts/{slug}/versions": {"temperature": 0.25},
    "POST /v1/prompts/{slug}/purge": {"confirm": "other"},
    "POST /v1/prompts/{slug}/versions/{version}/compress": {"message": "other"},
    "POST /v1/prompts/{slug}/branches": {"branch": "other"},
    "POST /v1/prompts/{slug}/merge": {"message": "other"},
    "POST /v1/prompts/{slug}/versions/{version}/cherry-pick": {"message": "other"},
    "POST /v1/prompts/{slug}/versions/{version}/copy": {"name": "other"},
    "POST /v1/prompts/{slug}/versions/{version}/review/send-back": {"comment": "other"},
    "POST /v1/prompts/{slug}/comments": {"body": "other"},
    **{f"POST {path}/comments": {"body": "other"} for path in COMMENTED},
    "POST /v1/inbox/read": {"read": False},
    "POST /v1/execution-groups/{group_key}/prompt": {"name": "other"},
    "POST /v1/datasets": {"name": "other"},
    "POST /v1/evaluators": {"name": "other", "settings": {"kind": "exact"}},
    "POST /v1/evaluators/try": {"settings": {"kind": "exact"}, "output": "other"},
    "POST /v1/evaluators/{evaluator_id}/try": {"output": "other"},
    "POST /v1/evaluators/{evaluator_id}/versions": {"message": "other"},
    "POST /v1/live-evaluations": {"sample": 0.75},
    "POST /v1/scorings": {"newest": 2},
    "POST /v1/scorings/forecast": {"newest": 2},
    "POST /v1/views": {"name": "other"},
    "POST /v1/guardrails": {"name": "other"},
    "POST /v1/guardrails/try": {"text": "other"},
    "POST /v1/datasets/preview": {"items": [{"question": "other", "answer": "b"}]},
    "POST /v1/datasets/{dataset_id}/items": {"items": [{"input": "other", "expected": "b"}]},
    "POST /v1/datasets/{dataset_id}/synthetic": {"count": 2},
    "POST /v1/datasets/{dataset_id}/items/from-executions": {"use_output": True},
    "POST /v1/datasets/from-failures": {"name": "others"},
    "POST /v1/test-runs": {"repeats": 2},
    "POST /v1/test-runs/forecast": {"repeats": 2},
    "POST /v1/optimizations": {"seed": 7},
    "POST /v1/optimizations/forecast": {"seed": 7},
    "POST /v1/prompts/{slug}/lineage/candidates/{candidate_id}/branch": {"branch": "other-bred"},
    "POST /v1/prompts/{slug}/lineage/candidates/{candidate_id}/copy": {"name": "other"},
    "POST /v1/experiments": {"name": "other"},
    "POST /v1/experiments/{experiment_id}/decide": {"reason": "other"},
    "POST /v1/experiments/backtests": {"inputs": 2},
    "POST /v1/experiments/backtests/forecast": {"inputs": 2},
    "POST /v1/optimization-schedules": {"minute": 7},
    "POST /v1/suggest": {"metrics": {"overall_accuracy": 0.5}},
    "POST /v1/model-migrations": {"margin": 0.5},
    "POST /v1/model-migrations/forecast": {"margin": 0.5},
    "POST /v1/generations/import": {"name": "other"},
    "POST /v1/generations/{line_id}/fork": {"name": "other"},
    "POST /v1/generations/{line_id}/restore": {"number": 1},
    "POST /v1/generations/{line_id}/snapshots": {"name": "other"},
    "POST /v1/suggestions/{suggestion_id}/accept": {"force": True},
    "POST /v1/alert-channels": {"name": "other"},
    "POST /v1/webhooks/endpoints": {"description": "other"},
    "POST /v1/webhooks/endpoints/{endpoint_id}/rotate-secret": {"overlap_hours": 2},
    "POST /v1/webhooks/endpoints/{endpoint_id}/replay": {"statuses": ["exhausted"]},
    "POST /v1/webhooks/endpoints/{endpoint_id}/dismiss": {"event_types": ["alert.*"]},
    "POST /v1/dead-letters/replay": {"consumer": "analytics_events"},
    "POST /v1/dead-letters/discard": {"consumer": "analytics_events"},
    "POST /v1/review": {"note": "other"},
    "POST /v1/review/claim": {"count": 2},
    "POST /v1/review/{review_id}/label": {"verdict": "bad"},
    "POST /v1/review/{review_id}/correct": {"expected": "other"},
    "POST /v1/review/{review_id}/skip": {"note": "other"},
    "POST /v1/api-keys": {"name": "other"},
    "POST /v1/inbound-endpoints": {"name": "other"},
    "POST /v1/inbound-endpoints/try": {"payload": {"s": "other", "liked": True}},
    "PATCH /v1/inbound-endpoints/{inbound_id}": {"name": "other"},
    "POST /v1/inbound-endpoints/{inbound_id}/rotate-secret": {"overlap_hours": 2},
    "POST /v1/marketplace": {"example": "other"},
    "POST /v1/templates": {"example": "other"},
    "POST /v1/import": {"datasets": []},
    "POST /v1/erasures": {"reason": "other"},
    "POST /v1/reports": {"to": "2026-11-19T00:00:00Z"},
    "POST /v1/analytics/recount": {"to": "2026-11-19T00:00:00Z"},
    "POST /v1/organizations": {"name": "other"},
    "POST /v1/invitations": {"email": "other@example.com"},
    "POST /v1/credits/grants": {"amount_nusd": 2},
    "POST /v1/credits/refunds": {"reason": "another"},
    "POST /v1/credits/adjustments": {"reason": "another"},
    "POST /v1/credits/moves": {"amount_nusd": 2},
    "POST /v1/workspaces/{workspace_id}/suspend": {"reason": "another"},
    "POST /v1/workspaces/{workspace_id}/resume": {"reason": "another"},
    "POST /v1/budgets": {"limit_nusd": 1},
    "POST /v1/provider-keys": {"name": "other"},
    "POST /v1/workspaces": {"name": "other"},
}
"""What makes another body of a route's body. A new POST fails the test until it stands here."""

REPLACES = {"POST /v1/feedback", "POST /v1/feedback/batch", "POST /v1/executions/import", "POST /v1/otlp/v1/traces"}
"""The key names the reaction: sent again with another body, it replaces the first (PROMISES A-03)."""

AT_ONCE = 4


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def delta(world: World) -> AsyncIterator[Tenant]:
    yield await make_tenant(world.stack, "delta")


async def test_a_repeated_post_has_one_effect_and_the_same_answer(world: World, delta: Tenant) -> None:
    """Sent a few times at once, then once more. A repeat that comes too early may be asked to wait, as long as it says so."""
    wrong: dict[str, Any] = {}
    for route in _posts(world):
        headers = {"idempotency-key": f"key-{uuid4()}"}
        answers = await asyncio.gather(*(_send(delta, route, headers=headers) for _ in range(AT_ONCE)))
        answers = [*answers, await _send(delta, route, headers=headers)]
        done = [one for one in answers if one.status != 409 or one.body["error"]["code"] != "idempotency_in_progress"]
        if not done or done[0].status >= 400 or len({(one.status, one.raw) for one in done}) != 1:
            wrong[route.name] = [(one.status, one.raw[:200]) for one in answers]
        elif route.name not in REPLACES and sum("idempotent-replayed" not in one.headers for one in done) != 1:
            wrong[route.name] = [one.headers.get("idempotent-replayed") for one in answers]
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


@pytest.mark.parametrize(
    ("name", "table"),
    [("POST /v1/chat/completions", "executions"), ("POST /v1/datasets", "datasets"), ("POST /v1/api-keys", "api_keys")],
)
async def test_fifty_at_once_with_one_key_have_one_effect(world: World, delta: Tenant, name: str, table: str) -> None:
    route = next(one for one in world.routes if one.name == name)
    headers, before = {"idempotency-key": f"key-{uuid4()}"}, await _count(world, delta, table)
    answers = await asyncio.gather(*(_send(delta, route, headers=headers) for _ in range(50)))
    done = [one for one in answers if one.status != 409]
    assert {one.status for one in done} <= {200, 201} and len({one.raw for one in done}) == 1
    assert {one.body["error"]["code"] for one in answers if one.status == 409} <= {"idempotency_in_progress"}
    assert all("retry-after" in one.headers for one in answers if one.status == 409)
    assert await _count(world, delta, table) == before + 1


async def test_the_same_key_with_another_body_is_refused(world: World, delta: Tenant) -> None:
    wrong: dict[str, Any] = {}
    for route in _posts(world):
        if not route.has_body or route.name in REPLACES:
            continue
        headers = {"idempotency-key": f"key-{uuid4()}"}
        first = await _send(delta, route, headers=headers)
        other = {**(bodies(delta.own)[route.name] or {}), **OTHERWISE[route.name]}
        again = as_usual(await delta.who_may(route)(route.method, route.url(delta.own), other, headers=headers))
        if first.status < 400 and (again.status != 422 or again.body["error"]["code"] != "idempotency_mismatch"):
            wrong[route.name] = (first.status, again.status, again.body)
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


async def test_the_same_body_spelled_otherwise_is_the_same_body(world: World, delta: Tenant) -> None:
    for path, body in (
        ("/v1/datasets", {"name": "spelled", "items": [{"input": "a", "expected": "b"}]}),
        ("/v1/executions", {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"}),
    ):
        headers = {"idempotency-key": "spelled"}
        first = await delta.admin("POST", path, body, headers=headers)
        otherwise = json.dumps(dict(reversed(body.items())), indent=2).encode()
        again = await delta.admin("POST", path, raw=otherwise, headers=headers)
        assert (again.status, again.body) == (first.status, first.body) and "idempotent-replayed" in again.headers, path


async def test_a_key_that_is_none_is_refused_by_name(world: World, delta: Tenant) -> None:
    wrong: dict[str, Any] = {}
    for route in _posts(world):
        answer = await _send(delta, route, headers={"idempotency-key": "two words"})
        if answer.status not in (400, 422) or "Idempotency-Key" not in answer.raw.decode():
            wrong[route.name] = (answer.status, answer.raw[:200])
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


async def _count(world: World, tenant: Tenant, table: str) -> int:
    async with as_superuser(world.stack.urls["superuser"]) as connection:
        counted: int = await connection.fetchval(
            f"SELECT count(*) FROM {table} WHERE workspace_id = $1", tenant.admin.workspace.workspace_id
        )
    return counted


def _posts(world: World) -> list[Route]:
    """Signing in and out has no Idempotency-Key: there is nobody yet whose keys these would be."""
    return [one for one in world.routes if one.method == "POST" and one.name not in READS | DECIDED and not UNKEYED & set(one.tags)]


async def _send(tenant: Tenant, route: Route, *, headers: dict[str, str]) -> Answer:
    own = tenant.own | {"slug": f"{tenant.own['slug']}-{route.path.count('/')}"} if route.path == "/v1/prompts" else tenant.own
    return as_usual(await tenant.who_may(route)(route.method, route.url(own), bodies(own).get(route.name), headers=headers))


async def test_the_same_body_for_another_object_is_another_request(world: World) -> None:
    caller = await world.stack.caller()
    for slug in ("one", "two"):
        body = {"slug": slug, "messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"}
        assert (await caller("POST", "/v1/prompts", body)).status == 201
    once, change = {"idempotency-key": "warmer"}, {"base_version": 1, "temperature": 0.5}
    assert (await caller("POST", "/v1/prompts/one/versions", change, headers=once)).status == 201
    other = await caller("POST", "/v1/prompts/two/versions", change, headers=once)
    assert (other.status, other.body["error"]["code"]) == (422, "idempotency_mismatch"), other.body
    assert (await caller("GET", "/v1/prompts/two")).body["latest_version"] == 1
