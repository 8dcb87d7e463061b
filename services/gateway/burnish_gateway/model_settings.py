"""Settings of a model's call, with their bounds: in a prompt's version, and as overrides of one execution."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from burnish_gateway.wire import ApiModel, Text

JsonObject = dict[str, Any]

CHOICES_MOST: Final = 32
"""OpenAI allows 128; each is held for and paid like a call of its own."""

TOOLS_MOST: Final = 1024
"""Each provider has its own bound, and says so: OpenAI takes 128, Anthropic and most servers as many as their context holds."""


class ModelSettings(ApiModel):
    """What goes to the provider under its own name. A setting that is not given is not sent."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        default=None, description="Another name of `max_tokens`: whichever is given, each provider is told it under the name that it knows."
    )
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    stop: (
        Annotated[Text, Field(min_length=1, max_length=500)]
        | Annotated[list[Annotated[Text, Field(min_length=1, max_length=500)]], Field(min_length=1, max_length=16)]
        | None
    ) = None
    seed: Annotated[int, Field(ge=-(2**63) + 1, le=2**63 - 1)] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    response_format: JsonObject | None = None
    tools: Annotated[list[JsonObject], Field(min_length=1, max_length=TOOLS_MOST)] | None = None
    tool_choice: Literal["none", "auto", "required"] | JsonObject | None = None
    parallel_tool_calls: bool | None = None
    n: Annotated[int, Field(ge=1, le=CHOICES_MOST)] | None = Field(default=None, description="So many answers; each is held for and paid.")
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = Field(default=None, description="Beside `logprobs: true`.")
    logit_bias: Annotated[dict[str, float], Field(max_length=1000)] | None = None


class Overrides(ModelSettings):
    """Settings of one execution that stand in for the version's."""

    extra: Annotated[JsonObject, Field(max_length=64)] | None = Field(
        default=None, description="Further fields of the provider's own format, passed on as they are; never in place of ours."
    )
