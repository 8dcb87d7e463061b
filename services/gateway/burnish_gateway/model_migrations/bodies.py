"""What callers send about moves to another model."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from burnish_gateway.optimization.bodies import BudgetBody
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts import searches

PROMPTS_MOST = 200

NEED_MORE: Final = ("settings", "manual")
"""Methods with parameters that cannot be left out."""


class SearchBody(ApiModel):
    """An optimization of each prompt that is worse, with its own dataset. The budget holds for each of them."""

    method: searches.Method = "racing"
    budget: BudgetBody = Field(default_factory=BudgetBody.model_construct)

    @model_validator(mode="after")
    def _needs_no_more(self) -> Self:
        if self.method in NEED_MORE:
            raise ValueError(f"method: {self.method!r} needs what is said of one prompt alone; start an optimization of it")
        return self


class MigrationBody(ApiModel):
    model: Annotated[Text, Field(min_length=1, max_length=200)] = Field(description="The model that prompts call now.")
    successor: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="The model that they move to; the one that the model names, unless given."
    )
    prompts: Annotated[list[Annotated[Text, Field(min_length=1, max_length=130)]], Field(min_length=1, max_length=PROMPTS_MOST)] | None = (
        Field(default=None, description="Only these; all that call the model where nothing is said.")
    )
    margin: Annotated[float, Field(ge=0, le=1)] = Field(default=0.02, description="So much less accurate still counts as good.")
    search: SearchBody | None = Field(default=None, description="Look for a better text where a prompt is worse; only measured without.")
