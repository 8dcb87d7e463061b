"""What callers send about the marketplace."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from burnish_gateway.registry.bodies import Tag, VersionNumber
from burnish_gateway.wire import ApiModel, Name, Text


class PublishBody(ApiModel):
    """Which version (`production` where neither label nor version is given), for whom, and what to say of it."""

    prompt: Annotated[Text, Field(min_length=1, max_length=200)]
    version: VersionNumber | None = None
    label: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    visibility: Literal["organization", "public"] = Field(
        description="`public`: everybody who signs in to this installation; needs an admin."
    )
    description: Annotated[Text, Field(max_length=10_000)] = Field(default="", description="The prompt's own where nothing is said.")
    categories: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list)
    example: Annotated[Text, Field(max_length=20_000)] = Field(
        default="", description="An example of use; anybody who sees the entry reads it."
    )

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if self.label is not None and self.version is not None:
            raise ValueError("give 'label' or 'version', not both")
        return self


class CloneBody(ApiModel):
    slug: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="The entry's own where nothing is said."
    )
    name: Name | None = None
