"""The outbox relay: publishes what a service wrote to `outbox` in the transactions of its changes (PROMISES M-01, M-04, M-05).

Three steps, each safe to be killed after: claim rows in a short transaction (a lease, not a lock), publish them outside of any
transaction, mark them sent in another. So no transaction is open while NATS is slow, and the commit of the claim is at the same time
the flush that rows from asynchronous commits need. A relay that dies in between leaves rows whose lease runs out; they are published
again under the same `Nats-Msg-Id`, which the stream drops. Rows that were joined into one message are dropped if they are joined again
with no others; else they come twice, to a reader that counts each of their items once.

Each sent row keeps its stream sequence for a day. A stream that stands lower than its mark, or that was created anew, has lost messages:
the rows above are sent again.
"""

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import nats.errors
import nats.js.errors
import structlog
from nats.js.api import PubAck

from burnish_shared import failpoints, metrics
from burnish_shared.bus import outbox_store, stream_loss
from burnish_shared.bus.connect import MESSAGE_ID_HEADER, PUBLISH_TIMEOUT_S, Bus
from burnish_shared.bus.outbox_store import Row, Sent
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.relay")

POLL_S: Final = 0.5
"""A row that nobody woke the relay for waits about so long at most."""

LEASE_S: Final = 5.0
"""Longer than a publish takes (2 s); how long the rows of a killed relay wait."""

REFUSED_WAIT_S: Final = 30.0
"""A row that the stream refuses by itself (too large) is tried again so seldom that it is in nobody's way."""

BATCH_ROWS: Final = 200
BATCH_BYTES: Final = 8 << 20
JOINED_BYTES: Final = 256 << 10
"""Of rows that become one message: a quarter of what one may have. What a reader cannot read, it loses as a whole."""

BUSY_MS: Final = 100
"""Where rows come one after another, turns are this far apart at least: a turn costs five statements, however few rows it sends."""

FAILED_WAIT_S: Final = (0.2, 0.5, 1.0, 2.0)
KEEP_SENT_S: Final = 86_400.0
HOUSEWORK_INTERVAL_S: Final = 15.0
FORGET_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Published:
    """What came of a batch. `stalled`: no answer in time; `unanswered`: messages of those rows, which may stand in the stream all the same;
    `refused`: the stream said no to the row itself."""

    sent: Sequence[Sent]
    repeated: int
    fresh: Sequence[Sent]
    stalled: Sequence[int]
    unanswered: int
    refused: Sequence[int]


Join = Callable[[Sequence[tuple[str, bytes]]], tuple[str, bytes] | None]
"""Of several messages, each (id, body), the one that says the same; None where they cannot be one."""


