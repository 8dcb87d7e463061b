"""The SQL of the marketplace. Reads run with `app.organization` set; row-level security decides which entries of others they see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import asyncpg

from burnish_gateway.marketplace.entry import Entry, EntryVisibility, Sort
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid
from burnish_shared.published_figures import published_figures

_LISTED: Final = """e.entry_id, e.workspace_id, e.visibility, e.publisher, e.slug, e.version, e.name, e.description, e.use_case,
                   e.categories, e.tags, e.model, e.example, e.form, e.figures, e.measured_at, e.clones, e.published_at, e.updated_at"""

_SHOWN: Final = "(e.visibility = 'private' OR NOT e.is_put_away)"
"""Not what is published of a prompt that was put away. To others the policy shows it neither."""

_SORT_KEYS: Final[dict[Sort, str]] = {
    "newest": "extract(epoch FROM e.published_at)",
    "clones": "e.clones",
    "satisfaction": "coalesce(e.satisfaction, -1)",
    "relevance": "ts_rank(e.search, q.query)",
}
"""What a list is ordered by, the highest first; the entry's id decides between equals."""

LATENCY: Final = "latency"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries a list holds. None: whatever. `text` is what somebody types into a search box."""

    text: str | None = None
    category: str | None = None
    tag: str | None = None
    visibility: EntryVisibility | None = None
    mine: bool = False
    others: bool = False
    """Not one's own."""

    templates: bool = False
    """Also one's own private ones, which are templates only."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What the publisher says of a version beside its content."""

    visibility: EntryVisibility | None
    """None: as it stands, private where it is new."""

    publisher: str
    description: str
    categories: tuple[str, ...]
    example: str
    published_by: str
    form: dict[str, Any] = field(default_factory=dict)


async def find_figures(tx: Tx, workspace_id: UUID, *, slug: str, version: int) -> dict[str, Any]:
    """The numbers of one version as rollups have them now."""
    (row,) = await tx.fetch("SELECT * FROM version_sums($1, $2, $3)", workspace_id, slug, version)
    return published_figures({name: row[name] for name in row.keys() if name != LATENCY}, row[LATENCY])  # noqa: SIM118 - a Record, not a dict


async def put_entry(
    tx: Tx, prompt: Prompt, content: VersionContent, *, version: int, organization_id: UUID, given: Publication, figures: dict[str, Any]
) -> tuple[Entry, bool]:
    """Publishes the version, or changes what is said of it where it is published. Returns the entry, and whether it is new."""
    said = "\n".join(str(one.get("content") or "") for one in content.messages)
    entry_id = new_uuid()
    (row,) = await tx.fetch(
        f"""INSERT INTO marketplace_entries AS e
             (entry_id, workspace_id, organization_id, visibility, publisher, prompt_id, slug, version, name, description, use_case,
              categories, tags, model, example, content, search, figures, satisfaction, measured_at, published_by, form)
           VALUES ($1, $2, $3, coalesce($4, 'private'), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                   marketplace_search($9, $10, $11, $12::text[] || $13::text[] || ARRAY[$7::text], $17), $18, $19, clock_timestamp(),
                   $20, $21)
           ON CONFLICT (workspace_id, prompt_id, version) DO UPDATE
             SET visibility = coalesce($4, e.visibility), publisher = excluded.publisher, name = excluded.name,
                 description = excluded.description,
                 use_case = excluded.use_case, categories = excluded.categories, tags = excluded.tags, example = excluded.example,
                 search = excluded.search, figures = excluded.figures, satisfaction = excluded.satisfaction,
                 measured_at = excluded.measured_at, published_by = excluded.published_by, form = excluded.form,
                 updated_at = clock_timestamp()
           RETURNING {_LISTED}, e.content""",
        entry_id, prompt.workspace_id, organization_id, given.visibility, given.publisher, prompt.prompt_id, prompt.slug, version,
        prompt.name, given.description or prompt.description, prompt.use_case, list(given.categories), list(prompt.tags), content.model,
        given.example, content.fields(), said[:200_000], figures, (figures["satisfaction"] or {}).get("value"), given.published_by,
        given.form,
    )  # fmt: skip
    return Entry(**dict(row)), row["entry_id"] == entry_id


async def as_organization(tx: Tx, organization_id: UUID) -> None:
    """From here on the transaction sees what this organization sees."""
    await tx.execute("SELECT set_config('app.organization', $1, true)", str(organization_id))


async def find_entry(tx: Tx, entry_id: UUID) -> Entry | None:
    """The entry with its content, if the caller may see it."""
    row = await tx.fetchrow(f"SELECT {_LISTED}, e.content FROM marketplace_entries e WHERE e.entry_id = $1 AND {_SHOWN}", entry_id)
    return Entry(**dict(row)) if row else None


async def list_entries(
    tx: Tx, workspace_id: UUID, wanted: Wanted, *, sort: Sort, after: Sequence[Any] | None, limit: int
) -> list[tuple[Entry, float]]:
    """Entries and the key by which they are ordered, those behind `after` (key, entry id)."""
    rows = await tx.fetch(
        f"""SELECT * FROM (
              SELECT {_LISTED}, ({_SORT_KEYS[sort]})::double precision AS sort_key FROM marketplace_entries e,
                     (SELECT web_query($2) AS query OFFSET 0) q
               WHERE {_SHOWN} AND ($1::text IS NULL OR e.search @@ q.query)
                 AND ($3::text IS NULL OR $3 = ANY (e.categories)) AND ($4::text IS NULL OR $4 = ANY (e.tags))
                 AND ($5::text IS NULL OR e.visibility = $5) AND ($6::uuid IS NULL OR e.workspace_id = $6)
                 AND ($10::uuid IS NULL OR e.workspace_id <> $10) AND ($11 OR e.visibility <> 'private')) s
             WHERE $7::double precision IS NULL OR (s.sort_key, s.entry_id) < ($7, $8)
             ORDER BY s.sort_key DESC, s.entry_id DESC LIMIT $9""",
        wanted.text, wanted.text or "", wanted.category, wanted.tag, wanted.visibility, workspace_id if wanted.mine else None,
        float(after[0]) if after else None, UUID(after[1]) if after else None, limit, workspace_id if wanted.others else None,
        wanted.templates,
    )  # fmt: skip
    return [(_listed(row), row["sort_key"]) for row in rows]


async def delete_entry(tx: Tx, workspace_id: UUID, entry_id: UUID) -> Entry | None:
    """Withdraws an entry of one's own. None where there is none."""
    row = await tx.fetchrow(
        f"DELETE FROM marketplace_entries e WHERE e.workspace_id = $1 AND e.entry_id = $2 RETURNING {_LISTED}", workspace_id, entry_id
    )
    return _listed(row) if row else None


async def count_clone(tx: Tx, entry_id: UUID) -> None:
    await tx.execute("SELECT count_clone($1)", entry_id)


def _listed(row: asyncpg.Record) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__slots__ if name != "content"})
