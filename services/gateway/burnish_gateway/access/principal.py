"""Who is asking: the one identity behind every way of signing in."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from burnish_shared.books.admission import RateLimit


class Role(IntEnum):
    """What a member or key may do; a higher one includes the lower."""

    VIEWER = 1
    EDITOR = 2
    ADMIN = 3


ROLES = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "user": Role.EDITOR, "admin": Role.ADMIN}


@dataclass(frozen=True, slots=True)
class WorkspaceFacts:
    """What the hot path needs to know of a workspace."""

    workspace_id: UUID
    organization_id: UUID
    name: str
    credit_account_id: int
    rate: RateLimit
    store_content: bool


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """An API key as it is stored, without its secret."""

    api_key_id: UUID
    workspace_id: UUID
    digest: bytes
    role: Role
    scopes: frozenset[str]
    rate: RateLimit | None
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller in one workspace."""

    workspace: WorkspaceFacts
    api_key_id: UUID
    role: Role
    scopes: frozenset[str]
    rate: RateLimit | None

    @property
    def workspace_id(self) -> UUID:
        return self.workspace.workspace_id

    @property
    def actor(self) -> str:
        """How the audit log names the caller."""
        return f"api_key:{self.api_key_id}"
