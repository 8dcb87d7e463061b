"""Executions while executors die or stand still, and while NATS or PostgreSQL is away."""

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import pytest_asyncio

from burnish_gateway.execution import submit
from burnish_shared import failpoints
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from tests.chaos.fault_proxy import FaultProxy, proxying
from tests.embedded.stack import KEK, Caller, Stack, running_stack
from tests.integration.bus_parts import OwnNats, own_nats, until
from tests.integration.execution.test_executions import HELLO, assert_settled, books, fault, finished, rows_of
from tests.pace import within

STREAM = HELLO | {"stream": True}
SLOW = "slow_chunks,rate=5"
"""An answer takes five seconds: what a test does in the middle of it is in the middle on whatever machine."""

SILENCE_S = 2.5
"""An executor in a process of its own may get no core for two seconds, and is not dead."""

GIVE_UP_S = 8.0
"""More than the default: within it a test starts the executor that takes over, on whatever machine."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def nats(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnNats]:
    """A server that may be killed, and delivers again after a second."""
    async with own_nats(tmp_path_factory.mktemp("nats")) as server:
        await server.provision(ack_wait_s=1.0)
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database_proxy(module_database_urls: Mapping[str, str]) -> AsyncIterator[FaultProxy]:
    """Between the gateway and PostgreSQL."""
    async with proxying("127.0.0.1", urlsplit(module_database_urls["superuser"]).port or 0) as proxy:
        yield proxy


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, database_proxy: FaultProxy, nats: OwnNats) -> AsyncIterator[Stack]:
    """A gateway, the simulator, and no executor: each test starts those that it hurts."""
    urls = dict(module_database_urls) | {"gateway": through(database_proxy, module_database_urls["gateway"])}
    gateway = {"executor_silence_s": SILENCE_S, "dispatch_give_up_s": GIVE_UP_S}
    async with running_stack(urls, nats, executors=0, gateway=gateway, patient=False) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    return await stack.caller()


def through(proxy: FaultProxy, url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}"))


@asynccontextmanager
async def executor(stack: Stack, *, points: str = "", name: str = "a") -> AsyncIterator[Process]:
    """An executor in a process of its own, which is killed at the end."""
    environment = {
        **os.environ,
        "DATABASE_URL": stack.urls["executor"],
        "NATS_URL": stack.nats.url("executor"),
        "BURNISH_KEK": KEK,
        "BURNISH_REPLICA": name,
        "BURNISH_FP": points,
        "BURNISH_BACKGROUND_RUNNING": "1",
        "BURNISH_SWEEP_INTERVAL_S": "0.2",
        "BURNISH_SWEEP_GRACE_S": "1",
        "BURNISH_EGRESS_ALLOW": "127.0.0.0/8",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "burnish.serve",
        "executor",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        await until_ready(process)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def until_ready(process: Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b"executor.ready" not in (line := await process.stdout.readline()):
            assert line, f"the executor ended with {await process.wait()}"
    process.paused = asyncio.Event()  # type: ignore[attr-defined]
    process.drain = asyncio.create_task(read_on(process))  # type: ignore[attr-defined]


async def read_on(process: Process) -> None:
    """Until it ends. `process.paused` is set once it stands at a failpoint."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if b"failpoint_hit" in line:
            process.paused.set()  # type: ignore[attr-defined]


@asynccontextmanager
async def other_executor(stack: Stack) -> AsyncIterator[None]:
    """A healthy executor in this process."""
    stop = await stack.start_executor()
    try:
        yield
    finally:
        stop.set()


async def held(stack: Stack, caller: Caller) -> int:
    return len(await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id))


async def calls(stack: Stack) -> int:
    """How many calls the simulator ever had."""
    async with stack.session.get(f"{stack.simulator}/counters") as response:
        return int((await response.json())["total"])


