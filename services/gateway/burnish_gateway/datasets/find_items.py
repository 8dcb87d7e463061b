"""Items of a dataset in which words stand. No index knows them, so a page is looked for in windows (PRODUCT D1)."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from burnish_gateway.datasets import find_items_store as store
from burnish_gateway.datasets.dataset import StoredItem
from burnish_gateway.datasets.store import Place, Wanted
from burnish_shared.db.session import Tx

WINDOWS_MOST: Final = 20
"""That a page looks through, at most `store.WINDOW_ITEMS` items each."""

READ_MOST_BYTES: Final = 32 * 1024 * 1024
"""After so much a page ends: about a second of the database's time."""


@dataclass(frozen=True, slots=True)
class Found:
    """`place`: where to look on; None: no more come."""

    items: list[StoredItem]
    place: Place | None


async def find_items(
    tx: Tx,
    workspace_id: UUID,
    dataset_id: UUID,
    wanted: Wanted,
    *,
    words: str,
    after: Place | None,
    limit: int,
) -> Found:
    """At most `limit` of those after `after`, in order: fewer, even none, where so much holds no more. See `read_window`."""
    found: list[UUID] = []
    place, read_bytes = after, 0
    for _ in range(WINDOWS_MOST):
        window = await store.read_window(
            tx, workspace_id, dataset_id, wanted, words=words, after=place, at_most=limit + 1 - len(found)
        )  # fmt: skip
        found += window.found
        place = window.place
        read_bytes += window.read_bytes
        if place is None or len(found) > limit or read_bytes >= READ_MOST_BYTES:
            break
    items = (await store.read_found(tx, workspace_id, found))[:limit]
    if len(found) > limit and items:  # None where all of them were erased meanwhile
        place = (items[-1].position, items[-1].added_version)
    return Found(items, place)
