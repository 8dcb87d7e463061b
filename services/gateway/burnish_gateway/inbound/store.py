"""Inbound endpoints in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

COLUMNS = (
    "endpoint_id, name, scheme, header, prefix, encoding, mapping, created_by, created_at, updated_at, previous_secret_until, revision"
)


class Refusal(NamedTuple):
    """A row of `inbound_refusals`. `minute`: of those that are counted by the minute, `times` of them in one row."""

    refusal_id: UUID
    workspace_id: UUID
    endpoint_id: UUID
    reason: str
    param: str | None
    message: str
    refused_at: datetime
    times: int = 1
    minute: datetime | None = None


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


async def lock(tx: Tx, endpoint_id: UUID) -> Record | None:
    """As `find`, and nobody changes it until the end of the transaction."""
    return await tx.fetchrow(f"SELECT {COLUMNS} FROM inbound_endpoints WHERE endpoint_id = $1 FOR NO KEY UPDATE", endpoint_id)


async def change(tx: Tx, endpoint_id: UUID, columns: dict[str, Any]) -> Record | None:
    """The row as it is then; None when there is none. The table raises its revision where a column is another than it was."""
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, start=2))
    return await tx.fetchrow(
        f"""UPDATE inbound_endpoints SET {sets}, updated_at = clock_timestamp()
             WHERE endpoint_id = $1 RETURNING {COLUMNS}""",
        endpoint_id,
        *columns.values(),
    )


async def rotate(tx: Tx, endpoint_id: UUID, *, secret_sealed: bytes, overlap_hours: int) -> datetime | None:
    """Until when the old secret is good too. None: there is no such endpoint, or an overlap runs and another was asked for."""
    until: datetime | None = await tx.fetchval(
        """UPDATE inbound_endpoints
              SET previous_secret_sealed = CASE WHEN $3 > 0 THEN secret_sealed END,
                  previous_secret_until = clock_timestamp() + $3 * interval '1 hour',
                  secret_sealed = $2, updated_at = clock_timestamp()
            WHERE endpoint_id = $1 AND ($3 = 0 OR coalesce(previous_secret_until, '-infinity') <= clock_timestamp())
        RETURNING previous_secret_until""",
        endpoint_id,
        secret_sealed,
        overlap_hours,
    )
    return until


async def delete(tx: Tx, endpoint_id: UUID) -> Record | None:
    """The row that is gone now; None when there was none."""
    return await tx.fetchrow(f"DELETE FROM inbound_endpoints WHERE endpoint_id = $1 RETURNING {COLUMNS}", endpoint_id)


async def find_workspace(tx: Tx, endpoint_id: UUID) -> UUID | None:
    """Whose endpoint this is; None for one that is not there, or whose workspace is suspended."""
    return await tx.fetchval("SELECT find_inbound_workspace($1)", endpoint_id)  # type: ignore[no-any-return]


async def find_sealed(tx: Tx, endpoint_id: UUID) -> Record | None:
    """What it takes to judge a message, the secret sealed."""
    return await tx.fetchrow(
        "SELECT endpoint_id, workspace_id, scheme, header, prefix, encoding, mapping, secret_sealed, previous_secret_until, "
        "CASE WHEN previous_secret_until > clock_timestamp() THEN previous_secret_sealed END AS previous_secret_sealed "
        "FROM inbound_endpoints WHERE endpoint_id = $1",
        endpoint_id,
    )


async def insert_refusals(tx: Tx, rows: Sequence[Refusal], *, keep: int) -> None:
    """Writes refusals of one workspace down, and forgets all but the newest `keep` of each endpoint and reason.

    Those that are counted join the row of their minute; at most one of `rows` may be of it. Those of an endpoint that is gone go too.
    """
    asked = sorted({row.endpoint_id for row in rows})
    there = {
        row[0] for row in await tx.fetch("SELECT endpoint_id FROM inbound_endpoints WHERE endpoint_id = ANY ($1) FOR KEY SHARE", asked)
    }
    await tx.execute(
        """INSERT INTO inbound_refusals AS r (refusal_id, workspace_id, endpoint_id, reason, param, message, refused_at, times, minute)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::integer[],
                                $9::timestamptz[])
               ON CONFLICT (workspace_id, endpoint_id, reason, minute) WHERE minute IS NOT NULL DO UPDATE
              SET times = r.times + excluded.times, message = excluded.message, refused_at = greatest(r.refused_at, excluded.refused_at)""",
        *([list(column) for column in zip(*(row for row in rows if row.endpoint_id in there), strict=True)] or [[]] * len(Refusal._fields)),
    )
    await tx.execute(
        """DELETE FROM inbound_refusals r USING unnest($1::uuid[], $2::text[]) AS one (id, reason)
            WHERE r.endpoint_id = one.id AND r.reason = one.reason AND r.refusal_id < (
              SELECT n.refusal_id FROM inbound_refusals n WHERE n.endpoint_id = one.id AND n.reason = one.reason
               ORDER BY n.refusal_id DESC OFFSET $3 LIMIT 1)""",
        *map(list, zip(*sorted({(row.endpoint_id, row.reason) for row in rows}), strict=True)),
        keep - 1,
    )


async def list_refusals(tx: Tx, endpoint_id: UUID) -> Sequence[Record]:
    """The newest first."""
    return await tx.fetch(
        """SELECT reason, param, message, refused_at, times FROM inbound_refusals WHERE endpoint_id = $1
            ORDER BY refused_at DESC, refusal_id DESC""",
        endpoint_id,
    )
