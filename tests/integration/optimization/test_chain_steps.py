"""Tuning one step of a chain: candidates run in the chain, and what is judged and proven is what the whole chain says (PRODUCT O2, P8)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.integration.compat.simulator import fault
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_test_runs import assert_books_are_in_order, books
from tests.integration.optimization.tickets import STRONG, WEAK, tickets

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O2", "P8")]

STEPS: list[dict[str, Any]] = [
    {"id": "mood", "prompt": "mood", "variables": {"text": "variables.ticket"}, "on_error": "continue"},
    {"id": "sort", "prompt": "tickets", "variables": {"text": "variables.ticket"}},
    {"id": "sum", "prompt": "mood", "if": "steps.sort.output == 'billing'", "variables": {"text": "steps.sort.output"}},
]
"""One step before the searched one, and one after it that is run only for some answers."""

OUTPUT = {"queue": "steps.sort.output", "billed": "exists(steps.sum.output)"}


def expected(queue: str) -> str:
    """What the chain says where the step is right; spelled otherwise than the chain does."""
    return json.dumps({"queue": queue, "billed": queue == "billing"}, indent=1)


async def make_chained_desk(
    caller: Caller, *, said: Callable[[str], str] = expected, searched: dict[str, Any] | None = None, **chain: Any
) -> Desk:
    """The chain `support` over a dataset of which only the chain's output can be right. `searched`: more of the searched prompt."""
    user = {"role": "user", "content": "{{text}}"}
    reader = {"model": "simulated/reader", "temperature": 0.0, "max_tokens": 50}
    for slug, messages, settings in (
        ("tickets", [{"role": "system", "content": WEAK}, user], reader | (searched or {})),
        ("mood", [user], {"model": "simulated/chat", "max_tokens": 30}),
    ):
        made = await caller("POST", "/v1/prompts", {"slug": slug, "messages": messages, **settings})
        assert made.status == 201, made.body
        await caller("PUT", f"/v1/prompts/{slug}/labels/production", {"version": 1})
    body = {"slug": "support", "parameters": {"ticket": {"type": "string"}}, "steps": STEPS, "output": OUTPUT} | chain
    assert (made := await caller("POST", "/v1/chains", body)).status == 201, made.body
    items = [one | {"expected": said(one["expected"])} for one in tickets(train=10, validation=6, test=10)]
    dataset = await caller("POST", "/v1/datasets", {"name": "chained", "items": items})
    assert dataset.status == 201, dataset.body
    return Desk(caller, dataset.body["id"])


def asked_of(desk: Desk, **more: Any) -> dict[str, Any]:
    return {
        "prompt": "tickets", "dataset_id": desk.dataset_id, "chain": {"slug": "support", "step": "sort"}, "seed": 7,
        "budget": {"evaluations": 400}, "method": "manual", "manual": {"candidates": [STRONG, "Sort it."]},
    } | more  # fmt: skip


async def done(desk: Desk, **more: Any) -> Any:
    started = await desk.caller("POST", "/v1/optimizations", asked_of(desk, **more))
    assert started.status == 202, started.body
    return await desk.until(f"/v1/optimizations/{started.body['id']}")


async def test_a_step_is_improved_by_what_its_chain_says_and_what_was_measured_is_what_the_chain_serves(
    stack: Stack, start_optimizer: Any
) -> None:
    await start_optimizer()
    desk = await make_chained_desk(await stack.caller())
    job = await done(desk)
    assert (job["status"], job["outcome"]) == ("completed", "improved"), {name: value for name, value in job.items() if name != "edits"}
    assert job["chain"] == {
        "slug": "support", "version": 1, "step": "sort", "prompts": {"mood": "mood@1", "sort": "tickets@1", "sum": "mood@1"},
    }  # fmt: skip
    assert "chain" not in job["search"] and job["test"]["n"] == 40
    found = (await desk.caller("GET", f"/v1/suggestions/{job['suggestion_id']}")).body
    assert found["content"]["messages"][0]["content"] == STRONG and found["prompt"] == "tickets"
    assert found["evidence"]["chain"] == job["chain"]

    cases = (await desk.caller("GET", f"/v1/suggestions/{found['id']}/cases")).body["data"]
    fixed = [one for one in cases if one["change"] == "fixed"]
    assert fixed and all(json.loads(one["after"]) == json.loads(one["expected"]) for one in fixed), fixed[:1]
    assert all(json.loads(one["before"]) != json.loads(one["expected"]) for one in fixed)

    assert (await desk.caller("POST", f"/v1/suggestions/{found['id']}/accept", {})).status == 200
    for item in (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}/items?split=test&limit=4")).body["data"]:
        [row] = await books(
            stack,
            """SELECT output FROM evaluations
                WHERE owner_id = $1::text::uuid AND item_id = $2::text::uuid AND question = decode($3, 'hex')""",
            job["id"], item["id"], found["evidence"]["measured"]["candidate_sha256"],
        )  # fmt: skip
        run = await desk.caller("POST", "/v1/chains/support/runs", {"variables": {"ticket": item["input"]}})
        assert run.status == 200 and run.body["output"] == json.loads(row["output"]), "what was measured is what is served"


