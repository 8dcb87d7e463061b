"""Raw rows and rollup rows of one workspace, read in one statement and therefore as of one moment."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from burnish_analytics.core.recount import Difference, Key, Mark, Side, counted_side, lacking
from burnish_analytics.core.rollup import STATUS_SUMS, SUMS, WHOLE_WORKSPACE, ArmKey, EndUserKey, Measures, MetricKey, RollupKey, SetKey
from burnish_shared.db.session import Tx
from burnish_shared.distinct import EMPTY, mark_of
from burnish_shared.measures import BORDERS, SUM_MOST, count_into

_DIMENSIONS: Final = "slug, version, label, model, traffic"

HISTOGRAMS: Final = ("latency", "first_token")

COUNTED: Final = {
    "executions": "count(*)",
    **{name: f"count(*) FILTER (WHERE status = '{status}')" for status, name in STATUS_SUMS.items()},
    "cached": "count(*) FILTER (WHERE cached)",
    "simulated": "count(*) FILTER (WHERE simulated)",
    "input_tokens": "sum(input_tokens)",
    "output_tokens": "sum(output_tokens)",
    "cached_input_tokens": "sum(cached_input_tokens)",
    "cost_nusd": "sum(cost_nusd)",
    "latency_sum_ms": "sum(latency_ms)",
}

REACTED: Final = {
    "reactions": "count(*)",
    "thumbs_up": "count(*) FILTER (WHERE kind = 'thumb' AND said = 1)",
    "thumbs_down": "count(*) FILTER (WHERE kind = 'thumb' AND said <> 1)",
    "scores": "count(*) FILTER (WHERE kind = 'score')",
    "score_sum_micro": "sum(round(said * 1000000)::bigint) FILTER (WHERE kind = 'score')",
}


def sums_of(counted: dict[str, str]) -> str:
    """All sums of a rollup row as SQL, none beyond what its columns hold; those that `counted` does not say are 0."""
    return ", ".join(f"least(coalesce({counted.get(name, '0')}, 0), {SUM_MOST})::bigint AS {name}" for name in SUMS)


_PART: Final = "($6::integer = 1 OR abs(hashtext({slug})::bigint) % $6 = $7::integer)"
"""Of $6 parts of all prompts the $7th, from 0."""

_DAY: Final = "e.workspace_id = $1 AND e.finished_at >= $3 AND e.finished_at < $4"


def said_of(facts: str, columns: str) -> str:
    """Reactions that count for rows of `facts`, looked up by execution, one by one (OFFSET 0): what else was said is not read."""
    found = """(SELECT kind, value AS said FROM feedback
                 WHERE workspace_id = $1 AND joined_at IS NOT NULL AND NOT is_taken_back AND {key} OFFSET 0) f"""
    by_execution = found.format(key="target_kind = 'execution' AND target_id = e.execution_id::text")
    by_session = found.format(key="session_execution_id = e.execution_id")
    return f"""
SELECT {columns}, f.kind, f.said FROM {facts} e CROSS JOIN LATERAL {by_execution}
UNION ALL
SELECT {columns}, f.kind, f.said FROM {facts} e CROSS JOIN LATERAL {by_session}"""


def _histogram(name: str, dimensions: str, told_apart: str) -> str:
    """Buckets and counts of one measure, in the places of the two histograms: at most 601 of each, however many executions there are."""
    return f"""
SELECT '{name}', bucket, {dimensions}, {", ".join("0::bigint" for _ in SUMS)}, array_agg(held ORDER BY held), array_agg(times ORDER BY held)
  FROM (SELECT bucket, {dimensions}, width_bucket({name}_ms - 1, $5::bigint[])::bigint AS held, count(*) AS times
          FROM facts e {told_apart} WHERE {name}_ms IS NOT NULL GROUP BY bucket, {dimensions}, held) h
 GROUP BY bucket, {dimensions}"""


def _read(table: str, dimensions: str, *, told_apart: str = "") -> str:
    """Raw rows and rows of `table`, by `dimensions`. `told_apart`: what is joined to each execution to get them."""
    return f"""
WITH facts AS MATERIALIZED (SELECT date_trunc($2, e.finished_at, 'UTC') AS bucket, e.* FROM execution_facts e
                              WHERE {_DAY} AND {_PART.format(slug="e.slug")}),
     reactions AS ({said_of("facts", "e.*")})
