"""May this execution begin? One statement answers for everybody who asked meanwhile (DESIGN 4.2, docs/admission.md).

The statement commits without waiting for the disk, so that no row lock is held through a flush; the answer is given after a flush
that many batches share. Whoever saw our hold commits after us, so nothing that was built on it can outlive it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, Self
from uuid import UUID

import asyncpg
import structlog

from burnish_shared.books.admission_request import AdmissionRequest, RateLimit, TokenLimit, statement_of
from burnish_shared.books.gathering import Gathering
from burnish_shared.books.turns import Turns, commit
from burnish_shared.db.session import BUSY, UNAVAILABLE, DurableConnection, Pooler
from burnish_shared.errors import Busy, Unavailable
from burnish_shared.sparing_log import SparingLog

log = structlog.get_logger()

MOST_IN_A_BATCH = 256
"""Requests in one statement: 3–11 ms (ADMISSION)."""

GIVE_UP_S = 2.0
"""How long an admission whose answer was lost is asked again, with the same id, before the caller hears 503."""

STATEMENT_TIMEOUT_MS = 1_500
"""Of both connections of an admission: a frozen PostgreSQL must not be waited for longer than callers are."""

ANSWER_S = 2.8
"""Longest wait of one caller, whatever stands before it in the queue (PROMISES G-10: 503 within 3 s)."""

DEADLOCKS_MOST = 3
"""So often a batch may be the victim of a deadlock before it is tried in parts. The transaction did nothing, and others went on."""

RETRIES_TOLD_S = 5.0
"""How often one and the same reason to try a batch again is told; how often it was one since, with it."""

BUSY_ROWS = "Another operation holds this workspace's account; try again."
AWAY = "The books cannot be reached at the moment; try again."


class Verdict(IntEnum):
    """What `admit` answers; the numbers are those of the SQL function."""

    YES = 0
    RATE = 1
    BUDGET = 2
    CREDIT = 3
    FUNDING = 4
    SUSPENDED = 5
    UNKNOWN_ACCOUNT = 6
    ENDED = 7
    KEY_REPEATED = 8
    KEY_MISMATCH = 9
    CLOSING = 10
    ALLOWANCE = 11
    CONCURRENCY = 12
    SUPERSEDED = 13


@dataclass(frozen=True, slots=True)
class RateState:
    """The tightest of a request's rates, after the verdict; for the headers RateLimit-Limit, -Remaining and -Reset.

    `limit`: requests a minute, or tokens; `remaining`: how many would be let in at once now; `reset_s`: until all of the burst is there
    again. `left_ratio`: how much of that is left, by which limits of different units are compared.
    """

    rate_id: int
    limit: int
    remaining: int
    reset_s: float
    unit: Literal["requests", "tokens"] = "requests"
    left_ratio: float = 0.0

    @property
    def burst(self) -> int:
        """How many may begin at the same moment, where none began lately."""
        return self.limit if self.unit == "tokens" else RateLimit(self.rate_id, self.limit).most_at_once


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict. `limit_id`: the rate or account that said no; `retry_after_s`: when it may say yes; `original`: whose key it was.

    `rate`: how much of the tightest rate is left after a yes or a refusal; None where no rate was named or looked at (a repeat).
    """

    verdict: Verdict
    limit_id: int | None = None
    retry_after_s: float = 0.0
    original: UUID | None = None
    fence: int = 1
    warned_account_id: int | None = None
    rate: RateState | None = None


@dataclass(slots=True, eq=False)
class _Waiting:
    request: AdmissionRequest
    answer: "asyncio.Future[Answer]"
    seen_before: bool = False


