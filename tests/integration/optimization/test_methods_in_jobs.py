"""Every method of O2 as a job: asked for over HTTP, billed, resumable, measured on test, and suggested as it was measured."""

from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.integration.optimization.conftest import Desk, make_desk
from tests.integration.optimization.test_jobs import start
from tests.integration.optimization.test_test_runs import assert_books_are_in_order, books, evaluator
from tests.integration.optimization.tickets import CUES, STRONG, WEAK, tickets

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O2")]

WORDY = "\n".join(
    [
        "Please sort the ticket into one of: billing, shipping, access, hardware",
        "Basically, it is important that you always choose with great care.",
        "Our house style was revised in spring.",
        "Answer with the name of the queue only, nothing else.",
        *(f"- {queue}: {', '.join(cues)}" for queue, cues in CUES.items()),
    ]
)


async def done(desk: Desk, **asked: Any) -> Any:
    return await desk.until(f"/v1/optimizations/{await start(desk, **asked)}")


async def suggestion_of(desk: Desk, job: Any) -> Any:
    return (await desk.caller("GET", f"/v1/suggestions/{job['suggestion_id']}")).body


async def set_workspace(caller: Caller, **wanted: Any) -> None:
    changed = await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", wanted)
    assert changed.status == 200, changed.body


async def test_a_text_that_somebody_brings_is_measured_and_suggested_byte_for_byte(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    job = await done(desk, method="manual", manual={"candidates": [STRONG, "Sort it."]})
    assert (job["outcome"], job["method"], job["progress"]["method"]) == ("improved", "manual", "manual"), job
    assert job["progress"]["round"] == 2 and job["search"]["manual"]["candidates"] == [STRONG, "Sort it."]
    found = await suggestion_of(desk, job)
    assert found["content"]["messages"][0]["content"] == STRONG
    asked = await books(
        stack,
        """SELECT DISTINCT c.messages #>> '{0,content}' AS text FROM executions x JOIN execution_contents c USING (execution_id)
            WHERE x.job_id = $1::text::uuid""",
        job["id"],
    )
    assert {row["text"] for row in asked} == {WEAK, STRONG, "Sort it."}
    await assert_books_are_in_order(stack, desk.caller)


async def test_evolution_writes_its_generations_down_and_goes_on_from_one(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    bad = STRONG.replace("Answer with the name of the queue only, nothing else.", "Explain the reasoning for the choice.")
    desk = await make_desk(await stack.caller(), prompt=bad)
    asked = {"population": 8, "generations": 4, "selection": "tournament", "operators": ["remove_word", "shift_structure"]}
    job = await done(desk, method="evolutionary", evolutionary=asked, seed=3)
    assert job["status"] == "completed" and job["search"]["evolutionary"]["population"] == 8, job
    rows = await books(stack, "SELECT number, size FROM generations WHERE line_id = $1::text::uuid ORDER BY number", job["id"])
    assert [row["number"] for row in rows] == list(range(len(rows))) and 1 <= len(rows) <= 4
    assert job["progress"]["round"] == len(rows)
    texts = await books(stack, "SELECT DISTINCT text FROM lineage_candidates WHERE line_id = $1::text::uuid", job["id"])
    assert len(texts) >= 8
    newest = (await desk.caller("GET", f"/v1/generations/{job['id']}")).body["latest"]["members"]
    assert all(one["scores"]["cost_nusd"] > 0 and one["scores"]["fitness"] == one["fitness"] for one in newest), newest
    proposals = await books(
        stack, "SELECT 1 FROM evaluations WHERE owner_id = $1::text::uuid AND item_id = '00000000-0000-0000-0000-000000000000'", job["id"]
    )
    assert not proposals, "no model proposes"


@pytest.mark.parametrize("selection", ["roulette", "pareto"])
async def test_a_workspace_brings_words_of_its_own_whatever_chooses_the_parents(stack: Stack, start_optimizer: Any, selection: str) -> None:
    """Nothing but its thesaurus could put the word there: it stands in no case and in no group that ships."""
    await start_optimizer()
    desk = await make_desk(await stack.caller(), prompt="Sort the zorblat by its queue.", items=tickets(train=10, validation=6, test=6))
    asked = {
        "population": 4,
        "elites": 1,
        "generations": 2,
        "items_per_generation": 5,
        "selection": selection,
        "operators": ["replace_by_synonym"],
        "thesaurus": [["zorblat", "quibnix"]],
    }
    job = await done(desk, method="evolutionary", evolutionary=asked, budget={"evaluations": 200}, seed=2)
    assert job["status"] == "completed" and job["search"]["evolutionary"]["thesaurus"] == [["zorblat", "quibnix"]], job
    assert job["search"]["evolutionary"]["selection"] == selection
    texts = await books(stack, "SELECT DISTINCT text FROM lineage_candidates WHERE line_id = $1::text::uuid", job["id"])
    assert any("quibnix" in row["text"] for row in texts), texts


async def test_examples_enter_a_prompt_only_where_the_workspace_allows_it(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "method": "few_shot"}
    refused = await desk.caller("POST", "/v1/optimizations", body)
    assert (refused.status, refused.body["error"]["param"]) == (409, "method") and "examples_in_prompts" in refused.body["error"]["message"]
    await set_workspace(desk.caller, examples_in_prompts=True)
    await start_optimizer()
    job = await done(desk, method="few_shot", few_shot={"examples": 8, "sets": 4})
    assert job["status"] == "completed" and job["outcome"] in ("improved", "no_improvement"), job
    texts = await books(stack, "SELECT text FROM optimization_candidates WHERE job_id = $1::text::uuid AND text LIKE '%-> %'", job["id"])
    assert texts and all(row["text"].startswith(WEAK) and row["text"].count("-> ") == 8 for row in texts)


async def test_a_shorter_prompt_is_suggested_where_it_is_not_worse(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_desk(await stack.caller(), prompt=WORDY)
    job = await done(desk, method="compression", compression={"margin": 0.2, "items": 40}, budget={"evaluations": 1500})
    assert job["outcome"] == "improved", (job["finish_reason"], job["report"], job["progress"])
    assert job["test"]["margin"] == 0.2 and job["test"]["ci_low"] > -0.2, job
    found = await suggestion_of(desk, job)
    text = found["content"]["messages"][0]["content"]
    assert len(text) < len(WORDY) and set(text.split("\n")) - {""} != set()
    accepted = await desk.caller("POST", f"/v1/suggestions/{found['id']}/accept", {})
    assert accepted.status == 200, accepted.body
    [edge] = (await desk.caller("GET", "/v1/prompts/tickets/lineage")).body["data"]
    assert (edge["version"], edge["kind"], edge["parent"]["version"]) == (2, "compressed_from", 1), edge


async def test_settings_are_tuned_and_suggested_as_fields(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    caller = await stack.caller()
    desk = await make_desk(caller, prompt=STRONG)
    made = await caller(
        "POST", "/v1/prompts/tickets/versions", {"base_version": 1, "model": "simulated/chat", "temperature": 1.0, "max_tokens": 40}
    )
    assert made.status == 201, made.body
    await caller("PUT", "/v1/prompts/tickets/labels/production", {"version": 2})
    job = await done(desk, method="settings", settings={"space": {"model": ["simulated/reader"], "temperature": [0.0]}})
    assert job["outcome"] == "improved", str((job["progress"], job["budget"]))
    tried = [(one["section"], one["operation"], one["state"]) for one in job["edits"]]
    assert ("settings", "try", "chosen") in tried and {one["state"] for one in job["edits"]} <= {"chosen", "dropped"}, job["edits"]
    assert all(one["reason"] for one in job["edits"] if one["state"] == "dropped")
    found = await suggestion_of(desk, job)
    assert found["content"]["model"] == "simulated/reader" and "messages" not in found["content"]
    assert any(line.startswith("+model") for line in found["evidence"]["diff"])
    accepted = await caller("POST", f"/v1/suggestions/{found['id']}/accept", {})
    assert accepted.status == 200, accepted.body
    served = (await caller("GET", "/v1/prompts/tickets?label=production")).body
    assert served["model"] == "simulated/reader" and served["max_tokens"] == 40


async def test_metrics_count_by_weight_and_bounds_and_judges_are_paid_by_the_job(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    code = await evaluator(desk, "short", {"kind": "code", "code": "1.0 if len(output) <= 12 else 0.0"})
    metrics = [
        {"metric": "accuracy", "weight": 2},
        {"metric": "relevance", "weight": 1},
        {"metric": "evaluator", "evaluator_id": code, "weight": 1},
        {"metric": "length", "at_most": 200},
        {"metric": "toxicity", "at_least": 0.5},
        {"metric": "feedback", "weight": 1},
    ]
    job = await done(
        desk,
        method="manual",
        manual={"candidates": [STRONG]},
        metrics=metrics,
        models={"judge": "simulated/judge"},
        budget={"evaluations": 900},
    )
    assert job["outcome"] == "improved", str((job["progress"], job["budget"]))
    assert set(job["report"]["unavailable"]) == {"feedback"} and job["models"]["judge"] == "simulated/judge"
    evidence = (await suggestion_of(desk, job))["evidence"]
    means = {one["metric"]: (one["baseline"], one["candidate"]) for one in evidence["by_metric"]}
    assert means["feedback"] == (None, None) and means["accuracy"][1] > means["accuracy"][0]
    assert means["relevance"][0] is not None and means[f"evaluator:{code}"][1] > 0.9
    spent = await books(
        stack,
        """SELECT sum(cost_nusd)::bigint AS s, count(*) FILTER (WHERE model = 'simulated/judge') AS judged
             FROM executions WHERE job_id = $1::text::uuid""",
        job["id"],
    )
    assert spent[0]["s"] == job["progress"]["spent_nusd"] and spent[0]["judged"] > 100
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"method": "evolution"}, "method"),
        ({"method": "evolutionary", "evolutionary": {"population": 2}}, "evolutionary.population"),
        ({"evolutionary": {}}, "evolutionary"),
        ({"method": "manual"}, "manual"),
        ({"method": "settings", "settings": {"space": {"colour": ["red"]}}}, "settings.space"),
        ({"method": "settings", "settings": {"space": {"tools.search": ["Find."]}}}, "settings.space.tools.search"),
        ({"method": "settings", "settings": {"space": {"temperature": [0.5, 99]}}}, "settings.space.temperature[1]"),
        ({"method": "settings", "settings": {"space": {"max_tokens": [-1]}}}, "settings.space.max_tokens[0]"),
        ({"method": "settings", "settings": {"space": {"reasoning_effort": ["banana"]}}}, "settings.space.reasoning_effort[0]"),
        ({"metrics": [{"metric": "cost"}]}, "metrics[0].zero_at"),
        ({"metrics": [{"metric": "relevance"}]}, "metrics[0].metric"),
        ({"metrics": [{"metric": "feedback"}]}, "metrics"),
        ({"metrics": [{"metric": "length", "at_most": 10}]}, "metrics"),
        ({"constraints": {"anchors": ["01930000-0000-7000-8000-000000000000"]}}, "constraints.anchors[0]"),
        ({"constraints": {"changed_lines_most": 0}}, "constraints.changed_lines_most"),
    ],
)
async def test_each_fault_of_what_is_asked_for_is_named(desk: Desk, asked: dict[str, Any], param: str) -> None:
    answer = await desk.caller("POST", "/v1/optimizations", {"prompt": "tickets", "dataset_id": desk.dataset_id} | asked)
    assert answer.status == 422, answer.body
    assert answer.body["error"]["param"] == param, answer.body


async def test_a_small_edit_with_locked_blocks_and_anchors_keeps_all_of_them(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    changed = await desk.caller("PATCH", "/v1/prompts/tickets", {"locked_blocks": [WEAK[:20]], "rules": ["Never promise a refund."]})
    assert changed.status == 200, changed.body
    items = (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}/items?split=train&limit=5")).body["data"]
    job = await done(desk, constraints={"changed_lines_most": 3, "anchors": [one["id"] for one in items]})
    assert job["status"] == "completed", job
    texts = await books(stack, "SELECT text FROM optimization_candidates WHERE job_id = $1::text::uuid", job["id"])
    assert len(texts) > 3
    assert all(WEAK[:20] in row["text"] and len(row["text"].split("\n")) <= len(WEAK.split("\n")) + 3 + 2 for row in texts)


@pytest.mark.capability("O5")
async def test_a_workspace_that_wants_to_be_surer_gets_a_wider_interval_or_is_told_that_data_are_too_few(
    stack: Stack, start_optimizer: Any
) -> None:
    await start_optimizer()
    sure = await make_desk(await stack.caller())
    await set_workspace(sure.caller, confidence=0.99, min_samples=96)
    job = await done(sure, method="manual", manual={"candidates": [STRONG]})
    assert (job["outcome"], job["test"]["alpha"], job["test"]["confidence"]) == ("improved", 0.005, 0.99), job
    await set_workspace(sure.caller, min_samples=97)
    job = await done(sure, method="manual", manual={"candidates": [STRONG]})
    assert (job["outcome"], job["finish_reason"], job["progress"]["evaluations"]) == ("not_enough_data", "too_few_test_items", 0)
    [entry] = [one for one in (await sure.caller("GET", "/v1/audit?action=workspace.changed")).body["data"] if "confidence" in one["after"]]
    assert entry["before"] == {"min_samples": 20, "confidence": 0.95} and entry["after"] == {"min_samples": 96, "confidence": 0.99}


@pytest.mark.capability("D1")
async def test_items_that_a_model_makes_up_are_marked_paid_for_and_never_in_test(stack: Stack, desk: Desk) -> None:
    path, key = f"/v1/datasets/{desk.dataset_id}/synthetic", {"idempotency-key": "made-1"}
    before = (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}")).body["counts"]
    body = {"prompt": "tickets", "kind": "adversarial", "count": 10, "model": "simulated/chat"}
    made = await desk.caller("POST", path, body, headers=key)
    assert made.status == 200, made.body
    assert made.body["added"] >= 1 and made.body["counts"]["test"] == before["test"] and made.body["cost_nusd"] > 0
    assert (await desk.caller("POST", "/v1/prompts/tickets/archive")).status == 200
    again = await desk.caller("POST", path, body, headers=key)
    assert again.body == made.body, "also where it would be refused by now"
    assert (await desk.caller("POST", "/v1/prompts/tickets/restore")).status == 200
    items: list[Any] = []
    for split in ("train", "validation", "test"):
        page = (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}/items?split={split}&limit=100")).body
        assert page["next_cursor"] is None
        items += page["data"]
    synthetic = [one for one in items if one["synthetic"]]
    assert len(synthetic) == made.body["added"] and {one["expected"] for one in synthetic} <= set(CUES)
    assert all(one["split"] != "test" and one["metadata"]["made_as"] == "adversarial" for one in synthetic)
    shown = await books(
        stack, "SELECT messages::text AS m FROM execution_contents WHERE execution_id = ANY ($1::text[]::uuid[])", made.body["executions"]
    )
    tests = [one["input"] for one in items if one["split"] == "test"]
    assert shown and not [text for row in shown for text in tests if text in row["m"]], "nothing of the test split is shown"
    many = (await desk.caller("POST", path, body | {"count": 50})).body
    made_up = many["added"] + many["duplicates"]
    assert 0 < made_up < 50 and many["refused"][-1] == f"{made_up} different ones that fit were made of the 50 that were asked for."
    other = await stack.caller()
    assert (await other("POST", path, body)).status == 404
    assert (await desk.caller("POST", path, body | {"count": 0})).body["error"]["param"] == "count"
    run = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test"}
    run_id = (await desk.caller("POST", "/v1/test-runs", run)).body["id"]
    secret = await desk.caller("POST", path, body | {"failed_of": run_id})
    assert (secret.status, secret.body["error"]["param"]) == (422, "failed_of"), "not left out without a word"


@pytest.mark.capability("O4")
async def test_the_nearest_examples_are_served_byte_for_byte_as_they_were_measured(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    caller = await stack.caller()
    desk = await make_desk(caller, prompt=f"{WEAK}\nAnswer with the name of the queue only, nothing else.")
    await set_workspace(caller, examples_in_prompts=True)
    job = await done(desk, method="few_shot", few_shot={"mode": "nearest", "examples": 8}, budget={"evaluations": 1500})
    assert job["outcome"] == "improved", (job["finish_reason"], job["test"], job["report"])
    found = await suggestion_of(desk, job)
    chosen = found["content"]["examples"]
    assert set(found["content"]) == {"examples"} and 1 <= chosen["count"] <= 8 and len(chosen["pool"]) == 80
    assert any("nearest of 80" in line for line in found["evidence"]["diff"])
    assert (await caller("POST", f"/v1/suggestions/{found['id']}/accept", {})).status == 200

    tests = (await caller("GET", f"/v1/datasets/{desk.dataset_id}/items?split=test&limit=3")).body["data"]
    for item in tests:
        [measured] = await books(
            stack,
            """SELECT c.messages FROM evaluations e JOIN execution_contents c USING (execution_id)
                WHERE e.owner_id = $1::text::uuid AND e.item_id = $2::text::uuid AND e.question = decode($3, 'hex')""",
            job["id"],
            item["id"],
            found["evidence"]["measured"]["candidate_sha256"],
        )
        body = {"model": "burnish::prompt::tickets", "messages": [{"role": "user", "content": item["input"]}]}
        served = await caller("POST", "/v1/chat/completions", body)
        assert served.status == 200, served.body
        execution_id = served.headers["x-execution-id"]
        [kept] = await books(stack, "SELECT messages FROM execution_contents WHERE execution_id = $1::text::uuid", execution_id)
        assert kept["messages"] == measured["messages"] and "Examples:" in kept["messages"]
        assert item["input"] not in [one["input"] for one in chosen["pool"]], "no test item stands in the pool"


@pytest.mark.capability("O6")
async def test_one_job_gives_each_model_a_text_of_its_own(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    other = "simulated/chat"
    models = {"task": "simulated/reader", "variants": [other, "simulated/reader"]}
    job = await done(desk, method="manual", manual={"candidates": [STRONG]}, models=models, budget={"evaluations": 1000})
    assert job["outcome"] == "improved", (job["finish_reason"], job["report"])
    told = {one["model"]: one for one in job["report"]["models"]}
    assert set(told) == {"simulated/reader", other} and told["simulated/reader"]["test"]["alpha"] == 0.0125
    found = await suggestion_of(desk, job)
    assert found["content"]["messages"][0]["content"] == STRONG
    [variant] = found["content"]["variants"]
    improved = told[other]["outcome"] == "improved"
    assert (variant["model"], variant["messages"][0]["content"]) == (other, STRONG if improved else WEAK)
    [beside] = found["evidence"]["variants"]
    assert beside["model"] == other and "edits" not in beside and "test" in beside
    assert {one["model"]: one["main"] for one in job["report"]["models"]} == {"simulated/reader": True, other: False}
    assert beside["counts"] == told[other]["counts"] and sum(beside["counts"].values()) == 1
    [own], [others] = await desk.proposals(job["id"]), await desk.proposals(job["id"], model=other)
    assert own == job["edits"][0] == (await desk.proposals(job["id"], model="simulated/reader"))[0]
    assert (own["text"], own["state"], others["text"], others["state"] == "chosen") == (STRONG, "chosen", STRONG, improved)
    asked = await books(stack, "SELECT DISTINCT model FROM executions WHERE job_id = $1::text::uuid", job["id"])
    assert {row["model"] for row in asked} == {"simulated/reader", other}
    looks = await books(stack, "SELECT number FROM test_looks WHERE owner_id = $1::text::uuid", job["id"])
    assert len(looks) == 1
    assert (await desk.caller("POST", f"/v1/suggestions/{found['id']}/accept", {})).status == 200
    served = (await desk.caller("GET", "/v1/prompts/tickets?label=production")).body
    assert served["variants"] == found["content"]["variants"]
    await assert_books_are_in_order(stack, desk.caller)