@pytest.mark.promise("G-12", "E-01")
async def test_an_executor_killed_in_mid_stream_leaves_one_error_and_a_charge_for_what_was_delivered(stack: Stack, caller: Caller) -> None:
    async with fault(stack, SLOW), executor(stack) as first:
        seen: list[str] = []
        ends: list[tuple[str, Any]] = []
        async for name, data in caller.stream("/v1/executions", STREAM):
            if name == "delta":
                seen.append(data["text"])
                if len(seen) == 4:
                    await stack.start_executor()
                    first.kill()
            else:
                ends.append((name, data))
    assert [name for name, _ in ends] == ["error"] and ends[0][1]["error"]["code"] == "interrupted"
    rows = await rows_of(stack, caller)
    assert [(row["status"], row["usage_source"]) for row in rows] == [("error", "estimated")]
    output = await books(stack, "SELECT output FROM execution_contents WHERE execution_id = $1", rows[0]["execution_id"])
    assert output[0]["output"] == "".join(seen)
    assert 0 < rows[0]["output_tokens"] < 20 and rows[0]["cost_nusd"] > 0
    await assert_settled(stack, caller)
    stack.executors[-1].set()


@pytest.mark.promise("E-01")
@pytest.mark.parametrize("wait_s", [0.0, GIVE_UP_S + 0.3])
async def test_an_executor_that_dies_before_the_model_was_asked_hands_over_and_the_caller_is_answered(
    stack: Stack, caller: Caller, wait_s: float
) -> None:
    """Also when it dies long after it had taken the call: how long another one is looked for begins with its silence."""
    asked = await calls(stack)
    points = "executor.accepted:exit" if not wait_s else f"executor.accepted:sleep={int(wait_s * 10_000)}"
    async with executor(stack, points=points) as first:
        call = asyncio.create_task(caller("POST", "/v1/executions", HELLO))
        if wait_s:
            await asyncio.sleep(wait_s)
            first.kill()
        await first.wait()
        async with other_executor(stack):
            answer = await call
    assert (answer.status, answer.body["status"]) == (200, "success"), answer.body
    rows = await rows_of(stack, caller)
    assert len(rows) == 1 and rows[0]["fence"] > 1
    assert await calls(stack) == asked + 1
    await assert_settled(stack, caller)


@pytest.mark.promise("E-01", "C-04")
@pytest.mark.parametrize("point", ["executor.after_provider", "executor.after_record"])
async def test_an_executor_that_dies_around_the_booking_leaves_one_row_and_the_caller_hears_what_it_says(
    stack: Stack, caller: Caller, point: str
) -> None:
    async with executor(stack, points=f"{point}:exit") as first:
        call = asyncio.create_task(caller("POST", "/v1/executions", HELLO))
        await first.wait()
        async with other_executor(stack):
            answer = await call
    rows = await rows_of(stack, caller)
    assert len(rows) == 1
    if point == "executor.after_record":
        assert answer.status == 200 and answer.body["cost_nusd"] == rows[0]["cost_nusd"]
    else:
        assert answer.body["error"]["code"] == "interrupted" == json.loads(rows[0]["error"])["code"]
        assert answer.body["error"]["details"]["cost_nusd"] == rows[0]["cost_nusd"] > 0
    await assert_settled(stack, caller)


@pytest.mark.promise("E-03", "G-12")
async def test_an_executor_that_stood_still_books_nothing_when_it_wakes_up(stack: Stack, caller: Caller) -> None:
    """It has the answer of the model, and waits to book it for long enough to be stopped meanwhile on whatever machine."""
    async with executor(stack, points="executor.after_provider:sleep=8000") as first:
        call = asyncio.create_task(caller("POST", "/v1/executions", HELLO))
        async with asyncio.timeout(60):
            await first.paused.wait()  # type: ignore[attr-defined]
        first.send_signal(signal.SIGSTOP)
        async with other_executor(stack):
            answer = await call
            first.send_signal(signal.SIGCONT)
            first.terminate()  # It ends once what runs there has been tried to book.
            assert await first.wait() == 0
    rows = await rows_of(stack, caller)
    assert len(rows) == 1 and rows[0]["fence"] > 1
    assert answer.body["error"]["details"]["cost_nusd"] == rows[0]["cost_nusd"]
    await assert_settled(stack, caller)


