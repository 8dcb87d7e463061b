"""Tells open pages of what nothing but they keep in memory, such as items of a dataset or deleted texts.

Whoever numbers a change of configuration keeps all others of the installation from numbering theirs until the commit. Items are added and
texts are deleted as often as applications are used, so these are gathered, and numbered after they were committed.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from burnish_shared.db.changes import ChangeKind, note_changes
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError

log = structlog.get_logger("burnish.gateway")

GATHER_S: Final = 0.5
"""A burst costs so often one row for each kind of a workspace; the first of it is told at once."""


@dataclass(slots=True)
class PageNotes:
    """What was committed here and is still to be told. A gateway that dies takes at most GATHER_S of it along: then pages that are open
    show it when they read anew."""

    db: Database
    _waiting: set[tuple[UUID, ChangeKind]] = field(default_factory=set)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, told: Collection[tuple[UUID, ChangeKind]]) -> None:
        self._waiting.update(told)
        self._woken.set()

    async def run(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self.write()
            await asyncio.sleep(GATHER_S)

    async def write(self) -> None:
        """While PostgreSQL is away it is kept for the next time."""
        waiting, self._waiting = self._waiting, set()
        if not waiting:
            return
        try:
            async with self.db.unit_of_work() as tx:
                await note_changes(tx, [(workspace_id, kind, "") for workspace_id, kind in sorted(waiting)])
        except BurnishError as error:
            self._waiting |= waiting
            self._woken.set()
            log.warning("page_notes.not_written", error=str(error), notes=len(waiting))
