"""Completions in SQL, as lists of OpenAI's clients read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.execution.store import COLUMNS
from burnish_shared.db.session import Tx

LOOKED_AT_MOST: Final = 20_000
"""Executions that one page looks through: what a call is narrowed by stands beside its text, and no index serves it."""


@dataclass(frozen=True, slots=True)
class FoundCompletions:
    """`rows`: at most limit + 1. `searched_to`: where the search ended with executions left; None: at the end of the page or of all."""

    rows: Sequence[Record]
    searched_to: UUID | None = None


async def list_completions(
    tx: Tx, *, after: UUID | None, limit: int, newest_first: bool, model: str | None, metadata: dict[str, str]
) -> FoundCompletions:
    """Those of callers, that ended well and whose text is kept. `metadata`: all of these names with these values."""
    way, beyond = ("DESC", "<") if newest_first else ("ASC", ">")
    begins = f"($1::uuid IS NULL OR e.execution_id {beyond} $1)"
    looked_at = f"SELECT * FROM executions e WHERE {begins} ORDER BY e.execution_id {way} LIMIT {LOOKED_AT_MOST}"
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    rows = await tx.fetch(
        f"SELECT {COLUMNS}, c.settings, c.output, c.tool_calls, c.metadata FROM ({looked_at}) e CROSS JOIN LATERAL "
        "(SELECT * FROM execution_contents x WHERE x.execution_id = e.execution_id OFFSET 0) c "  # each by its id, whatever is guessed
        "WHERE e.status = 'success' AND e.lane IN ('interactive', 'background') "
        "AND c.messages IS NOT NULL AND c.settings ->> 'kind' IS NULL AND ($2::text IS NULL OR e.model = $2) "
        f"AND ($3::jsonb = '{{}}' OR c.metadata @> $3) ORDER BY e.execution_id {way} LIMIT $4",
        after, model, metadata, limit + 1,
    )  # fmt: skip
    if len(rows) > limit:
        return FoundCompletions(rows)
    end: UUID | None = await tx.fetchval(
        f"SELECT e.execution_id FROM executions e WHERE {begins} ORDER BY e.execution_id {way} OFFSET {LOOKED_AT_MOST - 1} LIMIT 1", after
    )
    if end is not None and rows:  # behind all that was found, whatever was booked since
        end = (min if newest_first else max)(end, rows[-1]["execution_id"])
    return FoundCompletions(rows, end)


async def forgotten_through(tx: Tx, workspace_id: UUID) -> UUID | None:
    """Up to this id no text is kept, by age; None: nothing was forgotten."""
    through: UUID | None = await tx.fetchval("SELECT executions_through FROM retention_progress WHERE workspace_id = $1", workspace_id)
    return through
