"""Items without a right answer, whose answers evaluators judge: nothing ever counts them as wrong (PRODUCT D1, D2, D3)."""

import json
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack, as_superuser
from tests.integration.optimization.conftest import Desk, make_desk
from tests.integration.optimization.test_generations import served
from tests.integration.optimization.test_jobs import start
from tests.integration.optimization.test_test_runs import assert_books_are_in_order
from tests.integration.optimization.tickets import CUES, tickets

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D1", "D2", "D3")]

RIGHT = [{"input": f"ticket {n}: where is my parcel", "expected": "delivery", "split": "validation"} for n in range(3)]
OPEN = [{"input": f"letter {n}: sum this up", "split": "validation"} for n in range(4)] + [
    {"input": f"train {n}: sum this up", "expected": None, "split": "train"} for n in range(2)
]
JUDGE = {"kind": "llm_judge", "model": "simulated/judge", "rubric": "Is it a good summary of the letter?"}


async def evaluator(desk: Desk, name: str, settings: dict[str, Any]) -> str:
    made = await served(desk, "POST", "/v1/evaluators", {"name": name, "settings": settings}, status=201)
    return str(made["id"])


async def run_of(desk: Desk, *evaluators: str, **more: Any) -> dict[str, Any]:
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val", "evaluators": list(evaluators)} | more
    started = await served(desk, "POST", "/v1/test-runs", body, status=202)
    run: dict[str, Any] = await desk.until(f"/v1/test-runs/{started['id']}")
    assert run["status"] == "completed", run["error"]
    return run


async def test_answers_to_them_are_scored_and_accuracy_is_of_the_others_alone(stack: Stack, caller: Caller, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_desk(caller, items=[*RIGHT, *OPEN])
    judge = await evaluator(desk, "judge", JUDGE)
    never = await evaluator(desk, "never", {"kind": "contains", "phrases": ["zebra"]})
    run = await run_of(desk, judge, never)
    metrics = run["metrics"]
    assert (metrics["total"], metrics["without_right_answer"], metrics["items"]) == (3, 4, 3)
    assert metrics["correct"] + len([one for one in run["failed_cases"] if one["expected"] is not None]) == 3
    assert [(one["name"], one["n"]) for one in run["evaluators"]] == [("judge", 7), ("never", 7)]
    assert len([one for one in run["failed_cases"] if one["expected"] is None]) == 4, "no evaluator may say that an answer does not pass"

    lines = [json.loads(one) for one in (await caller("GET", f"/v1/test-runs/{run['id']}/file")).raw.splitlines()]
    assert sorted(str(one["correct"]) for one in lines if one["expected"] is None) == ["None"] * 4
    assert all(set(one["scores"]) == {judge, never} and one["scores"][never] == {"score": 0.0, "passed": False} for one in lines)
    failed = (await caller("GET", f"/v1/test-runs/{run['id']}/file?correct=false")).raw.splitlines()
    assert len(failed) == len(run["failed_cases"])
    again = await served(
        desk, "POST", "/v1/test-runs/forecast",
        {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val", "failed_of": run["id"], "evaluators": [judge]},
    )  # fmt: skip
    assert again["items"] == len({one["item_id"] for one in run["failed_cases"]})

    async with as_superuser(stack.urls["superuser"]) as connection:
        rows = await connection.fetch(
            "SELECT score, scores FROM burnish.evaluations WHERE owner_id = $1::text::uuid AND scores IS NOT NULL", run["id"]
        )
    assert len(rows) == 7 and sum(row["score"] is None for row in rows) == 4, "neither right nor wrong"
    assert all(set(json.loads(row["scores"])) == {judge, never} for row in rows)
    other = await run_of(desk, judge)
    told = await served(desk, "GET", f"/v1/test-runs/{other['id']}/compare/{run['id']}")
    assert told["items"] == 3, "right and wrong are compared where something is right"
    summary = await caller("GET", f"/v1/metrics/summary?dataset_id={desk.dataset_id}")
    [compared] = summary.body["data"]
    assert {(one["total"], one["items"]) for one in compared["runs"]} == {(3, 3)}, summary.body


async def test_a_protected_label_goes_by_an_evaluator_where_nothing_is_right(stack: Stack, caller: Caller, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_desk(caller, items=[{"input": f"letter {n}: sum this up", "split": "validation"} for n in range(20)])
    always = await evaluator(desk, "always", {"kind": "regex", "pattern": "."})
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            "UPDATE burnish.workspaces SET protected_labels = '{live}', test_run_gate = true WHERE workspace_id = $1",
            caller.workspace.workspace_id,
        )
    for step in ("", "/approve"):
        assert (await caller("POST", f"/v1/prompts/tickets/versions/1/review{step}")).status < 300
    run = await run_of(desk, always)
    label = ("PUT", "/v1/prompts/tickets/labels/live", {"version": 1})
    refused = (await caller(*label)).body["error"]
    assert refused["details"]["run"] == {"test_run_id": run["id"], "dataset_id": desk.dataset_id, "items": 0, "open_answers": 20}
    assert "gate_evaluator_id" in refused["message"]
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            "UPDATE burnish.workspaces SET gate_evaluator_id = $2::text::uuid, gate_min_score = 1 WHERE workspace_id = $1",
            caller.workspace.workspace_id, always,
        )  # fmt: skip
    assert (await caller(*label)).status == 200


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        (None, "such as an llm_judge"),
        ({"kind": "exact"}, "these compare with a right answer"),
        ({"kind": "contains"}, "one that needs none"),
    ],
)
async def test_a_run_that_nothing_would_judge_is_refused(caller: Caller, settings: dict[str, Any] | None, word: str) -> None:
    desk = await make_desk(caller, items=[*RIGHT, *OPEN])
    chosen = [] if settings is None else [await evaluator(desk, "compares", settings)]
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val", "evaluators": chosen}
    for path in ("/v1/test-runs", "/v1/test-runs/forecast"):
        refused = await caller("POST", path, body)
        assert (refused.status, refused.body["error"]["param"]) == (422, "evaluators"), refused.body
        assert "4 items have no right answer" in refused.body["error"]["message"] and word in refused.body["error"]["message"]


