"""The SQL of prompts, versions and labels. Each function runs in the caller's transaction, whose policies admit one workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.prompt import (
    Author,
    EdgeKind,
    Head,
    LabelMove,
    PlacedLabel,
    Prompt,
    Source,
    Version,
    VersionSummary,
    Visibility,
)
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.slug import Label, Slug

_PROMPT = """p.prompt_id, p.workspace_id, p.slug, p.name, p.description, p.use_case, p.folder, p.tags, p.latest_version, p.revision,
             p.visibility, p.created_by, p.created_at, p.updated_at, greatest(p.latest_version, p.branched_version) AS last_version,
             p.categories, p.app_contexts, p.locked_blocks, p.rules, p.archived_at"""
_VERSION = "v.version, v.content, v.base_version, v.source, v.change_message, v.author, v.created_at, v.branch"
_LABELS = """(SELECT coalesce(jsonb_object_agg(l.label, jsonb_build_array(l.version, l.moved_at)), '{}')
                FROM prompt_labels l WHERE l.workspace_id = p.workspace_id AND l.prompt_id = p.prompt_id) AS labels"""
HEAD_COLUMNS: Final = f"{_PROMPT}, {_LABELS}"
"""Of the table `prompts p`: what `head_of` reads."""

CHANGEABLE: Final = (
    "name", "description", "use_case", "folder", "tags", "visibility", "categories", "app_contexts", "locked_blocks", "rules",
)  # fmt: skip
"""What of a prompt is not versioned."""

_LISTS: Final = frozenset({"tags", "categories", "app_contexts", "locked_blocks", "rules"})


@dataclass(frozen=True, slots=True)
class NewPrompt:
    """What a prompt is made of, besides its first version."""

    slug: Slug
    name: str
    description: str = ""
    use_case: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    app_contexts: tuple[str, ...] = ()
    locked_blocks: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    visibility: Visibility = "private"


async def insert_prompt(tx: Tx, workspace_id: UUID, new: NewPrompt, *, author: Author) -> Prompt | None:
    """The new prompt, promising version 1, which the caller inserts next. None where the slug is taken."""
    row = await tx.fetchrow(
        f"""INSERT INTO prompts AS p (prompt_id, workspace_id, slug, name, description, use_case, folder, tags, latest_version, created_by,
                                       categories, app_contexts, locked_blocks, rules, visibility)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11, $12, $13, $14)
            ON CONFLICT (workspace_id, slug) DO NOTHING RETURNING {_PROMPT}""",
        new_uuid(),
        workspace_id,
        new.slug,
        new.name,
        new.description,
        new.use_case,
        new.folder,
        list(new.tags),
        author.name,
        list(new.categories),
        list(new.app_contexts),
        list(new.locked_blocks),
        list(new.rules),
        new.visibility,
    )
    return _prompt(row) if row else None


async def lock_head(tx: Tx, workspace_id: UUID, slug: Slug) -> Head | None:
    """The prompt, held against other changes until the transaction ends. Every change of a prompt begins here.

    The labels are read by a second statement: one that waited for the lock would still see the labels from before the wait.
    """
    held = await tx.fetchval("SELECT true FROM prompts WHERE workspace_id = $1 AND slug = $2 FOR UPDATE", workspace_id, slug)
    return await find_head(tx, workspace_id, slug) if held else None


async def find_head(tx: Tx, workspace_id: UUID, slug: Slug) -> Head | None:
    row = await tx.fetchrow(f"SELECT {HEAD_COLUMNS} FROM prompts p WHERE p.workspace_id = $1 AND p.slug = $2", workspace_id, slug)
    return head_of(row) if row else None


async def update_prompt(tx: Tx, prompt: Prompt, changes: dict[str, Any]) -> Prompt:
    """Sets the given columns out of CHANGEABLE. One that is not given stays."""
    (row,) = await tx.fetch(
        f"""UPDATE prompts p SET {", ".join(f"{name} = coalesce(${number}, {name})" for number, name in enumerate(CHANGEABLE, start=3))},
                   revision = revision + 1, updated_at = clock_timestamp()
             WHERE p.workspace_id = $1 AND p.prompt_id = $2 RETURNING {_PROMPT}""",
        prompt.workspace_id,
        prompt.prompt_id,
        *(changes.get(name) for name in CHANGEABLE),
    )
    return _prompt(row)


async def raise_revision(tx: Tx, prompt: Prompt, *, latest_version: int, branched_version: int = 0) -> int:
    """Notes that something of the prompt changed. Returns its new revision. `branched_version`: a number given on a branch."""
    revision: int = await tx.fetchval(
        """UPDATE prompts SET latest_version = $3, branched_version = greatest(branched_version, $4), revision = revision + 1,
                  updated_at = clock_timestamp()
            WHERE workspace_id = $1 AND prompt_id = $2 RETURNING revision""",
        prompt.workspace_id,
        prompt.prompt_id,
        latest_version,
        branched_version,
    )
    return revision


async def insert_version(
    tx: Tx,
    prompt: Prompt,
    content: VersionContent,
    *,
    version: int,
    base_version: int | None,
    source: Source,
    change_message: str,
    author: Author,
    branch: str | None = None,
) -> Version:
    (row,) = await tx.fetch(
        f"""INSERT INTO prompt_versions AS v (workspace_id, prompt_id, version, model, content, content_hash, base_version, source,
                                              change_message, author, api_key_id, branch)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING {_VERSION}""",
        prompt.workspace_id,
        prompt.prompt_id,
        version,
        content.model,
        content.fields(),
        content.fingerprint(),
        base_version,
        source,
        change_message,
        author.name,
        author.api_key_id,
        branch,
    )
    return _version(row)


async def insert_edge(
    tx: Tx,
    prompt: Prompt,
    *,
    version: int,
    kind: EdgeKind,
    parent_version: int,
    job_id: UUID | None,
    suggestion_id: UUID | None,
    parent_prompt_id: UUID | None = None,
) -> None:
    """A lineage edge to another version of the same prompt, or of `parent_prompt_id`."""
    await tx.execute(
        """INSERT INTO lineage_edges (edge_id, workspace_id, kind, prompt_id, version, parent_prompt_id, parent_version,
                                      job_id, suggestion_id)
           VALUES ($1, $2, $3, $4, $5, coalesce($9::uuid, $4::uuid), $6, $7, $8)""",
        new_uuid(),
        prompt.workspace_id,
        kind,
        prompt.prompt_id,
        version,
        parent_version,
        job_id,
        suggestion_id,
        parent_prompt_id,
    )


async def find_version(tx: Tx, workspace_id: UUID, prompt_id: UUID, version: int) -> Version | None:
    row = await tx.fetchrow(
        f"SELECT {_VERSION} FROM prompt_versions v WHERE v.workspace_id = $1 AND v.prompt_id = $2 AND v.version = $3",
        workspace_id,
        prompt_id,
        version,
    )
    return _version(row) if row else None


async def find_versions(tx: Tx, prompt: Prompt, numbers: Sequence[int]) -> list[Version]:
    """Those of these numbers that exist."""
    rows = await tx.fetch(
        f"SELECT {_VERSION} FROM prompt_versions v WHERE v.workspace_id = $1 AND v.prompt_id = $2 AND v.version = ANY ($3)",
        prompt.workspace_id,
        prompt.prompt_id,
        list(numbers),
    )
    return [_version(row) for row in rows]


async def newest_version(tx: Tx, prompt: Prompt) -> Version:
    """The version that `latest` means; a prompt has at least one."""
    (row,) = await tx.fetch(
        f"SELECT {_VERSION} FROM prompt_versions v WHERE v.workspace_id = $1 AND v.prompt_id = $2 AND v.version = $3",
        prompt.workspace_id,
        prompt.prompt_id,
        prompt.latest_version,
    )
    return _version(row)


async def find_identical(tx: Tx, prompt: Prompt, content: VersionContent) -> Version | None:
    """The version that says exactly this, whichever it is; there is at most one."""
    row = await tx.fetchrow(
        f"SELECT {_VERSION} FROM prompt_versions v WHERE v.workspace_id = $1 AND v.prompt_id = $2 AND v.content_hash = $3",
        prompt.workspace_id,
        prompt.prompt_id,
        content.fingerprint(),
    )
    return _version(row) if row else None


async def list_versions(tx: Tx, prompt: Prompt, *, before: int | None, limit: int) -> list[VersionSummary]:
    """Newest first, those with a number below `before`."""
    rows = await tx.fetch(
        """SELECT v.version, v.model, v.base_version, v.source, v.change_message, v.author, v.created_at, v.branch,
                  coalesce((SELECT r.status FROM prompt_reviews r
                             WHERE r.workspace_id = v.workspace_id AND r.prompt_id = v.prompt_id AND r.version = v.version
                               AND r.status IN ('in_review', 'approved')), 'draft') AS status
             FROM prompt_versions v
            WHERE v.workspace_id = $1 AND v.prompt_id = $2 AND ($3::integer IS NULL OR v.version < $3) ORDER BY v.version DESC LIMIT $4""",
        prompt.workspace_id,
        prompt.prompt_id,
        before,
        limit,
    )
    return [VersionSummary(**dict(row)) for row in rows]


async def put_label(tx: Tx, prompt: Prompt, label: Label, *, version: int) -> datetime:
    """Sets the label, new or not. Returns when."""
    moved_at: datetime = await tx.fetchval(
        """INSERT INTO prompt_labels AS l (workspace_id, prompt_id, label, version) VALUES ($1, $2, $3, $4)
           ON CONFLICT (workspace_id, prompt_id, label) DO UPDATE SET version = excluded.version, moved_at = excluded.moved_at
           RETURNING moved_at""",
        prompt.workspace_id,
        prompt.prompt_id,
        label,
        version,
    )
    return moved_at


async def has_named(tx: Tx, prompt: Prompt, label: Label, version: int) -> bool:
    """Has the label stood at this version before?"""
    found: bool = await tx.fetchval(
        """SELECT EXISTS (SELECT FROM prompt_label_moves
                           WHERE workspace_id = $1 AND prompt_id = $2 AND label = $3 AND (to_version = $4 OR from_version = $4))""",
        prompt.workspace_id,
        prompt.prompt_id,
        label,
        version,
    )
    return found


async def delete_label(tx: Tx, prompt: Prompt, label: Label) -> datetime:
    """Removes the label. Returns when."""
    await tx.execute(
        "DELETE FROM prompt_labels WHERE workspace_id = $1 AND prompt_id = $2 AND label = $3", prompt.workspace_id, prompt.prompt_id, label
    )
    now: datetime = await tx.fetchval("SELECT clock_timestamp()")
    return now


async def insert_move(
    tx: Tx,
    prompt: Prompt,
    label: Label,
    *,
    from_version: int | None,
    to_version: int | None,
    reason: str,
    author: Author,
    moved_at: datetime,
) -> None:
    await tx.execute(
        """INSERT INTO prompt_label_moves (move_id, workspace_id, prompt_id, label, from_version, to_version, reason, author, moved_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        new_uuid(),
        prompt.workspace_id,
        prompt.prompt_id,
        label,
        from_version,
        to_version,
        reason,
        author.name,
        moved_at,
    )


