"""The parts of a service process: health over HTTP, stopping, failing."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys

import pytest

from burnish.launcher import fleet
from burnish_gateway import http_server
from burnish_gateway.settings import GatewaySettings
from burnish_shared import process
from burnish_shared.bus import batch
from burnish_shared.errors import Unavailable
from burnish_shared.process import HealthServer, supervise
from tests.embedded.databases import DatabaseUrls
from tests.embedded.ports import own_port
from tests.embedded.secrets import KEK


async def get(port: int, path: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = (await asyncio.wait_for(reader.read(), 15)).decode()
    writer.close()
    return int(answer.split(" ")[1]), answer.partition("\r\n\r\n")[2]


async def test_health_readiness_and_metrics_are_told_apart() -> None:
    reasons: list[str | None] = [None]

    async def readiness() -> str | None:
        return reasons[0]

    server = HealthServer(0, readiness)
    await server.start()
    try:
        assert await get(server.port, "/healthz") == (200, "ok\n")
        assert await get(server.port, "/readyz?x=1") == (200, "ready\n")
        reasons[0] = "NATS is away"
        assert await get(server.port, "/readyz") == (503, "NATS is away\n")
        assert (await get(server.port, "/healthz"))[0] == 200
        status, text = await get(server.port, "/metrics")
        assert status == 200 and "process_max_fds" in text
        assert (await get(server.port, "/else"))[0] == 404
    finally:
        await server.close()


async def until(event: asyncio.Event) -> None:
    await event.wait()


async def test_a_failing_part_ends_the_others_and_its_error_is_told() -> None:
    async def fail() -> None:
        raise RuntimeError("broken")

    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(supervise(fail(), until(asyncio.Event()), stop=asyncio.Event()), 15)
    assert "broken" in str(raised.value.exceptions)


async def test_stopping_waits_for_the_parts_to_finish() -> None:
    stop, finished = asyncio.Event(), []

    async def part() -> None:
        await stop.wait()
        await asyncio.sleep(0)
        finished.append(True)

    asyncio.get_running_loop().call_soon(stop.set)
    await asyncio.wait_for(supervise(part(), part(), stop=stop), 15)
    assert finished == [True, True]


@pytest.mark.promise("M-01")
async def test_the_last_part_goes_on_until_the_others_have_ended_and_is_told_then() -> None:
    stop, order, let_go = asyncio.Event(), list[str](), asyncio.Event()

    async def consuming() -> None:
        await stop.wait()
        await let_go.wait()
        order.append("recorded")

    async def relaying(recorded: asyncio.Event) -> None:
        order.append("began")
        await recorded.wait()
        order.append("told")

    running = asyncio.create_task(supervise(consuming(), stop=stop, last=relaying))
    await asyncio.sleep(0.01)
    stop.set()
    await asyncio.sleep(0.01)
    let_go.set()
    await asyncio.wait_for(running, 15)
    assert order == ["began", "recorded", "told"]


@pytest.mark.promise("G-18")
async def test_a_last_part_that_takes_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LAST_TURN_S", 0.01)
    ends: list[str] = []

    async def relaying(_: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("cut off")

    stop = asyncio.Event()
    running = asyncio.create_task(supervise(until(stop), stop=stop, last=relaying))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(running, 15)
    assert ends == ["cut off"]


@pytest.mark.promise("G-18")
async def test_a_last_part_that_fails_ends_the_others_and_its_error_is_told() -> None:
    async def relaying(_: asyncio.Event) -> None:
        raise RuntimeError("broken")

    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(supervise(until(asyncio.Event()), stop=asyncio.Event(), last=relaying), 15)
    assert "broken" in str(raised.value.exceptions)


@pytest.mark.promise("G-18")
def test_what_is_begun_has_its_30_s_and_time_to_be_given_back_before_the_last_turn() -> None:
    """Cut off as its own 30 s end, a consumer would not put back what it holds, which then waits for the bus to miss it."""
    assert process.STOP_GRACE_S - process.LAST_TURN_S >= batch.DRAIN_S + 2
    of_gateway = sum(GatewaySettings.model_fields[name].default for name in ("leave_s", "drain_s")) + http_server.TELL_S
    assert max(process.STOP_GRACE_S, of_gateway + process.LAST_TURN_S) + 2 <= fleet.DRAIN_S, "a launcher would kill it"


async def forgetful(ends: list[str]) -> None:
    """Forgets the first cancellation, as a loop around `asyncio.wait_for` may."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    try:
        await asyncio.Event().wait()
    finally:
        ends.append("ended")


