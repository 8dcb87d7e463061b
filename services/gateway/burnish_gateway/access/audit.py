"""The audit log: who changed what, written in the transaction of the change."""

from typing import Any
from uuid import UUID

import structlog

from burnish_gateway.access.principal import Principal
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid


async def note(
    tx: Tx,
    principal: Principal,
    *,
    action: str,
    kind: str,
    key: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    workspace_id: UUID | None = None,
) -> None:
    """Adds one entry: who, what, when, from where, before and after. `before` and `after` hold no secret and no text of prompts.

    `workspace_id`: whose log, where it is not the caller's own; the transaction must be that workspace's.
    """
    around = structlog.contextvars.get_contextvars()
    await tx.execute(
        "INSERT INTO audit_log (audit_id, workspace_id, actor, action, object_kind, object_id, before, after, request_id, address) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new_uuid(), workspace_id or principal.workspace_id, principal.actor, action, kind, key, before, after,
        around.get("request_id"), around.get("client_address"),
    )  # fmt: skip