async def list_moves(tx: Tx, prompt: Prompt, label: Label, *, before: UUID | None, limit: int) -> list[LabelMove]:
    """Newest first, those before the move `before`."""
    rows = await tx.fetch(
        """SELECT move_id, label, from_version, to_version, reason, author, moved_at FROM prompt_label_moves
            WHERE workspace_id = $1 AND prompt_id = $2 AND label = $3 AND ($4::uuid IS NULL OR move_id < $4)
            ORDER BY move_id DESC LIMIT $5""",
        prompt.workspace_id,
        prompt.prompt_id,
        label,
        before,
        limit,
    )
    return [LabelMove(**dict(row)) for row in rows]


def _prompt(row: asyncpg.Record) -> Prompt:
    fields: dict[str, Any] = {name: tuple(row[name]) if name in _LISTS else row[name] for name in Prompt.__slots__}
    return Prompt(**fields)


def _version(row: asyncpg.Record) -> Version:
    return Version(
        **{name: row[name] for name in Version.__slots__ if name != "content"}, content=VersionContent.from_fields(row["content"])
    )


def head_of(row: asyncpg.Record) -> Head:
    placed = ((Label(label), version, datetime.fromisoformat(moved_at)) for label, (version, moved_at) in sorted(row["labels"].items()))
    return Head(_prompt(row), {label: PlacedLabel(label, version, moved_at) for label, version, moved_at in placed})
