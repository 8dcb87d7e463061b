"""An export as lines of JSON: a manifest, every row of every exported table, and the counts. Memory holds one page at a time.

Each page is a short transaction of its own, so an export blocks nobody and may be cut off anywhere; a row that is written meanwhile may
be in it or not. Without the last line an export is not whole.
"""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from burnish_gateway.export.store import read_page
from burnish_gateway.export.tables import FORMAT, TABLES, VERSION
from burnish_shared.db.session import Database
from burnish_shared.moments import in_utc


async def write_export(db: Database, workspace_id: UUID, *, at: datetime, user: UUID | None = None) -> AsyncIterator[bytes]:
    """The lines, some at a time. `user`: whose own rows are in it, beside those that the workspace shares.

    Raises Unavailable in the middle where the database goes away: then the last line is missing."""
    yield _line({"format": FORMAT, "version": VERSION, "workspace": str(workspace_id), "at": in_utc(at)})
    counts: dict[str, int] = {}
    for table in TABLES:
        counts[table.name] = 0
        after: Sequence[Any] | None = None
        while True:
            async with db.unit_of_work(workspace=workspace_id, user=user, read_only=True) as tx:
                lines, after = await read_page(tx, table, workspace_id=workspace_id, after=after)
            counts[table.name] += len(lines)
            if lines:
                yield "".join(f'{{"table":"{table.name}","row":{line}}}\n' for line in lines).encode()
            if after is None:
                break
    yield _line({"end": True, "counts": counts})


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
