"""A dataset as a file: JSON lines that an upload reads again."""

from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from burnish_gateway.datasets import store
from burnish_gateway.datasets.dataset import StoredItem
from burnish_shared.books.finished import json_text
from burnish_shared.db.session import Database

ITEMS_AT_ONCE: Final = 200
"""Items may hold 80 kB each; so many are in memory."""


async def lines_of(db: Database, workspace_id: UUID, dataset_id: UUID, *, version: int, split: str | None) -> AsyncGenerator[bytes, None]:
    """A line for each item of that version, in order. What is added, corrected or taken out meanwhile belongs to a later one."""
    after = -1
    while True:
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            items = await store.items_at(
                tx, workspace_id, dataset_id, version=version, split=split, after=after, limit=ITEMS_AT_ONCE
            )  # fmt: skip
        if items:
            after = items[-1].position
            yield b"".join(map(_line, items))
        if len(items) < ITEMS_AT_ONCE:
            return


def _line(item: StoredItem) -> bytes:
    said = {"input": item.input, "expected": item.expected, "split": item.split}
    return json_text(said | ({"metadata": item.metadata} if item.metadata else {})).encode() + b"\n"
