"""May this execution begin? One statement answers for everybody who asked meanwhile (DESIGN 4.2, docs/admission.md).

The statement commits without waiting for the disk, so that no row lock is held through a flush; the answer is given after a flush
that many batches share. Whoever saw our hold commits after us, so nothing that was built on it can outlive it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal, Self
from uuid import UUID

import asyncpg
import structlog

from burnish_shared.books.gathering import Gathering
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

RATE_WINDOW_US = 60_000_000
BURST_RATIO = 0.2
"""Accepted in any window ≤ limit × (1 + burst) (PROMISES G-16)."""

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
class RateLimit:
    """`per_minute` requests in any minute, plus a burst of 20%, of `whose`. `calls`: so many this one counts as, all let in or none."""

    rate_id: int
    per_minute: int
    calls: int = 1
    whose: Literal["workspace", "api_key"] = "workspace"

    @property
    def burst_us(self) -> int:
        return int(RATE_WINDOW_US * BURST_RATIO) + self.step_us

    @property
    def step_us(self) -> int:
        """What one request moves the theoretical arrival time by (GCRA, ITU-T I.371)."""
        return max(1, RATE_WINDOW_US // self.per_minute)

    @property
    def most_at_once(self) -> int:
        """Calls that may begin at the same moment, where none began lately."""
        return self.burst_us // self.step_us


@dataclass(frozen=True, slots=True)
class RateState:
    """The tightest of a request's rates, after the verdict; for the headers RateLimit-Limit, -Remaining and -Reset.

    `limit`: requests a minute; `remaining`: how many would be let in at once now; `reset_s`: until all of the burst is there again.
    """

    rate_id: int
    limit: int
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key in its scope. `fingerprint`: SHA-256 of the canonical body."""

    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """One execution that wants to begin. `ttl_ms` from the moment of admission, on the database's clock.

    `claim`: an executor takes what may be held already; the fence rises. `message`: a background request to publish, as (subject, body).
    `account_ids`: the account that is charged first, budgets after it. `slot_account_id`: where an interactive one counts as in flight,
    of which there may be `most_in_flight`; None: it is not counted. `widen_fence`: what is held by this claim shall reach `amount_nusd`.
    """

    execution_id: UUID
    workspace_id: UUID
    amount_nusd: int
    ttl_ms: int
    lane: str
    account_ids: Sequence[int]
    rates: Sequence[RateLimit] = ()
    key: IdempotencyKey | None = None
    claim: bool = False
    message: tuple[str, bytes] | None = None
    slot_account_id: int | None = None
    most_in_flight: int = 0
    widen_fence: int | None = None


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
        """The row of answers, on disk. One that comes alone commits for itself: nobody waits for its locks, and it saves a round trip."""
        if len(batch) == 1 and not self._queue:
            return await self.disk.fetchrow(ADMIT, *_arguments(batch))
        row = await self.hold.fetchrow(ADMIT, *_arguments(batch))
        await self.disk.flush()
        return row

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


ADMIT = (
    "SELECT verdict, limit_id, retry_us, warned, original, fence, slack_us FROM admit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
    "$11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)"
)


def _arguments(batch: list[_Waiting]) -> tuple[Any, ...]:
    """The arrays of `admit`, flattened: distinct rates and accounts ascending, and for each request its slots and where they end."""
    asked = [one.request for one in batch]
    rates = {rate.rate_id: rate for request in asked for rate in request.rates}
    rate_ids = sorted(rates)
    named = {account for request in asked for account in request.account_ids}
    account_ids = sorted(named | {request.slot_account_id for request in asked if request.slot_account_id is not None})
    rate_slot = {rate_id: slot for slot, rate_id in enumerate(rate_ids, start=1)}
    account_slot = {account_id: slot for slot, account_id in enumerate(account_ids, start=1)}
    rate_to: list[int] = []
    account_to: list[int] = []
    for request in asked:
        rate_to.append((rate_to[-1] if rate_to else 0) + len(request.rates))
        account_to.append((account_to[-1] if account_to else 0) + len(request.account_ids))
    keys = [request.key for request in asked]
    messages = [request.message for request in asked]
    return (
        [request.execution_id for request in asked],
        [request.workspace_id for request in asked],
        [request.amount_nusd for request in asked],
        [request.ttl_ms for request in asked],
        [request.lane for request in asked],
        [one.seen_before for one in batch],
        [request.claim for request in asked],
        [key.route if key else None for key in keys],
        [key.key if key else None for key in keys],
        [key.fingerprint if key else None for key in keys],
        [message[0] if message else None for message in messages],
        [message[1] if message else None for message in messages],
        rate_ids,
        [RATE_WINDOW_US] * len(rate_ids),
        [rates[rate_id].burst_us for rate_id in rate_ids],
        account_ids,
        [rate_slot[rate.rate_id] for request in asked for rate in request.rates],
        [rate.step_us * rate.calls for request in asked for rate in request.rates],
        rate_to,
        [account_slot[account] for request in asked for account in request.account_ids],
        [account for request in asked for account in request.account_ids],
        account_to,
        [0 if request.slot_account_id is None else account_slot[request.slot_account_id] for request in asked],
        [request.most_in_flight for request in asked],
        [request.widen_fence or 0 for request in asked],
    )


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
    left = [rate_state(one, free - one.step_us * one.calls * taken) for one, free in zip(rates, slack_us, strict=False) if free is not None]
    return min(left, key=lambda one: one.remaining, default=None)


def rate_state(rate: RateLimit, slack_us: int) -> RateState:
    """What is left where `slack_us` of the burst is free."""
    free_us = max(0, slack_us)
    return RateState(
        rate_id=rate.rate_id, limit=rate.per_minute, remaining=free_us // rate.step_us, reset_s=(rate.burst_us - free_us) / 1_000_000
    )


def _fail(batch: list[_Waiting], error: BaseException) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)


def _by_workspace(batch: list[_Waiting]) -> list[list[_Waiting]]:
    parts: dict[UUID, list[_Waiting]] = {}
    for waiting in batch:
        parts.setdefault(waiting.request.workspace_id, []).append(waiting)
    return list(parts.values())
