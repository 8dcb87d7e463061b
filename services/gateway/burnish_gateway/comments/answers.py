"""What callers are told about comments on what was run."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.comments.comment import Comment, OfRun


class MentionAnswer(BaseModel):
    """`name` null: no longer a member."""

    user_id: UUID
    name: str | None


class Said(BaseModel):
    """What every comment says, whatever it is about."""

    id: UUID
    reply_to: UUID | None = Field(description="The first comment of the thread that it answers in.")
    body: str
    mentions: list[MentionAnswer]
    author: str
    created_at: datetime
    edited_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None


class RunCommentAnswer(Said):
    """On an execution, a session or a run of a chain: the one of the three ids that is not null."""

    execution_id: UUID | None
    session_id: str | None
    chain_run_id: UUID | None


class RunCommentPage(BaseModel):
    data: list[RunCommentAnswer]
    next_cursor: str | None


def run_comment_answer(comment: Comment[OfRun], names: Mapping[UUID, str]) -> RunCommentAnswer:
    of = comment.about
    return RunCommentAnswer(execution_id=of.execution_id, session_id=of.session_id, chain_run_id=of.chain_run_id, **said(comment, names))


def said(comment: Comment[Any], names: Mapping[UUID, str]) -> dict[str, Any]:
    """The fields of Said."""
    return {
        "id": comment.comment_id, "reply_to": comment.reply_to, "body": comment.body,
        "mentions": mentions_answered(comment.mentions, names), "author": comment.author, "created_at": comment.created_at,
        "edited_at": comment.edited_at, "resolved_by": comment.resolved_by, "resolved_at": comment.resolved_at,
    }  # fmt: skip


def mentions_answered(mentions: tuple[UUID, ...], names: Mapping[UUID, str]) -> list[MentionAnswer]:
    return [MentionAnswer(user_id=one, name=names.get(one)) for one in mentions]
