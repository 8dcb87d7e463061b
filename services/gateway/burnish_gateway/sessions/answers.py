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
