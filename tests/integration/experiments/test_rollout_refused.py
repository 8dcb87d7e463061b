"""Why a policy did not begin the rollout of a suggestion is kept with the suggestion (PRODUCT O6, X3)."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.optimization.rollout_by_policy import RolloutStarter
from burnish_shared.db.migrate import migrate
from burnish_shared.ids import new_uuid
from tests.embedded.databases import Cluster
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.execution.test_executions import books
from tests.integration.experiments.lives import SLUG, started, two_versions
from tests.integration.experiments.lives import body as an_experiment
from tests.integration.experiments.test_drafted_elsewhere import suggested

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O6", "X3")]

POLICY = {"rollout_policy": {"rollout": {"steps": [0.1, 1.0], "bake_s": 60}}}


async def refused(caller: Caller, suggestion: str) -> Any:
    """The suggestion, once the policy tried it."""
    async with asyncio.timeout(60):
        while True:
            told = (await caller("GET", f"/v1/suggestions/{suggestion}")).body
            if told["rollout_refused"] is not None:
                return told
            assert told["status"] == "open", told
            await asyncio.sleep(0.2)


async def in_audit(caller: Caller) -> list[dict[str, Any]]:
    return list((await caller("GET", "/v1/audit?action=suggestion.rollout_refused")).body["data"])


async def an_experiment_runs(stack: Stack, caller: Caller) -> str:
    await started(caller, an_experiment())
    return "Shorter"


async def production_moved(stack: Stack, caller: Caller) -> str:
    assert (await caller("PUT", f"/v1/prompts/{SLUG}/labels/production", {"version": 2})).status == 200
    return "production names version 2"


async def production_is_protected(stack: Stack, caller: Caller) -> str:
    await books(stack, "UPDATE workspaces SET protected_labels = '{production}' WHERE workspace_id = $1", caller.workspace.workspace_id)
    return "protected"


@pytest.mark.parametrize("stands_against", [an_experiment_runs, production_moved, production_is_protected])
async def test_a_suggestion_says_why_its_policy_did_not_roll_it_out(stack: Stack, caller: Caller, stands_against: Any) -> None:
    await two_versions(caller)
    words = await stands_against(stack, caller)
    suggestion = await suggested(stack, caller)
    assert (await caller("GET", f"/v1/suggestions/{suggestion}")).body["rollout_refused"] is None, "nobody has tried it"
    assert (await caller("PUT", "/v1/experiments/settings", POLICY)).status == 200
    told = await refused(caller, suggestion)
    why = told["rollout_refused"]
    assert (told["status"], told["experiment_id"], why["code"]) == ("open", None, "conflict"), told
    assert words in why["message"] and why["at"] > told["created_at"]
    [entry] = await in_audit(caller)
    assert entry["after"] == {"why": f"{why['code']}: {why['message']}"}
    [listed] = (await caller("GET", f"/v1/suggestions?prompt={SLUG}")).body["data"]
    assert listed["rollout_refused"] == why
    other = await stack.caller()
    assert (await other("GET", f"/v1/suggestions/{suggestion}")).status == 404


async def costs(stack: Stack, suggestion: str, *, times: float) -> None:
    evidence = json.dumps({"cost": {"baseline_nusd": 1000, "candidate_nusd": round(1000 * times)}})
    await books(stack, "UPDATE suggestions SET evidence = evidence || $2::jsonb WHERE suggestion_id = $1", UUID(suggestion), evidence)


async def test_no_rollout_begins_that_the_evidence_dooms(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    suggestion = await suggested(stack, caller)
    await costs(stack, suggestion, times=3)
    assert (await caller("PUT", "/v1/experiments/settings", POLICY)).status == 200
    told = await refused(caller, suggestion)
    why = told["rollout_refused"]
    assert (told["status"], told["experiment_id"], why["code"]) == ("open", None, "would_be_taken_back"), told
    assert "cost 200% more than before" in why["message"] and "lets a rollout cost 20% more" in why["message"]
    [entry] = await in_audit(caller)
    assert entry["after"]["why"].startswith("would_be_taken_back: ")
    assert (await caller("GET", "/v1/experiments")).body["data"] == [], "nothing was drafted either"
    accepted = await caller("POST", f"/v1/suggestions/{suggestion}/accept", {"rollout": "guarded"})
    assert accepted.status == 200 and accepted.body["experiment_id"], "who knows better may"


async def test_a_policy_whose_guardrails_allow_it_begins_a_dear_one(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    suggestion = await suggested(stack, caller)
    await costs(stack, suggestion, times=3)
    wide = {"rollout_policy": POLICY["rollout_policy"] | {"guardrails": [{"metric": "cost_nusd", "margin": 4.0, "relative": True}]}}
    assert (await caller("PUT", "/v1/experiments/settings", wide)).status == 200
    async with asyncio.timeout(60):
        while not (running := (await caller("GET", "/v1/experiments?status=running")).body["data"]):
            assert (await caller("GET", f"/v1/suggestions/{suggestion}")).body["rollout_refused"] is None
            await asyncio.sleep(0.2)
    assert running[0]["suggestion_id"] == suggestion


async def test_why_stays_readable_when_somebody_decides_otherwise(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    await started(caller, an_experiment())
    suggestion = await suggested(stack, caller)
    assert (await caller("PUT", "/v1/experiments/settings", POLICY)).status == 200
    why = (await refused(caller, suggestion))["rollout_refused"]
    accepted = await caller("POST", f"/v1/suggestions/{suggestion}/accept", {"label": None})
    assert accepted.status == 200, accepted.body
    told = (await caller("GET", f"/v1/suggestions/{suggestion}")).body
    assert (told["status"], told["rollout_refused"]) == ("accepted", why)


async def test_a_suggestion_that_was_refused_before_the_upgrade_says_why_too(postgres: Cluster) -> None:
    urls = await postgres.clone()
    workspace, prompt, suggestion, untold = new_uuid(), new_uuid(), new_uuid(), new_uuid()
    why = "conflict: The experiment 'Shorter' runs on this label."
    try:
        await asyncio.to_thread(migrate, urls["owner"], target="0083", down=True)
        async with as_superuser(urls["superuser"]) as connection:
            await connection.execute("SET session_replication_role = replica")  # what a suggestion refers to is not what is tested
            for one, tried in ((suggestion, True), (untold, False)):
                await connection.execute(
                    f"""INSERT INTO burnish.suggestions (suggestion_id, workspace_id, prompt_id, slug, base_version, job_id, content,
                                                        evidence, policy_tried_at)
                        VALUES ($1, $2, $3, 'p', 1, $4, '{{}}', '{{}}', {"now()" if tried else "NULL"})""",
                    one, workspace, prompt, new_uuid(),
                )  # fmt: skip
            for action, after in (("suggestion.rollout_refused", {"why": why}), ("suggestion.other", {"why": "another"})):
                await connection.execute(
                    """INSERT INTO burnish.audit_log (audit_id, workspace_id, actor, action, object_kind, object_id, after)
                       VALUES ($1, $2, 'system:rollout_policy', $3, 'suggestion', $4, $5::jsonb)""",
                    new_uuid(), workspace, action, str(suggestion), json.dumps(after),
                )  # fmt: skip
        await asyncio.to_thread(migrate, urls["owner"])
        async with as_superuser(urls["superuser"]) as connection:
            rows = await connection.fetch("SELECT suggestion_id, policy_refused FROM burnish.suggestions")
        assert {row["suggestion_id"]: row["policy_refused"] for row in rows} == {suggestion: why, untold: None}
    finally:
        await postgres.drop(urls)


async def test_a_wider_policy_tries_what_the_one_before_did_not_begin(stack: Stack, caller: Caller) -> None:
    """Also where it is said by somebody else; the same policy once more tries nothing again."""
    await two_versions(caller)
    suggestion = await suggested(stack, caller)
    await costs(stack, suggestion, times=1.5)
    assert (await caller("PUT", "/v1/experiments/settings", POLICY)).status == 200
    await refused(caller, suggestion)
    assert (await caller("PUT", "/v1/experiments/settings", POLICY | {"min_samples": 120})).status == 200
    assert (await caller("GET", f"/v1/suggestions/{suggestion}")).body["rollout_refused"] is not None
    wider = {"metric": "cost_nusd", "margin": 4.0, "relative": True}
    policy = {"rollout_policy": POLICY["rollout_policy"] | {"guardrails": [wider]}}
    put = await caller("PUT", "/v1/experiments/settings", policy)
    assert put.status == 200, put.body
    async with asyncio.timeout(60):
        while (told := (await caller("GET", f"/v1/suggestions/{suggestion}")).body)["status"] == "open":
            await asyncio.sleep(0.2)
    assert told["experiment_id"] is not None and told["rollout_refused"] is None, told
    assert len(await in_audit(caller)) == 1


async def test_a_policy_that_is_set_while_the_one_before_is_refused_tries_all_the_same(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_versions(caller)
    suggestion = await suggested(stack, caller)
    await costs(stack, suggestion, times=1.5)
    wider = POLICY["rollout_policy"] | {"guardrails": [{"metric": "cost_nusd", "margin": 4.0, "relative": True}]}
    notes, was_set = RolloutStarter.note_refused, asyncio.Event()

    async def once_another_is_set(self: RolloutStarter, tx: Any, workspace_id: UUID, what: UUID, *, why: str) -> None:
        if str(what) == suggestion and not was_set.is_set():
            assert (await caller("PUT", "/v1/experiments/settings", {"rollout_policy": wider})).status == 200
            was_set.set()
        await notes(self, tx, workspace_id, what, why=why)

    monkeypatch.setattr(RolloutStarter, "note_refused", once_another_is_set)
    assert (await caller("PUT", "/v1/experiments/settings", POLICY)).status == 200
    async with asyncio.timeout(60):
        await was_set.wait()
        while (told := (await caller("GET", f"/v1/suggestions/{suggestion}")).body)["status"] == "open":
            assert told["rollout_refused"] is None, told
            await asyncio.sleep(0.2)
    assert told["experiment_id"] is not None and await in_audit(caller) == []


async def test_why_stays_with_a_suggestion_that_is_too_old_to_be_tried_again(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    suggestion = await suggested(stack, caller)
    await costs(stack, suggestion, times=3)
    assert (await caller("PUT", "/v1/experiments/settings", POLICY)).status == 200
    why = (await refused(caller, suggestion))["rollout_refused"]
    await books(stack, "UPDATE suggestions SET created_at = now() - interval '8 days' WHERE suggestion_id = $1", UUID(suggestion))
    other = {"rollout_policy": {"rollout": {"steps": [0.2, 1.0], "bake_s": 60}}}
    assert (await caller("PUT", "/v1/experiments/settings", other)).status == 200
    assert (await caller("GET", f"/v1/suggestions/{suggestion}")).body["rollout_refused"] == why


async def an_evaluator(stack: Stack, caller: Caller) -> str:
    """As it is kept: no optimizer runs here that would check settings."""
    evaluator_id = new_uuid()
    await books(
        stack,
        """INSERT INTO evaluators (evaluator_id, workspace_id, name, kind, settings, created_by)
           VALUES ($1, $2, 'polite', 'contains', '{"kind": "contains", "phrases": ["please"]}', 'test')""",
        evaluator_id, caller.workspace.workspace_id,
    )  # fmt: skip
    return str(evaluator_id)


@pytest.mark.capability("F4")
async def test_a_policy_guarded_by_an_evaluator_begins_only_where_it_scores_the_prompt(stack: Stack, caller: Caller) -> None:
    """And names its newest version each time. What is not scored is not rolled out without its guardrail."""
    await two_versions(caller)
    evaluator_id = await an_evaluator(stack, caller)
    suggestion = await suggested(stack, caller)
    guards = [{"metric": f"evaluator:{evaluator_id}", "least": 0.7}, {"metric": "error_rate", "margin": 0.02}]
    policy = {"rollout_policy": POLICY["rollout_policy"] | {"guardrails": guards, "metric": f"evaluator:{evaluator_id}"}}
    kept = await caller("PUT", "/v1/experiments/settings", policy)
    assert kept.status == 200, kept.body
    told = kept.body["rollout_policy"]
    assert (told["metric"], told["guardrails"][0]["metric"]) == (f"evaluator:{evaluator_id}",) * 2, "of the newest version"
    assert [(one["least"], one["margin"]) for one in told["guardrails"]] == [(0.7, 1.0), (None, 0.02)]
    why = (await refused(caller, suggestion))["rollout_refused"]
    assert why["code"] == "not_scored" and f"evaluator 'polite' takes '{SLUG}'" in why["message"], why
    by_hand = await caller("POST", f"/v1/suggestions/{suggestion}/accept", {"rollout": {"guardrails": guards}})
    assert (by_hand.status, by_hand.body["error"]["code"]) == (409, "not_scored"), by_hand.body
    assert (await caller("GET", "/v1/experiments")).body["data"] == []

    live = await caller("POST", "/v1/live-evaluations", {"evaluator_id": evaluator_id, "prompts": [SLUG]})
    assert live.status == 201, live.body
    await books(stack, "UPDATE evaluators SET version = 3 WHERE evaluator_id = $1", UUID(evaluator_id))
    changed = {"rollout_policy": policy["rollout_policy"] | {"rollout": {"steps": [0.2, 1.0], "bake_s": 60}}}
    assert (await caller("PUT", "/v1/experiments/settings", changed)).status == 200
    async with asyncio.timeout(60):
        while not (running := (await caller("GET", "/v1/experiments?status=running")).body["data"]):
            await asyncio.sleep(0.2)
    [one] = running
    metric = f"evaluator:{evaluator_id}@3"
    assert (one["suggestion_id"], one["metric"]) == (suggestion, metric)
    assert [(it["metric"], it["least"]) for it in one["guardrails"]] == [(metric, 0.7), ("error_rate", None)]


@pytest.mark.capability("F4")
async def test_a_policy_says_which_evaluator_is_not_there(stack: Stack, caller: Caller) -> None:
    evaluator_id = await an_evaluator(stack, caller)

    async def faulty(**changed: Any) -> str:
        answer = await caller("PUT", "/v1/experiments/settings", {"rollout_policy": changed})
        assert answer.status == 422, answer.body
        return str(answer.body["error"]["param"])

    assert await faulty(metric=f"evaluator:{new_uuid()}") == "rollout_policy.metric"
    assert await faulty(metric="metric:stars") == "rollout_policy.metric"
    assert await faulty(guardrails=[{"metric": f"evaluator:{new_uuid()}", "margin": 0.1}]) == "rollout_policy.guardrails[0].metric"
    assert await faulty(guardrails=[{"metric": f"evaluator:{evaluator_id}"}]) == "rollout_policy.guardrails[0].margin"
    for guard in ({"margin": 0.1, "least": 0.5}, {"relative": True, "least": 0.5}, {"least": 1.5}):
        assert (await faulty(guardrails=[{"metric": f"evaluator:{evaluator_id}"} | guard])).endswith("guardrails[0].least"), guard
    assert await faulty(guardrails=[{"metric": "error_rate", "least": 0.5}]) == "rollout_policy.guardrails[0].least"
    await books(stack, "UPDATE evaluators SET archived_at = now() WHERE evaluator_id = $1", UUID(evaluator_id))
    assert await faulty(guardrails=[{"metric": f"evaluator:{evaluator_id}", "least": 0.5}]) == "rollout_policy.guardrails[0].metric"
