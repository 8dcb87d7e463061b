"""What every service process does: event loop, logs, signals, and a small HTTP server for health and metrics."""

import asyncio
import contextlib
import math
import os
import resource
import signal
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from contextvars import ContextVar
from typing import Any, Final, Self, TypeVar

import structlog
import uvloop
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from burnish_shared import failpoints, garbage, huge_pages, logging, tracing
from burnish_shared.errors import Unavailable
from burnish_shared.refusal import EXIT_CODE, StartRefused
from burnish_shared.settings import own_replica

log = structlog.get_logger("burnish.process")

STOP_GRACE_S: Final = 35.0
"""In-flight work gets 30 s after SIGTERM (PROMISES G-18); what still runs then is cut off."""

LAST_TURN_S: Final = 3.0
"""Of STOP_GRACE_S: for telling what was recorded while the rest ended. What is not told by then waits for the next process. The rest is
for giving back what did not end in its 30 s."""

CANCEL_AGAIN_S: Final = 5.0
"""Longer than what a loop does to end well takes, such as giving back what it had claimed while the database is busy."""

START_AGAIN_S: Final = 0.2
SAID_AGAIN_S: Final = 10.0
"""How often one and the same reason to wait is told."""

STANDS_AFTER_S: Final = (3.0, 30.0)
"""When a service has loaded what it keeps: its start, and the first use of what is loaded late."""

RES_OPTIONS: Final = "timeout:1 attempts:2"
"""For lookups of names by the C library (resolv.conf(5)), which cannot be cancelled: how long one hangs. Else 5 s, several times."""

REQUEST_TIMEOUT_S: Final = 5.0
REQUEST_MAX_BYTES: Final = 8 << 10

STARTING: Final = "it is starting"

T = TypeVar("T")

Readiness = Callable[[], Awaitable[str | None]]
"""Why the service is not ready, in words for an operator; None when it is."""


STOPS: Final = (signal.SIGTERM, signal.SIGINT)

STOP: Final[ContextVar[asyncio.Event | None]] = ContextVar("stop", default=None)
"""Of the process that `run_service` runs; None in tests, where several services share one."""


class StopAsked(Exception):
    """A service was asked to stop before it had what it starts with."""


def run_service(main: Callable[[asyncio.Event], Awaitable[None]], *, service: str) -> None:
    """Runs `main(stop)` on uvloop until it returns. SIGTERM and SIGINT set `stop`; `main` then finishes what it holds and returns.

    An exception out of `main` is logged once and ends the process with code 1, so that whoever started it starts it anew;
    StartRefused with its message alone, and with code 78 where starting it anew would not mend it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # A dump of our memory would hold every key that we opened (PROMISES E-10).
    replica = os.environ.get("BURNISH_REPLICA") or own_replica()
    level = os.environ.get("BURNISH_LOG_LEVEL", "info")
    logging.configure(service=service, replica=replica, level=level if level in logging.LEVELS else "info")
    failpoints.configure(os.environ.get("BURNISH_FP", ""))
    tracing.configure(service=service, otlp_endpoint=os.environ.get("BURNISH_OTLP_ENDPOINT", ""))
    os.environ.setdefault("RES_OPTIONS", RES_OPTIONS)
    try:
        uvloop.run(_run(main))
    except StopAsked:
        log.info("service_stopped", before="it had started")
    except StartRefused as refusal:
        log.critical("service_refuses_to_start", reason=str(refusal))
        raise SystemExit(1 if refusal.may_pass else EXIT_CODE) from None
    except Exception:
        log.exception("service_failed")
        raise SystemExit(1) from None
    finally:
        tracing.flush()


async def patiently(work: Callable[[], Awaitable[T]], *, health: "HealthServer | None" = None) -> T:
    """What `work` returns, tried again for as long as it raises Unavailable: the servers may still be starting. `health` says why."""
    told, told_at_s = "", -math.inf
    while True:
        try:
            return await work()
        except Unavailable as error:
            if health is not None:
                health.waits_for = error.message
            now_s = asyncio.get_running_loop().time()
            if error.message != told or now_s - told_at_s >= SAID_AGAIN_S:
                told, told_at_s = error.message, now_s
                log.warning("waits_for_server", error=error.message)
            await asyncio.sleep(START_AGAIN_S)


async def at_start(work: Callable[[], Awaitable[T]], *, health: "HealthServer | None" = None, server: str = "PostgreSQL") -> T:
    """`patiently`, for what a service needs of `server` before it serves anybody, as `health` says meanwhile. A stop ends the process at
    once: raises StopAsked then."""
    with contextlib.nullcontext() if health is None else health.waiting(server):
        return await _unless_stopped(work, health)


async def _unless_stopped(work: Callable[[], Awaitable[T]], health: "HealthServer | None") -> T:
    stop = STOP.get()
    if stop is None:
        return await patiently(work, health=health)
    working, stopping = asyncio.ensure_future(patiently(work, health=health)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise StopAsked
        return await working
    finally:
        await ended({working, stopping})


async def supervise(
    *coros: Coroutine[Any, Any, None],
    stop: asyncio.Event | None = None,
    last: Callable[[asyncio.Event], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Runs them side by side. The first that fails cancels the others, and its error is raised in an ExceptionGroup.

    With `stop`: once it is set, those that have not returned within STOP_GRACE_S are cancelled. A loop that is not asked to
    stop must not return: without `stop` all are simply awaited. `last` (only with `stop`) runs beside them and is told to stop when
    they have ended: a relay, which sends what they record until then.
    """
    recorded = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        tasks = {group.create_task(one) for one in coros}
        closing = {group.create_task(last(recorded))} if last is not None else set()
        try:
            if stop is None:
                await asyncio.wait(tasks)
                return
            await _until(stop, tasks | closing)
            if not _has_failed(tasks | closing):
                await _leave(tasks, within_s=STOP_GRACE_S - LAST_TURN_S if closing else STOP_GRACE_S)
                recorded.set()
                await _leave(closing, within_s=LAST_TURN_S)
            await ended(tasks | closing)
        except asyncio.CancelledError:  # by whoever stops the service, or by the group, as one of them failed
            await ended(tasks | closing)
            raise


