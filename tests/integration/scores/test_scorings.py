"""Past executions are scored on demand: what fits, once, up to a limit, with pause and cancel. And live ones by filters (F4)."""

import asyncio
from typing import Any

import pytest

from burnish_gateway.evaluators import scoring_store
from tests.embedded.stack import Caller, Stack
from tests.integration.scores.conftest import RUBRIC, StartOptimizer, live, rows, run_prompt, say, scores_of
from tests.integration.scores.test_live_scores import recounted

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F4")]

JUDGE = {"kind": "llm_judge", "model": "simulated/judge", "rubric": RUBRIC, "max_tokens": 50}


async def evaluator(caller: Caller, settings: dict[str, Any], *, name: str = "one") -> str:
    return str((await say(caller, "POST", "/v1/evaluators", {"name": name, "settings": settings}))["id"])


async def until(caller: Caller, scoring: str, status: str) -> dict[str, Any]:
    """The scoring, once it is there."""
    async with asyncio.timeout(60):
        while (told := await say(caller, "GET", f"/v1/scorings/{scoring}"))["status"] != status:
            await asyncio.sleep(0.05)
    return dict(told)


async def test_only_what_fits_the_filters_is_scored_live(caller: Caller, start_optimizer: StartOptimizer) -> None:
    """Two of one evaluator stand side by side where no execution can fit both; the metadata is looked up, whoever asks first."""
    await start_optimizer()
    one, first = await live(
        caller, {"kind": "contains", "phrases": ["parcel"]}, filters={"metadata": {"team.name": "north"}, "simulated": True}
    )
    meets = await caller("POST", "/v1/live-evaluations", {"evaluator_id": one, "filters": {"simulated": True}})
    assert (meets.status, meets.body["error"]["param"]) == (409, "evaluator_id")
    second = await say(caller, "POST", "/v1/live-evaluations", {"evaluator_id": one, "filters": {"metadata": {"team.name": "south"}}})
    assert second["filters"] == {"metadata": {"team.name": "south"}}
    north, south, neither, last = [
        await run_prompt(caller, "parcel", metadata={"team": {"name": name}}) for name in ("north", "south", "west", "north")
    ]
    assert (await scores_of(caller, north))[0]["live_evaluation_id"] == first
    assert (await scores_of(caller, south))[0]["live_evaluation_id"] == second["id"]
    await scores_of(caller, last)
    assert (await say(caller, "GET", f"/v1/executions/{neither}"))["scores"] == []
    changed = await say(caller, "PATCH", f"/v1/live-evaluations/{first}", {"filters": {"metadata": {"team.name": "east"}}})
    assert changed["filters"] == {"metadata": {"team.name": "east"}}


@pytest.mark.parametrize(
    ("filters", "field"),
    [({"status": "error"}, "filters.status"), ({"arm": "b"}, "filters.arm"), ({"min_latency_ms": -1}, "filters.min_latency_ms")],
)
async def test_a_filter_that_is_none_is_refused_by_name(caller: Caller, filters: dict[str, Any], field: str) -> None:
    one = await evaluator(caller, {"kind": "contains", "phrases": ["a"]})
    for path in ("/v1/live-evaluations", "/v1/scorings/forecast", "/v1/scorings"):
        answer = await caller("POST", path, {"evaluator_id": one, "filters": filters})
        assert (answer.status, answer.body["error"]["param"]) == (422, field)


