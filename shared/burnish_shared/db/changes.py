"""The change sequence: what makes every gateway forget what it knew about a changed piece of configuration (DESIGN 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from uuid import UUID

if TYPE_CHECKING:
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
    "chain",
    "comment",
    "dataset",
    "evaluator",
    "execution",
    "view",
]
"""From `chain` on: nothing keeps them in memory but open pages. `comment`: it was changed, opened again or deleted. `execution`: its texts
were deleted."""


async def note_change(tx: Tx, *, workspace_id: UUID | None, kind: ChangeKind, key: str) -> None:
    """Writes the change as the last statement of its transaction, numbered in order of commit. `workspace_id` None: all workspaces.

    Call it last: it holds the lock that orders the numbers until the commit.
    """
    await tx.execute("SELECT note_change($1, $2, $3)", workspace_id, kind, key)
    tx.changes.append(kind)


def note_change_at_end(tx: Tx, *, workspace_id: UUID | None, kind: ChangeKind, key: str) -> None:
    """As `note_change`, wherever the transaction is: the unit of work does it as the last statement, once for each key."""
    tx.at_end[workspace_id, kind, key] = None


async def note_those_at_end(tx: Tx) -> None:
    for workspace_id, kind, key in tx.at_end:
        await note_change(tx, workspace_id=workspace_id, kind=kind, key=key)
