"""The pull loop of every durable consumer: batches in, acknowledgements out, no message lost and none in its neighbours' way.

`handle` gets a batch and must do all of it or nothing (one transaction). When it raises, the batch is halved until the guilty message
stands alone; that one is tried again later, or dead-lettered first and terminated then (PROMISES 5.3). What is given back because the
service stops has not failed: the server delivers it beyond that (`streams.STOPS_MOST`). While PostgreSQL is away, the
loop holds its batch, tells NATS that it is still at work, and takes nothing new: an outage uses up nobody's deliveries.
"""

import asyncio
import contextlib
import json
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nats.errors
import structlog
from nats.aio.msg import Msg

from burnish_shared import metrics, tracing
from burnish_shared.bus import dead_letters_store
from burnish_shared.bus.connect import MESSAGE_ID_HEADER, Bus
from burnish_shared.bus.pull import PullReader
from burnish_shared.bus.retry import Poison, PoisonGuard, retry_delay_s
from burnish_shared.db.session import Database
from burnish_shared.errors import Busy, Unavailable
from burnish_shared.streams import SECOND_NS, ConsumerSpec
from burnish_shared.waiting import came, heeding

__all__ = ["Delivered", "Poison", "consume", "retry_delay_s"]

log = structlog.get_logger("burnish.consumer")

PAUSE_S: Final = 60.0
LONGEST_PAUSE_S: Final = 600.0
DATABASE_WAIT_S: Final = (0.1, 0.25, 0.5, 1.0, 2.0)
PATIENCE_S: Final = 20.0
"""So long a single message waits for rows that others hold, or for what is away beside the database, before that counts as a failed
delivery (PROMISES row 21: bounded retry)."""

DRAIN_S: Final = 30.0
ASKING_MOST: Final = 4
"""So many requests for one message lie at the server at once, however many loops wait. It serves them in their order, and one of a process
that stands still takes its message along, which nobody gets before its ack_wait is over."""

STOPPING_S: Final = 2.0
"""Within this, replicas that are stopped together have all left the consumer."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message. `num_delivered` counts from 1; `message_id` is the publisher's, or stream and sequence where it gave none."""

    data: bytes
    subject: str
    stream_seq: int
    num_delivered: int
    headers: Mapping[str, str]
    message_id: str


Handle = Callable[[Sequence[Delivered]], Awaitable[None]]


async def consume(
    bus: Bus,
    consumer: ConsumerSpec,
    handle: Handle,
    *,
    db: Database,
    stop: asyncio.Event,
    concurrency: int = 1,
    pause_s: float = PAUSE_S,
    drain_s: float = DRAIN_S,
) -> None:
    """Reads `consumer` until `stop`, then finishes the batches in hand (at most `drain_s`) and returns.

    `handle` is called for at most `concurrency` batches at a time. It raises Poison for what can never succeed, anything else for what
    may succeed later. Effects must be safe to repeat: a batch that was done but not acknowledged comes again.
    """
    shared = _Consumer(bus, consumer, handle, db=db, stop=stop, pause_s=pause_s)
    readers = [PullReader(bus, consumer) for _ in range(min(concurrency, 1 if consumer.batch_messages > 1 else ASKING_MOST))]
    for reader in readers:
        await reader.open()
    loops = [_Loop(shared, readers[number % len(readers)], drain_s=drain_s) for number in range(concurrency)]
    async with asyncio.TaskGroup() as group:
        for one in loops:
            group.create_task(one.run())


class _Abandoned(Exception):
    """The service stops while the database is away: what is in hand goes back."""


@dataclass(slots=True)
class _Held:
    """A message in hand: `settled` once it was acknowledged, put back or terminated."""

    message: Msg
    delivered: Delivered
    identity: str
    is_settled: bool = False


class _Loop:
    """One batch at a time: read, work, repeat. A reader is that of several loops, which take turns: what comes too late for whom it was
    asked by, as behind a reconnect, is there for whoever reads next."""

    def __init__(self, consumer: "_Consumer", reader: PullReader, *, drain_s: float) -> None:
        self._consumer = consumer
        self._stop = consumer.stop
        self._drain_s = drain_s
        self._reader = reader

    async def run(self) -> None:
        leaving = asyncio.create_task(self._leave_on_stop())
        try:
            while not self._stop.is_set():
                await self._consumer.pause_if_needed()
                if not self._stop.is_set():
                    await self._step()
        finally:
            if not self._stop.is_set():
                leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            await self._leave()

    async def _step(self) -> None:
        spec = self._consumer.spec
        async with self._reader.turn:
            if self._stop.is_set():
                return
            messages = await self._reader.next_batch(at_most=1 if self._consumer.guard.on_probation else spec.batch_messages)
        if not messages:
            return
        held = [_held(one) for one in messages]
        work = asyncio.create_task(self._consumer.work(held))
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({work}, timeout=self._drain_s)
        finally:
            stopped.cancel()
            if not work.done():
                work.cancel()
            with contextlib.suppress(asyncio.CancelledError, _Abandoned):
                await work
            await self._consumer.put_back([one for one in held if not one.is_settled])

    async def _leave_on_stop(self) -> None:
        """At once, also while a batch is in work: what comes meanwhile is for others."""
        await self._stop.wait()
        await self._leave()

    async def _leave(self) -> None:
        self._reader.interrupt()
        await self._consumer.put_back([_held(one) for one in await self._reader.close()])


