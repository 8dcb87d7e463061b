"""Batches, their lines and files in SQL, as the gateway may touch them: it inserts, reads, and notes what is wished."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.execution.store import COLUMNS
from burnish_shared.db.session import Tx

LINES_AT_ONCE: Final = 1000

BATCH: Final = "SELECT * FROM batches WHERE workspace_id = $1 AND batch_id = $2"


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line to write. `request` None: it is invalid, for `error`."""

    custom_id: str | None
    model: str | None
    request: str | None
    hold_nusd: int
    error: dict[str, Any] | None


async def fund(tx: Tx, workspace_id: UUID, *, credit_account_id: int, amount_nusd: int, batch_id: UUID) -> int | None:
    """Sets credit aside, in the transaction that makes the batch. None: there is not enough."""
    account: int | None = await tx.fetchval("SELECT fund($1, $2, $3, $4)", workspace_id, credit_account_id, amount_nusd, batch_id)
    return account


async def add_funding(tx: Tx, workspace_id: UUID, *, account_id: int, amount_nusd: int) -> bool:
    """More of it for a batch that is not over. False: there is not enough."""
    return bool(await tx.fetchval("SELECT add_funding($1, $2, $3)", workspace_id, account_id, amount_nusd))


async def insert_batch(tx: Tx, **columns: Any) -> None:
    names = ", ".join(columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await tx.execute(f"INSERT INTO batches ({names}) VALUES ({places})", *columns.values())


async def insert_lines(tx: Tx, workspace_id: UUID, batch_id: UUID, lines: Sequence[NewLine]) -> None:
    for start in range(0, len(lines), LINES_AT_ONCE):
        some = lines[start : start + LINES_AT_ONCE]
        await tx.execute(
            """INSERT INTO batch_lines (workspace_id, batch_id, line, custom_id, model, request, hold_nusd, error, status, answered_at)
               SELECT $1, $2, $3 + a.n::integer - 1, a.custom_id, a.model, a.request, a.hold, a.error,
                      CASE WHEN a.request IS NULL THEN 'invalid' END, CASE WHEN a.request IS NULL THEN clock_timestamp() END
                 FROM unnest($4::text[], $5::text[], $6::text[], $7::bigint[], $8::jsonb[])
                      WITH ORDINALITY a(custom_id, model, request, hold, error, n)""",
            workspace_id,
            batch_id,
            start,
            [one.custom_id for one in some],
            [one.model for one in some],
            [one.request for one in some],
            [one.hold_nusd for one in some],
            [one.error for one in some],
        )  # fmt: skip


async def find_batch(tx: Tx, workspace_id: UUID, batch_id: UUID, *, for_update: bool = False) -> Record | None:
    return await tx.fetchrow(BATCH + (" FOR UPDATE" if for_update else ""), workspace_id, batch_id)


async def list_batches(tx: Tx, workspace_id: UUID, *, status: Sequence[str] | None, before: UUID | None, limit: int) -> Sequence[Record]:
    """Newest first."""
    return await tx.fetch(
        """SELECT * FROM batches WHERE workspace_id = $1 AND ($2::text[] IS NULL OR status = ANY ($2))
               AND ($3::uuid IS NULL OR batch_id < $3) ORDER BY batch_id DESC LIMIT $4""",
        workspace_id,
        status,
        before,
        limit,
    )


async def list_of_endpoint(
    tx: Tx, workspace_id: UUID, endpoint: str, *, older_than: UUID | None, newer_than: UUID | None, limit: int
) -> Sequence[Record]:
    """Newest first: the newest, or those right below `older_than`, or those right above `newer_than`."""
    upwards = newer_than is not None
    rows = await tx.fetch(
        f"""SELECT * FROM batches WHERE workspace_id = $1 AND endpoint = $2 AND ($3::uuid IS NULL OR batch_id < $3)
               AND ($4::uuid IS NULL OR batch_id > $4) ORDER BY batch_id {"ASC" if upwards else "DESC"} LIMIT $5""",
        workspace_id,
        endpoint,
        older_than,
        newer_than,
        limit,
    )
    return rows[::-1] if upwards else rows


async def first_errors(tx: Tx, workspace_id: UUID, batch_id: UUID, *, most: int) -> Sequence[Record]:
    """The first lines that were never valid."""
    return await tx.fetch(
        """SELECT line, custom_id, error FROM batch_lines WHERE workspace_id = $1 AND batch_id = $2 AND status = 'invalid'
            ORDER BY line LIMIT $3""",
        workspace_id,
        batch_id,
        most,
    )


async def wish(tx: Tx, workspace_id: UUID, batch_id: UUID, **columns: Any) -> None:
    """Notes what is wished of a batch; names of columns are constants of the callers."""
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 3))
    await tx.execute(f"UPDATE batches SET {sets} WHERE workspace_id = $1 AND batch_id = $2", workspace_id, batch_id, *columns.values())


