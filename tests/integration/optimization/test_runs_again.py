"""A run that is made again is judged as the earlier one was: by the same model, the same evaluators, as often (PRODUCT D2, E5, P2)."""

from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_generations import rows_of, served
from tests.integration.optimization.test_model_migrations import MIGRATIONS, NEW, OLD, asked, complete, rounds

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D2", "E5", "P2")]

JUDGE = "simulated/chat"
"""Not the one that is taken where nobody names one."""

CASES = [{"variables": {"word": "a"}, "expected": "b"}, {"variables": {"word": "c"}, "criteria": "It is polite."}]


async def judged_run(stack: Stack, caller: Caller, *, judge: str = JUDGE, template: str = "Say {{word}}.") -> dict[str, Any]:
    """A completed run of the test cases of `judged`, three times each, with two evaluators of which the second is archived since."""
    desk = Desk(caller, "")
    prompt = {"slug": "judged", "template": template, "model": OLD, "test_cases": CASES}
    await served(desk, "POST", "/v1/prompts", prompt, status=201)
    ids = [
        (await served(desk, "POST", "/v1/evaluators", {"name": name, "settings": {"kind": "exact"}}, status=201))["id"]
        for name in ("stays", "goes")
    ]
    body = {"prompt": "judged", "source": "test_cases", "judge": judge, "repeats": 3, "evaluators": ids}
    run = await served(desk, "POST", "/v1/test-runs", body, status=202)
    await complete(stack, run["id"], right=0.5)
    await served(desk, "DELETE", f"/v1/evaluators/{ids[1]}")
    return await served(desk, "GET", f"/v1/test-runs/{run['id']}") | {"kept": ids[0]}  # type: ignore[no-any-return]


async def assert_as_before(stack: Stack, desk: Desk, again_id: str, run: dict[str, Any], *, judge: str = JUDGE) -> None:
    again = await served(desk, "GET", f"/v1/test-runs/{again_id}")
    names = ("source", "dataset_id", "split", "repeats", "version")
    assert {name: again[name] for name in names} == {name: run[name] for name in names}
    assert again["judge"] == judge
    [row] = await rows_of(
        stack,
        "SELECT evaluator_ids::text[] AS ids, compare_with::text AS other FROM test_runs WHERE test_run_id = $1::text::uuid",
        again_id,
    )
    assert (row["ids"], row["other"]) == ([run["kept"]], run["id"])


async def test_a_move_to_another_model_is_measured_by_the_judge_of_before(stack: Stack, caller: Caller) -> None:
    run, desk = await judged_run(stack, caller), Desk(caller, "")
    assert (await served(desk, "POST", f"{MIGRATIONS}/forecast", asked()))["problems"] == []
    begun = await served(desk, "POST", MIGRATIONS, asked(), status=202)
    await rounds(stack)
    [step] = (await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}"))["steps"]
    assert step["state"] == "measuring", step
    await assert_as_before(stack, desk, step["after_run_id"], run)
    await served(desk, "POST", f"{MIGRATIONS}/{begun['id']}/cancel")


async def test_a_judge_that_nobody_can_call_any_more_gives_way_to_the_model_that_answers(stack: Stack, caller: Caller) -> None:
    run, desk = await judged_run(stack, caller), Desk(caller, "")
    await rows_of(stack, "UPDATE test_runs SET judge_model = 'gone/judge' WHERE test_run_id = $1::text::uuid", run["id"])
    begun = await served(desk, "POST", MIGRATIONS, asked(), status=202)
    await rounds(stack)
    [step] = (await served(desk, "GET", f"{MIGRATIONS}/{begun['id']}"))["steps"]
    await assert_as_before(stack, desk, step["after_run_id"], run, judge=NEW)
    await served(desk, "POST", f"{MIGRATIONS}/{begun['id']}/cancel")


async def test_a_moved_snippet_tests_again_with_the_judge_of_before(stack: Stack, caller: Caller) -> None:
    desk = Desk(caller, "")
    await served(desk, "POST", "/v1/prompts", {"slug": "tone", "template": "Be kind.", "model": OLD}, status=201)
    run = await judged_run(stack, caller, template="{{> tone}} Say {{word}}.")
    await served(desk, "POST", "/v1/prompts/tone/versions", {"base_version": 1, "template": "Be short."}, status=201)
    moved = await served(desk, "PUT", "/v1/prompts/tone/labels/production", {"version": 2, "retest": True})
    [again] = moved["retested"]
    await assert_as_before(stack, desk, again["test_run_id"], run)


async def test_without_criteria_left_nothing_is_judged_and_the_run_begins(stack: Stack, caller: Caller) -> None:
    desk = Desk(caller, "")
    await served(desk, "POST", "/v1/prompts", {"slug": "tone", "template": "Be kind.", "model": OLD}, status=201)
    run = await judged_run(stack, caller, template="{{> tone}} Say {{word}}.")
    items = (await served(desk, "GET", f"/v1/datasets/{run['dataset_id']}/items"))["data"]
    [judged] = [one for one in items if one["metadata"]["test_case"]["criteria"]]
    gone = await caller("DELETE", f"/v1/datasets/{run['dataset_id']}/items/{judged['id']}")
    assert gone.status in (200, 204), gone.body
    await served(desk, "POST", "/v1/prompts/tone/versions", {"base_version": 1, "template": "Be short."}, status=201)
    moved = await served(desk, "PUT", "/v1/prompts/tone/labels/production", {"version": 2, "retest": True})
    [again] = moved["retested"]
    begun = await served(desk, "GET", f"/v1/test-runs/{again['test_run_id']}")
    assert (begun["judge"], begun["source"], begun["repeats"]) == (None, "dataset", 3)
