"""The SQL of what a prompt shares and where its versions come from."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from burnish_gateway.registry.prompt import CloneSource, Edge, Prompt, Visibility
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid


async def narrow_entries(tx: Tx, prompt: Prompt, *, to: Visibility) -> None:
    """Withdraws from the marketplace what the new visibility no longer allows, or shows it to the organization alone. Templates stay."""
    if to == "private":
        await tx.execute(
            "DELETE FROM marketplace_entries WHERE workspace_id = $1 AND prompt_id = $2 AND visibility <> 'private'",
            prompt.workspace_id,
            prompt.prompt_id,
        )
    elif to == "organization":
        await tx.execute(
            """UPDATE marketplace_entries SET visibility = 'organization', updated_at = clock_timestamp()
                WHERE workspace_id = $1 AND prompt_id = $2 AND visibility = 'public'""",
            prompt.workspace_id,
            prompt.prompt_id,
        )


async def widen(tx: Tx, prompt: Prompt, *, to: Visibility) -> None:
    """Notes that a version was published so widely. A wider visibility stays."""
    await tx.execute(
        """UPDATE prompts SET visibility = $3, revision = revision + 1, updated_at = clock_timestamp()
            WHERE workspace_id = $1 AND prompt_id = $2 AND visibility <> 'public' AND visibility <> $3""",
        prompt.workspace_id,
        prompt.prompt_id,
        to,
    )


async def insert_clone_edge(tx: Tx, prompt: Prompt, *, version: int, source: CloneSource) -> None:
    """A lineage edge to an entry of the marketplace, with a copy of its names."""
    await tx.execute(
        """INSERT INTO lineage_edges (edge_id, workspace_id, kind, prompt_id, version, source_entry_id, source_publisher, source_slug,
                                      source_version)
           VALUES ($1, $2, 'cloned_from', $3, $4, $5, $6, $7, $8)""",
        new_uuid(),
        prompt.workspace_id,
        prompt.prompt_id,
        version,
        source.entry_id,
        source.publisher,
        source.slug,
        source.version,
    )


async def list_edges(tx: Tx, prompt: Prompt, *, before: UUID | None, limit: int) -> Sequence[Edge]:
    """Newest first, those made before the edge `before`."""
    rows = await tx.fetch(
        """SELECT e.edge_id, e.kind, e.version, p.slug AS parent_slug, e.parent_version, e.job_id, e.suggestion_id, e.source_entry_id,
                  e.source_publisher, e.source_slug, e.source_version, e.created_at
             FROM lineage_edges e LEFT JOIN prompts p ON p.workspace_id = e.workspace_id AND p.prompt_id = e.parent_prompt_id
            WHERE e.workspace_id = $1 AND e.prompt_id = $2 AND ($3::uuid IS NULL OR e.edge_id < $3) ORDER BY e.edge_id DESC LIMIT $4""",
        prompt.workspace_id,
        prompt.prompt_id,
        before,
        limit,
    )
    return [_edge(row) for row in rows]


def _edge(row: asyncpg.Record) -> Edge:
    entry_id = row["source_entry_id"]
    source = CloneSource(entry_id, row["source_publisher"], row["source_slug"], row["source_version"]) if entry_id is not None else None
    return Edge(**{name: row[name] for name in Edge.__slots__ if name != "source"}, source=source)
