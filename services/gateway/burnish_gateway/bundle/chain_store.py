"""The SQL of moving chains in and out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from burnish_shared.db.session import Tx

Row = dict[str, Any]


async def chains_after(tx: Tx, workspace_id: UUID, *, folder: str | None, after: str, limit: int) -> list[Row]:
    """In order of the slug, which is compared byte by byte, each with its versions, labels and their moves."""
    rows = await tx.fetch(
        """SELECT chain_id, slug, name, description, folder, tags, created_by, created_at, updated_at, archived_at FROM chains
            WHERE workspace_id = $1 AND slug COLLATE "C" > $2 AND ($3::text IS NULL OR folder = $3 OR starts_with(folder, $3 || '/'))
            ORDER BY slug COLLATE "C" LIMIT $4""",
        workspace_id, after, folder, limit,
    )  # fmt: skip
    chains = {row["chain_id"]: dict(row) | {"versions": [], "labels": [], "label_moves": []} for row in rows}
    for name, sql in _PARTS.items():
        for row in await tx.fetch(sql, workspace_id, list(chains)) if chains else ():
            chains[row["chain_id"]][name].append(dict(row))
    return list(chains.values())


_PARTS = {
    "versions": """SELECT chain_id, version, content, base_version, change_message AS message, author, created_at FROM chain_versions
                    WHERE workspace_id = $1 AND chain_id = ANY ($2) ORDER BY chain_id, version""",
    "labels": """SELECT chain_id, label, version, moved_at FROM chain_labels WHERE workspace_id = $1 AND chain_id = ANY ($2)
                  ORDER BY chain_id, label COLLATE "C" """,
    "label_moves": """SELECT chain_id, label, from_version, to_version, reason, author, moved_at FROM chain_label_moves
                       WHERE workspace_id = $1 AND chain_id = ANY ($2) ORDER BY chain_id, moved_at, move_id""",
}


async def lock_standing(tx: Tx, workspace_id: UUID, slugs: Sequence[str]) -> dict[str, Row]:
    """What stands under these slugs, held against other changes: the chain, and the hash of each version by its number."""
    await tx.execute("SELECT FROM chains WHERE workspace_id = $1 AND slug = ANY ($2) ORDER BY slug FOR NO KEY UPDATE", workspace_id, slugs)
    rows = await tx.fetch(
        """SELECT c.slug, c.chain_id, c.archived_at, array_agg(v.content_hash ORDER BY v.version) AS hashes
             FROM chains c JOIN chain_versions v USING (workspace_id, chain_id)
            WHERE c.workspace_id = $1 AND c.slug = ANY ($2) GROUP BY c.slug, c.chain_id, c.archived_at""",
        workspace_id, slugs,
    )  # fmt: skip
    return {row["slug"]: dict(row) for row in rows}


async def continue_chains(tx: Tx, workspace_id: UUID, newest: Mapping[UUID, int]) -> None:
    """Says of chains which version is the newest now."""
    await tx.execute(
        """UPDATE chains c SET latest_version = n.version, updated_at = clock_timestamp()
             FROM unnest($2::uuid[], $3::integer[]) n(chain_id, version) WHERE c.workspace_id = $1 AND c.chain_id = n.chain_id""",
        workspace_id, list(newest), list(newest.values()),
    )  # fmt: skip
