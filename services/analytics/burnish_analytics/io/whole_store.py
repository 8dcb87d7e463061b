"""Rows of whole workspaces: what they lack of `rollups`, and how far that was looked at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from burnish_analytics.core.recount import Side
from burnish_analytics.core.rollup import SUMS, Deltas, Measures, whole_key
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST

HISTOGRAMS: Final = ("latency", "first_token")

_COLUMNS: Final = ", ".join(("bucket", "traffic", *SUMS, *HISTOGRAMS))

_FILLED: Final = ", ".join(
    f"array_agg({value}) FILTER (WHERE name = '{one}') AS {one}_{name}"
    for one in HISTOGRAMS
    for name, value in (("places", "place"), ("counts", "n"))
)

_TOLD: Final = f"""
WITH told AS NOT MATERIALIZED (
       SELECT false AS is_whole, 1 AS sign, {_COLUMNS} FROM rollups
        WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4
       UNION ALL
       SELECT true, -1, {_COLUMNS} FROM rollup_sets
        WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4 AND dimension = 'workspace')"""
"""Both sides in one statement, and so of one moment: whoever counts meanwhile adds to both."""

_PLACES: Final = f"""told t CROSS JOIN LATERAL (VALUES {", ".join(f"('{one}', t.{one})" for one in HISTOGRAMS)}) h(name, counts)
  CROSS JOIN LATERAL unnest(h.counts) WITH ORDINALITY u(n, place) WHERE u.n <> 0"""
"""Places of histograms that hold something."""

LACKING: Final = f"""{_TOLD},
     sums AS (SELECT bucket, traffic, {", ".join(f"least(sum(sign * {one}), {SUM_MOST})::bigint AS {one}" for one in SUMS)}
                FROM told GROUP BY 1, 2),
     places AS (SELECT bucket, traffic, h.name, u.place::integer AS place, sum(t.sign * u.n)::bigint AS n
                  FROM {_PLACES} GROUP BY 1, 2, 3, 4 HAVING sum(t.sign * u.n) <> 0),
     filled AS (SELECT bucket, traffic, {_FILLED} FROM places GROUP BY 1, 2)
SELECT * FROM sums LEFT JOIN filled f USING (bucket, traffic)
 WHERE f.bucket IS NOT NULL OR {" OR ".join(f"{one} <> 0" for one in SUMS)}"""


@dataclass(frozen=True, slots=True)
class Progress:
    """Days until `after_day` are done, None: none. `marks`: how often somebody had written `rollups` alone by then."""

    marks: int
    after_day: datetime | None


async def not_whole(tx: Tx, *, at_most: int) -> list[UUID]:
    """Workspaces whose rows may lack something, those first that were not worked on for longest."""
    rows = await tx.fetch(
        """SELECT c FROM counted_workspaces() c LEFT JOIN whole_rollups w ON w.workspace_id = c
            WHERE w.is_whole IS NOT TRUE ORDER BY w.tried_at NULLS FIRST, c LIMIT $1""",
        at_most,
    )
    return [row["c"] for row in rows]


async def begin(tx: Tx, workspace_id: UUID) -> Progress:
    """Before anything is compared, and committed: who writes `rollups` alone from now on is seen at the end by its mark."""
    await tx.execute("INSERT INTO whole_rollups (workspace_id) VALUES ($1) ON CONFLICT DO NOTHING", workspace_id)
    row = await tx.fetchrow("SELECT marks, after_day FROM whole_rollups WHERE workspace_id = $1", workspace_id)
    return Progress(**dict(row)) if row is not None else Progress(0, None)


async def note_day(tx: Tx, workspace_id: UUID, day: datetime, *, marks: int) -> Progress | None:
    """None where somebody wrote `rollups` alone since: it begins again."""
    row = await tx.fetchrow(
        """UPDATE whole_rollups SET after_day = $2, tried_at = clock_timestamp()
            WHERE workspace_id = $1 AND marks = $3 AND NOT is_whole RETURNING marks, after_day""",
        workspace_id,
        day,
        marks,
    )
    return Progress(**dict(row)) if row is not None else None


async def end(tx: Tx, workspace_id: UUID, *, marks: int) -> None:
    """Every day is done. Nothing where somebody wrote `rollups` alone since; who is about to has not committed, and is waited for."""
    await tx.execute(
        "UPDATE whole_rollups SET is_whole = true, after_day = NULL, tried_at = NULL WHERE workspace_id = $1 AND marks = $2",
        workspace_id,
        marks,
    )


async def note_failed(tx: Tx, workspace_id: UUID) -> None:
    await tx.execute("UPDATE whole_rollups SET tried_at = clock_timestamp() WHERE workspace_id = $1", workspace_id)


async def mark(tx: Tx, workspace_id: UUID) -> None:
    """They lack something: they are read from `rollups` until they are added up again."""
    await tx.execute("UPDATE whole_rollups SET is_whole = false, marks = marks + 1, after_day = NULL WHERE workspace_id = $1", workspace_id)


async def rows_of_prompts(tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime) -> int:
    sql = "SELECT count(*) FROM rollups WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4"
    return int(await tx.fetchval(sql, workspace_id, grain, start, end))


async def next_day(tx: Tx, workspace_id: UUID, after: datetime | None) -> datetime | None:
    """The next day with figures; None: there is none."""
    day: datetime | None = await tx.fetchval(
        "SELECT min(bucket) FROM rollups WHERE workspace_id = $1 AND grain = 'day' AND ($2::timestamptz IS NULL OR bucket > $2)",
        workspace_id,
        after,
    )
    return day


async def lacking(tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime) -> Deltas:
    """What is to be added to rows of the whole workspace so that they hold what its `rollups` of [start, end) hold."""
    deltas = Deltas()
    for row in await tx.fetch(LACKING, workspace_id, grain, start, end):
        deltas.put_set(whole_key(workspace_id, grain, row["bucket"], row["traffic"]), _measures(row))
    return deltas


BOTH: Final = f"""{_TOLD},
     sums AS (SELECT is_whole, bucket, traffic, {", ".join(f"least(sum({one}), {SUM_MOST})::bigint AS {one}" for one in SUMS)}
                FROM told GROUP BY 1, 2, 3),
     places AS (SELECT is_whole, bucket, traffic, h.name, u.place::integer AS place, sum(u.n)::bigint AS n
                  FROM {_PLACES} GROUP BY 1, 2, 3, 4, 5),
     filled AS (SELECT is_whole, bucket, traffic, {_FILLED} FROM places GROUP BY 1, 2, 3)
SELECT * FROM sums LEFT JOIN filled USING (is_whole, bucket, traffic) WHERE (SELECT has_whole_rollups())"""


async def sides(tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime) -> tuple[Side, Side]:
    """The sums and histograms of `rollups`, and those of the rows of the whole workspace, as of one moment. Nothing of a workspace whose
    rows are not known to hold everything."""
    prompts: Side = {}
    held: Side = {}
    for row in await tx.fetch(BOTH, workspace_id, grain, start, end):
        key = whole_key(workspace_id, grain, row["bucket"], row["traffic"])
        (held if row["is_whole"] else prompts)[key] = _measures(row)
    return prompts, held


def _measures(row: asyncpg.Record) -> Measures:
    """Sums as they stand there, histograms from the places that hold something."""
    measures = Measures(**{one: row[one] for one in SUMS})
    for name in HISTOGRAMS:
        places, counts = row[f"{name}_places"] or [], row[f"{name}_counts"] or []
        dense = [0] * max(places, default=0)
        for place, count in zip(places, counts, strict=True):
            dense[place - 1] = count
        setattr(measures, name, dense)
    return measures
