"""Lines of a batch that a budget of their end user has no room for: nobody else's line waits for them, or ends with them."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from burnish_optimizer.io import evaluations_store
from burnish_optimizer.io.asked import Asked, refuse
from burnish_optimizer.io.later import Later
from burnish_optimizer.io.questions import EndUserOutOfBudget
from burnish_optimizer.io.rests import BUDGET_FULL
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable

WAITS_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Before a line whose end user has calls under way is asked again; the last one again and again, since calls end."""


@dataclass(slots=True)
class EndUserBudgets:
    """Of one desk. `again`: takes a line that may be asked once more; `other`: one that another budget had no room for. `run` must be
    running."""

    db: Database
    again: Callable[[Asked], None]
    other: Callable[[Asked, str], None]
    _refused: "deque[tuple[Asked, ExecutionRequest]]" = field(default_factory=deque)
    _later: Later = field(init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _has_stopped: bool = False

    def __post_init__(self) -> None:
        self._later = Later(self.again)

    @property
    def held_count(self) -> int:
        """Lines that wait for other calls of their end user."""
        return len(self._later)

    def look(self, asked: Asked, request: ExecutionRequest) -> None:
        """Finds out whose budget it was, and what becomes of the line."""
        self._refused.append((asked, request))
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._refused:
                await self._judge(*self._refused.popleft())

    async def _judge(self, asked: Asked, request: ExecutionRequest) -> None:
        try:
            async with self.db.unit_of_work(workspace=request.workspace_id, read_only=True) as tx:
                room = await evaluations_store.end_users_room(tx, request.account_ids, amount_nusd=request.hold_nusd)
        except Unavailable:
            room = "held"
        match room:
            case "spent":
                refuse(asked, EndUserOutOfBudget(nowhere=asked.nowhere))
            case "held" if not self._has_stopped:
                self._later.put(asked, wait_s=WAITS_S[min(asked.refused, len(WAITS_S)) - 1])
            case "held":
                self.again(asked)
            case _:
                self.other(asked, BUDGET_FULL)

    def let_all_go(self) -> list[Asked]:
        """What waits, which does so no longer, nor does what comes after it."""
        self._has_stopped = True
        return self._later.let_all_go()

    def cancel(self) -> None:
        self._later.cancel()
