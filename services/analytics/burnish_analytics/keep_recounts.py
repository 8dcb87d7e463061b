"""Recounts of the night and those that somebody asked for: differences become a row, a metric, a log line and an audit entry.

Nothing is corrected by itself: a difference means that counting has a fault, and hiding it would hide the fault.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog

from burnish_analytics import metrics
from burnish_analytics.core.recount import Difference
from burnish_analytics.core.rollup import WORKSPACE, SetKey, bucket_start
from burnish_analytics.forget_old import NUMBERS_DAYS
from burnish_analytics.io import live_score_store, whole_store
from burnish_analytics.io import recounts_store as store
from burnish_analytics.recount import recount
from burnish_analytics.take_turns import each
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from burnish_shared.in_step import in_step
from burnish_shared.moments import in_utc
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.analytics")

AT_ONCE: Final = 100
"""So many in one round; the next round makes the others."""

LEASE_S: Final = 1_800
"""A recount of 31 days with 100,000 executions each takes a tenth of it. Two that make the same one tell of it once all the same."""

TRIES_MOST: Final = 3
TRY_AGAIN_S: Final = 300

SHOWN: Final = 200
"""So many differences are kept; their number is told in full."""

NIGHT_STARTS: Final = timedelta(hours=1)
"""After midnight UTC: what finished shortly before has been counted."""

FORGET_MOST: Final = 10_000

FORGET_TURNS: Final = 20
"""So many transactions of each at a time: what a hold of years kept keeps no recount and no stop waiting."""

FORGET_EVERY_S: Final = 600.0
"""What is too old is looked for in every workspace; a day more or less of 25 months is nothing."""


@dataclass(frozen=True, slots=True)
class RecountKeeper:
    """Looks every `interval_s` for recounts that are due, until `stop`."""

    db: Database
    clock: Clock
    interval_s: float

    async def run(self, stop: asyncio.Event) -> None:
        forget_at = 0.0
        while not stop.is_set():
            for step in (self.ask_for_the_night, self.recount_due):
                await self._step(step)
            if (now := asyncio.get_running_loop().time()) >= forget_at:
                await self._step(self.forget)
                forget_at = now + FORGET_EVERY_S
            await came(stop, within_s=in_step(self.interval_s))

    async def _step(self, step: Callable[[], Awaitable[object]]) -> None:
        """None keeps the others from being done."""
        try:
            await step()
        except Unavailable:
            log.warning("recount_waits", step=step.__name__)
        except Exception:  # The edge of a round: what is pending stays so, and the next round finds it again.
            metrics.housework_failures_total.labels("recount").inc()
            log.exception("recount_failed", step=step.__name__)

    async def ask_for_the_night(self) -> int:
        """Asks for yesterday of every workspace that had executions then. Returns how many it asked for."""
        now = self.clock.now()
        midnight = bucket_start(now, "day")
        if now < midnight + NIGHT_STARTS:
            return 0
        async with self.db.unit_of_work(one_statement=True) as tx:
            workspaces = await store.nightly_due(tx, midnight, at_most=AT_ONCE)
        return await each("recount", workspaces, partial(self._ask, midnight=midnight))

    async def _ask(self, workspace_id: UUID, *, midnight: datetime) -> int:
        async with self.db.unit_of_work(workspaces={workspace_id}) as tx:
            await store.ask_nightly(tx, workspace_id, new_uuid(), start=midnight - timedelta(days=1), end=midnight)
        return 1

    async def recount_due(self) -> int:
        """Makes the recounts that are pending, each by one replica. Returns how many differences they found.

        One that fails is tried again later, TRIES_MOST times in all; the others do not wait for it.
        """
        found = 0
        for _ in range(AT_ONCE):
            async with self.db.unit_of_work(one_statement=True) as tx:
                claimed = await store.claim(tx, lease_s=LEASE_S, attempts=TRIES_MOST)
            if claimed is None:
                break
            async with self.db.unit_of_work(workspaces={claimed[0]}) as tx:
                asked = await store.find(tx, *claimed)
            if asked is not None:
                found += await self._try(asked)
        return found

    async def _try(self, asked: store.Asked) -> int:
        try:
            return await self._make(asked)
        except Exception:  # The edge of one recount: what it read is let go, and it is tried again.
            async with self.db.unit_of_work(workspaces={asked.workspace_id}) as tx:
                is_over = await store.put_off(tx, asked.workspace_id, asked.recount_id, wait_s=TRY_AGAIN_S, attempts=TRIES_MOST)
            metrics.housework_failures_total.labels("recount").inc()
            log.exception("recount_failed", workspace_id=str(asked.workspace_id), recount_id=str(asked.recount_id), given_up=is_over)
            return 0

    async def forget(self) -> None:
        """What is too old, so much of it in one transaction, and the rest the next time; of workspaces under a legal hold nothing."""
        for forget in (store.forget_rollups, live_score_store.forget_scores):
            for _ in range(FORGET_TURNS):
                async with self.db.unit_of_work() as tx:
                    forgotten = await forget(tx, at_most=FORGET_MOST)
                if forgotten == 0:
                    break

    async def _make(self, asked: store.Asked) -> int:
        """Days of which raw rows are forgotten are left out: a recount of nothing would call every figure wrong.

        Rows of the whole workspace that are not the sums of its `rollups` are told like any other difference, not read any more, and added
        up anew.
        """
        oldest = bucket_start(self.clock.now(), "day") - timedelta(days=NUMBERS_DAYS - 1)
        start = max(bucket_start(asked.range_start, "day"), oldest)
        result = await recount(self.db, asked.workspace_id, start=start, end=asked.range_end)
        count = len(result.differences)
        async with self.db.unit_of_work(workspaces={asked.workspace_id}) as tx:
            shown = [_shown(one) for one in result.differences[:SHOWN]]
            is_ours = await store.finish(tx, asked, counted_from=start, shown=shown, count=count, uncounted=result.uncounted)
            if is_ours and count:
                await store.note_differences(tx, new_uuid(), asked, count=count)
            if any(isinstance(one.key, SetKey) and one.key.dimension == WORKSPACE for one in result.differences):
                await whole_store.mark(tx, asked.workspace_id)
        if is_ours:
            metrics.recounts_total.labels("nightly" if asked.requested_by == store.NIGHTLY else "asked").inc()
            metrics.recount_differences_total.inc(count)
            if count:
                log.error("rollups_differ", workspace_id=str(asked.workspace_id), recount_id=str(asked.recount_id), differences=count)
        return count


def _shown(one: Difference) -> dict[str, Any]:
    """A difference with the dimensions of its row, as JSON."""
    key = {name: _plain(value) for name, value in asdict(one.key).items() if name != "workspace_id"}
    return {**key, "figure": one.figure, "rollup": float(one.rollup), "recounted": float(one.recounted)}


def _plain(value: object) -> object:
    return in_utc(value) if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value
