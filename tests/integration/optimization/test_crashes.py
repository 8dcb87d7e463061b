"""A job whose process dies at every step still ends as if nothing had happened (PROMISES O-01)."""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from burnish_shared.failpoints import KILLED
from tests.embedded.secrets import KEK
from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk, make_desk
from tests.integration.optimization.test_chain_steps import asked_of, make_chained_desk
from tests.integration.optimization.test_heard_and_learned import said
from tests.integration.optimization.test_jobs import measured, start
from tests.integration.optimization.test_methods_in_jobs import WORDY, set_workspace
from tests.integration.optimization.test_test_runs import assert_books_are_in_order, books
from tests.integration.optimization.tickets import CUES, STRONG, WEAK, tickets

FORMAT = f"{WEAK}\nAnswer with the name of the queue only, nothing else."
STEPS = ("optimizer.before_settle", "optimizer.before_publish", "optimizer.before_test", "optimizer.before_finish")

LATER = ("optimizer.before_settle:exit=6", "optimizer.before_publish:exit=12")
"""In the middle of a search, with rounds behind it and rounds to come."""


async def serve(stack: Stack, *, failpoint: str) -> asyncio.subprocess.Process:
    """The optimizer as a process of its own, which dies at `failpoint`. Its lease outlives it by far; its successor has its name."""
    environment = os.environ | {
        "DATABASE_URL": stack.urls["optimizer"],
        "NATS_URL": stack.nats.url("optimizer"),
        "BURNISH_KEK": KEK,
        "BURNISH_REPLICA": "crashing",
        "BURNISH_FP": failpoint,
        "BURNISH_LEASE_S": "60",
        "BURNISH_CLAIM_INTERVAL_S": "0.1",
        "BURNISH_LOST_AFTER_S": "0.3",
        "BURNISH_LOG_LEVEL": "error",
    }
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "burnish.serve", "optimizer", env=environment)


JUDGED: dict[str, Any] = {
    "method": "manual",
    "manual": {"candidates": [STRONG, "Sort it."]},
    "metrics": [{"metric": "accuracy", "weight": 3}, {"metric": "coherence"}, {"metric": "length", "weight": 1, "zero_at": 200}],
    "models": {"judge": "simulated/judge"},
}


OF_METHODS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "reflective": (WEAK, {"method": "reflective", "budget": {"evaluations": 600}, "seed": 1}, (*LATER, *STEPS)),
    "compression": (
        WORDY,
        {"method": "compression", "compression": {"margin": 0.3, "items": 40}, "budget": {"evaluations": 1000}},
        (*LATER, *STEPS),
    ),
    "evolutionary": (
        WEAK,
        {"method": "evolutionary", "evolutionary": {"population": 4, "elites": 1, "generations": 3, "items_per_generation": 10}},
        ("optimizer.before_publish", "optimizer.before_settle:exit=3", "optimizer.before_finish"),
    ),
    "few_shot": (FORMAT, {"method": "few_shot", "few_shot": {"mode": "nearest", "examples": 4}, "budget": {"evaluations": 400}}, STEPS),
    "few_shot, static": (FORMAT, {"method": "few_shot", "few_shot": {"examples": 8, "sets": 4}, "budget": {"evaluations": 400}}, STEPS),
    "settings": (
        STRONG,
        {"method": "settings", "settings": {"space": {"model": ["simulated/reader"]}}, "models": {"task": "simulated/chat"}},
        STEPS,
    ),
}
"""Prompt, what is asked for, and where the process dies; evolution of a weak prompt finds nothing that would be measured on test,
reflection finds something with this seed and budget, and as many validation items as VALIDATION says."""

VALIDATION = {"reflective": 10, "compression": 10}


async def die_at_each(stack: Stack, steps: Sequence[str]) -> None:
    for step in steps:
        process = await serve(stack, failpoint=step if step.count(":") else f"{step}:exit")
        assert await asyncio.wait_for(process.wait(), 120) == KILLED, step