async def test_a_chain_that_says_a_text_is_judged_by_that_text(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_chained_desk(
        await stack.caller(), said=lambda queue: queue, searched={"output_format": "markdown"}, steps=[STEPS[1]], output=None
    )
    job = await done(desk)
    assert (job["status"], job["outcome"]) == ("completed", "improved"), {name: value for name, value in job.items() if name != "edits"}
    cases = (await desk.caller("GET", f"/v1/suggestions/{job['suggestion_id']}/cases")).body["data"]
    fixed = [one for one in cases if one["change"] == "fixed"]
    assert fixed and all(one["after"] == one["expected"] for one in fixed), fixed[:1]


async def test_a_step_whose_model_cannot_be_asked_goes_the_way_that_the_chain_names_for_it(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    steps = [one | {"on_error": "continue"} for one in STEPS]
    desk = await make_chained_desk(await stack.caller(), said=lambda queue: json.dumps({"queue": queue, "billed": False}), steps=steps)
    async with fault(stack, "error,status=401"):
        job = await done(desk)
    assert (job["status"], job["outcome"]) == ("completed", "improved"), job["error"] or job["report"]
    stops = await make_chained_desk(await stack.caller())
    async with fault(stack, "error,status=401"):
        job = await done(stops)
    assert (job["status"], job["error"]["code"]) == ("failed", "evaluation_failed"), job["error"]


async def test_what_candidates_ask_alike_is_paid_once(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_chained_desk(await stack.caller())
    job = await done(desk)
    rows = await books(
        stack, """SELECT c.messages::text AS messages, x.cost_nusd, p.slug
            FROM executions x JOIN execution_contents c USING (execution_id) LEFT JOIN prompts p USING (prompt_id)
           WHERE x.job_id = $1::text::uuid""",
        job["id"],
    )  # fmt: skip
    assert sum(row["cost_nusd"] for row in rows) == job["progress"]["spent_nusd"]
    items = await books(
        stack, "SELECT DISTINCT item_id FROM evaluations WHERE owner_id = $1::text::uuid AND execution_id IS NOT NULL", job["id"]
    )
    first = [row["messages"] for row in rows if row["slug"] == "mood" and row["messages"].count(" ") > 4]
    assert len(first) == len(set(first)) == len(items), "the step before the searched one is asked once for each item"
    assert len([row for row in rows if row["slug"] != "mood"]) == job["progress"]["evaluations"]
    assert job["progress"]["evaluations"] <= 400
    await assert_books_are_in_order(stack, desk.caller)


async def test_edits_race_in_a_chain_and_settings_are_tuned_in_it(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_chained_desk(await stack.caller())
    raced = await done(desk, method="racing", manual=None, budget={"evaluations": 600})
    assert raced["status"] == "completed" and raced["outcome"] in ("improved", "no_improvement") and raced["edits"], raced
    [shown] = await books(
        stack,
        """SELECT c.messages::text AS m FROM evaluations e JOIN execution_contents c USING (execution_id)
            WHERE e.owner_id = $1::text::uuid AND e.item_id = '00000000-0000-0000-0000-000000000000' ORDER BY e.repeat LIMIT 1""",
        raced["id"],
    )
    assert "one step of a chain" in shown["m"]
    tuned = await done(desk, method="settings", manual=None, settings={"space": {"temperature": [0.5]}})
    assert tuned["status"] == "completed" and tuned["chain"]["step"] == "sort", tuned


async def test_a_step_that_fails_goes_the_way_that_the_chain_names_as_in_a_run(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    caller = await stack.caller()
    made = await caller(
        "POST", "/v1/prompts", {"slug": "deep", "messages": [{"role": "user", "content": "{{user.name}}"}], "model": "simulated/chat"}
    )
    assert made.status == 201, made.body
    await caller("PUT", "/v1/prompts/deep/labels/production", {"version": 1})
    deep = {"id": "deep", "prompt": "deep", "variables": {"user": "variables.ticket"}, "on_error": "continue"}
    output = {"queue": "steps.sort.output", "why": "steps.deep.error.code"}
    desk = await make_chained_desk(
        caller, said=lambda queue: json.dumps({"why": "missing_variables", "queue": queue}), steps=[deep, STEPS[1]], output=output
    )
    job = await done(desk)
    assert (job["status"], job["outcome"]) == ("completed", "improved"), job
    run = await caller("POST", "/v1/chains/support/runs", {"variables": {"ticket": "invoice"}})
    assert run.status == 200 and run.body["output"]["why"] == "missing_variables", run.body


async def test_what_cannot_be_tried_in_a_chain_is_refused_by_name(stack: Stack) -> None:
    desk = await make_chained_desk(await stack.caller())

    async def refused(**more: Any) -> tuple[int, str, str]:
        answer = await desk.caller("POST", "/v1/optimizations", asked_of(desk, **more))
        return answer.status, answer.body["error"].get("param"), answer.body["error"]["message"]

    status, param, message = await refused(chain={"slug": "support", "step": "sorting"})
    assert (status, param) == (422, "chain.step") and "mood, sort, sum" in message
    assert (await refused(chain={"slug": "nowhere", "step": "sort"}))[0] == 404
    assert (await refused(chain={"slug": "support", "step": "sort", "version": 9}))[0] == 404
    assert (await refused(chain={"slug": "support", "step": "mood"}))[:2] == (422, "prompt")
    assert (await refused(manual=None, method="few_shot"))[0] == 422
    assert (await refused(models={"variants": ["simulated/chat"]}))[0] == 422
    other = await desk.caller("POST", "/v1/datasets", {"name": "odd", "items": [{"input": {"nothing": "x"}, "expected": "y"}]})
    assert (await refused(dataset_id=other.body["id"]))[:2] == (422, "dataset_id")
    stranger = await stack.caller()
    assert (await stranger("POST", "/v1/optimizations", asked_of(desk))).status == 404

    plan = (await desk.caller("POST", "/v1/optimizations/forecast", asked_of(desk))).body
    alone = (await desk.caller("POST", "/v1/optimizations/forecast", asked_of(desk, chain=None))).body
    assert plan["chain"]["version"] == 1 and plan["forecast"]["cost_nusd"] > alone["forecast"]["cost_nusd"]
    fixed = [STEPS[1] | {"model": "simulated/reader", "overrides": {"temperature": 0.0}}]
    made = await desk.caller("POST", "/v1/chains/support/versions", {"base_version": 1, "steps": fixed})
    assert made.status == 201, made.body
    newest = {"slug": "support", "step": "sort", "version": 2}
    for name, value in (("temperature", 0.5), ("model", "simulated/chat")):
        space = {"space": {name: [value]}}
        assert (await refused(chain=newest, method="settings", manual=None, settings=space))[:2] == (422, f"settings.space.{name}")

    status, param, message = await refused(chain=newest, models={"task": "simulated/chat"})
    assert (status, param) == (422, "models.task") and "simulated/reader" in message
    status, param, message = await refused(models={"task": "simulated/chat"})
    assert (status, param) == (422, "models.task") and "simulated/reader, the model of the version that it runs" in message
    for place in (newest, {"slug": "support", "step": "sort"}):
        same = asked_of(desk, chain=place, models={"task": "simulated/reader"})
        assert (await desk.caller("POST", "/v1/optimizations/forecast", same)).status == 200, "it is what the step calls"

    again = STEPS[1] | {"id": "again"}
    for version, prompt, refusal in ((3, "tickets", 422), (4, "tickets@latest", 422), (5, "tickets@1", None)):
        made = await desk.caller(
            "POST", "/v1/chains/support/versions", {"base_version": version - 1, "steps": [STEPS[1], again | {"prompt": prompt}]}
        )
        assert made.status == 201, made.body
        place = {"slug": "support", "step": "sort", "version": version}
        if refusal is None:
            assert (await desk.caller("POST", "/v1/optimizations/forecast", asked_of(desk, chain=place))).status == 200
        else:
            status, param, message = await refused(chain=place)
            assert (status, param) == (refusal, "chain.step") and "'again'" in message, message


async def test_a_text_that_somebody_brings_for_a_step_is_held_to_the_text_that_its_model_gets(stack: Stack) -> None:
    """The version has a text of its own for the step's model, with a scale that its first text lacks."""
    own = f"{WEAK}\nSay how sure you are, from 1 to 5."
    user = {"role": "user", "content": "{{text}}"}
    variants = [{"model": "simulated/reader", "messages": [{"role": "system", "content": own}, user]}]
    desk = await make_chained_desk(
        await stack.caller(),
        searched={"model": "simulated/chat", "variants": variants},
        steps=[STEPS[1] | {"model": "simulated/reader"}],
        output=None,
    )

    async def said(*candidates: str) -> tuple[int, Any, str]:
        answer = await desk.caller("POST", "/v1/optimizations/forecast", asked_of(desk, manual={"candidates": list(candidates)}))
        error = answer.body.get("error") or {}
        return answer.status, error.get("param"), error.get("message", "")

    kept = own.replace(WEAK, "Sort it.")
    assert (await said(kept))[0] == 200
    for wrong, why in (
        ("Sort it.", "rating scale"),
        (f"{kept} {{{{text}}}}", "brings {{text}}"),
        (f"{kept} {{{{ open", "never closed"),
    ):
        status, param, message = await said(kept, wrong)
        assert (status, param) == (422, "manual.candidates[1]") and why in message, message
