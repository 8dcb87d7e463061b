"""The change sequence: what makes every gateway forget what it knew about a changed piece of configuration (DESIGN 4.1)."""

from __future__ import annotations

from collections.abc import Sequence
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
"""From `chain` on: nothing keeps them in memory but open pages. `comment`: it was changed, opened again or deleted. `execution`: texts
of some were deleted, by somebody, by an erasure, or because their days are over."""


async def note_change(tx: Tx, *, workspace_id: UUID | None, kind: ChangeKind, key: str) -> None:
    """Writes the change as the last statement of its transaction, numbered in order of commit. `workspace_id` None: all workspaces.

    Call it last: it holds the lock that orders the numbers until the commit.
    """
    await tx.execute("SELECT note_change($1, $2, $3)", workspace_id, kind, key)
    tx.changes.append(kind)


async def note_changes(tx: Tx, changes: Sequence[tuple[UUID | None, ChangeKind, str]]) -> None:
    """As `note_change` of each, in one statement."""
    workspaces, kinds, keys = [one[0] for one in changes], [one[1] for one in changes], [one[2] for one in changes]
    await tx.execute("SELECT note_change(w, k, i) FROM unnest($1::uuid[], $2::text[], $3::text[]) AS t (w, k, i)", workspaces, kinds, keys)
    tx.changes.extend(kinds)


def tell_pages(tx: Tx, *, workspace_id: UUID, kind: ChangeKind) -> None:
    """For what nothing but open pages keep in memory: noted after the commit, gathered with others (`Database.told_pages`), wherever in the
    transaction this is called. Unlike `note_change` it keeps nobody waiting, and is lost where the process dies at that moment.
    """
    tx.for_pages.add((workspace_id, kind))
