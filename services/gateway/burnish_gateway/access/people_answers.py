"""What callers are told about people, workspaces and organizations."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel

from burnish_gateway.access.person import Person, UserFacts

RoleName = Literal["admin", "editor", "viewer"]


class UserAnswer(BaseModel):
    id: UUID
    email: str | None
    name: str
    is_operator: bool


class OwnWorkspace(BaseModel):
    """A workspace with the caller's role in it; `role` is null where it is only seen by governing the organization."""

    id: UUID
    organization_id: UUID
    name: str
    organization_name: str
    role: RoleName | None
    is_home: bool


class SessionAnswer(BaseModel):
    """Who signed in. `csrf_token`: goes into X-CSRF-Token of every request that changes something and is sent with the cookie."""

    user: UserAnswer
    workspaces: list[OwnWorkspace]
    csrf_token: str | None
    session_id: UUID | None
    signed_in_by: str


class OwnSession(BaseModel):
    id: UUID
    is_this: bool
    signed_in_by: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str | None
    user_agent: str | None


class SessionPage(BaseModel):
    data: list[OwnSession]
    next_cursor: str | None


class WaysAnswer(BaseModel):
    """How one may sign in here. `token`: a provider's JWT as bearer; `oidc`: names of providers; `sign_up`: who may make an account."""

    password: bool
    token: bool
    oidc: list[str]
    sign_up: Literal["open", "invited", "closed"]


class MemberAnswer(BaseModel):
    user_id: UUID
    email: str | None
    name: str
    role: RoleName
    invited_by: str | None
    created_at: datetime
    is_disabled: bool


class MemberPage(BaseModel):
    data: list[MemberAnswer]
    next_cursor: str | None


class InvitationAnswer(BaseModel):
    """`mail`: what became of the mail with the link; null where none was written. `mail_error`: why it failed, or waits for another try."""

    id: UUID
    email: str
    role: RoleName
    status: Literal["open", "accepted", "revoked", "expired"]
    invited_by: str
    created_at: datetime
    expires_at: datetime
    mail: Literal["pending", "sent", "failed"] | None
    mail_error: str | None


class InvitationPage(BaseModel):
    data: list[InvitationAnswer]
    next_cursor: str | None


class InvitingAnswer(BaseModel):
    """What an invitation is about. `email`: whom it is for. `invited_by_*`: null where an API key or nobody who is a member now invites."""

    email: str
    role: RoleName
    workspace_name: str
    organization_name: str
    invited_by_name: str | None
    invited_by_email: str | None
    expires_at: datetime


class NewInvitationAnswer(BaseModel):
    """`token` and `url` are shown this once. `is_mailed`: the link goes to the e-mail by itself; else hand it over."""

    id: UUID
    email: str
    role: RoleName
    token: str
    url: str
    expires_at: datetime
    is_mailed: bool


def session_answer(person: Person, memberships: list[Record]) -> SessionAnswer:
    return SessionAnswer(
        user=user_answer(person.user),
        workspaces=[own_workspace(row) for row in memberships],
        csrf_token=person.csrf_token,
        session_id=person.session_id,
        signed_in_by=person.way,
    )


def user_answer(user: UserFacts) -> UserAnswer:
    return UserAnswer(id=user.user_id, email=user.email, name=user.name, is_operator=user.is_operator)


def own_workspace(row: Record) -> OwnWorkspace:
    """From a row of `memberships_of`."""
    return OwnWorkspace(
        id=row["workspace_id"], organization_id=row["organization_id"], name=row["name"], organization_name=row["organization_name"],
        role=row["role"], is_home=row["home_workspace_id"] == row["workspace_id"],
    )  # fmt: skip


def own_session(row: Record, *, this: UUID | None) -> OwnSession:
    return OwnSession(
        id=row["session_id"], is_this=row["session_id"] == this, signed_in_by=row["way"], created_at=row["created_at"],
        last_seen_at=row["last_seen_at"], expires_at=row["expires_at"], address=row["address"], user_agent=row["user_agent"],
    )  # fmt: skip


def member_answer(row: Record) -> MemberAnswer:
    return MemberAnswer(**dict(row))


def invitation_answer(row: Record, mail: Record | None = None, *, has_maker: bool = True) -> InvitationAnswer:
    """`mail`: its row of `mails_of`; None where no mail was written. `has_maker`: whether who made it may still invite."""
    if row["accepted_at"] is not None:
        status = "accepted"
    elif row["revoked_at"] is not None:
        status = "revoked"
    else:
        status = "expired" if row["is_over"] else "open" if has_maker else "revoked"
    return InvitationAnswer.model_validate(
        {"id": row["invitation_id"], "status": status, "mail": mail and mail["status"], "mail_error": mail and mail["error"]}
        | {name: row[name] for name in ("email", "role", "invited_by", "created_at", "expires_at")}
    )
