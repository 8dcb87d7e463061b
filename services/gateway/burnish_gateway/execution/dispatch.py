"""Gives an admitted execution to executors until one has finished it, and tells the caller what comes (DESIGN 4.3, 4.4, 4.6).

When an executor falls silent, the fence is raised first: whatever it still does is shut out of the books. What had not started is handed
to another executor; what had started is booked from the text that was delivered.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

import nats.errors
import structlog

from burnish_gateway.deps import Gateway
from burnish_gateway.execution import books
from burnish_gateway.execution.frames import GraceOver, Mailbox, NobodyThere
from burnish_gateway.execution.order import REQUEST_MOST_BYTES
from burnish_gateway.execution.park import parked
from burnish_gateway.execution.request_bytes import stamped, unstamped
from burnish_gateway.execution.told import Alive, Delta, Done, Started, Text, Told
from burnish_gateway.metrics import HANDOVERS
from burnish_shared import subjects
from burnish_shared.bus import payloads
from burnish_shared.bus.frames import CUT_SHORT, Frame, FrameKind, cancelled, superseded
from burnish_shared.contracts.executions import ExecutionRequest, KeyUse, PayloadRef
from burnish_shared.deltas import said_in
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.json_bytes import decoded, encoded
from burnish_shared.waiting import heeding

log = structlog.get_logger("burnish.gateway")

RETRY_S = 0.05
RETRY_MOST_S = 0.5
"""Between looks of one that is looked for long. Each sends the whole request, and an executor that is full reads it to refuse it."""

HANDOVERS_MOST = 1
"""A request whose executor died before the model began is given to another one once (PROMISES E-01): it may be what kills them."""

PONG_S = 0.3
"""How long NATS may take to answer before it counts as standing still."""

PATIENT_S = 20.0
"""How long an executor is looked for by what would fail with more than one call: the only one may be starting again. As long as
single messages of batches wait (bus/batch.py)."""

LAST_WORD_S = 2.0
"""How long a gateway that gives no more time waits for how a stream was booked, to tell its caller."""

STALL_S = 0.2
"""A wait that took this much longer than it should says that this process was stopped, and nothing about the executor."""


@dataclass(slots=True)
class Dispatch:
    """One execution on its way. `follow` yields what the caller is told, and ends with one Done.

    `body`: the request as `unstamped` bytes, where somebody made them before. `delivered`: the text that was told, `beside_bytes`: the
    length of tool calls and further choices that were. `goes_on`: a gateway that stops lets it be, and whoever goes on finds it in the
    books.
    """

    gateway: Gateway
    request: ExecutionRequest
    body: bytes | None = None
    key: tuple[str, str] | None = None
    fence: int = 1
    accepted: bool = False
    started: bool = False
    used_key: bytes = b""
    told_started: bool = False
    finished: bool = False
    gap: bool = False
    chunks: int = 0
    interrupted: bool = False
    delivered: list[bytes] = field(default_factory=list)
    beside_bytes: int = 0
    queue: Mailbox = field(default_factory=Mailbox)
    sought_since: float = 0.0
    seek_until: float = 0.0
    handovers: int = 0
    goes_on: bool = False
    ends_by: float = math.inf

    async def follow(self) -> AsyncGenerator[Told, None]:
        """Raises Unavailable when no executor took it in time; then it is booked as an error and its key is free."""
        loop, settings = asyncio.get_running_loop(), self.gateway.settings
        allowed_s = (self.request.deadline_at - self.request.sent_at).total_seconds()
        books_until = loop.time() + allowed_s + settings.sweep_grace_s + settings.sweep_interval_s
        self._seek()
        self.queue = self.gateway.inbox.open(self.request.execution_id)
        try:
            await self._send()
            while True:
                if not self.accepted and loop.time() >= self.seek_until and not self.queue.has_arrivals:
                    body = await self._give_up()
                    self.finished = True
                    for told in self._end(body, is_read=True):
                        yield told
                    return
                if loop.time() >= self.ends_by:
                    await self._cancel(CUT_SHORT)  # whoever works on it by now may not have heard the first one
                    raise self._cut_short("This gateway is stopped, and was not told how the execution ended; read it by its id.")
                if loop.time() > books_until:
                    raise Unavailable("The execution did not end in time; read it by its id.", retry_after_s=1)
                for told in await self._step():
                    self.finished = isinstance(told, Done)
                    yield told
                    if self.finished:
                        return
        finally:
            self.gateway.refusals.forget(self.request.account_ids)
            try:
                if not self.finished:
                    await self._leave()
            finally:
                self.gateway.inbox.close(self.request.execution_id, self.queue)

    @property
    def model(self) -> str:
        """The model that answers, as far as is known: a fallback names itself when it begins."""
        named = decoded(self.used_key).get("model") if self.used_key else None
        return named if isinstance(named, str) else self.request.route.model

    async def _step(self) -> Sequence[Told]:
        """Waits for one frame, or for silence. What the caller is told of it."""
        loop, patience_s = asyncio.get_running_loop(), self._patience_s()
        deaf_at = loop.time() + patience_s + STALL_S
        try:
            arrival = await self.queue.get(within_s=patience_s)
        except TimeoutError:
            if loop.time() > deaf_at:
                self.seek_until += loop.time() - deaf_at + STALL_S  # We stood still ourselves: what was said meanwhile is still to be read.
            elif loop.time() < self.ends_by and not self.queue.has_arrivals and (self.accepted or loop.time() < self.seek_until):
                return await self._on_silence()
            return ()
        if isinstance(arrival, GraceOver):
            return await self._on_grace_over()
        if isinstance(arrival, NobodyThere) or (arrival.kind is FrameKind.FULL and arrival.fence == self.fence and not self.accepted):
            await asyncio.sleep(self._retry_s())
            await self._send()
        elif arrival.fence == self.fence:
            return await self._on_frame(arrival)
        return ()

    def _patience_s(self) -> float:
        """How long a silence may last before it means something."""
        if self.accepted and self.ends_by == math.inf:
            return self.gateway.settings.executor_silence_s
        if self.accepted:
            return max(0.0, min(self.gateway.settings.executor_silence_s, self.ends_by - asyncio.get_running_loop().time()))
        return max(0.0, min(self.gateway.settings.accept_wait_s, self.seek_until - asyncio.get_running_loop().time()))

    def _seek(self) -> None:
        """An executor is looked for from now on: to run it, or, when another one fell silent in the middle, to book what was delivered."""
        settings = self.gateway.settings
        patience_s = settings.interrupted_give_up_s if self.interrupted else settings.dispatch_give_up_s
        if self.goes_on:
            left_s = (self.request.deadline_at - self.gateway.clock.now()).total_seconds()
            patience_s = max(patience_s, min(PATIENT_S, left_s))
        self.sought_since = asyncio.get_running_loop().time()
        self.seek_until = self.sought_since + patience_s

    def _retry_s(self) -> float:
        """Who can wait looks the less often the longer it has looked: steps of many chains may be at it at once."""
        sought_s = asyncio.get_running_loop().time() - self.sought_since if self.goes_on else 0.0
        return min(RETRY_MOST_S, max(RETRY_S, sought_s / 10))

    async def _on_frame(self, frame: Frame) -> Sequence[Told]:
        match frame.kind:
            case FrameKind.ACCEPTED:
                self.accepted = True
            case FrameKind.STARTED:
                self.accepted = self.started = True
                self.used_key = frame.body
                if not self.told_started:
                    self.told_started = True
                    return (Started(),)
            case FrameKind.CHUNK | FrameKind.DELTA:
                told = self._on_piece(frame)
                if told is not None:
                    return (told,)
            case FrameKind.TERMINAL | FrameKind.PARKED:
                self._note_gap(frame.chunks)
                return self._end(await self._outcome_in(frame))
            case FrameKind.ELSEWHERE:
                self.accepted = True  # and has ended here: while nobody can read how, it is not to be booked as if nobody had taken it
                return await self._end_by_books()
            case FrameKind.HEARTBEAT:
                self.accepted = True
                self._note_gap(frame.chunks)
                return (Alive(),)
        return ()

    async def _outcome_in(self, frame: Frame) -> bytes:
        """Raises Unavailable where it lies beside its frame, and cannot be fetched; it is booked all the same."""
        if frame.kind is FrameKind.TERMINAL:
            return frame.body
        return await payloads.get(self.gateway.bus, PayloadRef.model_validate_json(frame.body))

    def _on_piece(self, frame: Frame) -> Text | Delta | None:
        """What the caller is told of it; nothing after a gap: what is missing comes from the books, in one piece."""
        self.accepted = self.started = True
        self.gap = self.gap or (self.request.stream and frame.chunks != self.chunks + 1)
        self.chunks = frame.chunks
        if self.gap:
            return None
        if frame.kind is FrameKind.DELTA:
            text, beside_bytes = said_in(decoded(frame.body))
            self.beside_bytes += beside_bytes
            if not text:
                return Delta(frame.body)
            self.delivered.append(encoded(text))
            return Delta(frame.body, self.delivered[-1])
        self.delivered.append(frame.body)
        return Text(frame.body)

    def _note_gap(self, chunks_before: int) -> None:
        if self.request.stream and chunks_before > self.chunks:
            self.gap = True

    def _end(self, body: bytes, *, is_read: bool = False) -> Sequence[Told]:
        """The rest of the text, where a gap had held it back, and the outcome. `is_read`: from the books, as frames were lost.

        Where the rest is not known, as its text was masked before it was kept, a success is told as a gap.
        """
        self.gap = self.gap or (is_read and self.request.stream)
        rest = books.rest_of(body, self.delivered) if self.gap else b""
        body = books.gapped(body) if rest is None else body
        done = Done(body, gap=self.gap, has_key=self.key is not None)
        return (Text(rest), done) if rest else (done,)

    async def _end_by_books(self) -> Sequence[Told]:
        """Another claim may have written the row; nothing, as long as there is none."""
        body = await books.read_outcome(self.gateway, self.request)
        return () if body is None else self._end(body, is_read=True)

    async def _on_silence(self) -> Sequence[Told]:
        """Nobody said anything for as long as counts. While NATS itself is away or stands still, that says nothing about the executor."""
        if not await self.gateway.bus.answers(timeout_s=PONG_S) or self.queue.has_arrivals:
            return ()
        try:
            fence = await books.raise_fence(self.gateway, self.request)
        except BurnishError as error:
            log.warning("execution.fence_not_raised", execution_id=str(self.request.execution_id), error=str(error))
            return ()
        if fence is None:
            return await self._end_by_books()
        HANDOVERS.labels("started" if self.started else "accepted" if self.accepted else "not_accepted").inc()
        await self._cancel(superseded(below_fence=fence))
        was_accepted, self.fence, self.accepted, self.chunks = self.accepted, fence, False, 0
        if was_accepted:
            self.handovers += 1
            self.interrupted = self.started or self.handovers > HANDOVERS_MOST or self.ends_by < math.inf  # Nobody would hear a new answer.
            self._seek()
        await self._send()
        return ()

    async def _on_grace_over(self) -> Sequence[Told]:
        """The caller hears how it ended while there is somebody to tell: a stream what the books say of what had come, a call that waits
        for the whole answer 503. One with a key of which no text was told goes on, and is answered when it is asked again.
        """
        if self.goes_on:
            return ()
        if not self.accepted and not self.interrupted:
            return self._end(await self._give_up(), is_read=True)
        may_ask_again = not self.request.stream or (self.key is not None and not self.delivered and not self.beside_bytes)
        if self.interrupted and may_ask_again:
            raise self._cut_short("This gateway is stopped, and the executor had stopped in the middle; read the execution by its id.")
        if self.key is not None and may_ask_again:
            raise self._cut_short("This gateway is stopped. The execution goes on: ask again with the same Idempotency-Key.")
        await self._cancel(CUT_SHORT)
        if not self.request.stream:
            raise self._cut_short(
                "This gateway was stopped before the answer was there. The execution was ended, and its input may be charged; "
                "read it by its id, or try again."
            )
        self.ends_by = asyncio.get_running_loop().time() + LAST_WORD_S
        return ()

    def _cut_short(self, message: str) -> Unavailable:
        """Nothing is left to end here."""
        self.finished = True
        return Unavailable(message, retry_after_s=1, details={"execution_id": str(self.request.execution_id)})

    async def _send(self) -> None:
        sent_at = self.gateway.clock.now()
        body = stamped(self._unstamped(), fence=self.fence, sent_at=sent_at)
        try:
            if len(body) > REQUEST_MOST_BYTES:
                self.request, self.body = await parked(self.request, self.gateway), None
                body = stamped(self._unstamped(), fence=self.fence, sent_at=sent_at)
            inbox = self.gateway.inbox.subject(self.request.execution_id)
            await heeding(self.gateway.bus.nc.publish(subjects.EXECUTIONS_REQUESTED_INTERACTIVE, body, reply=inbox))
        except (nats.errors.Error, OSError, Unavailable) as error:
            log.warning("execution.not_sent", execution_id=str(self.request.execution_id), error=type(error).__name__)

    def _unstamped(self) -> bytes:
        """The request; of one whose executor stopped in the middle with what was delivered, to be booked and not run."""
        if self.interrupted:
            changes: dict[str, Any] = {
                "interrupted": books.text_of(self.delivered),
                "interrupted_beside_bytes": self.beside_bytes,
                "upstream_started": self.started,
                "stream": False,
                "used_key": KeyUse.model_validate_json(self.used_key) if self.used_key else None,
            }
            return unstamped(self.request.model_copy(update=changes))
        if self.body is None:
            self.body = unstamped(self.request)
        return self.body

    async def _cancel(self, why: bytes) -> None:
        try:
            await heeding(self.gateway.bus.nc.publish(subjects.execution_cancel(self.request.execution_id), why))
        except (nats.errors.Error, OSError):
            return  # an executor that cannot be told ends by its own deadline

    async def _leave(self) -> None:
        """Nobody listens any more. What nobody was heard to take for as long as counts is booked so now, and not at its deadline, where
        the sweeper would; one that goes on is taken up by whoever goes on with its run.
        """
        await self._cancel(cancelled(up_to_fence=self.fence))
        sought_s = asyncio.get_running_loop().time() - self.sought_since
        is_taken = self.accepted or self.interrupted or self.queue.has_arrivals or sought_s < self.gateway.settings.accept_wait_s
        if not (is_taken or self.goes_on):
            await asyncio.shield(books.abandon(self.gateway, self.request, key=self.key))

    async def _give_up(self) -> bytes:
        """No executor took it: booked as an error, so that one that took it silently cannot finish it any more.

        One that had started is left to the sweeper: only an executor can price what was delivered.
        """
        await self._cancel(superseded(below_fence=self.fence + 1))
        if self.interrupted:
            self.finished = True
            raise Unavailable("The executor stopped in the middle, and no other is there; read the execution by its id.", retry_after_s=1)
        if await books.abandon(self.gateway, self.request, key=self.key):
            self.finished = True
            raise Unavailable("No executor can take this request at the moment; try again.", retry_after_s=1)
        body = await books.read_outcome(self.gateway, self.request)
        if body is None:
            raise Unavailable("No executor can take this request at the moment; try again.", retry_after_s=1)
        return body
