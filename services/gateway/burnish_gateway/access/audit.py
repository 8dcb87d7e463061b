"""The audit log: who changed what, written in the transaction of the change."""

from typing import Any, Protocol
from uuid import UUID

import structlog

from burnish_gateway.access.principal import Principal
from burnish_shared.db.audit_log import AuditKind, add_entry
from burnish_shared.db.session import Tx


class Actor(Protocol):
    """Somebody whom the log can name."""

    @property
    def actor(self) -> str: ...


async def note(
    tx: Tx,
    principal: Principal,
    *,
    action: str,
    kind: AuditKind,
    key: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    workspace_id: UUID | None = None,
) -> None:
    """Adds one entry: who, what, when, from where, before and after. `before` and `after` hold no secret and no text of prompts.

    `workspace_id`: whose log, where it is not the caller's own; the transaction must be that workspace's.
    """
    where = workspace_id or principal.workspace_id
    await note_in(tx, where, principal, action=action, kind=kind, key=key, before=before, after=after)


async def note_if_changed(
    tx: Tx, principal: Principal, *, action: str, kind: AuditKind, key: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """As `note`, and nothing where both say the same: who sends once more what stands there changes nothing. Only for what `before` and
    `after` tell whole, of which no part stays out of the log.
    """
    if _plain(before) != _plain(after):
        await note(tx, principal, action=action, kind=kind, key=key, before=before, after=after)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """As the log would give it back: a tuple is a list there."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in facts.items()}


async def note_in(
    tx: Tx,
    workspace_id: UUID,
    by: Actor,
    *,
    action: str,
    kind: AuditKind,
    key: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """As `note`, for a person who has not chosen a workspace. The transaction must be the workspace's."""
    around = structlog.contextvars.get_contextvars()
    await add_entry(
        tx, workspace_id=workspace_id, actor=by.actor, action=action, kind=kind, key=key, before=before, after=after,
        request_id=around.get("request_id"), address=around.get("client_address"),
    )  # fmt: skip
