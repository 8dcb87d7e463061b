"""What does not begin says what it waits for (PRODUCT D2, O1)."""

from typing import Any

import pytest

from burnish_gateway.optimization import store
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_jobs import start
from tests.integration.optimization.test_test_runs import books

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("D2", "O1")]


async def lease(stack: Stack, run_id: str, *, s: int) -> None:
    """Somebody works on the test run for `s` seconds; negative: they were heard of last so long ago."""
    until = f"leased_until = clock_timestamp() + {s} * interval '1 second'"
    await books(stack, f"UPDATE test_runs SET status = 'running', {until} WHERE test_run_id = $1::text::uuid", run_id)


async def is_old(stack: Stack, run_id: str) -> None:
    """As if it had been started an hour ago."""
    await books(stack, "UPDATE test_runs SET created_at = created_at - interval '1 hour' WHERE test_run_id = $1::text::uuid", run_id)


async def test_a_run_and_a_search_say_what_they_wait_for(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody works: the first search and the run wait for the service, the second search for the first."""
    wanted = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"}
    run = f"/v1/test-runs/{(await desk.caller('POST', '/v1/test-runs', wanted)).body['id']}"
    first, second = [f"/v1/optimizations/{await start(desk, budget={'evaluations': 900})}" for _ in range(2)]

    async def told() -> list[str | None]:
        return [(await desk.caller("GET", path)).body["waits_for"] for path in (run, first, second)]

    assert await told() == [None, None, "earlier_search"], "it may begin within seconds"
    monkeypatch.setattr(store, "TAKEN_WITHIN_S", 0)
    assert await told() == ["optimizer", "optimizer", "earlier_search"]
    listed = (await desk.caller("GET", "/v1/test-runs")).body["data"]
    assert [one["waits_for"] for one in listed] == [None]

    await lease(stack, run.rsplit("/", 1)[1], s=60)
    assert await told() == [None, "free_place", "earlier_search"]
    await lease(stack, run.rsplit("/", 1)[1], s=-1)
    assert await told() == ["optimizer", "optimizer", "earlier_search"], "whoever worked on it is gone"

    await desk.caller("POST", f"{run}/pause")
    assert (await desk.caller("GET", run)).body["waits_for"] is None
    await desk.caller("POST", f"{run}/resume")
    await start_optimizer()
    for path in (run, first, second):
        assert (await desk.until(path))["waits_for"] is None


async def test_nobody_is_missed_while_the_next_takes_it(
    stack: Stack, desk: Desk, start_optimizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that an optimizer gives back as it ends, or that is resumed, is taken within seconds: until then nothing is said of it."""
    optimizer = await start_optimizer(job_in_flight=2)
    wanted = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "train", "repeats": 2}
    run_id = (await desk.caller("POST", "/v1/test-runs", wanted)).body["id"]
    run = f"/v1/test-runs/{run_id}"
    while (await desk.caller("GET", run)).body["progress"]["done"] < 5:
        pass
    await is_old(stack, run_id)
    await optimizer.end()

    async def told() -> tuple[str, str | None]:
        found = (await desk.caller("GET", run)).body
        return found["status"], found["waits_for"]

    assert await told() == ("running", None), "it was given back just now"
    await lease(stack, run_id, s=-10)
    assert await told() == ("running", None)
    await lease(stack, run_id, s=-60)
    assert await told() == ("running", "optimizer")
    await books(stack, "UPDATE test_runs SET leased_by = 'killed' WHERE test_run_id = $1::text::uuid", run_id)
    await books(stack, "SELECT release_work('killed')")
    assert await told() == ("running", None), "a process of that name, which was killed, is there again and takes it"
    await lease(stack, run_id, s=-60)

    await desk.caller("POST", f"{run}/pause")
    assert (await desk.caller("POST", f"{run}/resume")).body["status"] == "running"
    assert await told() == ("running", None), "it was resumed just now"
    monkeypatch.setattr(store, "TAKEN_WITHIN_S", 0)
    assert await told() == ("running", "optimizer")
    monkeypatch.undo()

    await start_optimizer()
    assert (await desk.until(run))["status"] == "completed"


CALL = """
INSERT INTO executions (execution_id, workspace_id, fence, lane, status, model, provider, input_tokens, output_tokens, cached_input_tokens,
                        usage_source, cost_nusd, latency_ms, cached, simulated, job_id, error, attempts, finished_at)
VALUES ($1, $2, 1, 'batch', $3, 'm', 'p', 0, 0, 0, 'estimated', 0, 5, false, false, $4::text::uuid, NULL, '[]',
        clock_timestamp() - $5 * interval '1 second')"""


async def test_one_whose_provider_has_no_room_says_so_while_it_is_worked_on(stack: Stack, desk: Desk) -> None:
    where = desk.caller.workspace.workspace_id
    wanted = {"prompt": "tickets", "dataset_id": desk.dataset_id, "split": "validation"}
    run_id = (await desk.caller("POST", "/v1/test-runs", wanted)).body["id"]
    job_id = await start(desk, budget={"evaluations": 900})
    await lease(stack, run_id, s=60)
    await books(stack, "UPDATE optimization_jobs SET status = 'running', leased_until = clock_timestamp() + interval '1 minute' "
                       "WHERE job_id = $1::text::uuid", job_id)  # fmt: skip

    async def told() -> list[str | None]:
        paths = (f"/v1/test-runs/{run_id}", f"/v1/optimizations/{job_id}")
        return [(await desk.caller("GET", path)).body["waits_for"] for path in paths]

    assert await told() == [None, None], "no call of it has ended"
    for status, before_s, expected in (("success", 90, None), ("rate_limited", 60, "provider_limit"), ("success", 1, None)):
        for of in (run_id, job_id):
            await books(stack, CALL, new_uuid(), where, status, of, before_s)
        assert await told() == [expected, expected], status
    await books(stack, CALL, new_uuid(), where, "rate_limited", job_id, 200)
    assert await told() == [None, None], "that is too long ago to be waited for"
