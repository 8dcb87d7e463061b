"""A comment, and what it is about: a version, or what was run. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

Column = Literal["prompt_id", "execution_id", "session_id", "chain_run_id"]
"""By which the table knows whose a comment is; one of them is set."""


@dataclass(frozen=True, slots=True)
class OfVersion:
    """`version` of a prompt, or how it differs from `against`; `part` None: all of it."""

    prompt_id: UUID
    slug: str
    version: int
    against: int | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class OfRun:
    """An execution, a session by the caller's own name of it, or a run of a chain: one of the three is given."""

    execution_id: UUID | None = None
    session_id: str | None = None
    chain_run_id: UUID | None = None


About = TypeVar("About", OfVersion, OfRun)


@dataclass(frozen=True, slots=True)
class Comment(Generic[About]):
    """`mentions`: user ids of members. `reply_to`: the first comment of the thread; None: this is one."""

    comment_id: UUID
    workspace_id: UUID
    about: About
    reply_to: UUID | None
    body: str
    mentions: tuple[UUID, ...]
    author: str
    created_at: datetime
    edited_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place(Generic[About]):
    """Where comments stand: those of one prompt, of one execution, session or run of a chain. `noun`: what callers call it."""

    workspace_id: UUID
    column: Column
    key: UUID | str
    noun: str


def place_of_run(workspace_id: UUID, run: OfRun) -> Place[OfRun]:
    if run.execution_id is not None:
        return Place(workspace_id, "execution_id", run.execution_id, "execution")
    if run.chain_run_id is not None:
        return Place(workspace_id, "chain_run_id", run.chain_run_id, "run")
    return Place(workspace_id, "session_id", run.session_id or "", "session")


def facts_of(of: OfVersion | OfRun) -> Mapping[str, Any]:
    """What the audit log says of what a comment is about. It outlives end users, so it has no session."""
    if isinstance(of, OfVersion):
        return {"version": of.version, "against": of.against}
    if of.execution_id is not None:
        return {"execution": str(of.execution_id)}
    return {} if of.chain_run_id is None else {"chain_run": str(of.chain_run_id)}
