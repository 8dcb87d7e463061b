"""The connection to NATS: reconnects for ever, publishes until the stream has acknowledged, keeps one message id over all retries."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import PubAck

from burnish_shared import subjects, tracing
from burnish_shared.bus.addresses import Addresses
from burnish_shared.errors import Unavailable
from burnish_shared.waiting import look_at_failure

log = structlog.get_logger("burnish.bus")

MESSAGE_ID_HEADER: Final = "Nats-Msg-Id"
PUBLISH_TIMEOUT_S: Final = 2.0
PUBLISH_TRIES: Final = 3
"""PROMISES 5.3: PubAck within 2 s, at most 3 tries with one id, then the outbox."""

RETRY_WAIT_S: Final = 0.1
RECONNECT_WAIT_S: Final = 0.2
PING_INTERVAL_S: Final = 5
CONNECTED_WAIT_S: Final = 0.5
"""How long a publish waits for a connection that is just being made again (a killed NATS is back within 0.3 s)."""

LEAVE_S: Final = 2.0
"""So long the server is waited for once nothing more is wanted of a subscription."""

ERROR_LOG_INTERVAL_S: Final = 30.0

STREAM_FULL_CODES: Final = frozenset({10077, 10122, 10023})
"""max_bytes, max_msgs and storage exceeded: trying again at once is of no use (PROMISES M-15)."""


@dataclass(slots=True)
class Bus:
    """One service's connection. `nc` is the client, `js` its JetStream view; use `publish` for what a stream must have."""

    nc: Client
    js: JetStreamContext
    service: str
    replica: str
    connections: int = 1
    """How often a connection was made. It grows with each reconnect, so work that spans one can tell."""
    last_absence_s: float = 0.0
    """How long NATS was away before the present connection; 0 for the first."""
    _disconnected_at_s: float = 0.0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _callbacks: list[Callable[[], None]] = field(default_factory=list)
    _closing: bool = False
    _last_error: tuple[str, float] = ("", 0.0)
    _lost: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_connected(self) -> bool:
        return bool(self.nc.is_connected)

    def inbox(self, token: str) -> str:
        """A reply subject of this process: one wildcard subscription on `inbox("*")` serves them all."""
        return subjects.reply_inbox(self.service, self.replica, token)

    async def publish(
        self,
        subject: str,
        body: bytes,
        *,
        message_id: str,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = PUBLISH_TIMEOUT_S,
        tries: int = PUBLISH_TRIES,
    ) -> PubAck:
        """Stores one message in its stream and returns the acknowledgement.

        A timeout is ambiguous, so every try carries the same `message_id`, and the stream drops the repeats.
        Raises Unavailable after `tries`, at once when the stream is full (`details["nats_code"]`) or NATS is known to be away.
        """
        all_headers = {MESSAGE_ID_HEADER: message_id, **tracing.headers(), **(headers or {})}
        failure: BaseException = TimeoutError()
        for attempt in range(tries):
            if attempt:
                await asyncio.sleep(RETRY_WAIT_S)
            if not await self.wait_connected(timeout_s=CONNECTED_WAIT_S):
                raise Unavailable("The message bus cannot be reached at the moment; try again.", retry_after_s=1)
            try:
                answer = json.loads((await self.request(subject, body, timeout_s=timeout_s, headers=all_headers)).data)
                if "error" in answer:
                    raise nats.js.errors.APIError.from_error(answer["error"])
                return PubAck.from_response(answer)
            except nats.js.errors.APIError as error:
                failure = error
                if error.err_code in STREAM_FULL_CODES:
                    break
            except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
                failure = error
        code = getattr(failure, "err_code", None)
        raise Unavailable(
            "The message bus did not take the message; try again.", retry_after_s=1, details={"nats_code": code} if code else None
        ) from failure

    async def request(self, subject: str, body: bytes = b"", *, timeout_s: float, headers: Mapping[str, str] | None = None) -> Msg:
        """The answer. Raises TimeoutError when none comes within `timeout_s`, and what the client raises.

        The client is asked in a task of its own: it forgets a cancellation that comes with the answer (it waits by `asyncio.wait_for`, see
        burnish_shared.waiting), and one that comes while it waits for NATS to read. What was left ends by the client's own limit.
        """
        asking = asyncio.create_task(self.nc.request(subject, body, timeout=timeout_s, headers=dict(headers or {}) or None))
        asking.add_done_callback(look_at_failure)
        try:
            await asyncio.wait({asking}, timeout=timeout_s)
            if not asking.done():
                raise TimeoutError
            return asking.result()
        finally:
            asking.cancel()

    async def wait_connected(self, *, timeout_s: float) -> bool:
        """True as soon as there is a connection, False after `timeout_s` without one."""
        if self.nc.is_connected:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: self.nc.is_connected)
        return bool(self.nc.is_connected)

    async def answers(self, *, timeout_s: float) -> bool:
        """Whether the server answers within `timeout_s`. What it had sent before has come by then.

        Not `nc.flush(timeout)`: it cancels the future of a late answer, and the client's read loop ends when it comes after all.
        A connection that just broke is no answer: uvloop's transport raises RuntimeError then, until the client has noticed.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if not self.nc.is_connected:
            return False
        try:
            await self.nc._send_ping(answer)
        except (nats.errors.Error, OSError, RuntimeError):
            return False
        await asyncio.wait({answer}, timeout=timeout_s)
        return answer.done()

    async def take_leave(self, subscription: Subscription, *, timeout_s: float = LEAVE_S) -> bool:
        """Ends `subscription`, once its callback had all that was on its way: the server sends nothing more when this returned True.

        False when the server said nothing within `timeout_s`: what comes late is still heard, and leave may be taken again.
        Not `subscription.drain()`: it flushes, and a flush that is given up ends the client's read loop (see `answers`).
        """
        if self.nc.is_connected:
            try:
                async with asyncio.timeout(timeout_s):
                    await self.nc._send_unsubscribe(subscription._id)
                    if not await self.answers(timeout_s=timeout_s):
                        return False
                    await subscription._pending_queue.join()
            except (TimeoutError, nats.errors.Error, OSError, RuntimeError):
                return False
        with contextlib.suppress(nats.errors.Error, OSError, RuntimeError):
            await subscription.unsubscribe()
        return True

    async def wait_reconnected(self, seen: int, *, stop: asyncio.Event, timeout_s: float) -> bool:
        """True when `connections` has grown beyond `seen`; False on `stop` or after `timeout_s`."""
        stopped = asyncio.create_task(stop.wait())
        changed = asyncio.create_task(self._until_beyond(seen))
        try:
            await asyncio.wait({stopped, changed}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopped, changed):
                task.cancel()
            await asyncio.gather(stopped, changed, return_exceptions=True)
        return self.connections > seen

    async def until_lost(self, stop: asyncio.Event | None = None) -> None:
        """Raises ConnectionError when the client gave up for good, as it does when the server refuses its credentials.

        Run it beside a service's other tasks, so that the process ends and is started anew. Returns on `stop`.
        """
        lost = asyncio.create_task(self._lost.wait())
        stopped = asyncio.create_task((stop or asyncio.Event()).wait())
        try:
            await asyncio.wait({lost, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            stopped.cancel()
        if self._lost.is_set():
            raise ConnectionError("the connection to NATS was closed for good")

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Calls `callback` after each reconnect, until `forget`."""
        self._callbacks.append(callback)

    def forget(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(ValueError):
            self._callbacks.remove(callback)

    async def close(self) -> None:
        """Flushes what was published and closes. Safe to call twice."""
        self._closing = True
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError, RuntimeError):
            async with asyncio.timeout(1.5):
                await self.nc.flush(1) if self.nc.is_connected else None
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError, RuntimeError):
            async with asyncio.timeout(2):
                await self.nc.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _until_beyond(self, seen: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.connections > seen)

    async def _on_reconnected(self) -> None:
        async with self._changed:
            self.connections += 1
            self.last_absence_s = time.monotonic() - self._disconnected_at_s
            self._changed.notify_all()
        for callback in tuple(self._callbacks):
            callback()
        log.info("bus_reconnected", service=self.service, connections=self.connections)

    async def _on_disconnected(self) -> None:
        self._disconnected_at_s = time.monotonic()
        if not self._closing:
            log.warning("bus_disconnected", service=self.service)

    async def _on_closed(self) -> None:
        if not self._closing:
            log.error("bus_closed", service=self.service)
            self._lost.set()

    async def _on_error(self, error: Exception) -> None:
        """Logged once for each spell of one error: while NATS is away the client tries five times a second."""
        text = str(error) or type(error).__name__
        now_s = time.monotonic()
        if text != self._last_error[0] or now_s - self._last_error[1] > ERROR_LOG_INTERVAL_S:
            self._last_error = (text, now_s)
            log.warning("bus_error", service=self.service, error=text)


