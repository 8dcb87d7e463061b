"""Whoever dies in the middle of a chain: a step that was finished is not paid twice, and the run has one end (PRODUCT P8)."""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from burnish_shared.failpoints import KILLED
from tests.embedded.ports import own_port
from tests.embedded.stack import KEK, Caller, Stack
from tests.fakes.keyed_provider import serving_by_key
from tests.integration.chains.chains import REPLY, assert_paid_once, begun, call, fault, make_chain, make_prompt, start, until
from tests.integration.chains.conftest import QUICK
from tests.integration.execution.test_executions import books

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.chaos_more,
    pytest.mark.timeout(300),
    pytest.mark.capability("P8"),
    pytest.mark.promise("E-01"),
]

EXECUTIONS = "SELECT execution_id, status FROM executions WHERE workspace_id = $1 ORDER BY execution_id"


async def serve(stack: Stack, service: str, **settings: Any) -> asyncio.subprocess.Process:
    """A service as a process of its own."""
    given = {name.upper(): str(value) for name, value in settings.items()}
    environment = os.environ | {
        "DATABASE_URL": stack.urls[service], "NATS_URL": stack.nats.url(service), "BURNISH_KEK": KEK, "BURNISH_LOG_LEVEL": "error",
        "BURNISH_EGRESS_ALLOW": "127.0.0.0/8", "BURNISH_SWEEP_INTERVAL_S": "0.5", "BURNISH_SWEEP_GRACE_S": "1",
    }  # fmt: skip
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "burnish.serve", service, env=environment | {f"BURNISH_{name}": value for name, value in given.items()}
    )


async def ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def test_an_executor_that_is_killed_in_the_middle_costs_no_finished_step_twice(bare: Stack) -> None:
    caller = await bare.caller()
    await make_prompt(caller, "reply")
    await make_prompt(caller, "slow", model="simulated/reader")
    await make_chain(
        caller, "long", call("a"), call("b", "slow", topic="steps.a.output", retries=2), call("c", topic="steps.b.output")
    )  # fmt: skip
    first = await serve(bare, "executor", replica="first")
    second = None
    try:
        async with fault(bare, "slow,s=30,first=1,key=chain-crash"):
            run_id = await start(caller, "long", deadline_s=60)
            await begun(caller, run_id, "b")
            await _model_was_asked(bare, caller)
            second = await serve(bare, "executor", replica="second")
            first.kill()
            run = await until(caller, run_id)
    finally:
        for one in (first, second):
            if one is not None:
                await ended(one)
    assert (run["status"], [one["status"] for one in run["steps"]]) == ("success", ["success"] * 3)
    attempts = {one["id"]: one["attempts"] for one in run["steps"]}
    assert attempts["a"] == attempts["c"] == 1 and attempts["b"] <= 2
    rows = await books(bare, EXECUTIONS, caller.workspace.workspace_id)
    assert len(rows) == sum(attempts.values()), "every attempt is one row, and nothing was asked beside them"
    assert await until(caller, run_id) == run, "it ended once, and stays as it ended"
    await assert_paid_once(bare, caller, run_id)


async def test_a_gateway_that_dies_in_the_middle_leaves_the_run_to_another(stack: Stack) -> None:
    await asyncio.gather(*(_dies_at(stack, point) for point in ("gateway.admitted", "chain.step_ended")))


async def _dies_at(stack: Stack, point: str) -> None:
    """An execution that was admitted and given to nobody, and one that is in the books while its step does not know."""
    caller = await stack.caller()
    await make_prompt(caller, "reply")
    await make_chain(caller, "two", call("a"), call("b", topic="steps.a.output"))
    port = own_port()
    dying = await serve(stack, "gateway", replica=f"dying-{port}", port=port, fp=f"{point}:exit", chain_lease_s=2)
    try:
        run_id = await _begun_at(caller, f"http://127.0.0.1:{port}")
        assert await asyncio.wait_for(dying.wait(), 60) == KILLED
        run = await until(caller, run_id)
    finally:
        await ended(dying)
    assert (run["status"], [(one["status"], one["attempts"]) for one in run["steps"]]) == ("success", [("success", 1)] * 2), point
    rows = await books(stack, EXECUTIONS, caller.workspace.workspace_id)
    assert [row["status"] for row in rows] == ["success"] * 2, point
    assert {str(row["execution_id"]) for row in rows} == {one["execution_id"] for one in run["steps"]}
    await assert_paid_once(stack, caller, run_id)


async def taken_over(stack: Stack, caller: Caller, *, max_tokens: int, is_suspended: bool = False) -> dict[str, Any]:
    """The run of a chain whose gateway died as soon as it had held for 10 tokens, and whose prompt may answer with so many since.

    `is_suspended`: since then nothing more of the workspace is let in.
    """
    async with serving_by_key() as provider:
        facts = {
            "model": "own/more", "provider": "lab", "upstream_model": "m", "base_url": provider.base_url, "context_tokens": 100_000,
            "output_tokens": 4_000, "input_price_nusd_per_million": 1_000_000, "output_price_nusd_per_million": 2_000_000,
        }  # fmt: skip
        assert (await caller("POST", "/v1/models", facts)).status == 201
        await make_prompt(caller, "reply", model="own/more", max_tokens=10)
        await make_chain(caller, "two", call("a"))
        port = own_port()
        dying = await serve(stack, "gateway", replica=f"dying-{port}", port=port, fp="gateway.admitted:exit", chain_lease_s=2)
        try:
            run_id = await _begun_at(caller, f"http://127.0.0.1:{port}")
            assert await asyncio.wait_for(dying.wait(), 60) == KILLED
            saved = await caller(
                "POST", "/v1/prompts/reply/versions",
                {"base_version": 1, "messages": REPLY, "model": "own/more", "max_tokens": max_tokens},
            )  # fmt: skip
            assert saved.status == 201, saved.body
            assert (await caller("PUT", "/v1/prompts/reply/labels/production", {"version": 2})).status == 200
            if is_suspended:
                await books(stack, "SELECT suspend_workspace($1, true)", caller.workspace.workspace_id)
                await books(stack, "SELECT note_change($1, 'workspace', '*')", caller.workspace.workspace_id)
            return dict(await until(caller, run_id))
        finally:
            await ended(dying)