async def test_past_executions_that_fit_are_scored_once(caller: Caller, start_optimizer: StartOptimizer, stack: Stack) -> None:
    old = [await run_prompt(caller, text, metadata={"team": "north"}) for text in ("parcel", "hello", "parcel")]
    other = await run_prompt(caller, "parcel", metadata={"team": "south"})
    one = await evaluator(caller, {"kind": "contains", "phrases": ["parcel"]})
    what = {"evaluator_id": one, "prompts": ["answers"], "filters": {"metadata": {"team": "north"}}}
    told = await say(caller, "POST", "/v1/scorings/forecast", what)
    wanted = {
        "found": 3, "scored_already": 0, "without_text": 0, "to_score": 3, "expected_nusd": 0, "basis": "free", "simulated": True,
    }  # fmt: skip
    assert {name: told[name] for name in wanted} == wanted
    made = await say(caller, "POST", "/v1/scorings", what | {"newest": 2})
    assert (made["status"], made["total"], made["waiting"], made["limit_nusd"]) == ("running", 2, 2, None)
    assert made["simulated"] is None, "nothing is scored yet"
    again = await say(caller, "POST", "/v1/scorings/forecast", what)
    assert (again["scored_already"], again["to_score"]) == (2, 1), "what waits is as good as scored"
    await start_optimizer()
    done = await until(caller, made["id"], "completed")
    assert (done["scored"], done["passed"], done["no_scores"], done["mean"], done["simulated"]) == (2, 1, 0, 0.5, True)
    assert [len((await say(caller, "GET", f"/v1/executions/{it}"))["scores"]) for it in (*old, other)] == [0, 1, 1, 0]
    rest = await say(caller, "POST", "/v1/scorings", what)
    assert rest["total"] == 1
    await until(caller, rest["id"], "completed")
    nothing = await caller("POST", "/v1/scorings", what)
    assert nothing.status == 409 and "Nothing is left to score" in nothing.body["error"]["message"]
    assert [it["id"] for it in (await say(caller, "GET", f"/v1/scorings?evaluator_id={one}"))["data"]] == [rest["id"], made["id"]]
    assert (await say(caller, "GET", "/v1/live-evaluations"))["data"] == [], "a scoring is no live evaluation"
    assert (await caller("GET", f"/v1/live-evaluations/{made['id']}")).status == 404
    async with asyncio.timeout(60):
        while not (summed := (await say(caller, "GET", f"/v1/scores/summary?evaluator_id={one}"))["data"]) or summed[0]["scores"] < 3:
            await asyncio.sleep(0.05)
    (watched,) = await rows(stack, "SELECT count(*) AS n FROM burnish.quality_states WHERE evaluator_id = $1::text::uuid", one)
    assert watched["n"] == 0, "what is past says nothing of what a label serves now"


@pytest.mark.promise("C-02")
async def test_where_its_limit_is_reached_a_scoring_waits_and_goes_on_with_more(
    caller: Caller, start_optimizer: StartOptimizer, stack: Stack
) -> None:
    old = [await run_prompt(caller, f"parcel {n}") for n in range(8)]
    one = await evaluator(caller, JUDGE)
    missing = await caller("POST", "/v1/scorings", {"evaluator_id": one})
    assert (missing.status, missing.body["error"]["param"]) == (422, "limit_nusd")
    little = await caller("POST", "/v1/scorings", {"evaluator_id": one, "limit_nusd": 1})
    assert (little.status, little.body["error"]["param"]) == (422, "limit_nusd")
    told = await say(caller, "POST", "/v1/scorings/forecast", {"evaluator_id": one})
    assert (told["to_score"], told["basis"], told["simulated"]) == (8, "texts", True) and told["expected_nusd"] > 0
    limit = 200_000
    made = await say(caller, "POST", "/v1/scorings", {"evaluator_id": one, "limit_nusd": limit})
    await start_optimizer()
    paused = await until(caller, made["id"], "paused")
    assert paused["paused_because"] == "budget" and 0 < paused["scored"] < 8 and paused["waiting"] == 8 - paused["scored"]
    assert 0 < paused["spent_nusd"] <= limit and paused["held_nusd"] == 0 and paused["no_scores"] == 0
    more = await say(caller, "PATCH", f"/v1/scorings/{made['id']}", {"limit_nusd": 10**8})
    assert (more["status"], more["paused_because"]) == ("paused", "budget"), "nobody let it go on yet"
    raised = await say(caller, "PATCH", f"/v1/scorings/{made['id']}", {"limit_nusd": 10**9, "active": True})
    assert (raised["status"], raised["paused_because"]) == ("running", None)
    done = await until(caller, made["id"], "completed")
    assert (done["scored"], done["passed"], done["waiting"]) == (8, 8, 0)
    scores = [(await scores_of(caller, it))[0] for it in old]
    (booked,) = await rows(stack, "SELECT sum(cost_nusd) AS spent FROM burnish.executions WHERE job_id = $1::text::uuid", made["id"])
    assert done["spent_nusd"] == booked["spent"] == sum(it["cost_nusd"] for it in scores)
    over = await caller("PATCH", f"/v1/scorings/{made['id']}", {"active": False})
    assert over.status == 409
    async with asyncio.timeout(60):
        while not (await say(caller, "GET", f"/v1/scores/summary?evaluator_id={one}"))["data"]:
            await asyncio.sleep(0.05)
    for _ in range(2):
        await run_prompt(caller, "parcel once more")
    by_scores = await say(caller, "POST", "/v1/scorings/forecast", {"evaluator_id": one})
    assert (by_scores["basis"], by_scores["scored_already"], by_scores["to_score"]) == ("scores", 8, 2)


