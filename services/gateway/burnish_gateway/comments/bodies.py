"""What callers send about comments."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from burnish_gateway.wire import ApiModel, Text
from burnish_gateway.wording import VISIBLE

BODY_MOST: Final = 10_000

CommentText = Annotated[Text, Field(min_length=1, max_length=BODY_MOST, pattern=VISIBLE)]


class AddRunComment(ApiModel):
    """On an execution, a session or a run of a chain. `@name@example.com` in the text mentions a member."""

    reply_to: UUID | None = Field(default=None, description="The answer belongs to the thread of that comment.")
    body: CommentText
    mentions: Annotated[list[UUID], Field(max_length=50)] = Field(default_factory=list, description="Further members, by their user id.")


class ChangeComment(ApiModel):
    """Its text, by its author alone; whether what it asks for is settled, by any editor."""

    body: CommentText | None = None
    mentions: Annotated[list[UUID], Field(max_length=50)] | None = None
    resolved: bool | None = None
