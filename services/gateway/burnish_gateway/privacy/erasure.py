"""An erasure as it is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from burnish_shared.errors import NotFound

ErasureStatus = Literal["pending", "running", "completed"]


@dataclass(frozen=True, slots=True)
class Erasure:
    """`counts`: rows by store, over all passes so far. `next_pass_at` None: no pass follows, and the key of the hash is gone."""

    erasure_id: UUID
    workspace_id: UUID
    subject_digest: bytes
    reason: str
    requested_by: str
    requested_at: datetime
    restored: bool
    status: ErasureStatus
    number: int
    next_pass_at: datetime | None
    counts: dict[str, Any]
    completed_at: datetime | None
    last_pass_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkspaceErasure:
    """`completed_at` None: analytics is at it, or waits for calls and jobs that are under way. `counts`: rows of configuration and
    dead letters removed so far, by table."""

    workspace_id: UUID
    requested_by: str
    requested_at: datetime
    counts: dict[str, int]
    completed_at: datetime | None


def no_such_erasure() -> NotFound:
    return NotFound("There is no such erasure in this workspace.", param="erasure_id")
