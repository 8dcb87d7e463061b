"""What callers say of backtests."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from burnish_gateway.wire import ApiModel, Text
from burnish_shared.money import MAX_AMOUNT_NUSD


class NewBacktest(ApiModel):
    """Inputs of the past through other versions or models. `experiment_id`: its arms; else `versions` or `models`."""

    prompt: Annotated[Text, Field(min_length=1, max_length=63)] | None = None
    experiment_id: UUID | None = None
    versions: Annotated[list[Annotated[int, Field(ge=1, le=2**31 - 1)]], Field(min_length=1, max_length=10)] | None = None
    models: Annotated[list[Annotated[Text, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=10)] | None = None
    days: Annotated[int, Field(ge=1, le=31)] = 7
    inputs: Annotated[int, Field(ge=1, le=2_000, description="Executions that are taken at most, spread over the days.")] = 200
    max_cost_nusd: Annotated[int, Field(gt=0, le=MAX_AMOUNT_NUSD)] | None = None

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if (self.prompt is None) == (self.experiment_id is None):
            raise ValueError("prompt: give either a prompt or an experiment_id")
        if self.experiment_id is not None and (self.versions or self.models):
            raise ValueError("versions: and models stand for a prompt; an experiment has its arms")
        if self.prompt is not None and not self.versions and not self.models:
            raise ValueError("versions: give versions or models")
        for name, given in (("versions", [str(one) for one in self.versions or ()]), ("models", self.models or [])):
            if twice := next((one for one in given if given.count(one) > 1), None):
                raise ValueError(f"{name}: {twice} stands there twice; each is asked, and paid, once")
        return self
