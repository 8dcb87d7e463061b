"""Routing policies in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx


async def list_policies(tx: Tx, workspace_id: UUID) -> Sequence[Record]:
    """All of a workspace: that of slug '' is its own, the others are prompts'."""
    return await tx.fetch(
        "SELECT slug, requirements, rules, updated_by, updated_at FROM routing_policies WHERE workspace_id = $1 ORDER BY slug",
        workspace_id,
    )


async def list_approved(tx: Tx, workspace_id: UUID, uses: Sequence[tuple[str, int | None, str | None]]) -> set[tuple[str, int]]:
    """Of the versions that rules choose (slug, version, label), those that are approved now: slug and version."""
    rows = await tx.fetch(
        """SELECT DISTINCT p.slug, r.version FROM unnest($2::text[], $3::integer[], $4::text[]) AS i (slug, version, label)
             JOIN prompts p ON p.workspace_id = $1 AND p.slug = i.slug
             LEFT JOIN prompt_labels l ON l.workspace_id = $1 AND l.prompt_id = p.prompt_id AND l.label = i.label
             JOIN prompt_reviews r ON r.workspace_id = $1 AND r.prompt_id = p.prompt_id AND r.status = 'approved'
              AND r.version = coalesce(i.version, l.version, CASE WHEN i.label = 'latest' THEN p.latest_version END)""",
        workspace_id,
        [slug for slug, _, _ in uses],
        [version for _, version, _ in uses],
        [label for _, _, label in uses],
    )
    return {(row["slug"], row["version"]) for row in rows}


async def find_policy(tx: Tx, workspace_id: UUID, slug: str) -> Record | None:
    return await tx.fetchrow(
        "SELECT slug, requirements, rules, updated_by, updated_at FROM routing_policies WHERE workspace_id = $1 AND slug = $2",
        workspace_id,
        slug,
    )


async def lock_policy(tx: Tx, workspace_id: UUID, slug: str) -> Record | None:
    return await tx.fetchrow(
        "SELECT slug, requirements, rules, updated_by, updated_at FROM routing_policies WHERE workspace_id = $1 AND slug = $2 FOR UPDATE",
        workspace_id,
        slug,
    )


async def put_policy(
    tx: Tx, workspace_id: UUID, slug: str, *, requirements: dict[str, Any], rules: list[dict[str, Any]], by: str, now: datetime
) -> Record:
    row = await tx.fetchrow(
        "INSERT INTO routing_policies (workspace_id, slug, requirements, rules, updated_by, updated_at) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (workspace_id, slug) DO UPDATE SET requirements = excluded.requirements, rules = excluded.rules, "
        "updated_by = excluded.updated_by, updated_at = excluded.updated_at RETURNING slug, requirements, rules, updated_by, updated_at",
        workspace_id,
        slug,
        requirements,
        rules,
        by,
        now,
    )
    if row is None:
        raise RuntimeError("an upsert answered no row")
    return row
