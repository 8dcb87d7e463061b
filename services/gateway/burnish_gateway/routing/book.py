"""Routing in memory: no call looks up rules that were not changed."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from burnish_gateway.registry.label_rules import rules_of
from burnish_gateway.routing import store
from burnish_gateway.routing.policy import Policies, Rule
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database


@dataclass(frozen=True, slots=True)
class RoutingBook:
    """Knows the policies of each workspace that has called, until a change touches them, or what their rules choose."""

    known: ConfigCache[UUID, Policies]

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed) -> Self:
        async def load(workspace_id: UUID) -> Policies:
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                rows = await store.list_policies(tx, workspace_id)
                uses = [(row["slug"], one["use"].get("version"), one["use"].get("label")) for row in rows for one in row["rules"]]
                uses = [one for one in uses if one[1] is not None or one[2] is not None]
                protected = (await rules_of(tx, workspace_id)).protected if uses else frozenset()
                approved = frozenset(await store.list_approved(tx, workspace_id, uses)) if protected else frozenset()
            whole: dict[str, Any] = next((row["requirements"] for row in rows if row["slug"] == ""), {})
            rules = {row["slug"]: [Rule.of(one, prompt=row["slug"] or None) for one in row["rules"]] for row in rows if row["rules"]}
            return Policies(whole, rules, protected, approved)

        def touched(known: UUID, workspace_id: UUID | None, _: str) -> bool:
            return workspace_id is None or workspace_id == known

        return cls(ConfigCache(load, feed=feed, kinds=frozenset({"routing", "prompt", "workspace"}), touched=touched))

    async def of(self, workspace_id: UUID) -> Policies:
        return await self.known.get(workspace_id)
