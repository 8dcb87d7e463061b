"""What callers send about moves to another model."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, field_validator

from burnish_gateway.optimization.bodies import BudgetBody, HowToSearch, ModelsBody
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts import searches

PROMPTS_MOST = 200

OF_ONE_PROMPT: Final = ("settings", "manual")
"""Methods whose parameters say something of one prompt alone; `settings` may name other models than the successor, too."""


class SearchBody(HowToSearch):
    """An optimization of each prompt that is worse, with its own dataset, told what any optimization is (`POST /v1/optimizations`) but for
    what belongs to one prompt or is the move's own. The budget holds for each of them."""

    budget: BudgetBody = Field(default_factory=BudgetBody.model_construct)

    @field_validator("method")
    @classmethod
    def _is_for_any_prompt(cls, method: searches.Method) -> searches.Method:
        if method in OF_ONE_PROMPT:
            raise ValueError(f"{method!r} needs what is said of one prompt alone; start an optimization of it")
        return method

    @field_validator("chain")
    @classmethod
    def _is_by_itself(cls, chain: searches.ChainPlace | None) -> None:
        if chain is not None:
            raise ValueError("a move measures each prompt by itself, and a chain calls the models of its steps; leave it out")

    @field_validator("models")
    @classmethod
    def _answers_by_the_successor(cls, models: ModelsBody) -> ModelsBody:
        if models.task is not None:
            raise ValueError("the successor answers in each search; leave `task` out")
        if models.variants:
            raise ValueError("a move makes texts for the successor alone; leave `variants` out, or start an optimization")
        return models

    def stored(self, *, successor: str) -> dict[str, Any]:
        """As the move keeps it: of the search what was said, so that its defaults stay those of the product; the method, the budget and the
        model that answers always. With that a gateway of the release before, which puts this over what it says itself, searches for the
        successor too."""
        said = self.model_dump(mode="json", exclude_none=True, exclude_unset=True)
        models = {**said.get("models", {}), "task": successor}
        return said | {"method": self.method, "budget": self.budget.model_dump(mode="json"), "models": models}


def search_told(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What callers are told of a stored search: what they could send again, so without the successor, which answers anyhow."""
    if stored is None:
        return None
    models = {name: one for name, one in stored.get("models", {}).items() if name != "task"}
    return {name: one for name, one in stored.items() if name != "models"} | ({"models": models} if models else {})


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
