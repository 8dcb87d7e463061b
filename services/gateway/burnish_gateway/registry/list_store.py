"""The list of prompts: which of them, in which order, from which one on. A condition that is not asked for is not in the statement, so that
each filter is answered from its index (sql/0042_library.sql), words by those of every script (sql/0072_search_across_scripts.sql).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from burnish_gateway.registry.prompt import Head
from burnish_gateway.registry.store import HEAD_COLUMNS, head_of
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST

Sort = Literal["created", "updated", "name", "executions", "cost", "satisfaction", "relevance"]

WORDS_MOST: Final = 12
"""Words of a search that count; who types more has pasted a text."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which prompts a list holds. None: whatever. `text` is what somebody types into a search box: each word, or its beginning, must occur.

    `folder` includes the folders below it; `model` is that of the newest version; `author` made the prompt or a version of it.
    """

    text: str | None = None
    tag: str | None = None
    category: str | None = None
    app_context: str | None = None
    use_case: str | None = None
    folder: str | None = None
    model: str | None = None
    label: str | None = None
    author: str | None = None
    slugs: tuple[str, ...] | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A prompt and where it stands in the list: what a cursor holds. `experiments` run or are paused on its calls, newest first."""

    head: Head
    position: list[str]
    experiments: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Folder:
    """`prompts` lie in it, `within` in it and below it. '' is the top."""

    folder: str
    prompts: int
    within: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What one filter can be set to, and how many prompts that leaves."""

    value: str
    prompts: int


CHOICES_MOST: Final = 200
"""Of one filter."""


EXPERIMENTS_MOST: Final = 3
"""Of one prompt in the list."""

_EXPERIMENTS: Final = f"""(
  SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.id DESC), '[]')
    FROM (SELECT x.experiment_id AS id, x.name, x.kind, x.status, x.label, x.rollout_state,
                 CASE WHEN x.kind = 'rollout' THEN (x.rollout -> 'steps' -> x.step)::float8 END AS share
            FROM experiments x
           WHERE x.workspace_id = p.workspace_id AND x.prompt_id = p.prompt_id AND x.status IN ('running', 'paused')
           ORDER BY x.experiment_id DESC LIMIT {EXPERIMENTS_MOST}) o) AS experiments"""


@dataclass(frozen=True, slots=True)
class _Order:
    key: str
    kind: str
    descending: bool = True
    figures: str = ""
    """A join that gives `u.value`, from rollups of the grain hour (figures of a day) or day (of a week)."""


def _figures(value: str, grain: str) -> str:
    return f"""LEFT JOIN (SELECT r.slug, {value} AS value FROM rollups r
                           WHERE r.workspace_id = $1 AND r.grain = '{grain}' AND r.bucket >= $3 AND r.traffic = 'live'
                           GROUP BY r.slug) u ON u.slug = p.slug"""


_SATISFIED: Final = """(sum(r.thumbs_up) + sum(r.score_sum_micro) / 1e6)::float8
                       / nullif(sum(r.thumbs_up) + sum(r.thumbs_down) + sum(r.scores), 0)::float8"""

_ORDERS: Final[Mapping[Sort, _Order]] = {
    "created": _Order("p.prompt_id", "uuid"),
    "updated": _Order("p.updated_at", "timestamptz"),
    "name": _Order("p.slug", "text", descending=False),
    "relevance": _Order("f.rank::float8", "float8"),
    "executions": _Order("coalesce(u.value, 0)", "bigint", figures=_figures("sum(r.executions)::bigint", "hour")),
    "cost": _Order("coalesce(u.value, 0)", "bigint", figures=_figures(f"least(sum(r.cost_nusd), {SUM_MOST})::bigint", "hour")),
    "satisfaction": _Order("coalesce(u.value, 2)", "float8", descending=False, figures=_figures(_SATISFIED, "day")),
}


class _Statement:
    """Conditions with their values, numbered as they come."""

    def __init__(self, *first: Any) -> None:
        self.values: list[Any] = list(first)
        self.conditions: list[str] = []

    def value(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def where(self, condition: str, value: Any) -> None:
        """`?` in the condition stands for the value."""
        if value is not None:
            self.conditions.append(condition.replace("?", self.value(value)))


async def list_heads(
    tx: Tx, workspace_id: UUID, filters: Filters, *, sort: Sort, since: datetime, after: list[str] | None, limit: int
) -> list[Listed]:
    """Those behind the position `after`.

    Figures that decide the order are those of live traffic from `since` on; who has no reactions comes last. `relevance` needs a text.
    """
    sql, values = statement(workspace_id, filters, sort=sort, since=since, after=after, limit=limit)
    return [Listed(head_of(row), _position(row), row["experiments"]) for row in await tx.fetch(sql, *values)]


def statement(
    workspace_id: UUID, filters: Filters, *, sort: Sort, since: datetime, after: list[str] | None, limit: int
) -> tuple[str, list[Any]]:
    """The SQL of a list, and its values."""
    order = _ORDERS[sort]
    way, beyond = ("DESC", "<") if order.descending else ("ASC", ">")
    made = _Statement(workspace_id, limit, *([since] if order.figures else []))
    ranks_there = sort == "relevance" and not any((filters.slugs, filters.folder is not None, filters.model, filters.label, filters.author))
    found = _found(made, filters, best=_Best(after, filters.archived) if ranks_there else None)
    made.conditions.append("p.workspace_id = $1")
    if after is not None and not ranks_there:
        at = f"{made.value(after[-1])}::text::{order.kind}, {made.value(UUID(after[0]))}::uuid"
        made.conditions.append(f"({order.key}, p.prompt_id) {beyond} ({at})")
    made.conditions.append(f"p.archived_at IS {'NOT ' if filters.archived else ''}NULL")
    _filter(made, filters)
    sql = f"""SELECT {HEAD_COLUMNS}, {_EXPERIMENTS}, ({order.key})::text AS sort_key FROM {found} {order.figures}
               WHERE {" AND ".join(made.conditions)} ORDER BY {order.key} {way}, p.prompt_id {way} LIMIT $2"""
    return sql, made.values


async def list_folders(tx: Tx, workspace_id: UUID, *, after: str | None, limit: int) -> list[Folder]:
    """Each folder that holds a prompt or lies on the way to one, in order of its path. Archived prompts do not count."""
    rows = await tx.fetch(
        """SELECT f.path AS folder, coalesce(sum(g.n) FILTER (WHERE f.path = g.folder), 0)::integer AS prompts, sum(g.n)::integer AS within
             FROM (SELECT p.folder, count(*) AS n FROM prompts p WHERE p.workspace_id = $1 AND p.archived_at IS NULL GROUP BY p.folder) g,
                  LATERAL (SELECT array_to_string(s.parts[1:i], '/') COLLATE "C" AS path
                             FROM (SELECT string_to_array(g.folder, '/') AS parts) s, generate_series(0, cardinality(s.parts)) i) f
            WHERE $2::text IS NULL OR f.path > $2 COLLATE "C" GROUP BY f.path ORDER BY f.path LIMIT $3""",
        workspace_id, after, limit,
    )  # fmt: skip
    return [Folder(**dict(row)) for row in rows]


async def list_choices(tx: Tx, workspace_id: UUID, *, archived: bool) -> dict[str, list[Choice]]:
    """By filter what prompts have, those of most prompts first; of each at most CHOICES_MOST. Use cases that differ in case are one.

    Use cases longer than a line are not told: nobody chooses a text from a list.
    """
    rows = await tx.fetch(
        f"""WITH own AS MATERIALIZED (
              SELECT p.prompt_id, p.model, p.tags, p.categories, p.app_contexts, p.use_case
                FROM prompts p WHERE p.workspace_id = $1 AND p.archived_at IS {"NOT " if archived else ""}NULL),
            each AS (
              SELECT 'models' AS filter, own.model AS value, count(*) AS prompts FROM own WHERE own.model <> '' GROUP BY own.model
              UNION ALL SELECT 'tags', one, count(*) FROM own, unnest(own.tags) one GROUP BY one
              UNION ALL SELECT 'categories', one, count(*) FROM own, unnest(own.categories) one GROUP BY one
              UNION ALL SELECT 'app_contexts', one, count(*) FROM own, unnest(own.app_contexts) one GROUP BY one
              UNION ALL SELECT 'use_cases', min(own.use_case), count(*) FROM own
                         WHERE length(own.use_case) BETWEEN 1 AND 200 GROUP BY lower(own.use_case)
              UNION ALL SELECT 'labels', l.label, count(*)
                          FROM own JOIN prompt_labels l ON l.workspace_id = $1 AND l.prompt_id = own.prompt_id GROUP BY l.label
              UNION ALL SELECT 'authors', v.author, count(DISTINCT v.prompt_id)
                          FROM own JOIN prompt_versions v ON v.workspace_id = $1 AND v.prompt_id = own.prompt_id GROUP BY v.author)
            SELECT r.filter, r.value, r.prompts
              FROM (SELECT e.*, row_number() OVER (PARTITION BY e.filter ORDER BY e.prompts DESC, e.value) AS place FROM each e) r
             WHERE r.place <= $2 ORDER BY r.filter, r.place""",
        workspace_id, CHOICES_MOST,
    )  # fmt: skip
    found: dict[str, list[Choice]] = {}
    for row in rows:
        found.setdefault(row["filter"], []).append(Choice(row["value"], row["prompts"]))
    return found


@dataclass(frozen=True, slots=True)
class _Best:
    """The page can be cut where the words are found, because nothing else decides what is in it. `after`: the position before it."""

    after: list[str] | None
    archived: bool


def _found(made: _Statement, filters: Filters, *, best: _Best | None) -> str:
    """Where prompts come from: the table, or what the index of words finds, in which tags, categories, contexts and uses are words too."""
    parts = [] if filters.text is None else [f"words_query({made.value(filters.text)}::text, {WORDS_MOST})"]
    named = {"=t": filters.tag, "=c": filters.category, "=a": filters.app_context}
    parts += [f"{made.value(_exactly(mark, one))}::text::tsquery" for mark, one in named.items() if one is not None]
    if filters.use_case is not None:  # in the database's small letters, which Python's are not, as of a 'Σ' at the end of a word
        parts.append(f"format('''=u%s''', md5(lower({made.value(filters.use_case)}::text)))::tsquery")
    if not parts:
        return "prompts p"
    query = " && ".join(parts)
    if best is None:
        return f"find_prompts({query}) f JOIN prompts p ON p.prompt_id = f.prompt_id"
    rank, behind = (None, None) if best.after is None else (float(best.after[-1]), UUID(best.after[0]))
    place = f"{made.value(best.archived)}::boolean, {made.value(rank)}::float8, {made.value(behind)}::uuid, $2::integer"
    return f"best_prompts({query}, {place}) f JOIN prompts p ON p.prompt_id = f.prompt_id"


def _filter(made: _Statement, filters: Filters) -> None:
    made.where("p.model = ?", filters.model)
    made.where("p.slug = ANY (?::text[])", filters.slugs)
    if filters.folder is not None:  # what lies below it begins with its path and '/', which '0' follows
        made.where(
            """(p.folder COLLATE "C" = ?::text OR p.folder COLLATE "C" > ?::text || '/' AND p.folder COLLATE "C" < ?::text || '0')""",
            filters.folder,
        )
    made.where(
        "EXISTS (SELECT FROM prompt_labels l WHERE l.workspace_id = p.workspace_id AND l.prompt_id = p.prompt_id AND l.label = ?)",
        filters.label,
    )
    made.where(
        "EXISTS (SELECT FROM prompt_versions v WHERE v.workspace_id = p.workspace_id AND v.author = ? AND v.prompt_id = p.prompt_id)",
        filters.author,
    )


def _exactly(mark: str, text: str) -> str:
    """The word that stands for this value, as the trigger on prompts writes it."""
    return f"'{mark}{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}'"


def _position(row: Any) -> list[str]:
    return [str(row["prompt_id"]), row["sort_key"]]
