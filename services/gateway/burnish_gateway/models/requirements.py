"""What `auto` asks of a model, as callers and prompts say it (PRODUCT E12)."""

from typing import Annotated

from pydantic import Field

from burnish_gateway.wire import ApiModel, Text
from burnish_shared.money import MAX_AMOUNT_NUSD

Word = Annotated[Text, Field(min_length=1, max_length=60)]


class Requirements(ApiModel):
    """What a model must meet for `auto` to choose it. A score that nobody said does not qualify."""

    capabilities: Annotated[list[Word], Field(max_length=20)] = Field(default_factory=list)
    min_quality: Annotated[float, Field(ge=0, le=1)] | None = None
    max_latency_ms: Annotated[int, Field(ge=1, le=3_600_000)] | None = None
    max_cost_nusd: Annotated[int, Field(ge=0, le=MAX_AMOUNT_NUSD)] | None = Field(
        default=None, description="What this call may cost at most: its input, and as much output as it allows."
    )
    use_case: Word | None = Field(default=None, description="Models preferred for it come first; the prompt's use case, unless given.")
