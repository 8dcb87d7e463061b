"""What a session looks like in answers."""

from typing import Any

from pydantic import BaseModel, Field

from burnish_gateway.feedback.bodies import FeedbackShown


class SessionTotals(BaseModel):
    """Sums over the whole session. `satisfaction`: mean of thumbs (0 or 1) and scores, on the session and on its executions alike."""

    executions: int
    successes: int
    input_tokens: int
    output_tokens: int
    cost_nusd: int
    reactions: int
    thumbs_up: int
    thumbs_down: int
    scores: int
    satisfaction: float | None = None
    simulated: bool
    finished_at: str | None = None


class SessionAnswer(BaseModel):
    """One conversation: its executions in their order, page by page, each with its reactions, and the reactions to the whole."""

    session_id: str
    totals: SessionTotals
    feedback: list[FeedbackShown]
    executions: list[dict[str, Any]] = Field(description="As in `GET /v1/executions`, with `feedback`.")
    next_cursor: str | None = None


class SessionListed(BaseModel):
    """One of a list: sums over the whole session. `is_cut`: it has more than 1,000 executions, and all but `started_at` is of the newest
    1,000 and of what was said of them and of the whole."""

    session_id: str
    started_at: str = Field(description="When its first execution began.")
    last_at: str = Field(description="When its newest execution began.")
    executions: int
    successes: int
    user_id: str | None = Field(description="The end user; null where none was named, or several were.")
    users: int = Field(description="How many end users were named.")
    prompts: list[str] = Field(description="Those that ran, by name, at most ten.")
    input_tokens: int
    output_tokens: int
    cost_nusd: int
    reactions: int
    thumbs_up: int
    thumbs_down: int
    simulated: bool
    is_cut: bool


class SessionPage(BaseModel):
    """`searched_to`: how far back executions were looked through, where the search ended with some left; null: at the end."""

    data: list[SessionListed]
    next_cursor: str | None
    searched_to: str | None
