"""A group of failures as dataset items: what was asked, with what would have been right (PRODUCT D4)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from burnish_gateway.datasets.add_items import Added, add_items, create_dataset
from burnish_gateway.datasets.answers import DatasetAnswer
from burnish_gateway.datasets.dataset import Change, StoredItem
from burnish_gateway.datasets.from_executions import NO_SUCH, NOBODY_SAID, items_of
from burnish_gateway.datasets.item import NewItem
from burnish_gateway.insights import from_failures_store as store
from burnish_gateway.review import store as review_store
from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound

CORRECTED_SINCE: Final = "The item of this test run was corrected or taken out of its dataset since."
GONE: Final = "The execution, or the item of the test run, is not kept any more."

SLICE: Final = 100
"""Executions and items that one statement reads: their texts may have 64 KiB each."""

NOTE_MOST: Final = 300
"""Characters of a group's name that stand in the note of a review."""


class FromFailuresBody(ApiModel):
    """A group of `GET /v1/analytics/failure-groups`, and where it goes: `dataset_id`, or a new dataset of this `name`."""

    group: Annotated[Text, Field(min_length=1, max_length=64)] = Field(description="The group's `id`.")
    prompt: Text | None = Field(default=None, max_length=63, description="As you asked for the groups; absent: of all prompts together.")
    days: int = Field(default=30, ge=1, le=90, description="As you asked for the groups.")
    dataset_id: UUID | None = Field(default=None, description="The dataset that they are added to; it gets a next version.")
    name: Name | None = Field(default=None, description="A new dataset of this name, instead of `dataset_id`.")
    review: bool = Field(
        default=False, description="Put answers of which nobody said what would have been right into the review queue, before all others."
    )

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if (self.dataset_id is None) == (self.name is None):
            raise ValueError("dataset_id: give the dataset that they are added to, or the name of a new one, and not both")
        return self


class SkippedFailures(BaseModel):
    """How many became no item, and why."""

    because: str
    count: int


class FromFailuresAnswer(BaseModel):
    dataset: DatasetAnswer | None = Field(description="Null: there was no item to begin a new one with.")
    failures: int = Field(description="Different executions and cases of test runs in the group.")
    added: int
    duplicates: int = Field(description="Items whose input was there already; the first one stays as it is.")
    contradictions: int = Field(description="Of those, how many expect another answer than the one that stays.")
    skipped: list[SkippedFailures]
    in_review: int = Field(description="Of those skipped, how many wait in the review queue now, or were decided there.")


@dataclass(frozen=True, slots=True)
class Taken:
    """`added` None: there was nothing to begin a dataset with."""

    added: Added | None
    failures: int
    skipped: Counter[str]
    in_review: int


@dataclass(slots=True)
class _Found:
    items: list[NewItem] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    unanswered: list[UUID] = field(default_factory=list)


async def add_failures(tx: Tx, workspace_id: UUID, body: FromFailuresBody, *, slug: str, author: str) -> Taken:
    """`slug` '': of all prompts. An item of a test run keeps its split, so that none of a test split is learned from.

    Raises NotFound for a group or dataset that is not there, Conflict where nothing comes of it, InvalidField for a full dataset.
    """
    group = await store.find_group(tx, slug, days=body.days, group=body.group)
    if group is None:
        raise NotFound(
            "There is no such group of failures now; groups are made anew as failures come. Read them again with "
            "GET /v1/analytics/failure-groups, with the same prompt and days, and fresh=true.",
            param="group",
        )
    found = await _found(tx, workspace_id, group.members)
    in_review = await _to_review(tx, workspace_id, found.unanswered, name=group.name, by=author) if body.review else 0
    if not found.items and not in_review:
        why = "; ".join(f"{count} × {because}" for because, count in found.skipped.most_common())
        raise Conflict(f"group: none of its failures can become an item. {why}", param="group")
    failures = len(group.members["executions"]) + len(group.members["cases"])
    return Taken(await _add(tx, workspace_id, body, found.items, author=author), failures, found.skipped, in_review)


async def _add(tx: Tx, workspace_id: UUID, body: FromFailuresBody, items: Sequence[NewItem], *, author: str) -> Added | None:
    change = Change(author, "from_failures")
    if body.dataset_id is not None:
        return await add_items(tx, workspace_id, body.dataset_id, items, change=change)
    return await create_dataset(tx, workspace_id, str(body.name), items, change=change) if items else None


async def _found(tx: Tx, workspace_id: UUID, members: dict[str, Any]) -> _Found:
    """Cases of test runs first: their dataset says what is right, and where they belong."""
    found = _Found()
    cases = [UUID(item) for item in dict.fromkeys(item for _, item in members["cases"])]
    stored: dict[UUID, StoredItem] = {}
    for some in _slices(cases):
        stored |= await store.items_of(tx, workspace_id, some)
    for item_id in cases:
        item = stored.get(item_id)
        if item is None:
            found.skipped[GONE] += 1
        elif item.removed_version is not None:
            found.skipped[CORRECTED_SINCE] += 1
        else:
            found.items.append(NewItem(input=item.input, expected=item.expected, split=item.split, metadata=item.metadata))
    await _of_executions(tx, workspace_id, [UUID(one) for one in members["executions"]], found)
    found.items = list({one.content_hash: one for one in reversed(found.items)}.values())[::-1]
    return found


def _slices(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [ids[at : at + SLICE] for at in range(0, len(ids), SLICE)]


async def _of_executions(tx: Tx, workspace_id: UUID, executions: Sequence[UUID], found: _Found) -> None:
    for some in _slices(executions):
        try:
            items, skipped = await items_of(tx, workspace_id, dict.fromkeys(some), use_output=False)
        except NotFound:
            found.skipped[GONE] += len(some)
            continue
        found.items += items
        found.skipped.update(GONE if one.because == NO_SUCH else one.because for one in skipped)
        found.unanswered += [one.execution_id for one in skipped if one.because == NOBODY_SAID]


async def _to_review(tx: Tx, workspace_id: UUID, executions: Sequence[UUID], *, name: str, by: str) -> int:
    note = f"One of a group of failures: {name}"[:NOTE_MOST]
    return len(await review_store.pick(tx, workspace_id, executions, note=note, by=by))
