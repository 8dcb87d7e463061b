"""Rows of whole workspaces: what they lack of `rollups`, and how far that was looked at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_analytics.core.rollup import SUMS, Deltas, Measures, whole_key
from burnish_shared.db.session import Tx

PASSES: Final = 2

HISTOGRAMS: Final = ("latency", "first_token")

_COLUMNS: Final = ", ".join(("bucket", "traffic", *SUMS, *HISTOGRAMS))

_FILLED: Final = ", ".join(
    f"array_agg({value}) FILTER (WHERE name = '{one}') AS {one}_{name}"
    for one in HISTOGRAMS
    for name, value in (("places", "place"), ("counts", "n"))
)

# Both sides in one statement, and so of one moment: whoever counts meanwhile adds to both. Read twice, and not kept between: where nothing
# is lacking, which is all there is to see in the second pass, no histogram is read.
LACKING: Final = f"""
WITH told AS NOT MATERIALIZED (
       SELECT 1 AS sign, {_COLUMNS} FROM rollups
        WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4
       UNION ALL
       SELECT -1, {_COLUMNS} FROM rollup_sets
        WHERE workspace_id = $1 AND grain = $2 AND bucket >= $3 AND bucket < $4 AND dimension = 'workspace'),
     lacking AS MATERIALIZED (
       SELECT bucket, traffic, {", ".join(f"sum(sign * {one})::bigint AS {one}" for one in SUMS)}
         FROM told GROUP BY 1, 2 HAVING {" OR ".join(f"sum(sign * {one}) <> 0" for one in SUMS)}),
     counts AS (SELECT bucket, traffic, h.name, u.place::integer AS place, sum(t.sign * u.n)::bigint AS n
                  FROM told t JOIN lacking USING (bucket, traffic)
                 CROSS JOIN LATERAL (VALUES {", ".join(f"('{one}', t.{one})" for one in HISTOGRAMS)}) h(name, counts)
                 CROSS JOIN LATERAL unnest(h.counts) WITH ORDINALITY u(n, place)
                 WHERE u.n <> 0 GROUP BY 1, 2, 3, 4)
SELECT l.*, c.* FROM lacking l CROSS JOIN LATERAL (
  SELECT {_FILLED}
    FROM counts k WHERE k.bucket = l.bucket AND k.traffic = l.traffic) c"""


@dataclass(frozen=True, slots=True)
class Progress:
    """`passes` that are over; of this one `workspace_id` is under way, and done until `day`. None: not begun."""

    passes: int
    pass_ended_at: datetime | None
    workspace_id: UUID | None
    day: datetime | None


async def read_progress(tx: Tx) -> Progress:
    row = await tx.fetchrow("SELECT passes, pass_ended_at, after_workspace AS workspace_id, after_day AS day FROM whole_rollups")
    return Progress(**dict(row)) if row is not None else Progress(PASSES, None, None, None)


async def note_progress(tx: Tx, seen: Progress, now: Progress) -> None:
    """Nothing where another replica has ended the pass meanwhile."""
    await tx.execute(
        "UPDATE whole_rollups SET passes = $2, pass_ended_at = $3, after_workspace = $4, after_day = $5 WHERE passes = $1",
        seen.passes, now.passes, now.pass_ended_at, now.workspace_id, now.day,
    )  # fmt: skip


async def begin_again(tx: Tx) -> None:
    """Until both passes are over whole workspaces are read from `rollups`."""
    await tx.execute(
        "UPDATE whole_rollups SET passes = 0, pass_ended_at = NULL, after_workspace = NULL, after_day = NULL WHERE passes = $1", PASSES
    )


async def next_workspace(tx: Tx, after: UUID | None) -> UUID | None:
    """The workspace behind this one; None: there is none."""
    return await tx.fetchval("SELECT w FROM counted_workspaces() w WHERE $1::uuid IS NULL OR w > $1 ORDER BY 1 LIMIT 1", after)  # type: ignore[no-any-return]


async def next_day(tx: Tx, workspace_id: UUID, after: datetime | None) -> datetime | None:
    """The next day with figures; None: there is none."""
    return await tx.fetchval(  # type: ignore[no-any-return]
        "SELECT min(bucket) FROM rollups WHERE workspace_id = $1 AND grain = 'day' AND ($2::timestamptz IS NULL OR bucket > $2)",
        workspace_id,
        after,
    )


async def lacking(tx: Tx, workspace_id: UUID, *, grain: str, start: datetime, end: datetime) -> Deltas:
    """What is to be added to rows of the whole workspace so that they hold what its `rollups` of [start, end) hold."""
    deltas = Deltas()
    for row in await tx.fetch(LACKING, workspace_id, grain, start, end):
        measures = Measures(**{one: row[one] for one in SUMS})
        for name in HISTOGRAMS:
            places, counts = row[f"{name}_places"] or [], row[f"{name}_counts"] or []
            dense = [0] * max(places, default=0)
            for place, count in zip(places, counts, strict=True):
                dense[place - 1] = count
            setattr(measures, name, dense)
        deltas.put_set(whole_key(workspace_id, grain, row["bucket"], row["traffic"]), measures)
    return deltas
