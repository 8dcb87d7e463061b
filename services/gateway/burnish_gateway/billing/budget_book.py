"""Budgets in memory: which accounts an execution counts against, without a question to PostgreSQL."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.billing import budget_store
from burnish_gateway.billing.budget import Budgets, Counted
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database


@dataclass(frozen=True, slots=True)
class BudgetBook:
    """Knows the open budgets of each workspace that has called, until a change touches them."""

    known: ConfigCache[UUID, Budgets]

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed) -> Self:
        async def load(workspace_id: UUID) -> Budgets:
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                return Budgets.of(await budget_store.open_budgets(tx))

        def touched(known: UUID, workspace_id: UUID | None, _: str) -> bool:
            return workspace_id is None or workspace_id == known

        return cls(ConfigCache(load, feed=feed, kinds=frozenset({"budget"}), touched=touched))

    async def counted(self, principal: Principal, *, prompt_id: UUID | None, end_user: str | None) -> Counted:
        """What a call of theirs counts against."""
        known = await self.known.get(principal.workspace_id)
        return known.counted(api_key_id=principal.first_key_id, prompt_id=prompt_id, end_user=end_user)
