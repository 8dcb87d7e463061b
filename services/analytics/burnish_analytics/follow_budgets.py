"""Lets the accounts of very many end users follow a budget that was changed, some at a time (docs/decisions/0107)."""

from typing import Final

from burnish_analytics.io import retention_store
from burnish_shared.db.session import Database

AT_ONCE: Final = 2_000
"""So many rows are locked together: calls of those end users wait for them."""


async def follow_budgets(db: Database) -> int:
    """Returns how many accounts got other limits. Safe to stop and to begin anew."""
    followed = 0
    while True:
        async with db.unit_of_work() as tx:
            some = await retention_store.follow_budgets(tx, at_most=AT_ONCE)
        if some is None:
            return followed
        followed += some
