"""An entry of the marketplace: a copy of one version, as it was when it was published."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from burnish_shared.errors import NotFound

EntryVisibility = Literal["private", "organization", "public"]
"""A private entry is a template of the workspace's own, which the marketplace does not show."""
Sort = Literal["newest", "clones", "satisfaction", "relevance"]


@dataclass(frozen=True, slots=True)
class Entry:
    """`content` is the flat form of a version; empty in lists. `figures`: published_figures; empty until they were first taken."""

    entry_id: UUID
    workspace_id: UUID
    visibility: EntryVisibility
    publisher: str
    slug: str
    version: int
    name: str
    description: str
    use_case: str
    categories: list[str]
    tags: list[str]
    model: str
    example: str
    figures: dict[str, Any]
    measured_at: datetime | None
    clones: int
    published_at: datetime
    updated_at: datetime
    form: dict[str, Any] = field(default_factory=dict)
    """`use_cases`, `recommended_models`, `benchmarks`: what `FormBody` says beside the columns."""

    content: dict[str, Any] = field(default_factory=dict)


def no_such_entry() -> NotFound:
    """The same words whether it never was, was withdrawn, or is shown to another organization only (PROMISES G-17)."""
    return NotFound("There is no such entry in the marketplace.", param="entry_id")
