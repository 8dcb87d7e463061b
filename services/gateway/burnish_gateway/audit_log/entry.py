"""How an entry of the audit log looks from outside."""

from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel


class AuditEntry(BaseModel):
    """`address`: the caller's, as this gateway saw it. `before`, `after`: what changed, without secrets and without texts of prompts."""

    id: UUID
    at: datetime
    actor: str
    action: str
    object_kind: str
    object_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
    address: str | None


class AuditPage(BaseModel):
    data: list[AuditEntry]
    next_cursor: str | None


def entry_of(row: Record) -> AuditEntry:
    return AuditEntry(id=row["audit_id"], **{name: row[name] for name in AuditEntry.model_fields if name != "id"})
