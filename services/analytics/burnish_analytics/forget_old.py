"""Retention (PROMISES P-01): takes text and persons out of what is older than each workspace's days, a batch of each workspace in turn.

Safe beside the same round of another replica, and to be killed anywhere: each batch is one short transaction that takes no lock which
a writer of new rows could wait for, and what was done is not found again.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from burnish_analytics import metrics
from burnish_analytics.io import retention_store as store
from burnish_analytics.take_turns import each
from burnish_shared.db.session import Database

NUMBERS_DAYS: Final = 400
DEAD_LETTERS_DAYS: Final = 30
"""PROMISES 5.7."""


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
    while waiting:
        turn = list(waiting)
        waiting.clear()

        async def forget(workspace_id: UUID) -> int:
            if is_more := await forget_some(db, workspace_id, done, batch_rows=batch_rows):
                waiting.append(workspace_id)
            return is_more

        await each("forget", turn, forget)
    while await _forget_day(db, done, batch_rows=batch_rows):
        pass
    metrics.retention_finished_seconds.set_to_current_time()
    return done


async def forget_some(db: Database, workspace_id: UUID, done: Forgotten, *, batch_rows: int) -> bool:
    """One batch of each kind; whether there may be more."""
    async with db.unit_of_work() as tx:
        executions = await store.forget_executions(tx, workspace_id, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        feedback = await store.forget_feedback(tx, workspace_id, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        voices = await store.forget_voices(tx, workspace_id, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        units = await store.forget_units(tx, workspace_id, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        top_users = await store.forget_top_users(tx, workspace_id, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        answers = await store.forget_answers(tx, workspace_id, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        reviews = await store.forget_reviews(tx, workspace_id, numbers_days=NUMBERS_DAYS, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        reports = await store.forget_reports(tx, workspace_id, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        batches = await store.forget_batches(tx, workspace_id, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        chain_runs = await store.forget_chain_runs(tx, workspace_id, numbers_days=NUMBERS_DAYS, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        assistant = await store.forget_assistant_work(tx, workspace_id, at_most=batch_rows)
    done.contents += executions.contents
    done.persons += executions.persons
    done.feedback += feedback
    done.answers += answers
    for store_name, rows in (
        ("contents", executions.contents),
        ("persons", executions.persons),
        ("feedback", feedback),
        ("voices", voices),
        ("units", units),
        ("top_users", top_users),
        ("answers", answers),
        ("reports", reports),
        ("reviews", reviews),
        ("batches", batches),
        ("chain_runs", chain_runs),
        ("assistant", assistant),
    ):
        metrics.retention_forgotten_total.labels(store_name).inc(rows)
    most = max(feedback, voices, units, top_users, answers, reports, reviews, batches, chain_runs, assistant)
    return executions.seen == batch_rows or most >= batch_rows


async def _forget_day(db: Database, done: Forgotten, *, batch_rows: int) -> bool:
    async with db.unit_of_work() as tx:
        gone = await store.forget_days(tx, numbers_days=NUMBERS_DAYS, dead_letters_days=DEAD_LETTERS_DAYS, at_most=batch_rows)
    done.days += gone
    metrics.retention_forgotten_total.labels("days").inc(gone)
    return gone > 0
