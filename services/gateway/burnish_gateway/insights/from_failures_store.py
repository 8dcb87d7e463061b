"""The SQL of groups of failures that become dataset items. Each function runs in the caller's transaction, whose policies admit one
workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.datasets.dataset import StoredItem
from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """`members`: `executions` as ids, and `cases` as [test run, item]."""

    name: str
    members: dict[str, Any]


async def find_group(tx: Tx, slug: str, *, days: int, group: str) -> FoundGroup | None:
    """As it was made last. `slug` '': of all prompts. None: there is none now, or it was made by a release that kept no members."""
    row = await tx.fetchrow(
        """SELECT g.one ->> 'name' AS name, f.result #> ARRAY['members', $3] AS members
             FROM failure_groups f, jsonb_array_elements(f.result -> 'groups') g (one)
            WHERE f.slug = $1 AND f.days = $2 AND g.one ->> 'id' = $3 AND f.result -> 'members' ? $3""",
        slug,
        days,
        group,
    )
    return FoundGroup(row["name"], row["members"]) if row is not None else None


async def items_of(tx: Tx, workspace_id: UUID, item_ids: Sequence[UUID]) -> dict[UUID, StoredItem]:
    """Items of whichever datasets, those too that were corrected or taken out."""
    rows = await tx.fetch(
        """SELECT item_id, position, split, input, expected, metadata, synthetic, added_version, removed_version FROM dataset_items
            WHERE workspace_id = $1 AND item_id = ANY ($2)""",
        workspace_id,
        list(item_ids),
    )
    return {row["item_id"]: StoredItem(**dict(row)) for row in rows}