@pytest.mark.parametrize(
    ("search", "param", "words"),
    [
        ({}, "metrics", "6 of the 9 items of this dataset have no right answer"),
        ({"metrics": [{"metric": "accuracy"}, {"metric": "length", "at_most": 90}]}, "metrics", "relevance or coherence"),
        ({"metrics": [{"metric": "evaluator", "evaluator_id": "exact"}]}, "metrics", "needs no right answer"),
    ],
)
async def test_a_search_that_nothing_would_judge_is_refused(caller: Caller, search: dict[str, Any], param: str, words: str) -> None:
    desk = await make_desk(caller, items=[*RIGHT, *OPEN])
    exact = await evaluator(desk, "exact", {"kind": "exact"})
    wanted = json.loads(json.dumps(search).replace('"exact"', json.dumps(exact)))
    for path in ("/v1/optimizations", "/v1/optimizations/forecast"):
        refused = await caller("POST", path, {"prompt": "tickets", "dataset_id": desk.dataset_id} | wanted)
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
        assert words in refused.body["error"]["message"]


async def test_a_search_by_examples_needs_right_answers_to_show(caller: Caller) -> None:
    desk = await make_desk(caller, items=OPEN)
    judge = await evaluator(desk, "judge", JUDGE)
    assert (await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"examples_in_prompts": True})).status == 200
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "method": "few_shot"}
    refused = await caller("POST", "/v1/optimizations", body | {"metrics": [{"metric": "evaluator", "evaluator_id": judge}]})
    assert (refused.status, refused.body["error"]["param"]) == (422, "method"), refused.body


@pytest.mark.capability("O2", "O4")
async def test_a_search_over_them_goes_by_what_an_evaluator_says_and_proves_its_gain(
    stack: Stack, caller: Caller, start_optimizer: Any
) -> None:
    """The evaluator wants a queue and nothing around it, which the weak prompt does not say."""
    await start_optimizer()
    desk = await make_desk(caller, items=[one | {"expected": None} for one in tickets()])
    form = await evaluator(desk, "a queue alone", {"kind": "regex", "pattern": f"^({'|'.join(CUES)})$"})
    job = await desk.until(f"/v1/optimizations/{await start(desk, metrics=[{'metric': 'evaluator', 'evaluator_id': form}], seed=5)}")
    assert job["outcome"] == "improved", (job["finish_reason"], job["progress"])
    assert job["test"]["baseline"] < job["test"]["candidate"]
    suggestion = await served(desk, "GET", f"/v1/suggestions/{job['suggestion_id']}")
    evidence = suggestion["evidence"]
    assert evidence["per_category"] == [], "nothing has a right answer to be a category"
    assert [one["metric"] for one in evidence["by_metric"]] == [f"evaluator:{form}"]
    async with as_superuser(stack.urls["superuser"]) as connection:
        asked = await connection.fetch(
            """SELECT c.messages #>> '{0,content}' AS told, c.messages #>> '{1,content}' AS text
                 FROM burnish.executions x JOIN burnish.execution_contents c USING (execution_id)
                WHERE x.job_id = $1::text::uuid AND x.model = 'simulated/writer'""",
            job["id"],
        )
    assert asked and all("There is no one right answer" in row["told"] and '"expected"' not in row["text"] for row in asked)
    assert any('"why": ' in row["text"] for row in asked), "who proposes reads what was found wanting"
    await assert_books_are_in_order(stack, caller)


