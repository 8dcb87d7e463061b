"""What callers are told about the marketplace."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from burnish_gateway.marketplace.entry import Entry
from burnish_gateway.registry.answers import ContentAnswer


class SatisfactionAnswer(BaseModel):
    """A share with its 95% interval (Wilson), over `samples` thumbs and scores."""

    value: float
    low: float
    high: float
    samples: int


class FiguresAnswer(BaseModel):
    """Over all live executions of the version at its publisher's. `simulated`: answers of simulated models are among them."""

    executions: int
    success_rate: float | None
    satisfaction: SatisfactionAnswer | None
    p50_ms: float | None
    p95_ms: float | None
    mean_cost_nusd: int | None
    simulated: bool


class EntryItem(BaseModel):
    """A published version in a list. `publisher`: the workspace's name at publishing; `is_own`: it is the caller's."""

    id: UUID
    slug: str
    version: int
    name: str
    description: str
    use_case: str
    categories: list[str]
    tags: list[str]
    model: str
    publisher: str
    visibility: Literal["organization", "public"]
    is_own: bool
    clones: int
    figures: FiguresAnswer
    measured_at: datetime | None
    published_at: datetime
    updated_at: datetime


class BenchmarkAnswer(BaseModel):
    """A figure that the publisher says was measured, on so many items; `low` and `high` are its 95% interval."""

    dataset: str
    metric: str
    value: float
    items: int
    model: str
    low: float | None = None
    high: float | None = None


class EntryAnswer(EntryItem):
    """A published version with its content."""

    example: str
    use_cases: list[str]
    recommended_models: list[str]
    benchmarks: list[BenchmarkAnswer]
    content: ContentAnswer
    is_new: bool | None = None


class EntryPage(BaseModel):
    data: list[EntryItem]
    next_cursor: str | None


class WithdrawnAnswer(BaseModel):
    id: UUID
    withdrawn: bool


def entry_item(entry: Entry, *, reader: UUID) -> EntryItem:
    return EntryItem(**_fields(entry, reader))


def entry_answer(entry: Entry, *, reader: UUID, is_new: bool | None = None) -> dict[str, Any]:
    """As JSON: of the content only the settings that were given."""
    answer = EntryAnswer(
        **_fields(entry, reader), **form_fields(entry.form), example=entry.example, content=ContentAnswer(**entry.content), is_new=is_new
    )
    shown = answer.model_dump(mode="json", exclude={"content", *(() if is_new is not None else ("is_new",))})
    return shown | {"content": answer.content.model_dump(mode="json", exclude_unset=True)}


def form_fields(form: dict[str, Any]) -> dict[str, Any]:
    """What the form of an entry or template says, whether it says it or not."""
    return {name: form.get(name, []) for name in ("use_cases", "recommended_models", "benchmarks")}


def _fields(entry: Entry, reader: UUID) -> dict[str, Any]:
    same = (
        "slug", "version", "name", "description", "use_case", "categories", "tags", "model", "publisher", "visibility", "clones",
        "measured_at", "published_at", "updated_at",
    )  # fmt: skip
    own = {"id": entry.entry_id, "is_own": entry.workspace_id == reader, "figures": FiguresAnswer(**entry.figures)}
    return {name: getattr(entry, name) for name in same} | own
