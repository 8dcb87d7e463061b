"""Make a dataset, and add items to one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from burnish_gateway.datasets import store
from burnish_gateway.datasets.bodies import MOST_ITEMS
from burnish_gateway.datasets.dataset import Dataset, no_such_dataset
from burnish_gateway.datasets.item import NewItem
from burnish_gateway.datasets.near_duplicates import near_duplicates
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField

FRESH_TEST_RATIO: Final = 0.5
"""Looks at a test split are counted anew when at least so large a part of it is fresh; a handful of new items buys no new error budget."""


@dataclass(frozen=True, slots=True)
class Added:
    dataset: Dataset
    added: int
    duplicates: int
    """Items whose input the dataset held already, or that came twice; the first one stays as it is."""


async def create_dataset(tx: Tx, workspace_id: UUID, name: str, items: Sequence[NewItem], *, author: str) -> Added:
    """A new dataset, version 1. Raises InvalidField for too many items."""
    dataset_id = await store.insert_dataset(tx, workspace_id, name=name, author=author)
    return await _add(tx, workspace_id, dataset_id, items, is_new=True)


async def add_items(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem]) -> Added:
    """More items: the next version. Idempotent: items that are there already change nothing. Raises NotFound, InvalidField."""
    return await _add(tx, workspace_id, dataset_id, items, is_new=False)


async def _add(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem], *, is_new: bool) -> Added:
    dataset = await store.lock_dataset(tx, workspace_id, dataset_id)
    if dataset is None:
        raise no_such_dataset()
    held = sum(dataset.counts.values())
    if held + len(items) > MOST_ITEMS:
        raise InvalidField(f"A dataset holds at most {MOST_ITEMS:,} items; this would make {held + len(items):,}.", param="items")

    version = dataset.version if is_new else dataset.version + 1
    first = await store.next_position(tx, workspace_id, dataset_id)
    splits = await store.insert_items(tx, workspace_id, dataset_id, items, version=version, first=first)
    if splits:
        tests = dataset.counts["test"] + splits.count("test")
        is_fresh = splits.count("test") > 0 and splits.count("test") >= FRESH_TEST_RATIO * tests
        await store.update_dataset(
            tx,
            workspace_id,
            dataset_id,
            version=version,
            test_version=version if is_fresh else dataset.test_version,
            near_duplicates=await _alike(tx, workspace_id, dataset_id),
        )
        dataset = await store.find_dataset(tx, workspace_id, dataset_id) or dataset
    return Added(dataset, added=len(splits), duplicates=len(items) - len(splits))


async def _alike(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> list[dict[str, Any]]:
    rows = await store.texts_of(tx, workspace_id, dataset_id)
    texts = [NewItem(input=given, expected="").text for _, _, given in rows]
    return [
        {
            "items": [str(rows[pair.first][0]), str(rows[pair.second][0])],
            "splits": [rows[pair.first][1], rows[pair.second][1]],
            "similarity": pair.similarity,
        }
        for pair in near_duplicates(texts, [split for _, split, _ in rows])
    ]
