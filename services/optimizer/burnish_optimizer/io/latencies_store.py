"""Latencies of an experiment's answers, as percentiles need them: read from `execution_facts`, where each answer is a row (decision 63).

The same answers as `latency_ms` of `experiment_sums`: live, successful, not from the cache.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from asyncpg import Record

from burnish_optimizer.io.experiments_store import ExperimentClaim
from burnish_shared.db.session import Tx
from burnish_shared.experiments.quantiles import COURSES, QUANTILES, WHOLE, Percentile, course_of, percentile_of
from burnish_shared.experiments.sums import ArmSums

_ANSWERS: Final = """execution_facts f WHERE f.workspace_id = $1 AND f.experiment_id = $2 AND f.traffic = 'live' AND f.status = 'success'
                    AND NOT f.cached"""

_SUMS: Final = ", ".join(
    f"sum({product})::float8 AS {name}"
    for name, product in (
        ("x", "x"), ("xx", "x * x"), ("middle", "middle"), ("middle_middle", "middle * middle"), ("x_middle", "x * middle"),
        ("high", "high"), ("high_high", "high * high"), ("x_high", "x * high"),
    )
)  # fmt: skip

_MOMENTS: Final = f"""
WITH of_unit AS MATERIALIZED (
  SELECT f.allocation_epoch AS epoch, f.arm, f.unit, count(*) AS x,
         count(*) FILTER (WHERE f.latency_ms <= k.middle) AS middle, count(*) FILTER (WHERE f.latency_ms <= k.high) AS high,
         count(*) FILTER (WHERE f.latency_ms <= k.middle_of_all) AS middle_of_all,
         count(*) FILTER (WHERE f.latency_ms <= k.high_of_all) AS high_of_all
    FROM (SELECT f.allocation_epoch, f.arm, f.unit, f.latency_ms FROM {_ANSWERS}) f
    JOIN unnest($3::integer[], $4::text[], $5::float8[], $6::float8[], $7::float8[], $8::float8[])
         k(epoch, arm, middle, middle_of_all, high, high_of_all) ON k.epoch = f.allocation_epoch AND k.arm = f.arm
   GROUP BY f.allocation_epoch, f.arm, f.unit)
SELECT epoch, arm, count(*) AS units, {_SUMS} FROM of_unit GROUP BY epoch, arm
 UNION ALL
SELECT {WHOLE}, arm, count(*), {_SUMS}
  FROM (SELECT arm, unit, sum(x)::bigint AS x, sum(middle_of_all)::bigint AS middle, sum(high_of_all)::bigint AS high
          FROM of_unit GROUP BY arm, unit) u GROUP BY arm"""
"""Answers are put together by epoch, arm and unit once, and what is asked of all epochs is made of that: each answer meets one key."""


async def read_percentiles(tx: Tx, held: ExperimentClaim, *, reach: float) -> tuple[Percentile, ...]:
    """Of every arm, in each epoch and in all. Reads every answer twice: not for every look, and in a transaction with patience."""
    counts: dict[tuple[int, str], Counter[int]] = {}
    for row in await _counts(tx, held):
        for epoch in (row["epoch"], WHOLE):
            counts.setdefault((epoch, row["arm"]), Counter())[row["latency_ms"]] += row["answers"]
    courses = {(name, *key): course_of(counts[key], shares) for name, shares in COURSES.items() for key in counts}
    at = {key: next(value for share, value in course if share >= QUANTILES[key[0]]) for key, course in courses.items()}
    keys = [key for key in counts if key[0] != WHOLE]
    if not keys:
        return ()
    middle, high = QUANTILES
    moments = await tx.fetch(
        _MOMENTS, held.workspace_id, held.experiment_id, [epoch for epoch, _ in keys], [arm for _, arm in keys],
        *([at[name, WHOLE if of_all else epoch, arm] for epoch, arm in keys] for name in (middle, high) for of_all in (False, True)),
    )  # fmt: skip
    found = []
    for row in moments:
        for name, y in ((middle, "middle"), (high, "high")):
            sums = ArmSums(row["units"], row["x"], row[y], row["xx"], row[f"{y}_{y}"], row[f"x_{y}"])
            course = courses[name, row["epoch"], row["arm"]]
            found.append(percentile_of(name, row["epoch"], row["arm"], course=course, sums=sums, reach=reach))
    return tuple(one for one in found if one is not None)


async def moved_by_answers(tx: Tx, held: ExperimentClaim, *, share: float, by: Mapping[tuple[int, str], tuple[float, float]]) -> float:
    """Σ over units of (what each moved in all its epochs)², of a percentile. `by`: (epoch, arm) → (c, percentile): an answer moves the
    difference by c·(share − whether it is at or below the percentile). Reads every answer."""
    keys = list(by)
    found = await tx.fetchval(
        f"""SELECT coalesce(sum(m.moved * m.moved), 0) FROM (
              SELECT sum(k.c * ($3::float8 - (f.latency_ms <= k.at)::integer)) AS moved
                FROM (SELECT f.allocation_epoch, f.arm, f.unit, f.latency_ms FROM {_ANSWERS}) f
                JOIN unnest($4::integer[], $5::text[], $6::float8[], $7::float8[]) k(epoch, arm, c, at)
                  ON k.epoch = f.allocation_epoch AND k.arm = f.arm
               GROUP BY f.unit) m""",
        held.workspace_id, held.experiment_id, share, [epoch for epoch, _ in keys], [arm for _, arm in keys],
        [by[key][0] for key in keys], [by[key][1] for key in keys],
    )  # fmt: skip
    return float(found)


async def _counts(tx: Tx, held: ExperimentClaim) -> Sequence[Record]:
    """Latencies are whole milliseconds: far fewer than answers, and counted without being sorted."""
    return await tx.fetch(
        f"""SELECT f.allocation_epoch AS epoch, f.arm, f.latency_ms, count(*) AS answers
              FROM {_ANSWERS} GROUP BY f.allocation_epoch, f.arm, f.latency_ms""",
        held.workspace_id, held.experiment_id,
    )  # fmt: skip
