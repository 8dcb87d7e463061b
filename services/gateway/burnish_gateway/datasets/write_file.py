"""A dataset as a file: JSON lines that an upload reads again, or CSV for a spreadsheet (PRODUCT D1)."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final
from uuid import UUID

from burnish_gateway.datasets import store
from burnish_gateway.datasets.dataset import StoredItem
from burnish_gateway.streamed_file import pages_of
from burnish_shared.db.session import Database

ITEMS_AT_ONCE: Final = 200
"""Items may hold 80 kB each; so many are in memory."""

COLUMNS: Final = ("input", "expected", "split", "category", "tags", "group", "synthetic", "metadata")
"""Of a CSV file: the names by which an upload knows them."""

_OF_METADATA: Final = ("category", "tags", "group", "synthetic")


def items_of(
    db: Database, workspace_id: UUID, dataset_id: UUID, *, version: int, split: str | None
) -> AsyncGenerator[Sequence[StoredItem], None]:  # fmt: skip
    """The items of that version, in order. What is added, corrected or taken out meanwhile belongs to a later one."""
    at_once = ITEMS_AT_ONCE

    async def read(after: int) -> Sequence[StoredItem]:
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            return await store.items_at(tx, workspace_id, dataset_id, version=version, split=split, after=after, limit=at_once)

    return pages_of(read, first=-1, position=lambda item: item.position, at_once=at_once)


def said_of(item: StoredItem) -> dict[str, Any]:
    """As a line of JSON says it."""
    said = {"input": item.input, "expected": item.expected, "split": item.split}
    return said | ({"metadata": item.metadata} if item.metadata else {})


def row_of(item: StoredItem) -> dict[str, Any]:
    """As a line of CSV says it: variables as JSON in one cell, tags with semicolons between, the rest of the metadata as JSON."""
    known: dict[str, Any] = {name: item.metadata[name] for name in _OF_METADATA if name in item.metadata}
    tags = known.get("tags")
    if isinstance(tags, list):
        known["tags"] = "; ".join(str(one) for one in tags)
    rest = {name: value for name, value in item.metadata.items() if name not in _OF_METADATA}
    return {"input": item.input, "expected": item.expected, "split": item.split, **known, "metadata": rest or None}
