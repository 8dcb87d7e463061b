"""Who reacted to the answers of an experiment, and what of its sums came by keys that speak for nobody (PROMISES O-08).

A voice is that of analytics (`core/voices.py`): what a key sends that ran none of the answers, and names nobody whom they were for, is all
the key's own.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from burnish_optimizer.io.experiments_store import ExperimentClaim
from burnish_shared.db.session import Tx
from burnish_shared.experiments.sums import ArmSums

# Who was forgotten spoke as they did then: of them nothing is asked any more.
_SAID: Final = """
  SELECT e.allocation_epoch AS epoch, e.arm, e.unit, f.value, f.kind,
         CASE WHEN f.forgotten_at IS NOT NULL OR f.api_key_id IS NOT DISTINCT FROM e.api_key_id OR f.api_key_id LIKE 'inbound:%'
                   OR f.end_user <> '' AND f.end_user = e.end_user THEN '' ELSE coalesce(f.api_key_id, '?') END AS voice
    FROM (SELECT coalesce(x.execution_id, x.session_execution_id) AS counts_for, x.value, x.kind, x.api_key_id, x.end_user, x.forgotten_at
            FROM feedback x
           WHERE x.workspace_id = $1 AND x.accepted_at >= $3::timestamptz - interval '1 hour' AND x.joined_at IS NOT NULL
             AND x.feedback_id IS NOT NULL AND NOT x.is_taken_back AND x.kind = ANY ($4)) f
    JOIN execution_facts e ON e.execution_id = f.counts_for AND e.workspace_id = $1 AND e.experiment_id = $2 AND e.traffic = 'live'"""

# Where an experiment is young its tables' statistics know nothing of it, and each reaction would walk through all of its answers.
_EACH_ONCE: Final = "SET LOCAL enable_nestloop = off"

OF_SATISFACTION: Final = ("thumb", "score")


def kinds_of(metric: str) -> tuple[str, ...]:
    """Which reactions a metric of an experiment is made of; none of what nobody says."""
    return OF_SATISFACTION if metric == "satisfaction" else (metric,) if metric.startswith("metric:") else ()


async def voices(tx: Tx, held: ExperimentClaim, *, metric: str, since: datetime) -> dict[str, int]:
    """Key → its reactions, of keys that speak for nobody; '' for all others. Reads every reaction of the workspace since then."""
    await tx.execute(_EACH_ONCE)
    rows = await tx.fetch(
        f"SELECT voice, count(*) AS reactions FROM ({_SAID}) s GROUP BY voice",
        held.workspace_id, held.experiment_id, since, list(kinds_of(metric)),
    )  # fmt: skip
    return {row["voice"]: row["reactions"] for row in rows}


async def said_by(
    tx: Tx, held: ExperimentClaim, *, metric: str, since: datetime, keys: Collection[str]
) -> Mapping[tuple[int, str], ArmSums]:
    """(epoch, arm) → what is to be added to the sums of the metric so that they are without these keys' reactions."""
    await tx.execute(_EACH_ONCE)
    rows = await tx.fetch(
        f"""WITH theirs AS (
              SELECT epoch, arm, unit, count(*) AS x,
                     sum(CASE WHEN kind = 'thumb' THEN (value = 1)::int ELSE value::text::numeric END) AS y
                FROM ({_SAID}) s WHERE voice = ANY ($6) GROUP BY 1, 2, 3),
            moved AS (
              SELECT u.allocation_epoch AS epoch, u.arm, u.x AS x, u.y AS y, greatest(u.x - t.x, 0) AS to_x,
                     CASE WHEN u.x > t.x THEN u.y - t.y ELSE 0 END AS to_y
                FROM theirs t JOIN experiment_units u ON u.workspace_id = $1 AND u.experiment_id = $2 AND u.allocation_epoch = t.epoch
                     AND u.arm = t.arm AND u.metric = $5 AND u.unit = t.unit AND u.x > 0)
            SELECT epoch, arm, sum((to_x > 0)::int - 1) AS units, sum(to_x - x)::float8 AS x, sum(to_y - y)::float8 AS y,
                   sum(to_x * to_x - x * x)::float8 AS xx, sum(to_y * to_y - y * y)::float8 AS yy, sum(to_x * to_y - x * y)::float8 AS xy
              FROM moved GROUP BY epoch, arm""",
        held.workspace_id, held.experiment_id, since, list(kinds_of(metric)), metric, list(keys),
    )  # fmt: skip
    return {
        (row["epoch"], row["arm"]): ArmSums(int(row["units"]), row["x"], row["y"], row["xx"], row["yy"], row["xy"]) for row in rows
    }  # fmt: skip
