"""A cancellation at each point where gateway or executor waits: whatever was held is settled, and each execution has its one row.

The points are not listed by hand. A first call counts them, then one call is cancelled at each.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from burnish_executor.ask_keys import Asker
from burnish_executor.consumers import Desk
from burnish_executor.run import Run
from burnish_gateway.execution import routes
from burnish_gateway.execution.dispatch import Dispatch
from burnish_gateway.execution.order import Order
from burnish_gateway.execution.told import Told
from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.execution.test_executions import HELLO, books, fault

DEADLINE_S = 1.5
SETTLED_S = 60.0
"""Deadline, and the sweep's grace and interval of these tests, make 3 s of it: room for a slow machine."""


TRIES = 5
"""Of the points that were not met: on a machine that stands still, a call is given to the other executor before it reaches its own."""


@dataclass(slots=True)
class Meter:
    """Counts the waits of one call, and cancels in the middle of the one numbered `cancel_at`; 0: never. `cancel` None: the task."""

    cancel_at: int = 0
    cancel: Callable[[], None] | None = None
    seen: int = 0
    has_cancelled: bool = False

    def tick(self) -> None:
        self.seen += 1
        task = asyncio.current_task()
        if self.seen == self.cancel_at and task is not None:
            self.has_cancelled = True
            (self.cancel or task.cancel)()


@dataclass(frozen=True, slots=True)
class Metered:
    """Awaits what it is given, step by step, so that every suspension passes through the meter."""

    inner: Awaitable[Any]
    meter: Meter

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self.inner.__await__()
        try:
            waits_for = steps.send(None)
            while True:
                self.meter.tick()
                try:
                    got = yield waits_for
                except BaseException as error:
                    waits_for = steps.throw(error)
                else:
                    waits_for = steps.send(got)
        except StopIteration as end:
            return end.value


@dataclass(slots=True)
class Meters:
    """One for each call, by the mark in its metadata; those of submission, dispatch and executor apart."""

    by_mark: dict[str, Meter] = field(default_factory=dict)

    def of(self, where: str, metadata: Any) -> Meter:
        mark = metadata.get(where)
        return self.by_mark.setdefault(f"{where} {mark}", Meter(cancel_at=int(mark))) if mark is not None else Meter()

    def has_struck(self, where: str, number: int) -> bool:
        """False also forgets how far the call came, so that it may be tried anew."""
        meter = self.by_mark.pop(f"{where} {number}", None)
        if meter is None or not meter.has_cancelled:
            return False
        self.by_mark[f"{where} {number}"] = meter
        return True


@pytest_asyncio.fixture(loop_scope="session")
async def meters(monkeypatch: pytest.MonkeyPatch) -> Meters:
    made = Meters()
    submit, follow, run_and_log, consume = routes.submit, Dispatch.follow, Desk._run_and_log, Asker._consume

    async def metered_submit(order: Order, **others: Any) -> Any:
        return await Metered(submit(order, **others), made.of("submit", order.metadata))

    async def metered_follow(self: Dispatch) -> AsyncGenerator[Told, None]:
        told, meter = follow(self), made.of("follow", self.request.caller.metadata)
        try:
            while True:
                try:
                    one = await Metered(told.__anext__(), meter)
                except StopAsyncIteration:
                    return
                yield one
        finally:
            await told.aclose()

    async def metered_run(self: Desk, run: Run) -> None:
        meter = made.of("run", run.request.caller.metadata) if run.request.fence == 1 else Meter()
        await Metered(run_and_log(self, run), meter)

    async def metered_consume(self: Asker, run: Run, chosen: Any, *, timeout_s: float) -> Any:
        """The call of the provider: its task dies at `consume`, its caller goes away at `leave`."""
        where = "leave" if "leave" in run.request.caller.metadata else "consume"
        meter = made.of(where, run.request.caller.metadata) if run.request.fence == 1 else Meter()
        meter.cancel = run.cancel if where == "leave" else None
        return await Metered(consume(self, run, chosen, timeout_s=timeout_s), meter)

    monkeypatch.setattr(routes, "submit", metered_submit)
    monkeypatch.setattr(Asker, "_consume", metered_consume)
    monkeypatch.setattr(Dispatch, "follow", metered_follow)
    monkeypatch.setattr(Desk, "_run_and_log", metered_run)
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    """Executors whose silence is noticed soon, and which read each chunk of its fault by itself, so that there are points to cancel at."""
    quick = {"executor_silence_s": 0.7}
    async with running_stack(
        module_database_urls, nats_server, gateways=1, executors=2, gateway=quick, executor={"heartbeat_s": 0.2, "coalesce_ms": 8}
    ) as one:
        yield one


async def call(caller: Caller, where: str, number: int, *, streamed: bool, deadline_s: float = DEADLINE_S) -> str:
    """The terminal word, the status, or `lost` where the connection went with the cancelled request."""
    body = HELLO | {"stream": streamed, "deadline_s": deadline_s, "metadata": {where: str(number)}}
    try:
        if streamed:
            return [name async for name, _ in caller.stream("/v1/executions", body)][-1]
        return str((await caller("POST", "/v1/executions", body)).status)
    except (aiohttp.ClientError, IndexError):
        return "lost"


async def all_settled(stack: Stack, caller: Caller) -> list[Any]:
    """The rows, once nothing is held any more."""
    ws = caller.workspace.workspace_id
    async with asyncio.timeout(SETTLED_S):
        while await books(stack, "SELECT 1 FROM holds WHERE workspace_id = $1", ws):
            await asyncio.sleep(0.05)
    assert await books(stack, "SELECT * FROM drift()") == []
    assert await books(stack, "SELECT 1 FROM accounts WHERE workspace_id = $1 AND (held_nusd, in_flight) <> (0, 0)", ws) == []
    return list(await books(stack, "SELECT execution_id, status, cost_nusd FROM executions WHERE workspace_id = $1", ws))


@pytest.mark.promise("C-06", "P-09")
@pytest.mark.capability("B1", "E3")
@pytest.mark.parametrize(
    ("where", "streamed"),
    [("submit", False), ("follow", False), ("follow", True), ("run", True), ("consume", True), ("leave", False)],
)
async def test_a_cancellation_at_any_wait_leaves_nothing_held(stack: Stack, meters: Meters, where: str, streamed: bool) -> None:
    first, caller = await stack.caller(), await stack.caller()
    async with fault(stack, "slow_chunks,rate=80"):
        assert await call(first, where, 0, streamed=streamed, deadline_s=60) in ("200", "done")
        waits = meters.by_mark[f"{where} 0"].seen
        points, met, ends = range(1, waits + 3), set[int](), list[str]()
        for _ in range(TRIES):
            ends += await asyncio.gather(*(call(caller, where, number, streamed=streamed) for number in points if number not in met))
            rows = await all_settled(stack, caller)
            met = {number for number in points if meters.has_struck(where, number)}
            if len(met) >= max(1, waits // 2):
                break
    assert len(met) >= max(1, waits // 2)
    assert len(rows) <= len(ends) and {row["status"] for row in rows} <= {"success", "cancelled", "timeout", "error"}
    assert sum(end in ("200", "done") for end in ends) <= sum(row["status"] == "success" for row in rows)
    if where in ("run", "consume", "leave"):  # the gateway outlives its executor: every caller hears an end, and each call has its row
        assert "lost" not in ends and len(rows) == len(ends)
