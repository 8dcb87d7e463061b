"""What callers send about the marketplace."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from burnish_gateway.registry.bodies import ModelName, ShortText, Tag, VersionNumber
from burnish_gateway.wire import ApiModel, Name, Text


class BenchmarkBody(ApiModel):
    """A figure that somebody measured."""

    dataset: Annotated[Text, Field(min_length=1, max_length=200)]
    metric: Annotated[Text, Field(min_length=1, max_length=100)]
    value: Annotated[float, Field(ge=-1e12, le=1e12)]
    items: Annotated[int, Field(ge=1, le=10**9)] = Field(description="How many items it was measured on.")
    model: ModelName
    low: Annotated[float, Field(ge=-1e12, le=1e12)] | None = Field(default=None, description="Lower end of its 95% interval.")
    high: Annotated[float, Field(ge=-1e12, le=1e12)] | None = None


class FormBody(ApiModel):
    """Which version (`production` where neither label nor version is given), and what to say of it.

    One form for templates and the marketplace.
    """

    prompt: Annotated[Text, Field(min_length=1, max_length=200)]
    version: VersionNumber | None = None
    label: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    description: Annotated[Text, Field(max_length=10_000)] = Field(default="", description="The prompt's own where nothing is said.")
    categories: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list)
    example: Annotated[Text, Field(max_length=20_000)] = Field(
        default="", description="An example of use; anybody who sees the entry reads it."
    )
    use_cases: Annotated[list[ShortText], Field(max_length=20)] = Field(default_factory=list, description="Where it has proved itself.")
    recommended_models: Annotated[list[ModelName], Field(max_length=20)] = Field(default_factory=list)
    benchmarks: Annotated[list[BenchmarkBody], Field(max_length=20)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if self.label is not None and self.version is not None:
            raise ValueError("give 'label' or 'version', not both")
        return self

    def form(self) -> dict[str, Any]:
        """What is kept of it beside the columns; only what was given."""
        said = {"use_cases": self.use_cases, "recommended_models": self.recommended_models}
        return {name: one for name, one in said.items() if one} | (
            {"benchmarks": [one.model_dump(exclude_none=True) for one in self.benchmarks]} if self.benchmarks else {}
        )


class PublishBody(FormBody):
    visibility: Literal["organization", "public"] = Field(
        description="`public`: everybody who signs in to this installation; needs an admin."
    )


class CloneBody(ApiModel):
    slug: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="The entry's own where nothing is said."
    )
    name: Name | None = None