async def ended(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancels those that still run, again every CANCEL_AGAIN_S until they have ended: a library that waits by `asyncio.wait_for`
    forgets a cancellation now and then (see burnish_shared.waiting).
    """
    alive, is_again = {task for task in tasks if not task.done()}, False
    while alive:
        for task in alive:
            if is_again:
                log.warning("cancelled_again", task=task.get_name())
            if is_again or not task.cancelling():  # Whoever was told already is about to end: a second time would cut that off.
                task.cancel()
        _, alive = await asyncio.wait(alive, timeout=CANCEL_AGAIN_S)
        is_again = True


class HealthServer:
    """`/healthz` (the process lives), `/readyz` (503 and the reason while `readiness` gives one) and `/metrics`, of every service.

    The gateway has it apart from the API. Raw asyncio: a web framework would cost more memory than the service's own code. `port` 0 takes
    any; `port` then tells which. Served from the first moment on, since a probe that is refused ends a process that only waits: until there
    is a `readiness` it is not ready, and says what it `waits_for`.
    """

    def __init__(self, port: int, readiness: Readiness | None = None, *, host: str = "127.0.0.1") -> None:
        self.port = port
        self.readiness = readiness
        self.waits_for = STARTING
        self._host = host
        self._server: asyncio.Server | None = None

    @contextlib.contextmanager
    def waiting(self, server: str) -> Iterator[None]:
        """Says that it waits for `server`, or the reason that is set meanwhile. Not for one wait within another."""
        self.waits_for = f"it waits for {server}"
        try:
            yield
        finally:
            self.waits_for = STARTING

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Does nothing where it was started."""
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._answer, self._host, self.port, limit=REQUEST_MAX_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until `stop`."""
        await self.start()
        try:
            await stop.wait()
        finally:
            await self.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = await self._respond(head.split(b" ", 2)[1].partition(b"?")[0])
                head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, kind, len(body))
                writer.write(head + body)
                await writer.drain()
        except (OSError, TimeoutError, IndexError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # A client that speaks no HTTP, or that went away, gets nothing.
        finally:
            writer.close()

    async def _respond(self, path: bytes) -> tuple[bytes, bytes, bytes]:
        if path == b"/healthz":
            return b"200 OK", b"text/plain", b"ok\n"
        if path == b"/metrics":
            return b"200 OK", CONTENT_TYPE_LATEST.encode(), generate_latest()
        if path == b"/readyz":
            reason = self.waits_for if self.readiness is None else await self.readiness()
            if reason is not None:
                return b"503 Service Unavailable", b"text/plain", f"{reason}\n".encode()
            return b"200 OK", b"text/plain", b"ready\n"
        return b"404 Not Found", b"text/plain", b"not found\n"


async def _run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    STOP.set(stop)
    loop = asyncio.get_running_loop()
    for number in STOPS:
        loop.add_signal_handler(number, stop.set)
    for after_s in STANDS_AFTER_S:
        loop.call_later(after_s, _settle_down)
    log.info("service_started", pid=os.getpid())
    try:
        await main(stop)
    finally:
        for number in STOPS:  # What is left is over in a moment: who asks once more would end it as if it had failed.
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
    log.info("service_stopped")


def _settle_down() -> None:
    garbage.leave_alone_what_stands()
    threading.Thread(target=huge_pages.use_huge_pages, name="huge-pages", daemon=True).start()  # Some 0.1 s, which nobody waits for.


def _has_failed(tasks: Collection["asyncio.Task[None]"]) -> bool:
    return any(task.done() and not task.cancelled() and task.exception() for task in tasks)


async def _leave(tasks: set["asyncio.Task[None]"], *, within_s: float) -> None:
    """Waits until they have ended; those that take longer are cut off."""
    if tasks:
        _, slow = await asyncio.wait(tasks, timeout=within_s)
        for task in slow:
            log.warning("stop_cut_off", task=task.get_name())
    await ended(tasks)


async def _until(stop: asyncio.Event, tasks: set[asyncio.Task[None]]) -> None:
    """Returns when `stop` is set, when one of the tasks failed, or when all have ended."""
    stopped = asyncio.create_task(stop.wait())
    pending = set(tasks)
    try:
        while pending and not stopped.done():
            done, _ = await asyncio.wait({stopped, *pending}, return_when=asyncio.FIRST_COMPLETED)
            pending -= done
            if any(task is not stopped and not task.cancelled() and task.exception() for task in done):
                return
    finally:
        stopped.cancel()
