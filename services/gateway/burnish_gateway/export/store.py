"""Reads tables page by page. Names of tables and columns come from `tables` alone, never from a caller."""

from collections.abc import Sequence
from typing import Any

from burnish_gateway.export.table import ExportedTable
from burnish_shared.db.session import Tx


async def read_page(tx: Tx, table: ExportedTable, *, after: Sequence[Any] | None) -> tuple[list[str], Sequence[Any] | None]:
    """Rows as JSON objects, those behind `after`, and where to go on; None where there are no more.

    Row-level security picks the workspace.
    """
    order = ", ".join(table.order)
    shown = ", ".join(f"convert_from({one}, 'UTF8') AS {one}" if one in table.as_text else f'"{one}"' for one in table.columns)
    places = ", ".join(f"${n}" for n in range(1, len(table.order) + 1))
    hidden = ", ".join(f"{one} AS at_{n}" for n, one in enumerate(table.order))
    rows = await tx.fetch(
        f"""SELECT (SELECT row_to_json(r)::text FROM (SELECT {shown}) r) AS line, {hidden} FROM {table.source}
             {f"WHERE ({order}) > ({places})" if after else ""} ORDER BY {order} LIMIT {table.page_rows}""",
        *(after or ()),
    )
    full = len(rows) == table.page_rows
    return [row["line"] for row in rows], [rows[-1][f"at_{n}"] for n in range(len(table.order))] if full else None
