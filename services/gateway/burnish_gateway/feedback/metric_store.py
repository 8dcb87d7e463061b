"""Declared metrics in SQL."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from burnish_gateway.feedback.metric_definition import MetricDefinition
from burnish_shared.db.session import Tx

COLUMNS = "name, type, direction, min_value, max_value, updated_by, updated_at"


async def put(tx: Tx, workspace_id: UUID, definition: MetricDefinition, *, author: str) -> Record:
    row = await tx.fetchrow(
        f"""INSERT INTO metric_definitions (workspace_id, name, type, direction, min_value, max_value, updated_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (workspace_id, name) DO UPDATE SET type = excluded.type, direction = excluded.direction,
              min_value = excluded.min_value, max_value = excluded.max_value, updated_by = excluded.updated_by,
              updated_at = clock_timestamp() RETURNING {COLUMNS}""",
        workspace_id, definition.name, definition.type, definition.direction, definition.least, definition.most, author,
    )  # fmt: skip
    if row is None:
        raise RuntimeError("an upsert returned nothing")
    return row


async def find(tx: Tx, name: str) -> Record | None:
    """The row, locked."""
    return await tx.fetchrow(f"SELECT {COLUMNS} FROM metric_definitions WHERE name = $1 FOR UPDATE", name)


async def list_all(tx: Tx) -> Sequence[Record]:
    return await tx.fetch(f"SELECT {COLUMNS} FROM metric_definitions ORDER BY name")


async def delete(tx: Tx, name: str) -> Record | None:
    """The row that is gone now; None when there was none."""
    return await tx.fetchrow(f"DELETE FROM metric_definitions WHERE name = $1 RETURNING {COLUMNS}", name)


def definition_of(row: Record) -> MetricDefinition:
    return MetricDefinition(row["name"], row["type"], row["direction"], row["min_value"], row["max_value"])
