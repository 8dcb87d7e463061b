"""A model that cannot be asked has no wrong answers: the run or the search fails and says why (PRODUCT D2, O1; PROMISES O-01)."""

import asyncio
import json
from typing import Any

import pytest

from burnish_executor.circuits import Circuits
from burnish_optimizer import run_job
from burnish_optimizer.core import retry
from burnish_optimizer.job_under_way import Work
from tests.embedded.stack import Stack
from tests.integration.compat.simulator import fault
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_jobs import LEAST, start
from tests.integration.optimization.test_test_runs import assert_books_are_in_order, books
from tests.integration.optimization.tickets import STRONG

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D2", "O1")]

SEARCHED_BY_THEN = 30


async def scores(stack: Stack, owner_id: str) -> list[tuple[str, float | None]]:
    """Of the calls that failed: of which status, and how they count."""
    rows = await books(
        stack, "SELECT status, score FROM evaluations WHERE owner_id = $1::text::uuid AND status IS DISTINCT FROM 'success'", owner_id
    )
    return [(row["status"], row["score"]) for row in rows if row["status"] is not None]


@pytest.mark.parametrize("status", [401, 402, 403, 404])
async def test_a_test_run_whose_model_cannot_be_asked_fails_and_counts_nothing_as_wrong(
    stack: Stack, desk: Desk, start_optimizer: Any, status: int
) -> None:
    await start_optimizer()
    async with fault(stack, f"error,status={status}", model="reader"):
        started = await desk.caller("POST", "/v1/test-runs", {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"})
        assert started.status == 202, started.body
        run = await desk.until(f"/v1/test-runs/{started.body['id']}")
    assert (run["status"], run["error"]["code"]) == ("failed", "evaluation_failed"), run["error"]
    assert "simulated/reader" in run["error"]["message"] and str(status) in run["error"]["message"]
    assert not run["metrics"] and not run["failed_cases"], run
    refused = await scores(stack, run["id"])
    assert refused and {score for _, score in refused} == {None}
    await assert_books_are_in_order(stack, desk.caller)


async def test_a_run_waits_while_its_provider_is_away_and_says_what_it_said_where_it_stays_away(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(Circuits, "refusal", lambda *_, **__: None)  # the rests of a circuit are real seconds
    await start_optimizer(job_in_flight=2)
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"}
    async with fault(stack, "error,status=503", model="reader"):
        started = await desk.caller("POST", "/v1/test-runs", body)
        assert started.status == 202, started.body
        run = await desk.until(f"/v1/test-runs/{started.body['id']}")
        assert (run["status"], run["error"]["code"]) == ("failed", "evaluation_failed")
        assert run["error"]["message"].startswith("A call of simulated/reader failed 6 times: ") and "503" in run["error"]["message"], run
        run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
        tries = "SELECT max(attempt) AS n FROM evaluations WHERE owner_id = $1::text::uuid"
        async with asyncio.timeout(60):
            while ((await books(stack, tries, run_id))[0]["n"] or 0) <= retry.TRIES:
                await asyncio.sleep(0.05)
    run = await desk.until(f"/v1/test-runs/{run_id}")
    assert run["status"] == "completed" and run["metrics"]["errors"] == 0, run["error"] or run["metrics"]
    await assert_books_are_in_order(stack, desk.caller)


async def test_calls_under_way_of_a_run_that_failed_are_ended_and_their_money_is_back_at_once(
    stack: Stack, desk: Desk, start_optimizer: Any
) -> None:
    await start_optimizer(job_in_flight=2)
    ended = "SELECT status FROM executions WHERE job_id = $1::text::uuid AND status <> 'success'"
    async with fault(stack, "slow,s=600,first=1,key=one hangs", model="reader"):
        body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train", "repeats": 10}
        run_id = (await desk.caller("POST", "/v1/test-runs", body)).body["id"]
        async with asyncio.timeout(30):
            while not await books(stack, "SELECT FROM executions WHERE job_id = $1::text::uuid", run_id):
                await asyncio.sleep(0.01)
    async with fault(stack, "error,status=401", model="reader"):
        run = await desk.until(f"/v1/test-runs/{run_id}")
        assert (run["status"], run["error"]["code"]) == ("failed", "evaluation_failed"), run["error"]
        async with asyncio.timeout(20):
            while "cancelled" not in {row["status"] for row in await books(stack, ended, run_id)}:
                await asyncio.sleep(0.05)
    assert "timeout" not in {row["status"] for row in await books(stack, ended, run_id)}
    await assert_books_are_in_order(stack, desk.caller)


async def test_a_model_that_refuses_the_very_first_text_is_asked_the_others(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer(job_in_flight=1)
    async with fault(stack, "error,status=404,first=1", model="reader"):
        started = await desk.caller("POST", "/v1/test-runs", {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"})
        run = await desk.until(f"/v1/test-runs/{started.body['id']}")
    assert run["status"] == "completed" and run["metrics"]["errors"] == 1 < run["metrics"]["total"], run
    assert await scores(stack, run["id"]) == [("error", 0.0)]
    await assert_books_are_in_order(stack, desk.caller)


async def test_what_a_provider_refuses_of_a_text_still_counts_as_wrong(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    async with fault(stack, "error,status=400", model="reader"):
        started = await desk.caller("POST", "/v1/test-runs", {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"})
        run = await desk.until(f"/v1/test-runs/{started.body['id']}")
    assert run["status"] == "completed" and run["metrics"]["errors"] == run["metrics"]["total"] > 0, run
    assert set(await scores(stack, run["id"])) == {("error", 0.0)}


async def assert_failed(stack: Stack, desk: Desk, job: Any) -> None:
    assert (job["status"], job["error"]["code"], job["outcome"]) == ("failed", "evaluation_failed", None), job["error"] or job
    assert job["suggestion_id"] is None and job["test"] is None
    refused = await scores(stack, job["id"])
    assert refused and {score for _, score in refused} == {None}, "a call that reached no model is no wrong answer"
    await assert_books_are_in_order(stack, desk.caller)


async def searched_with(stack: Stack, desk: Desk, monkeypatch: pytest.MonkeyPatch, script: str) -> Any:
    """A search whose model meets this fault from a moment on at which it had answered."""
    real, asked = Work.evaluate, list[str]()

    async def evaluate(work: Work, text: str, item: Any) -> Any:
        asked.append(text)
        if len(asked) == SEARCHED_BY_THEN:
            async with stack.session.put(f"{stack.simulator}/faults", json={"model": "reader", "fault": script}) as armed:
                assert armed.status == 200
        return await real(work, text, item)

    monkeypatch.setattr(Work, "evaluate", evaluate)
    async with fault(stack, "error,status=401", model="judge"):  # ends the one that is armed meanwhile, too
        job = await desk.until(f"/v1/optimizations/{await start(desk, budget={'evaluations': LEAST})}")
    assert len(asked) >= SEARCHED_BY_THEN
    return job


@pytest.mark.promise("O-01")
async def test_a_search_whose_key_is_refused_in_the_middle_fails(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start_optimizer(job_in_flight=4)
    await assert_failed(stack, desk, await searched_with(stack, desk, monkeypatch, "error,status=401"))


@pytest.mark.promise("O-01")
async def test_a_search_whose_model_goes_in_the_middle_fails(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start_optimizer(job_in_flight=4)
    job = await searched_with(stack, desk, monkeypatch, "error,status=404")
    assert (job["status"], job["error"]["code"], job["outcome"]) == ("failed", "evaluation_failed", None), job["error"] or job
    assert job["suggestion_id"] is None and job["test"] is None


@pytest.mark.parametrize("status", [402, 403, 404])
async def test_what_a_model_that_answers_refuses_of_a_few_texts_takes_nothing_from_the_others(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    await start_optimizer(job_in_flight=4)
    job = await searched_with(stack, desk, monkeypatch, f"error,status={status},first=2")
    assert job["status"] == "completed", job["error"]
    assert await scores(stack, job["id"]) == [("error", 0.0)] * 2
    await assert_books_are_in_order(stack, desk.caller)


@pytest.mark.promise("O-01")
async def test_a_proof_whose_key_is_refused_proves_nothing(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = run_job._measure_pairs

    async def measured(work: Work, *given: Any, **named: Any) -> Any:
        async with fault(stack, "error,status=401", model="reader"):
            return await real(work, *given, **named)

    monkeypatch.setattr(run_job, "_measure_pairs", measured)
    await start_optimizer()
    job = await desk.until(f"/v1/optimizations/{await start(desk, method='manual', manual={'candidates': [STRONG]})}")
    await assert_failed(stack, desk, job)


async def test_a_search_whose_proposing_model_cannot_be_asked_fails(stack: Stack, desk: Desk, start_optimizer: Any) -> None:
    await start_optimizer()
    async with fault(stack, "error,status=404", model="writer"):
        job = await desk.until(f"/v1/optimizations/{await start(desk)}")
    assert (job["status"], job["error"]["code"]) == ("failed", "evaluation_failed"), job["error"] or job
    assert "simulated/writer" in job["error"]["message"]


async def test_a_test_run_whose_model_is_retired_before_it_begins_tells_webhooks_that_it_failed(
    stack: Stack, desk: Desk, start_optimizer: Any
) -> None:
    prices = {"input_price_nusd_per_million": 1000, "output_price_nusd_per_million": 1000, "context_tokens": 8000, "output_tokens": 1000}
    made = await desk.caller("POST", "/v1/models", {"model": "own/reader", "provider": "simulated", "upstream_model": "reader"} | prices)
    assert made.status == 201, made.body
    body = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation", "models": ["own/reader"]}
    started = await desk.caller("POST", "/v1/test-runs", body)
    assert started.status == 202, started.body
    gone = await desk.caller("POST", "/v1/models/own%2Freader/retire", {})
    assert gone.status == 200, gone.body
    refused = await desk.caller("POST", "/v1/test-runs", body)
    assert refused.status == 422 and "is retired" in refused.body["error"]["message"], refused.body
    await start_optimizer()
    run = await desk.until(f"/v1/test-runs/{started.body['id']}")
    assert (run["status"], run["error"]["code"]) == ("failed", "invalid_field"), run["error"]
    told = await books(
        stack,
        """SELECT convert_from(body, 'UTF8')::json->'data' AS data FROM outbox
            WHERE subject LIKE '%test_run.completed%' AND position($1 IN convert_from(body, 'UTF8')) > 0""",
        run["id"],
    )
    (data,) = [one["data"] if isinstance(one["data"], dict) else json.loads(one["data"]) for one in told]
    assert (data["status"], data["error_code"], data["total"], data["overall_accuracy"]) == ("failed", "invalid_field", 0, None)
    await assert_books_are_in_order(stack, desk.caller)