@pytest.mark.promise("G-12")
async def test_a_gateway_that_stood_still_does_not_take_its_executor_for_dead(stack: Stack, caller: Caller) -> None:
    async with fault(stack, SLOW), executor(stack):
        ends, seen = [], 0
        async for name, _ in caller.stream("/v1/executions", STREAM):
            seen += name == "delta"
            if seen == 2:
                time.sleep(SILENCE_S + 0.5)  # As a long collection of garbage, or a machine without a core to spare: everything here stops.
            ends += [name] if name != "delta" else []
    assert ends == ["done"]
    assert [(row["status"], row["fence"]) for row in await rows_of(stack, caller)] == [("success", 1)]


async def is_held(stack: Stack, caller: Caller) -> bool:
    return await held(stack, caller) > 0


@pytest.mark.promise("E-01", "E-03")
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_a_background_execution_is_run_again_under_a_higher_fence_and_charged_once(stack: Stack, caller: Caller, number: int) -> None:
    async with executor(stack, points="executor.claimed:sleep=8000") as first:
        accepted = await caller("POST", "/v1/executions", HELLO | {"mode": "background"})
        await until(lambda: is_claimed(stack, caller))
        first.send_signal(number)
        async with other_executor(stack):
            read = await finished(caller, accepted.body["id"])
            if number == signal.SIGSTOP:
                first.send_signal(signal.SIGCONT)
                first.terminate()  # It ends once what runs there has been tried to book.
                assert await first.wait() == 0
    assert read["status"] == "success", read
    rows = await rows_of(stack, caller)
    assert len(rows) == 1 and rows[0]["fence"] >= 3
    await assert_settled(stack, caller)


