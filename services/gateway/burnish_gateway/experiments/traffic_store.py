"""What came before an experiment, in SQL."""

from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.experiments.experiment import Experiment
from burnish_shared.contracts.experiments import Unit
from burnish_shared.db.session import Tx

COLUMNS: Final[dict[Unit, str]] = {"end_user": "end_user", "session": "session_id", "execution": "execution_id::text"}


async def newest_calls(tx: Tx, workspace_id: UUID, slug: str, label: str, *, unit: Unit, since: datetime, most: int) -> Record | None:
    """Of the newest live calls of a label, at most so many: how many, those that say their unit, distinct units, since when."""
    return await tx.fetchrow(
        f"""SELECT count(*) AS calls, count(unit) AS known, count(DISTINCT unit) AS units, min(finished_at) AS since
              FROM (SELECT {COLUMNS[unit]} AS unit, finished_at FROM executions
                     WHERE workspace_id = $1 AND slug = $2 AND execution_id >= day_bound(($3::timestamptz)::date)
                       AND label = $4 AND lane IN ('interactive', 'background')
                     ORDER BY execution_id DESC LIMIT $5) newest""",
        workspace_id, slug, since, label, most,
    )  # fmt: skip


async def others_open(tx: Tx, experiment: Experiment) -> list[tuple[UUID, str, str | None]]:
    """Other experiments that run or rest on the same prompt and label: id, name, namespace."""
    rows = await tx.fetch(
        """SELECT experiment_id, name, namespace FROM experiments WHERE workspace_id = $1 AND prompt_id = $2 AND label = $3
              AND experiment_id <> $4 AND status IN ('running', 'paused') ORDER BY started_at""",
        experiment.workspace_id, experiment.prompt_id, experiment.label, experiment.experiment_id,
    )  # fmt: skip
    return [(row["experiment_id"], row["name"], row["namespace"]) for row in rows]
