"""Retention (PROMISES P-01): takes text and persons out of what is older than each workspace's days, a batch of each workspace in turn.

Safe beside the same round of another replica, and to be killed anywhere: each batch is one short transaction that takes no lock which
a writer of new rows could wait for, and what was done is not found again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from burnish_analytics import metrics
from burnish_analytics.io import retention_store as store
from burnish_analytics.take_turns import each
from burnish_shared.db.changes import note_changes
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
    "comments": store.forget_comments,
}
"""What is forgotten by its own age, whatever becomes of executions."""

EXECUTIONS: Final = "executions"
"""The kind that goes first: texts and persons."""

SEEN_NOWHERE: Final = frozenset({"voices", "units", "top_users"})
"""Kinds that no page shows."""

TOLD_AT_ONCE: Final = 500
"""Workspaces: whoever tells keeps all others of the installation from telling anything until the commit."""


@dataclass(slots=True)
class Forgotten:
    """What a round did, in rows; `days`: partitions dropped and dead letters. `untold`: workspaces of which something went that open
    pages may show, and were not told of yet."""

    contents: int = 0
    persons: int = 0
    feedback: int = 0
    answers: int = 0
    days: int = 0
    untold: set[UUID] = field(default_factory=set)


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
            if is_more := await _turn(db, workspace_id, done, batch_rows=batch_rows, through=through[workspace_id]):
                waiting.append(workspace_id)
            return is_more

        await each("forget", turn, forget)
        await _tell_pages(db, done, waiting=set(waiting))
    while await _forget_day(db, done, batch_rows=batch_rows):
        pass
    while await _forget_user_accounts(db, batch_rows=batch_rows):
        pass
    metrics.retention_finished_seconds.set_to_current_time()
    return done


async def _tell_pages(db: Database, done: Forgotten, *, waiting: set[UUID]) -> None:
    """Tells open pages of the workspaces that are through with this round: each once, however much went."""
    over = sorted(done.untold - waiting)
    for begin in range(0, len(over), TOLD_AT_ONCE):
        some = over[begin : begin + TOLD_AT_ONCE]
        async with db.unit_of_work() as tx:
            await note_changes(tx, [(workspace_id, "execution", "") for workspace_id in some])
        done.untold.difference_update(some)


class _Part(NamedTuple):
    """What one kind of a workspace's rows is called in the log."""

    workspace_id: UUID
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.workspace_id}"


async def _turn(db: Database, workspace_id: UUID, done: Forgotten, *, batch_rows: int, through: set[str]) -> bool:
    """One batch of each kind; whether there may be more. A kind that fails keeps no other from its turn, and waits for the next round.

    `through`: kinds of which nothing was left, added to. They are not asked again: to find nothing may cost as much as all they hold.
    """

    async def forget(part: _Part) -> int:
        through.add(part.kind)
        rows = await _forget_kind(db, workspace_id, part.kind, done, batch_rows=batch_rows)
        if rows > 0:
            through.discard(part.kind)
        return rows >= batch_rows

    return await each("forget", [_Part(workspace_id, kind) for kind in (EXECUTIONS, *KINDS) if kind not in through], forget) > 0


async def forget_some(db: Database, workspace_id: UUID, done: Forgotten, *, batch_rows: int) -> bool:
    """One batch of each kind; whether there may be more. Raises what the first raised that failed."""
    is_more = False
    for kind in (EXECUTIONS, *KINDS):
        is_more |= await _forget_kind(db, workspace_id, kind, done, batch_rows=batch_rows) >= batch_rows
    return is_more


async def _forget_kind(db: Database, workspace_id: UUID, kind: str, done: Forgotten, *, batch_rows: int) -> int:
    if kind == EXECUTIONS:
        return await _forget_executions(db, workspace_id, done, batch_rows=batch_rows)
    async with db.unit_of_work() as tx:
        rows = await KINDS[kind](tx, workspace_id, at_most=batch_rows)
    metrics.retention_forgotten_total.labels(kind).inc(rows)
    done.feedback += rows if kind == "feedback" else 0
    done.answers += rows if kind == "answers" else 0
    if rows > 0 and kind not in SEEN_NOWHERE:
        done.untold.add(workspace_id)
    return rows


async def _forget_executions(db: Database, workspace_id: UUID, done: Forgotten, *, batch_rows: int) -> int:
    async with db.unit_of_work() as tx:
        executions = await store.forget_executions(tx, workspace_id, at_most=batch_rows)
    metrics.retention_forgotten_total.labels("contents").inc(executions.contents)
    metrics.retention_forgotten_total.labels("persons").inc(executions.persons)
    done.contents += executions.contents
    done.persons += executions.persons
    if executions.contents + executions.persons > 0:
        done.untold.add(workspace_id)
    return executions.seen


async def _forget_day(db: Database, done: Forgotten, *, batch_rows: int) -> bool:
    async with db.unit_of_work() as tx:
        gone = await store.forget_days(tx, numbers_days=NUMBERS_DAYS, dead_letters_days=DEAD_LETTERS_DAYS, at_most=batch_rows)
    done.days += gone
    metrics.retention_forgotten_total.labels("days").inc(gone)
    return gone > 0


async def _forget_user_accounts(db: Database, *, batch_rows: int) -> bool:
    async with db.unit_of_work() as tx:
        gone = await store.forget_user_accounts(tx, at_most=batch_rows)
    metrics.retention_forgotten_total.labels("user_accounts").inc(gone)
    return gone > 0
