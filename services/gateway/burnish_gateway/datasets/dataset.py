"""A dataset as the rest of the feature sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from burnish_gateway.datasets.item import Split
from burnish_shared.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Dataset:
    """`version` grows when items are added, corrected or taken out; looks at the test split are counted against `test_version`.

    `archived_at`: it is put away; it can be read, and nothing new is begun on it or changed in it.
    """

    dataset_id: UUID
    name: str
    version: int
    test_version: int
    counts: dict[str, int]
    near_duplicates: list[dict[str, Any]]
    created_by: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


Done = Literal[
    "uploaded",
    "from_executions",
    "from_failures",
    "from_feedback",
    "from_test_cases",
    "made_up",
    "reviewed",
    "review_taken_back",
    "imported",
    "corrected",
    "removed",
]
"""By what a version came to be; `sql/0120_test_cases_run.sql` has the same list."""


@dataclass(frozen=True, slots=True)
class Change:
    """Who makes a version, and by what. `by`: a principal's `actor`."""

    by: str
    done: Done


@dataclass(frozen=True, slots=True)
class StoredItem:
    item_id: UUID
    position: int
    split: Split
    input: str | dict[str, Any]
    expected: str | None
    metadata: dict[str, Any]
    synthetic: bool
    added_version: int
    removed_version: int | None
    """The first version without it; None: it is in the newest."""


def no_such_dataset(*, param: str = "dataset_id") -> NotFound:
    """The same words whether it never was or belongs to somebody else (PROMISES G-17)."""
    return NotFound("There is no such dataset in this workspace.", param=param)


def check_unarchived(dataset: Dataset, *, param: str = "dataset_id") -> None:
    """Raises Conflict for a dataset that was put away."""
    if dataset.archived_at is not None:
        restore = f'restore it with PATCH /v1/datasets/{dataset.dataset_id} and {{"archived": false}}, or take another one'
        raise Conflict(f"The dataset '{dataset.name}' was archived on {dataset.archived_at:%Y-%m-%d}; {restore}.", param=param)
