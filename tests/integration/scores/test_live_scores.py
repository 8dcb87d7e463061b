"""Evaluators score live traffic: once, beside the execution, within a cap, apart from what people said (PRODUCT F4)."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics.core.recount import Difference
from burnish_analytics.recount import recount
from burnish_gateway.evaluators import agreement_store
from burnish_shared import failpoints
from burnish_shared.db.session import Database
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.scores.conftest import DAY, RUBRIC, StartOptimizer, live, rows, run_prompt, say, scores_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F4")]

SHORT = {"kind": "expression", "expression": "len(output) < 60"}


async def test_each_execution_gets_one_score_of_a_declared_evaluator(caller: Caller, start_optimizer: StartOptimizer) -> None:
    await start_optimizer()
    evaluator, live_id = await live(caller, {"kind": "contains", "phrases": ["simulated"]}, prompts=["answers"], labels=["production"])
    execution = await run_prompt(caller, "Where is my parcel?")
    (score,) = await scores_of(caller, execution)
    assert (score["score"], score["passed"], score["evaluator_id"], score["live_evaluation_id"]) == (1.0, True, evaluator, live_id)
    assert score["cost_nusd"] == 0 and score["simulated"]
    shown = await say(caller, "GET", f"/v1/scores?evaluator_id={evaluator}")
    assert [one["execution_id"] for one in shown["data"]] == [execution] and shown["data"][0]["prompt"] == "answers"
    await until_summed(caller, evaluator, scores=1)


async def until_summed(caller: Caller, evaluator: str, **wanted: Any) -> dict[str, Any]:
    """The one row of the summary, once it says what is wanted."""
    async with asyncio.timeout(60):
        while True:
            data = (await say(caller, "GET", f"/v1/scores/summary?evaluator_id={evaluator}"))["data"]
            if data and {name: data[0][name] for name in wanted} == wanted:
                return dict(data[0])
            await asyncio.sleep(0.03)


@pytest.mark.promise("C-02")
async def test_a_judge_is_an_execution_of_its_own_that_nobody_scores(caller: Caller, start_optimizer: StartOptimizer) -> None:
    await start_optimizer()
    judge = {"kind": "llm_judge", "model": "simulated/judge", "rubric": RUBRIC}
    evaluator, live_id = await live(caller, judge, cap=DAY)
    good, bad = await run_prompt(caller, "parcel"), await run_prompt(caller, "hello")
    (right,), (wrong,) = await scores_of(caller, good), await scores_of(caller, bad)
    assert (right["score"], right["passed"]) == (1.0, True) and (wrong["score"], wrong["passed"]) == (0.5, True)
    assert wrong["uncertain"] and "1 of 2 demands" in wrong["reason"]
    call = await say(caller, "GET", f"/v1/executions/{right['votes'][0]['execution_ids'][0]}")
    assert (call["lane"], call["prompt"], call["job_id"], call["scores"]) == ("batch", None, live_id, [])
    assert call["metadata"] == {"evaluator_id": evaluator, "live_evaluation_id": live_id, "judged": good}
    assert call["cost_nusd"] == right["cost_nusd"] > 0
    cap = (await say(caller, "GET", f"/v1/live-evaluations/{live_id}"))["cap"]
    assert (cap["spent_nusd"], cap["held_nusd"]) == (right["cost_nusd"] + wrong["cost_nusd"], 0)
    await until_summed(caller, evaluator, scores=2, passed=2, uncertain=1, cost_nusd=cap["spent_nusd"])
    scored = (await say(caller, "GET", "/v1/scores"))["data"]
    assert {one["execution_id"] for one in scored} == {good, bad}, "judges' own calls are not scored"


@pytest.mark.promise("C-02")
async def test_a_cap_holds_to_the_nano_dollar(stack: Stack, caller: Caller, start_optimizer: StartOptimizer) -> None:
    """What does not fit any more is not asked, and told as capped; what was spent is what the books say judges cost."""
    await start_optimizer()
    judge = {"kind": "llm_judge", "model": "simulated/judge", "rubric": RUBRIC, "max_tokens": 50}
    limit = 250_000
    _, live_id = await live(caller, judge, cap={"limit_nusd": limit, "period": "day"})
    executions = await asyncio.gather(*(run_prompt(caller, f"parcel {n}") for n in range(12)))
    scores = [(await scores_of(caller, one))[0] for one in executions]
    paid = [one for one in scores if one["score"] is not None]
    assert {one["unavailable"] for one in scores} == {None, "capped"}
    assert 2 <= len(paid) < 12 and all(one["cost_nusd"] == 0 for one in scores if one["score"] is None)
    cap = (await say(caller, "GET", f"/v1/live-evaluations/{live_id}"))["cap"]
    assert cap["spent_nusd"] == sum(one["cost_nusd"] for one in scores) <= limit and cap["held_nusd"] == 0
    (booked,) = await rows(stack, "SELECT sum(cost_nusd) AS spent FROM executions WHERE job_id = $1::text::uuid", live_id)
    assert booked["spent"] == cap["spent_nusd"]
    raised = await say(caller, "PATCH", f"/v1/live-evaluations/{live_id}", {"cap": {"limit_nusd": 10**9, "period": "day"}})
    assert raised["cap"]["spent_nusd"] == cap["spent_nusd"]


async def test_a_new_version_scores_from_then_on_and_the_rollups_are_what_the_scores_add_up_to(
    stack: Stack, caller: Caller, start_optimizer: StartOptimizer
) -> None:
    await start_optimizer()
    evaluator, _ = await live(caller, {"kind": "contains", "phrases": ["hello"]})
    old = [await run_prompt(caller, text) for text in ("hello", "bye")]
    assert [(await scores_of(caller, one))[0]["score"] for one in old] == [1.0, 0.0]
    body = {"settings": {"kind": "contains", "phrases": ["bye"]}, "message": "the other way round"}
    assert (await say(caller, "POST", f"/v1/evaluators/{evaluator}/versions", body))["version"] == 2
    assert (await say(caller, "POST", f"/v1/evaluators/{evaluator}/versions", body))["version"] == 2, "the same settings make none"
    other = await caller("POST", f"/v1/evaluators/{evaluator}/versions", {"settings": {"kind": "exact"}})
    assert (other.status, other.body["error"]["param"]) == (422, "settings")
    versions = (await say(caller, "GET", f"/v1/evaluators/{evaluator}/versions"))["data"]
    assert [(one["version"], one["message"]) for one in versions] == [(2, "the other way round"), (1, "")]
    new = await run_prompt(caller, "bye")
    (score,) = await scores_of(caller, new)
    assert (score["score"], score["evaluator_version"]) == (1.0, 2)
    async with asyncio.timeout(60):
        while len(groups := (await say(caller, "GET", f"/v1/scores/summary?evaluator_id={evaluator}"))["data"]) < 2:
            await asyncio.sleep(0.03)
    assert {one["group"]: (one["scores"], one["passed"], one["mean"]["value"]) for one in groups} == {
        f"{evaluator}@1": (2, 1, 0.5), f"{evaluator}@2": (1, 1, 1.0),
    }  # fmt: skip
    steps = (await say(caller, "GET", f"/v1/scores/summary?evaluator_id={evaluator}&group_by=label&steps=true&grain=hour"))["data"]
    assert {one["group"] for one in steps} == {"answers@production"} and sum(one["scores"] for one in steps) == 3
    assert await recounted(stack, caller) == []
    await rows(stack, "UPDATE rollup_scores SET passed = 7 WHERE evaluator_id = $1::text::uuid AND grain = 'day'", evaluator)
    await say(caller, "POST", "/v1/analytics/recount", {})
    async with asyncio.timeout(60):
        while (told := (await say(caller, "GET", "/v1/analytics/recount"))["data"][0])["status"] != "completed":
            await asyncio.sleep(0.1)
    assert {(one["evaluator_id"], one["figure"], one["rollup"]) for one in told["differences"]} == {(evaluator, "passed", 7)}


async def test_a_bad_new_version_is_told_by_its_scores(stack: Stack, caller: Caller, start_optimizer: StartOptimizer) -> None:
    await start_optimizer()
    evaluator, _ = await live(caller, {"kind": "contains", "phrases": ["parcel"]}, name="about parcels", labels=["production"])
    await asyncio.gather(*(run_prompt(caller, f"parcel {n}") for n in range(60)))
    await until_summed(caller, evaluator, scores=60)
    worse = {
        "messages": [{"role": "user", "content": "{{text}} is nothing that I know of"}],
        "base_version": 1,
        "model": "simulated/reader",
    }
    await say(caller, "POST", "/v1/prompts/answers/versions", worse)
    await say(caller, "PUT", "/v1/prompts/answers/labels/production", {"version": 2})
    await asyncio.gather(*(run_prompt(caller, f"letter {n}") for n in range(60)))
    async with asyncio.timeout(60):
        while not (alerts := [one for one in (await say(caller, "GET", "/v1/alerts"))["data"] if one["metric"] == "quality"]):
            await asyncio.sleep(0.05)
    (alert,) = alerts
    assert (alert["kind"], alert["prompt"], alert["label"], alert["version"], alert["simulated"]) == (
        "degradation", "answers", "production", 2, True,
    )  # fmt: skip
    assert alert["changed"]["version"] == {"from": 1, "to": 2} and alert["changed"]["evaluator"]["name"] == "about parcels"
    assert alert["before"]["quality"] > 0.9 and alert["after"]["quality"] < 0.6 and "about parcels" in alert["summary"]
    chart = (await say(caller, "GET", f"/v1/alerts/{alert['id']}"))["chart"]
    assert {(one["version"], one["value"]) for one in chart} == {(1, 1.0), (2, 0.0)}


async def test_agreement_with_people_is_told_with_kappa_and_its_table(caller: Caller, start_optimizer: StartOptimizer) -> None:
    await start_optimizer()
    evaluator, _ = await live(caller, {"kind": "contains", "phrases": ["parcel"]})
    said = [("parcel", "up"), ("parcel", "up"), ("parcel", "down"), ("hello", "down"), ("hello", "down"), ("hello", "up"), ("hello", None)]
    for text, thumb in said:
        execution = await run_prompt(caller, text)
        await scores_of(caller, execution)
        if thumb is not None:
            await say(caller, "POST", "/v1/feedback", {"execution_id": execution, "thumb": thumb})
    split = await run_prompt(caller, "parcel")
    for user, thumb in (("a", "up"), ("b", "down")):
        await say(caller, "POST", "/v1/feedback", {"execution_id": split, "thumb": thumb, "user_id": user})
    await scores_of(caller, split)
    async with asyncio.timeout(60):
        while (found := await say(caller, "GET", f"/v1/evaluators/{evaluator}/agreement"))["split"] < 1 or found["n"] < 6:
            await asyncio.sleep(0.05)
    assert found["confusion"] == {"passed_good": 2, "passed_bad": 1, "failed_good": 1, "failed_bad": 2}
    assert found["kappa"]["value"] == pytest.approx(1 / 3) and found["kappa"]["low"] < 0 < found["kappa"]["high"]
    assert (found["n"], found["agreement"]["value"], found["few"], found["scores_looked_at"]) == (6, pytest.approx(4 / 6), True, 8)
    newer = await caller("GET", f"/v1/evaluators/{evaluator}/agreement?version=9")
    assert (newer.status, newer.body["error"]["param"]) == (404, "version") and "the newest is 1" in newer.body["error"]["message"]
    assert found["before"] is None
    await say(caller, "POST", f"/v1/evaluators/{evaluator}/versions", {"settings": {"kind": "contains", "phrases": ["hello"]}})
    fresh = await say(caller, "GET", f"/v1/evaluators/{evaluator}/agreement")
    assert (fresh["evaluator_version"], fresh["n"], fresh["kappa"], fresh["scores_looked_at"]) == (2, 0, None, 0)
    assert fresh["before"] == {name: found[name] for name in fresh["before"]} and fresh["before"]["evaluator_version"] == 1
    elsewhere = await say(caller, "GET", f"/v1/evaluators/{evaluator}/agreement?prompt=nothing-here")
    assert elsewhere["before"] is None, "of this prompt nothing is known before either"


async def test_of_a_prompt_that_was_never_scored_nobody_reads_what_others_scored(stack: Stack, caller: Caller) -> None:
    made = await say(caller, "POST", "/v1/evaluators", {"name": "one", "settings": {"kind": "contains", "phrases": ["parcel"]}})
    evaluator = UUID(made["id"])
    workspace = caller.workspace.workspace_id
    async with as_superuser(stack.urls["superuser"]) as superuser:
        await superuser.execute(
            """INSERT INTO burnish.scores (workspace_id, execution_id, evaluator_id, evaluator_version, kind, slug, version, label, model,
                                           finished_at, score, passed, simulated)
               SELECT $1, gen_random_uuid(), $2, 1, 'contains', 'much-asked', 1, '', 'm', clock_timestamp(), 1, true, true
                 FROM generate_series(1, 5000)""",
            workspace, evaluator,
        )  # fmt: skip
        await superuser.execute("ANALYZE burnish.scores")
    db = await Database.open(stack.urls["gateway"], application_name="test-plans")
    try:
        async with db.unit_of_work(workspace=workspace, read_only=True) as tx:
            sql = "EXPLAIN (ANALYZE, BUFFERS) " + agreement_store.BEFORE.format(of_prompt=agreement_store.OF_PROMPT)
            plan = "\n".join(row[0] for row in await tx.fetch(sql, evaluator, 2, "never-asked"))
            assert await agreement_store.version_before(tx, evaluator, 2, slug="never-asked") is None
            assert await agreement_store.version_before(tx, evaluator, 2, slug="much-asked") == 1
    finally:
        await db.close()
    assert "scores_of_prompt" in plan and "Rows Removed" not in plan, plan


@pytest.mark.promise("P-02")
async def test_who_is_erased_leaves_no_word_in_scores_nor_in_what_judges_read(
    stack: Stack, caller: Caller, start_optimizer: StartOptimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start_optimizer()
    judge = {"kind": "llm_judge", "model": "simulated/judge", "rubric": RUBRIC}
    _, live_id = await live(caller, judge, cap=DAY)
    theirs, another = await run_prompt(caller, "my parcel", user_id="ada"), await run_prompt(caller, "a parcel", user_id="bob")
    (score,), (kept,) = await scores_of(caller, theirs), await scores_of(caller, another)
    erased, hit = asyncio.Event(), failpoints.hit

    async def until_erased(name: str) -> None:
        await (erased.wait() if name == "optimizer.before_scores" else hit(name))

    monkeypatch.setattr(failpoints, "hit", until_erased)  # this one is read by its judge, and its score is not written yet
    judged_late = await run_prompt(caller, "my other parcel", user_id="ada")
    async with asyncio.timeout(60):
        while len(calls := await rows(stack, "SELECT execution_id FROM executions WHERE job_id = $1::text::uuid", live_id)) < 3:
            await asyncio.sleep(0.03)
    erasure = await say(caller, "POST", "/v1/erasures", {"user_id": "ada"})
    async with asyncio.timeout(60):
        while (await say(caller, "GET", f"/v1/erasures/{erasure['id']}"))["status"] != "completed":
            await asyncio.sleep(0.05)
    erased.set()
    readers = "SELECT execution_id FROM execution_contents WHERE execution_id = ANY ($1) AND messages::text LIKE '%other parcel%'"
    async with asyncio.timeout(60):
        while await rows(stack, readers, [row["execution_id"] for row in calls]):
            await asyncio.sleep(0.05)
    assert (await say(caller, "GET", f"/v1/executions/{judged_late}"))["scores"] == []
    (after,) = await scores_of(caller, theirs)
    assert (after["score"], after["reason"], after["votes"][0]["reason"]) == (score["score"], "", "")
    call = await say(caller, "GET", f"/v1/executions/{score['votes'][0]['execution_ids'][0]}")
    assert call["messages"] is None and call["output"] is None and call["cost_nusd"] == score["cost_nusd"]
    assert (await scores_of(caller, another))[0] == kept
    untouched = await say(caller, "GET", f"/v1/executions/{kept['votes'][0]['execution_ids'][0]}")
    assert untouched["messages"]


@pytest.mark.promise("P-02")
async def test_a_judges_call_that_no_score_names_is_forgotten_with_what_it_read(
    stack: Stack, caller: Caller, start_optimizer: StartOptimizer
) -> None:
    """Bought, and then lost: by a crash before the score was written, or beside an answer that could not be used."""
    await start_optimizer()
    await live(caller, {"kind": "llm_judge", "model": "simulated/judge", "rubric": RUBRIC}, cap=DAY)
    theirs, another = await run_prompt(caller, "my parcel", user_id="ada"), await run_prompt(caller, "a parcel", user_id="bob")
    calls = [UUID((await scores_of(caller, one))[0]["votes"][0]["execution_ids"][0]) for one in (theirs, another)]
    await rows(stack, "UPDATE scores SET judge_executions = '{}' WHERE workspace_id = $1", caller.workspace.workspace_id)
    own = await run_prompt(caller, "a call of one's own that says so", user_id="cy", metadata={"judged": theirs})
    erasure = await say(caller, "POST", "/v1/erasures", {"user_id": "ada", "reason": "letter"})
    async with asyncio.timeout(60):
        while (await say(caller, "GET", f"/v1/erasures/{erasure['id']}"))["status"] != "completed":
            await asyncio.sleep(0.1)
    kept = await rows(stack, "SELECT execution_id FROM execution_contents WHERE execution_id = ANY ($1)", [*calls, UUID(own)])
    assert {row["execution_id"] for row in kept} == {calls[1], UUID(own)}


async def test_what_live_traffic_cannot_have_is_refused_and_a_rule_is_changed_paused_and_archived(stack: Stack, caller: Caller) -> None:
    async def refused(settings: dict[str, Any], status: int, param: str, **rule: Any) -> None:
        made = await say(caller, "POST", "/v1/evaluators", {"name": f"{settings['kind']} {param}", "settings": settings})
        answer = await caller("POST", "/v1/live-evaluations", {"evaluator_id": made["id"], **rule})
        assert (answer.status, answer.body["error"]["param"]) == (status, param), answer.body

    judge = {"kind": "llm_judge", "model": "simulated/judge", "rubric": RUBRIC}
    await refused(judge, 422, "cap")
    await refused({"kind": "exact"}, 422, "evaluator_id")
    await refused({"kind": "contains"}, 422, "evaluator_id")
    await refused(SHORT, 404, "prompts", prompts=["nothing"])
    await refused(SHORT | {"expression": "true"}, 422, "sample", sample=0)
    cheap = {"limit_nusd": 1_000, "period": "day"}
    made = await say(caller, "POST", "/v1/evaluators", {"name": "a judge", "settings": judge})
    small = (await caller("POST", "/v1/live-evaluations", {"evaluator_id": made["id"], "cap": cheap})).body["error"]
    assert small["param"] == "cap.limit_nusd"
    least = int(re.findall("held for with ([0-9]+)", small["message"])[0])
    fitting = {"evaluator_id": made["id"], "cap": cheap | {"limit_nusd": least}, "prompts": ["answers"], "labels": ["staging"]}
    fits = await say(caller, "POST", "/v1/live-evaluations", fitting)
    lowered = await caller("PATCH", f"/v1/live-evaluations/{fits['id']}", {"cap": cheap | {"limit_nusd": least - 1}})
    assert (lowered.status, lowered.body["error"]["param"]) == (422, "cap.limit_nusd")
    dearer = {"settings": judge | {"max_tokens": 4000}}
    too_dear = (await caller("POST", f"/v1/evaluators/{made['id']}/versions", dearer)).body["error"]
    assert (too_dear["type"], too_dear["param"]) == ("conflict_error", "settings") and fits["id"] in too_dear["message"]
    enough = int(re.findall("held for with ([0-9]+)", too_dear["message"])[0])
    await say(caller, "PATCH", f"/v1/live-evaluations/{fits['id']}", {"cap": cheap | {"limit_nusd": enough}})
    assert (await say(caller, "POST", f"/v1/evaluators/{made['id']}/versions", dearer))["version"] == 2
    fitting["cap"] = cheap | {"limit_nusd": enough}
    again = await caller("POST", "/v1/live-evaluations", fitting | {"prompts": []})
    assert (again.status, again.body["error"]["param"]) == (409, "evaluator_id") and fits["id"] in again.body["error"]["message"]
    beside = await say(caller, "POST", "/v1/live-evaluations", fitting | {"labels": ["production"]})
    over = await caller("PATCH", f"/v1/live-evaluations/{beside['id']}", {"labels": ["production", "staging"]})
    assert over.status == 409
    assert (await caller("PATCH", f"/v1/live-evaluations/{beside['id']}", {"labels": ["production"]})).status == 200
    for one in (fits, beside):
        assert (await caller("DELETE", f"/v1/live-evaluations/{one['id']}")).status == 204
    unknown = await caller("POST", "/v1/evaluators", {"name": "x", "settings": judge | {"model": "nobody/knows"}})
    assert (unknown.status, unknown.body["error"]["code"]) == (404, "model_not_found")

    evaluator, live_id = await live(caller, {"kind": "toxicity"}, name="clean", sample=0.5)
    path = f"/v1/live-evaluations/{live_id}"
    asks = {"settings": {"kind": "toxicity", "judge": "simulated/judge"}}
    uncapped = await caller("POST", f"/v1/evaluators/{evaluator}/versions", asks)
    assert (uncapped.status, uncapped.body["error"]["param"]) == (409, "settings")
    changed = await say(caller, "PATCH", path, {"sample": 1, "prompts": ["answers"], "cap": DAY, "active": False})
    assert (changed["sample"], changed["prompts"], changed["active"], changed["cap"]["limit_nusd"]) == (1, ["answers"], False, 10**9)
    assert (await say(caller, "POST", f"/v1/evaluators/{evaluator}/versions", asks))["version"] == 2
    assert (await caller("PATCH", path, {"cap": None})).status == 422
    execution = await run_prompt(caller, "hello")
    viewer = await stack.caller(role="viewer", workspace=caller.workspace)
    assert (await viewer("GET", path)).body["waiting"] == 0
    assert (await viewer("PATCH", path, {"active": True})).status == 403
    assert (await caller("DELETE", path)).status == 204
    assert (await caller("PATCH", path, {"active": True})).status == 404
    assert (await say(caller, "GET", path))["archived_at"] and (await say(caller, "GET", "/v1/live-evaluations"))["data"] == []
    assert (await say(caller, "GET", f"/v1/executions/{execution}"))["scores"] == []
    actions = [one["action"] for one in (await say(caller, "GET", f"/v1/audit?object_id={live_id}"))["data"]]
    assert sorted(actions) == ["live_evaluation.archived", "live_evaluation.changed", "live_evaluation.created"]


async def test_a_judge_is_tried_at_once_and_a_repeat_asks_nobody(caller: Caller) -> None:
    body = {"settings": {"kind": "llm_judge", "model": "simulated/judge", "rubric": RUBRIC}, "output": "Your parcel is late."}
    first = await caller("POST", "/v1/evaluators/try", body, headers={"idempotency-key": "try-1"})
    assert first.status == 200 and (first.body["score"], first.body["votes"][0]["simulated"]) == (1.0, True), first.body
    again = await caller("POST", "/v1/evaluators/try", body, headers={"idempotency-key": "try-1"})
    assert again.raw == first.raw and again.headers["idempotent-replayed"] == "true"
    calls = (await say(caller, "GET", "/v1/executions"))["data"]
    assert [one["id"] for one in calls] == first.body["votes"][0]["execution_ids"] and calls[0]["job_id"]


async def recounted(stack: Stack, caller: Caller) -> list[Difference]:
    """What a recount of today and yesterday finds wrong."""
    db = await Database.open(stack.urls["analytics"], application_name="test-recount", max_size=2)
    try:
        now = datetime.now(UTC)
        return (await recount(db, caller.workspace.workspace_id, start=now - timedelta(days=1), end=now + timedelta(hours=1))).differences
    finally:
        await db.close()


@pytest.mark.capability("O3")
async def test_judges_score_a_test_run_and_a_pair_is_compared_with_another_run(
    stack: Stack, caller: Caller, start_optimizer: StartOptimizer
) -> None:
    await start_optimizer()
    items = [{"input": f"parcel {n}", "expected": "parcel", "split": "test"} for n in range(8)]
    dataset = (await say(caller, "POST", "/v1/datasets", {"name": "parcels", "items": items}))["id"]
    judge = {"kind": "llm_judge", "model": "simulated/judge", "rubric": RUBRIC, "sees": ["input"]}
    pair = {"kind": "pairwise", "model": "simulated/judge", "rubric": 'must contain "parcel"'}
    all_of_them: list[dict[str, Any]] = [judge, pair, {"kind": "toxicity"}]
    evaluators = [
        (await say(caller, "POST", "/v1/evaluators", {"name": one["kind"], "settings": one}))["id"] for one in all_of_them
    ]  # fmt: skip

    async def run(**more: Any) -> dict[str, Any]:
        body = {"prompt": "answers", "dataset_id": dataset, "split": "test", "evaluators": evaluators, **more}
        started = await say(caller, "POST", "/v1/test-runs", body)
        async with asyncio.timeout(60):
            while (found := await say(caller, "GET", f"/v1/test-runs/{started['id']}"))["status"] not in ("completed", "failed"):
                await asyncio.sleep(0.05)
        return found | {"forecast": started["forecast"]}

    worse = {"messages": [{"role": "user", "content": "{{text}}. Write 3 words."}], "base_version": 1, "model": "simulated/chat"}
    first = await run()
    await say(caller, "POST", "/v1/prompts/answers/versions", worse)
    second = await run(version=2, compare_with=first["id"])
    assert (first["status"], second["status"], second["compare_with"]) == ("completed", "completed", first["id"])
    judged, compared, clean = second["evaluators"]
    assert (judged["n"], judged["version"], judged["mean_score"], clean["mean_score"]) == (8, 1, 0.5, 1.0)
    assert (compared["n"], compared["mean_score"], compared["passed"]) == (8, 0.0, 0) and clean["cost_nusd"] == 0
    assert first["evaluators"][0]["mean_score"] == 1.0 and first["forecast"]["cost_nusd"] >= first["cost_nusd"] + judged["cost_nusd"]
    (booked,) = await rows(stack, "SELECT sum(cost_nusd) AS spent FROM executions WHERE job_id = $1::text::uuid", second["id"])
    assert booked["spent"] == second["cost_nusd"] + judged["cost_nusd"] + compared["cost_nusd"]
    assert (await say(caller, "GET", "/v1/credits"))["held_nusd"] == 0
    other = await caller("POST", "/v1/test-runs", {
        "prompt": "answers", "dataset_id": dataset, "split": "test", "compare_with": str(UUID(int=1)), "evaluators": evaluators,
    })  # fmt: skip
    assert (other.status, other.body["error"]["param"]) == (404, "compare_with")


@pytest.mark.capability("O3")
async def test_equal_questions_to_judges_share_one_answer_and_the_test_run_ends(
    stack: Stack, caller: Caller, start_optimizer: StartOptimizer
) -> None:
    await start_optimizer()
    items = [{"input": f"parcel {n}", "expected": "parcel", "split": "test"} for n in range(4)]
    dataset = (await say(caller, "POST", "/v1/datasets", {"name": "equal", "items": items}))["id"]
    judge = {"kind": "llm_judge", "model": "simulated/judge", "rubric": RUBRIC, "sees": ["input"]}
    pair = {"kind": "pairwise", "model": "simulated/judge", "rubric": 'must contain "parcel"'}
    evaluators = [
        (await say(caller, "POST", "/v1/evaluators", {"name": name, "settings": one}))["id"]
        for name, one in (("judge", judge), ("the same judge", judge), ("pair", pair))
    ]

    async def run(**more: Any) -> dict[str, Any]:
        body = {"prompt": "answers", "dataset_id": dataset, "split": "test", "evaluators": evaluators, **more}
        started = await say(caller, "POST", "/v1/test-runs", body)
        async with asyncio.timeout(60):
            while (found := await say(caller, "GET", f"/v1/test-runs/{started['id']}"))["status"] not in ("completed", "failed"):
                await asyncio.sleep(0.05)
        return dict(found)

    first = await run()
    second = await run(compare_with=first["id"])  # the same version again: each answer is what the other run answered
    assert (first["status"], second["status"]) == ("completed", "completed")
    one, other, compared = second["evaluators"]
    assert (one["n"], one["mean_score"]) == (other["n"], other["mean_score"]) == (4, 1.0)
    assert (compared["n"], compared["mean_score"]) == (4, 0.5), "equal answers are a tie"
    (booked,) = await rows(
        stack, "SELECT sum(cost_nusd) AS spent, count(*) AS calls FROM executions WHERE job_id = $1::text::uuid", second["id"]
    )
    assert booked["calls"] == 4 + 4 + 4, "an answer, a mark and a comparison for each item"
    assert booked["spent"] == second["cost_nusd"] + one["cost_nusd"] + other["cost_nusd"] + compared["cost_nusd"]