async def test_they_are_kept_shown_corrected_found_and_written_as_they_are(stack: Stack, caller: Caller) -> None:
    desk = await make_desk(caller, items=[*RIGHT, *OPEN])
    path = f"/v1/datasets/{desk.dataset_id}"
    items = (await served(desk, "GET", f"{path}/items?split=validation"))["data"]
    assert [one["expected"] for one in items] == ["delivery"] * 3 + [None] * 4
    found = (await served(desk, "GET", f"{path}/items?q=letter+2"))["data"]
    assert [one["input"] for one in found] == ["letter 2: sum this up"]
    assert (await served(desk, "GET", f"{path}/leaks"))["dataset_id"] == desk.dataset_id
    file = (await caller("GET", f"{path}/file")).raw
    refused = await caller("POST", "/v1/datasets?name=again", raw=file, headers={"content-type": "application/x-ndjson"})
    assert refused.status == 422 and "keep_blank=true" in refused.body["error"]["message"], refused.body
    again = await caller("POST", "/v1/datasets?name=again&keep_blank=true", raw=file, headers={"content-type": "application/x-ndjson"})
    assert (again.status, again.body["counts"]) == (201, {"train": 2, "validation": 7, "test": 0}), again.body
    both = await caller(
        "POST", "/v1/datasets?name=both&keep_blank=true&leave_out_blank=true", raw=file, headers={"content-type": "application/x-ndjson"}
    )
    assert (both.status, both.body["error"]["param"]) == (422, "keep_blank")
    added = await served(desk, "POST", f"{path}/items", {"items": [{"input": "letter 0: sum this up", "expected": "short"}]}, status=201)
    assert (added["added"], added["duplicates"], added["contradictions"]) == (0, 1, 1), (
        "the one without a right answer stays, and that is told"
    )

    corrected = await served(desk, "PATCH", f"{path}/items/{items[3]['id']}", {"expected": "a summary"})
    assert (corrected["expected"], corrected["dataset_version"]) == ("a summary", 2)
    for body, word in (({"expected": " "}, "say null where there is no right answer"), ({}, "expected")):
        refused = await caller("PATCH", f"{path}/items/{items[4]['id']}", body)
        assert (refused.status, refused.body["error"]["param"]) == (422, "expected") and word in refused.body["error"]["message"]
    same = await served(desk, "PATCH", f"{path}/items/{items[4]['id']}", {"expected": None})
    assert (same["id"], same["dataset_version"]) == (items[4]["id"], 2), "it has none already"
    taken = await served(desk, "PATCH", f"{path}/items/{corrected['id']}", {"expected": None})
    assert (taken["expected"], taken["dataset_version"]) == (None, 3) and taken["id"] != corrected["id"]

    bundle = (await caller("GET", "/v1/export?scope=prompts")).raw
    other = await stack.caller()
    done = await other("POST", "/v1/import", json.loads(bundle))
    assert done.status == 200, done.body
    there = {one["name"]: one for one in (await other("GET", "/v1/datasets")).body["data"]}
    moved = (await other("GET", f"/v1/datasets/{there['tickets']['id']}/items?split=train")).body["data"]
    assert [one["expected"] for one in moved] == [None, None]


