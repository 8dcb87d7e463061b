"""Counts finished executions and feedback, each exactly once, in the caller's transaction.

Whatever changes a figure is decided by what PostgreSQL says is new: rows that an insert returned, and locked rows before and after.
Feedback and execution are joined by whoever comes second; both write their own row before they look for the other's. Two that look at
the same moment miss each other, and `join_waiting` catches those: a moment later by their ids, and in rounds for what is left.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from burnish_analytics.core.fold import add_finished
from burnish_analytics.core.intake import UNSAID, Intake, LabelKey, Said
from burnish_analytics.core.reactions import Entry, ReactionKey, current_of, entries_with, entry_of, key_of, refusal, standing_of
from burnish_analytics.core.rollup import Fact
from burnish_analytics.core.voices import voice_of
from burnish_analytics.io import facts_store, feedback_store, label_store, rollup_store
from burnish_analytics.io.feedback_store import FeedbackRow
from burnish_analytics.queue_reviews import queue_reviews
from burnish_analytics.sample_scores import sample_scores
from burnish_analytics.tell_reactions import note_reactions
from burnish_shared.contracts.feedback import FeedbackItem
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.db.session import Tx

Target = tuple[UUID, UUID | str]
"""(workspace, execution or session) that feedback is about."""

Entered = tuple[FeedbackItem, ReactionKey, Entry]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of a batch. `outcomes` counts every item once: new, repeated, or refused for a reason.

    `labels`: whose feedback moved, to be judged in the same transaction. `unjoined`: (workspace, execution) of feedback that found no
    execution, which may be counted at this very moment by another transaction. `left_over`: where more may wait than was joined.
    """

    labels: frozenset[LabelKey] = frozenset()
    outcomes: Counter[str] = field(default_factory=Counter)
    joined: int = 0
    unjoined: frozenset[tuple[UUID, UUID]] = frozenset()
    left_over: frozenset[Target] = frozenset()


async def ingest_executions(tx: Tx, rows: FinishedColumns, *, period_ms: int) -> Ingested:
    """Counts those executions that are not counted yet, and the feedback that waited for them. Safe to call twice."""
    if not len(rows):
        return Ingested()
    period = await label_store.enter_period(tx, length_ms=period_ms)
    new = await facts_store.add_facts(tx, rows)
    intake = Intake()
    add_finished(intake, new)
    joined, left_over = await _join_waiting_for(tx, new, intake)
    await _write(tx, intake, period)
    await sample_scores(tx, new)
    outcomes = Counter({"new": len(new), "repeated": len(rows) - len(new)})
    return Ingested(frozenset(intake.labels), outcomes, joined=joined, left_over=left_over)


async def _join_waiting_for(tx: Tx, new: FinishedColumns, intake: Intake) -> tuple[int, frozenset[Target]]:
    """Joins the feedback that came before these executions. Returns how many reactions, and where more may wait."""
    waiting: list[FeedbackRow] = []
    left_over: frozenset[Target] = frozenset()
    if await feedback_store.is_waited_for(tx, set(new.workspace_id)):
        pairs = list(zip(new.workspace_id, new.execution_id, strict=True))
        waiting = list((await feedback_store.lock_waiting(tx, pairs)).values())
        left_over = _left_over([(UUID(str(workspace)), UUID(str(one))) for workspace, one in pairs], waiting)
    sessions = intake.finished.newest_of_sessions()
    of_sessions = _of_sessions(await feedback_store.lock_waiting_sessions(tx, sessions), sessions)
    left_over |= _left_over(sessions, of_sessions)
    waiting += of_sessions
    facts = intake.finished.facts_by_id({(row.key.workspace_id, row.execution_id) for row in waiting if row.execution_id})
    return await _join(tx, waiting, facts, intake), left_over


def _left_over(targets: Collection[Target], waiting: Sized) -> frozenset[Target]:
    """All of these targets when there was more than is joined at once: which of them it waits for is looked up by whoever comes back."""
    return frozenset(targets) if len(waiting) >= feedback_store.WAITING_AT_ONCE else frozenset()


def _of_sessions(rows: Mapping[ReactionKey, FeedbackRow], newest: Mapping[tuple[UUID, str], UUID]) -> list[FeedbackRow]:
    """Feedback on sessions, each with the newest execution of its session."""
    return [replace(row, execution_id=newest[(key.workspace_id, key.target_id)]) for key, row in rows.items()]


