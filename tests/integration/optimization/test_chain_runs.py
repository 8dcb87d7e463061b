"""Test runs of whole chains: each item is a run of the chain, and what is compared and judged is what it says (PRODUCT D2, D3, P8)."""

import json
from typing import Any
from uuid import UUID

import pytest

from burnish_shared.chains.item_trace import trace_of_item
from tests.embedded.stack import Caller, Stack, as_superuser
from tests.integration.compat.simulator import fault
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_chain_steps import OUTPUT, STEPS, expected, make_chained_desk
from tests.integration.optimization.test_crashes import assert_bought_once, die_at_each
from tests.integration.optimization.test_generations import served
from tests.integration.optimization.test_test_runs import answers_in_file, assert_books_are_in_order, books, crash
from tests.integration.optimization.tickets import STRONG

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D2", "D3", "P8")]

USER = {"role": "user", "content": "{{text}}"}


def asked_of(desk: Desk, **more: Any) -> dict[str, Any]:
    return {"chain": "support", "dataset_id": desk.dataset_id, "split": "val"} | more


async def started(desk: Desk, **more: Any) -> str:
    return str((await served(desk, "POST", "/v1/test-runs", asked_of(desk, **more), status=202))["id"])


async def run_of(desk: Desk, **more: Any) -> dict[str, Any]:
    run: dict[str, Any] = await desk.until(f"/v1/test-runs/{await started(desk, **more)}")
    assert run["status"] == "completed", run["error"]
    return run


async def with_strong_version(desk: Desk) -> None:
    """Version 2 of the chain runs a better version of the prompt in its step."""
    content = {"messages": [{"role": "system", "content": STRONG}, USER], "model": "simulated/reader", "temperature": 0.0, "max_tokens": 50}
    await served(desk, "POST", "/v1/prompts/tickets/versions", content | {"base_version": 1}, status=201)
    steps = [one | ({"prompt": "tickets@2"} if one["id"] == "sort" else {}) for one in STEPS]
    body = {"base_version": 1, "parameters": {"ticket": {"type": "string"}}, "steps": steps, "output": OUTPUT}
    await served(desk, "POST", "/v1/chains/support/versions", body, status=201)


async def bought(stack: Stack, run_id: str) -> Any:
    """The executions of a run, each with the step and item that its row names."""
    return await books(
        stack,
        """SELECT x.execution_id, x.cost_nusd, x.trace_id, e.step, e.item_id, e.repeat FROM executions x
             LEFT JOIN evaluations e ON e.workspace_id = x.workspace_id AND e.owner_id = x.job_id AND e.execution_id = x.execution_id
                                    AND e.step IS NOT NULL
            WHERE x.job_id = $1::text::uuid""",
        run_id,
    )


