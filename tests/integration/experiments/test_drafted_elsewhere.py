"""Experiments that come from suggestions, policies, bundles and source systems (PRODUCT X1, O6, P10)."""

import asyncio
import json
from uuid import UUID

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import books
from tests.integration.experiments.lives import SLUG, body, drafted, ramp, read, started, two_versions

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("X1")]


@pytest.mark.capability("O6")
async def test_an_accepted_suggestion_begins_a_guarded_rollout(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    suggestion = await suggested(stack, caller)
    accepted = await caller("POST", f"/v1/suggestions/{suggestion}/accept", {"rollout": "guarded"})
    assert accepted.status == 200 and accepted.body["label"] is None and accepted.body["version"] == 3, accepted.body
    assert (await caller("GET", f"/v1/prompts/{SLUG}/labels/production")).body["version"] == 1
    seen = await read(caller, accepted.body["experiment_id"])
    assert (seen["kind"], seen["status"], seen["suggestion_id"]) == ("rollout", "running", suggestion)
    assert [(one["version"], one["share"]) for one in seen["arms"]] == [(1, 0.99), (3, 0.01)]
    again = await caller("POST", f"/v1/suggestions/{suggestion}/accept", {"rollout": "guarded"})
    assert again.body["experiment_id"] == accepted.body["experiment_id"]
    told = (await caller("GET", f"/v1/suggestions/{suggestion}")).body
    assert (told["status"], told["label"], told["experiment_id"]) == ("accepted", None, accepted.body["experiment_id"])


@pytest.mark.capability("O6")
async def test_a_rollout_that_costs_more_than_it_may_is_told_before_it_begins(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    suggestion = await suggested(stack, caller)
    evidence = """'{"cost": {"baseline_nusd": 1000, "candidate_nusd": 3000}}'"""
    await books(stack, f"UPDATE suggestions SET evidence = evidence || {evidence}::jsonb WHERE suggestion_id = $1", UUID(suggestion))
    path = f"/v1/suggestions/{suggestion}"
    assert "cost 200% more" in (await caller("GET", path)).body["rollout_warning"]
    accepted = await caller("POST", f"{path}/accept", {"rollout": "guarded"})
    assert accepted.status == 200 and accepted.body["experiment_id"] and "cost 200% more" in accepted.body["rollout_warning"]
    assert (await caller("GET", path)).body["rollout_warning"] is None, "it is decided"


async def test_a_policy_rolls_a_proven_suggestion_out_by_itself(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    policy = {"rollout_policy": {"rollout": {"steps": [0.1, 1.0], "bake_s": 60}}}
    assert (await caller("PUT", "/v1/experiments/settings", policy)).status == 200
    suggestion = await suggested(stack, caller)
    async with asyncio.timeout(60):
        while not (running := (await caller("GET", "/v1/experiments?status=running")).body["data"]):
            await asyncio.sleep(0.2)
    assert running[0]["suggestion_id"] == suggestion and running[0]["created_by"] == "system:rollout_policy"
    assert running[0]["rollout"]["steps"] == [0.1, 1.0]
    told = (await caller("GET", f"/v1/suggestions/{suggestion}")).body
    assert (told["decided_by"], told["experiment_id"]) == ("system:rollout_policy", running[0]["id"])


async def suggested(stack: Stack, caller: Caller) -> str:
    """What an optimization would leave: a job that measured a gain, and its suggestion."""
    suggestion, job, dataset = new_uuid(), new_uuid(), new_uuid()
    workspace = caller.workspace.workspace_id
    await books(stack, "INSERT INTO datasets (dataset_id, workspace_id, name, created_by) VALUES ($1, $2, 'd', 't')", dataset, workspace)
    await books(
        stack,
        """INSERT INTO optimization_jobs (job_id, workspace_id, prompt_id, slug, base_version, dataset_id, dataset_version, method,
             task_model, reflect_model, seed, budget_evaluations, budget_nusd, funding_account_id, created_by)
           SELECT $1, workspace_id, prompt_id, slug, 1, $2, 1, 'reflective', 'm', 'm', 1, 1, 1, 1, 't' FROM prompts
            WHERE workspace_id = $3 AND slug = $4""",
        job, dataset, workspace, SLUG,
    )  # fmt: skip
    test = {"n": 30, "baseline": 0.5, "candidate": 0.9, "delta": 0.4, "ci_low": 0.2, "ci_high": 0.6, "p_value": 0.001}
    content = {"messages": [{"role": "user", "content": "Answer {{topic}} very well."}]}
    await books(
        stack,
        """INSERT INTO suggestions (suggestion_id, workspace_id, prompt_id, slug, base_version, job_id, content, evidence)
           SELECT $1, workspace_id, prompt_id, slug, 1, $2, $3::json, $4::jsonb FROM prompts WHERE workspace_id = $5 AND slug = $6""",
        suggestion, job, json.dumps(content), json.dumps({"test": test, "edits": []}), workspace, SLUG,
    )  # fmt: skip
    return str(suggestion)


@pytest.mark.capability("P10")
async def test_experiments_move_with_a_bundle_and_come_in_once(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    over = await started(caller, body(name="Over", guardrails=[{"metric": "error_rate", "margin": 0.02}]))
    await caller("POST", f"/v1/experiments/{over}/decide", {"winner": "control", "reason": "not better"})
    await started(caller, body(name="Running", deciding={"smallest_effect": 0.03}))
    await drafted(caller, ramp(name="Planned"))
    bundle = (await caller("GET", "/v1/export?scope=prompts")).body
    assert [(one["experiment"]["name"], one["status"]) for one in bundle["experiments"]] == [
        ("Over", "completed"), ("Running", "running"), ("Planned", "draft"),
    ]  # fmt: skip
    other = await stack.caller()
    dry = await other("POST", "/v1/import?dry_run=true", bundle)
    assert {one["outcome"] for one in dry.body["experiments"]} == {"created"}, dry.body
    first = await other("POST", "/v1/import", bundle)
    assert first.status == 200 and {one["outcome"] for one in first.body["experiments"]} == {"created"}, first.body
    assert any("'Running' was running" in note for note in first.body["notes"])
    again = await other("POST", "/v1/import", bundle)
    assert {one["outcome"] for one in again.body["experiments"]} == {"unchanged"}
    page = (await other("GET", "/v1/experiments")).body["data"]
    seen = {one["name"]: one for one in page}
    assert {name: one["status"] for name, one in seen.items()} == {"Over": "completed", "Running": "draft", "Planned": "draft"}
    assert seen["Over"]["verdict"]["outcome"] == "worse" and seen["Running"]["deciding"]["smallest_effect"] == 0.03
    assert seen["Planned"]["rollout"]["steps"] == [0.05, 0.5, 1.0]


@pytest.mark.capability("P10")
async def test_experiments_of_the_source_systems_come_in_as_drafts(caller: Caller) -> None:
    dump = {
        "ai_prompts": [
            {"id": 11, "name": "triage", "version": 1, "prompt_text": "Sort {{ticket}}.", "model": "simulated/chat", "is_active": True},
            {"id": 12, "name": "triage", "version": 2, "prompt_text": "Sort {{ticket}} well.", "model": "simulated/chat"},
        ],
        "ai_prompt_experiments": [
            {"id": 1, "name": "Better words", "prompt_a_id": 11, "prompt_b_id": 12, "traffic_split": 20, "metric": "success_rate"},
            {"id": 2, "name": "Lost", "prompt_a_id": 11, "prompt_b_id": 99},
        ],
    }
    done = await caller("POST", "/v1/import?format=source", dump)
    assert done.status == 200, done.body
    assert [one["outcome"] for one in done.body["experiments"]] == ["created"]
    assert any("'Lost' is left out" in note for note in done.body["notes"])
    (one,) = (await caller("GET", "/v1/experiments")).body["data"]
    assert (one["prompt"], one["metric"], one["status"]) == ("triage", "success", "draft")
    assert [(arm["version"], arm["share"]) for arm in one["arms"]] == [(1, 0.8), (2, 0.2)]
    again = await caller("POST", "/v1/import?format=source", dump)
    assert [one["outcome"] for one in again.body["experiments"]] == ["unchanged"]