async def page_of_lines(tx: Tx, workspace_id: UUID, batch_id: UUID, *, from_line: int, limit: int) -> Sequence[Record]:
    """Lines in their order, whether or not they have an answer."""
    return await tx.fetch(
        """SELECT line, custom_id, model, status, error, execution_id, spent_nusd FROM batch_lines
            WHERE workspace_id = $1 AND batch_id = $2 AND line >= $3 ORDER BY line LIMIT $4""",
        workspace_id,
        batch_id,
        from_line,
        limit,
    )


async def lines_kept(tx: Tx, workspace_id: UUID, batch_id: UUID) -> int:
    """How many retention has not taken yet."""
    kept: int = await tx.fetchval("SELECT count(*) FROM batch_lines WHERE workspace_id = $1 AND batch_id = $2", workspace_id, batch_id)
    return kept


async def executions_of(tx: Tx, workspace_id: UUID, execution_ids: Sequence[UUID]) -> dict[UUID, Record]:
    """Rows and contents of those that are finished, by id."""
    if not execution_ids:
        return {}
    ordered = sorted(execution_ids)
    rows = await tx.fetch(
        f"""SELECT {COLUMNS}, c.messages, c.variables, c.settings, c.output, c.tool_calls, c.metadata FROM executions e
             LEFT JOIN execution_contents c ON c.execution_id = e.execution_id AND c.execution_id BETWEEN $2 AND $3
            WHERE e.workspace_id = $1 AND e.execution_id BETWEEN $2 AND $3 AND e.execution_id = ANY ($4)""",
        workspace_id,
        ordered[0],
        ordered[-1],
        ordered,
    )
    return {row["execution_id"]: row for row in rows}


async def usual_output(tx: Tx, workspace_id: UUID) -> dict[tuple[str, str], int]:
    """How many tokens an answer had on average in the last week, by slug ('' without a prompt) and model."""
    rows = await tx.fetch(
        """SELECT slug, model, sum(output_tokens) / greatest(sum(executions), 1) AS tokens FROM rollups
            WHERE workspace_id = $1 AND grain = 'day' AND bucket > clock_timestamp() - interval '8 days' GROUP BY slug, model""",
        workspace_id,
    )
    return {(row["slug"] or "", row["model"]): int(row["tokens"]) for row in rows}


async def insert_file(tx: Tx, **columns: Any) -> None:
    names = ", ".join(columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await tx.execute(f"INSERT INTO files ({names}) VALUES ({places})", *columns.values())


FILE: Final = "file_id, name, purpose, size_bytes, created_by, created_at, expires_at"


async def find_file(tx: Tx, workspace_id: UUID, file_id: UUID) -> Record | None:
    """None for one whose time is over, too."""
    return await tx.fetchrow(
        f"SELECT {FILE} FROM files WHERE workspace_id = $1 AND file_id = $2 AND expires_at > clock_timestamp()", workspace_id, file_id
    )


async def content_of(tx: Tx, workspace_id: UUID, file_id: UUID) -> bytes | None:
    content: bytes | None = await tx.fetchval(
        "SELECT content FROM files WHERE workspace_id = $1 AND file_id = $2 AND expires_at > clock_timestamp()", workspace_id, file_id
    )
    return content


async def list_files(tx: Tx, workspace_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Record]:
    """Newest first."""
    return await tx.fetch(
        f"""SELECT {FILE} FROM files WHERE workspace_id = $1 AND ($2::uuid IS NULL OR file_id < $2) AND expires_at > clock_timestamp()
             ORDER BY file_id DESC LIMIT $3""",
        workspace_id,
        before,
        limit,
    )


async def delete_file(tx: Tx, workspace_id: UUID, file_id: UUID) -> bool:
    return bool(await tx.fetchval("DELETE FROM files WHERE workspace_id = $1 AND file_id = $2 RETURNING true", workspace_id, file_id))
