"""Work of several workspaces, of which one that fails keeps no other from its turn."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from itertools import groupby
from typing import Final, TypeVar
from uuid import UUID

import structlog

from burnish_analytics import metrics
from burnish_shared.errors import Busy, Unavailable

log = structlog.get_logger("burnish.analytics")

T = TypeVar("T")

AWAY_AFTER: Final = 3
"""So many in a row for whom the database was not there: it is away for all of them."""


async def each(task: str, these: Iterable[T], work: Callable[[T], Awaitable[int]]) -> int:
    """Does the work of each in turn and returns the sum of what it returned. What fails is logged, counted, and left to the next round.

    Raises Unavailable when the database is away.
    """
    done = away = 0
    for one in these:
        try:
            done += await work(one)
            away = 0
        except Busy:  # Rows that somebody else is at, or one that takes too long: the others can be done.
            log.warning("turn_waits_for_rows", task=task, whose=str(one))
        except Unavailable:
            away += 1
            log.warning("turn_waits_for_database", task=task, whose=str(one))
            if away == AWAY_AFTER:
                raise
        except Exception:  # The edge of one workspace's work: its transaction is rolled back.
            metrics.housework_failures_total.labels(task).inc()
            log.exception("turn_failed", task=task, whose=str(one))
    return done


async def together_or_each(
    task: str, these: Collection[T], work: Callable[[Collection[T]], Awaitable[int]], *, of: Callable[[T], UUID]
) -> int:
    """Does all of it in one go; where that fails, once more for each workspace by itself. `of`: whose one of these is."""
    try:
        return await work(these) if these else 0
    except Unavailable:
        raise
    except Exception:  # One of them spoils it: the others are done without it, and its own failure is counted.
        log.warning("done_one_by_one", task=task)
    parts = {workspace: list(group) for workspace, group in groupby(sorted(these, key=of), key=of)}
    return await each(task, parts, lambda workspace: work(parts[workspace]))
