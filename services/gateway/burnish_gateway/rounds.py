"""Work that comes due for workspaces. Every gateway looks; one of them does it, because its row is locked; what fails stops no other."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

import structlog

from burnish_gateway.access.principal import Principal
from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_gateway.outside import Outside
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import BurnishError, Busy, Unavailable
from burnish_shared.in_step import in_step

log = structlog.get_logger("burnish.gateway")

WENT_WRONG = "internal_error: something went wrong on our side; it has been logged."


@dataclass(frozen=True, slots=True)
class RulePrincipal(Principal):
    """A rule of the workspace's own, acting as an editor would. `rule`: how the audit log names it, such as `system:schedule`."""

    rule: str = field(kw_only=True)

    @property
    def actor(self) -> str:
        return self.rule


class Rounds(ABC):
    """`task`: what logs and `burnish_gateway_background_failed_total` call it. A round is looked for every `interval_s` seconds."""

    task: ClassVar[str]
    interval_s: ClassVar[float]

    def __init__(self, db: Database, clock: Clock, wake_relay: Callable[[], None]) -> None:
        self.db = db
        self.clock = clock
        self._wake_relay = wake_relay

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.round()
            except BurnishError as error:
                log.warning("due.round_put_off", task=self.task, error=error.message)
            await asyncio.sleep(in_step(self.interval_s))

    async def round(self) -> int:
        """Returns how much was done. Raises Unavailable."""
        async with self.db.unit_of_work(one_statement=True) as tx:  # finds nothing, as a rule
            due = await self._next(tx)
        done = sum([await self.take_on(workspace_id, what) for workspace_id, what in due])
        if done:
            self._wake_relay()
        return done

    async def _next(self, tx: Tx) -> Sequence[tuple[UUID, UUID]]:
        """What this round takes on, in order."""
        return await self.due(tx)

    @abstractmethod
    async def due(self, tx: Tx) -> Sequence[tuple[UUID, UUID]]:
        """Workspaces and what is due there, a bounded number: one statement."""

    @abstractmethod
    async def take_on(self, workspace_id: UUID, what: UUID) -> int:
        """How much of it was done. Raises nothing but Unavailable, which ends the round."""

    def _note_put_off(self, workspace_id: UUID, what: UUID) -> None:
        log.warning("due.put_off", task=self.task, workspace_id=str(workspace_id), what=str(what))

    def _note_failed(self, workspace_id: UUID, what: UUID) -> None:
        """Within an `except`."""
        BACKGROUND_FAILED.labels(self.task).inc()
        log.exception("due.failed", task=self.task, workspace_id=str(workspace_id), what=str(what))


class StepRounds(Rounds):
    """Takes on what goes on by itself. What cannot be done now is put off, or it would stay the first of those that are due."""

    async def take_on(self, workspace_id: UUID, what: UUID) -> int:
        try:
            async with self.db.unit_of_work(workspace=workspace_id) as tx:
                return await self.step(tx, workspace_id, what)
        except Busy:
            self._note_put_off(workspace_id, what)
        except Unavailable:
            raise
        except Exception:  # what is due for others must not wait for what breaks
            self._note_failed(workspace_id, what)
        with contextlib.suppress(Busy):  # its row is held: the next round finds it again
            async with self.db.unit_of_work(workspace=workspace_id) as tx:
                await self.put_off(tx, workspace_id, what)
        return 0

    @abstractmethod
    async def step(self, tx: Tx, workspace_id: UUID, what: UUID) -> int:
        """How much was done; 0 where somebody else has it."""

    @abstractmethod
    async def put_off(self, tx: Tx, workspace_id: UUID, what: UUID) -> None:
        """To a later round."""


class StartRounds(Rounds):
    """Starts what a workspace's rule wants. A refusal is an answer: it is written down once, and not tried again for the same occasion.

    What is put off stays due, and the first of those that are: a gateway remembers it, and takes on others before it. It tries one of them
    in each round all the same, or they would wait for as long as more comes due than a round takes on.
    """

    most_at_once: ClassVar[int]

    def __init__(self, db: Database, clock: Clock, wake_relay: Callable[[], None], outside: Outside | None = None) -> None:
        """`outside`: that of the process; None: one of its own."""
        super().__init__(db, clock, wake_relay)
        self._outside = outside or Outside()
        self._put_off: dict[tuple[UUID, UUID], None] = {}  # the one that was tried last is the last

    @property
    def looked_at(self) -> int:
        """So many `due` finds: what was put off may stand before the others there."""
        return self.most_at_once + len(self._put_off)

    async def _next(self, tx: Tx) -> Sequence[tuple[UUID, UUID]]:
        due = await self.due(tx)
        there = set(due)
        self._put_off = {one: None for one in self._put_off if one in there}
        others = [one for one in due if one not in self._put_off]
        again = [*self._put_off]
        first = others[: self.most_at_once - min(1, len(again))]
        return [*first, *again, *others[len(first) :]][: self.most_at_once]

    async def take_on(self, workspace_id: UUID, what: UUID) -> int:
        try:
            return await self._started(workspace_id, what)
        except Busy:  # tried again in the next round, after the others
            self._note_put_off(workspace_id, what)
            self._put_off.pop((workspace_id, what), None)
            self._put_off[workspace_id, what] = None
            return 0

    async def _started(self, workspace_id: UUID, what: UUID) -> int:
        async def attempt() -> int:
            async with self.db.unit_of_work(workspace=workspace_id) as tx:
                return int(await self.start(tx, workspace_id, what))

        try:
            return await self._outside.run(attempt)
        except Unavailable:
            raise
        except BurnishError as error:
            why = f"{error.code}: {error.message}"[:500]  # what was named is gone, one is under way, or there is no credit
        except Exception:  # the rules of other workspaces must not wait for one that cannot be followed
            self._note_failed(workspace_id, what)
            why = WENT_WRONG
        async with self.db.unit_of_work(workspace=workspace_id) as tx:
            await self.note_refused(tx, workspace_id, what, why=why)
        return 0

    @abstractmethod
    async def start(self, tx: Tx, workspace_id: UUID, what: UUID) -> bool:
        """False: somebody else did, or it is not wanted any more. Raises what starting raises; nothing of the transaction stays then."""

    @abstractmethod
    async def note_refused(self, tx: Tx, workspace_id: UUID, what: UUID, *, why: str) -> None:
        """Where people see it. Idempotent: somebody else may have noted it."""