@pytest.mark.capability("I1")
async def test_an_optimizer_of_the_release_before_leaves_alone_what_has_no_right_answer(stack: Stack, caller: Caller) -> None:
    desk = await make_desk(caller, items=[*RIGHT, *OPEN])
    judge = await evaluator(desk, "judge", JUDGE)
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "val", "evaluators": [judge]}
    run_id = (await served(desk, "POST", "/v1/test-runs", body, status=202))["id"]
    async with as_superuser(stack.urls["superuser"]) as connection:
        for judges, claimed in (("false", []), ("true", [run_id])):
            rows = await connection.fetch(
                f"SELECT id FROM burnish.claim_work('w', 60, 1000, {judges}) WHERE workspace_id = $1", caller.workspace.workspace_id
            )
            assert [str(row["id"]) for row in rows] == claimed


@pytest.mark.capability("T8")
async def test_an_erased_item_without_a_right_answer_leaves_figures_as_they_are(stack: Stack, caller: Caller) -> None:
    desk = await make_desk(caller, items=[*RIGHT, *OPEN])
    async with as_superuser(stack.urls["superuser"]) as connection:
        gone = await connection.execute(
            "DELETE FROM burnish.dataset_items WHERE dataset_id = $1::text::uuid AND expected IS NULL", desk.dataset_id
        )
    assert gone == "DELETE 6", "what names a category of what is erased names none here"


@pytest.mark.capability("D3")
async def test_two_runs_are_compared_by_what_evaluators_say_where_nothing_is_right(
    stack: Stack, caller: Caller, start_optimizer: Any
) -> None:
    await start_optimizer()
    items = [{"input": f"letter {n}: sum this up", "split": "validation"} for n in range(40)]
    desk = await make_desk(caller, items=items)
    word = await evaluator(desk, "says delivery", {"kind": "contains", "phrases": ["delivery"]})
    changed = await evaluator(desk, "changed", {"kind": "regex", "pattern": "e"})
    base, run = [await run_of(desk, word, changed) for _ in range(2)]
    alone = await run_of(desk, await evaluator(desk, "another", {"kind": "regex", "pattern": "a"}))
    apart = await caller("GET", f"/v1/test-runs/{alone['id']}/compare/{run['id']}")
    assert (apart.status, apart.body["error"]["param"]) == (409, "base_id"), "nothing judged both"

    # What the judge said of both, as the optimizer keeps it: 24 answers became good, 4 became bad.
    async with as_superuser(stack.urls["superuser"]) as connection:
        for owner, good in ((base["id"], "n <= 10"), (run["id"], "n > 4 AND n <= 34")):
            await connection.execute(
                f"""UPDATE burnish.evaluations e SET scores = jsonb_build_object($2::text, jsonb_build_object('score', s.score,
                        'passed', s.score > 0.5))
                      FROM (SELECT item_id, CASE WHEN {good} THEN 0.75 ELSE 0.25 END AS score FROM (
                              SELECT item_id, row_number() OVER (ORDER BY item_id) AS n FROM burnish.dataset_items
                               WHERE dataset_id = $3::text::uuid) i) s
                     WHERE e.owner_id = $1::text::uuid AND e.item_id = s.item_id""",
                owner, word, desk.dataset_id,
            )  # fmt: skip
    told = await served(desk, "GET", f"/v1/test-runs/{run['id']}/compare/{base['id']}")
    assert (told["items"], told["difference"], told["base"]["accuracy"], told["verdict"]) == (0, None, None, "too_small")
    [found] = told["evaluators"]
    assert (found["name"], found["items"], found["higher"], found["lower"]) == ("says delivery", 40, 24, 4)
    assert (found["base"], found["run"], found["test"], found["verdict"]) == (0.375, 0.625, "sign_flip", "better")
    assert 0 < found["difference"]["low"] < found["difference"]["value"] == 0.25 < found["difference"]["high"] and found["p_value"] < 0.001
    assert told["in_words"].startswith("No item has a right answer. says delivery: better, +0.25 (")
    back = (await served(desk, "GET", f"/v1/test-runs/{base['id']}/compare/{run['id']}"))["evaluators"]
    assert [(one["verdict"], one["higher"], one["lower"]) for one in back] == [("worse", 4, 24)]

    await served(desk, "POST", f"/v1/evaluators/{word}/versions", {"settings": {"kind": "contains", "phrases": ["parcel"]}}, status=201)
    newer = await run_of(desk, word)
    apart = await caller("GET", f"/v1/test-runs/{newer['id']}/compare/{run['id']}")
    assert apart.status == 409, "by another version of it the difference could be the evaluator's"