async def assert_bought_once_and_ended_the_same(stack: Stack, desk: Desk, job: Any, undisturbed: Any, *, look: int = 1) -> None:
    """A row of a whole chain names an execution that is one of its calls. `look`: which look at the test split the job had."""
    if job["test"] is not None:
        assert measured(job) == measured(undisturbed)
    assert [one["text"] for one in job["edits"]] == [one["text"] for one in undisturbed["edits"]]
    rows = [await books(stack, "SELECT * FROM evaluations WHERE owner_id = $1::text::uuid", one["id"]) for one in (job, undisturbed)]
    assert len(rows[0]) == len(rows[1]) and {row["attempt"] for row in rows[0]} == {1}
    if "judge" not in job["models"]:  # A judge is asked about one answer of one execution: no other job asks the same.
        named = [
            {(row["question"], row["item_id"], row["repeat"]): (row["status"], row["spent_nusd"]) for row in of_job} for of_job in rows
        ]
        assert named[0] == named[1]
    for told in ("evaluations", "spent_nusd", "round"):
        assert job["progress"][told] == undisturbed["progress"][told], told
    looks = await books(stack, "SELECT number FROM test_looks WHERE owner_id = $1::text::uuid", job["id"])
    assert [row["number"] for row in looks] == ([] if job["test"] is None else [look])
    await assert_bought_once(stack, desk, job)


async def assert_bought_once(stack: Stack, desk: Desk, job: Any) -> None:
    await assert_books_are_in_order(stack, desk.caller)  # What was under way at the end has its row by then.
    asked = await books(stack, "SELECT DISTINCT execution_id FROM evaluations WHERE owner_id = $1::text::uuid", job["id"])
    bought = await books(stack, "SELECT execution_id FROM executions WHERE job_id = $1::text::uuid", job["id"])
    assert len(asked) == len(bought)


@pytest.mark.promise("O-01")
@pytest.mark.parametrize("asked", [{}, JUDGED], ids=["racing", "manual, judged"])
async def test_a_job_that_dies_at_every_step_buys_nothing_twice_and_ends_the_same(
    stack: Stack, desk: Desk, start_optimizer: Any, asked: dict[str, Any]
) -> None:
    job_id = await start(desk, **asked)
    await die_at_each(stack, STEPS)
    await start_optimizer(replica="crashing", lease_s=60)
    job = await desk.until(f"/v1/optimizations/{job_id}")
    undisturbed = await desk.until(f"/v1/optimizations/{await start(desk, **asked)}")
    assert job["outcome"] == "improved"
    await assert_bought_once_and_ended_the_same(stack, desk, job, undisturbed)


@pytest.mark.chaos
@pytest.mark.chaos_more
@pytest.mark.timeout(600)
@pytest.mark.promise("O-01")
@pytest.mark.parametrize("method", list(OF_METHODS))
async def test_so_does_a_job_of_every_other_method(stack: Stack, start_optimizer: Any, method: str) -> None:
    prompt, asked, steps = OF_METHODS[method]
    desk = await make_desk(await stack.caller(), prompt=prompt, items=tickets(train=12, validation=VALIDATION.get(method, 6), test=10))
    await set_workspace(desk.caller, examples_in_prompts=True)
    job_id = await start(desk, **({"budget": {"evaluations": 400}} | asked))
    await die_at_each(stack, steps)
    await start_optimizer(replica="crashing", lease_s=60)
    job = await desk.until(f"/v1/optimizations/{job_id}", timeout_s=240)
    undisturbed = await desk.until(f"/v1/optimizations/{await start(desk, **({'budget': {'evaluations': 400}} | asked))}", timeout_s=240)
    assert job["status"] == "completed" and (job["test"] is not None) == ("optimizer.before_test" in steps), job
    await assert_bought_once_and_ended_the_same(stack, desk, job, undisturbed)
    numbers = "SELECT number, members FROM generations WHERE line_id = $1::text::uuid ORDER BY number"
    written, wanted = await books(stack, numbers, job_id), await books(stack, numbers, undisturbed["id"])
    assert [row["number"] for row in written] == list(range(len(written))) and len(written) == len(wanted)
    assert bool(written) == (method in ("evolutionary", "reflective"))


