"""Test runs over HTTP, through gateway, optimizer, NATS, executor, the simulator and the books."""

import asyncio
import csv
import io
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from burnish_gateway.optimization import run_file_store, write_run_file
from burnish_optimizer.io import evaluations, work_store
from burnish_optimizer.io.judges_desk import JudgesDesk
from burnish_optimizer.io.questions import EvaluationFailed
from burnish_optimizer.io.work_store import Claim, ClaimLost
from burnish_optimizer.work import Workshop
from burnish_shared.db.session import Tx
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.compat.simulator import fault
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.tickets import STRONG


async def books(stack: Stack, sql: str, *args: object) -> Any:
    async with as_superuser(stack.urls["superuser"]) as connection:
        return await connection.fetch(sql, *args)


async def assert_books_are_in_order(stack: Stack, caller: Caller) -> None:
    """No drift, nothing held, every job's account closed and empty."""
    workspace_id = caller.workspace.workspace_id
    assert await books(stack, "SELECT * FROM drift()") == []
    async with asyncio.timeout(60):  # What was under way at the end is stopped, and what is left goes back, right after the end is told.
        while True:
            held = await books(stack, "SELECT * FROM holds WHERE workspace_id = $1", workspace_id)
            accounts = await books(stack, "SELECT * FROM accounts WHERE workspace_id = $1 AND kind = 4", workspace_id)
            if accounts and not held and all(account["closing"] and account["limit_nusd"] == account["spent_nusd"] for account in accounts):
                return
            await asyncio.sleep(0.05)