async def fail_soon() -> None:
    await asyncio.sleep(0)
    raise RuntimeError("broken")


@pytest.mark.promise("G-18")
async def test_a_part_that_forgets_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "CANCEL_AGAIN_S", 0.01)
    monkeypatch.setattr(process, "STOP_GRACE_S", 0.01)
    ends: list[str] = []
    running = asyncio.create_task(supervise(forgetful(ends)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running}, timeout=5)
    assert running.cancelled() and ends == ["ended"]
    for given in ({}, {"stop": asyncio.Event()}):
        with pytest.raises(ExceptionGroup):
            async with asyncio.timeout(5):
                await supervise(forgetful(ends), fail_soon(), **given)
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(5):
        await supervise(forgetful(ends), stop=stop)
    assert ends == ["ended"] * 4


@pytest.mark.promise("G-18")
@pytest.mark.parametrize("given", [{}, {"stop": asyncio.Event()}])
async def test_what_a_part_gives_back_at_its_end_is_given_back_where_another_fails(given: dict[str, asyncio.Event]) -> None:
    ends: list[str] = []

    async def careful() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            ends.append("given back")

    with pytest.raises(ExceptionGroup):
        async with asyncio.timeout(10):
            await supervise(careful(), fail_soon(), **given)
    assert ends == ["given back"]


PROGRAM = """
import asyncio, sys
from burnish_shared.process import run_service
async def main(stop):
    print("up", flush=True)
    {body}
run_service(main, service="test")
"""


