"""The score of an evaluator decides an experiment: of all arms alike, of one version, by what was scored alone (F4, X1)."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.embedded.stack import Caller
from tests.integration.scores.conftest import StartOptimizer, live, run_prompt, say

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F4", "X1")]

CONTAINS = {"kind": "contains", "phrases": ["parcel"]}
ARMS = [{"name": "control", "version": 2}, {"name": "better", "label": "production"}]


async def two_versions(caller: Caller) -> None:
    """Version 1, which is in production, says what it is told; version 2 something else."""
    bad = {"messages": [{"role": "user", "content": "Say nothing."}], "base_version": 1, "model": "simulated/chat", "temperature": 0.0}
    await say(caller, "POST", "/v1/prompts/answers/versions", bad)


def draft(metric: str, **changed: Any) -> dict[str, Any]:
    return {"name": "By score", "prompt": "answers", "arms": ARMS, "unit": "execution", "metric": metric, "min_samples": 20} | changed


async def checks_of(caller: Caller, experiment_id: str) -> list[tuple[str, str]]:
    found = await say(caller, "GET", f"/v1/experiments/{experiment_id}/checklist")
    return [(one["state"], one["message"]) for one in found["checks"] if one["name"] == "scores"]


async def test_scores_decide_an_experiment_by_what_was_scored(caller: Caller, start_optimizer: StartOptimizer) -> None:
    await start_optimizer(experiment_interval_s=0.2)
    await two_versions(caller)
    one, _ = await live(caller, CONTAINS, prompts=["answers"], sample=0.5)
    await asyncio.gather(*(run_prompt(caller, f"parcel {n}" if n % 2 else f"letter {n}") for n in range(100)))
    async with asyncio.timeout(60):  # a half of them is drawn; of fewer than 30 no variance is taken
        while len((await say(caller, "GET", f"/v1/scores?evaluator_id={one}&limit=100"))["data"]) < 30:
            await asyncio.sleep(0.05)
    made = await say(caller, "POST", "/v1/experiments", draft(f"evaluator:{one}"))
    metric = f"evaluator:{one}@1"
    assert (made["metric"], made["direction"]) == (metric, "higher")
    assert await checks_of(caller, made["id"]) == []
    counted = await say(caller, "GET", f"/v1/experiments/{made['id']}/checklist")
    known = counted["baseline"][metric]
    assert 30 <= known["samples"] < 100 and 0.2 < known["value"] < 0.8 and counted["needed"]["effect"] == 0.05, counted
    assert any("5 points" in it["message"] for it in counted["checks"] if it["name"] == "sample"), counted["checks"]
    await say(caller, "POST", f"/v1/experiments/{made['id']}/start", {})
    async with asyncio.timeout(30):  # until the gateway has heard of it
        while (await say(caller, "GET", f"/v1/executions/{await run_prompt(caller, 'parcel')}"))["arm"] is None:
            await asyncio.sleep(0.05)
    for _ in range(5):
        await asyncio.gather(*(run_prompt(caller, f"parcel {n}") for n in range(30)))
    async with asyncio.timeout(60):
        while (told := await say(caller, "GET", f"/v1/experiments/{made['id']}"))["status"] != "completed":
            assert told["unscored"] == []
            await asyncio.sleep(0.1)
    verdict = told["verdict"]
    assert (verdict["outcome"], verdict["winner"]) == ("better", "better"), verdict["sentence"]
    assert "answers scored" in verdict["sentence"]
    figure = next(it for it in verdict["result"]["figures"] if it["metric"] == metric)
    assert (figure["role"], figure["kind"]) == ("decides", "share")
    calls = {it["arm"]: it["calls"] for it in verdict["result"]["arms"]}
    assert all(0 < it["observations"] < calls[it["arm"]] for it in figure["arms"]), "a half was drawn"


async def test_without_scores_of_all_arms_alike_nothing_is_drafted_by_them(caller: Caller) -> None:
    await two_versions(caller)

    async def refused(metric: str) -> str:
        answer = await caller("POST", "/v1/experiments", draft(metric))
        assert (answer.status, answer.body["error"]["param"]) == (422, "metric"), answer.body
        return str(answer.body["error"]["message"])

    assert "evaluator:<id>" in await refused("evaluator:nobody")
    assert "there is no evaluator" in await refused(f"evaluator:{uuid4()}")
    silent = (await say(caller, "POST", "/v1/evaluators", {"name": "silent", "settings": CONTAINS}))["id"]
    assert "No live evaluation in use of the evaluator 'silent' takes 'answers'" in await refused(f"evaluator:{silent}")
    one, rule = await live(caller, CONTAINS, prompts=["answers"], labels=["production"])
    assert "goes by labels" in await refused(f"evaluator:{one}")
    await say(caller, "PATCH", f"/v1/live-evaluations/{rule}", {"labels": [], "filters": {"model": "simulated/chat", "min_latency_ms": 5}})
    assert "goes by model and min_latency_ms" in await refused(f"evaluator:{one}")
    await say(caller, "PATCH", f"/v1/live-evaluations/{rule}", {"filters": {"experiment_id": str(uuid4())}})
    assert "No live evaluation in use" in await refused(f"evaluator:{one}")
    await say(caller, "PATCH", f"/v1/live-evaluations/{rule}", {"filters": {"app": "shop"}, "active": False})
    assert "No live evaluation in use" in await refused(f"evaluator:{one}")
    await say(caller, "PATCH", f"/v1/live-evaluations/{rule}", {"active": True})
    partial = {"evaluator_id": one, "prompts": ["answers"], "filters": {"app": "phone", "min_latency_ms": 5}}
    beside = (await say(caller, "POST", "/v1/live-evaluations", partial))["id"]
    assert "goes by min_latency_ms" in await refused(f"evaluator:{one}"), "its scores count beside those of the other"
    await say(caller, "DELETE", f"/v1/live-evaluations/{beside}")
    assert "there is no version 2" in await refused(f"evaluator:{one}@2")
    points = await caller("POST", "/v1/experiments", draft(f"evaluator:{one}", deciding={"smallest_effect": 5}))
    assert points.status == 422 and "five points are 0.05" in points.body["error"]["message"]
    assert (await caller("POST", "/v1/experiments", draft(f"evaluator:{one}", direction="lower"))).status == 422
    made = await say(caller, "POST", "/v1/experiments", draft(f"evaluator:{one}@1"))
    await say(caller, "POST", f"/v1/evaluators/{one}/versions", {"settings": CONTAINS | {"phrases": ["letter"]}, "message": "letters"})
    assert "version 1 is meant" in await refused(f"evaluator:{one}@1")
    [(state, why)] = await checks_of(caller, made["id"])
    assert state == "blocks" and "score with version 2" in why
    start = await caller("POST", f"/v1/experiments/{made['id']}/start", {})
    assert (start.status, start.body["error"]["param"]) == (409, "metric") and "version 1 is meant" in start.body["error"]["message"]
    changed = {"revision": made["revision"], "experiment": draft(f"evaluator:{one}")}
    assert (await say(caller, "PUT", f"/v1/experiments/{made['id']}", changed))["metric"] == f"evaluator:{one}@2"
    await say(caller, "POST", f"/v1/experiments/{made['id']}/start", {})
    await say(caller, "DELETE", f"/v1/live-evaluations/{rule}")
    [why] = (await say(caller, "GET", f"/v1/experiments/{made['id']}"))["unscored"]
    assert "No live evaluation in use of the evaluator 'one' takes 'answers'" in why


async def test_past_executions_of_one_arm_alone_are_not_scored_into_a_decision(caller: Caller, start_optimizer: StartOptimizer) -> None:
    await start_optimizer()
    await two_versions(caller)
    one, rule = await live(caller, CONTAINS, prompts=["answers"], filters={"app": "shop"})
    made = await say(caller, "POST", "/v1/experiments", draft(f"evaluator:{one}"))
    await run_prompt(caller, "parcel")
    wanted: dict[str, Any] = {"evaluator_id": one, "filters": {"reaction": "none"}}
    await say(caller, "POST", f"/v1/experiments/{made['id']}/start", {})
    for body, param in ((wanted, "filters"), ({"evaluator_id": one, "labels": ["production"], "prompts": ["answers"]}, "labels")):
        refused = await caller("POST", "/v1/scorings", body)
        assert (refused.status, refused.body["error"]["param"]) == (409, param), refused.body
        assert "'By score'" in refused.body["error"]["message"]
    assert (await caller("POST", "/v1/scorings", {"evaluator_id": one, "filters": {"app": "none"}})).status == 409, "nothing fits"
    slow: dict[str, Any] = {"evaluator_id": one, "prompts": ["answers"], "filters": {"app": "phone", "min_latency_ms": 5}}
    off = slow | {"filters": {"app": "desk", "min_latency_ms": 5}, "active": False}
    paused = (await say(caller, "POST", "/v1/live-evaluations", off))["id"]
    await say(caller, "PATCH", f"/v1/live-evaluations/{rule}", {"sample": 0.5})
    for method, path, body in (
        ("POST", "", slow),
        ("PATCH", f"/{rule}", {"filters": {"app": "shop", "cached": False}}),
        ("PATCH", f"/{paused}", {"active": True}),
    ):
        refused = await caller(method, f"/v1/live-evaluations{path}", body)
        assert (refused.status, refused.body["error"]["param"]) == (409, "filters"), refused.body
        assert "'By score'" in refused.body["error"]["message"]
    await say(caller, "POST", f"/v1/experiments/{made['id']}/decide", {"winner": None, "reason": "enough"})
    assert (await caller("POST", "/v1/scorings", wanted)).status == 201
    await say(caller, "PATCH", f"/v1/live-evaluations/{paused}", {"active": True})
