"""A person: who signed in, and where they belong. Pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from burnish_gateway.access.principal import Role


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says of its bearer. `issuer` and `subject` together are the identity; the rest may change."""

    issuer: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Membership:
    """A role in one workspace."""

    workspace_id: UUID
    organization_id: UUID
    role: Role


@dataclass(frozen=True, slots=True)
class UserFacts:
    """A user and where they belong, the oldest membership first. `disabled_at`: may not sign in any more since then."""

    user_id: UUID
    email: str | None
    name: str
    is_operator: bool
    disabled_at: datetime | None
    memberships: tuple[Membership, ...]

    def membership_in(self, workspace_id: UUID) -> Membership | None:
        return next((one for one in self.memberships if one.workspace_id == workspace_id), None)


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session as it is stored. `way`: how the user signed in, such as `password`."""

    session_id: UUID
    user_id: UUID
    digest: bytes
    way: str
    expires_at: datetime
    last_seen_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """A verified human caller, before a workspace is chosen. `session_id` is None where a token was sent instead of a cookie.

    `csrf_token`: what a request with the session's cookie must repeat; None without a session.
    """

    user: UserFacts
    way: str
    session_id: UUID | None = None
    csrf_token: str | None = None

    @property
    def actor(self) -> str:
        """How the audit log names the caller."""
        return f"user:{self.user.user_id}"
