"""Gives back what admissions hold whose answer was lost.

A caller who hears that the books cannot be reached is told nothing of what they did: the answer may have been lost, and a server that
stood still may do what it was asked a while later. Nobody was sent such a call, and nobody will be: its id was never told. So a hold
that it has is in the way of others alone, and of repeats with its Idempotency-Key. The sweeper would end it 60 s after its deadline.
"""

import asyncio
import contextlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog
from asyncpg import PostgresError

from burnish_gateway.execution import store
from burnish_gateway.execution.request_bytes import about
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.contracts.executions import ExecutionRequest, Lane
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError, Unavailable

log = structlog.get_logger("burnish.gateway")

FIRST_LOOK_S: Final = 1.0
"""And then each time after twice as long as before; as long as the books cannot be reached, once in so many seconds."""

LOOKS_MOST: Final = 8
"""After four minutes: a server that stood still has done what it was asked by then, and what comes later is the sweeper's."""

CALLS_MOST: Final = 1_000
"""Beyond it the oldest are left to the sweeper."""


@dataclass(slots=True)
class _Call:
    """What its record needs, where it has to be made; nothing of what was asked."""

    workspace_id: UUID
    route: str | None
    key: str | None
    body: bytes
    looks: int = 0
    look_at: float = 0.0


@dataclass(slots=True)
class Unanswered:
    """Calls that were answered 503 instead of their admission. `run` must be running."""

    db: Database
    _calls: "OrderedDict[UUID, _Call]" = field(default_factory=OrderedDict)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, request: ExecutionRequest, key: IdempotencyKey | None, *, claims: bool) -> None:
        """Of an admission that raised Unavailable. Others than a caller's who waits are claimed again under the same id, and may go on:
        they are left alone."""
        if request.lane is Lane.INTERACTIVE and not claims:
            self.add(request, key)

    def add(self, request: ExecutionRequest, key: IdempotencyKey | None) -> None:
        """One that was admitted, or may have been, and is given to nobody."""
        route, name = (key.route, key.key) if key is not None else (None, None)
        look_at = asyncio.get_running_loop().time() + FIRST_LOOK_S
        self._calls[request.execution_id] = _Call(request.workspace_id, route, name, about(request), look_at=look_at)
        if len(self._calls) > CALLS_MOST:
            self._calls.popitem(last=False)
        self._came.set()

    async def run(self) -> None:
        while True:
            await self._came.wait()
            await asyncio.sleep(FIRST_LOOK_S)
            now = asyncio.get_running_loop().time()
            with contextlib.suppress(Unavailable):
                for execution_id in [name for name, one in self._calls.items() if one.look_at <= now]:
                    await self._look(execution_id)
            if not self._calls:
                self._came.clear()

    async def _look(self, execution_id: UUID) -> None:
        """Raises Unavailable, which counts for no look: none of them can be looked at then."""
        one = self._calls.get(execution_id)
        if one is None:  # Others came meanwhile, and it was the oldest.
            return
        if await self._is_given_back(execution_id, one) or one.looks + 1 >= LOOKS_MOST:
            self._calls.pop(execution_id, None)
            return
        one.looks += 1
        one.look_at = asyncio.get_running_loop().time() + FIRST_LOOK_S * 2**one.looks

    async def _is_given_back(self, execution_id: UUID, one: _Call) -> bool:
        """Where nothing is held there is no record to be made: it never began, or not yet. Raises Unavailable."""
        try:
            async with self.db.unit_of_work(workspace=one.workspace_id) as tx:
                if await store.find_hold(tx, execution_id) is None:
                    return False
                await store.abandon(tx, execution_id, one.workspace_id, route=one.route, key=one.key, body=one.body)
        except Unavailable:
            raise
        except (BurnishError, PostgresError) as error:
            log.warning("execution.unanswered_hold_left", execution_id=str(execution_id), error=type(error).__name__)
            return False
        log.info("execution.unanswered_hold_given_back", execution_id=str(execution_id))
        return True
