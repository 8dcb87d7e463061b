"""The audit log as a file: read in pieces of a transaction each, so that neither memory nor a snapshot grows with it."""

from collections.abc import AsyncIterator
from typing import Final, Literal
from uuid import UUID

from burnish_gateway.access import audit_store as store
from burnish_gateway.audit_log.entry import AuditEntry, entry_of
from burnish_gateway.streamed_file import cell, csv_line
from burnish_shared.db.session import Database

ExportFormat = Literal["jsonl", "csv"]

EXTENSIONS: Final[dict[ExportFormat, tuple[str, str]]] = {
    "jsonl": ("application/x-ndjson", "jsonl"),
    "csv": ("text/csv; charset=utf-8", "csv"),
}
"""Format → media type and ending."""

PIECE: Final = 500
"""Entries that are in memory at once."""

COLUMNS: Final = tuple(AuditEntry.model_fields)


async def export(db: Database, workspace_id: UUID, wanted: store.Wanted, *, format: ExportFormat) -> AsyncIterator[bytes]:
    """The entries of a workspace, newest first, in pieces. There is always one, which may be empty."""
    head = csv_line(COLUMNS) if format == "csv" else b""
    before: UUID | None = None
    while True:
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            rows = await store.list_entries(tx, wanted, before=before, limit=PIECE)
        yield head + b"".join(_line(entry_of(row), format) for row in rows)
        if len(rows) < PIECE:
            return
        head, before = b"", rows[-1]["audit_id"]


def _line(entry: AuditEntry, format: ExportFormat) -> bytes:
    if format == "jsonl":
        return entry.model_dump_json().encode() + b"\n"
    return csv_line([cell(value) for value in entry.model_dump(mode="json").values()])