async def why_refused(url: str) -> str:
    """What NATS, or the way to it, says against a connection. Tries once, for two seconds at most; nothing of a password is in it."""
    client, said = Client(), list[str]()

    async def note(error: Exception) -> None:
        said.append(str(error) or type(error).__name__)

    try:
        async with asyncio.timeout(2):
            await client.connect(**Addresses.of(url).options(), allow_reconnect=False, connect_timeout=2, error_cb=note)
    except (nats.errors.Error, OSError) as error:
        return said[0] if said else str(error) or type(error).__name__
    finally:
        with contextlib.suppress(nats.errors.Error, OSError):
            await client.close()
    return "it lets us in, and answers too late"


async def connect(url: str, *, service: str, replica: str) -> Bus:
    """Connects as `service`'s user (`url` holds user and password) and returns when connected, however long NATS is away.

    `url` may name several servers of a cluster, separated by commas: `nats://user:password@one:4222,two:4222`.
    """
    client = Client()
    bus = Bus(nc=client, js=client.jetstream(), service=service, replica=replica)
    await client.connect(
        **Addresses.of(url).options(),
        name=f"{service}-{replica}",
        inbox_prefix=subjects.inbox_prefix(service),
        reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type]
        max_reconnect_attempts=-1,
        connect_timeout=2,
        ping_interval=PING_INTERVAL_S,
        max_outstanding_pings=2,
        drain_timeout=5,
        error_cb=bus._on_error,
        reconnected_cb=bus._on_reconnected,
        disconnected_cb=bus._on_disconnected,
        closed_cb=bus._on_closed,
    )
    return bus
