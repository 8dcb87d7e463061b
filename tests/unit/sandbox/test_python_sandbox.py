"""Other people's Python, in worker processes (PRODUCT O3, PROMISES section 6 and 4.6)."""

import asyncio
import gc
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from burnish_shared.sandbox import Failed, FailureKind, Limits, Refused, Sandbox, Value
from burnish_shared.sandbox.outcome import NESTING_MOST
from burnish_shared.sandbox.python_sandbox import PythonSandbox
from tests.unit.sandbox import conformance
from tests.unit.sandbox.hostile import DEFUSED, HOSTILE, SYNTAX_BOMBS

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O3"), pytest.mark.promise("O-09")]

TIGHT = Limits(time_s=0.1, memory_bytes=16 * 1024 * 1024)
"""So that a hundred attacks take seconds."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sandbox() -> AsyncIterator[PythonSandbox]:
    made = PythonSandbox(workers=2)
    yield made
    await made.close()


def _workers() -> list[int]:
    """Worker processes of ours."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        if name == "monty" and int(rest.split()[1]) == os.getpid():
            found.append(int(status.parent.name))
    return found


def _computed(pid: int) -> int:
    """What it has used of the processor so far, in hundredths of a second."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


async def test_the_last_expression_is_the_value(sandbox: PythonSandbox) -> None:
    code = "def near(a, b):\n    return abs(a - b) < 2\n{'score': 1 if near(inputs['n'], 4) else 0, 'all': [1, 2.5, None, True, 'é']}"
    assert await sandbox.run(code, {"inputs": {"n": 3}}) == Value({"score": 1, "all": [1, 2.5, None, True, "é"]})
    assert await sandbox.run("x = 1", {}) == Value(None)


@pytest.mark.parametrize("does", conformance.EVERY)
async def test_it_does_what_every_backend_does(does: Callable[[Sandbox], Awaitable[None]]) -> None:
    made = PythonSandbox(workers=2)
    await does(made)
    await made.close()


@conformance.each_limit
async def test_it_ends_at_the_limits_of_every_backend(sandbox: PythonSandbox, name: str) -> None:
    await conformance.ends_at_its_limits(sandbox, name)


async def test_inputs_are_copies_and_nothing_of_one_run_is_left_in_the_next(sandbox: PythonSandbox) -> None:
    data = {"xs": [1, 2]}
    assert await sandbox.run("data['xs'].append(3)\nleft = 1\nlen(data['xs'])", {"data": data}) == Value(3)
    assert data == {"xs": [1, 2]}
    for _ in range(4):  # whichever worker has it
        assert isinstance(await sandbox.run("left", {}), Failed)


async def test_the_same_code_with_the_same_inputs_says_the_same(sandbox: PythonSandbox) -> None:
    code = "import random, time, datetime\n[random.random(), time.time(), str(datetime.datetime.now()), time.perf_counter() >= 0]"
    first, second = await sandbox.run(code, {}), await sandbox.run(code, {})
    assert isinstance(first, Value) and first == second


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_means_harm_has_no_value_and_ends_in_bounds(sandbox: PythonSandbox, name: str) -> None:
    began = time.perf_counter()
    result = await sandbox.run(HOSTILE[name], {"inputs": {}}, limits=TIGHT)
    assert time.perf_counter() - began < 15
    if isinstance(result, Value):
        assert name in DEFUSED and len(str(result.value)) < 1000, result
    else:
        assert "/etc" not in result.message or "denied" in result.message
    assert await sandbox.run("1 + 1", {}) == Value(2)


@pytest.mark.parametrize("name", SYNTAX_BOMBS)
async def test_reading_code_is_bounded_too(sandbox: PythonSandbox, name: str) -> None:
    began = time.perf_counter()
    looked_at = await sandbox.check(SYNTAX_BOMBS[name])
    assert looked_at is None or looked_at.message
    assert isinstance(await sandbox.run(SYNTAX_BOMBS[name], {}), Value | Failed | Refused)
    assert time.perf_counter() - began < 15
    assert await sandbox.run("1 + 1", {}) == Value(2)


async def test_nothing_was_written_and_no_worker_has_an_environment(sandbox: PythonSandbox) -> None:
    await sandbox.run("1", {})
    assert not Path("/tmp/burnish-escape").exists()
    assert _workers()
    for pid in _workers():
        assert Path(f"/proc/{pid}/environ").read_bytes() == b""


async def test_limits_are_told_apart(sandbox: PythonSandbox) -> None:
    async def kind(code: str) -> FailureKind:
        result = await sandbox.run(code, {}, limits=TIGHT)
        assert isinstance(result, Failed)
        return result.kind

    assert await kind("while True: pass") is FailureKind.TIME
    assert await kind("'a' * 10 ** 9") is FailureKind.MEMORY
    assert await kind("def f(): return f()\nf()") is FailureKind.DEPTH
    assert await kind("float('nan')") is FailureKind.RESULT
    assert await kind("1 / 0") is FailureKind.ERROR


async def test_a_mistake_is_told_with_its_place(sandbox: PythonSandbox) -> None:
    assert await sandbox.check("x = 1\ny = 2\nx + y") is None
    unfinished = await sandbox.check("x = 1\nif x:\n    y =\n")
    assert unfinished is not None and (unfinished.line, unfinished.column) == (3, 8)
    unsupported = await sandbox.check("x = 1\nclass A(B): pass\n")
    assert unsupported is not None and unsupported.line == 2 and "inheritance" in unsupported.message
    failed = await sandbox.run("x = {}\nx['a']['b']", {})
    assert isinstance(failed, Failed) and failed.line == 2 and "KeyError" in failed.message
    assert await sandbox.check("while True: pass") is None, "only looked at, not run"


async def test_what_is_too_long_or_no_data_is_refused_before_it_runs(sandbox: PythonSandbox) -> None:
    assert await sandbox.run("1", {"x": "a" * 1_100_000}) == Refused("the inputs are longer than 1048576 bytes")
    assert await sandbox.run("1", {"x": float("nan")}) == Refused("the inputs are not plain finite data")
    assert isinstance(await sandbox.run("#" * 70_000, {}), Refused)
    deep = "x = 1\n" + "x = [x]\n" * (NESTING_MOST + 1) + "x"
    result = await sandbox.run(deep, {})
    assert isinstance(result, Failed) and result.kind is FailureKind.RESULT


async def test_a_killed_worker_is_replaced_and_its_run_fails_alone(sandbox: PythonSandbox) -> None:
    running = asyncio.create_task(sandbox.run("while True: pass", {}, limits=Limits(time_s=5)))
    while len(_workers()) == 0:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    for pid in _workers():
        os.kill(pid, 9)
    result = await running
    assert isinstance(result, Failed) and result.kind is FailureKind.CRASHED
    assert [await sandbox.run("1 + 1", {}) for _ in range(4)] == [Value(2)] * 4


async def test_one_tenant_cannot_take_every_worker(sandbox: PythonSandbox) -> None:
    hogs = [asyncio.create_task(sandbox.run("while True: pass", {}, limits=Limits(time_s=2), tenant="hog")) for _ in range(4)]
    await asyncio.sleep(0.1)
    answers = await asyncio.gather(*(sandbox.run("1 + 1", {}, tenant="neighbour") for _ in range(20)))
    assert answers == [Value(2)] * 20
    assert not any(one.done() for one in hogs), "a neighbour waited for the hog"
    assert all(isinstance(one, Failed) for one in await asyncio.gather(*hogs))


async def test_a_caller_that_goes_away_leaves_no_run_behind(sandbox: PythonSandbox) -> None:
    running = asyncio.create_task(sandbox.run("while True: pass", {}, limits=Limits(time_s=0.3)))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await asyncio.gather(*(sandbox.run("2", {}) for _ in range(4))) == [Value(2)] * 4


async def test_a_worker_that_stood_still_takes_no_value_away() -> None:
    """As it does where the whole machine stands still: the run is begun once more, with another worker."""
    made, code = PythonSandbox(workers=1), "n = 0\nwhile n < 2_000_000:\n    n += 1\nn"
    before = set(_workers())
    assert await made.run("1", {}) == Value(1)
    [worker] = set(_workers()) - before
    idle, running = _computed(worker), asyncio.create_task(made.run(code, {}, limits=Limits(time_s=4)))
    while _computed(worker) < idle + 3:
        await asyncio.sleep(0.001)
    os.kill(worker, signal.SIGSTOP)
    assert await running == Value(2_000_000) and worker not in _workers()
    await made.close()


async def test_many_inputs_come_back_in_order_and_fail_alone(sandbox: PythonSandbox) -> None:
    many = [{"n": n} for n in range(50)]
    results = await sandbox.run_many("10 / n", many)
    assert isinstance(results[0], Failed)
    assert results[1:] == [Value(10 / n) for n in range(1, 50)]


async def test_host_memory_stays_flat(sandbox: PythonSandbox) -> None:
    async def attack() -> None:
        big = Limits(time_s=0.2, memory_bytes=32 * 1024 * 1024)
        await asyncio.gather(*(sandbox.run(f"'a' * {n}", {}, limits=big) for n in (25_000_000, 10**9)))
        await asyncio.gather(*(sandbox.run("while True: print('x' * 10000)", {}, limits=big) for _ in range(2)))

    await attack()
    gc.collect()
    before = _resident_bytes()
    for _ in range(8):
        await attack()
    gc.collect()
    assert _resident_bytes() - before < 40 * 1024 * 1024


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_a_closed_sandbox_has_no_workers_and_runs_nothing() -> None:
    made = PythonSandbox(workers=1)
    before = set(_workers())
    assert await made.run("1", {}) == Value(1)
    own = set(_workers()) - before
    await made.close()
    await made.close()
    assert own and not own & set(_workers())
    result = await made.run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.UNAVAILABLE