class _Consumer:
    """What the loops of one consumer share: the handler, the guard against draining into dead letters, settling of messages."""

    def __init__(self, bus: Bus, spec: ConsumerSpec, handle: Handle, *, db: Database, stop: asyncio.Event, pause_s: float) -> None:
        self.bus = bus
        self.spec = spec
        self.stop = stop
        self.guard = PoisonGuard()
        self._handle = handle
        self._db = db
        self._pause_s = pause_s
        self._ack_wait_s = 0.0
        metrics.consumer_paused.labels(spec.durable).set(0)

    async def work(self, held: list[_Held]) -> None:
        """Settles every one of `held`, with signs of life to NATS meanwhile. Raises _Abandoned."""
        alive = asyncio.create_task(self._show_progress(held))
        try:
            await self._work(held)
        finally:
            alive.cancel()

    async def pause_if_needed(self) -> None:
        """Stands still after too many dead letters, so that a fault of ours does not empty the stream into them (PROMISES M-08)."""
        if not self.guard.is_tripped:
            return
        pause_s = self.guard.pause_s(first_s=self._pause_s, longest_s=LONGEST_PAUSE_S)
        metrics.consumer_paused.labels(self.spec.durable).set(1)
        log.error("consumer_paused", consumer=self.spec.durable, pause_s=pause_s, consecutive=self.guard.consecutive)
        await came(self.stop, within_s=pause_s)
        self.guard.resume()

    async def put_back(self, held: Sequence[_Held], *, delay_s: float | None = None) -> None:
        """Gives messages back to the stream, for another replica to take at once, or for anybody after `delay_s`.

        One whose next failure would be its last waits for a moment: replicas that stop together would use up what it has between them.
        """
        for one in held:
            has_few_left = one.delivered.num_delivered >= self.spec.max_deliver - 1
            with contextlib.suppress(nats.errors.Error):
                await one.message.nak(delay=STOPPING_S if delay_s is None and has_few_left else delay_s)
            one.is_settled = True

    async def _work(self, held: list[_Held]) -> None:
        if self.guard.is_tripped:
            await self.put_back(held, delay_s=self._pause_s)
            return
        failure = await self._try(held)
        if failure is None:
            await self._acknowledge(held)
        elif len(held) == 1:
            await self._fail(held[0], failure)
        else:
            for part in _parts(held, failure):
                await self._work(part)

    async def _try(self, held: Sequence[_Held]) -> Exception | None:
        """One call of the handler. Returns why it failed, None when it did not. Waits while the database is away, and calls again.

        So it does for a while where others hold its rows, or where the handler says that something was away although the database answers
        (it was away a moment ago, or this process stood still), if the message is alone: that is no fault of it, and deliveries are few.
        """
        loop, waited = asyncio.get_running_loop(), 0
        patient_until: float | None = None
        while True:
            try:
                with metrics.handle_seconds.labels(self.spec.durable).time():
                    await self._call([one.delivered for one in held])
            except Unavailable as error:
                if isinstance(error, Busy) or await self._database_answers():
                    patient_until = patient_until or loop.time() + PATIENCE_S
                    if self.spec.batch_messages > 1 or loop.time() > patient_until:
                        return error
                else:
                    patient_until = None
                    if not waited:
                        log.warning("consumer_waits_for_database", consumer=self.spec.durable, messages=len(held))
                await self._wait_for_database(waited)
                waited += 1
            except Exception as error:  # The edge: whatever a handler raises becomes a retry or a dead letter, and is logged there.
                return error
            else:
                return None

    async def _call(self, delivered: Sequence[Delivered]) -> None:
        parent = delivered[0].headers.get(tracing.TRACEPARENT) if len(delivered) == 1 else None
        with tracing.span(f"{self.spec.durable} process", parent=parent):
            async with asyncio.timeout(self.spec.handle_timeout_s):
                await self._handle(delivered)

    async def _fail(self, held: _Held, failure: Exception) -> None:
        one = held.delivered
        is_dead = isinstance(failure, Poison) or one.num_delivered >= self.spec.max_deliver
        log.warning(
            "message_dead_lettered" if is_dead else "message_failed",
            consumer=self.spec.durable,
            stream_seq=one.stream_seq,
            deliveries=one.num_delivered,
            error=failure.reason if isinstance(failure, Poison) else type(failure).__name__,
            raised_at=_raised_at(failure),
        )
        if is_dead:
            await self._bury(held, failure)
            return
        metrics.messages_total.labels(self.spec.durable, "retried").inc()
        await self.put_back([held], delay_s=retry_delay_s(one.num_delivered, failure, delays_s=self.spec.retry_delays_s))

    async def _bury(self, held: _Held, failure: Exception) -> None:
        """Writes the dead letter, then terminates: a crash between the two writes the same letter again."""
        one = held.delivered
        letter = dead_letters_store.DeadLetter(
            consumer=self.spec.durable,
            stream=self.spec.stream,
            stream_seq=one.stream_seq,
            subject=one.subject,
            deliveries=one.num_delivered,
            reason=failure.reason if isinstance(failure, Poison) else f"{type(failure).__name__}: {failure}",
            identity=held.identity,
            payload=one.data,
            message_id=one.headers.get(MESSAGE_ID_HEADER),
            headers=one.headers,
        )
        waited = 0
        while True:
            try:
                async with self._db.unit_of_work() as tx:
                    await dead_letters_store.write(tx, [letter])
                break
            except Unavailable:
                await self._wait_for_database(waited)
                waited += 1
        with contextlib.suppress(nats.errors.Error):
            await held.message.term()
        held.is_settled = True
        self.guard.record(is_dead=True, stream_seq=one.stream_seq)
        metrics.messages_total.labels(self.spec.durable, "dead_lettered").inc()
        metrics.events_dropped_total.labels(self.spec.durable, "poison" if isinstance(failure, Poison) else "tries_spent").inc()

    async def _acknowledge(self, held: Sequence[_Held]) -> None:
        was_on_probation = self.guard.on_probation
        for one in held:
            with contextlib.suppress(nats.errors.Error):  # Not acknowledged means delivered again, which changes nothing.
                await one.message.ack()
            one.is_settled = True
            self.guard.record(is_dead=False, stream_seq=one.delivered.stream_seq)
        metrics.messages_total.labels(self.spec.durable, "handled").inc(len(held))
        if was_on_probation:
            metrics.consumer_paused.labels(self.spec.durable).set(0)
            log.info("consumer_resumed", consumer=self.spec.durable)

    async def _show_progress(self, held: Sequence[_Held]) -> None:
        if not self._ack_wait_s:
            self._ack_wait_s = await self._find_ack_wait_s()
        while True:
            await asyncio.sleep(self._ack_wait_s / 3)
            for one in held:
                if not one.is_settled:
                    with contextlib.suppress(nats.errors.Error):
                        await heeding(one.message.in_progress())

    async def _find_ack_wait_s(self) -> float:
        """What the consumer really has: a setting may have made it shorter than the spec's."""
        try:
            answer = await self.bus.request(f"$JS.API.CONSUMER.INFO.{self.spec.stream}.{self.spec.durable}", timeout_s=2)
            return float(json.loads(answer.data)["config"]["ack_wait"]) / SECOND_NS
        except (nats.errors.Error, TimeoutError, KeyError):
            return self.spec.ack_wait_s

    async def _wait_for_database(self, waited: int) -> None:
        """A pause that grows with `waited`. Raises _Abandoned when the service stops."""
        await came(self.stop, within_s=DATABASE_WAIT_S[min(waited, len(DATABASE_WAIT_S) - 1)])
        if self.stop.is_set():
            raise _Abandoned

    async def _database_answers(self) -> bool:
        try:
            async with self._db.unit_of_work(read_only=True) as tx:
                await tx.fetchval("SELECT 1")
        except Unavailable:
            return False
        return True


def _raised_at(failure: Exception) -> str:
    """File and line; not the message, which may hold what the log must not (PROMISES P-08)."""
    frames = traceback.extract_tb(failure.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _parts(held: list[_Held], failure: Exception) -> list[list[_Held]]:
    """How to go on with a batch that failed: the message that the handler named apart from the rest, else two halves."""
    named = failure.stream_seq if isinstance(failure, Poison) else None
    guilty = [one for one in held if one.delivered.stream_seq == named]
    if guilty:
        return [[one for one in held if one.delivered.stream_seq != named], guilty]
    middle = len(held) // 2
    return [held[:middle], held[middle:]]


def _held(message: Msg) -> _Held:
    metadata = message.metadata
    headers = dict(message.headers or {})
    seq = metadata.sequence.stream
    delivered = Delivered(
        data=message.data,
        subject=message.subject,
        stream_seq=seq,
        num_delivered=metadata.num_delivered,
        headers=headers,
        message_id=headers.get(MESSAGE_ID_HEADER) or f"{metadata.stream}:{seq}",
    )
    return _Held(message, delivered, identity=metadata.timestamp.isoformat())
