"""Correct the right answer of an item, or take an item out: the next version of the dataset. Runs that saw the old one keep it."""

from uuid import UUID

from pydantic import Field, field_validator

from burnish_gateway.datasets import store
from burnish_gateway.datasets.bodies import EXPECTED_SAID, NOTHING_EXPECTED, Expected
from burnish_gateway.datasets.dataset import Change, Dataset, StoredItem, check_unarchived, no_such_dataset
from burnish_gateway.datasets.item import says_nothing
from burnish_gateway.wire import ApiModel
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound


class CorrectItemBody(ApiModel):
    """What is right instead; null: nothing is. Input and split of an item stay: another input is another item."""

    expected: Expected | None = Field(
        description=f"{EXPECTED_SAID} Null: there is no right answer; a test run and a search then need something that judges what is "
        "answered."
    )

    @field_validator("expected")
    @classmethod
    def _says_something(cls, value: str | None) -> str | None:
        if value is not None and says_nothing(value):
            raise ValueError(f"{NOTHING_EXPECTED}; or take the item out")
        return value


async def correct_item(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, item_id: UUID, *, expected: str | None, by: str
) -> tuple[Dataset, StoredItem]:
    """The dataset after it, and the item in the old one's place, with an id of its own. Unchanged where it expects that already.
    `expected` None: it has no right answer any more.

    Looks at the test split go on being counted as before: a corrected item is no fresh one. Raises NotFound, and Conflict for an
    archived dataset.
    """
    dataset, item = await _held(tx, workspace_id, dataset_id, item_id)
    if item.expected == expected:
        return dataset, item
    version = dataset.version + 1
    digest = await store.retire_item(tx, workspace_id, dataset_id, item_id, version=version)
    made = await store.insert_corrected(
        tx, workspace_id, dataset_id, item_id, expected=expected, content_hash=digest, version=version
    )  # fmt: skip
    pairs = [pair | {"items": [str(made) if one == str(item_id) else one for one in pair["items"]]} for pair in dataset.near_duplicates]
    after = await _next(tx, workspace_id, dataset, near_duplicates=pairs, change=Change(by, "corrected"))
    return after, await store.item_of(tx, workspace_id, dataset_id, made) or item


async def remove_item(tx: Tx, workspace_id: UUID, dataset_id: UUID, item_id: UUID, *, by: str) -> Dataset:
    """The dataset without it. Its input may come again, as another item. Raises NotFound, Conflict."""
    dataset, _ = await _held(tx, workspace_id, dataset_id, item_id)
    await store.retire_item(tx, workspace_id, dataset_id, item_id, version=dataset.version + 1)
    pairs = [pair for pair in dataset.near_duplicates if str(item_id) not in pair["items"]]
    return await _next(tx, workspace_id, dataset, near_duplicates=pairs, change=Change(by, "removed"))


async def _held(tx: Tx, workspace_id: UUID, dataset_id: UUID, item_id: UUID) -> tuple[Dataset, StoredItem]:
    dataset = await store.lock_dataset(tx, workspace_id, dataset_id)
    if dataset is None:
        raise no_such_dataset()
    check_unarchived(dataset)
    item = await store.item_of(tx, workspace_id, dataset_id, item_id)
    if item is None:
        raise NotFound("There is no such item in the newest version of this dataset.", param="item_id")
    return dataset, item


async def _next(tx: Tx, workspace_id: UUID, dataset: Dataset, *, near_duplicates: list[dict[str, object]], change: Change) -> Dataset:
    await store.update_dataset(
        tx,
        workspace_id,
        dataset.dataset_id,
        version=dataset.version + 1,
        test_version=dataset.test_version,
        near_duplicates=near_duplicates,
        change=change,
    )
    return await store.find_dataset(tx, workspace_id, dataset.dataset_id) or dataset