async def test_what_a_live_evaluation_takes_meanwhile_is_not_counted_twice(
    caller: Caller, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between being found and being queued others may queue or score it. And no row of a scoring draws from what comes."""
    old = [await run_prompt(caller, f"parcel {n}") for n in range(3)]
    one = await evaluator(caller, {"kind": "contains", "phrases": ["parcel"]})
    what = {"evaluator_id": one, "prompts": ["answers"]}
    first = await say(caller, "POST", "/v1/scorings", what | {"newest": 1})
    found = scoring_store.find_past

    async def before_that(*asked: Any, **more: Any) -> scoring_store.Past:
        seen = await found(*asked, **more)
        return scoring_store.Past(seen.found, frozenset(), seen.with_text, seen.searched_to)

    monkeypatch.setattr(scoring_store, "find_past", before_that)
    second = await say(caller, "POST", "/v1/scorings", what)
    assert (second["total"], second["waiting"]) == (2, 2) and len(old) == 3
    nothing = await caller("POST", "/v1/scorings", what)
    assert nothing.status == 409 and "at this moment" in nothing.body["error"]["message"]
    asked = "SELECT sample_ratio FROM burnish.live_evaluations WHERE evaluator_id = $1::text::uuid AND kind = 'past'"
    assert [it["sample_ratio"] for it in await rows(stack, asked, one)] == [0, 0], "a release that knows no scorings draws nothing for them"
    assert first["total"] == 1


async def test_a_scoring_is_paused_and_cancelled(caller: Caller, start_optimizer: StartOptimizer) -> None:
    for n in range(3):
        await run_prompt(caller, f"parcel {n}")
    one = await evaluator(caller, {"kind": "contains", "phrases": ["parcel"]})
    made = await say(caller, "POST", "/v1/scorings", {"evaluator_id": one})
    held = await say(caller, "PATCH", f"/v1/scorings/{made['id']}", {"active": False})
    assert (held["status"], held["paused_because"], held["waiting"]) == ("paused", None, 3)
    await start_optimizer()
    assert (await caller("DELETE", f"/v1/scorings/{made['id']}")).status == 204
    gone = await say(caller, "GET", f"/v1/scorings/{made['id']}")
    assert (gone["status"], gone["dropped"], gone["waiting"], gone["scored"]) == ("cancelled", 3, 0, 0)
    assert (await caller("DELETE", f"/v1/scorings/{made['id']}")).status == 409
    second = await say(caller, "POST", "/v1/scorings", {"evaluator_id": one, "newest": 1})
    await until(caller, second["id"], "completed")
    third = await say(caller, "POST", "/v1/scorings", {"evaluator_id": one})
    assert (await caller("DELETE", f"/v1/evaluators/{one}")).status == 200
    assert (await say(caller, "GET", f"/v1/scorings/{third['id']}"))["status"] in ("cancelled", "completed")
    asked = [it["action"] for it in (await say(caller, "GET", "/v1/audit?limit=100"))["data"] if it["action"].startswith("scoring.")]
    assert asked.count("scoring.created") == 3 and "scoring.cancelled" in asked and "scoring.changed" in asked


async def test_scores_count_in_the_arms_of_an_experiment_and_guard_it(
    caller: Caller, start_optimizer: StartOptimizer, stack: Stack
) -> None:
    """Told beside the metric that decides, with an interval for each arm and the difference; past ones by a scoring. The recount agrees."""
    await start_optimizer(experiment_interval_s=0.2)
    bad = {"messages": [{"role": "user", "content": "Say nothing."}], "base_version": 1, "model": "simulated/chat", "temperature": 0.0}
    await say(caller, "POST", "/v1/prompts/answers/versions", bad)
    one, live_id = await live(caller, {"kind": "contains", "phrases": ["parcel"]}, prompts=["answers"])
    arms = [{"name": "control", "label": "production"}, {"name": "worse", "version": 2}]
    draft = {"name": "Shorter", "prompt": "answers", "arms": arms, "unit": "execution", "metric": "success"}
    unknown = await caller("POST", "/v1/experiments", draft | {"guardrails": [{"metric": f"evaluator:{live_id}", "margin": 0.1}]})
    assert (unknown.status, unknown.body["error"]["param"]) == (422, "guardrails[0].metric")
    points = await caller("POST", "/v1/experiments", draft | {"guardrails": [{"metric": f"evaluator:{one}", "margin": 5}]})
    assert points.status == 422 and "must be below 1" in points.body["error"]["message"]
    guard = {"metric": f"evaluator:{one}", "margin": 0.1}
    made = await say(caller, "POST", "/v1/experiments", draft | {"guardrails": [guard]})
    metric = f"evaluator:{one}@1"
    assert [(rule["metric"], rule["direction"]) for rule in made["guardrails"]] == [(metric, "higher")]
    unscored = await evaluator(caller, {"kind": "contains", "phrases": ["a"]}, name="scores nothing")
    silent = await say(caller, "POST", "/v1/experiments", draft | {"guardrails": [{"metric": f"evaluator:{unscored}", "margin": 0.1}]})
    for drafted, warned in ((made, 0), (silent, 1)):
        checks = (await say(caller, "GET", f"/v1/experiments/{drafted['id']}/checklist"))["checks"]
        assert [it["state"] for it in checks if it["name"] == "scores"] == ["warning"] * warned
    await say(caller, "POST", f"/v1/experiments/{made['id']}/start", {})
    async with asyncio.timeout(30):  # until the gateway has heard of it
        while (await say(caller, "GET", f"/v1/executions/{await run_prompt(caller, 'parcel')}"))["arm"] is None:
            await asyncio.sleep(0.05)
    for _ in range(4):
        await asyncio.gather(*(run_prompt(caller, f"parcel {n}") for n in range(30)))
    async with asyncio.timeout(60):
        while (told := await say(caller, "GET", f"/v1/experiments/{made['id']}"))["status"] != "completed":
            await asyncio.sleep(0.1)
    assert "the score of an evaluator" in told["verdict"]["sentence"]
    found = next(it for it in told["verdict"]["result"]["figures"] if it["metric"] == metric)
    assert found["role"] == "guardrail" and found["kind"] == "share"
    assert {it["arm"]: it["value"] for it in found["arms"]} == {"control": 1.0, "worse": 0.0}
    async with asyncio.timeout(60):
        while (await rows(stack, "SELECT count(*) AS n FROM burnish.scores WHERE evaluator_id = $1::text::uuid AND NOT in_arm", one))[0][
            "n"
        ]:
            await asyncio.sleep(0.1)
    other = await evaluator(caller, {"kind": "contains", "phrases": ["parcel"]}, name="afterwards")
    past = await say(caller, "POST", "/v1/scorings", {"evaluator_id": other, "filters": {"experiment_id": made["id"]}})
    await until(caller, past["id"], "completed")
    async with asyncio.timeout(60):
        while (
            sum(
                it["sum_x"]
                for it in await rows(stack, "SELECT sum_x FROM burnish.experiment_sums WHERE metric = $1", f"evaluator:{other}@1")
            )
            < past["total"]
        ):
            await asyncio.sleep(0.05)
    assert await recounted(stack, caller) == []