@pytest.mark.promise("G-06")
async def test_nothing_is_held_where_the_end_of_a_model_cannot_be_read(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of models makes them be read anew, and the database may be away just then."""

    async def away(*_: Any) -> dict[str, str]:
        raise Unavailable("The database does not answer.", retry_after_s=1)

    with monkeypatch.context() as broken:
        broken.setattr(submit, "end_headers", away)
        refused = await caller("POST", "/v1/executions", HELLO)
    assert refused.status == 503
    assert await books(stack, "SELECT FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id) == []


async def is_claimed(stack: Stack, caller: Caller) -> bool:
    rows = await books(stack, "SELECT fence FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)
    return bool(rows) and rows[0]["fence"] > 1


@pytest.mark.promise("C-05", "C-09", "G-05")
async def test_what_nobody_finishes_is_ended_by_the_sweeper_and_its_key_says_so(stack: Stack, caller: Caller) -> None:
    """The gateway dies between admission and dispatch, so the hold stays and nobody knows of it."""
    headers, body = {"idempotency-key": "orphan"}, HELLO | {"deadline_s": 0.5}
    failpoints.configure("gateway.admitted:sleep=6000")
    try:
        call = asyncio.create_task(caller("POST", "/v1/executions", body, headers=headers))
        await until(lambda: is_held(stack, caller))
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
    finally:
        failpoints.configure("")
    async with other_executor(stack):
        await until(lambda: is_booked(stack, caller), within_s=60)
        repeat = await caller("POST", "/v1/executions", body, headers=headers)
    rows = await rows_of(stack, caller)
    assert [(row["status"], row["cost_nusd"]) for row in rows] == [("timeout", 0)]
    assert (repeat.status, repeat.headers["idempotent-replayed"]) == (504, "true")
    assert repeat.body["error"]["code"] == "expired"
    await assert_settled(stack, caller)


async def is_booked(stack: Stack, caller: Caller) -> bool:
    return bool(await rows_of(stack, caller))


@pytest.mark.promise("G-09")
async def test_without_nats_executions_hear_503_and_hold_nothing_and_feedback_is_kept(stack: Stack, caller: Caller, nats: OwnNats) -> None:
    await nats.kill()
    try:
        with within(GIVE_UP_S + 0.6):
            plain, streamed = await asyncio.gather(caller("POST", "/v1/executions", HELLO), caller.events("/v1/executions", STREAM))
        assert (plain.status, plain.body["error"]["retryable"]) == (503, True)
        assert [name for name, _ in streamed] == ["503"] and streamed[0][1]["error"]["retryable"] is True
        assert await held(stack, caller) == 0
        reaction = await caller("POST", "/v1/feedback", {"execution_id": str(new_uuid()), "thumb": "up"})
        assert reaction.status == 202, reaction.body
        assert (await caller("GET", "/healthz")).status == 200
        assert (await caller("GET", "/readyz")).status == 503
    finally:
        await nats.start()
    await until(lambda: is_ready(caller), within_s=60)
    await until(lambda: outbox_is_empty(stack), within_s=60)
    async with other_executor(stack):
        assert (await caller("POST", "/v1/executions", HELLO)).status == 200
    await assert_settled(stack, caller)


async def is_ready(caller: Caller) -> bool:
    return (await caller("GET", "/readyz")).status == 200


async def is_served(caller: Caller) -> bool:
    return (await caller("POST", "/v1/executions", HELLO)).status == 200


async def outbox_is_empty(stack: Stack) -> bool:
    return await books(stack, "SELECT 1 FROM outbox WHERE service = 'gateway' AND sent_at IS NULL") == []


@pytest.mark.promise("G-09", "M-11")
async def test_a_nats_that_stands_still_is_answered_503_in_time(stack: Stack, caller: Caller, nats: OwnNats) -> None:
    await until(lambda: is_ready(caller))
    await nats.freeze()
    try:
        with within(GIVE_UP_S + 0.6):
            answer = await caller("POST", "/v1/executions", HELLO)
        assert (answer.status, answer.body["error"]["retryable"]) == (503, True)
    finally:
        nats.thaw()
    assert await held(stack, caller) == 0


@pytest.mark.promise("G-12", "M-11")
async def test_a_nats_that_stands_still_for_a_moment_interrupts_no_stream(stack: Stack, caller: Caller, nats: OwnNats) -> None:
    await until(lambda: is_ready(caller), within_s=60)
    async with fault(stack, SLOW), executor(stack):
        ends, seen = [], 0
        async for name, _ in caller.stream("/v1/executions", STREAM):
            seen += name == "delta"
            if name == "delta" and seen == 2:
                await nats.freeze()
                asyncio.get_running_loop().call_later(SILENCE_S + 0.8, nats.thaw)
            ends += [name] if name != "delta" else []
    assert ends == ["done"]
    assert [(row["status"], row["fence"]) for row in await rows_of(stack, caller)] == [("success", 1)]


@pytest.mark.promise("G-10")
@pytest.mark.parametrize("how", ["refuse", "freeze"])
async def test_without_postgresql_every_call_hears_503_within_three_seconds(
    stack: Stack, caller: Caller, database_proxy: FaultProxy, how: str
) -> None:
    await until(lambda: is_ready(caller), within_s=60)
    async with other_executor(stack):
        assert (await caller("POST", "/v1/executions", HELLO)).status == 200
        if how == "freeze":
            database_proxy.freeze()
        else:
            database_proxy.refuse = True
            database_proxy.reset_all()
        try:
            with within(3.2):
                answers = await asyncio.gather(*(caller("POST", "/v1/executions", HELLO) for _ in range(20)))
        finally:
            database_proxy.heal()
        assert {(one.status, one.body["error"]["code"], one.body["error"]["retryable"]) for one in answers} == {(503, "unavailable", True)}
        await until(lambda: is_ready(caller), within_s=60)
        await until(lambda: is_served(caller), within_s=60)  # It may have heard of no changes for so long that it waits for them first.