async def ingest_feedback(tx: Tx, items: Sequence[FeedbackItem], *, period_ms: int) -> Ingested:
    """Keeps for each key the reaction accepted last, and moves the figures of its execution by the difference. Safe to call twice."""
    outcomes: Counter[str] = Counter()
    sound: list[FeedbackItem] = []
    for item in items:
        reason = refusal(item)
        if reason is None:
            sound.append(item)
        else:
            outcomes[f"refused_{reason}"] += 1
    if not sound:
        return Ingested(outcomes=outcomes)
    period = await label_store.enter_period(tx, length_ms=period_ms)
    accepted = await _bound(tx, sound, outcomes)
    entered = [(item, key_of(item), entry_of(item)) for item in accepted]
    firsts = _current(entered)
    targets, facts = await _find_targets(tx, firsts)
    at_once = {key: target for key, target in targets.items() if (key.workspace_id, target) in facts}
    fresh = await feedback_store.add_fresh(tx, firsts, joined=at_once)
    rows = await feedback_store.lock_rows(tx, firsts.keys() - fresh)
    rows |= {key: FeedbackRow(key, targets.get(key), is_joined=False, entry=None) for key in fresh}
    # Again: what came meanwhile may not have seen our rows. What was joined before stays with its execution.
    missing = {key for key, row in rows.items() if key not in at_once and not row.is_joined}
    late, late_facts = await _find_targets(tx, missing)
    targets, facts = targets | late, facts | late_facts
    held = {key: row.execution_id for key, row in rows.items() if row.is_joined and row.execution_id}
    targets |= held
    facts |= await facts_store.find_facts(tx, {(key.workspace_id, target) for key, target in held.items()} - facts.keys())
    news: list[FeedbackItem] = []
    current = await _settle_entries(tx, entered, rows, outcomes, news, fresh=fresh)
    intake, joined = Intake(), 0
    newly_joined: dict[ReactionKey, UUID] = {}
    for key, row in rows.items():
        fact = facts.get((key.workspace_id, targets[key])) if key in targets else None
        if fact is None:
            continue
        before = _said(fact, key, row.entry) if row.is_joined and row.entry else UNSAID
        intake.add_reaction(fact, before=before, after=_said(fact, key, current[key]), is_first=not row.is_joined)
        counted = row.entry.value if row.is_joined and row.entry else None
        intake.deltas.add_metric(fact, key.kind, before=counted, after=current[key].value)
        if current[key] != row.entry or not row.is_joined:
            intake.hear(fact, _said(fact, key, current[key]), kind=key.kind)
        if not row.is_joined:
            newly_joined[key] = fact.execution_id
            joined += 1
    await feedback_store.mark_joined(tx, {key: one for key, one in newly_joined.items() if key not in fresh or key not in at_once})
    await _write(tx, intake, period)
    await note_reactions(tx, news, facts)
    return Ingested(
        frozenset(intake.labels),
        outcomes,
        joined=joined,
        unjoined=frozenset((key.workspace_id, one) for key, one in targets.items()) - facts.keys(),
    )


async def join_waiting(tx: Tx, executions: Collection[tuple[UUID, UUID]], *, period_ms: int) -> Ingested:
    """Joins feedback that still waits for one of these (workspace, execution), where the execution is here. Safe to call twice."""
    period = await label_store.enter_period(tx, length_ms=period_ms)
    facts = await facts_store.find_facts(tx, executions)
    waiting = await feedback_store.lock_waiting(tx, facts.keys())  # What waits for an execution that is not here takes nobody's place.
    intake = Intake()
    joined = await _join(tx, waiting.values(), facts, intake)
    await _write(tx, intake, period)
    return Ingested(frozenset(intake.labels), joined=joined, left_over=_left_over(facts.keys(), waiting))


async def join_sessions(tx: Tx, sessions: Collection[tuple[UUID, str]], *, period_ms: int) -> Ingested:
    """The same for feedback on these (workspace, session)."""
    period = await label_store.enter_period(tx, length_ms=period_ms)
    newest = await facts_store.newest_of_sessions(tx, sessions)
    waiting = _of_sessions(await feedback_store.lock_waiting_sessions(tx, newest.keys()), newest)
    facts = await facts_store.find_facts(tx, {(workspace_id, one) for (workspace_id, _), one in newest.items()})
    intake = Intake()
    joined = await _join(tx, waiting, facts, intake)
    await _write(tx, intake, period)
    return Ingested(frozenset(intake.labels), joined=joined, left_over=_left_over(newest.keys(), waiting))


async def _find_targets(tx: Tx, keys: Collection[ReactionKey]) -> tuple[dict[ReactionKey, UUID], dict[tuple[UUID, UUID], Fact]]:
    """The execution that each reaction counts for, seen or not; of a session its newest, if any. And those executions that were seen."""
    sessions = {(key.workspace_id, key.target_id) for key in keys if key.target_kind == "session"}
    newest = await facts_store.newest_of_sessions(tx, sessions)
    found = {key: feedback_store.execution_of(key) or newest.get((key.workspace_id, key.target_id)) for key in keys}
    targets = {key: target for key, target in found.items() if target is not None}
    return targets, await facts_store.find_facts(tx, {(key.workspace_id, target) for key, target in targets.items()})


