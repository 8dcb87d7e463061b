"""Experiments as the monitor reads them, what it keeps of each look, and the orders it leaves for gateways."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_optimizer.core.experiment_orders import EpochRow, Order, Seen
from burnish_optimizer.core.new_units import Course
from burnish_shared.contracts.experiments import BUCKETS, Guardrail, Rollout, Settings
from burnish_shared.db.session import Tx
from burnish_shared.experiments.analysis import Analysis, Epoch, Memory
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.quantiles import Percentile, stored
from burnish_shared.experiments.sums import ArmSums
from burnish_shared.ids import new_uuid

GROWTH = 1.07
"""A point of the curve for each 7 % more units: some two hundred from the first ten to the ten-millionth."""


POINTS_MOST = 1_000


@dataclass(frozen=True, slots=True)
class ExperimentClaim:
    """A right to look at one experiment. Who holds an older fence writes nothing any more."""

    experiment_id: UUID
    workspace_id: UUID
    fence: int


@dataclass(frozen=True, slots=True)
class Watched:
    """`memory` of looks before; `widened_at`: units and epochs when the widening was asked for last. `point`: the newest of the curve, as
    (number, units when it began, epoch); (0, 0, 0) before the first. `read_at`: answers and epochs when percentiles were read, or a look
    tried to; `tried_at`: when reading them beside the looks began."""

    seen: Seen
    revision: int
    memory: Memory
    widened_at: tuple[int, int]
    point: tuple[int, int, int]
    read_at: tuple[int, int] = (0, 0)
    tried_at: tuple[int, int] = (0, 0)
    outvoted: Mapping[str, Any] = field(default_factory=dict)
    """What a promotion was held back by (hear_voices.py): `at`, reactions and epochs then, and `why`. Empty: nothing was."""


async def claim(tx: Tx, *, worker: str, lease_s: int, most: int) -> list[ExperimentClaim]:
    """Running experiments that are due and that nobody holds, of any workspace."""
    rows = await tx.fetch("SELECT experiment_id, workspace_id, fence FROM claim_experiments($1, $2, $3)", worker, lease_s, most)
    return [ExperimentClaim(**dict(row)) for row in rows]


async def load(tx: Tx, held: ExperimentClaim, *, at_any_fence: bool = False) -> Watched | None:
    """None: it does not run any more, or another replica has it. `at_any_fence`: also then, for who decides nothing."""
    ids = (held.workspace_id, held.experiment_id)
    row = await tx.fetchrow(
        """SELECT e.unit, e.kind, e.metric, e.direction, e.method, e.allocation, e.guardrails, e.rollout, e.settings, e.latency_limit_ms,
                  e.step, e.step_started_at, e.rollout_state, e.started_at, e.revision, w.memory,
                  ARRAY(SELECT a.arm FROM experiment_arms a WHERE a.workspace_id = $1 AND a.experiment_id = $2 AND a.mode = 'live'
                         ORDER BY a.is_control DESC, a.position) AS arms
             FROM experiments e JOIN experiment_watch w ON w.workspace_id = $1 AND w.experiment_id = $2
            WHERE e.workspace_id = $1 AND e.experiment_id = $2 AND e.status = 'running' AND ($4 OR w.fence = $3)""",
        *ids,
        held.fence,
        at_any_fence,
    )
    if row is None:
        return None
    epochs = await tx.fetch(
        "SELECT epoch, shares, step, started_at FROM experiment_epochs WHERE workspace_id = $1 AND experiment_id = $2 ORDER BY epoch", *ids
    )
    sums = await tx.fetch(
        """SELECT allocation_epoch AS epoch, arm, metric, units, sum_x::float8 AS x, sum_y::float8 AS y, sum_xx::float8 AS xx,
                  sum_yy::float8 AS yy, sum_xy::float8 AS xy
             FROM experiment_sums WHERE workspace_id = $1 AND experiment_id = $2""",
        *ids,
    )
    kept: Mapping[str, Any] = row["memory"]
    widened_units, widened_epochs = kept.get("widened_at", (0, 0))
    number, units, epoch = kept.get("point", (0, 0, 0))
    seen = _seen(held, row, epochs, sums, course=Course.of(kept.get("course")))
    (read, read_epochs), (tried, tried_epochs) = kept.get("read_at", (0, 0)), kept.get("tried_at", (0, 0))
    return Watched(
        seen, row["revision"], Memory.of(kept), (widened_units, widened_epochs), (number, units, epoch), (read, read_epochs),
        (tried, tried_epochs), kept.get("outvoted") or {},
    )  # fmt: skip


def _seen(held: ExperimentClaim, row: Record, epochs: Sequence[Record], sums: Sequence[Record], *, course: Course) -> Seen:
    plan = Plan(
        arms=tuple(row["arms"]), metric=row["metric"], direction=row["direction"], method=row["method"],
        settings=Settings.model_validate(row["settings"]), unit=row["unit"], kind=row["kind"],
        guardrails=tuple(Guardrail.model_validate(one) for one in row["guardrails"]), limit_ms=row["latency_limit_ms"],
        is_adaptive=row["allocation"] == "adaptive",
    )  # fmt: skip
    by_epoch: dict[int, dict[str, dict[str, ArmSums]]] = {}
    for one in sums:
        found = by_epoch.setdefault(one["epoch"], {}).setdefault(one["arm"], {})
        found[one["metric"]] = ArmSums(one["units"], one["x"], one["y"], one["xx"], one["yy"], one["xy"])
    rows = tuple(EpochRow(one["epoch"], one["shares"], one["step"], one["started_at"]) for one in epochs)
    return Seen(
        str(held.experiment_id), plan, Rollout.model_validate(row["rollout"]) if row["rollout"] else None, row["step"],
        row["step_started_at"], row["rollout_state"] == "holding", row["started_at"], rows,
        tuple(
            Epoch(one.number, {arm: one.shares.get(arm, 0) / BUCKETS for arm in plan.arms}, by_epoch.get(one.number, {})) for one in rows
        ),
        course,
    )  # fmt: skip


async def moved_by_units(tx: Tx, held: ExperimentClaim, *, metric: str, by: Mapping[tuple[int, str], tuple[float, float]]) -> float:
    """Σ over units of (what each moved in all its epochs)². `by`: (epoch, arm) → (c, r), see contrast.influence. Reads every unit."""
    keys = list(by)
    found = await tx.fetchval(
        """SELECT coalesce(sum(m.moved * m.moved), 0) FROM (
             SELECT sum(k.c * (u.y::float8 - k.r * u.x)) AS moved
               FROM experiment_units u
               JOIN unnest($4::integer[], $5::text[], $6::float8[], $7::float8[]) k(epoch, arm, c, r)
                 ON k.epoch = u.allocation_epoch AND k.arm = u.arm
              WHERE u.workspace_id = $1 AND u.experiment_id = $2 AND u.metric = $3 AND u.x > 0 GROUP BY u.unit) m""",
        held.workspace_id, held.experiment_id, metric, [epoch for epoch, _ in keys], [arm for _, arm in keys],
        [by[key][0] for key in keys], [by[key][1] for key in keys],
    )  # fmt: skip
    return float(found)


async def different_units(tx: Tx, held: ExperimentClaim, *, metric: str) -> dict[str, float]:
    """Arm → different units for each one that its epochs counted. Reads every unit."""
    rows = await tx.fetch(
        """SELECT u.arm, count(DISTINCT u.unit)::float8 / count(*) AS share FROM experiment_units u
            WHERE u.workspace_id = $1 AND u.experiment_id = $2 AND u.metric = $3 AND u.x > 0 GROUP BY u.arm""",
        held.workspace_id, held.experiment_id, metric,
    )  # fmt: skip
    return {row["arm"]: row["share"] for row in rows}


async def write(
    tx: Tx,
    held: ExperimentClaim,
    watched: Watched,
    analysis: Analysis,
    *,
    result: Mapping[str, Any],
    widened_at: tuple[int, int],
    read_at: tuple[int, int] | None,
    order: Order | None,
    at: datetime,
    next_look_s: float,
    outvoted: Mapping[str, Any] | None = None,
) -> bool:
    """What was seen, and the order if there is one: once, under the fence. False: another replica has it, and nothing was written.

    `read_at`: None where this look read no percentiles. Unless it has new ones, those that are kept stay, also such as came meanwhile.
    `outvoted`: None where nobody asked who had reacted.
    """
    point = _point(watched, analysis)
    kept = analysis.memory.stored() | {"widened_at": list(widened_at), "point": list(point)}
    kept["course"] = watched.seen.noted(at).stored()
    if analysis.memory.percentiles == watched.memory.percentiles:
        del kept["percentiles"]
    if read_at is not None:
        kept["read_at"] = list(read_at)
    if outvoted is not None:
        kept["outvoted"] = dict(outvoted)
    written = await tx.fetchval(
        """UPDATE experiment_watch SET memory = memory || $4::jsonb, result = $5, looked_at = $6, leased_by = NULL, leased_until = NULL,
                  next_look_at = clock_timestamp() + $7 * interval '1 second'
            WHERE workspace_id = $1 AND experiment_id = $2 AND fence = $3 RETURNING true""",
        held.workspace_id, held.experiment_id, held.fence, kept, dict(result), at, next_look_s,
    )  # fmt: skip
    if not written:
        return False
    await _draw(tx, held, analysis, number=point[0], epoch=point[2], at=at)
    if order is not None:
        await tx.execute(
            # What a gateway's rules refused is asked again after an hour, and not at every look.
            """INSERT INTO experiment_orders (order_id, workspace_id, experiment_id, revision, kind, data, decided_at)
               SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (
                 SELECT FROM experiment_orders o WHERE o.workspace_id = $2 AND o.experiment_id = $3 AND o.revision = $4 AND o.kind = $5
                    AND o.outcome LIKE 'refused%' AND o.applied_at > clock_timestamp() - interval '1 hour')""",
            new_uuid(), held.workspace_id, held.experiment_id, watched.revision, order.kind, order.data, at,
        )  # fmt: skip
    return True


async def keep_percentiles(tx: Tx, held: ExperimentClaim, percentiles: Sequence[Percentile] | None, *, read_at: tuple[int, int]) -> None:
    """For the looks that come, whoever holds it now. None: reading them begins at that many answers and epochs; the last ones stay."""
    kept = {"tried_at": list(read_at)} if percentiles is None else {"read_at": list(read_at), "percentiles": stored(percentiles)}
    await tx.execute(
        "UPDATE experiment_watch SET memory = memory || $3::jsonb WHERE workspace_id = $1 AND experiment_id = $2",
        held.workspace_id, held.experiment_id, kept,
    )  # fmt: skip


def _point(watched: Watched, analysis: Analysis) -> tuple[int, int, int]:
    """The point of the curve that this look belongs to: a new one where there are 7 % more units than when the last began, or fewer
    (units that are in several epochs were counted anew), or another epoch."""
    number, began, epoch = watched.point
    is_grown = analysis.units >= max(began * GROWTH, began + 1) or analysis.units * GROWTH < began
    is_new = number == 0 or epoch != watched.seen.epoch or is_grown
    return (number + 1, analysis.units, watched.seen.epoch) if is_new and number < POINTS_MOST else (number, began, epoch)


async def _draw(tx: Tx, held: ExperimentClaim, analysis: Analysis, *, number: int, epoch: int, at: datetime) -> None:
    """The newest point is written over until the next begins."""
    shown = ("arm", "value", "low", "high", "p_value")
    differences = [{name: told for name, told in asdict(one).items() if name in shown} for one in analysis.differences]
    await tx.execute(
        """INSERT INTO experiment_looks AS l (workspace_id, experiment_id, number, looked_at, epoch, units, differences, evidence)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (workspace_id, experiment_id, number) DO UPDATE SET looked_at = excluded.looked_at, units = excluded.units,
             differences = excluded.differences, evidence = excluded.evidence""",
        held.workspace_id, held.experiment_id, number, at, epoch, analysis.units, differences,
        min(analysis.sample_ratio.evidence, 1e300),
    )  # fmt: skip


async def put_off(tx: Tx, held: ExperimentClaim, *, next_look_s: float) -> None:
    """Lets go of an experiment that was not looked at, or that ended."""
    await tx.execute(
        """UPDATE experiment_watch SET leased_by = NULL, leased_until = NULL, next_look_at = clock_timestamp() + $4 * interval '1 second'
            WHERE workspace_id = $1 AND experiment_id = $2 AND fence = $3""",
        held.workspace_id, held.experiment_id, held.fence, next_look_s,
    )  # fmt: skip
