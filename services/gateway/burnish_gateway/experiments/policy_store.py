"""SQL of rollouts that a policy began."""

from typing import Any
from uuid import UUID

from burnish_shared.db.session import Tx


async def due(tx: Tx, *, at_most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, suggestion) of those that a policy may roll out."""
    rows = await tx.fetch("SELECT workspace_id, suggestion_id FROM policy_rollouts_due($1)", at_most)
    return [(row["workspace_id"], row["suggestion_id"]) for row in rows]


async def lock(tx: Tx, workspace_id: UUID, suggestion_id: UUID) -> bool:
    """False: it was decided or tried meanwhile."""
    found: bool | None = await tx.fetchval(
        """SELECT true FROM suggestions WHERE workspace_id = $1 AND suggestion_id = $2 AND status = 'open' AND policy_tried_at IS NULL
              FOR UPDATE""",
        workspace_id, suggestion_id,
    )  # fmt: skip
    return bool(found)


async def evidence_of(tx: Tx, workspace_id: UUID, suggestion_id: UUID) -> dict[str, Any]:
    """What the suggestion was measured by."""
    found: dict[str, Any] | None = await tx.fetchval(
        "SELECT evidence FROM suggestions WHERE workspace_id = $1 AND suggestion_id = $2", workspace_id, suggestion_id
    )
    return found or {}


async def try_again(tx: Tx, workspace_id: UUID) -> None:
    """What the policy that was did not begin is open to the one that is, where it is young enough for `policy_rollouts_due` to name it."""
    await tx.execute(
        """UPDATE suggestions SET policy_tried_at = NULL, policy_refused = NULL
            WHERE workspace_id = $1 AND status = 'open' AND policy_refused IS NOT NULL
              AND created_at > clock_timestamp() - interval '7 days'""",
        workspace_id,
    )  # fmt: skip


async def note_tried(tx: Tx, workspace_id: UUID, suggestion_id: UUID, *, refused: str | None = None) -> None:
    """Once for each suggestion and policy, whatever came of it. `refused`: why nothing did, as `code: message`."""
    await tx.execute(
        "UPDATE suggestions SET policy_tried_at = clock_timestamp(), policy_refused = $3 WHERE workspace_id = $1 AND suggestion_id = $2",
        workspace_id, suggestion_id, refused,
    )  # fmt: skip
