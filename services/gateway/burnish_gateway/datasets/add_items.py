"""Make a dataset, and add items to one."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from burnish_gateway.datasets import store
from burnish_gateway.datasets.bodies import MOST_ITEMS
from burnish_gateway.datasets.dataset import Dataset, check_unarchived, no_such_dataset
from burnish_gateway.datasets.item import SYNTHETIC, NewItem, Split
from burnish_gateway.datasets.keep_together import FEW_ITEMS, placed
from burnish_gateway.datasets.near_duplicates import MOST_REPORTED, near_duplicates, near_duplicates_of
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField

FRESH_TEST_RATIO: Final = 0.5
"""Looks at a test split are counted anew when at least so large a part of all that it ever held is fresh; a handful of new items buys no
new error budget, whatever is taken out before, and items that were taken out and come again are none."""


@dataclass(frozen=True, slots=True)
class Added:
    dataset: Dataset
    added: int
    duplicates: int
    """Items whose input the dataset held already, or that came twice; the first one stays as it is."""

    contradictions: int = 0
    """Of those, how many expect another answer than the one that stays."""


async def create_dataset(tx: Tx, workspace_id: UUID, name: str, items: Sequence[NewItem], *, author: str) -> Added:
    """A new dataset, version 1. Raises InvalidField for too many items."""
    dataset_id = await store.insert_dataset(tx, workspace_id, name=name, author=author)
    return await _add(tx, workspace_id, dataset_id, items, is_new=True)


async def add_items(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem]) -> Added:
    """More items: the next version. Idempotent: items that are there already change nothing.

    Raises NotFound, Conflict for an archived one, InvalidField.
    """
    return await _add(tx, workspace_id, dataset_id, items, is_new=False)


async def _add(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem], *, is_new: bool) -> Added:
    dataset = await store.lock_dataset(tx, workspace_id, dataset_id)
    if dataset is None:
        raise no_such_dataset()
    check_unarchived(dataset)
    held = sum(dataset.counts.values())
    if held + len(items) > MOST_ITEMS:
        raise InvalidField(f"A dataset holds at most {MOST_ITEMS:,} items; this would make {held + len(items):,}.", param="items")

    version = dataset.version if is_new else dataset.version + 1
    first = await store.next_position(tx, workspace_id, dataset_id)
    before = {} if is_new else await store.splits_before(tx, workspace_id, dataset_id, items)
    items = [_where_it_was(item, before) for item in items]
    if any(item.split is None for item in items):
        stored = await store.held_of(tx, workspace_id, dataset_id) if held else []
        items = await asyncio.to_thread(placed, items, held=stored)
    made = await store.insert_items(tx, workspace_id, dataset_id, items, version=version, first=first)
    if made:
        fresh = sum(split == "test" and digest not in before for split, digest in made)
        is_fresh = fresh > 0 and fresh >= FRESH_TEST_RATIO * await store.count_ever_tested(tx, workspace_id, dataset_id)
        await store.update_dataset(
            tx,
            workspace_id,
            dataset_id,
            version=version,
            test_version=version if is_fresh else dataset.test_version,
            near_duplicates=await _alike(tx, dataset, workspace_id, items if len(made) <= FEW_ITEMS and held else None),
        )
        dataset = await store.find_dataset(tx, workspace_id, dataset_id) or dataset
    duplicates = len(items) - len(made)
    contradictions = await store.count_contradictions(tx, workspace_id, dataset_id, items) if duplicates else 0
    return Added(dataset, added=len(made), duplicates=duplicates, contradictions=contradictions)


def _where_it_was(item: NewItem, before: Mapping[bytes, Split]) -> NewItem:
    """An input that was taken out and comes again goes where it was, whatever is given: a search may have seen it. Made-up items go where
    they are told, since they are never tested.
    """
    if not before or item.metadata.get(SYNTHETIC) is True:
        return item
    split = before.get(item.content_hash)
    return item if split is None else replace(item, split=split)


async def _alike(tx: Tx, dataset: Dataset, workspace_id: UUID, few: Sequence[NewItem] | None) -> list[dict[str, Any]]:
    """Near duplicates across splits. `few`: what was added, where the pairs among all others are known already."""
    rows = await store.texts_of(tx, workspace_id, dataset.dataset_id)
    ids = [str(item_id) for item_id, _, _ in rows]
    texts, splits = [NewItem(input=given, expected="").text for _, _, given in rows], [split for _, split, _ in rows]
    places = {text: place for place, text in enumerate(texts)}
    if few is None or any(item.text not in places for item in few):  # PostgreSQL may have written a number of an input otherwise
        found = await asyncio.to_thread(near_duplicates, texts, splits)
        return [_pair(ids, splits, pair.first, pair.second, pair.similarity) for pair in found]
    there_are = set(ids)
    pairs = {frozenset(pair["items"]): pair for pair in dataset.near_duplicates if there_are.issuperset(pair["items"])}
    for here in {places[item.text] for item in few}:
        for there, similarity in near_duplicates_of(texts[here], splits[here], among=texts, splits=splits):
            first, second = sorted((here, there))
            pairs[frozenset((ids[here], ids[there]))] = _pair(ids, splits, first, second, similarity)
    return sorted(pairs.values(), key=lambda pair: (-pair["similarity"], pair["items"]))[:MOST_REPORTED]


def _pair(ids: Sequence[str], splits: Sequence[str], first: int, second: int, similarity: float) -> dict[str, Any]:
    return {"items": [ids[first], ids[second]], "splits": [splits[first], splits[second]], "similarity": similarity}
