"""What events tell of comments on executions, sessions and runs of chains."""

from pydantic import Field

from burnish_shared.contracts.event_data import EventData


class OfRunComment(EventData):
    """Of the three ids of what was commented on one is given."""

    comment_id: str
    execution_id: str | None
    session_id: str | None = Field(description="The caller's own.")
    chain_run_id: str | None


class RunCommentCreated(OfRunComment):
    reply_to: str | None = Field(description="The comment that it answers.")
    author: str = Field(description="user:<id> | api_key:<id>")
    mentions: list[str] = Field(description="User ids of the members whom it mentions.")


class RunCommentResolved(OfRunComment):
    resolved_by: str = Field(description="user:<id> | api_key:<id>")
