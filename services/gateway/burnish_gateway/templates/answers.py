"""What callers are told about templates."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from burnish_gateway.marketplace.answers import BenchmarkAnswer, FiguresAnswer, form_fields
from burnish_gateway.registry.answers import ContentAnswer
from burnish_gateway.templates.template import Origin, Template


class TemplateItem(BaseModel):
    """A template in a list. `origin`: ships with Burnish, made by this workspace, or shared by another one. `uses`: prompts made of it."""

    id: str
    origin: Origin
    publisher: str
    slug: str
    version: int
    name: str
    description: str
    use_case: str
    categories: list[str]
    tags: list[str]
    model: str
    use_cases: list[str]
    recommended_models: list[str]
    visibility: Literal["private", "organization", "public"]
    uses: int
    updated_at: datetime | None


class TemplateVariable(BaseModel):
    name: str
    type: str | None
    description: str
    required: bool
    default: Any = None


class ExampleAnswer(BaseModel):
    """An example of use. `variables` null: the text is all that was said."""

    variables: dict[str, Any] | None
    text: str


class TemplateAnswer(TemplateItem):
    """A template with its content. `benchmarks`: what was measured, by whoever made it; `figures`: its publisher's live traffic."""

    variables: list[TemplateVariable]
    example: ExampleAnswer
    benchmarks: list[BenchmarkAnswer]
    figures: FiguresAnswer | None
    content: ContentAnswer
    is_new: bool | None = None


class TemplatePage(BaseModel):
    data: list[TemplateItem]
    next_cursor: str | None


class DeletedTemplate(BaseModel):
    id: str
    deleted: bool


def template_item(template: Template) -> TemplateItem:
    return TemplateItem(**_fields(template))


def template_answer(template: Template, *, variables: list[TemplateVariable], is_new: bool | None = None) -> dict[str, Any]:
    """As JSON: of the content only the settings that were given."""
    form = form_fields(template.form)
    answer = TemplateAnswer(
        **_fields(template), variables=variables, example=ExampleAnswer(variables=template.example_variables, text=template.example),
        benchmarks=form["benchmarks"], figures=FiguresAnswer(**template.figures) if template.figures else None,
        content=ContentAnswer(**template.content), is_new=is_new,
    )  # fmt: skip
    shown = answer.model_dump(mode="json", exclude={"content", *(() if is_new is not None else ("is_new",))})
    return shown | {"content": answer.content.model_dump(mode="json", exclude_unset=True)}


def _fields(template: Template) -> dict[str, Any]:
    same = (
        "origin", "publisher", "slug", "version", "name", "description", "use_case", "categories", "tags", "model", "visibility", "uses",
        "updated_at",
    )  # fmt: skip
    form = form_fields(template.form)
    own = {"id": template.template_id, "use_cases": form["use_cases"], "recommended_models": form["recommended_models"]}
    return {name: getattr(template, name) for name in same} | own
