"""What is published once a day: numbers beside entries of the marketplace (PRODUCT T5), statistics of the platform (PRODUCT T6)."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from burnish_analytics.io import sharing_store as store
from burnish_analytics.take_turns import each
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database

DAY_S: Final = 86_400
MOST_AT_ONCE: Final = 200

SETTLED_AFTER_H: Final = 6
"""A day's statistics are published so long after it ended: by then its executions have been counted, and most of their feedback."""

DAYS_BACK: Final = 3
"""Days that are made up for when nobody ran meanwhile; an older one stays unpublished, because too much has moved since."""


async def measure_entries(db: Database) -> int:
    """Takes the numbers of published versions anew where they are a day old. Returns how many it took."""
    async with db.unit_of_work() as tx:
        due = await store.entries_due(tx, age_s=DAY_S, at_most=MOST_AT_ONCE)

    async def measure(one: tuple[UUID, UUID]) -> int:
        async with db.unit_of_work(workspaces={one[0]}) as tx:
            await store.measure_entry(tx, *one)
        return 1

    return await each("publish", due, measure)


async def publish_statistics(db: Database, clock: Clock) -> int:
    """Publishes the last days that are over and not published. Returns how many measures it published. Idempotent."""
    newest = (clock.now() - timedelta(hours=SETTLED_AFTER_H)).date() - timedelta(days=1)
    published = 0
    for back in range(DAYS_BACK - 1, -1, -1):
        async with db.unit_of_work() as tx:
            published += await store.publish_statistics(tx, newest - timedelta(days=back))
    return published
