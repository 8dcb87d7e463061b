"""Experiments over HTTP, from draft to decision, on real calls (PRODUCT X1-X4)."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.compat.test_curl_lines import lines_of
from tests.integration.execution.test_executions import books
from tests.integration.experiments.lives import SLUG, USERS, arms_of, ask, body, drafted, ramp, read, started, two_versions, until_known
from tests.pace import comes_within

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("X1")]


async def told(stack: Stack, caller: Caller, prefix: str = "experiment.") -> list[tuple[str, Any]]:
    """Events of experiments, oldest first."""
    rows = await books(
        stack, "SELECT body FROM outbox WHERE subject LIKE $1 ORDER BY outbox_id", f"%{caller.workspace.workspace_id.hex}%"
    ) or await books(stack, "SELECT body FROM outbox ORDER BY outbox_id")
    events = [json.loads(row["body"]) for row in rows if b'"experiment.' in bytes(row["body"])]
    own = [one for one in events if one["workspace_id"] == str(caller.workspace.workspace_id) and one["type"].startswith(prefix)]
    return [(one["type"], one["data"]) for one in own]


@pytest.mark.promise("O-10")
async def test_a_unit_has_one_arm_at_every_gateway_and_after_a_restart(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body())
    await until_known(caller, {"control", "candidate"})
    first = await arms_of(caller, USERS)
    assert set(first.values()) == {"control", "candidate"}
    other = caller.at(await stack.start_gateway())  # begins with an empty memory, as one that was started again
    assert await arms_of(other, USERS) == first == await arms_of(caller, USERS)
    user = next(user for user, arm in first.items() if arm == "candidate")
    answer = await ask(caller, user)
    assert answer.body["version"] == 2 and answer.body["label"] is None and answer.body["experiment_id"] == experiment
    assert answer.headers["x-burnish-arm"] == "candidate"
    kept = await caller("GET", f"/v1/executions/{answer.body['id']}")
    assert (kept.body["arm"], kept.body["experiment_id"]) == ("candidate", experiment)


async def test_an_arm_whose_model_is_retired_midway_is_named_and_costs_no_answer(caller: Caller) -> None:
    """Its share gets what the label names; it seemed to be too early to say anything, for ever."""
    await two_versions(caller)
    facts = {"provider": "simulated", "upstream_model": "writer", "context_tokens": 8000, "output_tokens": 500}
    prices = {"input_price_nusd_per_million": 1000, "output_price_nusd_per_million": 1000}
    assert (await caller("POST", "/v1/models", {"model": "own/writer", **facts, **prices})).status == 201
    arms = [{"name": "control", "label": "production"}, {"name": "candidate", "model": "own/writer"}]
    experiment = await started(caller, body(arms=arms))
    await until_known(caller, {"control", "candidate"})
    before = await arms_of(caller, USERS)
    assert (await read(caller, experiment))["problems"] == []
    assert (await caller("POST", "/v1/models/own/writer/retire", {})).status == 200
    async with comes_within(5):
        while not (problems := (await read(caller, experiment))["problems"]):
            await asyncio.sleep(0.05)
    assert problems == ["The arm 'candidate' cannot answer: The model 'own/writer' is retired."]
    path = f"/v1/experiments/{experiment}/allocation"
    assert (await caller("PUT", path, {"shares": {"control": 1.0, "candidate": 0.0}})).status == 200
    assert (await read(caller, experiment))["problems"] == [], "nobody gets it"
    assert (await caller("PUT", path, {"shares": {"control": 0.5, "candidate": 0.5}})).status == 200
    user = next(user for user, arm in before.items() if arm == "candidate")
    answer = await ask(caller, user)
    assert (answer.status, answer.body["arm"], answer.body["version"], answer.body["label"]) == (200, None, 1, "production")


@pytest.mark.capability("E13")
async def test_the_calls_of_an_experiment_and_of_each_arm_are_listed(caller: Caller) -> None:
    await two_versions(caller)
    outside = (await ask(caller, "ada")).body
    experiment = await started(caller, body())
    await until_known(caller, {"control", "candidate"})
    arms = await arms_of(caller, USERS)

    async def listed(more: str = "") -> dict[str, str]:
        answer = await caller("GET", f"/v1/executions?experiment_id={experiment}&limit=200{more}")
        assert answer.status == 200, answer.body
        assert {row["experiment_id"] for row in answer.body["data"]} == {experiment}
        assert outside["id"] not in {row["id"] for row in answer.body["data"]}
        return {row["user_id"]: row["arm"] for row in answer.body["data"] if row["user_id"] in arms}

    assert await listed() == arms
    for name in ("control", "candidate"):
        assert await listed(f"&arm={name}") == {user: arm for user, arm in arms.items() if arm == name}
    other = await caller("GET", f"/v1/executions?experiment_id={new_uuid()}")
    assert other.status == 200 and other.body["data"] == []
    unnamed = await caller("GET", "/v1/executions?arm=control")
    assert unnamed.status == 422 and unnamed.body["error"]["param"] == "experiment_id"


@pytest.mark.parametrize("model", ["simulated/chat", "own/writer"])
async def test_an_experiment_of_a_prompt_that_nobody_called_yet_says_whether_its_models_are_toys(caller: Caller, model: str) -> None:
    if model == "own/writer":
        facts = {"provider": "openai", "base_url": "http://127.0.0.1:9/v1", "context_tokens": 8000, "output_tokens": 500}
        prices = {"input_price_nusd_per_million": 1000, "output_price_nusd_per_million": 1000}
        made = await caller("POST", "/v1/models", {"model": model, **facts, **prices})
        assert made.status == 201, made.body
    await two_versions(caller, model=model)
    begun = await read(caller, await started(caller, body()))
    assert (begun["status"], begun["simulated"]) == ("running", model == "simulated/chat")


async def test_every_gateway_follows_within_a_second_although_no_message_comes(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    other = caller.at(stack.gateways[-1] if len(stack.gateways) > 1 else await stack.start_gateway())
    assert (await ask(other, "ada")).body["arm"] is None
    experiment = await drafted(caller, body())
    # Not through the route, whose answer wakes its own gateway: the change sequence alone tells.
    await caller("POST", f"/v1/experiments/{experiment}/start")
    async with comes_within(1.5):
        while (await ask(other, "ada")).body["arm"] is None:
            await asyncio.sleep(0.05)
    await caller("POST", f"/v1/experiments/{experiment}/pause")
    async with comes_within(1.5):
        while (await ask(other, "ada")).body["arm"] is not None:
            await asyncio.sleep(0.05)


async def test_what_stays_outside_is_counted_by_reason(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    aimed = {"targeting": 'metadata.tier == "gold"'}
    experiment = await started(caller, body(**aimed))
    gold = {"metadata": {"tier": "gold"}}
    async with asyncio.timeout(60):
        while (await ask(caller, "ada", **gold)).body["arm"] is None:
            await asyncio.sleep(0.02)
    before = (await read(caller, experiment))["outside"]
    assert (await ask(caller, None, **gold)).body["arm"] is None
    assert (await ask(caller, "bob")).body["arm"] is None
    assert (await ask(caller, "bob", version=2)).body["arm"] is None
    assert (await ask(caller, "bob", label="production")).body["arm"] is None
    async with asyncio.timeout(60):
        while (outside := (await read(caller, experiment))["outside"]).get("named", 0) < 2:
            await asyncio.sleep(0.1)
    assert {name: calls - before.get(name, 0) for name, calls in outside.items()} == {"no_unit": 1, "targeting": 1, "named": 2}


async def test_shares_change_as_an_epoch_and_units_stay(caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body())
    await until_known(caller, {"control", "candidate"})
    before = await arms_of(caller, USERS)
    changed = await caller("PUT", f"/v1/experiments/{experiment}/allocation", {"shares": {"control": 0.2, "candidate": 0.8}})
    assert changed.status == 200 and changed.body["epoch"] == 2, changed.body
    assert [one["share"] for one in changed.body["arms"]] == [0.2, 0.8]
    await asyncio.sleep(0.7)
    after = await arms_of(caller, USERS)
    assert all(after[user] == "candidate" for user in USERS if before[user] == "candidate")
    wrong = await caller("PUT", f"/v1/experiments/{experiment}/allocation", {"shares": {"control": 0.2}})
    assert wrong.status == 422 and wrong.body["error"]["param"] == "shares.candidate"


@pytest.mark.capability("X4")
async def test_the_winner_that_somebody_chooses_gets_the_label(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body())
    seen = await read(caller, experiment)
    stale = await caller("POST", f"/v1/experiments/{experiment}/decide", {"winner": "candidate", "reason": "x", "revision": 1})
    assert stale.status == 409 and stale.body["error"]["param"] == "revision"
    unknown = await caller("POST", f"/v1/experiments/{experiment}/decide", {"winner": "nobody", "reason": "x"})
    assert unknown.status == 422 and unknown.body["error"]["param"] == "winner"
    said = {"winner": "candidate", "reason": "reads better", "revision": seen["revision"]}
    done = await caller("POST", f"/v1/experiments/{experiment}/decide", said)
    assert done.status == 200, done.body
    assert done.body["status"] == "completed" and done.body["winner"] == "candidate" and done.body["promotion"]["state"] == "moved"
    assert done.body["verdict"]["reason"] == "reads better" and done.body["verdict"]["decided_by"].startswith("api_key:")
    label = await caller("GET", f"/v1/prompts/{SLUG}/labels/production")
    assert label.body["version"] == 2
    history = await caller("GET", f"/v1/prompts/{SLUG}/labels/production/history")
    assert history.body["data"][0]["reason"] == f"experiment {experiment}: reads better"
    answer = await ask(caller, "ada")
    assert answer.body["version"] == 2 and answer.body["arm"] is None and answer.body["label"] == "production"
    again = await caller("POST", f"/v1/experiments/{experiment}/decide", said | {"revision": None})
    assert again.status == 409
    kinds = [name for name, _ in await told(stack, caller)]
    assert kinds == ["experiment.started", "experiment.decided"]
    audit = await caller("GET", "/v1/audit?limit=50")
    assert {"experiment.created", "experiment.started", "experiment.decided"} <= {one["action"] for one in audit.body["data"]}
    [moved] = (await caller("GET", f"/v1/audit?action=prompt.label.moved&object_id={SLUG}@production")).body["data"][:1]
    assert (moved["before"], moved["after"]) == ({"version": 1}, {"version": 2, "reason": f"experiment {experiment}: reads better"})


async def test_a_pause_gives_everybody_the_label_and_a_resume_the_same_arms(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, body())
    await until_known(caller, {"control", "candidate"})
    before = await arms_of(caller, USERS)
    paused = await caller("POST", f"/v1/experiments/{experiment}/pause", {"reason": "holiday"})
    assert paused.body["status"] == "paused"
    await until_known(caller, {None})
    by_shares = await caller("PUT", f"/v1/experiments/{experiment}/allocation", {"shares": {"control": 0.2, "candidate": 0.8}})
    assert by_shares.status == 409 and "resume it first" in by_shares.body["error"]["message"], "nobody is to be in an arm"
    assert set((await arms_of(caller, USERS)).values()) == {None}
    resumed = await caller("POST", f"/v1/experiments/{experiment}/resume")
    assert resumed.body["status"] == "running" and resumed.body["epoch"] == 2
    await until_known(caller, {"control", "candidate"})
    assert await arms_of(caller, USERS) == before
    kinds = [name for name, _ in await told(stack, caller)]
    assert kinds == ["experiment.started", "experiment.paused", "experiment.resumed"]


@pytest.mark.capability("X3")
async def test_a_guarded_rollout_goes_up_its_ramp_and_back(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, ramp())
    seen = await read(caller, experiment)
    assert (seen["rollout_state"], seen["step"], [one["share"] for one in seen["arms"]]) == ("ramping", 0, [0.95, 0.05])
    assert [one["metric"] for one in seen["guardrails"]] == ["error_rate", "latency_p95_ms", "cost_nusd", "satisfaction"]
    stepped = await caller("POST", f"/v1/experiments/{experiment}/advance")
    assert stepped.status == 200 and stepped.body["step"] == 1 and stepped.body["arms"][1]["share"] == 0.5
    by_shares = await caller("PUT", f"/v1/experiments/{experiment}/allocation", {"shares": {"control": 0.5, "candidate": 0.5}})
    assert by_shares.status == 409
    back = await caller("POST", f"/v1/experiments/{experiment}/rollback", {"reason": "customers complain"})
    assert back.status == 200 and back.body["rollout_state"] == "rolled_back" and back.body["verdict"]["outcome"] == "rolled_back"
    assert back.body["verdict"]["sentence"].startswith("Taken back by hand; answers seen"), back.body["verdict"]["sentence"]
    noted = next(one for one in (await caller("GET", "/v1/audit?limit=50")).body["data"] if one["action"] == "experiment.rolled_back")
    assert noted["after"]["reason"] == "customers complain" and noted["after"]["sentence"] == back.body["verdict"]["sentence"]
    again = await caller("POST", f"/v1/experiments/{experiment}/rollback", {"reason": "customers complain"})
    assert (again.status, again.body["error"]["message"]) == (409, "This rollout is over, rolled back before.")
    assert (await caller("GET", f"/v1/prompts/{SLUG}/labels/production")).body["version"] == 1
    await until_known(caller, {None})
    kinds = [name for name, _ in await told(stack, caller)]
    assert kinds == ["experiment.started", "experiment.advanced", "experiment.rolled_back"]


@pytest.mark.capability("X3")
async def test_five_who_take_the_next_step_at_once_take_one(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, ramp() | {"rollout": {"steps": [0.05, 0.1, 0.2, 0.4, 0.8, 1.0], "bake_s": 0}})
    path = f"/v1/experiments/{experiment}/advance"
    answers = await asyncio.gather(*(caller("POST", path) for _ in range(5)))
    assert sorted(one.status for one in answers) == [200, 409, 409, 409, 409]
    refused = next(one.body["error"] for one in answers if one.status == 409)
    seen = await read(caller, experiment)
    assert seen["step"] == 1 and refused["param"] == "revision" and refused["details"] == {"revision": seen["revision"], "step": 1}
    known = await asyncio.gather(*(caller("POST", path, {"revision": seen["revision"]}) for _ in range(5)))
    assert sorted(one.status for one in known) == [200, 409, 409, 409, 409] and (await read(caller, experiment))["step"] == 2
    named = await asyncio.gather(*(caller("POST", path, {"step": 3}) for _ in range(5)))
    assert [one.status for one in named] == [200] * 5 and (await read(caller, experiment))["step"] == 3
    a_moment_later = "UPDATE experiment_epochs SET started_at = started_at - interval '2 s' WHERE experiment_id = $1"
    await books(stack, a_moment_later, UUID(experiment))
    assert (await caller("POST", path)).body["step"] == 4


@pytest.mark.capability("X3")
async def test_a_rollout_that_is_taken_back_leaves_a_label_that_somebody_moved_and_says_so(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    label = f"/v1/prompts/{SLUG}/labels/production"
    first = await started(caller, ramp())
    assert (await caller("PUT", label, {"version": 2})).status == 200
    over = (await caller("POST", f"/v1/experiments/{first}/rollback", {"reason": "customers complain"})).body
    assert (over["status"], over["rollout_state"], over["verdict"]["outcome"], over["winner"]) == ("completed", "finished", "stopped", None)
    again = await caller("POST", f"/v1/experiments/{first}/rollback", {"reason": "customers complain"})
    assert again.status == 409 and f"POST {label}/rollback" in again.body["error"]["message"], again.body
    assert (await caller("PUT", label, {"version": 1})).status == 200
    again = await caller("POST", f"/v1/experiments/{first}/rollback", {"reason": "customers complain"})
    assert "there is nothing to take back" in again.body["error"]["message"], again.body  # That would bring version 2 back.
    assert (await caller("PUT", label, {"version": 2})).status == 200
    assert "Nothing was taken back" in over["verdict"]["sentence"]
    assert over["promotion"]["state"] == "refused" and "names version 2 now: somebody moved it" in over["promotion"]["why"]
    assert (await caller("GET", label)).body["version"] == 2
    assert [name for name, _ in await told(stack, caller)] == ["experiment.started", "experiment.decided"]


@pytest.mark.capability("X3")
async def test_who_moves_a_label_is_told_of_the_experiments_that_go_on(caller: Caller) -> None:
    await two_versions(caller)
    label = f"/v1/prompts/{SLUG}/labels/production"
    assert (await caller("GET", f"{label}/effects")).body["experiments"] == []
    experiment = await started(caller, ramp())
    on_label = [{"id": experiment, "name": ramp()["name"], "kind": "rollout", "status": "running"}]
    assert (await caller("GET", f"{label}/effects")).body["experiments"] == on_label
    moved = await caller("PUT", label, {"version": 2})
    assert moved.body["experiments"] == on_label
    assert (await caller("POST", f"/v1/experiments/{experiment}/pause")).status == 200
    back = await caller("POST", f"{label}/rollback")
    assert back.body["experiments"] == [on_label[0] | {"status": "paused"}]
    assert "experiments" not in (await caller("PUT", f"/v1/prompts/{SLUG}/labels/staging", {"version": 2})).body
    assert (await caller("POST", f"/v1/experiments/{experiment}/rollback", {"reason": "x"})).status == 200
    assert "experiments" not in (await caller("PUT", label, {"version": 2})).body


@pytest.mark.capability("X3")
async def test_a_label_whose_calls_an_experiment_is_on_is_not_removed(caller: Caller) -> None:
    """Whoever calls by it would be answered 404, whatever their arm."""
    await two_versions(caller)
    label = f"/v1/prompts/{SLUG}/labels/production"
    experiment = await started(caller, ramp())
    for change in (None, "pause"):
        if change is not None:
            assert (await caller("POST", f"/v1/experiments/{experiment}/{change}")).status == 200
        refused = await caller("DELETE", label)
        assert (refused.status, refused.body["error"]["param"]) == (409, "label"), refused.body
        assert ramp()["name"] in refused.body["error"]["message"]
    assert (await caller("POST", f"/v1/experiments/{experiment}/rollback", {"reason": "x"})).status == 200
    assert (await caller("DELETE", label)).status == 200


@pytest.mark.capability("X3")
async def test_a_control_that_wins_is_not_said_to_stand_where_somebody_moved_the_label(caller: Caller) -> None:
    await two_versions(caller)
    label = f"/v1/prompts/{SLUG}/labels/production"
    experiment = await started(caller, ramp())
    assert (await caller("PUT", label, {"version": 2})).status == 200
    body = {"winner": "control", "reason": "safer", "move_label": True}
    over = (await caller("POST", f"/v1/experiments/{experiment}/decide", body)).body
    assert (over["winner"], over["rollout_state"], over["promotion"]["state"]) == ("control", "finished", "refused")
    assert "somebody moved it" in over["promotion"]["why"] and (await caller("GET", label)).body["version"] == 2


async def test_openai_calls_take_part_and_tell_the_arm_to_who_asks(caller: Caller) -> None:
    await two_versions(caller)
    await started(caller, body())
    await until_known(caller, {"control", "candidate"})
    arms = await arms_of(caller, USERS)
    user = next(user for user, arm in arms.items() if arm == "candidate")
    said: dict[str, Any] = {"model": f"burnish::prompt::{SLUG}", "metadata": {"variables": {"topic": "tea"}}, "messages": []}
    for named in ({"user": user}, {"metadata": said["metadata"] | {"user_id": user}}):
        answer = await caller("POST", "/v1/chat/completions", said | named)
        assert answer.status == 200, answer.body
        assert answer.headers["x-burnish-version"] == "2" and "x-burnish-arm" not in answer.headers
    answer = await caller("POST", "/v1/chat/completions", said | {"user": user}, headers={"x-burnish-tell-arm": "true"})
    assert answer.headers["x-burnish-arm"] == "candidate"


async def test_an_arm_that_cannot_be_rendered_costs_no_answer(caller: Caller) -> None:
    await two_versions(caller)
    said = [{"role": "user", "content": "Answer {{topic}} for {{name}}."}]
    made = await caller("POST", f"/v1/prompts/{SLUG}/versions", {"messages": said, "model": "simulated/chat", "base_version": 2})
    assert made.body["version"] == 3, made.body
    arms = [{"name": "control", "label": "production"}, {"name": "candidate", "version": 3}]
    experiment = await drafted(caller, body(arms=arms))
    found = await caller("GET", f"/v1/experiments/{experiment}/checklist")
    assert {"variables": "warning"}.items() <= {one["name"]: one["state"] for one in found.body["checks"]}.items()
    assert (await caller("POST", f"/v1/experiments/{experiment}/start")).status == 200
    async with asyncio.timeout(40):
        while set((await arms_of(caller, USERS)).values()) == {None}:
            await asyncio.sleep(0.1)
    answers = [await ask(caller, user) for user in USERS]
    assert {answer.body["version"] for answer in answers} == {1} and {answer.body["arm"] for answer in answers} == {"control", None}


async def test_who_is_held_out_is_in_no_experiment(caller: Caller) -> None:
    await two_versions(caller)
    set_ = await caller("PUT", "/v1/experiments/settings", {"holdout_share": 0.5, "min_samples": 50})
    assert set_.status == 200 and set_.body["holdout_share"] == 0.5 and set_.body["confidence"] == 0.95
    experiment = await started(caller, body())
    assert (await read(caller, experiment))["deciding"]["min_samples"] == 50
    async with asyncio.timeout(40):
        while set((arms := await arms_of(caller, USERS)).values()) == {None}:
            await asyncio.sleep(0.1)
    assert 4 <= sum(arm is None for arm in arms.values()) <= 20


async def test_results_are_counted_by_unit(stack: Stack, caller: Caller) -> None:
    """Analytics is not part of this stack: its sums are put in as it would."""
    await two_versions(caller)
    experiment = await started(caller, body())
    for arm, successes in (("control", 800), ("candidate", 900)):
        await books(
            stack,
            "INSERT INTO experiment_sums VALUES ($1, $2, 1, $3, 'success', 1000, 1000, $4, 1000, $4, $4)",
            caller.workspace.workspace_id, UUID(experiment), arm, successes,
        )  # fmt: skip
    results = (await read(caller, experiment))["results"]
    assert [one["units"] for one in results["arms"]] == [1000, 1000]
    assert results["differences"][0]["value"] == pytest.approx(0.1) and results["differences"][0]["low"] > 0
    assert results["standing"]["outcome"] == "better" and "10.0 points" in results["standing"]["sentence"]


async def test_a_shadow_arm_answers_unseen_is_paid_by_the_experiment_and_capped(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    arms = [
        {"name": "control", "label": "production"},
        {"name": "candidate", "version": 2},
        {"name": "quiet", "version": 2, "mode": "shadow", "share": 1.0},
    ]
    experiment = await started(caller, body(arms=arms, shadow_budget_nusd=10**9))
    await until_known(caller, {"control", "candidate"})
    answer = await ask(caller, "ada")
    assert answer.body["arm"] in ("control", "candidate")
    sql = "SELECT * FROM executions WHERE workspace_id = $1 AND job_id = $2 AND details -> 'experiment' ->> 'shadow_of' = $3"
    async with asyncio.timeout(30):
        while not (rows := await books(stack, sql, caller.workspace.workspace_id, UUID(experiment), answer.body["id"])):
            await asyncio.sleep(0.1)
    assert (rows[0]["lane"], rows[0]["status"], rows[0]["version"]) == ("batch", "success", 2)
    sql = "SELECT debit_account_id AS one FROM transfers WHERE reference = $1 AND kind = 'charge'"
    paid = {row["one"] for row in await books(stack, sql, str(rows[0]["execution_id"]))}
    accounts = await books(stack, "SELECT shadow_account_id AS one FROM experiments WHERE experiment_id = $1", UUID(experiment))
    assert paid <= {row["one"] for row in accounts}
    shadows = (await read(caller, experiment))["results"]["shadows"]
    assert [one["arm"] for one in shadows] == ["quiet"] and shadows[0]["successes"] >= 1
    for _ in range(8):
        kept = await ask(caller, "ada", cache=True)
    assert kept.body["cached"] and kept.body["cost_nusd"] == 0
    async with asyncio.timeout(30):
        while (shadows := (await read(caller, experiment))["results"]["shadows"])[0]["answered"] < 9:
            await asyncio.sleep(0.1)
    assert shadows[0]["live_mean_cost_nusd"] > 0.7 * answer.body["cost_nusd"]  # those from the cache were free, and are left out
    poor = await drafted(caller, body(name="Poor", arms=arms, shadow_budget_nusd=10**12, label="production", namespace="other"))
    refused = await caller("POST", f"/v1/experiments/{poor}/start")
    assert refused.status in (402, 409)
    done = await caller("POST", f"/v1/experiments/{experiment}/decide", {"winner": None, "reason": "enough"})
    assert done.status == 200 and done.body["verdict"]["outcome"] == "stopped" and done.body["promotion"]["state"] == "not_wanted"


async def test_a_backtest_asks_past_inputs_of_other_versions(stack: Stack, caller: Caller) -> None:
    """The optimizer is not part of this stack: the batch stands, with its lines, its cap and what it may cost."""
    await two_versions(caller)
    for n in range(6):
        await ask(caller, f"u{n}", variables={"topic": f"tea {n}"})
    said = {"prompt": SLUG, "versions": [1, 2], "inputs": 4}
    forecast = await caller("POST", "/v1/experiments/backtests/forecast", said)
    assert forecast.status == 200 and (forecast.body["found"], forecast.body["inputs"], forecast.body["calls"]) == (6, 4, 8), forecast.body
    none = await caller("POST", "/v1/experiments/backtests", said | {"max_cost_nusd": 1})
    assert (none.status, none.body["error"]["param"]) == (422, "max_cost_nusd"), none.body
    least = none.body["error"]["details"]["least_nusd"]
    assert least > 1 and str(least) in none.body["error"]["message"]
    below = await caller("POST", "/v1/experiments/backtests", said | {"max_cost_nusd": least - 1})
    assert below.status == 422
    enough = await caller("POST", "/v1/experiments/backtests", said | {"max_cost_nusd": least})
    assert (enough.status, enough.body["set_aside_nusd"]) == (202, least)
    assert (await caller("POST", f"/v1/batches/{enough.body['batch_id']}/cancel")).status == 200
    begun = await caller("POST", "/v1/experiments/backtests", said | {"max_cost_nusd": 10**9})
    assert begun.status == 202 and begun.body["set_aside_nusd"] <= 10**9 and begun.body["total"] == 8, begun.body
    lines = await books(stack, "SELECT custom_id, request FROM batch_lines WHERE batch_id = $1 ORDER BY line", UUID(begun.body["batch_id"]))
    assert {json.loads(one["request"])["prompt"]["version"] for one in lines} == {1, 2}
    assert all("experiment" not in json.loads(one["request"]) for one in lines)
    cancelled = await caller("POST", f"/v1/batches/{begun.body['batch_id']}/cancel")
    assert cancelled.status == 200
    seen = await caller("GET", f"/v1/experiments/backtests/{begun.body['id']}")
    assert seen.status == 200 and seen.body["figures"] == []
    # As the optimizer would leave them: each line answered, by what was answered then.
    await books(
        stack,
        """UPDATE batch_lines SET execution_id = split_part(custom_id, ':', 2)::uuid, status = 'success', answered_at = now()
            WHERE batch_id = $1""",
        UUID(begun.body["batch_id"]),
    )
    figures = (await caller("GET", f"/v1/experiments/backtests/{begun.body['id']}")).body["figures"]
    assert [(one["arm"], one["answered"], one["successes"], one["same_answer"]) for one in figures] == [
        ("v1", 4, 4, 1.0),
        ("v2", 4, 4, 1.0),
    ]
    assert figures[0]["mean_cost_nusd"] == figures[0]["before_mean_cost_nusd"] and figures[0]["p95_ms"] is not None
    nothing = await caller("POST", "/v1/experiments/backtests", {"prompt": SLUG, "versions": [7]})
    assert nothing.status == 404 and nothing.body["error"]["param"] == "versions[0]"
    for wrong, status, param in (
        ({"prompt": "nothing", "versions": [1]}, 404, "prompt"),
        ({"prompt": SLUG, "models": ["simulated/chat", "nothing"]}, 404, "models[1]"),
        ({"prompt": SLUG, "versions": [1, 2, 1]}, 422, "versions"),  # two arms of one name, each paid
    ):
        for path in ("backtests", "backtests/forecast"):
            refused = await caller("POST", f"/v1/experiments/{path}", wrong)
            assert (refused.status, refused.body["error"]["param"]) == (status, param), refused.body
    misspelt = await caller("POST", "/v1/experiments/backtests", {"experiment_id": "-" * 36})
    assert misspelt.status == 422 and misspelt.body["error"]["param"] == "experiment_id"


async def test_every_curl_line_of_the_guide_does_what_it_says(stack: Stack, caller: Caller) -> None:
    """Run by curl itself; `$ID` is the experiment that the first line made, `$BACKTEST` the one that was begun last."""
    said = [{"role": "user", "content": "Sort {{ticket}}."}]
    await caller("POST", "/v1/prompts", {"slug": "triage", "messages": said, "model": "simulated/chat"})
    more = [{"role": "user", "content": "Sort {{ticket}} in short."}]
    await caller("POST", "/v1/prompts/triage/versions", {"messages": more, "model": "simulated/chat", "base_version": 1})
    await caller("PUT", "/v1/prompts/triage/labels/production", {"version": 1})
    experiment, backtest, statuses = "", "", []
    for line in lines_of("experiments.md"):
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", line.replace("curl -s", "curl -s -w '\\n%{http_code}'", 1), stdout=-1, stderr=-1,
            env={"URL": caller.url, "KEY": caller.key, "ID": experiment, "BACKTEST": backtest, "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        body, _, status = (await process.communicate())[0].decode().rpartition("\n")
        statuses.append(int(status))
        experiment = experiment or json.loads(body)["id"]
        backtest = json.loads(body)["id"] if status == "202" else backtest
    assert statuses == [201, 200, 200, 200, 200, 200, 200, 200, 200, 201, 200, 200, 202, 200, 200]


async def test_arms_may_be_models_and_a_cached_answer_belongs_to_its_arm(caller: Caller) -> None:
    await two_versions(caller)
    arms = [{"name": "control", "label": "production"}, {"name": "other", "model": "simulated/writer"}]
    await started(caller, body(arms=arms))
    await until_known(caller, {"control", "other"})
    told = await arms_of(caller, USERS)
    users = {arm: user for user, arm in told.items()}
    for arm, model in (("control", "simulated/chat"), ("other", "simulated/writer")):
        first = await ask(caller, users[arm], cache=True)
        again = await ask(caller, users[arm], cache=True)
        assert (first.body["model"], first.body["version"], first.body["label"]) == (model, 1, "production")
        assert again.body["cached"] and (again.body["arm"], again.body["model"]) == (arm, model)
    named = await ask(caller, users["other"], model="simulated/reader")
    assert named.body["arm"] is None and named.body["model"] == "simulated/reader"


async def test_a_call_in_the_background_and_a_repeat_have_the_arm_of_their_unit(caller: Caller) -> None:
    await two_versions(caller)
    await started(caller, body())
    await until_known(caller, {"control", "candidate"})
    user, arm = next(iter((await arms_of(caller, USERS)).items()))
    queued = await caller("POST", "/v1/executions", {"prompt": SLUG, "variables": {"topic": "x"}, "user_id": user, "mode": "background"})
    async with asyncio.timeout(30):
        while (kept := await caller("GET", f"/v1/executions/{queued.body['id']}")).body["status"] in ("queued", "running"):
            await asyncio.sleep(0.1)
    assert kept.body["arm"] == arm
    said = {"prompt": SLUG, "variables": {"topic": "x"}, "user_id": user}
    once = await caller("POST", "/v1/executions", said, headers={"idempotency-key": "k1"})
    twice = await caller("POST", "/v1/executions", said, headers={"idempotency-key": "k1"})
    assert once.raw == twice.raw and once.body["arm"] == arm


async def test_the_list_of_prompts_says_what_is_on_their_calls(caller: Caller) -> None:
    await two_versions(caller)
    assert (await caller("GET", "/v1/prompts")).body["data"][0]["experiments"] == []
    rollout = await started(caller, ramp(name="Slowly"))
    await drafted(caller, body())  # a draft is on no calls
    told = {"id": rollout, "name": "Slowly", "kind": "rollout", "label": "production", "rollout_state": "ramping", "share": 0.05}
    [listed] = (await caller("GET", "/v1/prompts")).body["data"]
    assert listed["experiments"] == [told | {"status": "running"}]
    assert (await caller("POST", f"/v1/experiments/{rollout}/pause", {"reason": "lunch"})).status == 200
    [listed] = (await caller("GET", f"/v1/prompts?q={SLUG}")).body["data"]
    assert listed["experiments"] == [told | {"status": "paused"}]