SELECT 'raw' AS side, bucket, {dimensions}, {sums_of(COUNTED)}, NULL::bigint[] AS latency, NULL::bigint[] AS first_token
  FROM facts e {told_apart} GROUP BY bucket, {dimensions}
UNION ALL {_histogram("latency", dimensions, told_apart)}
UNION ALL {_histogram("first_token", dimensions, told_apart)}
UNION ALL
SELECT 'raw', bucket, {dimensions}, {sums_of(REACTED)}, NULL, NULL
  FROM reactions e {told_apart} GROUP BY bucket, {dimensions}
UNION ALL
SELECT 'rollup', bucket, {dimensions}, {", ".join(SUMS)}, latency::bigint[], first_token::bigint[]
  FROM {table} WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4 AND {_PART.format(slug="slug")}"""


READ: Final = _read("rollups", _DIMENSIONS)
READ_SETS: Final = _read(
    "(SELECT * FROM rollup_sets WHERE dimension <> 'workspace') s",
    "dimension, value, slug, traffic",
    told_apart="""JOIN LATERAL (VALUES ('app', coalesce(e.app, '')), ('api_key', coalesce(e.api_key_id, '')),
  ('provider', e.provider), ('provider_key', coalesce(e.provider_key_id::text, '')),
  ('arm', e.experiment_id || '/' || e.arm)) d(dimension, value)
       ON d.value IS NOT NULL AND ($2 <> 'minute' OR dimension IN ('app', 'api_key'))""",
)

READ_METRICS: Final = f"""
WITH facts AS MATERIALIZED (SELECT * FROM execution_facts e WHERE {_DAY})
SELECT bucket, metric, {_DIMENSIONS}, coalesce(r.reactions, 0) AS held, coalesce(c.reactions, 0) AS counted,
       coalesce(r.positives, 0) AS held_positives, coalesce(c.positives, 0) AS counted_positives,
       coalesce(r.total, 0) AS held_total, coalesce(c.total, 0) AS counted_total
  FROM (SELECT date_trunc($2, finished_at, 'UTC') AS bucket, substr(kind, 8) AS metric, {_DIMENSIONS}, count(*) AS reactions,
               count(*) FILTER (WHERE said > 0) AS positives, sum(said::text::numeric) AS total
          FROM ({said_of("facts", "e.*")}) r WHERE kind LIKE 'metric:%' GROUP BY 1, 2, {_DIMENSIONS}) c
  FULL JOIN (SELECT * FROM rollup_metrics WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4) r
       USING (bucket, metric, {_DIMENSIONS})
 WHERE (coalesce(r.reactions, 0), coalesce(r.positives, 0), coalesce(r.total, 0))
       <> (coalesce(c.reactions, 0), coalesce(c.positives, 0), coalesce(c.total, 0))
 ORDER BY bucket, metric, {_DIMENSIONS}"""

_ARM: Final = "experiment_id, allocation_epoch, arm, metric"

# All that the experiments of these days ever counted, and whether units, arms and raw rows say the same of it.
READ_ARMS: Final = f"""
WITH facts AS MATERIALIZED (
       SELECT e.* FROM execution_facts e
        WHERE e.workspace_id = $1 AND e.traffic = 'live' AND e.experiment_id IN
              (SELECT x.experiment_id FROM execution_facts x
                WHERE x.workspace_id = $1 AND x.finished_at >= $2 AND x.finished_at < $3 AND x.experiment_id IS NOT NULL)),
     counted AS (
       SELECT experiment_id, allocation_epoch, arm, m.metric, sum(m.x) AS x, sum(m.y) AS y
         FROM facts CROSS JOIN LATERAL (VALUES ('success', 1, (status = 'success')::int::numeric),
              ('cost_nusd', (NOT cached)::int, (NOT cached)::int * cost_nusd::numeric),
              ('latency_ms', (status = 'success' AND NOT cached)::int, (status = 'success' AND NOT cached)::int * latency_ms::numeric),
              ('slow', (status = 'success' AND NOT cached AND slow IS NOT NULL)::int,
                       (status = 'success' AND NOT cached AND slow IS TRUE)::int::numeric))
              m(metric, x, y)
        WHERE status <> 'cancelled' GROUP BY 1, 2, 3, 4
       UNION ALL
       SELECT experiment_id, allocation_epoch, arm, CASE WHEN kind LIKE 'metric:%' THEN kind ELSE 'satisfaction' END, count(*),
              sum(CASE WHEN kind = 'score' THEN round(said * 1000000)::numeric / 1000000
                       WHEN kind = 'thumb' THEN (said = 1)::int ELSE said::text::numeric END)
         FROM ({said_of("facts", "e.experiment_id, e.allocation_epoch, e.arm")}) r
        WHERE kind IN ('thumb', 'score') OR kind LIKE 'metric:%' GROUP BY 1, 2, 3, 4
       UNION ALL
       SELECT f.experiment_id, f.allocation_epoch, f.arm, 'evaluator:' || s.evaluator_id || '@' || s.evaluator_version, count(*),
              sum(s.score::text::numeric)
         FROM facts f JOIN scores s ON s.workspace_id = $1 AND s.execution_id = f.execution_id
        WHERE s.score IS NOT NULL AND s.in_arm GROUP BY 1, 2, 3, 4),
     units AS (SELECT {_ARM}, count(*) AS units, sum(x) AS x, sum(y) AS y, sum(x * x) AS xx, sum(y * y) AS yy, sum(x * y) AS xy
                 FROM experiment_units WHERE workspace_id = $1 AND x > 0 GROUP BY {_ARM})
