"""What the operator does to another workspace stands in both audit logs: the operator's and that workspace's."""

from typing import Any
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.access.store import enter
from burnish_shared.db.audit_log import AuditKind
from burnish_shared.db.session import Tx


async def note_there(
    tx: Tx,
    principal: Principal,
    workspace_id: UUID,
    *,
    action: str,
    kind: AuditKind,
    key: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """One entry in the log of whoever acts, and one in that of the workspace it was done to. The transaction stays the actor's."""
    await audit.note(tx, principal, action=action, kind=kind, key=key, before=before, after=after)
    if workspace_id != principal.workspace_id:
        await enter(tx, workspace_id)
        await audit.note(tx, principal, workspace_id=workspace_id, action=action, kind=kind, key=key, before=before, after=after)
        await enter(tx, principal.workspace_id)