async def test_a_run_says_what_the_chain_gets_right_and_leads_to_what_its_steps_did(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_chained_desk(await stack.caller())
    plan = await served(desk, "POST", "/v1/test-runs/forecast", asked_of(desk))
    assert (plan["version"], plan["model"], plan["items"]) == (1, None, 24), plan
    run = await run_of(desk)
    assert (run["prompt"], run["model"], run["version"], run["source"]) == (None, None, 1, "dataset")
    assert run["chain"] == {
        "slug": "support",
        "prompts": {"mood": "mood@1", "sort": "tickets@1", "sum": "mood@1"},
        "models": {"mood": "simulated/chat", "sort": "simulated/reader", "sum": "simulated/chat"},
    }
    metrics = run["metrics"]
    assert run["progress"] == {"done": 24, "total": 24} and metrics["total"] == 24 and 0 < metrics["correct"] < 24
    assert metrics["interval"]["low"] < metrics["overall_accuracy"] < metrics["interval"]["high"]
    assert set(metrics["category_stats"]) == {expected(queue) for queue in ("billing", "shipping", "access", "hardware")}
    assert len(run["failed_cases"]) == 24 - metrics["correct"]

    rows = await bought(stack, run["id"])
    assert {row["step"] for row in rows} <= {"mood", "sort", "sum"} and len(rows) >= 48
    assert sum(row["cost_nusd"] for row in rows) == run["cost_nusd"] == run["spent_nusd"] <= plan["forecast"]["cost_nusd"]
    lines = {one["item_id"]: one for one in await answers_in_file(desk, run["id"])}
    assert len(lines) == 24 and sum(one["correct"] for one in lines.values()) == metrics["correct"]
    for item_id, line in lines.items():
        own = [row for row in rows if str(row["item_id"]) == item_id]
        assert {row["trace_id"].hex for row in own} == {line["trace_id"]}, "all calls of an item are one trace"
        assert line["cost_nusd"] == sum(row["cost_nusd"] for row in own) and line["execution_id"] in {
            str(row["execution_id"]) for row in own
        }
        assert line["correct"] == (json.loads(line["output"]) == json.loads(line["expected"]))
        assert line["trace_id"] == trace_of_item(UUID(run["id"]), UUID(item_id), 0).hex
    failed = run["failed_cases"][0]
    assert lines[failed["item_id"]]["trace_id"] == failed["trace_id"] and failed["cost_nusd"] == lines[failed["item_id"]]["cost_nusd"]
    calls = (await served(desk, "GET", f"/v1/executions?trace_id={failed['trace_id']}"))["data"]
    assert {one["prompt"] for one in calls} == {"mood", "tickets"}
    [line] = [one for one in lines.values() if one["item_id"] == failed["item_id"]]
    served_now = await served(desk, "POST", "/v1/chains/support/runs", {"variables": {"ticket": line["input"]}})
    assert served_now["output"] == json.loads(line["output"]), "what was measured is what is served"
    assert {one["item_id"] for one in await answers_in_file(desk, run["id"], "?correct=false")} == {
        one["item_id"] for one in run["failed_cases"]
    }
    table = (await desk.caller("GET", f"/v1/test-runs/{run['id']}/file?format=csv")).raw.decode()
    assert table.splitlines()[0].endswith("trace_id")

    again = await run_of(desk, failed_of=run["id"], repeats=2)
    assert again["metrics"]["total"] == 2 * len(run["failed_cases"])
    twice = await bought(stack, again["id"])
    assert {row["repeat"] for row in twice} == {0, 1}
    assert len({row["trace_id"] for row in twice}) == 2 * len(run["failed_cases"]), "each repeat asks anew, in a trace of its own"
    told = await books(
        stack, "SELECT convert_from(body, 'UTF8')::json AS event FROM outbox WHERE subject LIKE '%chain_test_run.completed%'"
    )
    [event] = [json.loads(row["event"]) for row in told if run["id"] in row["event"]]
    assert (event["data"]["slug"], event["data"]["correct"], event["data"]["total"]) == ("support", metrics["correct"], 24)

    for query, found in (
        ("chain=support", 2),
        ("chain=support&version=1", 2),
        ("chain=support&version=2", 0),
        ("prompt=support", 0),
        ("chain=other", 0),
    ):
        assert len((await served(desk, "GET", f"/v1/test-runs?{query}"))["data"]) == found, query
    await assert_books_are_in_order(stack, desk.caller)


async def test_two_versions_of_a_chain_are_compared_item_by_item(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_chained_desk(await stack.caller())
    await with_strong_version(desk)
    made = await served(desk, "POST", "/v1/test-runs", asked_of(desk, versions=[1, 2]), status=202)
    assert [(one["version"], one["model"]) for one in made["runs"]] == [(1, None), (2, None)] and made["group_id"]
    base, run = [await desk.until(f"/v1/test-runs/{one['id']}") for one in made["runs"]]
    assert run["chain"]["prompts"]["sort"] == "tickets@2"
    path = f"/v1/test-runs/{run['id']}/compare/{base['id']}"
    told = await served(desk, "GET", path)
    assert (told["items"], told["base"]["chain"], told["run"]["version"], told["run"]["model"]) == (24, "support", 2, None)
    assert told["fixed"] - told["broken"] == run["metrics"]["correct"] - base["metrics"]["correct"] > 0
    case = next(one for one in told["changed"] if one["change"] == "fixed")
    assert json.loads(case["run_output"]) == json.loads(case["expected"]) != json.loads(case["base_output"])
    one = await served(desk, "GET", f"{path}/items/{case['item_id']}")
    assert one["run"]["asked"] == one["base"]["asked"] == 1 and one["run"]["answer"]["output"] == case["run_output"]
    assert one["run"]["answer"]["trace_id"] == trace_of_item(UUID(run["id"]), UUID(case["item_id"]), 0).hex
    [summary] = (await served(desk, "GET", f"/v1/test-runs/summary?dataset_id={desk.dataset_id}"))["data"]
    assert [(one["chain"], one["prompt"], one["version"]) for one in summary["runs"]] == [("support", None, 2), ("support", None, 1)]
    of_prompts = await served(desk, "GET", "/v1/test-runs/summary?prompt=tickets")
    assert of_prompts["data"] == []


@pytest.mark.promise("O-01")
async def test_a_killed_optimizer_leaves_nothing_of_a_chain_to_buy_twice(stack: Stack, start_optimizer: Any) -> None:
    first = await start_optimizer(replica="a", job_in_flight=4)
    desk = await make_chained_desk(await stack.caller())
    run_id = await started(desk, repeats=4)
    while (await served(desk, "GET", f"/v1/test-runs/{run_id}"))["progress"]["done"] < 12:
        assert (await served(desk, "GET", f"/v1/test-runs/{run_id}"))["status"] in ("pending", "running")
    await crash(stack, first, run_id)
    second = await start_optimizer(replica="b", job_in_flight=4)
    while (await served(desk, "GET", f"/v1/test-runs/{run_id}"))["progress"]["done"] < 30:
        pass
    assert (await served(desk, "POST", f"/v1/test-runs/{run_id}/pause"))["status"] == "paused"
    await second.end()
    await start_optimizer(replica="c")
    assert (await served(desk, "POST", f"/v1/test-runs/{run_id}/resume"))["status"] in ("pending", "running")
    run = await desk.until(f"/v1/test-runs/{run_id}")
    assert run["status"] == "completed" and run["metrics"]["total"] == 96, run["error"]
    rows = await bought(stack, run_id)
    named = [(row["step"], row["item_id"], row["repeat"]) for row in rows]
    assert len(set(named)) == len(named) and None not in {row["step"] for row in rows}, "each call once"
    assert sum(row["cost_nusd"] for row in rows) == run["cost_nusd"] == run["spent_nusd"]
    undisturbed = await run_of(desk, repeats=4)
    assert run["metrics"]["correct"] == undisturbed["metrics"]["correct"]
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.promise("O-01")
async def test_a_run_whose_process_dies_at_every_step_ends_as_if_nothing_had_happened(stack: Stack, start_optimizer: Any) -> None:
    desk = await make_chained_desk(await stack.caller())
    run_id = await started(desk, repeats=3)
    await die_at_each(
        stack,
        ("optimizer.before_publish", "optimizer.before_settle", "optimizer.before_publish:exit=4", "optimizer.before_settle:exit=3"),
    )
    await start_optimizer(replica="crashing", lease_s=60)
    run = await desk.until(f"/v1/test-runs/{run_id}")
    undisturbed = await run_of(desk, repeats=3)
    assert run["status"] == "completed" and run["metrics"] == undisturbed["metrics"], run["error"]
    assert run["cost_nusd"] == run["spent_nusd"] == undisturbed["cost_nusd"]
    await assert_bought_once(stack, desk, run)


async def test_a_cancelled_run_keeps_what_came_and_gives_back_the_rest(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer(job_in_flight=2)
    desk = await make_chained_desk(await stack.caller())
    run_id = await started(desk, repeats=20)
    while (await served(desk, "GET", f"/v1/test-runs/{run_id}"))["progress"]["done"] < 3:
        pass
    await served(desk, "POST", f"/v1/test-runs/{run_id}/cancel")
    run = await desk.until(f"/v1/test-runs/{run_id}")
    assert run["status"] == "cancelled" and 3 <= run["progress"]["done"] < 480 and run["partial_results"]["metrics"]["total"] >= 3
    await assert_books_are_in_order(stack, desk.caller)


async def test_evaluators_judge_what_a_chain_says_where_nothing_is_right(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_chained_desk(await stack.caller(), output="steps.sort.output")
    items = [{"input": {"ticket": f"letter {n}: where is my parcel"}, "split": "validation"} for n in range(4)]
    desk.dataset_id = (await served(desk, "POST", "/v1/datasets", {"name": "open", "items": items}, status=201))["id"]
    refused = await desk.caller("POST", "/v1/test-runs", asked_of(desk))
    assert (refused.status, refused.body["error"]["param"]) == (422, "evaluators")
    settings = {"kind": "llm_judge", "model": "simulated/judge", "rubric": "Is it one of the queues?"}
    ids = [
        (await served(desk, "POST", "/v1/evaluators", {"name": name, "settings": one}, status=201))["id"]
        for name, one in (("judge", settings), ("never", {"kind": "contains", "phrases": ["zebra"]}))
    ]
    run = await run_of(desk, evaluators=ids)
    assert run["metrics"]["overall_accuracy"] is None and run["metrics"]["without_right_answer"] == 4
    assert [(one["name"], one["n"]) for one in run["evaluators"]] == [("judge", 4), ("never", 4)]
    assert len(run["failed_cases"]) == 4 and run["spent_nusd"] > run["cost_nusd"], "judges are paid with the run"
    rows = await books(stack, "SELECT step, scores FROM evaluations WHERE owner_id = $1::text::uuid AND scores IS NOT NULL", run["id"])
    assert len(rows) == 4 and {row["step"] for row in rows} == {None}, "scores stand at the answer of the chain, and at no call of a step"
    other = await run_of(desk, evaluators=ids, compare_with=run["id"])
    told = await served(desk, "GET", f"/v1/test-runs/{other['id']}/compare/{run['id']}")
    assert told["items"] == 0 and [one["name"] for one in told["evaluators"]] == ["judge", "never"]
    assert (await served(desk, "POST", "/v1/test-runs/forecast", asked_of(desk, failed_of=run["id"], evaluators=ids)))["items"] == 4


async def test_a_chain_that_stops_or_fails_is_an_answer_and_one_that_cannot_be_asked_is_none(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    stops = {"id": "first", "if": "starts_with(variables.ticket, 'hello')", "stop": {"status": "success", "output": {"queue": "'none'"}}}
    fails = {"id": "second", "if": "starts_with(variables.ticket, 'something')", "stop": {"status": "error", "message": "Not this one."}}
    desk = await make_chained_desk(await stack.caller(), steps=[stops, fails, STEPS[1]], output={"queue": "steps.sort.output"})
    run = await run_of(desk)
    lines = await answers_in_file(desk, run["id"])
    silent = [one for one in lines if one["execution_id"] is None]
    assert {one["status"] for one in silent} == {"success", "error"} and {one["cost_nusd"] for one in silent} == {0}
    assert all(one["input"].startswith(("hello", "something")) for one in silent)
    stopped = [one for one in run["failed_cases"] if one["error"] is not None]
    assert stopped and {(one["error"]["code"], one["execution_id"]) for one in stopped} == {("chain_stopped", None)}
    assert run["metrics"]["errors"] == len([one for one in silent if one["status"] == "error"])
    async with fault(stack, "error,status=401", model="reader"):
        failed = await desk.until(f"/v1/test-runs/{await started(desk)}")
    assert failed["status"] == "failed" and failed["error"]["code"] == "evaluation_failed", failed
    await assert_books_are_in_order(stack, desk.caller)


async def test_a_step_counts_against_the_budget_of_its_prompt_alone(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_chained_desk(await stack.caller())
    ids = {}
    for slug in ("mood", "tickets"):
        body = {"period": "month", "target_kind": "prompt", "target_id": slug, "limit_nusd": 10**12}
        made = await desk.caller("POST", "/v1/budgets", body)
        assert made.status == 201, made.body
        ids[slug] = made.body["id"]
    run = await run_of(desk)
    spent = {slug: (await served(desk, "GET", f"/v1/budgets/{one}"))["spent_nusd"] for slug, one in ids.items()}
    of_prompt = {"mood": 0, "tickets": 0}
    for row in await bought(stack, run["id"]):
        of_prompt["tickets" if row["step"] == "sort" else "mood"] += row["cost_nusd"]
    assert spent == of_prompt and min(spent.values()) > 0
    await served(desk, "PATCH", f"/v1/budgets/{ids['tickets']}", {"limit_nusd": spent["tickets"] + 1})
    plan = await served(desk, "POST", "/v1/test-runs/forecast", asked_of(desk))
    assert [one["id"] for one in plan["short_budgets"]] == [ids["tickets"]]
    stopped = await desk.until(f"/v1/test-runs/{await started(desk)}")
    assert stopped["status"] == "failed" and "GET /v1/budgets shows which" in stopped["error"]["message"]
    assert (await served(desk, "GET", f"/v1/budgets/{ids['tickets']}"))["spent_nusd"] <= spent["tickets"] + 1
    await assert_books_are_in_order(stack, desk.caller)


async def test_what_no_chain_can_be_tested_with_is_refused_by_name(stack: Stack, caller: Caller) -> None:
    desk = await make_chained_desk(caller)
    two = {"ticket": {"type": "string"}, "who": {"type": "string"}}
    other = {"slug": "of-two", "parameters": two, "steps": [STEPS[1]]}
    await served(desk, "POST", "/v1/chains", other, status=201)
    for more, status, param in (
        ({"chain": "nowhere"}, 404, "chain"),
        ({"version": 9}, 404, "version"),
        ({"label": "staging"}, 404, "label"),
        ({"versions": [1, 9]}, 404, "version"),
        ({"prompt": "tickets"}, 422, "chain"),
        ({"chain": None}, 422, "prompt"),
        ({"models": ["simulated/chat"]}, 422, "models"),
        ({"chain": "of-two"}, 422, "dataset_id"),
        ({"source": "test_cases", "dataset_id": None, "split": None}, 422, "source"),
        ({"judge": "simulated/judge"}, 422, "judge"),
        ({"chain": "NO SUCH"}, 422, "chain"),
    ):
        answer = await caller("POST", "/v1/test-runs", asked_of(desk, **more))
        assert (answer.status, answer.body["error"]["param"]) == (status, param), (more, answer.body)
    assert (await caller("GET", "/v1/test-runs?chain=NO%20SUCH")).body["error"]["param"] == "chain"
    assert (await caller("PATCH", "/v1/chains/of-two", {"archived": True})).status == 200
    archived = await caller("POST", "/v1/test-runs", asked_of(desk, chain="of-two"))
    assert (archived.status, archived.body["error"]["param"]) == (409, "chain")


@pytest.mark.capability("I1")
async def test_an_optimizer_of_the_release_before_leaves_chains_alone(stack: Stack, caller: Caller) -> None:
    desk = await make_chained_desk(caller)
    run_id = await started(desk)
    async with as_superuser(stack.urls["superuser"]) as connection:
        for arguments, claimed in (("true", []), ("true, false", []), ("true, true", [run_id])):
            rows = await connection.fetch(
                f"SELECT id FROM burnish.claim_work('w', 60, 1000, {arguments}) WHERE workspace_id = $1", caller.workspace.workspace_id
            )
            assert [str(row["id"]) for row in rows] == claimed


@pytest.mark.capability("I1")
async def test_a_list_leaves_out_runs_that_only_a_newer_release_can_read(stack: Stack, caller: Caller) -> None:
    desk = await make_chained_desk(caller)
    first, newer, last = [await started(desk) for _ in range(3)]
    await books(stack, """UPDATE test_runs SET chain = '{"form_of": "a release to come"}' WHERE test_run_id = $1::text::uuid""", newer)
    for query in ("", f"?dataset_id={desk.dataset_id}", "?status=pending"):
        assert [one["id"] for one in (await served(desk, "GET", f"/v1/test-runs{query}"))["data"]] == [last, first], query
    page = await served(desk, "GET", "/v1/test-runs?limit=2")
    assert [one["id"] for one in page["data"]] == [last]
    rest = await served(desk, "GET", f"/v1/test-runs?limit=2&cursor={page['next_cursor']}")
    assert [one["id"] for one in rest["data"]] == [first], "the cursor goes on behind what was left out"
    one = await caller("GET", f"/v1/test-runs/{newer}")
    assert (one.status, one.body["error"]["code"]) == (503, "unavailable") and "release" in one.body["error"]["message"]


@pytest.mark.capability("T8")
async def test_an_erased_item_takes_what_the_steps_were_asked_about_it(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_chained_desk(await stack.caller())
    run = await run_of(desk)
    item = run["failed_cases"][0]["item_id"]
    kept = """SELECT x.execution_id FROM evaluations e JOIN execution_contents x USING (execution_id)
               WHERE e.owner_id = $1::text::uuid AND (e.item_id = $2::text::uuid) = $3 AND e.step IS NOT NULL"""
    before = len(await books(stack, kept, run["id"], item, False))
    assert await books(stack, kept, run["id"], item, True)
    await books(stack, "DELETE FROM dataset_items WHERE item_id = $1::text::uuid", item)
    assert await books(stack, kept, run["id"], item, True) == []
    assert len(await books(stack, kept, run["id"], item, False)) == before, "and of no other item"


@pytest.mark.capability("T8")
async def test_a_prompt_that_is_purged_takes_what_it_said_in_chains_under_test(stack: Stack, start_optimizer: Any) -> None:
    optimizer = await start_optimizer()
    desk = await make_chained_desk(await stack.caller())
    run = await run_of(desk)
    said = """SELECT step, output IS NULL AS is_gone, spent_nusd, status FROM evaluations WHERE owner_id = $1::text::uuid
               ORDER BY execution_id, step NULLS FIRST, item_id"""
    before = await books(stack, said, run["id"])
    assert not any(row["is_gone"] for row in before if row["step"] == "mood")
    await optimizer.end()
    waiting = await started(desk)
    await served(desk, "PATCH", "/v1/chains/support", {"archived": True})
    await served(desk, "POST", "/v1/prompts/mood/archive")
    refused = await desk.caller("POST", "/v1/prompts/mood/purge", {"confirm": "mood"})
    assert refused.status == 409 and f"test run {waiting} of the chain 'support'" in refused.body["error"]["message"], refused.body
    await served(desk, "POST", f"/v1/test-runs/{waiting}/cancel")
    await start_optimizer()
    assert (await desk.until(f"/v1/test-runs/{waiting}"))["status"] == "cancelled"
    await served(desk, "POST", "/v1/prompts/mood/purge", {"confirm": "mood"})

    after = await books(stack, said, run["id"])
    assert {row["step"] for row in after if row["is_gone"]} == {"mood", "sum"}
    assert all(row["is_gone"] == (row["step"] in ("mood", "sum")) for row in after)
    assert [(row["step"], row["spent_nusd"], row["status"]) for row in after] == [
        (row["step"], row["spent_nusd"], row["status"]) for row in before
    ]
    kept = await served(desk, "GET", f"/v1/test-runs/{run['id']}")
    assert (kept["metrics"], kept["cost_nusd"], kept["failed_cases"]) == (run["metrics"], run["cost_nusd"], run["failed_cases"])
    assert len(await answers_in_file(desk, run["id"])) == 24
    await assert_books_are_in_order(stack, desk.caller)
