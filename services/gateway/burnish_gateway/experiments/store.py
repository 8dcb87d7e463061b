"""Experiments in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.experiments.experiment import Experiment, PlannedArm
from burnish_shared.db.session import Tx
from burnish_shared.experiments.assign import Allocation

ARMS: Final = """(SELECT coalesce(jsonb_agg(jsonb_build_object('arm', a.arm, 'mode', a.mode, 'is_control', a.is_control, 'label', a.label,
  'version', a.version, 'model', a.model, 'buckets', a.buckets) ORDER BY a.position), '[]') FROM experiment_arms a
   WHERE a.workspace_id = e.workspace_id AND a.experiment_id = e.experiment_id) AS arms"""


async def list_running(tx: Tx, workspace_id: UUID) -> Sequence[Record]:
    """What the hot path needs of each, oldest first."""
    return await tx.fetch(
        f"""SELECT e.experiment_id, e.slug, e.label, e.unit, e.targeting, e.hash_key, e.namespace_from, e.namespace_to,
                  n.hash_key AS namespace_key, e.epoch, p.ranges, e.shadow_account_id, e.latency_limit_ms, {ARMS}
             FROM experiments e JOIN experiment_epochs p ON p.workspace_id = $1 AND p.experiment_id = e.experiment_id AND p.epoch = e.epoch
             LEFT JOIN experiment_namespaces n ON n.workspace_id = $1 AND n.namespace = e.namespace
            WHERE e.workspace_id = $1 AND e.status = 'running' ORDER BY e.started_at, e.experiment_id""",
        workspace_id,
    )


async def find_holdout(tx: Tx, workspace_id: UUID) -> tuple[UUID, int] | None:
    """The key and the buckets of those who are in no experiment."""
    row = await tx.fetchrow("SELECT holdout_key, holdout_buckets FROM experiment_settings WHERE workspace_id = $1", workspace_id)
    return None if row is None else (row["holdout_key"], row["holdout_buckets"])


async def add_outside(tx: Tx, workspace_id: UUID, counted: Sequence[tuple[UUID, str, int]]) -> None:
    """(experiment, reason, calls), sorted. One that was deleted meanwhile is passed over."""
    await tx.execute(
        """INSERT INTO experiment_outside AS o (workspace_id, experiment_id, reason, calls)
           SELECT $1, i.experiment_id, i.reason, i.calls
             FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS i (experiment_id, reason, calls)
            WHERE EXISTS (SELECT FROM experiments e WHERE e.workspace_id = $1 AND e.experiment_id = i.experiment_id)
            ORDER BY 2, 3
           ON CONFLICT (workspace_id, experiment_id, reason) DO UPDATE SET calls = o.calls + excluded.calls, seen_at = clock_timestamp()""",
        workspace_id,
        [one[0] for one in counted],
        [one[1] for one in counted],
        [one[2] for one in counted],
    )


COLUMNS: Final = (
    "experiment_id", "workspace_id", "name", "description", "prompt_id", "slug", "label", "kind", "status", "rollout_state", "unit",
    "targeting", "namespace", "namespace_from", "namespace_to", "hash_key", "metric", "direction", "method", "allocation", "on_winner",
    "guardrails", "rollout", "settings", "latency_limit_ms", "epoch", "step", "step_started_at", "verdict", "winner", "decided_by",
    "promotion", "suggestion_id", "shadow_account_id", "shadow_budget_nusd", "hops", "simulated", "revision", "created_by", "created_at",
    "updated_at", "started_at", "paused_at", "completed_at",
)  # fmt: skip

SELECT: Final = f"SELECT {', '.join(f'e.{one}' for one in COLUMNS)}, {ARMS} FROM experiments e"


async def find(tx: Tx, workspace_id: UUID, experiment_id: UUID, *, for_update: bool = False) -> Experiment | None:
    """`for_update`: who changes it waits until others have; the arms are read afterwards."""
    if for_update:
        locked = "SELECT FROM experiments WHERE workspace_id = $1 AND experiment_id = $2 FOR UPDATE"
        await tx.execute(locked, workspace_id, experiment_id)
    row = await tx.fetchrow(f"{SELECT} WHERE e.workspace_id = $1 AND e.experiment_id = $2", workspace_id, experiment_id)
    return None if row is None else Experiment.of(dict(row))


async def list_page(
    tx: Tx, workspace_id: UUID, *, slug: str | None, status: str | None, kind: str | None, before: UUID | None, limit: int
) -> list[Experiment]:
    """Newest first."""
    rows = await tx.fetch(
        f"""{SELECT} WHERE e.workspace_id = $1 AND ($2::text IS NULL OR e.slug = $2) AND ($3::text IS NULL OR e.status = $3)
              AND ($4::text IS NULL OR e.kind = $4) AND ($5::uuid IS NULL OR e.experiment_id < $5)
            ORDER BY e.experiment_id DESC LIMIT $6""",
        workspace_id, slug, status, kind, before, limit,
    )  # fmt: skip
    return [Experiment.of(dict(row)) for row in rows]


async def is_known(tx: Tx, workspace_id: UUID, slug: str, name: str, *, created_at: datetime | None) -> bool:
    """Whether there is one of this prompt, name and time; of any time where none is given."""
    return bool(await tx.fetchval(
        """SELECT EXISTS (SELECT FROM experiments WHERE workspace_id = $1 AND slug = $2 AND name = $3
              AND ($4::timestamptz IS NULL OR created_at = $4))""",
        workspace_id, slug, name, created_at,
    ))  # fmt: skip


async def list_open(tx: Tx, workspace_id: UUID) -> list[Experiment]:
    """Running and paused ones of a workspace, oldest first."""
    rows = await tx.fetch(f"{SELECT} WHERE e.workspace_id = $1 AND e.status IN ('running', 'paused') ORDER BY e.started_at", workspace_id)
    return [Experiment.of(dict(row)) for row in rows]


async def insert(tx: Tx, workspace_id: UUID, values: Mapping[str, Any]) -> None:
    """`values`: by column, without the workspace."""
    names = list(values)
    await tx.execute(
        f"INSERT INTO experiments (workspace_id, {', '.join(names)}) VALUES ($1, {', '.join(f'${n + 2}' for n in range(len(names)))})",
        workspace_id,
        *values.values(),
    )


async def update(tx: Tx, workspace_id: UUID, experiment_id: UUID, values: Mapping[str, Any]) -> None:
    """Changes these columns, and its revision."""
    changed = ", ".join(f"{name} = ${n + 3}" for n, name in enumerate(values))
    await tx.execute(
        f"UPDATE experiments SET {changed}{', ' if changed else ''}revision = revision + 1, updated_at = clock_timestamp() "
        "WHERE workspace_id = $1 AND experiment_id = $2",
        workspace_id,
        experiment_id,
        *values.values(),
    )


async def delete(tx: Tx, workspace_id: UUID, experiment_id: UUID) -> None:
    await tx.execute(
        "DELETE FROM experiments WHERE workspace_id = $1 AND experiment_id = $2 AND status = 'draft'", workspace_id, experiment_id
    )


async def put_arms(tx: Tx, workspace_id: UUID, experiment_id: UUID, arms: Sequence[PlannedArm]) -> None:
    """In place of those that are there."""
    await tx.execute("DELETE FROM experiment_arms WHERE workspace_id = $1 AND experiment_id = $2", workspace_id, experiment_id)
    await tx.execute(
        """INSERT INTO experiment_arms (workspace_id, experiment_id, position, arm, mode, is_control, label, version, model, buckets)
           SELECT $1, $2, i.* FROM unnest($3::integer[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::integer[], $9::text[],
                                          $10::integer[]) AS i""",
        workspace_id, experiment_id, list(range(len(arms))), *(
            [getattr(one, name) for one in arms] for name in ("arm", "mode", "is_control", "label", "version", "model", "buckets")
        ),
    )  # fmt: skip


async def begin_epoch(
    tx: Tx, experiment: Experiment, *, epoch: int, allocation: Allocation, reason: str, step: int | None, by: str, at: datetime
) -> None:
    """The one before it ends at the same moment."""
    await end_epoch(tx, experiment, at=at)
    await tx.execute(
        """INSERT INTO experiment_epochs (workspace_id, experiment_id, epoch, shares, ranges, step, reason, by, started_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        experiment.workspace_id, experiment.experiment_id, epoch,
        {one.arm: allocation.shares().get(one.arm, 0) for one in experiment.live_arms}, allocation.stored(), step, reason, by, at,
    )  # fmt: skip


async def end_epoch(tx: Tx, experiment: Experiment, *, at: datetime) -> None:
    """Nobody is assigned by it any more."""
    await tx.execute(
        "UPDATE experiment_epochs SET ended_at = $3 WHERE workspace_id = $1 AND experiment_id = $2 AND ended_at IS NULL",
        experiment.workspace_id, experiment.experiment_id, at,
    )  # fmt: skip


async def list_epochs(tx: Tx, workspace_id: UUID, experiment_id: UUID) -> Sequence[Record]:
    """In their order."""
    return await tx.fetch(
        """SELECT epoch, shares, ranges, step, reason, by, started_at, ended_at FROM experiment_epochs
            WHERE workspace_id = $1 AND experiment_id = $2 ORDER BY epoch""",
        workspace_id, experiment_id,
    )  # fmt: skip


async def outside_of(tx: Tx, workspace_id: UUID, experiment_id: UUID) -> dict[str, int]:
    """Reason -> calls."""
    rows = await tx.fetch(
        "SELECT reason, calls FROM experiment_outside WHERE workspace_id = $1 AND experiment_id = $2 ORDER BY reason",
        workspace_id, experiment_id,
    )  # fmt: skip
    return {row["reason"]: row["calls"] for row in rows}


async def sums_of(tx: Tx, workspace_id: UUID, experiment_id: UUID) -> Sequence[Record]:
    """What analytics added up, by epoch, arm and metric."""
    return await tx.fetch(
        """SELECT allocation_epoch AS epoch, arm, metric, units, sum_x::float8 AS x, sum_y::float8 AS y, sum_xx::float8 AS xx,
                  sum_yy::float8 AS yy, sum_xy::float8 AS xy
             FROM experiment_sums WHERE workspace_id = $1 AND experiment_id = $2 ORDER BY 1, 2, 3""",
        workspace_id, experiment_id,
    )  # fmt: skip


SHADOWS_MOST: Final = 5_000
"""The newest answers of shadow arms that are looked at, whatever there is."""


async def shadow_figures(tx: Tx, workspace_id: UUID, experiment_id: UUID) -> Sequence[Record]:
    """Of each shadow arm what it came to, beside the live answers to the same calls; what those from the cache cost says nothing.

    OFFSET 0: each is looked up by itself, as joined freely all days are read from end to end.
    """
    return await tx.fetch(
        """WITH seen AS (
             SELECT execution_id, status, cost_nusd, latency_ms, output_tokens, details -> 'experiment' ->> 'arm' AS arm,
                    (details -> 'experiment' ->> 'shadow_of')::uuid AS live
               FROM executions WHERE workspace_id = $1 AND job_id = $2 ORDER BY execution_id DESC LIMIT $3)
           SELECT s.arm, count(*) AS answered, count(*) FILTER (WHERE s.status = 'success') AS successes,
                  coalesce(sum(s.cost_nusd), 0)::bigint AS cost_nusd, avg(s.cost_nusd)::bigint AS mean_cost_nusd,
                  avg(s.latency_ms)::float8 AS mean_latency_ms, avg(s.output_tokens)::float8 AS mean_output_tokens,
                  avg(o.cost_nusd) FILTER (WHERE NOT o.cached)::bigint AS live_mean_cost_nusd,
                  avg(o.latency_ms) FILTER (WHERE NOT o.cached)::float8 AS live_mean_latency_ms,
                  count(*) FILTER (WHERE o.status = 'success') AS live_successes,
                  count(*) FILTER (WHERE c.output IS NOT NULL AND oc.output IS NOT NULL) AS compared,
                  count(*) FILTER (WHERE c.output = oc.output) AS same_answer
             FROM seen s
             LEFT JOIN LATERAL (SELECT x.output FROM execution_contents x
                                 WHERE x.execution_id = s.execution_id AND x.workspace_id = $1 OFFSET 0) c ON true
             LEFT JOIN LATERAL (SELECT x.cached, x.status, x.cost_nusd, x.latency_ms FROM executions x
                                 WHERE x.execution_id = s.live AND x.workspace_id = $1 OFFSET 0) o ON true
             LEFT JOIN LATERAL (SELECT x.output FROM execution_contents x
                                 WHERE x.execution_id = s.live AND x.workspace_id = $1 OFFSET 0) oc ON true
            WHERE s.arm IS NOT NULL GROUP BY s.arm ORDER BY s.arm""",
        workspace_id, experiment_id, SHADOWS_MOST,
    )  # fmt: skip


async def close_shadow_account(tx: Tx, account_id: int) -> None:
    """What shadow arms did not spend goes back to the workspace's credit, once what is under way has ended."""
    await tx.execute("SELECT close_funding($1)", account_id)
