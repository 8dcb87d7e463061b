"""Make a dataset, and add items to one: every way in goes through here. It has to run by `outside.Outside.run`, as `run_once` does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import UUID

from burnish_gateway.datasets import store
from burnish_gateway.datasets.bodies import MOST_ITEMS
from burnish_gateway.datasets.compare_items import Compared, Ground, compared
from burnish_gateway.datasets.dataset import Change, Dataset, check_unarchived, no_such_dataset
from burnish_gateway.datasets.item import SYNTHETIC, NewItem, Split, expect_alike
from burnish_gateway.datasets.keep_together import FEW_ITEMS
from burnish_gateway.outside import Needed, NeedsResult, result_of
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.ids import new_uuid

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


async def create_dataset(tx: Tx, workspace_id: UUID, name: str, items: Sequence[NewItem], *, change: Change) -> Added:
    """A new dataset, version 1. Raises InvalidField for too many items."""
    dataset_id = await store.insert_dataset(tx, workspace_id, name=name, change=change)
    return await _add(tx, workspace_id, dataset_id, items, change=change, is_new=True)


async def add_items(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem], *, change: Change) -> Added:
    """More items: the next version. Idempotent: items that are there already change nothing.

    Raises NotFound, Conflict for an archived one, InvalidField.
    """
    return await _add(tx, workspace_id, dataset_id, items, change=change, is_new=False)


async def _add(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem], *, change: Change, is_new: bool) -> Added:
    dataset = await store.lock_dataset(tx, workspace_id, dataset_id)
    if dataset is None:
        raise no_such_dataset()
    check_unarchived(dataset)
    held = sum(dataset.counts.values())
    if held + len(items) > MOST_ITEMS:
        raise InvalidField(f"A dataset holds at most {MOST_ITEMS:,} items; this would make {held + len(items):,}.", param="items")

    version = dataset.version if is_new else dataset.version + 1
    before = {} if is_new else await store.splits_before(tx, workspace_id, dataset_id, items)
    items = [_where_it_was(item, before) for item in items]
    known = await store.known_hashes(tx, workspace_id, dataset_id, [item.content_hash for item in items]) if held else set[bytes]()
    made: Sequence[tuple[str, bytes]] = []
    if any(item.content_hash not in known for item in items):
        found, ids = await _compared(tx, workspace_id, dataset, items), [new_uuid() for _ in items]
        first = await store.next_position(tx, workspace_id, dataset_id)
        made = await store.insert_items(tx, workspace_id, dataset_id, found.items, ids=ids, version=version, first=first)
        fresh = sum(split == "test" and digest not in before for split, digest in made)
        is_fresh = fresh > 0 and fresh >= FRESH_TEST_RATIO * await store.count_ever_tested(tx, workspace_id, dataset_id)
        await store.update_dataset(
            tx,
            workspace_id,
            dataset_id,
            version=version,
            test_version=version if is_fresh else dataset.test_version,
            near_duplicates=found.told(ids),
            change=change,
        )
        dataset = await store.find_dataset(tx, workspace_id, dataset_id) or dataset
    duplicates = len(items) - len(made)
    others = await store.spelled_otherwise(tx, workspace_id, dataset_id, items) if duplicates else []
    contradictions = sum(not expect_alike(held, given) for held, given in others)
    return Added(dataset, added=len(made), duplicates=duplicates, contradictions=contradictions)


async def _compared(tx: Tx, workspace_id: UUID, dataset: Dataset, items: Sequence[NewItem]) -> Compared:
    """Where they go, and what is alike then. Raises NeedsResult where that was not computed yet, from the dataset as it is now."""
    held = sum(dataset.counts.values())
    ground = Ground(dataset.dataset_id if held else None, dataset.version, held, items)
    found: Compared | None = result_of(ground)
    if found is None:
        stored = await store.held_of(tx, workspace_id, dataset.dataset_id) if held else []
        compute = partial(compared, items, stored, dataset.near_duplicates)
        raise NeedsResult(Needed(ground, compute, turn=ground.dataset_id, is_large=len(items) > FEW_ITEMS))
    return found


def _where_it_was(item: NewItem, before: Mapping[bytes, Split]) -> NewItem:
    """An input that was taken out and comes again goes where it was, whatever is given: a search may have seen it. Made-up items go where
    they are told, since they are never tested.
    """
    if not before or item.metadata.get(SYNTHETIC) is True:
        return item
    split = before.get(item.content_hash)
    return item if split is None else replace(item, split=split)