@pytest.mark.promise("G-18")
def test_a_service_stops_cleanly_on_sigterm_and_exits_with_1_when_it_fails() -> None:
    waiting, failing = (
        subprocess.Popen([sys.executable, "-c", PROGRAM.format(body=body)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for body in ("await stop.wait()", "raise RuntimeError('sk-abcdefghijkl')")
    )
    assert waiting.stdout and waiting.stdout.readline() == "up\n"
    waiting.send_signal(signal.SIGTERM)
    _, errors = waiting.communicate(timeout=10)
    assert waiting.returncode == 0 and "service_stopped" in errors
    _, errors = failing.communicate(timeout=10)
    assert failing.returncode == 1 and errors.count("service_failed") == 1 and "sk-abc" not in errors


@pytest.mark.capability("I1")
def test_a_service_whose_settings_are_wrong_says_which_and_is_told_from_a_crash() -> None:
    body = "from burnish_shared.settings import SharedSettings, from_environment; from_environment(SharedSettings)"
    surroundings = os.environ | {"BURNISH_LOG_LEVEL": "loud", "DATABASE_URL": "postgresql://unused", "NATS_URL": "nats://unused"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body)], env=surroundings, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 78 and "BURNISH_LOG_LEVEL: " in done.stderr and "Traceback" not in done.stderr, done.stderr


@pytest.mark.promise("G-18")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_is_stopped_before_it_has_begun_ends_well(number: signal.Signals) -> None:
    told = f"import os; from burnish import serve; serve.import_module = lambda _: os.kill(os.getpid(), {number:d}); serve.serve('gateway')"
    ended = subprocess.run([sys.executable, "-P", "-c", told], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.promise("G-18")
def test_whoever_stops_a_service_once_more_as_it_ends_ends_it_no_worse() -> None:
    told = """
import os, signal
from burnish_shared.process import run_service

async def main(stop):
    os.kill(os.getpid(), signal.SIGTERM)
    await stop.wait()

class Late:
    def __del__(self, kill=os.kill, own=os.getpid(), number=int(signal.SIGTERM)):
        kill(own, number)

late = Late()  # ends with its module, when the interpreter has given back the handlers that it had
run_service(main, service="gateway")
"""
    ended = subprocess.run([sys.executable, "-P", "-c", told], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.promise("G-18")
@pytest.mark.parametrize(
    ("service", "waits"), [("gateway", "waits_for_server"), ("webhooks", "waits_for_server"), ("optimizer", "bus_error")]
)
async def test_a_service_that_still_waits_for_a_server_ends_at_once_when_it_is_told_to(
    service: str, waits: str, database_urls: DatabaseUrls
) -> None:
    """It waited on until it was killed: by Kubernetes after the grace of a pod, by systemd after 90 s. One waits for NATS."""
    program = (
        f"from burnish_shared.process import run_service; from burnish_{service}.app import main; run_service(main, service='{service}')"
    )
    surroundings = os.environ | {
        "DATABASE_URL": database_urls["optimizer"] if waits == "bus_error" else "postgresql://nobody:none@127.0.0.1:9/none",
        "NATS_URL": "nats://nobody:none@127.0.0.1:9",
        "BURNISH_KEK": KEK,
        "BURNISH_METRICS_PORT": "0",
    }
    with subprocess.Popen([sys.executable, "-P", "-c", program], env=surroundings, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = process.stderr
            assert await asyncio.wait_for(asyncio.to_thread(lambda: any(waits in line for line in said)), 60), "it ended by itself"
            process.send_signal(signal.SIGTERM)
            _, errors = await asyncio.to_thread(process.communicate, timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0 and "service_stopped" in errors and "service_failed" not in errors


@pytest.mark.promise("G-18")
@pytest.mark.parametrize("service", ["gateway", "executor", "optimizer", "analytics", "webhooks", "provisioner"])
async def test_a_service_that_waits_for_nats_says_so(service: str, database_urls: DatabaseUrls) -> None:
    """The gateway said "starting or stopping", the others only that they start, or what they had waited for before."""
    port = own_port()
    surroundings = os.environ | {
        "DATABASE_URL": database_urls.get(service, database_urls["optimizer"]), "NATS_URL": "nats://nobody:hidden@127.0.0.1:9",
        "BURNISH_KEK": KEK, "BURNISH_METRICS_PORT": str(port), "BURNISH_PORT": "0",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-m", "burnish.serve", service, env=surroundings)
    try:
        told: list[tuple[int, str]] = []
        async with asyncio.timeout(60):
            while not told or told[-1] != (503, "it waits for NATS\n"):
                assert process.returncode is None, "it ended by itself"
                with contextlib.suppress(OSError):
                    told.append(await get(port, "/readyz"))
                await asyncio.sleep(0.05)
        assert {status for status, _ in told} == {503}
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()


async def test_what_was_waited_for_is_not_told_of_what_comes_after() -> None:
    health = HealthServer(0)
    reasons = ["The database cannot be reached."]
    said = [health.waits_for]

    async def work() -> None:
        said.append(health.waits_for)
        if reasons:
            raise Unavailable(reasons.pop())

    await asyncio.wait_for(process.at_start(work, health=health), 15)
    said.append(health.waits_for)
    await asyncio.wait_for(process.at_start(work, health=health, server="NATS"), 15)
    assert said == ["it is starting", "it waits for PostgreSQL", "The database cannot be reached.", "it is starting", "it waits for NATS"]


async def test_a_wait_that_fails_is_over() -> None:
    """It went on saying that it waits for a server, whatever came next."""
    health = HealthServer(0)
    with pytest.raises(Unavailable), health.waiting("NATS"):
        assert health.waits_for == "it waits for NATS"
        raise Unavailable("away")
    assert health.waits_for == HealthServer(0).waits_for
