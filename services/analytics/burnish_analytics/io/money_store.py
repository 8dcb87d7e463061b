"""The turn of the month, and closed days of usage: each one function of the billing tables."""

from datetime import date
from uuid import UUID

from burnish_shared.db.session import Tx


async def this_month(tx: Tx) -> date:
    """The first day of the running month in UTC, by the database's clock."""
    return await tx.fetchval("SELECT this_month()")  # type: ignore[no-any-return]


async def organizations_due(tx: Tx, month: date, *, at_most: int) -> list[UUID]:
    """Organizations that were not given yet what their plan gives in this month."""
    return [row[0] for row in await tx.fetch("SELECT organizations_due($1, $2)", month, at_most)]


async def begin_month(tx: Tx, organization_id: UUID, month: date) -> int:
    """Base fee and base credit of a month. Safe to repeat. Returns what was granted, in nano-dollars."""
    return await tx.fetchval("SELECT begin_month($1, $2)", organization_id, month)  # type: ignore[no-any-return]


async def allowances_due(tx: Tx, month: date, *, at_most: int) -> list[UUID]:
    """Workspaces whose free use of the operator's keys had not its turn in this month."""
    return [row[0] for row in await tx.fetch("SELECT allowances_due($1, $2)", month, at_most)]


async def begin_allowance(tx: Tx, workspace_id: UUID, month: date) -> bool:
    """What is left of the last month expires, this month's is given. Safe to repeat. Whether anything moved."""
    return await tx.fetchval("SELECT begin_allowance($1, $2)", workspace_id, month)  # type: ignore[no-any-return]


async def usage_days_due(tx: Tx, *, days_past: int, at_most: int) -> tuple[date, list[UUID]]:
    """The day so many days ago, and workspaces with days up to it that are not closed."""
    through: date = await tx.fetchval("SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date - $1::integer", days_past)
    return through, [row[0] for row in await tx.fetch("SELECT usage_days_due($1, $2)", through, at_most)]


async def close_usage_days(tx: Tx, workspace_id: UUID, *, through: date, most_days: int) -> int:
    """Closes days of one workspace that can change no more. Safe to repeat. Returns how many."""
    return await tx.fetchval("SELECT close_usage_days($1, $2, $3)", workspace_id, through, most_days)  # type: ignore[no-any-return]
