"""What callers are told about datasets."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.datasets.add_items import Added
from burnish_gateway.datasets.bodies import PROBLEMS_MOST, Read
from burnish_gateway.datasets.dataset import Dataset, StoredItem


class NearDuplicateAnswer(BaseModel):
    """Two items in different splits that say almost the same."""

    items: list[UUID]
    splits: list[str]
    similarity: float


class DatasetAnswer(BaseModel):
    id: UUID
    name: str
    version: int
    test_version: int = Field(description="The version that looks at the test split are counted against.")
    counts: dict[str, int]
    near_duplicates: list[NearDuplicateAnswer]
    created_by: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = Field(description="It is put away: it can be read, and nothing is begun on it or changed in it.")


class RemovedDataset(BaseModel):
    """`items`: how many of its newest version went with it."""

    id: UUID
    name: str
    items: int


class AddedAnswer(DatasetAnswer):
    added: int
    duplicates: int = Field(description="Items whose input was there already; the first one stays as it is.")
    contradictions: int = Field(default=0, description="Of those, how many expect another answer than the one that stays.")
    left_out: list[int] = Field(default_factory=list, description="Lines of an upload that expect nothing; the first 100.")


class ItemAnswer(BaseModel):
    id: UUID
    split: str
    input: str | dict[str, Any]
    expected: str | None = Field(description="null: there is no right answer; evaluators judge what is answered.")
    metadata: dict[str, Any]
    synthetic: bool = Field(description="Made up; never in the test split.")
    added_version: int
    removed_version: int | None = Field(
        description="The first version without it: it was corrected or taken out. null: it is in the newest."
    )


class CorrectedItem(ItemAnswer):
    dataset_version: int = Field(description="The dataset's version now.")


class DatasetPage(BaseModel):
    data: list[DatasetAnswer]
    next_cursor: str | None


class ItemPage(BaseModel):
    data: list[ItemAnswer]
    next_cursor: str | None


def dataset_answer(dataset: Dataset) -> DatasetAnswer:
    return DatasetAnswer(**_fields(dataset))


def added_answer(made: Added, read: Read | None = None) -> AddedAnswer:
    left_out = read.left_out[:PROBLEMS_MOST] if read else []
    return AddedAnswer(
        **_fields(made.dataset), added=made.added, duplicates=made.duplicates, contradictions=made.contradictions, left_out=left_out
    )


def item_answer(item: StoredItem) -> ItemAnswer:
    return ItemAnswer(
        id=item.item_id,
        split=item.split,
        input=item.input,
        expected=item.expected,
        metadata=item.metadata,
        synthetic=item.synthetic,
        added_version=item.added_version,
        removed_version=item.removed_version,
    )


def _fields(dataset: Dataset) -> dict[str, Any]:
    return {
        "id": dataset.dataset_id,
        "name": dataset.name,
        "version": dataset.version,
        "test_version": dataset.test_version,
        "counts": dataset.counts,
        "near_duplicates": [NearDuplicateAnswer(**one) for one in dataset.near_duplicates],
        "created_by": dataset.created_by,
        "created_at": dataset.created_at,
        "updated_at": dataset.updated_at,
        "archived_at": dataset.archived_at,
    }
