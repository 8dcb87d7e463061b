"""The test cases of a version, run and judged: over HTTP, through gateway, optimizer, executor and the simulated judge."""

from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_test_runs import assert_books_are_in_order

pytestmark = pytest.mark.capability("P1", "D2")

ECHO = {"messages": [{"role": "user", "content": "{{word}}"}], "model": "simulated/chat", "temperature": 0.0, "max_tokens": 200}


async def saved(caller: Caller, slug: str, **fields: Any) -> Any:
    made = await caller("POST", "/v1/prompts", {"slug": slug} | ECHO | fields)
    assert made.status == 201, made.body
    return made.body


async def said(caller: Caller, slug: str, **variables: str) -> str:
    answer = await caller("POST", "/v1/executions", {"prompt": slug, "version": 1, "variables": variables})
    assert answer.status == 200, answer.body
    output: str = answer.body["output"]
    return output


async def test_a_run_asks_with_the_fields_that_the_version_has_for_its_provider(caller: Caller, start_optimizer: Any) -> None:
    await start_optimizer()
    await saved(caller, "sampled", test_cases=[{"variables": {"word": "parcel"}, "expected": "x"}], extra={"top_k": 40})
    run = await run_cases(Desk(caller, ""), "sampled")
    assert run["status"] == "completed", run
    asked = (await caller("GET", "/v1/executions?prompt=sampled")).body["data"]
    kept = [(await caller("GET", f"/v1/executions/{one['id']}")).body["settings"] for one in asked]
    assert [one["extra"] for one in kept] == [{"top_k": 40}]


async def run_cases(desk: Desk, slug: str, **more: Any) -> Any:
    started = await desk.caller("POST", "/v1/test-runs", {"prompt": slug, "source": "test_cases"} | more)
    assert started.status == 202, started.body
    return await desk.until(f"/v1/test-runs/{started.body['id']}")


