"""The last minute as JSON, for those who poll."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class LiveFigures(BaseModel):
    """Live executions that finished within the window; test runs and optimization are left out."""

    executions: int
    successes: int
    success_rate: float | None
    cached: int
    input_tokens: int
    output_tokens: int
    cost_nusd: int
    latency_p50_ms: float | None = Field(description="Within 2 % of the exact value.")
    latency_p95_ms: float | None
    simulated: bool = Field(description="True when any of it was made by a simulated model.")
    simulated_executions: int


class LivePrompt(LiveFigures):
    prompt: str


class LiveAnswer(BaseModel):
    at: str
    window_s: int
    seen_s: float = Field(description="How much of the window this gateway has listened to; it begins to when somebody asks.")
    total: LiveFigures
    prompts: list[LivePrompt] = Field(description="Those with the most executions, at most 50.")


class PersonHere(BaseModel):
    user_id: UUID
    editing: bool = Field(description="Has changes that are not saved.")
    since: datetime


class PresenceAnswer(BaseModel):
    """Who came first stands first; somebody with two tabs is one."""

    place: str
    people: list[PersonHere]
