"""Reads tables page by page. Names of tables and columns come from `tables` alone, never from a caller."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from burnish_gateway.export.table import ExportedTable
from burnish_shared.db.session import Tx


async def read_page(
    tx: Tx, table: ExportedTable, *, workspace_id: UUID, after: Sequence[Any] | None
) -> tuple[list[str], Sequence[Any] | None]:
    """Rows as JSON objects, those behind `after`, and where to go on; None where there are no more.

    The workspace is named although row-level security picks it: of the marketplace it also lets through what others published.
    """
    order = ", ".join(table.order)
    shown = ", ".join(f"convert_from({one}, 'UTF8') AS {one}" if one in table.as_text else f'"{one}"' for one in table.columns)
    places = ", ".join(f"${n}" for n in range(2, len(table.order) + 2))
    hidden = ", ".join(f"{one} AS at_{n}" for n, one in enumerate(table.order))
    rows = await tx.fetch(
        f"""SELECT (SELECT row_to_json(r)::text FROM (SELECT {shown}) r) AS line, {hidden} FROM {table.source}
             WHERE workspace_id = $1 {f"AND ({order}) > ({places})" if after else ""} ORDER BY {order} LIMIT {table.page_rows}""",
        workspace_id,
        *(after or ()),
    )
    full = len(rows) == table.page_rows
    return [row["line"] for row in rows], [rows[-1][f"at_{n}"] for n in range(len(table.order))] if full else None
