"""Python at Daytona, over real HTTP (PRODUCT O3). The service is a stand-in that runs what it is sent (tests/fakes/daytona.py)."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import SecretStr
from structlog.testing import capture_logs

from burnish_shared.metrics import daytona_runs_total
from burnish_shared.sandbox import Failed, FailureKind, Limits, Refused, Sandbox, Value, turns
from burnish_shared.sandbox.daytona_api import LIFE_MINUTES, START_S, DaytonaApi, DaytonaTroubleError
from burnish_shared.sandbox.daytona_place import DaytonaPlace
from burnish_shared.sandbox.daytona_sandbox import TOGETHER_MOST, DaytonaSandbox
from burnish_shared.sandbox.turns import BUSY
from tests.fakes.daytona import KEY, Box, FakeDaytona, daytona, refusing
from tests.unit.sandbox import conformance
from tests.unit.sandbox.hostile import HOSTILE, SYNTAX_BOMBS

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O3")]


async def at_once(_: float) -> None:
    """In place of waiting before something is tried again."""
    await asyncio.sleep(0)


@pytest_asyncio.fixture(loop_scope="session")
async def fake() -> AsyncIterator[FakeDaytona]:
    async with daytona() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(fake: FakeDaytona) -> AsyncIterator[DaytonaSandbox]:
    made = opened(fake)
    yield made
    await made.close()
    assert not fake.boxes, "a sandbox was left behind"


def opened(
    fake: FakeDaytona, *, key: str = KEY, snapshot: str = "", target: str = "", at_once_most: int = 4,
    sleep: Callable[[float], Awaitable[None]] = at_once,
) -> DaytonaSandbox:  # fmt: skip
    place = DaytonaPlace(url=f"{fake.url}/api", key=SecretStr(key), target=target, snapshot=snapshot)
    return DaytonaSandbox(place, at_once=at_once_most, sleep=sleep)


async def settled(sandbox: DaytonaSandbox) -> None:
    """Until every deletion was made."""
    while sandbox._deleting:
        await asyncio.wait(sandbox._deleting)


@pytest.mark.parametrize("does", conformance.EVERY)
async def test_it_does_what_every_backend_does(sandbox: DaytonaSandbox, does: Callable[[Sandbox], Awaitable[None]]) -> None:
    await does(sandbox)


@conformance.each_limit
async def test_limits_are_told_apart(sandbox: DaytonaSandbox, name: str) -> None:
    await conformance.ends_at_its_limits(sandbox, name)


ROUGH = (
    "hard exit", "exit", "fork", "threads", "signals", "prints without end", "sleeps", "deep json", "growing list", "surrogates",
    "a function",    "a list in itself", "wide sharing of data", "endless loop in finally",
)  # fmt: skip


@pytest.mark.parametrize("name", ROUGH)
async def test_what_means_harm_ends_in_bounds_and_costs_its_neighbour_nothing(
    sandbox: DaytonaSandbox, fake: FakeDaytona, name: str
) -> None:
    code = f"if n:\n    n = 2\nelse:\n{''.join(f'    {line}{chr(10)}' for line in HOSTILE[name].splitlines())}\nn"
    if name == "fork":
        code = code.replace("while True: os.fork()", "[os.fork() for _ in range(3)]\n    while True: pass")
    results = await sandbox.run_many(code, [{"n": 0}, {"n": 1}], limits=conformance.TIGHT)
    assert isinstance(results[0], Failed) or results[0] == Value(0), results[0]
    assert results[1] == Value(2)


@pytest.mark.parametrize("name", SYNTAX_BOMBS)
async def test_reading_code_is_bounded(sandbox: DaytonaSandbox, fake: FakeDaytona, name: str) -> None:
    looked_at = await sandbox.check(SYNTAX_BOMBS[name])
    assert looked_at is None or looked_at.message
    assert fake.requests == [], "nothing was sent"


async def test_code_reaches_no_network(sandbox: DaytonaSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        code = f"import socket\nsocket.create_connection(('127.0.0.1', {listening.getsockname()[1]}), timeout=1)\n1"
        result = await sandbox.run(code, {})
        assert isinstance(result, Failed) and result.kind is FailureKind.ERROR, result
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()


async def test_a_sandbox_with_a_network_runs_nothing(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.gives_network = True
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.UNAVAILABLE and "network" in result.message
    assert not fake.programs


async def test_a_sandbox_is_asked_for_without_network_and_with_an_end(fake: FakeDaytona) -> None:
    sandbox = opened(fake, snapshot="with-numpy", target="eu")
    assert await sandbox.run("1", {}) == Value(1)
    await sandbox.close()
    [box] = fake.made
    assert box.asked["networkBlockAll"] is True and box.asked["public"] is False and box.asked["env"] == {}
    assert (box.asked["autoStopInterval"], box.asked["autoDeleteInterval"], box.asked["ttlMinutes"]) == (LIFE_MINUTES, 0, LIFE_MINUTES)
    assert (box.asked["snapshot"], box.asked["target"]) == ("with-numpy", "eu")
    assert fake.gone == [box.name]


async def test_a_whole_batch_shares_one_sandbox(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.looks_until_started = 3
    assert await sandbox.run_many("n * 2", [{"n": n} for n in range(TOGETHER_MOST)], tenant="a") == [
        Value(n * 2) for n in range(TOGETHER_MOST)
    ]
    assert len(fake.made) == 1
    runs = (sandbox.run("n", {"n": 1}, tenant=tenant) for tenant in ("a", "b"))
    assert await asyncio.gather(*runs) == [Value(1), Value(1)]
    assert len(fake.made) == 3, "workspaces share none"


async def test_code_may_use_whole_cpython(sandbox: DaytonaSandbox) -> None:
    code = "import statistics\nclass A(dict):\n    def __len__(self): return 7\n[statistics.mean([1, 2]), len(A()), [*(n for n in (1,))]]"
    assert await sandbox.run(code, {}) == Value([1.5, 7, [1]])


STATES = {
    "away": (503, FailureKind.UNAVAILABLE, "cannot be reached"),
    "a key that is refused": (401, FailureKind.UNAVAILABLE, "refuses the key"),
    "a key that may not": (403, FailureKind.UNAVAILABLE, "refuses the key"),
    "too many": (429, FailureKind.UNAVAILABLE, "busy"),
    "a snapshot that is not there": (404, FailureKind.UNAVAILABLE, "makes no sandbox"),
    "a body that it does not take": (400, FailureKind.UNAVAILABLE, "makes no sandbox"),
    "a redirect": (307, FailureKind.UNAVAILABLE, "makes no sandbox"),
    "too slow": (408, FailureKind.UNAVAILABLE, "cannot be reached"),
}


@pytest.mark.parametrize("name", STATES)
async def test_an_api_that_makes_none_ends_in_one_clear_state(sandbox: DaytonaSandbox, fake: FakeDaytona, name: str) -> None:
    status, kind, words = STATES[name]
    fake.answers["make"] = refusing(status, f"{KEY} is wrong", Location=f"{fake.url}/elsewhere")
    with capture_logs() as logs:
        result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is kind and words in result.message, result
    assert KEY not in repr(logs) + repr(result) and str(status) in repr(logs)


async def test_a_refusal_is_not_asked_for_again_at_once(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.answers["make"] = refusing(429, **{"Retry-After": "30"})
    first, second = await sandbox.run("1", {}), await sandbox.run("2", {})
    assert first == second and fake.requests == ["make"]


async def test_nobody_there_is_told_and_nothing_is_deleted(fake: FakeDaytona) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    sandbox = DaytonaSandbox(DaytonaPlace(url=f"http://127.0.0.1:{port}/api", key=SecretStr(KEY)), sleep=at_once)
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.UNAVAILABLE and "cannot be reached" in result.message
    assert not sandbox._deleting
    await sandbox.close()


async def test_an_answer_that_is_none_of_daytona_is_told(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.answers["make"] = lambda: web.Response(text="<html>hello</html>")
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.UNAVAILABLE


@pytest.mark.parametrize("state", ["error", "build_failed", "destroyed", "stopped"])
async def test_a_sandbox_that_does_not_start_is_told_and_deleted(sandbox: DaytonaSandbox, fake: FakeDaytona, state: str) -> None:
    fake.looks_until_started, fake.ends_as = 2, state
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.UNAVAILABLE and "did not start" in result.message
    await settled(sandbox)
    assert fake.gone == [fake.made[0].name]


async def test_a_sandbox_that_dies_is_a_crash_and_the_next_run_has_another(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.during_run = fake.end
    result = await sandbox.run("while True: pass", {}, limits=Limits(time_s=5))
    assert result == Failed(FailureKind.CRASHED, "the sandbox ended unexpectedly")
    fake.during_run = None
    assert await sandbox.run("1 + 1", {}) == Value(2)
    await settled(sandbox)
    assert fake.gone == [one.name for one in fake.made]


async def test_a_sandbox_that_somebody_deletes_is_a_crash(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    def removed(box: Box) -> None:
        fake.end(fake.boxes.pop(box.name))

    fake.during_run = removed
    assert await sandbox.run("while True: pass", {}, limits=Limits(time_s=5)) == Failed(
        FailureKind.CRASHED, "the sandbox ended unexpectedly"
    )


async def test_a_way_that_breaks_says_nothing_of_the_code(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.answers["run"] = refusing(502)
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.UNAVAILABLE and "cannot be reached" in result.message
    await settled(sandbox)
    assert fake.gone == [fake.made[0].name]


@pytest.mark.parametrize(("status", "kind"), [(408, FailureKind.TIME), (429, FailureKind.UNAVAILABLE), (401, FailureKind.UNAVAILABLE)])
async def test_a_run_that_is_refused_is_told_and_leaves_no_sandbox(
    sandbox: DaytonaSandbox, fake: FakeDaytona, status: int, kind: FailureKind
) -> None:
    fake.answers["run"] = refusing(status)
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is kind


TOKEN = "0123456789abcdef" * 2
BEGUN = f"burnish-begin:{TOKEN}\n"
PRINTED = (
    "",
    "something else",
    f"burnish-begin:{TOKEN}",
    f"{BEGUN}burnish-result:{TOKEN}:0:{{",
    f"{BEGUN}burnish-result:{TOKEN}:0:[]",
    f'{BEGUN}burnish-result:{TOKEN}:1:{{"value": 1}}',
    f'{BEGUN}burnish-result:{TOKEN}:0:{{"failed": ["x", "y", null]}}',
    f'{BEGUN}burnish-result:{TOKEN}:0:{{"failed": 1}}',
    f'{BEGUN}burnish-result:{{"value": 1}}',
    f'{BEGUN}burnish-result:{"f" * 32}:0:{{"value": 1}}',
    f'{BEGUN}burnish-begin:{"f" * 32}\nburnish-result:{"f" * 32}:0:{{"value": 1}}',
    f'burnish-result:{TOKEN}:0:{{"value": 1}}',
)


@pytest.mark.parametrize("text", PRINTED)
async def test_what_is_not_ours_is_no_answer(sandbox: DaytonaSandbox, fake: FakeDaytona, text: str) -> None:
    fake.answers["run"] = lambda: web.json_response({"exitCode": 0, "result": text})
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.CRASHED


async def test_what_is_ours_counts_once(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    start = f"burnish-result:{TOKEN}:0:"
    text = f'{BEGUN}burnish-result:{{"value": 1}}\n{start}{{"value": 2}}\n{start}{{"value": 3}}'
    fake.answers["run"] = lambda: web.json_response({"exitCode": 0, "result": text})
    assert await sandbox.run("1", {}) == Value(2)


async def test_output_beyond_all_limits_is_not_read(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.answers["run"] = lambda: web.json_response({"exitCode": 0, "result": "x" * 4_000_000})
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed)


async def test_a_delete_that_is_refused_is_tried_again(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.deletes_refused = 3
    assert await sandbox.run("1", {}) == Value(1)
    await settled(sandbox)
    assert fake.gone == [fake.made[0].name]


async def test_a_sandbox_that_cannot_be_deleted_costs_the_answer_nothing(fake: FakeDaytona) -> None:
    sandbox = opened(fake)
    fake.answers["delete"] = refusing(500)
    with capture_logs() as logs:
        assert await sandbox.run("1 + 1", {}) == Value(2)
        await settled(sandbox)
    assert [one["event"] for one in logs] == ["daytona_sandbox_not_deleted"]
    await sandbox.close()


async def test_a_run_that_is_cancelled_leaves_no_sandbox(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    running = asyncio.create_task(sandbox.run("while True: pass", {}, limits=Limits(time_s=30)))
    await fake.is_running.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait(set(sandbox._tasks))
    await settled(sandbox)
    assert fake.gone == [fake.made[0].name]


async def test_one_of_a_batch_that_is_cancelled_costs_the_others_nothing(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.hold_making = asyncio.Event()
    first, second = (asyncio.create_task(sandbox.run("n", {"n": n})) for n in (1, 2))
    while not fake.made:
        await asyncio.sleep(0)
    first.cancel()
    fake.hold_making.set()
    assert await second == Value(2)
    with contextlib.suppress(asyncio.CancelledError):
        await first
    assert len(fake.made) == 1


async def test_a_making_that_was_never_answered_leaves_no_sandbox(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.hold_making = asyncio.Event()
    running = asyncio.create_task(sandbox.run("1", {}))
    while not fake.made:
        await asyncio.sleep(0.001)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait(set(sandbox._tasks))
    await settled(sandbox)
    assert fake.gone == [fake.made[0].name]
    fake.hold_making.set()


async def test_a_making_that_ends_long_after_it_was_given_up_leaves_no_sandbox(fake: FakeDaytona) -> None:
    """Its name is not there yet when it is deleted first: that is no proof that it will not be."""
    made, rested_s = asyncio.Event(), 0.0

    async def rest(seconds: float) -> None:
        nonlocal rested_s
        rested_s += seconds
        if rested_s >= START_S - 10:
            made.set()
            while not fake.made:
                await asyncio.sleep(0.001)

    sandbox = opened(fake, sleep=rest)
    fake.slow_making = made
    running = asyncio.create_task(sandbox.run("1", {}))
    await fake.is_asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait(set(sandbox._tasks))
    await settled(sandbox)
    assert fake.gone == [fake.made[0].name] and not fake.boxes
    await sandbox.close()


async def test_deleting_one_that_never_came_ends_and_does_not_rest_after_the_last_try(fake: FakeDaytona) -> None:
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    sandbox = opened(fake, sleep=rest)
    with capture_logs() as logs:
        await sandbox._delete("burnish-never", is_answered=False)
    assert sum(rests) >= START_S and fake.requests == ["delete"] * (len(rests) + 1) and not logs
    await sandbox._delete("burnish-gone", is_answered=True)
    assert fake.requests == ["delete"] * (len(rests) + 2), "what Daytona told of and is not there is gone"
    await sandbox.close()


async def test_what_waits_is_bounded_over_all_batches(fake: FakeDaytona) -> None:
    sandbox = opened(fake)
    sandbox._room = turns.Room(runs=4, n_bytes=4_000)
    fake.hold_making = asyncio.Event()
    waiting = [asyncio.create_task(sandbox.run(f"n + {n}", {"n": n}, tenant="hog")) for n in range(2)]
    await fake.is_asked.wait()
    assert await sandbox.run("n", {"n": 1}, tenant="hog") == BUSY, "half of the room is one tenant's"
    assert await sandbox.run("n", {"n": "x" * 5_000}, tenant="b") == BUSY, "bytes count"
    waiting += [asyncio.create_task(sandbox.run("n", {"n": n}, tenant=tenant)) for n, tenant in ((2, "b"), (3, "c"))]
    await asyncio.sleep(0)
    assert await sandbox.run("n", {"n": 1}, tenant="d") == BUSY, "the room is full"
    fake.hold_making.set()
    assert await asyncio.gather(*waiting) == [Value(0), Value(2), Value(2), Value(3)]
    assert await sandbox.run("n", {"n": 1}, tenant="hog") == Value(1), "places are given back"
    await sandbox.close()


async def test_how_long_daytona_wants_to_rest_is_told(sandbox: DaytonaSandbox, fake: FakeDaytona) -> None:
    fake.answers["make"] = refusing(429, **{"Retry-After": "30"})
    first, second = await sandbox.run("1", {}), await sandbox.run("2", {})
    assert isinstance(first, Failed) and first.rest_s == 30.0
    assert isinstance(second, Failed) and second.rest_s is not None and 0 < second.rest_s <= 30.0
    sandbox._rests = (0.0, BUSY)
    fake.answers["make"] = refusing(401)
    third, fourth = await sandbox.run("1", {}), await sandbox.run("2", {})
    assert isinstance(third, Failed) and third.rest_s is None and fourth == third, "who is refused waits in vain"


COUNTED = {
    "finished": (None, "1"),
    "failed": (None, "1 / 0"),
    "busy": (429, "1"),
    "refused": (401, "1"),
    "away": (503, "1"),
}


@pytest.mark.parametrize("outcome", COUNTED)
async def test_runs_are_counted_by_what_came_of_them(sandbox: DaytonaSandbox, fake: FakeDaytona, outcome: str) -> None:
    def counted() -> dict[str, float]:
        return {one: daytona_runs_total.labels(one)._value.get() for one in COUNTED}

    status, code = COUNTED[outcome]
    if status is not None:
        fake.answers["make"] = refusing(status)
    before = counted()
    await sandbox.run(code, {})
    assert {one: now - before[one] for one, now in counted().items()} == {one: float(one == outcome) for one in COUNTED}


ELSEWHERE = {
    "http://elsewhere.example": False,
    "https://proxy.daytona.example/toolbox": True,
    "https://127.0.0.1/toolbox": False,
    "https://127.1/toolbox": False,
    "https://0x7f000001/toolbox": False,
    "https://localhost:8443/": False,
    "https://10.0.0.8/": False,
    "https://169.254.169.254/latest": False,
    "https://[::1]/": False,
    "https://[fe80::1]/": False,
    "https://[::ffff:10.0.0.1]/": False,
    "https://daytona.example@evil.example/": False,
    "https://evil.example/?next=": False,
    "https:///toolbox": False,
    "https://one.example:port/": False,
    "ftp://one.example/": False,
    "": False,
}


@pytest.mark.parametrize("url", ELSEWHERE)
async def test_the_key_goes_to_no_odd_address(url: str) -> None:
    api = DaytonaApi(DaytonaPlace(url="https://daytona.example/api", key=SecretStr(KEY)))
    told = {"id": "1", "state": "started", "networkBlockAll": True, "toolboxProxyUrl": url}
    if ELSEWHERE[url]:
        assert api._made(told).toolbox_url == url
    else:
        with pytest.raises(DaytonaTroubleError):
            api._made(told)


async def test_a_daytona_inside_may_name_addresses_inside() -> None:
    api = DaytonaApi(DaytonaPlace(url="http://10.0.0.8:3000/api", key=SecretStr(KEY)))
    assert api._made({"id": "1", "state": "started", "networkBlockAll": True, "toolboxProxyUrl": "http://10.0.0.9/toolbox"})


@pytest.mark.parametrize("name", ["../../api/keys", "a/b", "", "..", ".", "a?b", "a%2fb", "a b", "x" * 129, 7])
async def test_a_sandbox_with_an_odd_name_is_none(sandbox: DaytonaSandbox, fake: FakeDaytona, name: object) -> None:
    fake.answers["make"] = lambda: web.json_response(
        {"id": name, "state": "started", "networkBlockAll": True, "toolboxProxyUrl": f"{fake.url}/toolbox"}
    )
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.UNAVAILABLE and "run" not in fake.requests


async def test_closing_ends_what_runs_and_leaves_no_sandbox(fake: FakeDaytona) -> None:
    sandbox = opened(fake)
    running = asyncio.create_task(sandbox.run("while True: pass", {}, limits=Limits(time_s=30)))
    await fake.is_running.wait()
    await sandbox.close()
    result = await running
    assert isinstance(result, Failed) and result.kind is FailureKind.UNAVAILABLE
    assert fake.gone == [fake.made[0].name]


async def test_one_tenant_cannot_take_every_sandbox(fake: FakeDaytona) -> None:
    sandbox = opened(fake, at_once_most=2)
    hogs = [asyncio.create_task(sandbox.run(f"while True: {n}", {}, limits=Limits(time_s=30), tenant="hog")) for n in range(3)]
    await fake.is_running.wait()
    assert await sandbox.run("1 + 1", {}, tenant="neighbour") == Value(2)
    assert not any(one.done() for one in hogs)
    await sandbox.close()
    assert all(isinstance(one, Failed) for one in await asyncio.gather(*hogs))
    assert not fake.boxes
    assert isinstance(await sandbox.run("1", {}), Failed | Refused)