@pytest.mark.promise("C-03")
async def test_whoever_takes_a_step_over_tells_the_cost_that_is_charged(stack: Stack) -> None:
    """The prompt changed between the two: what was held for the first one's request is not what the second one's may cost."""
    caller = await stack.caller()
    run = await taken_over(stack, caller, max_tokens=3_000)
    assert [(one["status"], one["version"]) for one in run["steps"]] == [("success", 2)]
    told = (await caller("GET", f"/v1/executions/{run['steps'][0]['execution_id']}")).body
    rows = await books(stack, "SELECT kind, amount_nusd FROM transfers WHERE workspace_id = $1", caller.workspace.workspace_id)
    booked = {row["kind"]: row["amount_nusd"] for row in rows if row["kind"] in ("charge", "overage")}
    assert booked == {"charge": 1200} and (told["cost_nusd"], told["overage_nusd"]) == (1200, 0)
    await assert_paid_once(stack, caller, run["id"])


@pytest.mark.promise("C-03")
async def test_what_cannot_be_held_for_a_step_that_is_taken_over_leaves_nothing_held(stack: Stack) -> None:
    """Its money was kept until the deadline, and the sweeper ended it."""
    caller = await stack.caller(credit_nusd=3_000)
    run = await taken_over(stack, caller, max_tokens=3_000)
    [step] = run["steps"]
    assert (step["status"], step["error"]["code"]) == ("error", "out_of_credit"), step
    assert await books(stack, "SELECT * FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id) == []
    [row] = await books(stack, "SELECT status, cost_nusd, error FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert (row["status"], row["cost_nusd"]) == ("error", 0) and "expired" not in row["error"], row


@pytest.mark.promise("C-10")
@pytest.mark.parametrize(("max_tokens", "status", "code"), [(9, "success", None), (3_000, "error", "suspended")])
async def test_a_step_of_a_workspace_suspended_meanwhile_ends_as_it_was_let_in_and_holds_nothing(
    stack: Stack, max_tokens: int, status: str, code: str | None
) -> None:
    """Nothing more is let in; what is under way ends, and where that would cost more, it ends at once."""
    caller = await stack.caller()
    run = await taken_over(stack, caller, max_tokens=max_tokens, is_suspended=True)
    [step] = run["steps"]
    assert (step["status"], (step["error"] or {}).get("code")) == (status, code), step
    assert await books(stack, "SELECT * FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id) == []
    [row] = await books(stack, "SELECT status, error FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)
    assert row["status"] == status and "expired" not in (row["error"] or ""), row


async def test_a_gateway_that_stops_leaves_the_answer_to_the_executor_and_the_run_to_another(stack: Stack) -> None:
    caller = await stack.caller()
    await make_prompt(caller, "slow", model="simulated/reader")
    await make_chain(caller, "handed", call("a", "slow"), call("b", "slow", topic="steps.a.output"))
    stopping = replace(stack, exit=AsyncExitStack(), gateways=[])
    url = await stopping.start_gateway(**QUICK | {"replica": "stopping", "chain_lease_s": 2})
    async with fault(stack, "slow,s=5,first=1,key=handed-over"):
        run_id = await start(caller.at(url), "handed")
        await begun(caller, run_id, "a")
        await asyncio.sleep(0.5)
        before = await _asked(stack)
        await stopping.exit.aclose()
        run = await until(caller, run_id)
    assert (run["status"], [(one["status"], one["attempts"]) for one in run["steps"]]) == ("success", [("success", 1)] * 2)
    assert await _asked(stack) == before + 1, "only the second step asked the model after that"
    await assert_paid_once(stack, caller, run_id)


async def _asked(stack: Stack) -> int:
    """How often `simulated/reader` was asked."""
    async with stack.session.get(f"{stack.simulator}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return int(sum(float(one.rsplit(" ", 1)[1]) for one in lines if one.startswith("burnish_simulator_requests") and "reader" in one))


async def _model_was_asked(stack: Stack, caller: Caller) -> None:
    """Until the simulator has the slow call in hand."""
    async with asyncio.timeout(60):
        while True:
            async with stack.session.get(f"{stack.simulator}/metrics") as answer:
                if 'burnish_simulator_faults_total{fault="slow"}' in await answer.text():
                    return
            await asyncio.sleep(0.05)


async def _begun_at(caller: Caller, url: str) -> str:
    """A run that a gateway began which may die before it answers."""
    async with asyncio.timeout(90):
        while True:
            try:
                return await start(caller.at(url), "two")
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.1)  # it is not up yet
            except aiohttp.ClientError:
                runs = (await caller("GET", "/v1/chain-runs")).body["data"]
                if runs:
                    return str(runs[0]["id"])
                await asyncio.sleep(0.1)
