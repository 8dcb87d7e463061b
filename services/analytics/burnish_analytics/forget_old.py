"""Retention (PROMISES P-01): takes text and persons out of what is older than each workspace's days, a batch of each workspace in turn.

Safe beside the same round of another replica, and to be killed anywhere: each batch is one short transaction that takes no lock which
a writer of new rows could wait for, and what was done is not found again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from burnish_analytics import metrics
from burnish_analytics.io import retention_store as store
from burnish_analytics.take_turns import each
from burnish_shared.db.session import Database, Tx

NUMBERS_DAYS: Final = 400
DEAD_LETTERS_DAYS: Final = 30
"""PROMISES 5.7."""


class _Forget(Protocol):
    async def __call__(self, tx: Tx, workspace_id: UUID, *, at_most: int) -> int: ...


KINDS: Final[Mapping[str, _Forget]] = {
    "feedback": store.forget_feedback,
    "voices": store.forget_voices,
    "units": store.forget_units,
    "top_users": store.forget_top_users,
    "answers": store.forget_answers,
    "reviews": partial(store.forget_reviews, numbers_days=NUMBERS_DAYS),
    "reports": store.forget_reports,
    "batches": store.forget_batches,
    "chain_runs": partial(store.forget_chain_runs, numbers_days=NUMBERS_DAYS),
    "assistant": store.forget_assistant_work,
}
"""What is forgotten by its own age, whatever becomes of executions."""


@dataclass(slots=True)
class Forgotten:
    """What a round did, in rows; `days`: partitions dropped and dead letters."""

    contents: int = 0
    persons: int = 0
    feedback: int = 0
    answers: int = 0
    days: int = 0


async def forget_old(db: Database, *, batch_rows: int) -> Forgotten:
    """Goes round the workspaces until none has anything left, so that a large one does not keep a small one waiting."""
    done = Forgotten()
    async with db.unit_of_work(read_only=True) as tx:
        waiting = await store.workspaces(tx)
    through: dict[UUID, set[str]] = {workspace_id: set() for workspace_id in waiting}
    while waiting:
        turn = list(waiting)
        waiting.clear()

        async def forget(workspace_id: UUID) -> int:
            if is_more := await forget_some(db, workspace_id, done, batch_rows=batch_rows, through=through[workspace_id]):
                waiting.append(workspace_id)
            return is_more

        await each("forget", turn, forget)
    while await _forget_day(db, done, batch_rows=batch_rows):
        pass
    metrics.retention_finished_seconds.set_to_current_time()
    return done


async def forget_some(db: Database, workspace_id: UUID, done: Forgotten, *, batch_rows: int, through: set[str] | None = None) -> bool:
    """One batch of each kind; whether there may be more.

    `through`: kinds of which nothing was left, added to. They are not asked again: to find nothing may cost as much as all they hold.
    """
    through = set() if through is None else through
    is_more = await _forget_executions(db, workspace_id, done, batch_rows=batch_rows)
    for kind in [one for one in KINDS if one not in through]:
        async with db.unit_of_work() as tx:
            rows = await KINDS[kind](tx, workspace_id, at_most=batch_rows)
        metrics.retention_forgotten_total.labels(kind).inc(rows)
        done.feedback += rows if kind == "feedback" else 0
        done.answers += rows if kind == "answers" else 0
        is_more |= rows >= batch_rows
        if rows == 0:
            through.add(kind)
    return is_more


async def _forget_executions(db: Database, workspace_id: UUID, done: Forgotten, *, batch_rows: int) -> bool:
    async with db.unit_of_work() as tx:
        executions = await store.forget_executions(tx, workspace_id, at_most=batch_rows)
    metrics.retention_forgotten_total.labels("contents").inc(executions.contents)
    metrics.retention_forgotten_total.labels("persons").inc(executions.persons)
    done.contents += executions.contents
    done.persons += executions.persons
    return executions.seen == batch_rows


async def _forget_day(db: Database, done: Forgotten, *, batch_rows: int) -> bool:
    async with db.unit_of_work() as tx:
        gone = await store.forget_days(tx, numbers_days=NUMBERS_DAYS, dead_letters_days=DEAD_LETTERS_DAYS, at_most=batch_rows)
    done.days += gone
    metrics.retention_forgotten_total.labels("days").inc(gone)
    return gone > 0
