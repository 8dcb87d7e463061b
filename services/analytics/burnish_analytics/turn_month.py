"""What the calendar brings: base credit and allowances of a new month, and days of usage that are over.

Each step is one transaction, safe to repeat and to run beside another replica: what had its turn is not found again.
"""

from datetime import date
from typing import Final
from uuid import UUID

import structlog

from burnish_analytics import metrics
from burnish_analytics.io import money_store
from burnish_analytics.take_turns import each
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.analytics")

MOST_AT_ONCE: Final = 200
"""Organizations, or workspaces, in one round; the next round finds the others."""

MONTH_DAYS: Final = 31
"""So many days of a workspace are closed in one transaction."""

DAYS_PAST: Final = 2
"""A day is closed once another whole day has passed: it is then two days ago."""


async def turn_month(db: Database, *, month: date | None = None) -> int:
    """Gives what plans give in a month, to whom it was not given yet. Returns how many organizations and workspaces got something.

    `month`: the running one where None.
    """
    async with db.unit_of_work() as tx:
        month = month or await money_store.this_month(tx)
        organizations = await money_store.organizations_due(tx, month, at_most=MOST_AT_ONCE)
        workspaces = await money_store.allowances_due(tx, month, at_most=MOST_AT_ONCE)

    async def begin_month(organization_id: UUID) -> int:
        async with db.unit_of_work() as tx:
            return await money_store.begin_month(tx, organization_id, month) > 0

    async def begin_allowance(workspace_id: UUID) -> int:
        async with db.unit_of_work() as tx:
            return await money_store.begin_allowance(tx, workspace_id, month)

    given = await each("month", organizations, begin_month) + await each("month", workspaces, begin_allowance)
    metrics.month_turns_total.inc(given)
    return given


async def close_days(db: Database) -> int:
    """Sums up days of usage and ledger that can change no more. Returns how many days of how many workspaces together."""
    async with db.unit_of_work() as tx:
        through, workspaces = await money_store.usage_days_due(tx, days_past=DAYS_PAST, at_most=MOST_AT_ONCE)

    async def close(workspace_id: UUID) -> int:
        for most_days in (MONTH_DAYS, 1):  # Days with very many calls are closed one by one.
            try:
                async with db.unit_of_work() as tx:
                    return await money_store.close_usage_days(tx, workspace_id, through=through, most_days=most_days)
            except Unavailable:
                log.warning("usage.not_closed", workspace_id=str(workspace_id), most_days=most_days)
        return 0

    return await each("usage", workspaces, close)
