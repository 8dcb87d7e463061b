"""Experiments in memory: no call looks one up that was not changed, and what stays outside is counted here and written now and then."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

import structlog

from burnish_gateway.execution.order import Order
from burnish_gateway.experiments import store
from burnish_gateway.experiments.running import Live, Running
from burnish_gateway.experiments.take_part import Outside, Taken, take_part
from burnish_gateway.metrics import BACKGROUND_FAILED, EXPERIMENT_CALLS
from burnish_gateway.routing.choose_way import Words, words_of
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.expressions import ExpressionError
from burnish_shared.in_step import in_step

log = structlog.get_logger("burnish.gateway")

WRITE_S: Final = 2.0
"""A gateway that dies takes so much of its counts along."""

COUNTS_MOST: Final = 20_000
"""Workspaces times experiments times reasons; what comes beyond it while PostgreSQL is away is not counted."""

NO_WORDS: Final = Words({})

OutsideKey = tuple[UUID, UUID, Outside]
"""Workspace, experiment, reason."""


@dataclass(slots=True)
class ExperimentBook:
    """Knows what runs in each workspace that has called, until a change touches it. `run` must be running."""

    db: Database
    known: ConfigCache[UUID, Running]
    _outside: "Counter[OutsideKey]" = field(default_factory=Counter)

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed) -> Self:
        async def load(workspace_id: UUID) -> Running:
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                rows = await store.list_running(tx, workspace_id)
                holdout = await store.find_holdout(tx, workspace_id) if rows else None
            by_slug: dict[str, list[Live]] = {}
            for row in rows:
                try:
                    by_slug.setdefault(row["slug"], []).append(Live.of(dict(row)))
                except ExpressionError as error:  # written by another release: nobody takes part, and every call is answered
                    log.error("experiment.targeting_unreadable", experiment_id=str(row["experiment_id"]), because=str(error))
            return Running(by_slug, *(holdout or (None, 0)))

        def touched(known: UUID, workspace_id: UUID | None, _: str) -> bool:
            return workspace_id is None or workspace_id == known

        return cls(db, ConfigCache(load, feed=feed, kinds=frozenset({"experiment"}), touched=touched))

    async def assign(self, order: Order, workspace_id: UUID, *, execution_id: UUID) -> Taken | None:
        """None where the call takes part in nothing. Costs a look into memory where the workspace runs no experiment.

        Where it is not known what runs, and PostgreSQL is away, nothing does: the label answers.
        """
        if order.slug is None or not order.takes_part:
            return None
        try:
            running = await self.known.get(workspace_id)
        except Unavailable:
            EXPERIMENT_CALLS.labels("unknown").inc()
            return None
        if not running.by_slug:
            return None
        slug = order.slug if order.slug in running.by_slug else order.slug.lower()
        if slug not in running.by_slug:
            return None
        has_targets = any(one.targeting is not None for one in running.by_slug[slug])
        words = Words(words_of(order, None)) if has_targets else NO_WORDS
        taken, outside = take_part(running, slug, order, execution_id=execution_id, words=words)
        for experiment_id, reason in outside:
            self.count(workspace_id, experiment_id, reason)
        if taken is not None:
            EXPERIMENT_CALLS.labels("taken").inc()
        return taken

    def count(self, workspace_id: UUID, experiment_id: UUID, reason: Outside) -> None:
        """One call that stayed outside."""
        EXPERIMENT_CALLS.labels(reason).inc()
        if len(self._outside) < COUNTS_MOST:
            self._outside[(workspace_id, experiment_id, reason)] += 1

    async def run(self) -> None:
        while True:
            await asyncio.sleep(in_step(WRITE_S))
            await self.write()

    async def write(self) -> None:
        """Writes what was counted. While PostgreSQL is away it is kept for the next time."""
        counted, self._outside = self._outside, Counter()
        for workspace_id in sorted({key[0] for key in counted}):
            own = {key: counted[key] for key in sorted(counted) if key[0] == workspace_id}
            try:
                async with self.db.unit_of_work(workspace=workspace_id) as tx:
                    await store.add_outside(tx, workspace_id, [(key[1], key[2], calls) for key, calls in own.items()])
            except BurnishError as error:
                log.warning("experiments.outside_not_written", error=str(error), rows=len(own))
                self._outside.update(own)
            except Exception:  # the edge of a workspace: counts that cannot be written are not worth a gateway
                BACKGROUND_FAILED.labels("experiment_counts").inc()
                log.exception("experiments.outside_failed", workspace_id=str(workspace_id), rows=len(own))
