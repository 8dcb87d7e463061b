"""Optimization jobs over HTTP, from the weak prompt to the label that moves."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from burnish_optimizer.io.work_store import Claim, claim_work
from burnish_optimizer.job_under_way import Work
from burnish_optimizer.work import Workshop
from burnish_shared.errors import Unavailable
from tests.embedded.stack import Stack
from tests.integration.execution.test_stopped_gateway import stopping, told_by_stopped, until_open
from tests.integration.optimization.conftest import Desk, make_desk
from tests.integration.optimization.test_test_runs import assert_books_are_in_order, books, crash
from tests.integration.optimization.tickets import CUES, tickets

BUDGET = 800


async def start(desk: Desk, **more: Any) -> str:
    body: dict[str, Any] = {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": BUDGET}, "seed": 7} | more
    started = await desk.caller("POST", "/v1/optimizations", body)
    assert started.status == 202, started.body
    assert started.body["forecast"]["evaluations"] == body["budget"]["evaluations"]
    return str(started.body["id"])


def measured(job: Any) -> list[Any]:
    """What was found on the test split. Whether it proves a gain depends on how often was looked before."""
    return [job["test"][name] for name in ("n", "baseline", "candidate", "fixed", "broken")]


@pytest.mark.capability("O1", "O2", "O4", "O6", "O7")
@pytest.mark.promise("O-05")
async def test_a_weak_prompt_is_improved_proven_and_accepted(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    job_id = await start(desk)
    job = await desk.until(f"/v1/optimizations/{job_id}")
    assert (job["status"], job["outcome"]) == ("completed", "improved"), {name: value for name, value in job.items() if name != "edits"}
    test = job["test"]
    assert test["n"] == 96 and test["ci_low"] > 0 and test["p_value"] <= test["alpha"] == 0.025 and test["look"] == 1
    assert 0 < job["progress"]["evaluations"] <= BUDGET
    assert {edit["state"] for edit in job["edits"]} >= {"chosen", "rejected"}
    assert all(edit["reason"] for edit in job["edits"] if edit["state"] == "rejected")

    spent = await books(stack, "SELECT sum(cost_nusd)::bigint AS s, count(*) AS n FROM executions WHERE job_id = $1::text::uuid", job_id)
    assert spent[0]["s"] == job["progress"]["spent_nusd"]
    await assert_books_are_in_order(stack, desk.caller)

    suggestion = (await desk.caller("GET", f"/v1/suggestions/{job['suggestion_id']}")).body
    evidence = suggestion["evidence"]
    assert suggestion["status"] == "open" and suggestion["simulated"] is True and evidence["test"] == test
    assert evidence["edits"] and all(edit["effect_low"] <= edit["effect"] <= edit["effect_high"] for edit in evidence["edits"])
    assert len(evidence["fixed"]) == min(50, test["fixed"]) and evidence["validation"]["candidate"] > evidence["validation"]["baseline"]
    assert {row["category"] for row in evidence["per_category"]} == set(CUES) and evidence["cost"]["candidate_nusd"] > 0
    assert any(line.startswith("+") for line in evidence["diff"])
    curve = job["progress"]["curve"]
    assert curve and curve[-1]["evaluations"] <= job["progress"]["evaluations"] and curve[0]["spent_nusd"] <= curve[-1]["spent_nusd"]
    assert "curve" not in (await desk.caller("GET", "/v1/optimizations")).body["data"][0]["progress"]
    cases = (await desk.caller("GET", f"/v1/suggestions/{suggestion['id']}/cases")).body["data"]
    for change in ("fixed", "broken"):
        assert [one["item_id"] for one in cases if one["change"] == change] == evidence[change]
    assert all((one["after"].strip() == one["expected"]) is (one["change"] == "fixed") and one["before"] != one["after"] for one in cases)

    refused = await desk.caller("POST", f"/v1/suggestions/{suggestion['id']}/accept", {"edits": [99]})
    assert (refused.status, refused.body["error"]["param"]) == (422, "edits[0]")
    accepted = await desk.caller("POST", f"/v1/suggestions/{suggestion['id']}/accept", {"edits": list(range(len(evidence["edits"])))})
    assert accepted.status == 200, accepted.body
    assert (accepted.body["version"], accepted.body["label"]) == (2, "production")
    [noted] = (await desk.caller("GET", "/v1/audit?action=prompt.label.moved&object_id=tickets@production")).body["data"]
    assert (noted["before"], noted["after"]) == ({"version": 1}, {"version": 2, "reason": f"suggestion {suggestion['id']} accepted"})
    assert (await desk.caller("POST", f"/v1/suggestions/{suggestion['id']}/accept", {})).body["version"] == 2
    every = {"edits": list(range(len(evidence["edits"])))}
    assert (await desk.caller("POST", f"/v1/suggestions/{suggestion['id']}/accept", every)).body == accepted.body
    served = (await desk.caller("GET", "/v1/prompts/tickets?label=production")).body
    assert served["version"] == 2 and served["messages"] == suggestion["content"]["messages"]
    edge = await books(stack, "SELECT * FROM lineage_edges WHERE suggestion_id = $1::text::uuid", suggestion["id"])
    assert [(row["kind"], row["version"], row["parent_version"], str(row["job_id"])) for row in edge] == [("mutated_from", 2, 1, job_id)]
    version = await books(stack, "SELECT source FROM prompt_versions WHERE prompt_id = $1 AND version = 2", edge[0]["prompt_id"])
    assert version[0]["source"] == "optimizer"
    sent = await books(stack, "SELECT subject FROM outbox WHERE body::text LIKE '%' AND convert_from(body, 'UTF8') LIKE $1", f"%{job_id}%")
    kinds = {row["subject"].rsplit(".", 1)[0].removeprefix("burnish.v1.") for row in sent}
    assert kinds >= {"optimization.completed", "suggestion.created", "suggestion.accepted"}


@pytest.mark.capability("O6")
async def test_of_a_suggestion_some_edits_are_accepted_and_no_label_moves_to_what_was_not_measured(
    stack: Stack, desk: Desk, start_optimizer: Any
) -> None:
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{await start(desk)}")
    path = f"/v1/suggestions/{job['suggestion_id']}"
    edits = (await desk.caller("GET", path)).body["evidence"]["edits"]
    assert len(edits) > 1
    refused = await desk.caller("POST", f"{path}/accept", {"edits": [0], "label": "production"})
    assert (refused.status, refused.body["error"]["param"]) == (409, "label")
    accepted = await desk.caller("POST", f"{path}/accept", {"edits": [0]})
    assert (accepted.status, accepted.body["version"], accepted.body["label"]) == (200, 2, None), accepted.body
    made = (await desk.caller("GET", "/v1/prompts/tickets?version=2")).body
    said = "\n".join(str(one["content"]) for one in made["messages"])
    words = edits[0]["text"].partition(":")[2].split(",")[0].strip() or edits[0]["text"]
    assert words in said and (await desk.caller("GET", "/v1/prompts/tickets?label=production")).body["version"] == 1
    everything = (await desk.caller("GET", path)).body["content"]["messages"]
    newest = (await desk.caller("GET", "/v1/prompts/tickets/versions")).body["data"][0]
    assert made["messages"] != everything and newest["message"].startswith("Optimizer: 1 of ")
    assert (await desk.caller("POST", f"{path}/accept", {"edits": [0]})).body == accepted.body, "accepting again answers the same"
    other = await desk.caller("POST", f"{path}/accept", {})  # another client, which takes production for moved where it is told 200
    assert (other.status, other.body["error"]["param"]) == (409, "label"), other.body
    assert other.body["error"]["details"] == {"version": 2, "label": None}
    assert (await desk.caller("POST", f"{path}/accept", {"label": None})).body == accepted.body
    third = await desk.caller("POST", f"{path}/accept", {"edits": [1]})
    assert (third.status, third.body["error"]["param"]) == (409, "edits"), "it is not what stands"


@pytest.mark.capability("O6")
async def test_a_suggestion_is_edited_before_it_is_accepted_and_the_version_says_so(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{await start(desk)}")
    path = f"/v1/suggestions/{job['suggestion_id']}"
    suggested = (await desk.caller("GET", path)).body["content"]["messages"]
    at = next(place for place, one in enumerate(suggested) if one["role"] == "system") if len(suggested) > 1 else 0
    before = (await desk.caller("GET", "/v1/prompts/tickets/versions/1")).body["messages"][at]["content"]
    dropped = next(line for line in before.split("\n") if line.strip() and "{{" not in line and line in suggested[at]["content"])
    text = suggested[at]["content"].replace(dropped, "") + "\nBe brief."
    for wrong, param in (
        ({"text": text + " {{customer}}"}, "text"),
        ({"text": text, "edits": [0]}, "text"),
        ({"text": ""}, "text"),
        ({"text": text + " {{#if"}, "text"),
    ):
        refused = await desk.caller("POST", f"{path}/accept", wrong)
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
    unsure = await desk.caller("POST", f"{path}/accept", {"text": text, "label": "production"})
    assert (unsure.status, unsure.body["error"]["param"]) == (409, "label"), "the gain is of the text before the edit"
    accepted = await desk.caller("POST", f"{path}/accept", {"text": text})
    assert (accepted.status, accepted.body["version"], accepted.body["label"]) == (200, 2, None), accepted.body

    made = (await desk.caller("GET", "/v1/prompts/tickets?version=2")).body
    assert [one["content"] for one in made["messages"]] == [text if n == at else one["content"] for n, one in enumerate(suggested)]
    (version,) = [one for one in (await desk.caller("GET", "/v1/prompts/tickets/versions")).body["data"] if one["version"] == 2]
    assert version["source"] == "optimizer" and version["author"] == (await desk.caller("GET", path)).body["decided_by"]
    assert "edited by its author" in version["message"] and "the text before that edit" in version["message"]
    edge = await books(
        stack, "SELECT kind, version, parent_version FROM lineage_edges WHERE suggestion_id = $1::text::uuid", job["suggestion_id"]
    )
    assert [tuple(row) for row in edge] == [("mutated_from", 2, 1)]
    (noted,) = (await desk.caller("GET", "/v1/audit?action=suggestion.accepted")).body["data"]
    assert noted["after"]["edited"] is True and "edits" not in noted["after"]

    locked = await desk.caller("PATCH", "/v1/prompts/tickets", {"rules": [dropped.strip()]})
    assert locked.status == 200, locked.body
    again = await desk.caller("POST", f"{path}/accept", {"text": text})
    assert (again.status, again.body) == (200, accepted.body), "accepting again answers the same, whatever was locked since"
    other = await desk.caller("POST", f"{path}/accept", {"text": text + " Please."})
    assert (other.status, other.body["error"]["param"]) == (409, "text"), "it is not what stands"


async def test_a_forecast_says_of_what_there_is_too_little(stack: Stack, desk: Desk) -> None:
    """A search on such a dataset is taken, and ends at once: nobody is to read a cost of it before, and nothing else."""
    made = await desk.caller("POST", "/v1/datasets", {"name": "one", "items": [{"input": "hello", "expected": "greet"}]})
    assert made.status == 201, made.body
    one = {"prompt": "tickets", "dataset_id": made.body["id"]}
    told = (await desk.caller("POST", "/v1/optimizations/forecast", one)).body
    assert told["least_evaluations"] is None and [(each["what"], each["needed"]) for each in told["lacking"]] == [
        ("test_items", 20), ("train_items", 10), ("validation_items", 10),
    ]  # fmt: skip
    whole = {"prompt": "tickets", "dataset_id": desk.dataset_id}
    await books(
        stack,
        """INSERT INTO test_looks (look_id, workspace_id, dataset_id, test_version, number, alpha, owner_id)
           SELECT gen_random_uuid(), workspace_id, dataset_id, test_version, n, 0.01, gen_random_uuid()
             FROM datasets, generate_series(1, 5) AS n
            WHERE dataset_id = $1""",
        UUID(desk.dataset_id),
    )
    spent = (await desk.caller("POST", "/v1/optimizations/forecast", whole)).body
    assert spent["lacking"] == [{"what": "test_items", "have": spent["counts"]["test"], "needed": 2 * spent["counts"]["test"]}]


async def test_a_forecast_says_what_a_start_would_say_and_starts_nothing(desk: Desk) -> None:
    body: dict[str, Any] = {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": {"evaluations": BUDGET}}
    plan = (await desk.caller("POST", "/v1/optimizations/forecast", body)).body
    few = body | {"budget": {"evaluations": plan["least_evaluations"] - 1}}
    assert (await desk.caller("POST", "/v1/optimizations/forecast", few)).body["least_evaluations"] == plan["least_evaluations"]
    assert (await desk.caller("GET", "/v1/optimizations")).body["data"] == [] and plan["base_version"] == 1
    assert plan["forecast"] == (await desk.caller("POST", "/v1/optimizations", body)).body["forecast"]
    for wrong, param in (
        ({"models": {"judge": "nobodys/model"}}, "models.judge"),
        ({"method": "evolutionary", "start": {"line_id": desk.dataset_id}}, "start.line_id"),
    ):
        told = await desk.caller("POST", "/v1/optimizations/forecast", body | wrong)
        assert told.status in (404, 422) and told.body["error"]["param"] == param, told.body
    assert plan["lacking"] == []
    refused = await desk.caller("POST", "/v1/optimizations", few)
    assert refused.status == 422 and refused.body["error"]["details"]["least"] == plan["least_evaluations"]

    run = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "test", "repeats": 2}
    forecast = await desk.caller("POST", "/v1/test-runs/forecast", run)
    assert forecast.status == 200 and forecast.body["items"] == 192
    assert (await desk.caller("GET", "/v1/test-runs")).body["data"] == []
    assert forecast.body["forecast"] == (await desk.caller("POST", "/v1/test-runs", run)).body["forecast"]


@pytest.mark.promise("O-01", "O-04")
async def test_a_killed_job_goes_on_from_what_it_has_and_ends_as_if_nothing_had_happened(
    stack: Stack, desk: Desk, start_optimizer: Any
) -> None:
    first = await start_optimizer(replica="a")
    one, other = await start(desk), await start(desk)
    while (await desk.caller("GET", f"/v1/optimizations/{one}")).body["progress"]["evaluations"] < 150:
        assert (await desk.caller("GET", f"/v1/optimizations/{one}")).body["status"] in ("pending", "running")
    await crash(stack, first, one)
    await start_optimizer(replica="b")
    jobs = [await desk.until(f"/v1/optimizations/{job_id}") for job_id in (one, other)]
    for job in jobs:
        rows = await books(stack, "SELECT question, item_id, repeat, attempt FROM evaluations WHERE owner_id = $1::text::uuid", job["id"])
        executions = await books(stack, "SELECT execution_id FROM executions WHERE job_id = $1::text::uuid", job["id"])
        assert len(rows) == len(executions) and all(row["attempt"] == 1 for row in rows)
    assert sorted(job["test"]["look"] for job in jobs) == [1, 2]
    assert measured(jobs[0]) == measured(jobs[1])
    assert [edit["text"] for edit in jobs[0]["edits"]] == [edit["text"] for edit in jobs[1]["edits"]]
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.promise("O-01")
async def test_a_job_whose_connections_are_cut_goes_on(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    job_id = await start(desk)
    for reached in (60, 160, 260):
        await until_progress(desk, job_id, "evaluations", reached)
        await books(stack, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'burnish_optimizer'")
    job = await desk.until(f"/v1/optimizations/{job_id}")
    assert (job["status"], job["outcome"]) == ("completed", "improved"), job["error"]
    claims = await books(stack, "SELECT fence FROM optimization_jobs WHERE job_id = $1::text::uuid", job_id)
    assert claims[0]["fence"] == 1
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.promise("O-01")
async def test_a_job_whose_claim_was_written_and_never_answered_does_not_wait_for_its_lease(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[Claim] = []

    class LosesOne(Workshop):
        async def claim(self, _: Any, **asked: Any) -> list[Claim]:
            """As where the connection goes between the commit and its answer."""
            async with self.db.unit_of_work() as tx:
                claims = await claim_work(tx, **asked)
            if claims and not lost:
                lost.extend(claims)
                raise Unavailable("The database went away in the middle of the work; try again.")
            return claims

        def __post_init__(self) -> None:
            super().__post_init__()
            if "optimization" in self.do:
                self.claim_some = self.claim

    monkeypatch.setattr("burnish_optimizer.app.Workshop", LosesOne)
    await start_optimizer(lease_s=600, renew_s=20)
    job_id = await start(desk)
    job = await desk.until(f"/v1/optimizations/{job_id}")
    assert (job["status"], job["outcome"]) == ("completed", "improved"), job["error"]
    assert [str(one.id) for one in lost] == [job_id]
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.promise("O-11", "O-02")
async def test_a_cancelled_job_stops_within_seconds_and_gives_back_what_is_left(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer(job_in_flight=4)
    job_id = await start(desk)
    shown = await until_progress(desk, job_id, "evaluations", 40)
    assert shown["simulated"] is True  # where figures are shown, it is said who made them
    assert (await desk.caller("POST", f"/v1/optimizations/{job_id}/cancel")).status == 200
    ended = await desk.until(f"/v1/optimizations/{job_id}")  # That it was at once is seen by what it had bought by then.
    assert (ended["status"], ended["finish_reason"], ended["simulated"]) == ("cancelled", "cancelled", True)
    spent = await books(stack, "SELECT count(*) AS n FROM executions WHERE job_id = $1::text::uuid", job_id)
    assert spent[0]["n"] < BUDGET / 2
    answered = await books(
        stack, "SELECT count(*) AS n FROM evaluations WHERE owner_id = $1::text::uuid AND item_id <> $2 AND answered_at IS NOT NULL",
        job_id, UUID(int=0),
    )  # fmt: skip
    assert answered[0]["n"] - 4 <= ended["progress"]["evaluations"] <= answered[0]["n"], "what was bought is counted, however it ends"
    await until_nothing_is_held(stack, desk)
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.promise("O-11")
async def test_a_cancelled_job_keeps_what_became_of_its_edits(desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer(job_in_flight=4)
    job_id = await start(desk)
    await until_progress(desk, job_id, "round", 3)
    assert (await desk.caller("POST", f"/v1/optimizations/{job_id}/cancel")).status == 200
    ended = await desk.until(f"/v1/optimizations/{job_id}")
    assert (ended["status"], ended["suggestion_id"]) == ("cancelled", None)
    tried = [edit for edit in ended["edits"] if edit["state"] in ("alive", "dropped")]
    assert any(edit["observations"] > 0 for edit in tried) and all(edit["text"] or edit["line"] for edit in tried)
    assert all(edit["reason"] for edit in ended["edits"] if edit["state"] == "rejected")
    assert "chosen" not in {edit["state"] for edit in ended["edits"]}, "what led when it was cancelled was not chosen"


@pytest.mark.promise("O-04", "O-11")
async def test_a_job_that_goes_on_and_is_cancelled_before_it_is_there_again_says_no_less(
    desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes once more over its answers; what it says of itself meanwhile is of their beginning."""
    first = await start_optimizer(replica="a", job_in_flight=4)
    job_id = await start(desk)
    await until_progress(desk, job_id, "round", 3)
    await first.end()
    before = (await desk.caller("GET", f"/v1/optimizations/{job_id}")).body
    assert before["progress"]["best"] is not None and before["edits"]
    real, asked, again = Work.evaluate, 0, asyncio.Event()

    async def evaluate(work: Work, text: str, item: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked > 10:
            again.set()
            await asyncio.Event().wait()
        return await real(work, text, item)

    monkeypatch.setattr(Work, "evaluate", evaluate)
    await start_optimizer(replica="b")
    await asyncio.wait_for(again.wait(), 60)
    assert (await desk.caller("POST", f"/v1/optimizations/{job_id}/cancel")).status == 200
    ended = await desk.until(f"/v1/optimizations/{job_id}")
    assert ended["status"] == "cancelled" and ended["progress"]["spent_nusd"] >= before["progress"]["spent_nusd"]
    assert ended["progress"] | {"spent_nusd": 0} == before["progress"] | {"spent_nusd": 0}
    assert (ended["edits"], ended["report"]) == (before["edits"], before["report"])


async def until_progress(desk: Desk, job_id: str, name: str, least: int) -> Any:
    """The job, once its progress has come so far; fails the test when it has not in time, or ended before."""
    async with asyncio.timeout(100):
        while (job := (await desk.caller("GET", f"/v1/optimizations/{job_id}")).body)["progress"].get(name, 0) < least:
            assert job["status"] in ("pending", "running"), job
            await asyncio.sleep(0.01)
    return job


async def until_nothing_is_held(stack: Stack, desk: Desk) -> None:
    """What was on its way when a job was cancelled ends by itself; its rest goes back when the last hold is gone."""
    async with asyncio.timeout(60):
        while True:
            left = await books(
                stack,
                "SELECT 1 FROM accounts WHERE workspace_id = $1 AND kind = 4 AND (held_nusd > 0 OR limit_nusd > spent_nusd)",
                desk.caller.workspace.workspace_id,
            )
            if not left:
                return
            await asyncio.sleep(0.1)


@pytest.mark.promise("O-02")
async def test_a_budget_in_credits_is_never_passed(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{await start(desk, budget={'evaluations': BUDGET, 'credits': 1.5})}")
    assert job["status"] == "completed" and job["outcome"] in ("no_improvement", "improved")
    spent = await books(stack, "SELECT coalesce(sum(cost_nusd), 0)::bigint AS s FROM executions WHERE job_id = $1::text::uuid", job["id"])
    assert 0 < spent[0]["s"] <= 15_000_000
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.promise("O-02")
@pytest.mark.parametrize("credits_", [None, 1.5, 900.0])
async def test_what_is_set_aside_is_the_forecast_or_the_cap_where_that_is_less(stack: Stack, desk: Desk, credits_: float | None) -> None:
    budget: dict[str, Any] = {"evaluations": BUDGET} | ({} if credits_ is None else {"credits": credits_})
    started = await desk.caller("POST", "/v1/optimizations", {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": budget})
    assert started.status == 202, started.body
    forecast = started.body["forecast"]
    if credits_ == 1.5:
        assert forecast["set_aside_nusd"] == 15_000_000
    else:
        assert 15_000_000 < forecast["set_aside_nusd"] < 9_000_000_000
    funding = await books(
        stack,
        "SELECT a.limit_nusd, j.budget_nusd FROM optimization_jobs j JOIN accounts a ON a.account_id = j.funding_account_id"
        " WHERE j.job_id = $1::text::uuid",
        started.body["id"],
    )
    assert [tuple(row) for row in funding] == [(forecast["set_aside_nusd"], forecast["set_aside_nusd"])]
    await desk.caller("POST", f"/v1/optimizations/{started.body['id']}/cancel")


LEAST = 36 + 4 * 40 + 2 * 96


async def refusal(stack: Stack, desk: Desk, budget: dict[str, Any]) -> Any:
    """The error, after a look that it changed nothing."""
    answer = await desk.caller("POST", "/v1/optimizations", {"prompt": "tickets", "dataset_id": desk.dataset_id, "budget": budget})
    assert (answer.status, answer.body["error"]["code"]) == (422, "invalid_field"), answer.body
    workspace_id = desk.caller.workspace.workspace_id
    assert not await books(stack, "SELECT 1 FROM optimization_jobs WHERE workspace_id = $1", workspace_id)
    assert not await books(stack, "SELECT 1 FROM accounts WHERE workspace_id = $1 AND kind = 4", workspace_id)
    return answer.body["error"]


@pytest.mark.promise("O-02")
async def test_evaluations_that_are_too_few_to_begin_are_refused_and_the_least_that_is_named_begins(
    stack: Stack, desk: Desk, start_optimizer: Any
) -> None:
    error = await refusal(stack, desk, {"evaluations": LEAST - 1})
    assert (error["param"], error["details"]) == ("budget.evaluations", {"least": LEAST}) and str(LEAST) in error["message"]
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{await start(desk, budget={'evaluations': LEAST})}")
    assert job["status"] == "completed" and 36 < job["progress"]["evaluations"] <= LEAST, "it searched, whatever it found"


@pytest.mark.promise("O-02")
async def test_a_cap_that_is_too_low_to_begin_is_refused_and_the_least_that_is_named_begins(
    stack: Stack, desk: Desk, start_optimizer: Any
) -> None:
    error = await refusal(stack, desk, {"evaluations": BUDGET, "credits": 0.01})
    least = error["details"]["least"]
    assert error["param"] == "budget.credits" and f"{least} credits" in error["message"]
    await refusal(stack, desk, {"evaluations": BUDGET, "credits": float(least) - 0.0002})
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{await start(desk, budget={'evaluations': BUDGET, 'credits': float(least)})}")
    assert job["status"] == "completed" and job["progress"]["evaluations"] > 36
    assert 0 < job["progress"]["spent_nusd"] <= float(least) * 10_000_000


@pytest.mark.capability("O4")
async def test_a_prompt_that_is_good_already_is_left_alone(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    lines = [f"- {queue}: {', '.join(cues)}" for queue, cues in CUES.items()]
    good = "\n".join(["Sort the ticket into a queue.", *lines, "Answer with exactly one queue name and nothing else."])
    desk = await make_desk(await stack.caller(), prompt=good)
    job = await desk.until(f"/v1/optimizations/{await start(desk)}")
    assert job["outcome"] in ("no_headroom", "no_improvement") and job["suggestion_id"] is None
    looks = await books(stack, "SELECT number FROM test_looks WHERE owner_id = $1::text::uuid", job["id"])
    assert len(looks) == (job["test"] is not None)


@pytest.mark.promise("O-03")
async def test_after_five_looks_fresh_test_items_are_asked_for(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await books(
        stack,
        "INSERT INTO test_looks SELECT gen_random_uuid(), $1, $2::text::uuid, 1, k, 0.01, gen_random_uuid() FROM generate_series(1, 7) k",
        desk.caller.workspace.workspace_id,
        desk.dataset_id,
    )
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{await start(desk)}")
    assert (job["outcome"], job["finish_reason"], job["progress"]["evaluations"]) == ("not_enough_data", "test_looks_spent", 0)
    report = (
        await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}/leaks")
    ).body  # searches at the same time may look more than five times
    assert (report["looks"], report["looks_left"]) == (7, 0) and "looked at the test split 7 times" in report["in_words"][-1]


@pytest.mark.promise("O-03")
async def test_a_job_on_items_of_before_takes_no_look_of_the_fresh_ones(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    """It was asked for before fresh test items came, and measures on the old ones: they pay, and are spent."""
    job_id = await start(desk)
    old, fresh = (
        1,
        [one | {"input": f"{one['input']} (fresh {n})", "split": "test"} for n, one in enumerate(tickets(train=0, validation=0))],
    )
    await books(
        stack,
        "INSERT INTO test_looks SELECT gen_random_uuid(), $1, $2::text::uuid, $3, k, 0.01, gen_random_uuid() FROM generate_series(1, 5) k",
        desk.caller.workspace.workspace_id,
        desk.dataset_id,
        old,
    )
    more = await desk.caller("POST", f"/v1/datasets/{desk.dataset_id}/items", {"items": fresh})
    assert more.status == 201 and more.body["added"] == len(fresh)
    assert (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}")).body["test_version"] == 2
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{job_id}")
    assert (job["outcome"], job["finish_reason"]) == ("not_enough_data", "test_looks_spent")
    later = await desk.until(f"/v1/optimizations/{await start(desk)}")
    assert later["finish_reason"] != "test_looks_spent"
    looks = await books(
        stack,
        "SELECT test_version, number FROM test_looks WHERE dataset_id = $1::text::uuid AND owner_id = $2::text::uuid",
        desk.dataset_id,
        later["id"],
    )
    assert [dict(one) for one in looks] == ([{"test_version": 2, "number": 1}] if later["test"] else [])


async def test_a_handful_of_test_items_is_not_enough_data(stack: Stack, start_optimizer: Any) -> None:
    await start_optimizer()
    desk = await make_desk(await stack.caller(), items=tickets(train=5, validation=5, test=3))
    job = await desk.until(f"/v1/optimizations/{await start(desk)}")
    assert (job["outcome"], job["finish_reason"]) == ("not_enough_data", "too_few_test_items")
    assert job["report"]["lacking"] == [{"what": "test_items", "have": 12, "needed": 20}], "three of each of four queues"


async def test_progress_is_streamed_until_the_job_is_done(desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    job_id = await start(desk)
    events = []
    headers = {"authorization": f"Bearer {desk.caller.key}"}
    async with desk.caller.session.get(f"{desk.caller.url}/v1/optimizations/{job_id}/events", headers=headers) as response:
        assert response.status == 200 and response.content_type == "text/event-stream"
        name = ""
        async for line in response.content:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: "):
                events.append((name, json.loads(text[6:])))
    assert events[-1][0] == "done" and events[-1][1]["outcome"] == "improved"
    seen = [body["progress"]["evaluations"] for name, body in events if name == "progress"]
    assert len(seen) >= 2 and seen == sorted(seen)


async def test_the_stream_of_a_job_that_is_removed_ends(stack: Stack, desk: Desk) -> None:
    job_id = await start(desk)
    headers = {"authorization": f"Bearer {desk.caller.key}"}
    async with desk.caller.session.get(f"{desk.caller.url}/v1/optimizations/{job_id}/events", headers=headers) as response:
        assert (await response.content.readuntil(b"\n\n")).startswith(b"event: progress")
        await books(stack, "DELETE FROM optimization_jobs WHERE job_id = $1::text::uuid RETURNING job_id", job_id)
        assert b"event:" not in await asyncio.wait_for(response.content.read(), 60)


@pytest.mark.promise("G-18")
async def test_the_stream_of_a_job_says_that_its_gateway_is_stopped(stack: Stack, desk: Desk) -> None:
    job_id = await start(desk)
    assert await told_by_stopped(stack, desk.caller, f"/v1/optimizations/{job_id}/events", first=b"event: progress")


@pytest.mark.promise("G-18")
async def test_the_tool_that_waits_for_a_job_says_how_it_stands_when_its_gateway_is_stopped(stack: Stack, desk: Desk) -> None:
    arguments = {"optimization_id": await start(desk), "wait_s": 50}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "follow_optimization", "arguments": arguments}}
    both = {"accept": "application/json, text/event-stream"}
    async with stopping(stack, desk.caller) as (at_it, server):
        # Its first call loads who asks, for longer than the grace lasts on a slow machine: a body that was not read by then is refused.
        assert (await at_it("POST", "/mcp", {"jsonrpc": "2.0", "id": 0, "method": "tools/list"}, headers=both)).status == 200
        await until_open(server, 0)  # Its task outlives its answer.
        asking = asyncio.create_task(at_it("POST", "/mcp", asked, headers=both))
        await until_open(server, 1)
        server.should_exit = True
        answer = await asyncio.wait_for(asking, 60)
    assert answer.status == 200 and b'"status":"pending"' in answer.raw and b'"isError":true' not in answer.raw


@pytest.mark.capability("O6")
async def test_a_suggestion_is_rejected_with_a_reason_and_then_not_accepted(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{await start(desk)}")
    path = f"/v1/suggestions/{job['suggestion_id']}"
    moved = await desk.caller("POST", "/v1/prompts/tickets/versions", {"base_version": 1, "messages": [{"role": "system", "content": "x"}]})
    assert moved.status == 201, moved.body
    await desk.caller("PUT", "/v1/prompts/tickets/labels/production", {"version": 2})
    stale = await desk.caller("POST", f"{path}/accept", {})
    assert stale.status == 409 and stale.body["error"]["details"] == {"measured_version": 1, "production_version": 2}
    assert (await desk.caller("POST", f"{path}/reject", {"reason": "  "})).body["error"]["param"] == "reason"
    rejected = await desk.caller("POST", f"{path}/reject", {"reason": "too long"})
    assert (rejected.status, rejected.body["status"], rejected.body["reason"]) == (200, "rejected", "too long")
    assert (await desk.caller("POST", f"{path}/accept", {})).status == 409
    assert (await desk.caller("GET", "/v1/suggestions?status=rejected")).body["data"][0]["id"] == job["suggestion_id"]
    other = await stack.caller()
    assert (await other("GET", path)).status == 404
