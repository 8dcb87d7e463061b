"""Groups that became a prompt, in memory: their calls count for that prompt (PRODUCT E1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from burnish_gateway.groups import store
from burnish_shared.contracts.executions import PromptRef
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database


@dataclass(frozen=True, slots=True)
class GroupBook:
    """Knows the adopted groups of each workspace that made calls without a prompt, until one more is adopted."""

    known: ConfigCache[UUID, Mapping[str, PromptRef]]

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed) -> Self:
        async def load(workspace_id: UUID) -> Mapping[str, PromptRef]:
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                return await store.adopted_groups(tx, workspace_id)

        def touched(known: UUID, workspace_id: UUID | None, _: str) -> bool:
            return workspace_id is None or known == workspace_id

        return cls(ConfigCache(load, feed=feed, kinds=frozenset({"execution_group"}), touched=touched))

    async def find(self, workspace_id: UUID, group_key: str) -> PromptRef | None:
        """The version that calls of the group count for; None: it is a group and nothing more."""
        groups: Mapping[str, PromptRef] = await self.known.get(workspace_id)
        return groups.get(group_key)
