"""Reads rollups, and nothing but rollups: no figure is counted from raw rows when somebody asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from burnish_gateway.insights.ranges import Range, fewest_rows
from burnish_gateway.insights.targets import NO_TARGETS, Targets, TargetsOfAll
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST

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
    "prompt_model": "r.slug || ' ' || r.model",
    "traffic": "r.traffic",
    "day": "to_char(r.bucket AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
}
"""What figures can be grouped by, as SQL over a rollup row `r`."""

HISTOGRAMS: Final = ("latency", "first_token")

FEW: Final = 4
"""Executions of a rollup row whose histogram is asked for the places of 1, 2, … instead of being read whole: of ten thousand prompts nearly
all rows have so few, some 200 places each, and PostgreSQL finds a value in a third of the time that it takes to list them."""

METRIC_ROWS_MOST: Final = 10_000

NAMED_MOST: Final = 1_000
"""Named metrics of one answer: names are whatever callers send, and some send a new one with each reaction."""

NEWEST: Final = "SELECT version, label FROM executions WHERE slug = $1 ORDER BY execution_id DESC LIMIT 1000"
"""Of a prompt: figures come a moment after an execution."""

TOTAL_SHOWN: Final = "(CASE WHEN abs(sum(r.total)) < 1e-30 THEN 0 ELSE least(greatest(sum(r.total), -1e30), 1e30) END)::float8"
"""Sums are exact and may hold values from before those had a bound; what no float8 can hold would be an error instead of a figure."""

WHOLE_WORKSPACE: Final = "*"
"""The slug under which analytics keeps the sketch of everybody."""

DIMENSIONS: Final = ("app", "api_key", "provider", "provider_key", "arm")
"""What figures can be grouped by or narrowed to by hour and day, from `rollup_sets`."""

BY_THE_MINUTE: Final = ("app", "api_key")
"""Those of them that are kept by the minute too."""

SPANS: Final = "unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) s(grain, start, until)"
"""From which rows the range is read; see `fewest_rows`."""

WHERE: Final = """r.grain = s.grain AND r.bucket >= s.start AND r.bucket < s.until
   AND ($4::text IS NULL OR r.slug = $4) AND ($5::integer IS NULL OR r.version = $5)
   AND ($6::text IS NULL OR r.label = $6) AND ($7::text IS NULL OR r.model = $7) AND ($8::text IS NULL OR r.traffic = $8)"""

_WHOLE: Final = ", ".join(("r.bucket", "r.traffic", *(f"r.{one}" for one in SUMS), *(f"r.{one}" for one in HISTOGRAMS)))

WHOLE: Final = f"""{SPANS}, LATERAL (
  SELECT {_WHOLE} FROM rollup_sets r
   WHERE r.grain = s.grain AND r.bucket >= s.start AND r.bucket < s.until AND r.dimension = 'workspace' AND r.value = '' AND r.slug = ''
     AND ($4::text IS NULL OR r.traffic = $4) AND (SELECT has_whole_rollups())
  UNION ALL
  SELECT {_WHOLE} FROM rollups r
   WHERE r.grain = s.grain AND r.bucket >= s.start AND r.bucket < s.until
     AND ($4::text IS NULL OR r.traffic = $4) AND NOT (SELECT has_whole_rollups())) r"""
"""Rows of the whole workspace: one a step and kind of traffic, however many prompts it has. Until analytics has added them up (after an
update from a release without them) those of each prompt, version, label and model; a side that is not wanted is not executed."""

OF_ALL: Final = (None, "traffic", "day")
"""What figures of the whole workspace can be grouped by without its prompts."""

WHERE_SETS: Final = """r.grain = s.grain AND r.bucket >= s.start AND r.bucket < s.until
   AND ($4::text IS NULL OR r.slug = $4) AND ($5::text IS NULL OR r.traffic = $5) AND r.dimension = $6
   AND ($7::text IS NULL OR r.value = $7)"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows count. None: whatever. `dimension` is one of DIMENSIONS, `value` what it must be."""

    slug: str | None = None
    version: int | None = None
    label: str | None = None
    model: str | None = None
    traffic: str | None = None
    dimension: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures are read from: tables (the rows are `r`), condition, its arguments, and the group as SQL."""

    tables: str
    where: str
    arguments: tuple[Any, ...]
    group: str


def source_of(wanted: Range, filters: Filters, group_by: str | None, *, by_step: bool = False) -> Source:
    """`rollups`, or `rollup_sets` where a dimension of it is grouped by or narrowed to, or all of the workspace is asked for."""
    dimension = group_by if group_by in DIMENSIONS else filters.dimension
    if group_by in OF_ALL and replace(filters, traffic=None) == Filters():
        return Source(WHOLE, "true", (*_spans(wanted, by_step=by_step), filters.traffic), GROUPS[group_by])
    if dimension is None:
        return _of_prompts(wanted, filters, group_by, by_step=by_step)
    arguments = (*_spans(wanted, by_step=by_step), filters.slug, filters.traffic, dimension, filters.value)
    return Source(f"rollup_sets r, {SPANS}", WHERE_SETS, arguments, "r.value" if group_by == dimension else GROUPS[group_by])


def _of_prompts(wanted: Range, filters: Filters, group_by: str | None, *, by_step: bool = False) -> Source:
    return Source(f"rollups r, {SPANS}", WHERE, _arguments(wanted, filters, by_step=by_step), GROUPS[group_by])


@dataclass(slots=True)
class Totals:
    """Sums over rollup rows; the two histograms by bucket."""

    sums: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SUMS, 0))
    latency: list[int] = field(default_factory=list)
    first_token: list[int] = field(default_factory=list)


async def totals(
    tx: Tx, wanted: Range, filters: Filters, *, by_step: bool, group_by: str | None, points_most: int | None = None,
    histograms: Sequence[str] = HISTOGRAMS, apart: Sequence[str] | None = None,
) -> dict[tuple[Any, Any], Totals]:  # fmt: skip
    """(start of the step, or None when not `by_step`; group) → sums, in that order. `histograms`: those that are asked for. `apart`: of
    these groups each, and what is in none of them together under None, without histograms; absent: each there is.

    With `points_most`: where there are more, one more than that is returned, without histograms, which are what costs.
    """
    source = measured = source_of(wanted, filters, group_by, by_step=by_step)
    if apart is not None:
        source, measured = _apart(source, apart), _only(source, apart)
    at, group = "r.bucket" if by_step else "NULL::timestamptz", source.group
    found: dict[tuple[Any, Any], Totals] = {}
    rows = await tx.fetch(
        f"SELECT {at} AS at, {group} AS key, {', '.join(f'least(sum(r.{one}), {SUM_MOST})::bigint AS {one}' for one in SUMS)}"
        f"  FROM {source.tables} WHERE {source.where} GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ${len(source.arguments) + 1}",
        *source.arguments,
        points_most + 1 if points_most is not None else None,
    )
    for row in rows:
        found[(row["at"], row["key"])] = Totals(sums={one: row[one] for one in SUMS})
    if points_most is None or len(found) <= points_most:
        await _add_histograms(tx, measured, found, at=at, histograms=histograms)
    return found


def _apart(source: Source, groups: Sequence[str]) -> Source:
    """The same rows, of which those of other groups are one group, NULL."""
    told = _told_apart(source.group, len(source.arguments) + 1)
    return replace(source, arguments=(*source.arguments, list(groups)), group=told)


def _told_apart(group: str, number: int) -> str:
    """`group` as SQL, NULL where it is none of argument `number`."""
    return f"CASE WHEN {group} = ANY (${number}::text[]) THEN {group} END"


def _only(source: Source, groups: Sequence[str]) -> Source:
    """Of the same rows those of these groups."""
    where = f"{source.where} AND {source.group} = ANY (${len(source.arguments) + 1}::text[])"
    return replace(source, where=where, arguments=(*source.arguments, list(groups)))


async def busiest(tx: Tx, wanted: Range, filters: Filters, *, group_by: str, at_most: int) -> list[str]:
    """The groups with the most executions, first those with the most."""
    source = source_of(wanted, filters, group_by)
    rows = await tx.fetch(
        f"""SELECT {source.group} AS key FROM {source.tables} WHERE {source.where}
             GROUP BY 1 ORDER BY sum(r.executions) DESC, 1 LIMIT ${len(source.arguments) + 1}""",
        *source.arguments,
        at_most,
    )
    return [row["key"] for row in rows]


async def largest(tx: Tx, wanted: Range, filters: Filters, *, group_by: str, at_most: int) -> list[tuple[str, Totals]]:
    """The groups with the most executions, first those with the most; of histograms the latency."""
    source = source_of(wanted, filters, group_by)
    found: dict[tuple[Any, str], Totals] = {}
    rows = await tx.fetch(
        f"SELECT {source.group} AS key, {', '.join(f'least(sum(r.{one}), {SUM_MOST})::bigint AS {one}' for one in SUMS)}"
        f"  FROM {source.tables} WHERE {source.where} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${len(source.arguments) + 1}",
        *source.arguments,
        at_most,
    )
    for row in rows:
        found[(None, row["key"])] = Totals(sums={one: row[one] for one in SUMS})
    narrowed = _only(source, [key for _, key in found])
    await _add_histograms(tx, narrowed, found, at="NULL::timestamptz", histograms=("latency",))
    return [(key, one) for (_, key), one in found.items()]


async def _add_histograms(tx: Tx, source: Source, found: dict[tuple[Any, str], Totals], *, at: str, histograms: Sequence[str]) -> None:
    """Buckets that hold nothing, which are most of what a rollup row holds, are neither summed up nor sent."""
    group = source.group
    for name in histograms:
        counts = await tx.fetch(
            f"""SELECT at, key, array_agg(place ORDER BY place) AS places, array_agg(n ORDER BY place) AS counts
                  FROM (SELECT {at} AS at, {group} AS key, u.place, sum(u.n)::bigint AS n
                          FROM {source.tables}, LATERAL ({_what_holds(name)}) u WHERE {source.where}
                         GROUP BY 1, 2, 3) b GROUP BY 1, 2""",
            *source.arguments,
        )
        for row in counts:
            if (held := found.get((row["at"], row["key"]))) is not None:  # A row that came after the sums were read is left out.
                setattr(held, name, histogram_of(row["places"], row["counts"]))


def _what_holds(name: str) -> str:
    """Buckets of row `r` that hold something, as `n` and `place`. None holds more than the row has executions."""
    return f"""SELECT k AS n, place
                  FROM generate_series(1, least(r.executions, {FEW})) k, unnest(array_positions(r.{name}, k::integer)) place
                 WHERE r.executions <= {FEW}
                UNION ALL SELECT n, place FROM unnest(r.{name}) WITH ORDINALITY v(n, place) WHERE r.executions > {FEW} AND n <> 0"""


def histogram_of(places: Sequence[int], counts: Sequence[int]) -> list[int]:
    """Counts by bucket. `places`: rising, from 1."""
    made = [0] * places[-1]
    for place, count in zip(places, counts, strict=True):
        made[place - 1] = count
    return made


async def costs(tx: Tx, wanted: Range, filters: Filters, *, group_by: str, at_most: int) -> list[dict[str, Any]]:
    """Dearest first."""
    source = source_of(wanted, filters, group_by)
    rows = await tx.fetch(
        f"""SELECT {source.group} AS key, sum(r.executions)::bigint AS executions, sum(r.input_tokens)::bigint AS input_tokens,
                   sum(r.output_tokens)::bigint AS output_tokens, sum(r.cached_input_tokens)::bigint AS cached_input_tokens,
                   least(sum(r.cost_nusd), {SUM_MOST})::bigint AS cost_nusd, sum(r.simulated) > 0 AS simulated
              FROM {source.tables} WHERE {source.where} GROUP BY 1 ORDER BY cost_nusd DESC, key LIMIT ${len(source.arguments) + 1}""",
        *source.arguments,
        at_most,
    )
    return [dict(row) for row in rows]


async def total_cost(tx: Tx, wanted: Range, filters: Filters) -> int:
    source = source_of(wanted, filters, None)
    return await tx.fetchval(  # type: ignore[no-any-return]
        f"SELECT least(coalesce(sum(r.cost_nusd), 0), {SUM_MOST})::bigint FROM {source.tables} WHERE {source.where}", *source.arguments
    )


async def distinct_prompts(tx: Tx, wanted: Range, filters: Filters) -> int:
    """Registered prompts with executions: counted, not estimated, since rollup rows carry them."""
    source = source_of(wanted, filters, None) if filters.dimension is not None else _of_prompts(wanted, filters, None)
    return await tx.fetchval(  # type: ignore[no-any-return]
        f"""SELECT count(*) FROM (SELECT r.slug FROM {source.tables}
                                   WHERE {source.where} AND r.slug <> '' AND r.executions > 0 GROUP BY 1) b""",
        *source.arguments,
    )


async def is_known(tx: Tx, slug: str) -> bool:
    """Whether a prompt is called so, or a figure or an execution of any time names it: both may be of one that is registered elsewhere."""
    return bool(
        await tx.fetchval(
            """SELECT EXISTS (SELECT FROM prompts WHERE slug = $1) OR EXISTS (SELECT FROM rollups WHERE grain = 'day' AND slug = $1)
                   OR EXISTS (SELECT FROM executions WHERE slug = $1)""",
            slug,
        )
    )


async def knows_version(tx: Tx, slug: str, version: int) -> bool:
    """Whether the prompt has this version, or a figure of any day or one of its newest executions names it."""
    return bool(
        await tx.fetchval(
            f"""SELECT EXISTS (SELECT FROM prompt_versions v JOIN prompts p USING (prompt_id) WHERE p.slug = $1 AND v.version = $2)
                    OR EXISTS (SELECT FROM rollups WHERE grain = 'day' AND slug = $1 AND version = $2)
                    OR EXISTS (SELECT FROM ({NEWEST}) e WHERE e.version = $2)""",
            slug,
            version,
        )
    )


async def knows_label(tx: Tx, slug: str, label: str) -> bool:
    """Whether the prompt has or had this label, or a figure of any day or one of its newest executions names it."""
    return bool(
        await tx.fetchval(
            f"""SELECT EXISTS (SELECT FROM prompt_labels l JOIN prompts p USING (prompt_id) WHERE p.slug = $1 AND l.label = $2)
                    OR EXISTS (SELECT FROM prompt_label_moves m JOIN prompts p USING (prompt_id) WHERE p.slug = $1 AND m.label = $2)
                    OR EXISTS (SELECT FROM rollups WHERE grain = 'day' AND slug = $1 AND label = $2)
                    OR EXISTS (SELECT FROM ({NEWEST}) e WHERE e.label = $2)""",
            slug,
            label,
        )
    )


async def end_user_sketches(tx: Tx, wanted: Range, slug: str) -> list[bytes]:
    """Of one prompt, or of WHOLE_WORKSPACE; a sketch for each hour or day."""
    rows = await tx.fetch(
        "SELECT r.sketch FROM rollup_end_users r WHERE r.grain = $1 AND r.bucket >= $2 AND r.bucket < $3 AND r.slug = $4",
        wanted.grain,
        wanted.start,
        wanted.end,
        slug,
    )
    return [bytes(row["sketch"]) for row in rows]


async def metric_sums(
    tx: Tx, wanted: Range, filters: Filters, *, metric: str | None, by_step: bool, group_by: str | None,
    apart: Sequence[str] | None = None, at_most: int = METRIC_ROWS_MOST,
) -> dict[tuple[Any, str | None, str], tuple[int, int, float]]:  # fmt: skip
    """(start of the step or None, group, metric) → reactions, positives, sum of the values. `metric` None: all of them. `apart`: as of
    `totals`. The first `at_most` in that order."""
    arguments = (*_arguments(wanted, filters, by_step=by_step), metric, at_most)
    at, group = "r.bucket" if by_step else "NULL::timestamptz", GROUPS[group_by]
    if apart is not None:
        arguments, group = (*arguments, list(apart)), _told_apart(group, len(arguments) + 1)
    rows = await tx.fetch(
        f"""SELECT {at} AS at, {group} AS key, r.metric, sum(r.reactions)::bigint AS reactions, sum(r.positives)::bigint AS positives,
                   {TOTAL_SHOWN} AS total
              FROM rollup_metrics r, {SPANS} WHERE {WHERE} AND ($9::text IS NULL OR r.metric = $9)
             GROUP BY 1, 2, 3 HAVING sum(r.reactions) > 0 ORDER BY 1, 2, 3 LIMIT $10""",
        *arguments,
    )
    return {(row["at"], row["key"], row["metric"]): (row["reactions"], row["positives"], row["total"]) for row in rows}


async def named_metrics(
    tx: Tx, wanted: Range, filters: Filters, *, at_most: int | None = None
) -> tuple[dict[str, tuple[int, int, float]], int]:
    """Metric → reactions, positives, sum of the values, by name: of those with the most reactions so many (NAMED_MOST where None). And how
    many others there are."""
    arguments = (*_arguments(wanted, filters, by_step=False), NAMED_MOST if at_most is None else at_most)
    rows = await tx.fetch(
        f"""SELECT r.metric, sum(r.reactions)::bigint AS reactions, sum(r.positives)::bigint AS positives, {TOTAL_SHOWN} AS total,
                   count(*) OVER () AS all_of_them
              FROM rollup_metrics r, {SPANS} WHERE {WHERE}
             GROUP BY 1 HAVING sum(r.reactions) > 0 ORDER BY 2 DESC, 1 LIMIT $9""",
        *arguments,
    )
    found = {row["metric"]: (row["reactions"], row["positives"], row["total"]) for row in sorted(rows, key=lambda row: row["metric"])}
    return found, rows[0]["all_of_them"] - len(rows) if rows else 0


async def read_targets(tx: Tx) -> TargetsOfAll:
    """As rules of alerts say them."""
    rows = await tx.fetch(
        """SELECT slug, target_p95_ms, target_cost_nusd FROM alert_rules
            WHERE target_p95_ms IS NOT NULL OR target_cost_nusd IS NOT NULL ORDER BY slug"""
    )
    said = {row["slug"]: Targets(row["target_p95_ms"], row["target_cost_nusd"]) for row in rows}
    own = said.pop("", NO_TARGETS)
    return TargetsOfAll(own, {slug: Targets(one.p95_ms or own.p95_ms, one.cost_nusd or own.cost_nusd) for slug, one in said.items()})


async def waiting_feedback(tx: Tx) -> tuple[int, int]:
    """Reactions whose execution has not been seen, and those of them that are orphans, as analytics last counted them."""
    row = await tx.fetchrow("SELECT waiting, orphans FROM feedback_orphans")
    return (row["waiting"], row["orphans"]) if row is not None else (0, 0)


def _arguments(wanted: Range, filters: Filters, *, by_step: bool) -> tuple[Any, ...]:
    narrowed = (filters.slug, filters.version, filters.label, filters.model, filters.traffic)
    return (*_spans(wanted, by_step=by_step), *narrowed)


def _spans(wanted: Range, *, by_step: bool) -> tuple[list[str], list[datetime], list[datetime]]:
    """What SPANS takes: for each step the rows of its own grain, for sums over all of the range the fewest that hold it."""
    parts = (wanted,) if by_step else fewest_rows(wanted)
    return [one.grain for one in parts], [one.start for one in parts], [one.end for one in parts]
