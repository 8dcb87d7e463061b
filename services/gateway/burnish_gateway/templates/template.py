"""A template, wherever it comes from."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from burnish_gateway.marketplace.entry import Entry, EntryVisibility
from burnish_gateway.templates.library import PUBLISHER, ShippedTemplate, entry_id_of
from burnish_shared.errors import NotFound

Origin = Literal["shipped", "workspace", "shared"]
"""Ships with Burnish; made by this workspace; shared by another one."""


@dataclass(frozen=True, slots=True)
class Template:
    """`template_id`: the name of one that ships, else the entry's id. `content`: the flat form of a version; empty in lists."""

    template_id: str
    entry_id: UUID
    origin: Origin
    publisher: str
    slug: str
    version: int
    name: str
    description: str
    categories: list[str]
    tags: list[str]
    model: str
    visibility: EntryVisibility
    uses: int
    use_case: str = ""
    example_variables: dict[str, Any] | None = None
    example: str = ""
    form: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    content: dict[str, Any] = field(default_factory=dict)
    updated_at: datetime | None = None


def of_shipped(name: str, one: ShippedTemplate, *, uses: int, whole: bool = False) -> Template:
    content = one.content(name=name)
    return Template(
        template_id=name, entry_id=entry_id_of(name), origin="shipped", publisher=PUBLISHER, slug=name, version=one.version,
        name=one.title, description=one.description, categories=[one.category], tags=one.tags, model=content.model, visibility="public",
        uses=uses, use_case=one.use_cases[0], example_variables=one.example.variables, example=one.example.output,
        form={"use_cases": one.use_cases, "recommended_models": one.recommended_models}, content=content.fields() if whole else {},
    )  # fmt: skip


def of_entry(entry: Entry, *, reader: UUID) -> Template:
    return Template(
        template_id=str(entry.entry_id), entry_id=entry.entry_id, origin="workspace" if entry.workspace_id == reader else "shared",
        publisher=entry.publisher, slug=entry.slug, version=entry.version, name=entry.name, description=entry.description,
        categories=entry.categories, tags=entry.tags, model=entry.model, visibility=entry.visibility, uses=entry.clones,
        use_case=entry.use_case, example=entry.example, form=entry.form, figures=entry.figures, content=entry.content,
        updated_at=entry.updated_at,
    )  # fmt: skip


def no_such_template() -> NotFound:
    """The same words whether it never was, was deleted, or is shown to others only (PROMISES G-17)."""
    return NotFound("There is no such template.", param="template_id")
