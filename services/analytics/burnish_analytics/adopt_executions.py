"""Moves the history of a group of calls to the prompt that it became: rows of the books, facts, and every figure they were counted in.

In bounded steps. In each, an execution leaves the figures of "no prompt" and enters those of the prompt, with its reactions, in the
bucket of time that it belongs to; a recount from raw rows gives the same afterwards. Calls that were under way when the group was
adopted end as calls without a prompt, so it is looked for more until they must be over.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from burnish_analytics import metrics
from burnish_analytics.core.fold import add_finished
from burnish_analytics.core.intake import UNSAID, Intake, Said
from burnish_analytics.core.moved import moved
from burnish_analytics.core.reactions import standing_of_entry
from burnish_analytics.core.rollup import Fact
from burnish_analytics.io import adoption_store as store
from burnish_analytics.io import feedback_store, rollup_store
from burnish_analytics.io.feedback_store import FeedbackRow
from burnish_analytics.take_turns import each
from burnish_shared.contracts.finished_columns import NAMES, FinishedColumns
from burnish_shared.db.session import Database

log = structlog.get_logger("burnish.analytics")

STEP: Final = 500
"""Executions in one transaction, beside which nothing is counted: some tens of milliseconds."""

STEPS_MOST: Final = 20
"""In one round, for all groups together, which take turns."""

PAUSE_RATIO: Final = 3.0
"""After each step, in times of what it took: ingestion of all workspaces is held for a quarter of the time at most."""

GROUPS_MOST: Final = 100

SETTLED_S: Final = 900.0
"""The longest deadline of a call, the sweeper's grace, and time to count it."""


@dataclass(frozen=True, slots=True)
class Adopter:
    """Moves what is left of each group; another replica may do the same."""

    db: Database
    period_ms: int
    _moved_last: list[tuple[UUID, str]] = field(default_factory=list)

    async def adopt_all(self) -> int:
        """One round. Returns how many executions were moved."""
        async with self.db.unit_of_work(one_statement=True) as tx:
            groups = await store.under_way(tx, at_most=GROUPS_MOST)
        waiting = deque(sorted(groups, key=self._moved_last.__contains__))
        self._moved_last.clear()
        total = 0
        while waiting and len(self._moved_last) < STEPS_MOST:
            group = waiting.popleft()
            count = await each("adopt", [group], self._adopt)
            total += count
            if count:
                self._moved_last.append(group)
            if count == STEP:
                waiting.append(group)
        return total

    async def _adopt(self, group: tuple[UUID, str]) -> int:
        """One step, and the pause after it."""
        began = asyncio.get_running_loop().time()
        count = await self._step(*group)
        if count:
            metrics.adopted_total.inc(count)
            log.info("group.adopted", workspace_id=str(group[0]), executions=count)
            await asyncio.sleep(PAUSE_RATIO * (asyncio.get_running_loop().time() - began))
        return count

    async def _step(self, workspace_id: UUID, group_key: str) -> int:
        async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
            adoption = await store.lock(tx, workspace_id, group_key, settled_s=SETTLED_S)
            if adoption is None:
                return 0
            if not await store.left(tx, adoption, at_most=1):
                await store.note(tx, adoption, moved=0, is_over=adoption.is_settled)
                return 0
            await store.hold_ingestion(tx, length_ms=self.period_ms)
            rows = await store.left(tx, adoption, at_most=STEP)
            executions = [row["execution_id"] for row in rows]
            reactions = await feedback_store.joined_to(tx, workspace_id, executions)
            before, after = _counted(rows, reactions), _counted(rows, reactions, slug=adoption.slug, version=adoption.version)
            count = await store.adopt(tx, adoption, executions)
            await rollup_store.add_deltas(tx, moved(before.deltas, after.deltas))
            await store.note(tx, adoption, moved=count, is_over=False)
        return count


def _counted(rows: Sequence[asyncpg.Record], reactions: Sequence[FeedbackRow], **changed: object) -> Intake:
    """What these executions and reactions add up to, as if they came now; `changed`: the prompt that they count for."""
    intake = Intake()
    add_finished(intake, FinishedColumns.of_columns(store.columns_of(rows, NAMES, **changed)))
    wanted = {(one.key.workspace_id, one.execution_id) for one in reactions if one.execution_id is not None}
    facts: dict[tuple[UUID, UUID], Fact] = intake.finished.facts_by_id(wanted)
    for one in reactions:
        fact = facts.get((one.key.workspace_id, one.execution_id)) if one.execution_id is not None else None
        if fact is not None and one.entry is not None:
            said = Said(standing_of_entry(one.key.kind, one.entry))
            intake.add_reaction(fact, before=UNSAID, after=said, is_first=False)
            intake.deltas.add_metric(fact, one.key.kind, before=None, after=one.entry.value)
    return intake
