"""A test run as a file: JSON lines, one for each answer that has come, right ones too (PRODUCT D2, D3)."""

from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.optimization.run_file_store import BEFORE_ALL, answers_of
from burnish_shared.books.finished import json_text
from burnish_shared.db.session import Database

ANSWERS_AT_ONCE: Final = 100
"""Items may hold 80 kB each, and answers more; so many are in memory."""


async def lines_of(db: Database, workspace_id: UUID, run_id: UUID, *, correct: bool | None) -> AsyncGenerator[bytes, None]:
    """A line for each answer, those of an item one after the other. What comes meanwhile may be in it or not.

    `correct` None: right ones and wrong ones."""
    after = BEFORE_ALL
    while True:
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            rows = await answers_of(tx, workspace_id, run_id, correct=correct, after=after, limit=ANSWERS_AT_ONCE)
        if rows:
            after = (rows[-1]["question"], rows[-1]["item_id"], rows[-1]["repeat"])
            yield b"".join(map(_line, rows))
        if len(rows) < ANSWERS_AT_ONCE:
            return


def _line(row: Record) -> bytes:
    said = {name: one for name, one in row.items() if name != "question"} | {
        "item_id": str(row["item_id"]),
        "execution_id": str(row["execution_id"]),
        "answered_at": row["answered_at"].isoformat(),
    }
    return json_text(said).encode() + b"\n"
