"""Inbound endpoints in SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

COLUMNS = "endpoint_id, name, scheme, header, prefix, encoding, mapping, created_by, created_at"


async def insert(tx: Tx, workspace_id: UUID, endpoint_id: UUID, columns: dict[str, Any]) -> Record:
    names = ["workspace_id", "endpoint_id", *columns]
    places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
    row = await tx.fetchrow(
        f"INSERT INTO inbound_endpoints ({', '.join(names)}) VALUES ({places}) RETURNING {COLUMNS}",
        workspace_id,
        endpoint_id,
        *columns.values(),
    )
    if row is None:
        raise RuntimeError("an insert returned nothing")
    return row


async def count(tx: Tx) -> int:
    return await tx.fetchval("SELECT count(*) FROM inbound_endpoints")  # type: ignore[no-any-return]


async def list_newest(tx: Tx) -> Sequence[Record]:
    return await tx.fetch(f"SELECT {COLUMNS} FROM inbound_endpoints ORDER BY endpoint_id DESC")


async def find(tx: Tx, endpoint_id: UUID) -> Record | None:
    return await tx.fetchrow(f"SELECT {COLUMNS} FROM inbound_endpoints WHERE endpoint_id = $1", endpoint_id)


async def delete(tx: Tx, endpoint_id: UUID) -> Record | None:
    """The row that is gone now; None when there was none."""
    return await tx.fetchrow(f"DELETE FROM inbound_endpoints WHERE endpoint_id = $1 RETURNING {COLUMNS}", endpoint_id)


async def find_workspace(tx: Tx, endpoint_id: UUID) -> UUID | None:
    """Whose endpoint this is; None for one that is not there, or whose workspace is suspended."""
    return await tx.fetchval("SELECT find_inbound_workspace($1)", endpoint_id)  # type: ignore[no-any-return]


async def find_sealed(tx: Tx, endpoint_id: UUID) -> Record | None:
    """What it takes to judge a message, the secret sealed."""
    return await tx.fetchrow(
        "SELECT endpoint_id, workspace_id, scheme, header, prefix, encoding, mapping, secret_sealed FROM inbound_endpoints "
        "WHERE endpoint_id = $1",
        endpoint_id,
    )