def first_then_unavailable(limit: int) -> Any:
    """Reads the first page of a run's answers; then the database is away."""
    pages = 0

    async def answers_of(*args: Any, **options: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages > 1:
            raise Unavailable("The database is away.")
        return await run_file_store.answers_of(*args, **options | {"limit": limit})

    return answers_of


async def answers_in_file(desk: Desk, run_id: str, query: str = "") -> list[dict[str, Any]]:
    """The lines of GET /v1/test-runs/{run_id}/file."""
    file = await desk.caller("GET", f"/v1/test-runs/{run_id}/file{query}")
    assert file.status == 200 and file.headers["content-type"].startswith("application/x-ndjson"), file.body
    return [json.loads(line) for line in file.raw.splitlines()]


@pytest.mark.capability("D2", "D3")
async def test_a_test_run_says_what_is_right_and_what_is_not(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val"}
    started = await desk.caller("POST", "/v1/test-runs", body, headers={"burnish-hops": "1"})
    assert started.status == 202, started.body
    run = await desk.until(f"/v1/test-runs/{started.body['id']}")
    assert run["status"] == "completed", run
    told = await books(
        stack, "SELECT convert_from(body, 'UTF8')::json->>'hops' AS hops FROM outbox WHERE subject LIKE '%test_run.completed%'"
    )
    assert [row["hops"] for row in told] == ["2"], "what a webhook started carries its rounds on (W-13)"
    metrics = run["metrics"]
    assert run["progress"] == {"done": 40, "total": 40} and metrics["total"] == 40 and run["split"] == "validation"
    assert 0 < metrics["correct"] < 40 and metrics["overall_accuracy"] == pytest.approx(metrics["correct"] / 40, abs=1e-6)
    assert set(metrics["category_stats"]) == {"billing", "shipping", "access", "hardware"}
    assert sum(sum(row.values()) for row in run["confusion_matrix"].values()) == 40
    assert len(run["failed_cases"]) == 40 - metrics["correct"] and run["simulated"] is True
    failed = (await desk.caller("GET", f"/v1/executions/{run['failed_cases'][0]['execution_id']}")).body
    assert failed["output"] == run["failed_cases"][0]["output"] and failed["cost_nusd"] == run["failed_cases"][0]["cost_nusd"]
    lines = await answers_in_file(desk, run["id"])
    assert len({one["item_id"] for one in lines}) == 40 and sum(one["correct"] for one in lines) == metrics["correct"]
    assert all(one["correct"] == (one["output"].strip() == one["expected"]) for one in lines)
    assert sum(one["cost_nusd"] for one in lines) == run["cost_nusd"] and {one["repeat"] for one in lines} == {0}
    told = {one["execution_id"]: one for one in lines}
    for case in run["failed_cases"]:
        assert all(told[case["execution_id"]][name] == case[name] for name in ("item_id", "input", "expected", "output", "latency_ms"))
    assert await answers_in_file(desk, run["id"], "?correct=false") == [one for one in lines if not one["correct"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write_run_file, "ANSWERS_AT_ONCE", 7)
        assert await answers_in_file(desk, run["id"]) == lines, "page by page it is the same"
        patch.setattr(write_run_file, "answers_of", first_then_unavailable(7))
        *before, last = await answers_in_file(desk, run["id"])
        assert before == lines[:7] and set(last) == {"error"} and last["error"]["retryable"] is True
        patch.setattr(write_run_file, "answers_of", first_then_unavailable(7))
        table = await desk.caller("GET", f"/v1/test-runs/{run['id']}/file?format=csv")
        rows = list(csv.reader(io.StringIO(table.raw.decode())))
        assert len(rows) == 1 + 7 + 1 and rows[-1][0].startswith("The file is not whole: "), rows[-1]
    table = await desk.caller("GET", f"/v1/test-runs/{run['id']}/file?format=csv")
    assert table.headers["content-type"].startswith("text/csv") and table.headers["content-disposition"].endswith('.csv"')
    shown = list(csv.DictReader(io.StringIO(table.raw.decode())))
    assert all(one["answered_at"].endswith("Z") for one in (*shown, *lines))
    assert [(one["item_id"], one["output"], one["correct"]) for one in shown] == [
        (one["item_id"], one["output"], json.dumps(one["correct"])) for one in lines
    ]
    wrong = await desk.caller("GET", f"/v1/test-runs/{run['id']}/file?format=xlsx")
    assert (wrong.status, wrong.body["error"]["param"]) == (422, "format")
    assert (await desk.caller("GET", f"/v1/test-runs/{uuid4()}/file")).status == 404
    again = await desk.caller("POST", "/v1/test-runs", body | {"failed_of": run["id"], "repeats": 2})
    assert again.status == 202, again.body
    only_failed = await desk.until(f"/v1/test-runs/{again.body['id']}")
    assert only_failed["status"] == "completed" and only_failed["failed_of"] == run["id"], only_failed
    assert only_failed["progress"]["total"] == 2 * len(run["failed_cases"]) == only_failed["metrics"]["total"]
    assert {one["item_id"] for one in only_failed["failed_cases"]} <= {one["item_id"] for one in run["failed_cases"]}
    twice = await answers_in_file(desk, only_failed["id"])
    assert [one["repeat"] for one in twice] == [0, 1] * len(run["failed_cases"])
    summary = (await desk.caller("GET", f"/v1/test-runs/summary?dataset_id={desk.dataset_id}")).body["data"]
    assert [one["test_run_id"] for each in summary for one in each["runs"]] == [run["id"]], "its share is comparable with none"
    rows = await books(stack, "SELECT cost_nusd FROM executions WHERE job_id = $1::text::uuid", run["id"])
    assert len(rows) == 40 and sum(row["cost_nusd"] for row in rows) == run["cost_nusd"] > 0
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.capability("D3")
async def test_two_runs_are_compared_item_by_item(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    content = {"messages": [{"role": "system", "content": STRONG}], "model": "simulated/reader", "temperature": 0.0, "max_tokens": 50}
    assert (await desk.caller("POST", "/v1/prompts/tickets/versions", content | {"base_version": 1})).status == 201
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train"}
    ids = [(await desk.caller("POST", "/v1/test-runs", body | {"version": version})).body["id"] for version in (1, 2)]
    runs = [await desk.until(f"/v1/test-runs/{one}") for one in ids]
    before, after = (run["metrics"]["correct"] for run in runs)
    assert before < after
    found = await desk.caller("GET", f"/v1/test-runs/{ids[1]}/compare/{ids[0]}")
    assert found.status == 200, found.body
    told = found.body
    assert told["items"] == runs[0]["metrics"]["total"] and told["fixed"] - told["broken"] == after - before
    assert told["verdict"] == "better" and told["difference"]["low"] > 0 and told["in_words"].startswith("Better: +"), told["in_words"]
    assert (told["base"]["version"], told["run"]["version"], told["test"], told["test_reads"]) == (1, 2, "mcnemar", None)
    assert len(told["changed"]) + told["changed_left_out"] == told["fixed"] + told["broken"]
    case = next(one for one in told["changed"] if one["change"] == "fixed")
    assert case["run_output"].strip() == case["expected"].strip() != case["base_output"].strip()
    assert sum(one["items"] for one in told["categories"]) == told["items"]
    back = (await desk.caller("GET", f"/v1/test-runs/{ids[0]}/compare/{ids[1]}")).body
    assert back["verdict"] == "worse" and back["p_value"] == told["p_value"]
    [summary] = (await desk.caller("GET", "/v1/test-runs/summary?prompt=tickets")).body["data"]
    behind = summary["runs"][1]
    assert behind["behind_best"] == pytest.approx(told["difference"]) and behind["could_be_best"] is False, "both say the same"
    same = await desk.caller("GET", f"/v1/test-runs/{ids[0]}/compare/{ids[0]}")
    assert (same.status, same.body["error"]["param"]) == (422, "base_id")
    await items_are_all_there(desk, f"/v1/test-runs/{ids[1]}/compare/{ids[0]}/items", told)


async def items_are_all_there(desk: Desk, path: str, told: dict[str, Any]) -> None:
    """Page by page: each item that both answered once, by what changed and by category, as the comparison counts them."""

    async def pages(query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await desk.caller("GET", f"{path}?limit=7{query}{cursor}")
            assert page.status == 200, page.body
            found += page.body["data"]
            if page.body["next_cursor"] is None:
                return found
            cursor = f"&cursor={page.body['next_cursor']}"

    every = await pages("")
    kinds = [one["change"] for one in every]
    assert len({one["item_id"] for one in every}) == len(every) == told["items"]
    assert kinds == sorted(kinds, key=["broken", "fixed", "same"].index)
    assert (kinds.count("fixed"), kinds.count("broken")) == (told["fixed"], told["broken"]), "as the comparison counts"
    for kind in ("broken", "fixed", "same"):
        assert await pages(f"&change={kind}") == [one for one in every if one["change"] == kind]
    some = told["categories"][0]
    assert len(await pages(f"&category={some['category']}")) == some["items"]
    assert len(await pages(f"&category={some['category']}&change=fixed")) == some["fixed"]
    assert await pages("&category=nowhere") == []

    fixed = next(one for one in every if one["change"] == "fixed")
    one = (await desk.caller("GET", f"{path}/{fixed['item_id']}")).body
    assert (one["change"], one["run"]["answer"]["correct"], one["base"]["answer"]["correct"]) == ("fixed", True, False)
    assert one["expected"].strip() == one["run"]["answer"]["output"].strip() != one["base"]["answer"]["output"].strip()
    assert one["base"]["answer"]["output"].startswith(fixed["base_output"])
    for side in ("base", "run"):
        assert (one[side]["asked"], one[side]["answer"]["status"]) == (1, "success")
        assert one[side]["answer"]["cost_nusd"] > 0 and one[side]["answer"]["latency_ms"] >= 0
    beyond = (await desk.caller("GET", f"{path}/{fixed['item_id']}?repeat=1")).body
    assert (beyond["base"]["answer"], beyond["run"]["answer"], beyond["run"]["asked"]) == (None, None, 1)
    none = await desk.caller("GET", f"{path}/{new_uuid()}")
    assert (none.status, none.body["error"]["param"]) == (404, "item_id")
    wrong = await desk.caller("GET", f"{path}?change=worse")
    assert (wrong.status, wrong.body["error"]["param"]) == (422, "change")


@pytest.mark.capability("D1", "D2")
async def test_a_file_from_elsewhere_is_previewed_uploaded_and_run(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    sheet = "Question,Ideal Answer,Topic,Ignore\n" + "".join(f"ticket {n} about a parcel,shipping,t{n % 2},x\n" for n in range(40))

    async def send(path: str, text: str, content_type: str = "text/csv") -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {desk.caller.key}", "content-type": content_type}
        async with desk.caller.session.post(f"{desk.caller.url}{path}", data=text.encode(), headers=headers) as response:
            return response.status, await response.json()

    status, shown = await send("/v1/datasets/preview", sheet)
    assert status == 200 and (shown["items"], shown["problems"]) == (40, []), shown
    assert [one["target"] for one in shown["columns"]] == ["input", "expected", "category", "metadata.Ignore"]
    columns = "map=Question=input&map=Ideal%20Answer=expected&map=Topic=category&map=Ignore=-"
    status, told = await send(f"/v1/datasets?name=sheet&{columns}", sheet + "one more,\nand,so,on,and,on\n")
    assert status == 422 and told["error"]["details"]["problems"][-1]["line"] == 43, told
    assert "sheet" not in [one["name"] for one in (await desk.caller("GET", "/v1/datasets")).body["data"]], "nothing half-written"
    status, made = await send(f"/v1/datasets?name=sheet&{columns}", sheet)
    assert status == 201 and made["added"] == 40 and made["counts"] == shown["counts"], made
    item = (await desk.caller("GET", f"/v1/datasets/{made['id']}/items?limit=1")).body["data"][0]
    assert item["metadata"] == {"category": "t0"} and item["expected"] == "shipping"
    started = await desk.caller("POST", "/v1/test-runs", {"prompt": "tickets", "dataset_id": made["id"], "split": "train", "repeats": 3})
    run = await desk.until(f"/v1/test-runs/{started.body['id']}")
    assert run["dataset_version"] == 1 and [one["k"] for one in run["metrics"]["pass_k"]] == [1, 2, 3], run["metrics"]


@pytest.mark.capability("D1")
async def test_a_leak_report_names_what_is_in_several_splits(stack: Stack, desk: Desk) -> None:
    text = "where on earth is the parcel that i ordered"
    items = [
        {"input": text, "expected": "shipping", "split": "train", "group": "ada"},
        {"input": f"{text} now", "expected": "billing", "split": "test", "group": "ada"},
        {"input": "quite another thing", "expected": "access", "synthetic": True, "split": "train"},
    ]
    made = await desk.caller("POST", "/v1/datasets", {"name": "leaky", "items": items})
    report = (await desk.caller("GET", f"/v1/datasets/{made.body['id']}/leaks")).body
    assert [one["split"] for one in report["pairs"][0]["items"]] == ["train", "test"] and report["pairs"][0]["contradicts"]
    assert report["groups"] == [{"group": "ada", "counts": {"train": 1, "test": 1}}] and report["synthetic"] == {"train": 1}
    assert (report["is_clean"], len(report["in_words"]), report["looks_left"], report["used"]) == (False, 3, 5, 0)
    clean = await desk.caller(
        "POST", "/v1/datasets", {"name": "clean", "items": [{"input": text, "expected": "shipping", "split": "test"}]}
    )
    assert (await desk.caller("GET", f"/v1/datasets/{clean.body['id']}/leaks")).body["is_clean"] is True


@pytest.mark.capability("D1")
async def test_a_dataset_without_test_items_proves_nothing_and_is_not_called_clean(stack: Stack, desk: Desk) -> None:
    items = [
        {"input": f"item {number} {split}", "expected": "yes", "split": split} for number in range(3) for split in ("train", "validation")
    ]
    made = await desk.caller("POST", "/v1/datasets", {"name": "nothing to prove on", "items": items})
    report = (await desk.caller("GET", f"/v1/datasets/{made.body['id']}/leaks")).body
    assert report["is_clean"] is False and report["in_words"] == ["It has no test items, so no gain can be proved on it: add some."]


@pytest.mark.capability("D1")
async def test_executions_and_corrections_become_items(stack: Stack, desk: Desk) -> None:
    call = {"prompt": "tickets", "user_id": "ada"}
    made = [
        (await desk.caller("POST", "/v1/executions", call | {"variables": {"input": f"my parcel number {n} is late"}})).body["id"]
        for n in range(3)
    ]
    add = """INSERT INTO feedback (workspace_id, target_kind, target_id, end_user, kind, execution_id, correction)
             VALUES ($1, 'execution', $2, 'ada', 'correction', $2::text::uuid, 'shipping')"""
    await books(stack, add, desk.caller.workspace.workspace_id, made[1])
    chosen = [{"execution_id": made[0], "expected": "shipping"}, {"execution_id": made[1]}, {"execution_id": made[2]}]
    chosen.append({"execution_id": "00000000-0000-7000-8000-000000000000"})
    path = f"/v1/datasets/{desk.dataset_id}/items/from-executions"
    async with asyncio.timeout(30):
        while len(await books(stack, "SELECT FROM execution_contents WHERE execution_id = ANY ($1::text[]::uuid[])", made)) < 3:
            await asyncio.sleep(0.05)
    twice = await desk.caller("POST", path, {"executions": [*chosen, {"execution_id": made[0]}]})
    assert (twice.status, twice.body["error"]["param"]) == (422, "executions") and made[0] in twice.body["error"]["message"]
    told = await desk.caller("POST", path, {"executions": chosen})
    assert told.status == 201 and told.body["added"] == 2, told.body
    assert [one["execution_id"] for one in told.body["skipped"]] == [made[2], chosen[3]["execution_id"]]
    assert "expected" in told.body["skipped"][0]["because"] and "no such execution" in told.body["skipped"][1]["because"]
    items = (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}/items?limit=200")).body["data"]
    items += (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}/items?limit=200&split=test")).body["data"]
    ours = {one["metadata"]["execution_id"]: one for one in items if one["metadata"].get("group") == "ada"}
    assert {one["metadata"]["source"] for one in ours.values()} == {"execution", "correction"}
    assert len({one["split"] for one in ours.values()}) == 1, "one person's items fall into one split"
    both = await desk.caller("POST", path, {"executions": chosen, "use_output": True})
    assert (both.body["added"], both.body["duplicates"]) == (1, 2)


async def evaluator(desk: Desk, name: str, settings: dict[str, Any]) -> str:
    """Its id, once a worker was ready to look at it: until then the answer asks to try again."""
    async with asyncio.timeout(60):
        while (made := await desk.caller("POST", "/v1/evaluators", {"name": name, "settings": settings})).status == 503:
            await asyncio.sleep(int(made.headers["retry-after"]))
    assert made.status == 201, made.body
    return str(made.body["id"])


@pytest.mark.capability("D3", "O3")
@pytest.mark.promise("O-09")
async def test_answers_are_scored_by_evaluators_and_one_that_fails_fails_alone(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    same = await evaluator(desk, "same", {"kind": "code", "code": "{'score': 1 if output.strip() == expected else 0, 'reason': output}"})
    short = await evaluator(desk, "short", {"kind": "expression", "expression": "len(output) < 400"})
    endless = await evaluator(desk, "breaks", {"kind": "code", "code": "1 / (len(output) - len(output))"})
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val", "evaluators": [same, short, endless]}
    started = await desk.caller("POST", "/v1/test-runs", body)
    assert started.status == 202, started.body
    await desk.caller("DELETE", f"/v1/evaluators/{same}")  # what has begun goes on
    run = await desk.until(f"/v1/test-runs/{started.body['id']}")
    assert run["status"] == "completed", run
    by_name = {one["name"]: one for one in run["evaluators"]}
    assert by_name["same"]["passed"] == run["metrics"]["correct"] and by_name["same"]["n"] == 40
    assert by_name["same"]["mean_score"] == pytest.approx(run["metrics"]["overall_accuracy"], abs=1e-6)
    assert by_name["short"]["mean_score"] == 1 and by_name["short"]["interval"]["low"] > 0.9
    assert (by_name["breaks"]["n"], by_name["breaks"]["mean_score"], by_name["breaks"]["without_score"]) == (0, None, 40)
    assert "ZeroDivisionError" in by_name["breaks"]["why_without"]
    scores = run["failed_cases"][0]["scores"]
    assert scores[same] == {"score": 0.0, "passed": False, "reason": run["failed_cases"][0]["output"]}
    assert scores[endless]["score"] is None
    gone = await desk.caller("POST", "/v1/test-runs", body)
    assert (gone.status, gone.body["error"]["param"]) == (404, "evaluators")


@pytest.mark.capability("D2", "D3")
async def test_while_the_database_is_away_a_run_waits_with_what_it_has(
    desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, looks = JudgesDesk._look, []

    async def away_at_first(self: JudgesDesk, name: str) -> Any:
        looks.append(name)
        if len(looks) == 1:
            raise Unavailable("The database cannot be reached at the moment; try again.")
        return await look(self, name)

    monkeypatch.setattr(JudgesDesk, "_look", away_at_first)
    await start_optimizer()
    settings = {"kind": "llm_judge", "model": "simulated/judge", "rubric": "Is it the right queue?"}
    judge = (await desk.caller("POST", "/v1/evaluators", {"name": "judge", "settings": settings})).body["id"]
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val", "evaluators": [judge]}
    run = await desk.until(f"/v1/test-runs/{(await desk.caller('POST', '/v1/test-runs', body)).body['id']}")
    assert run["status"] == "completed", run["error"]
    assert run["evaluators"][0]["n"] == 40
    assert len(looks) < 10, "forty answers that come at once share a look"


@pytest.mark.capability("D2", "D3")
async def test_calls_of_judges_are_no_items(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    settings = {"kind": "llm_judge", "model": "simulated/judge", "rubric": "Is it the right queue?"}
    judge = (await desk.caller("POST", "/v1/evaluators", {"name": "judge", "settings": settings})).body["id"]
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val", "repeats": 2}
    ids = [(await desk.caller("POST", "/v1/test-runs", body | {"evaluators": [judge]})).body["id"] for _ in range(2)]
    run, base = [await desk.until(f"/v1/test-runs/{one}") for one in ids]
    assert run["status"] == base["status"] == "completed", (run["error"], base["error"])
    assert run["evaluators"][0]["n"] == 80 and run["spent_nusd"] > run["cost_nusd"], "judges were asked"
    told = (await desk.caller("GET", f"/v1/test-runs/{run['id']}/compare/{base['id']}")).body
    assert (told["items"], told["only_in_run"], told["only_in_base"]) == (40, 0, 0)
    failed = {one["item_id"] for one in run["failed_cases"]}
    again = (await desk.caller("POST", "/v1/test-runs/forecast", body | {"failed_of": run["id"]})).body
    assert again["items"] == 2 * len(failed)


@pytest.mark.promise("O-01")
async def test_a_killed_optimizer_leaves_nothing_to_buy_twice(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    first = await start_optimizer(replica="a", job_in_flight=4)
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test", "repeats": 3}
    run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    while (await desk.caller("GET", f"/v1/test-runs/{run_id}")).body["progress"]["done"] < 20:
        assert (await desk.caller("GET", f"/v1/test-runs/{run_id}")).body["status"] in ("pending", "running")
    await crash(stack, first, run_id)
    await start_optimizer(replica="b")
    run = await desk.until(f"/v1/test-runs/{run_id}")
    assert run["status"] == "completed" and run["metrics"]["total"] == 96 * 3
    rows = await books(stack, "SELECT execution_id FROM executions WHERE job_id = $1::text::uuid", run_id)
    assert len(rows) == 96 * 3
    assert [dict(row) for row in await books(stack, "SELECT number, alpha FROM test_looks WHERE owner_id = $1::text::uuid", run_id)] == [
        {"number": None, "alpha": None}
    ]
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.promise("O-11")
async def test_a_replica_that_had_no_time_to_renew_its_claims_does_not_take_them_from_itself(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine without time for it, work was claimed anew every other second, began anew each time, and came to no end."""

    async def never(self: Workshop, claim: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Workshop, "_keep", never)
    await start_optimizer(lease_s=2, job_in_flight=1)
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train", "repeats": 20}
    run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]

    async def lease() -> Any:
        (row,) = await books(stack, "SELECT fence, leased_until FROM test_runs WHERE test_run_id = $1::text::uuid", run_id)
        return row

    async with asyncio.timeout(60):
        while (first := await lease())["leased_until"] is None:
            await asyncio.sleep(0.05)
        while (now := await lease())["leased_until"] < first["leased_until"] + timedelta(seconds=3):
            assert now["fence"] == first["fence"]
            await asyncio.sleep(0.05)
    assert now["fence"] == first["fence"]
    assert (await desk.caller("POST", f"/v1/test-runs/{run_id}/cancel")).status == 200  # the next optimizer sees to it


@pytest.mark.promise("O-11")
async def test_what_was_given_back_is_not_renewed(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    """A renewal that was late held work that nobody did any more, for as long as a lease."""
    optimizer = await start_optimizer(job_in_flight=1)
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train", "repeats": 20}
    run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    await desk.until(f"/v1/test-runs/{run_id}", statuses=("running",))
    await optimizer.end()
    async with as_superuser(stack.urls["superuser"]) as connection:
        asked = "SELECT fence, leased_by, leased_until <= clock_timestamp() AS is_over FROM test_runs WHERE test_run_id = $1::text::uuid"
        rows = await connection.fetch(asked, run_id)
        assert [(row["leased_by"], row["is_over"]) for row in rows] == [(None, True)]
        claim = Claim("test_run", UUID(run_id), desk.caller.workspace.workspace_id, rows[0]["fence"])
        with pytest.raises(ClaimLost):
            await work_store.renew(Tx(connection), claim, lease_s=60)
    assert (await desk.caller("POST", f"/v1/test-runs/{run_id}/cancel")).status == 200  # the next optimizer sees to it


async def crash(stack: Stack, optimizer: Any, run_id: str) -> None:
    """Ends an optimizer like a kill: its lease stays, and runs out."""
    await optimizer.kill()
    for table, column in (("test_runs", "test_run_id"), ("optimization_jobs", "job_id")):
        lease = "leased_until = clock_timestamp() + interval '1 second'"
        await books(stack, f"UPDATE {table} SET {lease} WHERE {column} = $1::text::uuid AND status = 'running'", run_id)


@pytest.mark.promise("O-11")
async def test_a_cancelled_run_stops_at_once_and_gives_back_what_is_left(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer(job_in_flight=2)
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train", "repeats": 20}
    run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    while (shown := (await desk.caller("GET", f"/v1/test-runs/{run_id}")).body)["progress"]["done"] < 5:
        pass
    assert shown["simulated"] is True  # where figures are shown, it is said who made them
    assert (await desk.caller("POST", f"/v1/test-runs/{run_id}/cancel")).status == 200
    run = await desk.until(f"/v1/test-runs/{run_id}")
    assert run["status"] == "cancelled" and run["partial_results"]["metrics"]["total"] >= 5 and run["simulated"] is True
    rows = await books(stack, "SELECT count(*) AS n FROM executions WHERE job_id = $1::text::uuid", run_id)
    assert rows[0]["n"] < 200


async def test_a_call_that_its_run_took_with_it_says_so(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    """And not that a caller went away, whom nobody would find."""
    await start_optimizer(job_in_flight=2)
    async with fault(stack, "hang", model="reader"):
        body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train"}
        run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
        in_flight = "SELECT FROM holds WHERE workspace_id = $1 AND lane = 'batch'"
        async with asyncio.timeout(30):
            while not await books(stack, in_flight, desk.caller.workspace.workspace_id):
                await asyncio.sleep(0.02)
            assert (await desk.caller("POST", f"/v1/test-runs/{run_id}/cancel")).status == 200
            while not (rows := await books(stack, "SELECT status, error FROM executions WHERE job_id = $1::text::uuid", run_id)):
                await asyncio.sleep(0.02)
    said = "The test run, search or batch that asked for it ended first."
    assert {(row["status"], json.loads(row["error"])["message"]) for row in rows} == {("cancelled", said)}


@pytest.mark.capability("D2")
async def test_a_paused_run_waits_and_goes_on_without_paying_twice(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer(job_in_flight=2)
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train", "repeats": 2}
    run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    while (await desk.caller("GET", f"/v1/test-runs/{run_id}")).body["progress"]["done"] < 5:
        pass
    assert (await desk.caller("POST", f"/v1/test-runs/{run_id}/pause")).body["status"] == "paused"
    async with asyncio.timeout(30):
        while await books(stack, "SELECT FROM test_runs WHERE test_run_id = $1::text::uuid AND leased_by IS NOT NULL", run_id):
            await asyncio.sleep(0.05)
        while await books(stack, "SELECT FROM holds WHERE workspace_id = $1", desk.caller.workspace.workspace_id):
            await asyncio.sleep(0.05)
    waiting = await books(stack, "SELECT count(*) AS n FROM executions WHERE job_id = $1::text::uuid", run_id)
    assert 5 <= waiting[0]["n"] < 160
    assert [one["id"] for one in (await desk.caller("GET", "/v1/test-runs?status=paused")).body["data"]] == [run_id]
    assert (await desk.caller("GET", "/v1/test-runs?status=running")).body["data"] == []
    assert (await desk.caller("POST", f"/v1/test-runs/{run_id}/resume")).body["status"] == "running"
    run = await desk.until(f"/v1/test-runs/{run_id}")
    assert run["status"] == "completed" and run["metrics"]["total"] == 160
    rows = await books(stack, "SELECT cost_nusd FROM executions WHERE job_id = $1::text::uuid", run_id)
    assert len(rows) == 160 and sum(row["cost_nusd"] for row in rows) == run["cost_nusd"]
    assert (await desk.caller("POST", f"/v1/test-runs/{run_id}/pause")).body["status"] == "completed"
    await assert_books_are_in_order(stack, desk.caller)


async def test_a_paused_run_can_be_cancelled(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test"}
    run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    assert (await desk.caller("POST", f"/v1/test-runs/{run_id}/pause")).body["status"] == "paused"
    await books(stack, "UPDATE test_runs SET status = 'running' WHERE test_run_id = $1::text::uuid", run_id)  # as if it had begun
    await desk.caller("POST", f"/v1/test-runs/{run_id}/cancel")
    await start_optimizer()
    assert (await desk.until(f"/v1/test-runs/{run_id}", statuses=("cancelled", "completed")))["status"] == "cancelled"
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.capability("D2")
async def test_versions_by_models_are_runs_that_belong_together(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    content = {"messages": [{"role": "system", "content": STRONG}], "model": "simulated/reader", "temperature": 0.0, "max_tokens": 50}
    assert (await desk.caller("POST", "/v1/prompts/tickets/versions", content | {"base_version": 1})).status == 201
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val", "versions": [1, 2, 1]}
    body["models"] = ["simulated/reader", "simulated/chat"]
    told = (await desk.caller("POST", "/v1/test-runs/forecast", body)).body
    started = await desk.caller("POST", "/v1/test-runs", body)
    assert started.status == 202, started.body
    runs = started.body["runs"]
    assert [(one["version"], one["model"]) for one in runs] == [(v, m) for v in (1, 2) for m in body["models"]]
    assert started.body["id"] == runs[0]["id"] and told["items"] == 160 and told["forecast"] == started.body["forecast"]
    for one in runs:
        assert (await desk.until(f"/v1/test-runs/{one['id']}"))["status"] == "completed"
    listed = (await desk.caller("GET", f"/v1/test-runs?group_id={started.body['group_id']}")).body["data"]
    assert {one["id"] for one in listed} == {one["id"] for one in runs}
    for dataset_id, count in ((desk.dataset_id, 4), (started.body["group_id"], 0)):
        assert len((await desk.caller("GET", f"/v1/test-runs?dataset_id={dataset_id}")).body["data"]) == count
    for wrong, param in (({"version": 1}, "versions"), ({"versions": list(range(1, 12))}, "models")):
        refused = await desk.caller("POST", "/v1/test-runs", body | wrong)
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
    nothing = await desk.caller("POST", "/v1/test-runs", body | {"versions": [1, 9]})
    assert nothing.status == 404 and len((await desk.caller("GET", "/v1/test-runs")).body["data"]) == 4, "all of them or none"


async def test_a_run_that_goes_on_never_says_less_than_it_did(stack: Stack, desk: Desk) -> None:
    """It reads its answers again, some at a time; cancelled meanwhile it said 256 of 2,549, where 661 had come before the pause."""
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test"}
    run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    await books(stack, "UPDATE test_runs SET status = 'running', fence = 7 WHERE test_run_id = $1::text::uuid", run_id)
    claim = Claim("test_run", UUID(run_id), desk.caller.workspace.workspace_id, 7)
    async with as_superuser(stack.urls["superuser"]) as connection:
        for done in (661, 256, 700):
            told = {"done": done, "result": json.dumps({"told": done})}
            await work_store.write_progress(Tx(connection), claim, told, simulated=False)
            [row] = await connection.fetch("SELECT done, result FROM test_runs WHERE test_run_id = $1", UUID(run_id))
            result = row["result"] if isinstance(row["result"], dict) else json.loads(row["result"])
            assert (row["done"], result["told"]) == ((661, 661) if done == 256 else (done, done))


async def test_the_event_of_a_run_that_goes_on_and_fails_says_what_the_run_says(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await start_optimizer(replica="a", job_in_flight=2)
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train", "repeats": 2}
    run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
    async with asyncio.timeout(60):
        while (await desk.caller("GET", f"/v1/test-runs/{run_id}")).body["progress"]["done"] < 20:
            await asyncio.sleep(0.02)
    await first.end()
    real, asked = evaluations.Desk.ask, 0

    async def ask(self: evaluations.Desk, question: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked > 3:
            await asyncio.sleep(0.2)  # The three are read by then.
            raise EvaluationFailed("It does not answer.")
        return await real(self, question)

    monkeypatch.setattr(evaluations.Desk, "ask", ask)
    await start_optimizer(replica="b")
    run = await desk.until(f"/v1/test-runs/{run_id}")
    assert run["status"] == "failed" and run["partial_results"]["metrics"]["total"] >= 20
    [event] = await books(
        stack,
        """SELECT convert_from(body, 'UTF8') AS text FROM outbox
            WHERE subject LIKE '%test_run.completed%' AND position($1 IN convert_from(body, 'UTF8')) > 0""",
        run_id,
    )
    data = json.loads(event["text"])["data"]
    assert {name: data[name] for name in ("correct", "total")} == {
        name: run["partial_results"]["metrics"][name] for name in ("correct", "total")
    }


async def test_a_run_that_nobody_has_begun_is_cancelled_without_an_optimizer(stack: Stack, desk: Desk) -> None:
    run_id = (await desk.caller("POST", "/v1/test-runs", {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test"})).body["id"]
    assert (await desk.caller("POST", f"/v1/test-runs/{run_id}/cancel")).body["status"] == "cancelled"
    await assert_books_are_in_order(stack, desk.caller)


async def test_a_run_that_the_workspace_cannot_pay_for_is_refused(stack: Stack) -> None:
    from tests.integration.optimization.conftest import make_desk

    desk = await make_desk(await stack.caller(credit_nusd=1_000))
    refused = await desk.caller("POST", "/v1/test-runs", {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test"})
    assert (refused.status, refused.body["error"]["code"]) == (402, "out_of_credit")
    assert await books(stack, "SELECT * FROM test_runs WHERE workspace_id = $1", desk.caller.workspace.workspace_id) == []


async def test_what_is_not_there_is_named(desk: Desk) -> None:
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test"}
    unknown = await desk.caller("POST", "/v1/test-runs", body | {"prompt": "nobody"})
    assert (unknown.status, unknown.body["error"]["param"]) == (404, "prompt")
    version = await desk.caller("POST", "/v1/test-runs", body | {"version": 99})
    assert (version.status, version.body["error"]["param"]) == (404, "version")
    model = await desk.caller("POST", "/v1/test-runs", body | {"models": ["nobody/none"]})
    assert (model.status, model.body["error"]["param"]) == (422, "models")
    embeds = await desk.caller("POST", "/v1/test-runs", body | {"models": ["simulated/embed"]})
    assert (embeds.status, embeds.body["error"]["param"]) == (422, "models") and "answers no chat" in embeds.body["error"]["message"]
    split = await desk.caller("POST", "/v1/test-runs", body | {"split": "holdout"})
    assert split.status == 422
    both = await desk.caller("POST", "/v1/test-runs", body | {"version": 1, "label": "production"})
    assert (both.status, both.body["error"]["param"]) == (422, "version") and "either a version or a label" in both.body["error"]["message"]


@pytest.mark.capability("P1")
async def test_nothing_is_run_on_an_archived_prompt(stack: Stack, desk: Desk) -> None:
    """It is neither executed nor changed, and a run would be paid; what was set aside would have been held for nothing."""
    assert (await desk.caller("POST", "/v1/prompts/tickets/archive")).status == 200
    balance = (await desk.caller("GET", "/v1/credits")).body["available_nusd"]
    run = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test"}
    job = {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": 200}}
    for path, body in (
        ("/v1/test-runs", run),
        ("/v1/test-runs/forecast", run),
        ("/v1/optimizations", job),
        ("/v1/optimizations/forecast", job),
        ("/runs", {"prompt_id": "tickets"}),
    ):
        answer = await desk.caller("POST", path, body)
        assert (answer.status, answer.body["error"]["param"]) in ((409, "prompt"), (404, "test_set")), (path, answer.body)
    assert (await desk.caller("GET", "/v1/credits")).body["available_nusd"] == balance
