"""The templates that ship with Burnish: data files in `library/`, one template each, read once.

A file names what a template says beside its messages; the name of the file is the template's id. `version` grows when a file is changed:
prompts made of it keep the number in their lineage.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

import yaml
from pydantic import BaseModel, ConfigDict, Field

from burnish_gateway.registry.content import VersionContent, checked
from burnish_shared.prompt_settings import SETTING_FIELDS
from burnish_shared.template.values import VariableType

PUBLISHER: Final = "Burnish"
"""Who is named in the lineage of a prompt that was made of a template that ships."""

MODEL: Final = "auto"
"""The model that answers is chosen by the workspace's routing: which models there are, nobody knows beforehand."""

Category = Literal["analysis", "extraction", "generation", "classification"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ShippedVariable(_Part):
    type: VariableType
    description: Annotated[str, Field(min_length=10)]
    default: Any = None


class Example(_Part):
    """An example of use; `output` is what a good model answers, shortened where it is long."""

    variables: dict[str, Any]
    output: str


class ShippedTemplate(_Part):
    """One file of the library."""

    title: str
    category: Category
    description: str
    use_cases: Annotated[list[str], Field(min_length=1)]
    tags: list[str]
    variables: dict[str, ShippedVariable]
    recommended_models: Annotated[list[str], Field(min_length=1)]
    settings: dict[str, Any]
    messages: list[dict[str, str]]
    example: Example
    json_schema: dict[str, Any] | None = None
    output_format: Literal["text", "markdown", "code"] | None = None
    version: int = 1

    def content(self, *, name: str) -> VersionContent:
        """What version 1 of a prompt made of it says."""
        settings: dict[str, Any] = {key: self.settings[key] for key in SETTING_FIELDS if key in self.settings}
        parameters = {key: one.model_dump(exclude_unset=True) for key, one in self.variables.items()}
        fields: dict[str, Any] = {"messages": self.messages, "model": MODEL, "parameters": parameters, **settings}
        if self.output_format is not None:
            fields["output_format"] = self.output_format
        if self.json_schema is not None:
            told = {"type": "json_schema", "json_schema": {"name": name, "schema": self.json_schema}}
            fields |= {"response_format": told, "output_format": "structured", "json_schema": self.json_schema}
        return VersionContent.from_fields(fields)

    def text(self) -> str:
        """What a search looks at."""
        said = [self.title, self.category, self.description, *self.use_cases, *self.tags, *(one["content"] for one in self.messages)]
        return "\n".join(said).lower()


@cache
def shipped() -> Mapping[str, ShippedTemplate]:
    """Every template that ships, by its id, by category and then by name. Raises where a file is not as it should be."""
    found: dict[str, ShippedTemplate] = {}
    for file in files("burnish_gateway.templates").joinpath("library").iterdir():
        name, _, ending = file.name.rpartition(".")
        if ending == "yaml":
            template = ShippedTemplate.model_validate(yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader))
            checked(template.content(name=name), version=1)
            found[name] = template
    return dict(sorted(found.items(), key=lambda one: (one[1].category, one[0])))


def entry_id_of(name: str) -> UUID:
    """The id under which lineage names a template that ships: the same in every installation."""
    return uuid5(NAMESPACE_URL, f"burnish:template:{name}")
