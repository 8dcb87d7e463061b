"""Erasure of an end user (PROMISES P-02): three passes over every store, each in bounded batches.

The first begins at once. What was queued when the erasure was asked for comes into the tables later: the second pass, a day after,
finds what waited in a queue, the third what waited in a stream, where a message lives for seven days at most.
"""

from typing import Final
from uuid import UUID

import structlog

from burnish_analytics import metrics
from burnish_analytics.announce import announce
from burnish_analytics.io import erasures_store as store
from burnish_analytics.take_turns import each
from burnish_shared.clock import Clock
from burnish_shared.db.changes import ChangeKind, note_changes
from burnish_shared.db.session import Database

log = structlog.get_logger("burnish.analytics")

DAY_S: Final = 86_400.0
NEXT_PASS_AFTER_S: Final[dict[int, float | None]] = {1: DAY_S, 2: 8 * DAY_S, 3: None}
"""After the pass of this number: when the next one begins, counted from the request."""

MOST_AT_ONCE: Final = 100

BUDGETS: Final = "budgets"
"""The store whose rows gateways keep in memory: they are told, last in the transaction."""

ON_PAGES: Final[tuple[ChangeKind, ...]] = ("execution", "dataset")
"""What open pages are told once a pass is over: it may have taken texts and items that they show."""


async def erase_due(db: Database, clock: Clock, *, batch_rows: int) -> int:
    """Does all passes that are due. Returns how many it finished. Two at once do no harm: one erasure is worked on by one of them."""
    async with db.unit_of_work(one_statement=True) as tx:
        due = await store.due(tx, at_most=MOST_AT_ONCE)
    metrics.erasures_due.set(len(due))
    return await each("erase", due, lambda one: _erase(db, clock, *one, batch_rows=batch_rows))


async def _erase(db: Database, clock: Clock, workspace_id: UUID, erasure_id: UUID, *, batch_rows: int) -> bool:
    for erase_after in (store.erase_reviews, store.erase_comments, store.erase_replaced_words, store.erase_dead_requests):
        last: UUID | None = UUID(int=0)
        while last is not None:
            async with db.unit_of_work() as tx:
                last = await erase_after(tx, erasure_id, after=last, at_most=batch_rows)
    step: store.Step = "more"
    while step == "more":
        async with db.unit_of_work() as tx:
            step = await store.step(tx, erasure_id, at_most=batch_rows)
            if step in ("more", "done"):
                for erase_of_sessions in (store.erase_session_units, store.erase_session_chain_runs, store.erase_session_batches):
                    await erase_of_sessions(tx, erasure_id)
    if step != "done" or not await _erase_beside(db, erasure_id, batch_rows=batch_rows):
        return False
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        over = await store.lock_finished_pass(tx, workspace_id, erasure_id)
        if over is None:
            return False
        await store.erase_names_in_alerts(tx, workspace_id)
        await store.close_pass(tx, workspace_id, erasure_id, next_after_s=NEXT_PASS_AFTER_S[over.number])
        if over.completed_at is None:
            data = {
                "erasure_id": str(erasure_id),
                "scope": "end_user",
                "executions": over.counts.get("executions", 0),
                "feedback": over.counts.get("feedback", 0),
                "counts": over.counts,
                "restored": over.restored,
            }
            await announce(
                tx,
                "data.erased",
                workspace_id=workspace_id,
                at=clock.now(),
                object_id=str(erasure_id),
                version=1,
                simulated=False,
                data=data,
            )
        told = list(ON_PAGES)
        if over.counts.get(BUDGETS):
            told.append("budget")
        await note_changes(tx, [(workspace_id, kind, "") for kind in told])
    metrics.erasure_passes_total.labels(str(over.number)).inc()
    log.info("erasure_pass_done", erasure_id=str(erasure_id), number=over.number)
    return True


async def _erase_beside(db: Database, erasure_id: UUID, *, batch_rows: int) -> bool:
    """What the steps do not take. False where a legal hold came: the rest is taken once it is lifted."""
    for erase_some in (store.erase_batches, store.erase_chain_runs, store.erase_assistant_work):
        is_more = True
        while is_more:
            async with db.unit_of_work() as tx:
                if await store.is_held(tx, erasure_id):
                    return False
                is_more = await erase_some(tx, erasure_id, at_most=batch_rows) > 0
    for erase_page in (store.erase_voices, store.erase_units, store.erase_top_users):
        name: str | None = ""
        while name is not None:
            async with db.unit_of_work() as tx:
                if await store.is_held(tx, erasure_id):
                    return False
                name = await erase_page(tx, erasure_id, after=name, at_most=batch_rows)
    async with db.unit_of_work() as tx:
        if await store.is_held(tx, erasure_id):
            return False
        await store.erase_reports(tx, erasure_id)
    return True
