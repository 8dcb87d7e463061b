"""The SQL of which prompts include which: written with a version, read before a snippet changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.registry.prompt import Prompt
from burnish_gateway.registry.review_store import VersionStatus
from burnish_shared.db.session import Tx
from burnish_shared.slug import Label
from burnish_shared.template.syntax import Include

USERS_MOST: Final = 500
"""Versions that include one prompt directly, of those that are served."""


@dataclass(frozen=True, slots=True)
class Use:
    """A version that includes a prompt, and the name by which it does. `labels`: those that name the version.

    `is_served` False: others include it by its number, and that is all.
    """

    slug: str
    version: int
    labels: tuple[str, ...]
    name: str
    snippet: str
    content: dict[str, Any]
    is_served: bool = True


@dataclass(frozen=True, slots=True)
class UnapprovedSnippet:
    """A snippet that a version includes as `name`, and the version at which that stands, which nobody approved."""

    name: str
    slug: str
    version: int
    status: VersionStatus


async def insert_uses(tx: Tx, prompt: Prompt, version: int, includes: Sequence[Include]) -> None:
    await tx.execute(
        """INSERT INTO prompt_uses (workspace_id, prompt_id, version, slug, label, at_version, name)
           SELECT $1, $2, $3, i.* FROM unnest($4::text[], $5::text[], $6::integer[], $7::text[]) AS i""",
        prompt.workspace_id,
        prompt.prompt_id,
        version,
        [one.slug for one in includes],
        [one.label for one in includes],
        [one.version for one in includes],
        [one.name for one in includes],
    )


async def users(tx: Tx, workspace_id: UUID, slugs: Sequence[str]) -> list[Use]:
    """Versions that include one of these prompts and are read: a label names them, they are the newest, or others include their number.

    Archived prompts are left out. Those that a label names come first, of more than USERS_MOST the others are not told.
    """
    rows = await tx.fetch(
        """SELECT * FROM (
             SELECT p.slug, u.version, u.name, u.slug AS snippet, v.content,
                    ARRAY(SELECT l.label FROM prompt_labels l
                           WHERE l.workspace_id = $1 AND l.prompt_id = u.prompt_id AND l.version = u.version ORDER BY l.label) AS labels,
                    u.version = p.latest_version OR EXISTS (SELECT FROM prompt_labels l
                      WHERE l.workspace_id = $1 AND l.prompt_id = u.prompt_id AND l.version = u.version) AS is_served
               FROM prompt_uses u
               JOIN prompts p ON p.workspace_id = $1 AND p.prompt_id = u.prompt_id AND p.archived_at IS NULL
               JOIN prompt_versions v ON v.workspace_id = $1 AND v.prompt_id = u.prompt_id AND v.version = u.version
              WHERE u.workspace_id = $1 AND u.slug = ANY($2)) u
            WHERE u.is_served
               OR EXISTS (SELECT FROM prompt_uses x WHERE x.workspace_id = $1 AND x.slug = u.slug AND x.at_version = u.version)
            ORDER BY u.labels = '{}', u.slug, u.version, u.name LIMIT $3""",
        workspace_id,
        list(slugs),
        USERS_MOST,
    )
    return [Use(**{**dict(row), "labels": tuple(row["labels"])}) for row in rows]


async def uses_of(tx: Tx, prompt: Prompt) -> list[tuple[int, str, str]]:
    """Version, name and prompt that it includes, of the served versions of a prompt."""
    rows = await tx.fetch(
        """SELECT u.version, u.name, u.slug FROM prompt_uses u
            WHERE u.workspace_id = $1 AND u.prompt_id = $2 AND (u.version = $3 OR EXISTS (SELECT FROM prompt_labels l
                    WHERE l.workspace_id = $1 AND l.prompt_id = u.prompt_id AND l.version = u.version))
            ORDER BY u.version DESC, u.name""",
        prompt.workspace_id,
        prompt.prompt_id,
        prompt.latest_version,
    )
    return [(row["version"], row["name"], row["slug"]) for row in rows]


async def hold(tx: Tx, workspace_id: UUID, slugs: Sequence[str]) -> None:
    """Nobody moves, changes or puts away these prompts until the transaction ends; others may hold them so at the same time."""
    await tx.fetch(
        "SELECT slug FROM prompts WHERE workspace_id = $1 AND slug = ANY ($2) ORDER BY slug FOR SHARE", workspace_id, list(slugs)
    )


async def hold_beside(tx: Tx, workspace_id: UUID, slug: str, others: Sequence[str]) -> None:
    """As `hold`, of the others, and `slug` itself against everybody, all by name: PostgreSQL orders them, whatever its collation."""
    sql = "SELECT slug FROM prompts WHERE workspace_id = $1 AND slug = ANY ($2) AND slug {} $3 ORDER BY slug FOR {}"
    for of, where, strength in ((others, "<", "SHARE"), ([slug], "=", "UPDATE"), (others, ">", "SHARE")):
        await tx.fetch(sql.format(where, strength), workspace_id, list(of), slug)


async def first_unapproved(
    tx: Tx, prompt: Prompt, label: Label, *, version: int, includes: Sequence[tuple[str, str, str]], is_back: bool
) -> UnapprovedSnippet | None:
    """Of snippets (name, slug and label that include them) the first whose version is not approved.

    `is_back`: those are passed over whose label has stood there since before `label` of `prompt` last left `version`.
    """
    row = await tx.fetchrow(
        """SELECT i.name, p.slug, l.version, coalesce(r.status, 'draft') AS status
             FROM unnest($2::text[], $3::text[], $4::text[]) AS i (name, slug, label)
             JOIN prompts p ON p.workspace_id = $1 AND p.slug = i.slug
             JOIN prompt_labels l ON l.workspace_id = $1 AND l.prompt_id = p.prompt_id AND l.label = i.label
             LEFT JOIN prompt_reviews r ON r.workspace_id = $1 AND r.prompt_id = p.prompt_id AND r.version = l.version
              AND r.status IN ('in_review', 'approved')
            WHERE r.status IS DISTINCT FROM 'approved' AND NOT ($5 AND coalesce(l.moved_at <= (
                  SELECT max(m.moved_at) FROM prompt_label_moves m
                   WHERE m.workspace_id = $1 AND m.prompt_id = $6 AND m.label = $7 AND m.from_version = $8), false))
            ORDER BY i.name LIMIT 1""",
        prompt.workspace_id,
        [name for name, _, _ in includes],
        [slug for _, slug, _ in includes],
        [at for _, _, at in includes],
        is_back,
        prompt.prompt_id,
        label,
        version,
    )
    return None if row is None else UnapprovedSnippet(row["name"], row["slug"], row["version"], row["status"])


async def newest_runs(tx: Tx, workspace_id: UUID, versions: Sequence[tuple[str, int]]) -> Sequence[Record]:
    """The newest completed test run of a whole split, of each of these versions with each model, dataset and split."""
    return await tx.fetch(
        """SELECT DISTINCT ON (r.slug, r.version, r.model, r.dataset_id, r.split)
                  r.test_run_id, r.slug, r.version, r.model, r.dataset_id, r.split
             FROM test_runs r JOIN unnest($2::text[], $3::integer[]) AS i (slug, version) ON i.slug = r.slug AND i.version = r.version
            WHERE r.workspace_id = $1 AND r.status = 'completed' AND r.failed_of IS NULL
            ORDER BY r.slug, r.version, r.model, r.dataset_id, r.split, r.created_at DESC""",
        workspace_id,
        [slug for slug, _ in versions],
        [version for _, version in versions],
    )