@dataclass(slots=True)
class Admission:
    """Collects what is asked while a batch is on its way, and sends it as the next one. `run` must be running.

    `hold`: the connection that commits asynchronously; `disk`: the one that flushes.
    """

    hold: DurableConnection
    disk: DurableConnection
    _queue: list[_Waiting] = field(default_factory=list)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _gathering: Gathering = field(default_factory=Gathering)
    _turns: Turns = field(default_factory=Turns)
    _retries: SparingLog = field(default_factory=lambda: SparingLog(interval_s=RETRIES_TOLD_S))

    @classmethod
    def over(cls, dsn: str, *, application_name: str, pooler: Pooler = "none") -> Self:
        """With connections of its own, made when they are first needed."""

        def connection(name: str, *, asynchronous: bool) -> DurableConnection:
            return DurableConnection(
                dsn, application_name=f"{application_name}-{name}", asynchronous=asynchronous, statement_timeout_ms=STATEMENT_TIMEOUT_MS,
                pooler=pooler,
            )  # fmt: skip

        return cls(hold=connection("admit", asynchronous=True), disk=connection("flush", asynchronous=False))

    async def close(self) -> None:
        await self.hold.close()
        await self.disk.close()

    async def ask(self, request: AdmissionRequest) -> Answer:
        """The answer, once it is on disk. Raises Unavailable when the books could not be reached for ANSWER_S; what may be held
        all the same is ended by the sweeper."""
        waiting = _Waiting(request, asyncio.Future(), seen_before=request.claim or request.widen_fence is not None)
        self._queue.append(waiting)
        self._asked.set()
        timer = asyncio.get_running_loop().call_later(ANSWER_S, self._give_up, waiting)
        try:
            return await waiting.answer
        finally:
            timer.cancel()

    def _give_up(self, waiting: _Waiting) -> None:
        self._queue = [one for one in self._queue if one is not waiting]
        _fail([waiting], Unavailable(AWAY, retry_after_s=1))

    async def widen(self, execution_id: UUID, workspace_id: UUID, *, fence: int, total_nusd: int, account_ids: Sequence[int]) -> Answer:
        """Holds more for an execution under way, before a further attempt that may cost: `total_nusd` in all, on the accounts it has.

        At or below what is held it changes nothing, so any repeat is harmless. SUPERSEDED: the execution is another claim's now;
        ENDED: it has its row; BUDGET, CREDIT, FUNDING, ALLOWANCE: the difference is not there, and what was held stays held.
        """
        request = AdmissionRequest(
            execution_id=execution_id, workspace_id=workspace_id, amount_nusd=total_nusd, ttl_ms=0, lane="", account_ids=account_ids,
            widen_fence=fence,
        )  # fmt: skip
        return await self.ask(request)

    async def run(self) -> None:
        """Answers until it is cancelled; one batch is under way at any time."""
        loop = asyncio.get_running_loop()
        while True:
            await self._asked.wait()
            waiting = len(self._queue)
            if wait_s := self._gathering.wait_s(waiting, now=loop.time()):
                await asyncio.sleep(wait_s)
                self._gathering.brought(len(self._queue) - waiting)
            batch, self._queue = self._queue[:MOST_IN_A_BATCH], self._queue[MOST_IN_A_BATCH:]
            if not self._queue:
                self._asked.clear()
            try:
                await self._decide(batch)
            except Exception as error:  # whatever it was, callers must not hang
                log.exception("admission.failed", requests=len(batch))
                _fail(batch, error)
            self._gathering.sent(len(batch), now=loop.time())

    async def _decide(self, batch: list[_Waiting]) -> None:
        give_up_at, deadlocks = asyncio.get_running_loop().time() + GIVE_UP_S, 0
        while batch := [one for one in batch if not one.answer.done()]:  # Whoever gave up waiting needs no answer.
            try:
                row = await self._admit(batch)
            except asyncpg.DeadlockDetectedError:
                deadlocks += 1
                if deadlocks >= DEADLOCKS_MOST:
                    await self._split(batch, _by_workspace(batch))
                    return
                self._tell_retry("DeadlockDetectedError", batch)
            except asyncpg.LockNotAvailableError:
                await self._split(batch, _by_workspace(batch))
                return
            except UNAVAILABLE as error:
                for one in batch:
                    one.seen_before = True
                if asyncio.get_running_loop().time() >= give_up_at:
                    _fail(batch, Unavailable(AWAY, retry_after_s=1))
                    return
                self._tell_retry(type(error).__name__, batch)
                await asyncio.sleep(0.05)
            except asyncpg.PostgresError as error:
                if len(batch) == 1:
                    _fail(batch, Busy(BUSY_ROWS, retry_after_s=1) if isinstance(error, BUSY) else error)
                    return
                await self._split(batch, [batch[: len(batch) // 2], batch[len(batch) // 2 :]])
                return
            else:
                _tell(batch, row)
                return

    def _tell_retry(self, error: str, batch: list[_Waiting]) -> None:
        """A line for the first, and then one every RETRIES_TOLD_S: a server that is full is asked twenty times a second."""
        times = self._retries.due(error)
        if times is not None:
            log.warning("admission.retried", error=error, requests=len(batch), times=times)

    async def _admit(self, batch: list[_Waiting]) -> asyncpg.Record | None:
        """The row of answers, on disk. One that comes alone commits for itself: nobody waits for its locks, and it saves a round trip. So
        does each where the disk is quick."""
        statement, arguments = statement_of([one.request for one in batch], [one.seen_before for one in batch])
        alone = len(batch) == 1 and not self._queue
        return await commit(self._turns, self.hold, self.disk, statement, *arguments, alone=alone)

    async def _split(self, batch: list[_Waiting], parts: list[list[_Waiting]]) -> None:
        """A batch that failed is tried in parts; a part that cannot be made smaller and meets a lock again is answered 503."""
        if len(parts) == 1:
            try:
                row = await self._admit(batch)
            except UNAVAILABLE:
                _fail(batch, Unavailable(AWAY, retry_after_s=1))
            except BUSY:
                _fail(batch, Busy(BUSY_ROWS, retry_after_s=1))
            else:
                _tell(batch, row)
            return
        for part in parts:
            await self._decide(part)


def _tell(batch: list[_Waiting], row: asyncpg.Record | None) -> None:
    if row is None:
        raise RuntimeError("admit answered nothing")
    verdicts, limits, retries, originals, fences, warned, slacks = (
        row["verdict"], row["limit_id"], row["retry_us"], row["original"], row["fence"], row["warned"], row["slack_us"] or [],
    )  # fmt: skip
    rated = 0
    for index, waiting in enumerate(batch):
        rates = waiting.request.rates
        slack_us, rated = slacks[rated : rated + len(rates)], rated + len(rates)
        if not waiting.answer.done():
            waiting.answer.set_result(
                Answer(
                    verdict=Verdict(verdicts[index]),
                    limit_id=limits[index],
                    retry_after_s=retries[index] / 1_000_000,
                    original=originals[index],
                    fence=fences[index],
                    warned_account_id=warned[index],
                    rate=_tightest(rates, slack_us, taken=verdicts[index] == Verdict.YES),
                )
            )


def _tightest(rates: Sequence[RateLimit], slack_us: Sequence[int | None], *, taken: bool) -> RateState | None:
    """The rate that lets the fewest in. `slack_us`: how much of each burst was free; `taken`: this request took its step since."""
    left = [rate_state(one, free - one.taken_us * taken) for one, free in zip(rates, slack_us, strict=False) if free is not None]
    if len({one.unit for one in left}) > 1:
        return min(left, key=lambda one: one.left_ratio)
    return min(left, key=lambda one: one.remaining, default=None)


def rate_state(rate: RateLimit, slack_us: int) -> RateState:
    """What is left where `slack_us` of the burst is free."""
    free_us = max(0, slack_us)
    return RateState(
        rate_id=rate.rate_id, limit=rate.per_minute, remaining=rate.left_in(free_us), reset_s=(rate.burst_us - free_us) / 1_000_000,
        unit="tokens" if isinstance(rate, TokenLimit) else "requests", left_ratio=free_us / rate.burst_us,
    )  # fmt: skip


def _fail(batch: list[_Waiting], error: BaseException) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)


def _by_workspace(batch: list[_Waiting]) -> list[list[_Waiting]]:
    parts: dict[UUID, list[_Waiting]] = {}
    for waiting in batch:
        parts.setdefault(waiting.request.workspace_id, []).append(waiting)
    return list(parts.values())
