"""Latencies of an experiment's answers, as percentiles need them: read from `execution_facts`, where each answer is a row (decision 63).

The same answers as `latency_ms` of `experiment_sums`: live, successful, not from the cache.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from asyncpg import Record

from burnish_optimizer.io.experiments_store import ExperimentClaim
from burnish_shared.db.session import Tx
from burnish_shared.experiments.quantiles import QUANTILES, WHOLE, Percentile, percentile_of
from burnish_shared.experiments.sums import ArmSums

_ANSWERS: Final = """execution_facts f WHERE f.workspace_id = $1 AND f.experiment_id = $2 AND f.traffic = 'live' AND f.status = 'success'
                    AND NOT f.cached"""

COURSES: Final[Mapping[str, tuple[float, ...]]] = {
    "latency_p50_ms": tuple(n / 100 for n in range(10, 91)),
    "latency_p95_ms": tuple(n / 2_000 for n in range(1_600, 2_000)),
}
"""Shares at which percentiles are read around each: wide enough for the fewest answers that say anything."""


async def read_percentiles(tx: Tx, held: ExperimentClaim, *, reach: float) -> tuple[Percentile, ...]:
    """Of every arm, in each epoch and in all. Reads every answer twice: not for every look."""
    courses = {name: await _courses(tx, held, shares) for name, shares in COURSES.items()}
    wanted = [(name, row, at) for name, rows in courses.items() for row in rows if (at := _at(name, row)) is not None]
    if not wanted:
        return ()
    moments = await tx.fetch(
        f"""SELECT u.n, count(*) AS units, sum(x)::float8 AS x, sum(y)::float8 AS y, sum(x * x)::float8 AS xx, sum(y * y)::float8 AS yy,
                   sum(x * y)::float8 AS xy
              FROM (SELECT k.n, f.unit, count(*)::numeric AS x, count(*) FILTER (WHERE f.latency_ms <= k.at)::numeric AS y
                      FROM (SELECT f.allocation_epoch, f.arm, f.unit, f.latency_ms FROM {_ANSWERS}) f
                      JOIN unnest($3::integer[], $4::integer[], $5::text[], $6::float8[]) k(n, epoch, arm, at)
                        ON k.arm = f.arm AND k.epoch IN ({WHOLE}, f.allocation_epoch) GROUP BY k.n, f.unit) u
             GROUP BY u.n""",
        held.workspace_id, held.experiment_id, list(range(len(wanted))), [row["epoch"] for _, row, _ in wanted],
        [row["arm"] for _, row, _ in wanted], [at for *_, at in wanted],
    )  # fmt: skip
    found = []
    for moment in moments:
        name, row, _ = wanted[moment["n"]]
        sums = ArmSums(moment["units"], *(moment[one] for one in ("x", "y", "xx", "yy", "xy")))
        course = list(zip(COURSES[name], row["course"], strict=True))
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


async def _courses(tx: Tx, held: ExperimentClaim, shares: tuple[float, ...]) -> Sequence[Record]:
    return await tx.fetch(
        f"""SELECT coalesce(f.allocation_epoch, {WHOLE}) AS epoch, f.arm,
                   percentile_cont($3::float8[]) WITHIN GROUP (ORDER BY f.latency_ms::float8) AS course
              FROM {_ANSWERS} GROUP BY GROUPING SETS ((f.allocation_epoch, f.arm), (f.arm))""",
        held.workspace_id, held.experiment_id, list(shares),
    )  # fmt: skip


def _at(name: str, row: Record) -> float | None:
    """The percentile itself."""
    return next((value for share, value in zip(COURSES[name], row["course"], strict=True) if share >= QUANTILES[name]), None)
