"""The change sequence: what makes every gateway forget what it knew about a changed piece of configuration (DESIGN 4.1)."""

from typing import Literal
from uuid import UUID

from burnish_shared.db.session import Tx

ChangeKind = Literal[
    "api_key",
    "workspace",
    "plan",
    "member",
    "user",
    "user_session",
    "budget",
    "provider_key",
    "prompt",
    "execution_group",
    "model",
    "routing",
    "provider",
    "webhook_endpoint",
    "alert_rule",
    "metric",
    "inbound_endpoint",
    "guardrail",
    "experiment",
    "comment",
    "execution",
]
"""`comment`: its text was changed, it was opened again or deleted. `execution`: its texts were deleted. No event tells of these, and nothing
keeps them in memory but the pages that show them."""


async def note_change(tx: Tx, *, workspace_id: UUID | None, kind: ChangeKind, key: str) -> None:
    """Writes the change as the last statement of its transaction, numbered in order of commit. `workspace_id` None: all workspaces.

    Call it last: it holds the lock that orders the numbers until the commit.
    """
    await tx.execute("SELECT note_change($1, $2, $3)", workspace_id, kind, key)
    tx.changes.append(kind)