SELECT {_ARM}, d.figure, d.held, d.counted
  FROM (SELECT * FROM counted WHERE x > 0) c FULL JOIN units u USING ({_ARM})
  FULL JOIN (SELECT * FROM experiment_sums WHERE workspace_id = $1) s USING ({_ARM})
 CROSS JOIN LATERAL (VALUES ('units', s.units, u.units), ('sum_x', s.sum_x, c.x), ('sum_y', s.sum_y, c.y), ('unit_x', u.x, c.x),
       ('sum_xx', s.sum_xx, u.xx), ('sum_yy', s.sum_yy, u.yy), ('sum_xy', s.sum_xy, u.xy)) d(figure, held, counted)
 WHERE experiment_id IN (SELECT experiment_id FROM facts) AND coalesce(d.held, 0) <> coalesce(d.counted, 0)
 ORDER BY {_ARM}, d.figure"""

READ_END_USERS: Final = """
SELECT DISTINCT date_trunc($2, e.finished_at, 'UTC') AS bucket, e.slug, e.end_user FROM execution_facts e
 WHERE e.workspace_id = $1 AND e.finished_at >= $3 AND e.finished_at < $4 AND e.traffic = 'live' AND e.end_user <> ''"""


async def read_sides(tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime, part: int, parts: int) -> tuple[Side, Side]:
    """What raw rows add up to, and what the rollups hold, for buckets of [start, end); both must lie on borders of the grain. Of `parts`
    of the prompts, cut by the hash of the name, the one with this number, from 0."""
    raw: Side = {}
    rolled: Side = {}
    for row in await tx.fetch(READ, workspace_id, grain, start, end, BORDERS, parts, part):
        key = RollupKey(workspace_id, grain, row["bucket"], row["slug"], row["version"], row["label"], row["model"], row["traffic"])
        _add(raw, rolled, key, row)
    return raw, rolled


async def read_set_sides(
    tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime, part: int, parts: int
) -> tuple[Side, Side]:
    """The same of `rollup_sets`, without the rows of the whole workspace."""
    raw: Side = {}
    rolled: Side = {}
    for row in await tx.fetch(READ_SETS, workspace_id, grain, start, end, BORDERS, parts, part):
        key = SetKey(workspace_id, grain, row["bucket"], row["dimension"], row["value"], row["slug"], row["traffic"])
        _add(raw, rolled, key, row)
    return raw, rolled


def _add(raw: Side, rolled: Side, key: Key, row: asyncpg.Record) -> None:
    if row["side"] in HISTOGRAMS:
        measures = raw.setdefault(key, Measures())
        for bucket, times in zip(row["latency"], row["first_token"], strict=True):
            count_into(getattr(measures, row["side"]), bucket, times=times)
        return
    counted_side(
        raw if row["side"] == "raw" else rolled,
        key,
        sums={name: row[name] for name in SUMS},
        latency=row["latency"] or [],
        first_token=row["first_token"] or [],
    )


async def metric_differences(tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime) -> list[Difference]:
    """Of named metrics, which PostgreSQL compares itself."""
    found: list[Difference] = []
    for row in await tx.fetch(READ_METRICS, workspace_id, grain, start, end):
        key = MetricKey(
            workspace_id, grain, row["bucket"], row["metric"], row["slug"], row["version"], row["label"], row["model"], row["traffic"]
        )
        for figure, suffix in (("reactions", ""), ("positives", "_positives"), ("total", "_total")):
            held, counted = row[f"held{suffix}"], row[f"counted{suffix}"]
            if held != counted:
                found.append(Difference(key, figure, rollup=held, recounted=counted))
    return found


async def arm_differences(tx: Tx, workspace_id: UUID, *, start: datetime, end: datetime) -> list[Difference]:
    """Of experiments with executions in this range: all that they ever counted."""
    rows = await tx.fetch(READ_ARMS, workspace_id, start, end)
    return [
        Difference(
            ArmKey(workspace_id, row["experiment_id"], row["allocation_epoch"], row["arm"], row["metric"]),
            row["figure"],
            rollup=row["held"] or 0,
            recounted=row["counted"] or 0,
        )
        for row in rows
    ]


async def end_user_differences(tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime) -> list[Difference]:
    """Sketches that lack somebody whom raw rows still name."""
    marks: dict[EndUserKey, set[Mark]] = {}
    for row in await tx.fetch(READ_END_USERS, workspace_id, grain, start, end):
        mark = mark_of(row["end_user"], key=workspace_id.bytes)
        for slug in (row["slug"], WHOLE_WORKSPACE):
            marks.setdefault(EndUserKey(workspace_id, grain, row["bucket"], slug), set()).add(mark)
    rows = await tx.fetch(
        "SELECT bucket, slug, sketch FROM rollup_end_users WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4",
        workspace_id,
        grain,
        start,
        end,
    )
    held = {EndUserKey(workspace_id, grain, row["bucket"], row["slug"]): bytes(row["sketch"]) for row in rows}
    found = (lacking(key, held=held.get(key, EMPTY), marks=marks[key]) for key in sorted(marks))
    return [one for one in found if one is not None]


async def lock_backfill(tx: Tx, workspace_id: UUID) -> None:
    """One at a time for each workspace, until the end of the transaction."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.backfill'), hashtext($1))", str(workspace_id))


