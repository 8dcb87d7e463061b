"""The log as a file: read in pieces of a transaction each, so that neither memory nor a snapshot grows with it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.execution import store
from burnish_gateway.execution.read import listed
from burnish_shared.db.session import Database

ROWS_AT_ONCE: int = 500
"""Executions that are in memory, a kilobyte or two each."""

COLUMNS: Final = (
    "id", "created_at", "finished_at", "status", "error_code", "error_message", "prompt", "version", "label", "model", "provider", "lane",
    "input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens", "reasoning_tokens", "usage_source", "cost_nusd",
    "overage_nusd", "key_source", "provider_key_id", "latency_ms", "first_token_ms", "cached", "simulated", "finish_reason", "user_id",
    "session_id", "app", "client_request_id", "job_id", "trace_id", "experiment_id", "arm", "previous_id", "comments",
)  # fmt: skip
"""Of a CSV file: what a row of the list says, with the parts of `usage` and `error` each by itself."""


async def read_piece(db: Database, workspace_id: UUID, *, filters: Mapping[str, Any], after: UUID | None) -> store.Found:
    """The next executions from behind `after` on, at most ROWS_AT_ONCE + 1; the one too many says that there are more."""
    async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        return await store.list_executions(tx, after=after, limit=ROWS_AT_ONCE, filters=dict(filters))


async def pieces_of_log(
    db: Database, workspace_id: UUID, *, filters: Mapping[str, Any], first: store.Found
) -> AsyncGenerator[Sequence[Record], None]:
    """All of them, newest first, in pieces that hold something. `first`: the piece with which it begins. A search that found few among
    all that it looked through goes on behind them."""
    found = first
    while True:
        rows = found.rows[:ROWS_AT_ONCE]
        if rows:
            yield rows
        after = rows[-1]["execution_id"] if len(found.rows) > ROWS_AT_ONCE else found.searched_to
        if after is None:
            return
        found = await read_piece(db, workspace_id, filters=filters, after=after)


def line_of(row: Record) -> dict[str, Any]:
    """As a line of CSV says it."""
    said = listed(row)
    usage, error = said.pop("usage"), said.pop("error") or {}
    parts: dict[str, Any] = {"usage_source": usage.pop("source"), "error_code": error.get("code"), "error_message": error.get("message")}
    return {**said, **usage, **parts}
