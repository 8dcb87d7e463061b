"""Books finished executions, many in one transaction (DESIGN 4.5). The terminal frame leaves after the flush of that commit."""

import asyncio
from dataclasses import dataclass, field
from operator import attrgetter
from uuid import UUID

import asyncpg
import structlog

from burnish_executor import metrics
from burnish_shared import failpoints
from burnish_shared.books.event_parts import in_events
from burnish_shared.books.finished import SETTLE, FinishedExecution, without_content
from burnish_shared.books.gathering import Gathering
from burnish_shared.bus.relay import Relay
from burnish_shared.db.session import BUSY, UNAVAILABLE, DurableConnection
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid

log = structlog.get_logger("burnish.executor")

ROWS_MOST = 256

WAITING_MOST = 4096
"""Finished executions kept in memory while PostgreSQL is away; beyond it new work is refused."""

RETRY_S = 0.1

LONG_CHARACTERS = 256 * 1024
"""Of one row's text. Longer ones are booked apart: 60 answers of 4 MB in one transaction took it three seconds and the executor 600 MB, and
nobody else's answer could leave before."""

TEXT_MOST_CHARACTERS = 4 * 1024 * 1024
"""Of one transaction, unless one row has more: so much takes PostgreSQL some 60 ms."""


_TEXTS_OF = attrgetter("messages", "variables", "settings", "output", "tool_calls", "metadata", "attempts", "details")


@dataclass(slots=True)
class _Waiting:
    row: FinishedExecution
    booked: "asyncio.Future[bool]"
    give_up_at: float
    characters: int = 0


@dataclass(slots=True)
class Recorder:
    """Collects finished executions while a batch is under way. `run` must be running."""

    settle: DurableConnection
    disk: DurableConnection
    relay: Relay
    _queue: list[_Waiting] = field(default_factory=list)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _gathering: Gathering = field(default_factory=Gathering)

    @property
    def is_full(self) -> bool:
        return len(self._queue) >= WAITING_MOST

    def record(self, row: FinishedExecution, *, patience_s: float) -> "asyncio.Future[bool]":
        """True: this row is in the books, on disk. False: another claim's row is, so what we have must not be told.

        Unavailable when PostgreSQL stayed away for `patience_s`. It is booked whoever waits for it: await it shielded.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(row, loop.create_future(), loop.time() + patience_s, sum(len(text) for text in _TEXTS_OF(row) if text))
        self._queue.append(waiting)
        metrics.RECORD_WAITING.set(len(self._queue))
        self._asked.set()
        return waiting.booked

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._asked.wait()
            waiting = len(self._queue)
            if wait_s := self._gathering.wait_s(waiting, now=loop.time()):
                await asyncio.sleep(wait_s)
                self._gathering.brought(len(self._queue) - waiting)
            batches = self._take()
            metrics.RECORD_WAITING.set(len(self._queue))
            if not self._queue:
                self._asked.clear()
            for part in (part for batch in batches for part in in_events(batch, lambda one: one.row)):
                try:
                    await self._book(list(part), event_id=str(new_uuid()))
                except Exception as error:  # callers must not hang, whatever it was
                    log.exception("record.failed", rows=len(part))
                    _fail(list(part), error)
            self._gathering.sent(sum(map(len, batches)), now=loop.time())

    def _take(self) -> list[list[_Waiting]]:
        """What is booked next: those with little text, and then of those with much what one transaction takes. The others wait on."""
        taken: tuple[list[_Waiting], list[_Waiting]] = ([], [])
        room = [TEXT_MOST_CHARACTERS, TEXT_MOST_CHARACTERS]
        left: list[_Waiting] = []
        for one in self._queue:
            is_long = one.characters > LONG_CHARACTERS
            if len(taken[is_long]) < ROWS_MOST and (not taken[is_long] or one.characters <= room[is_long]):
                taken[is_long].append(one)
                room[is_long] -= one.characters
            else:
                left.append(one)
        self._queue = left
        return [batch for batch in taken if batch]

    async def _book(self, batch: list[_Waiting], *, event_id: str) -> None:
        """Tries until the rows are in the books or their patience ends. The event id stays the same over all tries."""
        lost_answer = False
        while batch:
            try:
                await failpoints.hit("executor.before_record")
                alone = len(batch) == 1 and not self._queue  # nobody waits for its locks: it commits for itself, in one turn
                through = self.disk if alone else self.settle
                row = await through.fetchrow(SETTLE, [one.row.as_row() for one in batch], "executor", event_id)
                made = set(row["made"]) if row else set()
                missing = [one for one in batch if one.row.execution_id not in made]
                own = await self._own_rows(missing) if missing and lost_answer else set()
                if not alone or own:
                    await self.disk.flush()
            except (*BUSY, *UNAVAILABLE, asyncpg.InsufficientResourcesError) as error:
                lost_answer = True
                log.warning("record.retried", rows=len(batch), error=type(error).__name__)
                batch = _patient(batch)
                await asyncio.sleep(RETRY_S)
            except (asyncpg.PostgresError, ValueError) as error:
                await self._split(batch, error)
                return
            else:
                metrics.RECORD_ROWS.observe(len(batch))
                _count([one.row for one in batch if one.row.execution_id in made])
                await failpoints.hit("executor.after_record")
                self.relay.wake()
                for one in batch:
                    if not one.booked.done():
                        one.booked.set_result(one.row.execution_id in made or one.row.execution_id in own)
                return

    async def _own_rows(self, missing: list[_Waiting]) -> set[UUID]:
        """Rows that an earlier try of ours made before its answer was lost: they stand under our own fence, with our own time.

        By the fence alone they would be anybody's who ended it for us: whoever does books under the fence of the hold.
        """
        rows = [one.row for one in missing]
        known = [one.execution_id for one in rows], [one.fence for one in rows], [one.finished_at for one in rows]
        return {row["execution_id"] for row in await self.settle.fetch("SELECT * FROM own_rows($1, $2, $3)", *known)}

    async def _split(self, batch: list[_Waiting], error: Exception) -> None:
        """A row that PostgreSQL refuses is found by halving, and booked without its text."""
        if len(batch) > 1:
            middle = len(batch) // 2
            for part in (batch[:middle], batch[middle:]):
                await self._book(part, event_id=str(new_uuid()))
            return
        one = batch[0]
        bare = without_content(one.row)
        if one.row == bare:
            _fail(batch, error)
            return
        log.error("record.unrecordable", execution_id=str(one.row.execution_id), error=type(error).__name__)
        one.row = bare
        await self._book([one], event_id=str(new_uuid()))


def _count(made: list[FinishedExecution]) -> None:
    """Of each execution once: a row of another claim, or of an earlier try whose answer was lost, is left out."""
    for lane in {row.lane for row in made}:
        metrics.COST_NUSD_OF(lane).inc(sum(row.cost_nusd for row in made if row.lane == lane))
    metrics.TOKENS_OF("input").inc(sum(row.input_tokens for row in made))
    metrics.TOKENS_OF("cached_input").inc(sum(row.cached_input_tokens for row in made))
    metrics.TOKENS_OF("output").inc(sum(row.output_tokens for row in made))


def _patient(batch: list[_Waiting]) -> list[_Waiting]:
    """Those that may go on waiting; the others hear that the books cannot be reached."""
    now = asyncio.get_running_loop().time()
    _fail([one for one in batch if one.give_up_at <= now], Unavailable("The books cannot be reached.", retry_after_s=1))
    return [one for one in batch if one.give_up_at > now]


def _fail(batch: list[_Waiting], error: BaseException) -> None:
    for one in batch:
        if not one.booked.done():
            one.booked.set_exception(error)