@pytest.mark.chaos
@pytest.mark.chaos_more
@pytest.mark.timeout(600)
@pytest.mark.capability("O2")
@pytest.mark.promise("O-01")
@pytest.mark.parametrize("method", ["semantic", "learned"])
async def test_so_does_a_job_that_learns_from_what_was_said_or_scored(stack: Stack, desk: Desk, start_optimizer: Any, method: str) -> None:
    """What it learned from is read again as it was when it began. A learned search leaves scores behind, so its repeat knows more;
    one that hears comments is compared with a job that nobody disturbed.
    """
    pairs = [(one, other) for one in CUES["billing"] for other in CUES["billing"] if one < other]
    await said(
        stack,
        desk,
        [(f"my {one} question about {other} went elsewhere, it belongs to billing", f"u{n}") for n, (one, other) in enumerate(pairs)],
    )
    undisturbed = None
    if method == "semantic":
        optimizer = await start_optimizer(replica="before")
        undisturbed = await desk.until(f"/v1/optimizations/{await start(desk, method=method)}", timeout_s=240)
        await optimizer.end()
    job_id = await start(desk, method=method)
    await die_at_each(stack, (*LATER, *STEPS))
    await said(stack, desk, [(f"the hardware team should have had this {word}", f"w{n}") for n, word in enumerate(CUES["hardware"] * 8)])
    await start_optimizer(replica="crashing", lease_s=60)
    job = await desk.until(f"/v1/optimizations/{job_id}", timeout_s=240)
    assert job["outcome"] == "improved", job
    await assert_bought_once(stack, desk, job)
    if undisturbed is not None:
        await assert_bought_once_and_ended_the_same(stack, desk, job, undisturbed, look=2)
        assert job["report"]["comments"] == len(pairs), "what was said since it began is not for this job"


@pytest.mark.capability("O1")
@pytest.mark.promise("O-01")
@pytest.mark.parametrize(("step", "reason"), [("optimizer.before_finish", "proven_on_test"), ("optimizer.before_test", "out_of_time")])
async def test_a_job_whose_time_ran_out_while_it_was_dead_asks_nothing_new_and_keeps_what_it_has_proven(
    stack: Stack, desk: Desk, start_optimizer: Any, step: str, reason: str
) -> None:
    """What was measured on test is proven whenever it is read; what was not measured by then is not measured any more."""
    asked = {"method": "manual", "manual": {"candidates": [STRONG]}, "budget": {"evaluations": 800, "seconds": 3_600}}
    job_id = await start(desk, **asked)
    await die_at_each(stack, [step])
    bought = "SELECT count(*) AS n FROM executions WHERE job_id = $1::text::uuid"
    before = (await books(stack, bought, job_id))[0]["n"]
    await books(stack, "UPDATE optimization_jobs SET started_at = started_at - interval '2 hours' WHERE job_id = $1::text::uuid", job_id)
    await die_at_each(stack, ["optimizer.before_finish"])  # What it wanted to ask is not taken for asked by who comes after it.
    await start_optimizer(replica="crashing", lease_s=60)
    job = await desk.until(f"/v1/optimizations/{job_id}")
    assert (job["outcome"], job["finish_reason"]) == ("improved" if reason == "proven_on_test" else "no_improvement", reason), job["error"]
    assert (await books(stack, bought, job_id))[0]["n"] == before > 0
    await assert_bought_once(stack, desk, job)


@pytest.mark.promise("O-01")
async def test_a_job_that_dies_in_the_middle_of_a_chain_goes_on_with_the_steps_that_it_has(stack: Stack, start_optimizer: Any) -> None:
    desk = await make_chained_desk(await stack.caller())

    async def begun() -> str:
        made = await desk.caller("POST", "/v1/optimizations", asked_of(desk))
        assert made.status == 202, made.body
        return str(made.body["id"])

    job_id = await begun()
    await die_at_each(stack, ("optimizer.before_settle:exit=2", *STEPS[1:]))
    await start_optimizer(replica="crashing", lease_s=60)
    job = await desk.until(f"/v1/optimizations/{job_id}")
    undisturbed = await desk.until(f"/v1/optimizations/{await begun()}")
    assert job["outcome"] == "improved"
    await assert_bought_once_and_ended_the_same(stack, desk, job, undisturbed)
