"""What a workspace says of all its experiments: minimum evidence, who is held out, namespaces, and how suggestions are rolled out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.turns_store import take_turns
from burnish_shared.contracts.experiments import BUCKETS, RolloutPolicy, Unit
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.ids import new_uuid

NAMESPACES_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """As a workspace has them that said nothing (PRODUCT O5)."""

    min_samples: int = 100
    confidence: float = 0.95
    holdout_buckets: int = 0
    rollout_policy: RolloutPolicy | None = None


async def find(tx: Tx, workspace_id: UUID, *, for_update: bool = False) -> WorkspaceSettings:
    lock = " FOR UPDATE" if for_update else ""
    row = await tx.fetchrow(
        f"SELECT min_samples, confidence, holdout_buckets, rollout_policy FROM experiment_settings WHERE workspace_id = $1{lock}",
        workspace_id,
    )
    if row is None:
        return WorkspaceSettings()
    policy = None if row["rollout_policy"] is None else RolloutPolicy.model_validate(row["rollout_policy"])
    return WorkspaceSettings(row["min_samples"], row["confidence"], row["holdout_buckets"], policy)


async def put(tx: Tx, workspace_id: UUID, settings: WorkspaceSettings) -> None:
    """The key of the holdout stays: a larger one holds those who were held before, and more."""
    await tx.execute(
        """INSERT INTO experiment_settings (workspace_id, min_samples, confidence, holdout_buckets, holdout_key, rollout_policy)
           VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id) DO UPDATE SET min_samples = excluded.min_samples,
             confidence = excluded.confidence, holdout_buckets = excluded.holdout_buckets, rollout_policy = excluded.rollout_policy,
             updated_at = clock_timestamp()""",
        workspace_id, settings.min_samples, settings.confidence, settings.holdout_buckets, new_uuid(),
        None if settings.rollout_policy is None else settings.rollout_policy.model_dump(mode="json"),
    )  # fmt: skip


async def join_namespace(tx: Tx, principal: Principal, namespace: str, *, unit: Unit) -> None:
    """Makes it where there is none. Raises Conflict where it is about other units: such experiments could meet in one person."""
    await take_turns(tx, principal.workspace_id, "experiment_namespaces")
    row = await tx.fetchrow(
        "SELECT unit FROM experiment_namespaces WHERE workspace_id = $1 AND namespace = $2", principal.workspace_id, namespace
    )
    if row is not None:
        if row["unit"] != unit:
            raise Conflict(f"The namespace '{namespace}' is about the unit {row['unit']}; use that, or another namespace.", param="unit")
        return
    known: int = await tx.fetchval("SELECT count(*) FROM experiment_namespaces WHERE workspace_id = $1", principal.workspace_id)
    if known >= NAMESPACES_MOST:
        raise Conflict(f"A workspace has at most {NAMESPACES_MOST} namespaces; use one that is there.", param="namespace")
    await tx.execute(
        """INSERT INTO experiment_namespaces (workspace_id, namespace, unit, hash_key, created_by) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT DO NOTHING""",
        principal.workspace_id, namespace, unit, new_uuid(), principal.actor,
    )  # fmt: skip
    await audit.note(tx, principal, action="experiment_namespace.created", kind="experiment_namespace", key=namespace, after={"unit": unit})


async def list_namespaces(tx: Tx, workspace_id: UUID) -> Sequence[Record]:
    """With what of each is taken by experiments that run or rest."""
    return await tx.fetch(
        """SELECT n.namespace, n.unit, n.created_at, coalesce(sum(e.namespace_to - e.namespace_from), 0)::integer AS taken
             FROM experiment_namespaces n LEFT JOIN experiments e ON e.workspace_id = n.workspace_id AND e.namespace = n.namespace
                  AND e.status IN ('running', 'paused')
            WHERE n.workspace_id = $1 GROUP BY n.namespace, n.unit, n.created_at ORDER BY n.namespace""",
        workspace_id,
    )


async def free_range(tx: Tx, workspace_id: UUID, namespace: str, *, buckets: int) -> tuple[int, int] | None:
    """The first range of so many that nobody has, held against others until the transaction ends. None: there is none."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.namespace'), hashtext($1 || ':' || $2))", str(workspace_id), namespace)
    rows = await tx.fetch(
        """SELECT namespace_from AS low, namespace_to AS high FROM experiments
            WHERE workspace_id = $1 AND namespace = $2 AND status IN ('running', 'paused') AND namespace_from IS NOT NULL ORDER BY 1""",
        workspace_id,
        namespace,
    )
    at = 0
    for low, high in [*((row["low"], row["high"]) for row in rows), (BUCKETS, BUCKETS)]:
        if low - at >= buckets:
            return at, at + buckets
        at = max(at, high)
    return None
