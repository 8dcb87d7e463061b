"""Holds more for an execution before a further billable attempt is made (PROMISES C-03)."""

from dataclasses import dataclass

import structlog

from burnish_executor.run import Run, describe
from burnish_shared.books.admission import Admission, Verdict
from burnish_shared.errors import Unavailable
from burnish_shared.money import markup_of

log = structlog.get_logger("burnish.executor")


@dataclass(frozen=True, slots=True)
class Holds:
    """Widens holds; a repeat with the same total does nothing."""

    admission: Admission

    async def widen_for_operators_key(self, run: Run) -> bool:
        """The operator's key costs its markup on top, so more is held before it is used. False: that much is not there."""
        hold_nusd = run.request.hold_nusd
        return await self.widen(run, hold_nusd + markup_of(hold_nusd, percent=run.request.route.markup_percent))

    async def widen(self, run: Run, total_nusd: int) -> bool:
        """Holds so much in all, where less is held."""
        request = run.request
        if total_nusd <= max(request.hold_nusd, run.held_nusd):
            return True
        try:
            answer = await self.admission.widen(
                request.execution_id, request.workspace_id, fence=request.fence, total_nusd=total_nusd, account_ids=request.account_ids
            )
        except Unavailable:
            return False
        if answer.verdict is not Verdict.YES:
            log.info("execution.not_widened", verdict=answer.verdict.name, **describe(run))
            return False
        run.held_nusd = total_nusd
        return True
