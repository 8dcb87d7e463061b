"""Live evaluations are held with leases: who dies, stood still or was overtaken scores nothing twice (PRODUCT F4)."""

import asyncio
import os
import sys
from typing import Any
from uuid import UUID

import pytest

from burnish_optimizer.io import live_store
from burnish_optimizer.io.live_store import LiveClaim, LiveClaimLost, ScoreRow
from burnish_shared import failpoints
from burnish_shared.db.session import Database
from burnish_shared.failpoints import KILLED
from tests.embedded.secrets import KEK
from tests.embedded.stack import Caller, Stack
from tests.integration.scores.conftest import DAY, StartOptimizer, live, rows, run_prompt, say, scores_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F4")]

JURORS = ["simulated/judge", "simulated/judge-strict", "simulated/judge-lenient"]


@pytest.mark.promise("O-01")
async def test_an_optimizer_that_dies_scores_each_execution_once_and_asks_no_judge_twice(
    stack: Stack, caller: Caller, start_optimizer: StartOptimizer
) -> None:
    judge = {"kind": "jury", "models": JURORS, "rubric": 'must contain "parcel"\nparcel, courier'}
    evaluator, live_id = await live(caller, judge, cap=DAY)
    executions = await asyncio.gather(*(run_prompt(caller, text) for text in ("my parcel", "a parcel", "hello")))
    await until_waiting(caller, live_id, 3)
    process = await serve_optimizer(stack, failpoint="optimizer.before_settle:exit")
    assert await asyncio.wait_for(process.wait(), 120) == KILLED
    failpoints.configure("optimizer.before_scores:sleep=60000")
    dying = await start_optimizer(replica="crashing")
    answered = "SELECT count(*) AS n FROM evaluations WHERE owner_id = $1::text::uuid AND answered_at IS NOT NULL"
    async with asyncio.timeout(60):
        while (await rows(stack, answered, live_id))[0]["n"] < 9:
            await asyncio.sleep(0.03)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    failpoints.configure("")
    await start_optimizer(replica="crashing")
    by_text = [(await scores_of(caller, one))[0] for one in executions]
    for one in by_text[:2]:
        plain, strict, lenient = (vote["score"] for vote in one["votes"])
        assert strict < plain < lenient and one["score"] == plain and one["disagreement"] == lenient - strict and one["uncertain"]
    bought = await rows(stack, "SELECT execution_id, cost_nusd FROM executions WHERE job_id = $1::text::uuid", live_id)
    assert len(bought) == 9
    assert sum(row["cost_nusd"] for row in bought) == sum(one["cost_nusd"] for one in by_text)
    (scored,) = await rows(stack, "SELECT count(*) AS n FROM scores WHERE evaluator_id = $1::text::uuid", evaluator)
    (left,) = await rows(stack, "SELECT count(*) AS n FROM evaluations WHERE owner_id = $1::text::uuid", live_id)
    assert (scored["n"], left["n"]) == (3, 0)


@pytest.mark.promise("O-01")
async def test_who_lost_the_claim_writes_no_score(stack: Stack, caller: Caller) -> None:
    """Nothing but the fence tells that another replica has taken over: the tasks are still there, and whoever is first would take them."""
    evaluator, live_id = await live(caller, {"kind": "contains", "phrases": ["parcel"]})
    execution = await run_prompt(caller, "parcel")
    await until_waiting(caller, live_id, 1)
    db = await Database.open(stack.urls["optimizer"], application_name="test-fence", max_size=2)
    workspace_id = caller.workspace.workspace_id
    row = ScoreRow(UUID(execution), 1, "contains", 1.0, True, None, "r", None, False, [], [], 0, 1, True)

    async def claimed(worker: str, *, lease_s: int) -> LiveClaim:
        async with db.unit_of_work() as tx:
            claims = await live_store.claim(tx, worker=worker, lease_s=lease_s, most=50, held=[])
            return next(one for one in claims if one.id == UUID(live_id))

    async def write(claim: LiveClaim) -> list[UUID]:
        async with db.unit_of_work(workspace=workspace_id) as tx:
            return await live_store.write_scores(tx, claim, UUID(evaluator), [row])

    try:
        slow, fast = await claimed("slow", lease_s=0), await claimed("fast", lease_s=60)
        assert fast.fence > slow.fence
        with pytest.raises(LiveClaimLost):
            await write(slow)
        assert (await say(caller, "GET", f"/v1/executions/{execution}"))["scores"] == []
        assert await write(fast) == [UUID(execution)]
    finally:
        await db.close()


@pytest.mark.promise("O-01")
async def test_an_optimizer_whose_lease_ran_out_takes_its_own_work_from_itself_no_more(
    stack: Stack, caller: Caller, start_optimizer: StartOptimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood still for longer than its lease, looked for work, and found what it held."""
    holds, goes_on, looks = asyncio.Event(), asyncio.Event(), asyncio.Queue[None]()
    hit, claim = failpoints.hit, live_store.claim

    async def stand_still(name: str) -> None:
        if name == "optimizer.before_scores":
            holds.set()
        await (goes_on.wait() if name == "optimizer.before_scores" else hit(name))

    async def look(*transaction: Any, **asked: Any) -> list[LiveClaim]:
        found = await claim(*transaction, **asked)
        looks.put_nowait(None)
        return found

    monkeypatch.setattr(failpoints, "hit", stand_still)
    monkeypatch.setattr(live_store, "claim", look)
    await start_optimizer(watch_interval_s=600, lease_s=2000)
    _, live_id = await live(caller, {"kind": "contains", "phrases": ["parcel"]})
    execution = await run_prompt(caller, "parcel")
    async with asyncio.timeout(60):
        await holds.wait()
        ended = "UPDATE live_evaluations SET leased_until = clock_timestamp() - interval '1 second'"
        await rows(stack, f"{ended} WHERE live_evaluation_id = $1::text::uuid", live_id)
        while not looks.empty():
            looks.get_nowait()
        for _ in range(2):  # The first may have begun before its lease ran out.
            await looks.get()
    goes_on.set()
    (score,) = await scores_of(caller, execution)
    assert score["passed"]
    (kept,) = await rows(stack, "SELECT fence FROM live_evaluations WHERE live_evaluation_id = $1::text::uuid", live_id)
    assert kept["fence"] == 1


async def until_waiting(caller: Caller, live_id: str, n: int) -> None:
    async with asyncio.timeout(60):
        while (await say(caller, "GET", f"/v1/live-evaluations/{live_id}"))["waiting"] < n:
            await asyncio.sleep(0.03)


async def serve_optimizer(stack: Stack, *, failpoint: str) -> asyncio.subprocess.Process:
    """The optimizer as a process of its own, which dies at `failpoint`. Its lease outlives it; its successor has its name."""
    environment = os.environ | {
        "DATABASE_URL": stack.urls["optimizer"],
        "NATS_URL": stack.nats.url("optimizer"),
        "BURNISH_KEK": KEK,
        "BURNISH_REPLICA": "crashing",
        "BURNISH_FP": failpoint,
        "BURNISH_LEASE_S": "60",
        "BURNISH_SCORE_INTERVAL_S": "0.05",
        "BURNISH_LOST_AFTER_S": "0.3",
        "BURNISH_LOG_LEVEL": "error",
    }
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "burnish.serve", "optimizer", env=environment)
