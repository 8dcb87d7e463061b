"""Groups of messages without a prompt, in SQL. The transaction is the workspace's.

Counted from what analytics keeps of each execution, so a call is there a second or two after it ended.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.contracts.executions import PromptRef
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST

LOOKED_AT_MOST: Final = 20_000
"""So many of the newest calls without a prompt are counted; what is older is left out, and the answer says so."""

GROUPS: Final = f"""
WITH newest AS MATERIALIZED (
       SELECT f.group_key, f.execution_id, f.status, f.model, f.cost_nusd, f.simulated, f.finished_at FROM execution_facts f
        WHERE f.workspace_id = $1 AND f.group_key IS NOT NULL AND f.execution_id >= $2 AND ($3::text IS NULL OR f.group_key = $3)
        ORDER BY f.execution_id DESC LIMIT {LOOKED_AT_MOST}),
     groups AS (
       SELECT group_key, count(*) AS executions, count(*) FILTER (WHERE status = 'success') AS successes,
              least(sum(cost_nusd), {SUM_MOST})::bigint AS cost_nusd,
              bool_or(simulated) AS simulated, min(finished_at) AS first_at,
              max(finished_at) AS last_at, mode() WITHIN GROUP (ORDER BY model) AS model,
              (array_agg(execution_id ORDER BY execution_id DESC))[1:5] AS newest
         FROM newest GROUP BY group_key),
     page AS (SELECT * FROM groups WHERE $4::uuid IS NULL OR newest[1] < $4 ORDER BY newest[1] DESC LIMIT $5),
     reactions AS (
       SELECT n.group_key, count(*) FILTER (WHERE f.kind = 'thumb' AND f.value = 1) AS thumbs_up,
              count(*) FILTER (WHERE f.kind = 'thumb' AND f.value <> 1) AS thumbs_down,
              count(*) FILTER (WHERE f.kind = 'score') AS scores, avg(f.value) FILTER (WHERE f.kind = 'score') AS mean_score
         FROM page p JOIN newest n USING (group_key)
         JOIN feedback f ON f.workspace_id = $1 AND f.target_kind = 'execution' AND f.target_id = n.execution_id::text
        WHERE f.feedback_id IS NOT NULL AND NOT f.is_taken_back GROUP BY n.group_key)
SELECT p.*, g.slug, g.version, g.moved, g.adopted_at, g.completed_at, coalesce(r.thumbs_up, 0) AS thumbs_up,
       coalesce(r.thumbs_down, 0) AS thumbs_down, coalesce(r.scores, 0) AS scores, r.mean_score,
       (SELECT count(*) FROM newest) AS looked_at, (SELECT min(finished_at) FROM newest) AS looked_since
  FROM page p LEFT JOIN execution_groups g ON g.workspace_id = $1 AND g.group_key = p.group_key
  LEFT JOIN reactions r ON r.group_key = p.group_key
 ORDER BY p.newest[1] DESC"""


async def adopted_groups(tx: Tx, workspace_id: UUID) -> Mapping[str, PromptRef]:
    """Group → what its calls count for."""
    rows = await tx.fetch("SELECT group_key, prompt_id, slug, version FROM execution_groups WHERE workspace_id = $1", workspace_id)
    return {row["group_key"]: PromptRef(prompt_id=row["prompt_id"], slug=row["slug"], version=row["version"]) for row in rows}


async def list_groups(
    tx: Tx, workspace_id: UUID, *, since: UUID, group_key: str | None = None, before: UUID | None = None, limit: int = 1
) -> Sequence[Record]:
    """Groups with calls since then, that with the newest call first."""
    return await tx.fetch(GROUPS, workspace_id, since, group_key, before, limit)


async def newest_content(tx: Tx, workspace_id: UUID, executions: Sequence[UUID]) -> Record | None:
    """Messages and settings of the newest of these whose text is still there, and the model that it was sent to."""
    return await tx.fetchrow(
        """SELECT c.execution_id, c.messages, c.settings, e.model FROM execution_contents c JOIN executions e USING (execution_id)
            WHERE c.workspace_id = $1 AND c.execution_id = ANY ($2::uuid[]) ORDER BY c.execution_id DESC LIMIT 1""",
        workspace_id,
        list(executions),
    )


async def adopt(tx: Tx, workspace_id: UUID, group_key: str, *, prompt: PromptRef, by: str) -> datetime | None:
    """From now on its calls count for the prompt, and analytics moves its history. None: it has become a prompt before."""
    at: datetime | None = await tx.fetchval(
        """INSERT INTO execution_groups (workspace_id, group_key, prompt_id, slug, version, adopted_by) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT DO NOTHING RETURNING adopted_at""",
        workspace_id,
        group_key,
        prompt.prompt_id,
        prompt.slug,
        prompt.version,
        by,
    )
    return at


async def find_adopted(tx: Tx, workspace_id: UUID, group_key: str) -> Mapping[str, Any] | None:
    """The prompt that the group became."""
    row = await tx.fetchrow(
        "SELECT slug, version FROM execution_groups WHERE workspace_id = $1 AND group_key = $2", workspace_id, group_key
    )
    return dict(row) if row is not None else None
