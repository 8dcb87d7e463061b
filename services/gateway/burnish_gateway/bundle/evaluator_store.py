"""The SQL of moving evaluators in and out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from burnish_shared.db.session import Tx

Row = dict[str, Any]


async def list_evaluators(tx: Tx, workspace_id: UUID) -> list[Row]:
    """Those in use by name, compared byte by byte, each with its versions."""
    rows = await tx.fetch(
        """SELECT evaluator_id, name, created_by, created_at FROM evaluators WHERE workspace_id = $1 AND archived_at IS NULL
            ORDER BY name COLLATE "C" """,
        workspace_id,
    )
    found = {row["evaluator_id"]: dict(row) | {"versions": []} for row in rows}
    versions = await tx.fetch(
        """SELECT evaluator_id, version, settings, message, created_by, created_at FROM evaluator_versions
            WHERE workspace_id = $1 AND evaluator_id = ANY ($2) ORDER BY evaluator_id, version""",
        workspace_id,
        list(found),
    )
    for row in versions:
        found[row["evaluator_id"]]["versions"].append(dict(row))
    return list(found.values())


async def lock_standing(tx: Tx, workspace_id: UUID, names: Sequence[str]) -> dict[str, Row]:
    """What is in use under these names, in whatever case, held against other changes: id, and the settings of each version in order."""
    lower = [one.lower() for one in names]
    await tx.execute(
        """SELECT FROM evaluators WHERE workspace_id = $1 AND lower(name) = ANY ($2) AND archived_at IS NULL
            ORDER BY evaluator_id FOR NO KEY UPDATE""",
        workspace_id,
        lower,
    )
    rows = await tx.fetch(
        """SELECT lower(e.name) AS name, e.evaluator_id, json_agg(v.settings ORDER BY v.version) AS settings
             FROM evaluators e JOIN evaluator_versions v USING (workspace_id, evaluator_id)
            WHERE e.workspace_id = $1 AND lower(e.name) = ANY ($2) AND e.archived_at IS NULL GROUP BY 1, 2""",
        workspace_id,
        lower,
    )
    return {row["name"]: dict(row) for row in rows}