async def _bound(tx: Tx, items: Sequence[FeedbackItem], outcomes: Counter[str]) -> list[FeedbackItem]:
    """The items whose feedback id was not used for another target before."""
    bound = await feedback_store.bind_ids(tx, items)
    accepted: list[FeedbackItem] = []
    for item in items:
        if bound[(item.workspace_id, item.feedback_id, item.kind)] == (item.target_kind, item.target_id, item.user_id or ""):
            accepted.append(item)
        else:
            outcomes["refused_id_reused"] += 1
    return accepted


async def _settle_entries(
    tx: Tx,
    items: Sequence[Entered],
    rows: dict[ReactionKey, FeedbackRow],
    outcomes: Counter[str],
    news: list[FeedbackItem],
    *,
    fresh: Collection[ReactionKey],
) -> dict[ReactionKey, Entry]:
    """Writes the new current entry and what it replaced. Returns the current entry of every key; adds to `news` what was not known.

    `fresh`: keys whose current entry of this batch is written already.
    """
    replaced = await feedback_store.replaced_entries(tx, [key for key, row in rows.items() if row.entry is not None])
    entries: dict[ReactionKey, list[Entry]] = {}
    for key, row in rows.items():
        entries[key] = _union([*replaced.get(key, ()), *([row.entry] if row.entry else ())])
    known = {key: {(one.feedback_id, one.digest) for one in held} for key, held in entries.items()}
    for item, key, entry in items:
        is_known = (entry.feedback_id, entry.digest) in known[key]
        outcomes["repeated" if is_known else "new"] += 1
        if not is_known:
            news.append(item)
        known[key].add((entry.feedback_id, entry.digest))
        entries[key] = entries_with(entries[key], entry)
    current = {key: current_of(held) for key, held in entries.items()}
    await feedback_store.replace(tx, {key: one for key, one in current.items() if key not in fresh and one != rows[key].entry})
    kept = {key: {(one.feedback_id, one.digest, one.accepted_at) for one in replaced.get(key, ())} for key in rows}
    losers = [
        (key, one)
        for key, held in entries.items()
        for one in held
        if one is not current[key] and (one.feedback_id, one.digest, one.accepted_at) not in kept[key]
    ]
    await feedback_store.keep_replaced(tx, losers)
    return current


def _current(items: Iterable[Entered]) -> dict[ReactionKey, Entry]:
    """Of each key the entry that would be current if nothing were known of it."""
    held: dict[ReactionKey, list[Entry]] = {}
    for _, key, entry in items:
        held[key] = entries_with(held[key], entry) if key in held else [entry]
    return {key: current_of(entries) for key, entries in held.items()}


def _union(entries: Iterable[Entry]) -> list[Entry]:
    held: list[Entry] = []
    for one in entries:
        held = entries_with(held, one)
    return held


async def _join(tx: Tx, rows: Iterable[FeedbackRow], facts: dict[tuple[UUID, UUID], Fact], intake: Intake) -> int:
    """Adds waiting reactions whose execution is here to the intake, and marks them. Returns how many."""
    joined: dict[ReactionKey, UUID] = {}
    for row in rows:
        fact = facts.get((row.key.workspace_id, row.execution_id)) if row.execution_id else None
        if fact is not None and row.entry is not None:
            intake.add_reaction(fact, before=UNSAID, after=_said(fact, row.key, row.entry), is_first=True)
            intake.deltas.add_metric(fact, row.key.kind, before=None, after=row.entry.value)
            intake.hear(fact, _said(fact, row.key, row.entry), kind=row.key.kind)
            joined[row.key] = fact.execution_id
    await feedback_store.mark_joined(tx, joined)
    return len(joined)


async def _write(tx: Tx, intake: Intake, period: datetime) -> None:
    await rollup_store.add_deltas(tx, intake.deltas)
    await label_store.move_standings(tx, intake.labels)
    await label_store.move_voices(tx, intake.labels)
    await label_store.add_observations(tx, intake.observations, period=period)
    await queue_reviews(tx, finished=intake.finished, complaints=intake.complaints)


def _said(fact: Fact, key: ReactionKey, entry: Entry) -> Said:
    if entry.is_taken_back:
        return UNSAID
    voice = voice_of(sent_by=entry.api_key_id, end_user=key.end_user, ran_by=fact.api_key_id, made_for=fact.end_user)
    return Said(standing_of(key.kind, entry.value), voice)
