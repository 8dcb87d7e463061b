"""Books finished executions, many in one transaction (DESIGN 4.5). The terminal frame leaves after the flush of that commit."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from burnish_executor import metrics
from burnish_shared import failpoints
from burnish_shared.books.event_parts import in_events
from burnish_shared.books.finished import SETTLE, FinishedExecution, without_content
from burnish_shared.books.gathering import Gathering
from burnish_shared.books.turns import Turns, commit
from burnish_shared.bus.relay import Relay
from burnish_shared.db.session import BUSY, UNAVAILABLE, DurableConnection
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid

log = structlog.get_logger("burnish.executor")

ROWS_MOST = 256

WAITING_MOST = 4096
"""Finished executions kept in memory while PostgreSQL is away; beyond it new work is refused."""

TEXT_WAITING_MOST_CHARACTERS = 256 * 1024 * 1024
"""Of what is kept meanwhile; a character takes one to four bytes."""

RETRY_S = 0.1

EACH_S: Final = 0.002
MOST_S: Final = 0.012
"""Twice what an admission waits for company: whoever waits for a record has been told all of a stream, or waited for a model."""

LONG_CHARACTERS = 256 * 1024
"""Of one row's text. Longer ones are booked apart: 60 answers of 4 million characters in one transaction took it three seconds and the
executor 600 MB, and nobody else's answer could leave before."""

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
    _characters: int = 0
    """Of the queue."""
    _round: list[list[_Waiting]] = field(default_factory=list)
    """Taken from the queue, to be booked behind what is being booked now."""
    _turns: list[UUID] = field(default_factory=list)
    """Workspaces of long rows in the queue, whose turn is next first."""
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _gathering: Gathering = field(default_factory=lambda: Gathering(each_s=EACH_S, most_s=MOST_S))
    _commits: Turns = field(default_factory=Turns)

    @property
    def is_full(self) -> bool:
        return len(self._queue) >= WAITING_MOST or self._characters > TEXT_WAITING_MOST_CHARACTERS

    def record(self, row: FinishedExecution, *, patience_s: float) -> "asyncio.Future[bool]":
        """True: this row is in the books, on disk. False: another claim's row is, so what we have must not be told.

        Unavailable when PostgreSQL stayed away for `patience_s`. It is booked whoever waits for it: await it shielded.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(row, loop.create_future(), loop.time() + patience_s, sum(map(len, filter(None, _TEXTS_OF(row)))))
        self._queue.append(waiting)
        self._characters += waiting.characters
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
            if not self._queue:
                self._asked.clear()
            self._round = [list(part) for batch in batches for part in in_events(batch, lambda one: one.row)]
            while self._round:
                part = self._round.pop(0)
                try:
                    await self._book(part, event_id=str(new_uuid()))
                except Exception as error:  # callers must not hang, whatever it was
                    log.exception("record.failed", rows=len(part))
                    _fail(part, error)
            self._gathering.sent(sum(map(len, batches)), now=loop.time())

    def _take(self) -> list[list[_Waiting]]:
        """What is booked next: those with little text, and then of those with much what one transaction takes. The others wait on."""
        short: list[_Waiting] = []
        long: list[_Waiting] = []
        left: list[_Waiting] = []
        room = TEXT_MOST_CHARACTERS
        for one in self._queue:
            if one.characters > LONG_CHARACTERS:
                long.append(one)
            elif len(short) < ROWS_MOST and one.characters <= room:
                short.append(one)
                room -= one.characters
            else:
                left.append(one)
        taken = self._take_long(long) if long else []
        if len(taken) < len(long):
            gone = {id(one) for one in taken}
            left += [one for one in long if id(one) not in gone]
        self._keep(left)
        return [batch for batch in (short, taken) if batch]

    def _take_long(self, waiting: list[_Waiting]) -> list[_Waiting]:
        """One row of each workspace in turn, so that nobody waits for more than one of every other. Whoever's row has no room any more
        comes first the next time."""
        rows_of: dict[UUID, deque[_Waiting]] = {}
        for one in waiting:
            rows_of.setdefault(one.row.workspace_id, deque()).append(one)
        turns = deque([known for known in self._turns if known in rows_of])
        turns.extend([new for new in rows_of if new not in turns])
        taken: list[_Waiting] = []
        put_off: list[UUID] = []
        room = TEXT_MOST_CHARACTERS
        while turns and len(taken) < ROWS_MOST:
            workspace_id = turns.popleft()
            rows = rows_of[workspace_id]
            if taken and rows[0].characters > room:
                put_off.append(workspace_id)
                continue
            room -= rows[0].characters
            taken.append(rows.popleft())
            if rows:
                turns.append(workspace_id)
        self._turns = [*put_off, *turns]
        return taken

    def _keep(self, left: list[_Waiting]) -> None:
        self._queue = left
        self._characters = sum(one.characters for one in left)
        metrics.RECORD_WAITING.set(len(left))

    def _give_up_overdue(self) -> None:
        """Those that wait behind what just failed hear of it when their own patience ends, and not once each was tried in turn."""
        self._keep(_patient(self._queue))
        self._round = [part for part in map(_patient, self._round) if part]

    async def _book(self, batch: list[_Waiting], *, event_id: str) -> None:
        """Tries until the rows are in the books or their patience ends. The event id stays the same over all tries."""
        lost_answer = False
        while batch:
            try:
                await failpoints.hit("executor.before_record")
                alone = len(batch) == 1 and not self._queue and not self._round
                rows = [one.row.as_row() for one in batch]
                row = await commit(self._commits, self.settle, self.disk, SETTLE, rows, "executor", event_id, alone=alone)
                made = set(row["made"]) if row else set()
                missing = [one for one in batch if one.row.execution_id not in made]
                own = await self._own_rows(missing) if missing and lost_answer else set()
                if own:
                    await self.disk.flush()
            except (*BUSY, *UNAVAILABLE, asyncpg.InsufficientResourcesError) as error:
                lost_answer = True
                log.warning("record.retried", rows=len(batch), error=type(error).__name__)
                batch = _patient(batch)
                if isinstance(error, UNAVAILABLE):
                    self._give_up_overdue()
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
