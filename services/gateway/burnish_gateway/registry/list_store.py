"""The list of prompts: which of them, in which order, from which one on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from burnish_gateway.registry.prompt import Head
from burnish_gateway.registry.store import HEAD_COLUMNS, head_of
from burnish_shared.db.session import Tx

Sort = Literal["created", "updated", "name", "executions", "cost", "satisfaction"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which prompts a list holds. None: whatever. `folder` includes the folders below it; `model` is that of the newest version."""

    text: str | None = None
    tag: str | None = None
    folder: str | None = None
    model: str | None = None
    label: str | None = None
    slugs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A prompt and where it stands in the list: what a cursor holds."""

    head: Head
    position: list[str]


@dataclass(frozen=True, slots=True)
class _Order:
    key: str
    kind: str
    descending: bool = True
    figures: str = ""
    """A join that gives `u.value`, from rollups of the grain hour (figures of a day) or day (of a week)."""


def _figures(value: str, grain: str) -> str:
    return f"""LEFT JOIN (SELECT r.slug, {value} AS value FROM rollups r
                           WHERE r.workspace_id = $1 AND r.grain = '{grain}' AND r.bucket >= $10 AND r.traffic = 'live'
                           GROUP BY r.slug) u ON u.slug = p.slug"""


_SATISFIED: Final = """(sum(r.thumbs_up) + sum(r.score_sum_micro) / 1e6)::float8
                       / nullif(sum(r.thumbs_up) + sum(r.thumbs_down) + sum(r.scores), 0)::float8"""

_ORDERS: Final[Mapping[Sort, _Order]] = {
    "created": _Order("p.prompt_id", "uuid"),
    "updated": _Order("p.updated_at", "timestamptz"),
    "name": _Order("p.slug", "text", descending=False),
    "executions": _Order("coalesce(u.value, 0)", "bigint", figures=_figures("sum(r.executions)::bigint", "hour")),
    "cost": _Order("coalesce(u.value, 0)", "bigint", figures=_figures("sum(r.cost_nusd)::bigint", "hour")),
    "satisfaction": _Order("coalesce(u.value, 2)", "float8", descending=False, figures=_figures(_SATISFIED, "day")),
}


async def list_heads(
    tx: Tx, workspace_id: UUID, filters: Filters, *, sort: Sort, since: datetime, after: list[str] | None, limit: int
) -> list[Listed]:
    """Those behind the position `after`.

    Figures that decide the order are those of live traffic from `since` on; who has no reactions comes last.
    """
    order = _ORDERS[sort]
    way, beyond = ("DESC", "<") if order.descending else ("ASC", ">")
    needs_since = "" if order.figures else " AND $10::timestamptz IS NOT NULL"
    rows = await tx.fetch(
        f"""SELECT {HEAD_COLUMNS}, ({order.key})::text AS sort_key FROM prompts p {order.figures}
             WHERE p.workspace_id = $1
               AND ($2::uuid IS NULL OR ({order.key}, p.prompt_id) {beyond} ($9::text::{order.kind}, $2)){needs_since}
               AND ($4::text IS NULL OR p.slug ILIKE $4 OR p.name ILIKE $4 OR p.description ILIKE $4)
               AND ($5::text IS NULL OR p.tags @> ARRAY[$5])
               AND ($6::text IS NULL OR p.folder = $6 OR starts_with(p.folder, $6 || '/'))
               AND ($7::text IS NULL OR EXISTS (SELECT FROM prompt_versions v WHERE v.workspace_id = p.workspace_id
                                                  AND v.prompt_id = p.prompt_id AND v.version = p.latest_version AND v.model = $7))
               AND ($8::text IS NULL OR EXISTS (SELECT FROM prompt_labels l WHERE l.workspace_id = p.workspace_id
                                                  AND l.prompt_id = p.prompt_id AND l.label = $8))
               AND ($11::text[] IS NULL OR p.slug = ANY($11))
             ORDER BY {order.key} {way}, p.prompt_id {way} LIMIT $3""",
        workspace_id,
        UUID(after[0]) if after else None,
        limit,
        None if filters.text is None else f"%{_like(filters.text)}%",
        filters.tag,
        filters.folder,
        filters.model,
        filters.label,
        after[-1] if after else None,
        since,
        filters.slugs,
    )
    return [Listed(head_of(row), _position(row)) for row in rows]


def _position(row: Any) -> list[str]:
    return [str(row["prompt_id"]), row["sort_key"]]


def _like(text: str) -> str:
    """The text as a pattern that matches itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
