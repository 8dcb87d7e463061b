"""Whether a workspace and its plan still let the operator's keys be used, for what was let in long before it is run (PRODUCT E7)."""

from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from burnish_executor.io import keys_store
from burnish_shared.contracts.executions import ExecutionRequest, Lane
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database


@dataclass(slots=True)
class OperatorsLeave:
    """Answers from memory but for the first time, and after a change."""

    db: Database
    known: ConfigCache[UUID, bool] = field(init=False)

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed) -> Self:
        leave = cls(db)
        leave.known = ConfigCache(
            leave._load,
            feed=feed,
            kinds=frozenset({"workspace", "plan"}),
            touched=lambda known, workspace, _: workspace is None or known == workspace,
            most=50_000,
        )
        return leave

    async def holds_for(self, request: ExecutionRequest) -> bool:
        """Background calls wait for up to a day, lines of batches for a week; of any other call the gateway knows. Raises Unavailable."""
        return request.lane is Lane.INTERACTIVE or await self.known.get(request.workspace_id)

    async def _load(self, workspace_id: UUID) -> bool:
        async with self.db.unit_of_work(workspaces=[workspace_id], read_only=True) as tx:
            return await keys_store.allows_operators_keys(tx, workspace_id)