class Relay:
    """Sends the outbox rows of one service. Any number of replicas may run one each.

    `joins`: by subject, how rows of one turn become one message. Each of them keeps its place: that of the message.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        *,
        service: str,
        wait_ms: int = 20,
        busy_ms: int = BUSY_MS,
        poll_s: float = POLL_S,
        lease_s: float = LEASE_S,
        keep_s: float = KEEP_SENT_S,
        joins: Mapping[str, Join] | None = None,
    ) -> None:
        self._db = db
        self._bus = bus
        self._service = service
        for outcome in ("sent", "repeated", "failed"):
            metrics.outbox_sent_total.labels(service, outcome)  # A series that begins above 0 has not grown.
        self._wait_s = wait_ms / 1000
        self._busy_s = busy_ms / 1000
        self._poll_s = poll_s
        self._lease_s = lease_s
        self._keep_s = keep_s
        self._joins = joins or {}
        self._woken = asyncio.Event()
        self._woken_at = -math.inf
        """When the last turn began that somebody woke it for; those that it takes by itself find nothing as a rule."""
        self._checked_connection = 0
        self._unanswered = 0
        self._failures = 0
        self._housework_at = 0.0

    def wake(self) -> None:
        """Says that a row was committed. Rows that come within `wait_ms` travel together; where they keep coming, within `busy_ms`."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Relays until `stop`, then once more, so that what was written before the stop is sent."""
        self._bus.on_reconnect(self.wake)
        watcher = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                await self._turn()
                await self._rest(stop)
            await self._turn()
        finally:
            watcher.cancel()
            self._bus.forget(self.wake)

    async def send_due(self) -> int:
        """Sends what is due now; returns how many rows were sent. Raises Unavailable when NATS or PostgreSQL does not answer."""
        total = 0
        while True:
            await self._check_streams()
            async with self._db.unit_of_work(one_statement=True) as tx:  # twice a second in each service, and mostly for nothing
                rows = await outbox_store.claim(
                    tx, service=self._service, lease_s=self._lease_s, most_rows=BATCH_ROWS, most_bytes=BATCH_BYTES
                )
            if not rows:
                return total
            async with self._db.unit_of_work(read_only=True, one_statement=True) as tx:
                marks = await outbox_store.marks(tx)
            await failpoints.hit("relay_claimed")
            published = await self._publish(rows)
            await failpoints.hit("relay_published")
            await self._settle(published)
            await stream_loss.look_at_acknowledgements(self._db, marks, published.fresh)
            total += len(published.sent)
            self._unanswered += published.unanswered
            if published.stalled:
                raise Unavailable("The message bus did not acknowledge in time.", retry_after_s=1)
            if len(rows) < BATCH_ROWS and sum(len(row.body) for row in rows) < BATCH_BYTES // 2:
                return total  # nothing was left out: what is committed meanwhile wakes us again

    async def _turn(self) -> None:
        try:
            try:
                await self.send_due()
            except Unavailable:
                await self._housework()  # How old what waits is must be told above all while NATS takes nothing.
                raise
            await self._housework()
            self._failures = 0
        except Unavailable as error:
            if not self._failures:
                log.warning("relay_waits", service=self._service, error=error.message)
            self._failures += 1
        except Exception:  # The edge: a relay that dies of a lock timeout would take its whole service along.
            if not self._failures:
                log.exception("relay_failed", service=self._service)
            self._failures += 1

    async def _rest(self, stop: asyncio.Event) -> None:
        """Waits to be woken or for the next poll; after a failure longer, and deaf to wakes."""
        if self._failures:
            await came(stop, within_s=FAILED_WAIT_S[min(self._failures, len(FAILED_WAIT_S)) - 1])
            return
        if not await came(self._woken, within_s=in_step(self._poll_s)):
            return
        now_s = asyncio.get_running_loop().time
        was_calm = now_s() - self._woken_at > self._busy_s
        await came(stop, within_s=self._wait_s if was_calm else max(self._wait_s, self._busy_s))
        self._woken.clear()
        self._woken_at = now_s()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wake()

    async def _publish(self, rows: Sequence[Row]) -> Published:
        """All at once, and waits for the acknowledgements (`wait_stall=None` is 2.9 times one-in-flight, DESIGN section 5)."""
        acks: dict[int, asyncio.Future[PubAck]] = {}
        refused: list[int] = []
        try:
            for letter in _letters(rows, self._joins):
                headers = {**letter.headers, MESSAGE_ID_HEADER: letter.message_id}
                try:
                    ack = await self._bus.js.publish_async(letter.subject, letter.body, wait_stall=None, headers=headers)
                    acks.update(dict.fromkeys(letter.outbox_ids, ack))
                except nats.errors.MaxPayloadError:
                    refused += letter.outbox_ids
        except (nats.errors.Error, nats.js.errors.Error, OSError):
            pass  # The connection is gone or its buffer full: what has no acknowledgement counts as stalled.
        if acks:
            await asyncio.wait(set(acks.values()), timeout=PUBLISH_TIMEOUT_S)
        return _sorted_out(rows, acks, refused)

    async def _settle(self, published: Published) -> None:
        async with self._db.unit_of_work() as tx:
            if published.sent:
                await outbox_store.mark_sent(tx, published.sent)
            if published.stalled:
                await outbox_store.release(tx, published.stalled, after_s=0)
            if published.refused:
                await outbox_store.release(tx, published.refused, after_s=REFUSED_WAIT_S)
        count = metrics.outbox_sent_total.labels
        count(self._service, "sent").inc(len(published.sent) - published.repeated)
        count(self._service, "repeated").inc(published.repeated)
        count(self._service, "failed").inc(len(published.stalled) + len(published.refused))
        if published.refused:
            log.error("outbox_rows_refused", service=self._service, outbox_ids=list(published.refused[:20]))

    async def _check_streams(self) -> None:
        """Before the first row of each connection: have the streams lost anything since their marks were written?

        Nothing is published without a connection: the client would keep it, and send it before anybody could look.
        """
        if not self._bus.is_connected:
            raise Unavailable("The message bus cannot be reached at the moment.", retry_after_s=1)
        connection = self._bus.connections
        if self._checked_connection == connection:
            return
        await stream_loss.look_at_streams(self._db, self._bus, service=self._service, unanswered=self._unanswered)
        self._checked_connection, self._unanswered = connection, 0

    async def _housework(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._housework_at:
            return
        async with self._db.unit_of_work() as tx:
            rows, oldest_s = await outbox_store.waiting(tx, self._service)
            forgotten = await outbox_store.forget_sent(tx, older_s=self._keep_s, most=FORGET_ROWS)
        metrics.outbox_unsent.labels(self._service).set(rows)
        metrics.outbox_oldest_seconds.labels(self._service).set(oldest_s)
        self._housework_at = now_s + (1.0 if forgotten == FORGET_ROWS else HOUSEWORK_INTERVAL_S)


@dataclass(frozen=True, slots=True)
class _Letter:
    """One message, and the rows that it tells of."""

    outbox_ids: Sequence[int]
    subject: str
    message_id: str
    body: bytes
    headers: Mapping[str, str]


def _letters(rows: Sequence[Row], joins: Mapping[str, Join]) -> Iterator[_Letter]:
    """What is published for these rows. Neighbours of a subject that joins are one, where they can be."""
    for part in _parts(rows, joins):
        first = part[0]
        made = joins[first.subject]([(row.message_id, row.body) for row in part]) if len(part) > 1 else None
        if made is not None:
            yield _Letter([row.outbox_id for row in part], first.subject, *made, {})
            continue
        for row in part:
            yield _Letter([row.outbox_id], row.subject, row.message_id, row.body, row.headers)


def _parts(rows: Sequence[Row], joins: Mapping[str, Join]) -> Iterator[list[Row]]:
    part: list[Row] = []
    size_bytes = 0
    for row in rows:
        follows = part and row.subject == part[-1].subject and row.subject in joins and not (row.headers or part[-1].headers)
        if part and not (follows and size_bytes + len(row.body) <= JOINED_BYTES):
            yield part
            part, size_bytes = [], 0
        part.append(row)
        size_bytes += len(row.body)
    if part:
        yield part


def _sorted_out(rows: Sequence[Row], acks: dict[int, asyncio.Future[PubAck]], refused: list[int]) -> Published:
    sent, fresh, stalled = [], [], []
    for row in rows:
        ack = acks.get(row.outbox_id)
        if ack is None:
            if row.outbox_id not in refused:
                stalled.append(row.outbox_id)
        elif not ack.done() or ack.cancelled():  # cancelled: by a row before, which waits for the same acknowledgement
            ack.cancel()
            stalled.append(row.outbox_id)
        elif (error := ack.exception()) is None:
            place = Sent(row.outbox_id, ack.result().stream, ack.result().seq)
            sent.append(place)
            if not ack.result().duplicate:
                fresh.append(place)
        elif isinstance(error, nats.js.errors.APIError) and error.err_code in ROW_REFUSED_CODES:
            refused.append(row.outbox_id)
        else:
            stalled.append(row.outbox_id)
    unanswered = len({acks.get(one, one) for one in stalled})
    return Published(sent, len(sent) - len(fresh), fresh, stalled, unanswered, refused)


ROW_REFUSED_CODES: Final = frozenset({10054})
"""The message is larger than the stream allows."""
