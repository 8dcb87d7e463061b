"""Reads rollups, and nothing but rollups: no figure is counted from raw rows when somebody asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_gateway.insights.ranges import Range
from burnish_shared.db.session import Tx

SUMS: Final = (
    "executions", "successes", "errors", "timeouts", "rate_limited", "cancelled", "blocked", "cached", "simulated",
    "input_tokens", "output_tokens", "cached_input_tokens", "cost_nusd", "latency_sum_ms",
    "reactions", "thumbs_up", "thumbs_down", "scores", "score_sum_micro",
)  # fmt: skip

GROUPS: Final[Mapping[str | None, str]] = {
    None: "''",
    "prompt": "r.slug",
    "version": "r.slug || '@' || r.version",
    "label": "r.slug || '@' || r.label",
    "model": "r.model",
    "traffic": "r.traffic",
    "day": "to_char(r.bucket AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}
"""What figures can be grouped by, as SQL over a rollup row `r`."""

WHERE: Final = """r.grain = $1 AND r.bucket >= $2 AND r.bucket < $3
   AND ($4::text IS NULL OR r.slug = $4) AND ($5::integer IS NULL OR r.version = $5)
   AND ($6::text IS NULL OR r.label = $6) AND ($7::text IS NULL OR r.model = $7) AND ($8::text IS NULL OR r.traffic = $8)"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows count. None: whatever."""

    slug: str | None = None
    version: int | None = None
    label: str | None = None
    model: str | None = None
    traffic: str | None = None


@dataclass(slots=True)
class Totals:
    """Sums over rollup rows; the two histograms by bucket."""

    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SUMS, 0))
    latency: list[int] = field(default_factory=list)
    first_token: list[int] = field(default_factory=list)


async def totals(tx: Tx, wanted: Range, filters: Filters, *, by_step: bool, group_by: str | None) -> dict[tuple[Any, str], Totals]:
    """(start of the step, or None when not `by_step`; group) → sums, in that order."""
    at, group = "r.bucket" if by_step else "NULL::timestamptz", GROUPS[group_by]
    found: dict[tuple[Any, str], Totals] = {}
    rows = await tx.fetch(
        f"SELECT {at} AS at, {group} AS key, {', '.join(f'sum(r.{one})::bigint AS {one}' for one in SUMS)}"
        f"  FROM rollups r WHERE {WHERE} GROUP BY 1, 2 ORDER BY 1, 2",
        *_arguments(wanted, filters),
    )
    for row in rows:
        found[(row["at"], row["key"])] = Totals(sums={one: row[one] for one in SUMS})
    for name in ("latency", "first_token"):
        counts = await tx.fetch(
            f"""SELECT at, key, array_agg(n ORDER BY bucket) AS counts
                  FROM (SELECT {at} AS at, {group} AS key, u.bucket, sum(u.n)::bigint AS n
                          FROM rollups r, unnest(r.{name}) WITH ORDINALITY u(n, bucket) WHERE {WHERE} GROUP BY 1, 2, 3) b GROUP BY 1, 2""",
            *_arguments(wanted, filters),
        )
        for row in counts:
            if (held := found.get((row["at"], row["key"]))) is not None:  # A row that came after the sums were read is left out.
                setattr(held, name, row["counts"])
    return found


async def costs(tx: Tx, wanted: Range, filters: Filters, *, group_by: str, at_most: int) -> list[dict[str, Any]]:
    """Dearest first."""
    rows = await tx.fetch(
        f"""SELECT {GROUPS[group_by]} AS key, sum(r.executions)::bigint AS executions, sum(r.input_tokens)::bigint AS input_tokens,
                   sum(r.output_tokens)::bigint AS output_tokens, sum(r.cached_input_tokens)::bigint AS cached_input_tokens,
                   sum(r.cost_nusd)::bigint AS cost_nusd, sum(r.simulated) > 0 AS simulated
              FROM rollups r WHERE {WHERE} GROUP BY 1 ORDER BY cost_nusd DESC, key LIMIT $9""",
        *_arguments(wanted, filters),
        at_most,
    )
    return [dict(row) for row in rows]


async def total_cost(tx: Tx, wanted: Range, filters: Filters) -> int:
    return await tx.fetchval(  # type: ignore[no-any-return]
        f"SELECT coalesce(sum(r.cost_nusd), 0)::bigint FROM rollups r WHERE {WHERE}", *_arguments(wanted, filters)
    )


async def waiting_feedback(tx: Tx) -> tuple[int, int]:
    """Reactions whose execution has not been seen, and those of them that are orphans, as analytics last counted them."""
    row = await tx.fetchrow("SELECT waiting, orphans FROM feedback_orphans")
    return (row["waiting"], row["orphans"]) if row is not None else (0, 0)


def _arguments(wanted: Range, filters: Filters) -> tuple[Any, ...]:
    return (wanted.grain, wanted.start, wanted.end, filters.slug, filters.version, filters.label, filters.model, filters.traffic)