async def counted_workspaces(tx: Tx) -> list[UUID]:
    return [row[0] for row in await tx.fetch("SELECT counted_workspaces()")]


async def is_erased(tx: Tx, workspace_id: UUID) -> bool:
    """Also while that goes on."""
    return await tx.fetchval(  # type: ignore[no-any-return]
        "SELECT EXISTS (SELECT FROM workspace_erasures WHERE workspace_id = $1)", workspace_id
    )


async def counted_by_hour(tx: Tx, workspace_id: UUID, *, start: datetime) -> list[int]:
    """Executions finished in each of the 24 hours from `start` on."""
    rows = await tx.fetch(
        """SELECT floor(extract(epoch FROM finished_at - $2) / 3600)::integer AS hour, count(*) AS executions FROM execution_facts
            WHERE workspace_id = $1 AND finished_at >= $2 AND finished_at < $2 + interval '24 hours' GROUP BY hour""",
        workspace_id,
        start,
    )
    found = {row["hour"]: row["executions"] for row in rows}
    return [found.get(hour, 0) for hour in range(24)]


async def missing_facts(tx: Tx, workspace_id: UUID, *, start: datetime, end: datetime) -> int:
    """Executions of the books, finished in this range, that have not been counted (yet)."""
    return await tx.fetchval(  # type: ignore[no-any-return]
        """SELECT count(*) FROM executions x WHERE x.workspace_id = $1 AND x.finished_at >= $2 AND x.finished_at < $3
              AND NOT EXISTS (SELECT FROM execution_facts e WHERE e.execution_id = x.execution_id AND e.workspace_id = x.workspace_id)""",
        workspace_id,
        start,
        end,
    )
