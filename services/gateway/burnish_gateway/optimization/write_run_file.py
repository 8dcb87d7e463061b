"""A test run as a file: JSON lines or CSV, one for each answer that has come, right ones too (PRODUCT D2, D3)."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.optimization.run_file_store import BEFORE_ALL, answers_of
from burnish_gateway.streamed_file import pages_of
from burnish_shared.chains.item_trace import trace_of_item
from burnish_shared.db.session import Database
from burnish_shared.moments import in_utc

ANSWERS_AT_ONCE: Final = 100
"""Items may hold 80 kB each, and answers more; so many are in memory."""

COLUMNS: Final = (
    "item_id", "repeat", "input", "expected", "output", "correct", "status", "error", "cost_nusd", "latency_ms", "execution_id",
    "answered_at", "metadata", "scores",
)  # fmt: skip
"""Of a CSV file; JSON lines have the same names. Of a chain there is `trace_id` too."""


def pages_of_answers(db: Database, workspace_id: UUID, run_id: UUID, *, correct: bool | None) -> AsyncGenerator[Sequence[Record], None]:
    """Each answer, those of an item one after the other. What comes meanwhile may be in it or not.

    `correct` None: all of them; False: those that failed."""
    at_once = ANSWERS_AT_ONCE

    async def read(after: tuple[bytes, UUID, int]) -> Sequence[Record]:
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            return await answers_of(tx, workspace_id, run_id, correct=correct, after=after, limit=at_once)

    return pages_of(read, first=BEFORE_ALL, position=lambda row: (row["question"], row["item_id"], row["repeat"]), at_once=at_once)


def said_of(row: Record) -> dict[str, Any]:
    """As a line of the file says it."""
    return {name: one for name, one in row.items() if name != "question"} | {
        "item_id": str(row["item_id"]),
        "execution_id": str(row["execution_id"]) if row["execution_id"].int else None,
        "answered_at": in_utc(row["answered_at"]),
    }


def said_of_chain(run_id: UUID, row: Record) -> dict[str, Any]:
    """The same with the trace of the item's calls; `execution_id` is of the last of them."""
    return said_of(row) | {"trace_id": trace_of_item(run_id, row["item_id"], row["repeat"]).hex}