async def test_cases_are_judged_by_what_they_expect_and_by_their_criteria(stack: Stack, caller: Caller, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = Desk(caller, "")
    await saved(caller, "probe")
    heard = await said(caller, "probe", word="parcel")
    cases = [
        {"name": "as expected", "variables": {"word": "parcel"}, "expected": heard},
        {"name": "otherwise", "variables": {"word": "letter"}, "expected": {"queue": "mail"}},
        {"name": "meets it", "input": "invoice", "criteria": await said(caller, "probe", word="invoice"), "metadata": {"synthetic": True}},
        {"name": "fails it", "variables": {"word": "refund"}, "criteria": "zebra giraffe elephant crocodile"},
    ]
    await saved(caller, "judged", test_cases=cases)
    planned = await caller("POST", "/v1/test-runs/forecast", {"prompt": "judged", "source": "test_cases"})
    assert planned.status == 200 and planned.body["items"] == 4, planned.body
    assert (await caller("GET", "/v1/datasets")).body["data"] == [], "a forecast makes nothing"

    run = await run_cases(desk, "judged")
    assert run["status"] == "completed", run
    assert (run["source"], run["judge"], run["split"], run["progress"]) == (
        "test_cases", "simulated/judge", "validation", {"done": 4, "total": 4},
    )  # fmt: skip
    assert (run["metrics"]["correct"], run["metrics"]["total"]) == (2, 4), run["failed_cases"]
    failed = {one["expected"]: one for one in run["failed_cases"]}
    assert set(failed) == {'{"queue":"mail"}', "zebra giraffe elephant crocodile"}
    assert failed['{"queue":"mail"}']["scores"] == {}
    judged = failed["zebra giraffe elephant crocodile"]["scores"]["criteria"]
    assert judged["passed"] is False and judged["reason"]
    assert set(run["metrics"]["category_stats"]) == {heard, '{"queue":"mail"}'}, "criteria are no categories"
    file = await caller("GET", f"/v1/test-runs/{run['id']}/file?correct=true")
    assert file.raw.count(b"\n") == 2, "what is judged is right in every list"

    queries = ("version=1&source=test_cases", "source=dataset", "version=2")
    listed = [(await caller("GET", f"/v1/test-runs?prompt=judged&{one}")).body["data"] for one in queries]
    assert [[one["id"] for one in each] for each in listed] == [[run["id"]], [], []]

    dataset = (await caller("GET", f"/v1/datasets/{run['dataset_id']}")).body
    assert dataset["counts"] == {"train": 0, "validation": 4, "test": 0} and dataset["name"] == "Test cases of judged v1"
    items = (await caller("GET", f"/v1/datasets/{run['dataset_id']}/items")).body["data"]
    assert [one["metadata"]["test_case"]["name"] for one in items] == [one["name"] for one in cases]
    assert [one["synthetic"] for one in items] == [False, False, True, False]
    again = await caller(
        "POST", "/v1/test-runs", {"prompt": "judged", "dataset_id": run["dataset_id"], "split": "val", "failed_of": run["id"]}
    )
    of_failed = await desk.until(f"/v1/test-runs/{again.body['id']}")
    assert (of_failed["source"], of_failed["judge"], of_failed["metrics"]["total"]) == ("dataset", "simulated/judge", 2)
    await assert_books_are_in_order(stack, caller)


@pytest.mark.capability("I1")
async def test_an_optimizer_of_the_release_before_leaves_alone_what_it_cannot_judge(stack: Stack, caller: Caller) -> None:
    cases = [{"variables": {"word": "a"}, "expected": "b"}, {"variables": {"word": "c"}, "criteria": "It is polite."}]
    await saved(caller, "compared", test_cases=cases[:1])
    await saved(caller, "criteria", test_cases=cases)
    compared, judged = [
        (await caller("POST", "/v1/test-runs", {"prompt": slug, "source": "test_cases"})).body["id"] for slug in ("compared", "criteria")
    ]
    async with as_superuser(stack.urls["superuser"]) as connection:

        async def claimed(arguments: str) -> list[str]:
            rows = await connection.fetch(
                f"SELECT id FROM burnish.claim_work({arguments}) WHERE workspace_id = $1", caller.workspace.workspace_id
            )
            return [str(row["id"]) for row in rows]

        assert await claimed("'before', 60, 1000") == [compared]
        assert await claimed("'now', 60, 1000, true") == [judged]


@pytest.mark.capability("E5")
async def test_a_model_says_when_a_test_run_with_it_last_ended(stack: Stack, caller: Caller, start_optimizer: Any) -> None:
    async def told(one: Caller) -> list[str | None]:
        listed = (await one("GET", "/v1/models")).body["data"]
        alone = (await one("GET", "/v1/models/simulated/chat")).body["last_tested_at"]
        by_name = {each["id"]: each["last_tested_at"] for each in listed}
        return [by_name["simulated/chat"], alone, by_name["simulated/reader"]]

    assert await told(caller) == [None, None, None]
    desk = Desk(caller, "")
    await saved(caller, "tested", test_cases=[{"variables": {"word": "a"}, "expected": "b"}])
    stopped = await caller("POST", "/v1/test-runs", {"prompt": "tested", "source": "test_cases"})
    await caller("POST", f"/v1/test-runs/{stopped.body['id']}/cancel")
    assert await told(caller) == [None, None, None], "a run that was cut short is no test"
    await start_optimizer()
    for _ in range(2):
        run = await run_cases(desk, "tested")
        assert await told(caller) == [run["finished_at"], run["finished_at"], None]
    assert await told(await stack.caller()) == [None, None, None], "what one workspace tests, no other one learns"


async def test_versions_with_the_same_cases_are_compared_and_other_cases_are_another_dataset(caller: Caller, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = Desk(caller, "")
    await saved(caller, "same", test_cases=[{"variables": {"word": "a"}, "expected": "b"}])
    second = {"base_version": 1, "messages": [{"role": "user", "content": "Say {{word}}."}]}
    assert (await caller("POST", "/v1/prompts/same/versions", second)).status == 201
    third = {"base_version": 2, "success_criteria": ["It is polite."]}
    assert (await caller("POST", "/v1/prompts/same/versions", third)).status == 201
    started = await caller("POST", "/v1/test-runs", {"prompt": "same", "source": "test_cases", "versions": [1, 2, 3]})
    assert started.status == 202, started.body
    runs = [await desk.until(f"/v1/test-runs/{one['id']}") for one in started.body["runs"]]
    assert [one["status"] for one in runs] == ["completed"] * 3, runs
    assert runs[0]["dataset_id"] == runs[1]["dataset_id"] != runs[2]["dataset_id"]
    assert [one["judge"] for one in runs] == [None, None, "simulated/judge"], "the version's criteria hold for every case"
    compared = await caller("GET", f"/v1/test-runs/{runs[1]['id']}/compare/{runs[0]['id']}")
    assert compared.status == 200 and compared.body["items"] == 1, compared.body
    assert (await run_cases(desk, "same", version=1))["dataset_id"] == runs[0]["dataset_id"]
    more = await caller("POST", f"/v1/datasets/{runs[0]['dataset_id']}/items", {"items": [{"input": {"word": "z"}, "expected": "z"}]})
    assert more.status == 201, more.body
    fresh = await run_cases(desk, "same", version=1)
    assert fresh["dataset_id"] != runs[0]["dataset_id"] and fresh["progress"]["total"] == 1, "it is about the version's cases and no others"


async def test_a_run_whose_judge_cannot_be_asked_fails_and_counts_nothing_as_wrong(
    stack: Stack, caller: Caller, start_optimizer: Any
) -> None:
    desk = Desk(caller, "")
    await saved(caller, "lost", test_cases=[{"variables": {"word": "a"}, "criteria": "It is polite."}])
    started = await caller("POST", "/v1/test-runs", {"prompt": "lost", "source": "test_cases"})
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE test_runs SET judge_model = 'gone/judge' WHERE test_run_id = $1::text::uuid", started.body["id"])
    await start_optimizer()
    run = await desk.until(f"/v1/test-runs/{started.body['id']}")
    assert (run["status"], run["error"]["code"]) == ("failed", "evaluation_failed"), run
    assert "gone/judge" in run["error"]["message"] and run["partial_results"]["metrics"]["total"] == 0


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"source": "test_cases", "split": "val"}, "split", "leave one of them out"),
        ({"split": "val"}, "dataset_id", "source"),
        ({"source": "feedback"}, "source", "test_cases"),
        ({"source": "test_cases", "judge": "nobody/knows"}, "judge", "no model"),
        ({"source": "test_cases", "version": 2}, "judge", "leave it out"),
        ({"source": "test_cases", "version": 3}, "source", "no test cases"),
        ({"source": "test_cases", "version": 4}, "source", "test_cases[0] says neither"),
        ({"source": "test_cases", "version": 5}, "source", "test_cases[1] has the same input as test_cases[0]"),
        ({"source": "test_cases", "version": 6}, "source", "test_cases[1] lacks the variables word"),
    ],
)
async def test_what_cannot_be_run_is_refused_by_name(caller: Caller, body: dict[str, Any], param: str, words: str) -> None:
    await saved(caller, "refused", test_cases=[{"variables": {"word": "a"}, "criteria": "It is polite."}])
    for base, cases in enumerate(
        (
            [{"variables": {"word": "a"}, "expected": "b"}],
            None,
            [{"variables": {"word": "a"}}],
            [{"variables": {"word": "a"}, "expected": "b"}, {"variables": {"word": "a"}, "expected": "c"}],
            [{"variables": {"word": "a", "more": "the longest of all"}, "expected": "b"}, {"variables": {"other": "a"}, "expected": "c"}],
        ),
        start=1,
    ):
        made = await caller("POST", "/v1/prompts/refused/versions", {"base_version": base, "test_cases": cases})
        assert made.status == 201, made.body
    asked = {"prompt": "refused", "version": 1} | body | ({"judge": "simulated/judge"} if body.get("version") == 2 else {})
    refused = await caller("POST", "/v1/test-runs", asked)
    assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
    assert words in refused.body["error"]["message"], refused.body
    assert (await caller("GET", "/v1/datasets")).body["data"] == []
