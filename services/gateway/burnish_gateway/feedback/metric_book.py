"""Declared metrics in memory: feedback is held to them without a question to PostgreSQL."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from burnish_gateway.feedback import metric_store
from burnish_gateway.feedback.metric_definition import Definitions
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable


@dataclass(frozen=True, slots=True)
class MetricBook:
    """Knows the declarations of each workspace that has sent a metric, until a change touches them."""

    known: ConfigCache[UUID, Definitions]

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed) -> Self:
        async def load(workspace_id: UUID) -> Definitions:
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                return {row["name"]: metric_store.definition_of(row) for row in await metric_store.list_all(tx)}

        def touched(known: UUID, workspace_id: UUID | None, _: str) -> bool:
            return workspace_id is None or workspace_id == known

        return cls(ConfigCache(load, feed=feed, kinds=frozenset({"metric"}), touched=touched))

    async def of(self, workspace_id: UUID) -> Definitions:
        """What the workspace declared. Nothing, where that cannot be read: better a value that does not fit than one lost."""
        try:
            return await self.known.get(workspace_id)
        except Unavailable:
            return {}
