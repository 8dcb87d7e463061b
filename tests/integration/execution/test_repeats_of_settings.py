"""What was set up is answered again by its key, though what it names has changed so that the same call is refused by now."""

from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.bundle import routes as bundle_routes
from burnish_shared.egress import Egress
from burnish_shared.errors import InvalidField
from tests.embedded.stack import Caller, Stack
from tests.integration.billing.money import books, ok

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-02"), pytest.mark.capability("K1")]

PRICED = {
    "provider": "lab", "upstream_model": "m", "context_tokens": 1_000, "output_tokens": 10, "input_price_nusd_per_million": 1,
    "output_price_nusd_per_million": 1,
}  # fmt: skip
STEPS = {"steps": [{"id": "only", "prompt": "leaving"}]}
JUDGE = {"kind": "llm_judge", "model": "own/judge", "rubric": "Is it kind?"}


def calls_of(address: str) -> dict[str, dict[str, Any]]:
    return {
        "/v1/chains": {"slug": "flow", **STEPS},
        "/v1/chains/there/versions": {**STEPS, "message": "more", "base_version": 1},
        "/v1/evaluators": {"name": "kind", "settings": JUDGE},
        "/v1/experiments": {
            "name": "ab", "prompt": "kept", "unit": "session", "metric": "satisfaction",
            "arms": [{"name": "a", "version": 1, "share": 0.5}, {"name": "b", "model": "own/judge", "share": 0.5}],
        },
        "/v1/marketplace": {"prompt": "leaving", "visibility": "organization"},
        "/v1/templates": {"prompt": "leaving"},
        "/v1/models": {"model": "own/other", "base_url": address, **PRICED},
        "/v1/webhooks/endpoints": {"url": address, "events": ["*"]},
        "/v1/alert-channels": {"name": "s", "kind": "slack", "url": address},
        "/v1/provider-keys": {"provider": "openai_compatible", "name": "k", "key": "sk-0123456789abcdef", "base_url": address},
        "/prompts": {"id": "theirs", "name": "theirs", "template": "Say {text}", "model": "own/judge"},
    }  # fmt: skip


async def test_a_repeat_is_answered_though_the_same_call_would_be_refused_by_now(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = calls_of(stack.simulator + "/v1")
    model = {"model": "own/judge", "base_url": stack.simulator + "/v1", **PRICED}
    assert (await caller("POST", "/v1/models", model)).status == 201
    for slug in ("leaving", "kept"):
        made = await caller("POST", "/v1/prompts", {"slug": slug, "template": "Say hello.", "model": "simulated/chat"})
        assert made.status == 201, made.body
    assert (await caller("POST", "/v1/chains", {"slug": "there", "steps": [{"id": "x", "prompt": "kept"}]})).status == 201
    first = {path: await caller("POST", path, body, headers={"idempotency-key": "lost"}) for path, body in calls.items()}
    assert {one.status for one in first.values()} == {201}, {
        path: one.body["error"]["message"] for path, one in first.items() if one.status != 201
    }

    async def refused(*_: Any, **__: Any) -> Any:
        raise InvalidField("url: its host is not found any more.", param="url")

    monkeypatch.setattr(Egress, "check", refused)
    for chain in ("flow", "there"):
        assert (await caller("PATCH", f"/v1/chains/{chain}", {"archived": True})).status == 200
    assert (await caller("POST", "/v1/prompts/leaving/archive")).status == 200
    assert (await caller("POST", "/v1/models/own/judge/retire", {})).status == 200
    for path, body in calls.items():
        anew = await caller("POST", path, body, headers={"idempotency-key": "another"})
        assert anew.status in (404, 409, 422), (path, anew.status, anew.body)
        again = await caller("POST", path, body, headers={"idempotency-key": "lost"})
        assert (again.status, again.headers.get("idempotent-replayed"), again.raw) == (201, "true", first[path].raw), (path, again.body)
        other = await caller("POST", path, body | {"name": "Other"}, headers={"idempotency-key": "lost"})
        assert other.status == 422, (path, other.body)


async def test_a_repeat_of_what_was_brought_in_tried_or_started_is_answered_too(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace_id = caller.workspace.workspace_id
    await ok(caller("POST", "/v1/prompts", {"slug": "told", "template": "Say hello.", "model": "simulated/chat"}), 201)
    await ok(caller("POST", "/v1/prompts/told/versions", {"template": "Say hi.", "model": "simulated/chat", "base_version": 1}), 201)
    arms = [{"name": "a", "version": 1, "share": 0.5}, {"name": "b", "version": 2, "share": 0.5}]
    draft = await ok(
        caller("POST", "/v1/experiments", {"name": "ab", "prompt": "told", "unit": "session", "metric": "satisfaction", "arms": arms}), 201
    )
    mapping = {"score": "data.rating", "execution_id": "data.call"}
    inbound = await ok(caller("POST", "/v1/inbound-endpoints", {"name": "survey", "mapping": mapping}), 201)
    calls: dict[str, dict[str, Any]] = {
        "/v1/import": await ok(caller("GET", "/v1/export?scope=prompts")),
        "/v1/clarifications/import": {"opt_sessions": [{"id": "s-1", "initial_prompt": "Answer customers."}]},
        "/v1/inbound-endpoints/try": {"inbound_id": inbound["id"], "payload": {"data": {"rating": 1}}},
        f"/v1/experiments/{draft['id']}/start": {},
    }
    first = {path: await caller("POST", path, body, headers={"idempotency-key": "lost"}) for path, body in calls.items()}
    assert {one.status for one in first.values()} == {200}, {path: one.body for path, one in first.items()}

    async def refused(*_: Any, **__: Any) -> Any:
        raise InvalidField("evaluators[0]: its model is retired.", param="evaluators[0]")

    monkeypatch.setattr(bundle_routes, "check_newest", refused)
    assert (await caller("PATCH", f"/v1/workspaces/{workspace_id}", {"store_content": False})).status == 200
    assert (await caller("DELETE", f"/v1/inbound-endpoints/{inbound['id']}")).status == 200
    await books(stack, "DELETE FROM experiment_arms WHERE experiment_id = $1", UUID(draft["id"]))
    await books(stack, "DELETE FROM experiments WHERE experiment_id = $1", UUID(draft["id"]))
    for path, body in calls.items():
        anew = await caller("POST", path, body, headers={"idempotency-key": "another"})
        assert anew.status in (404, 409, 422), (path, anew.status, anew.body)
        again = await caller("POST", path, body, headers={"idempotency-key": "lost"})
        assert (again.status, again.headers.get("idempotent-replayed"), again.raw) == (200, "true", first[path].raw), (path, again.body)
