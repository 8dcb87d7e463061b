"""SQL of a rotation: sealed values of one column, in batches by primary key. The operator's login sees all workspaces.

Names of tables and columns come from `SEALED_COLUMNS` alone, never from outside.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from burnish_shared.auth.sealed_columns import SealedColumn
from burnish_shared.auth.sealing import FORMAT, KEY_ID_BYTES
from burnish_shared.db.session import Tx

HEAD_BYTES = 1 + KEY_ID_BYTES


async def find_under_other_keys(
    tx: Tx, column: SealedColumn, *, key_id: bytes, after: Sequence[Any] | None, most: int
) -> Sequence[Mapping[str, Any]]:
    """Rows whose secret does not lie under `key_id`, behind the primary key `after`, at most `most`."""
    keys = ", ".join(column.keys)
    behind = "" if after is None else f"AND ({keys}) > ({', '.join(f'${number}' for number in range(3, 3 + len(column.keys)))})"
    rows = await tx.fetch(
        f"""SELECT {", ".join((*column.keys, *column.others))}, {column.column} AS sealed FROM {column.table}
             WHERE length({column.column}) > 0 AND substring({column.column} FROM 1 FOR {HEAD_BYTES}) <> $1 {behind}
             ORDER BY {keys} LIMIT $2""",
        FORMAT + key_id,
        most,
        *(after or ()),
    )
    return [dict(row) for row in rows]


async def replace_sealed(tx: Tx, column: SealedColumn, row: Mapping[str, Any], *, sealed: bytes) -> bool:
    """Puts `sealed` in the place of what `row` holds. False when somebody has changed or deleted that meanwhile."""
    same = " AND ".join(f"{name} = ${number}" for number, name in enumerate(column.keys, start=3))
    done = await tx.execute(
        f"UPDATE {column.table} SET {column.column} = $1 WHERE {column.column} = $2 AND {same}",
        sealed,
        row["sealed"],
        *(row[name] for name in column.keys),
    )
    return done == "UPDATE 1"


async def count_by_key(tx: Tx, column: SealedColumn) -> dict[bytes, int]:
    """First bytes of the sealed values (format, and the id of the key where the format has one) → how many rows."""
    rows = await tx.fetch(
        f"""SELECT substring({column.column} FROM 1 FOR {HEAD_BYTES}) AS head, count(*) AS n FROM {column.table}
             WHERE length({column.column}) > 0 GROUP BY 1"""
    )
    return {row["head"]: row["n"] for row in rows}
