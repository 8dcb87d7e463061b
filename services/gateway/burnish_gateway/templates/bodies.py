"""What callers send about templates."""

from typing import Annotated, Literal

from pydantic import Field

from burnish_gateway.marketplace.bodies import FormBody
from burnish_gateway.registry.bodies import ModelName
from burnish_gateway.wire import ApiModel, Name, Text


class TemplateBody(FormBody):
    """A template of the workspace's own, out of a version of a prompt."""

    visibility: Literal["private", "organization", "public"] | None = Field(
        default=None,
        description="Private where nothing is said, or as it stands. `organization` and `public` show it in the marketplace too;"
        " `public` needs an admin.",
    )


class UseBody(ApiModel):
    """How the prompt is called that is made."""

    slug: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="The template's own where nothing is said."
    )
    name: Name | None = None
    folder: Annotated[Text, Field(max_length=700)] = ""
    model: ModelName | None = Field(default=None, description="The template's own where nothing is said; of those that ship: `auto`.")
    label: Annotated[Text, Field(max_length=200)] | None = Field(default="production", description="What version 1 gets; null for none.")
