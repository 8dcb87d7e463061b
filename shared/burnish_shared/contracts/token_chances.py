"""How likely the tokens of an answer were, as OpenAI tells it."""

from pydantic import BaseModel, ConfigDict, Field


class LikelyToken(BaseModel):
    """A token and the logarithm of its probability."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    token: str
    logprob: float
    bytes: list[int] | None = None


class TokenChance(LikelyToken):
    """The token that was chosen, and the likeliest at its place."""

    top_logprobs: list[LikelyToken] = Field(default_factory=list)
