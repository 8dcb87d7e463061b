"""A dataset as the rest of the feature sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from burnish_gateway.datasets.item import Split
from burnish_shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Dataset:
    """`version` grows when items are added, corrected or taken out; looks at the test split are counted against `test_version`."""

    dataset_id: UUID
    name: str
    version: int
    test_version: int
    counts: dict[str, int]
    near_duplicates: list[dict[str, Any]]
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StoredItem:
    item_id: UUID
    position: int
    split: Split
    input: str | dict[str, Any]
    expected: str
    metadata: dict[str, Any]
    synthetic: bool
    added_version: int
    removed_version: int | None
    """The first version without it; None: it is in the newest."""


def no_such_dataset() -> NotFound:
    """The same words whether it never was or belongs to somebody else (PROMISES G-17)."""
    return NotFound("There is no such dataset in this workspace.", param="dataset_id")
