"""Waiting for a budget that others hold: what they do not spend of it comes back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from burnish_optimizer.io import evaluations_store
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.db.session import Database

BUDGET_FULL: Final = "budget"
"""The executor's word for a budget that a call counts against beside who pays, and that has too little left."""

FUNDING_SPENT: Final = "funding"
"""The executor's word for a job's account that has too little left."""

RESTS_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Each time without an answer between them; after two minutes a budget that is held is taken for spent."""


@dataclass(slots=True)
class Rests:
    """Of one desk, which sends nothing while one is on. `over`: called at its end."""

    db: Database
    over: Callable[[], None]
    _taken: int = 0
    _timer: asyncio.TimerHandle | None = None

    @property
    def is_on(self) -> bool:
        return self._timer is not None

    async def begin(self, request: ExecutionRequest) -> bool:
        """For a call that a budget had no room for. False: it was spent and not only held, or all rests were taken."""
        async with self.db.unit_of_work(workspace=request.workspace_id, read_only=True) as tx:
            is_held = await evaluations_store.is_only_held(tx, request.account_ids, amount_nusd=request.hold_nusd)
        if not is_held or self._taken == len(RESTS_S):
            return False
        self._timer = asyncio.get_running_loop().call_later(RESTS_S[self._taken], self._end)
        self._taken += 1
        return True

    def answered(self) -> None:
        """A call was paid for: the next one may wait as long again."""
        self._taken = 0

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _end(self) -> None:
        self._timer = None
        self.over()
