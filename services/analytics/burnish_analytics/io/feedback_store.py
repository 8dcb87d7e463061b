"""Rows of `feedback`, `feedback_ids` and `feedback_history`."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from burnish_analytics.core.reactions import Entry, ReactionKey
from burnish_shared.contracts.feedback import FeedbackItem
from burnish_shared.db.session import Tx

KEY: Final = "workspace_id, target_kind, target_id, end_user, kind"
KEY_ARRAYS: Final = "$1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]"
ENTRY: Final = "feedback_id, digest, accepted_at, value, comment, correction, context, api_key_id, is_taken_back"
ENTRY_ARRAYS: Final = (
    "$6::uuid[], $7::bytea[], $8::timestamptz[], $9::float8[], $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[]"
)

_IDS: Final = "workspace_id, feedback_id, kind, target_kind, target_id, end_user"
_ID_ARRAYS: Final = "$1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]"

BIND_NEW: Final = f"""
WITH bound AS (INSERT INTO feedback_ids ({_IDS}) SELECT * FROM unnest({_ID_ARRAYS}) ON CONFLICT DO NOTHING RETURNING 1)
SELECT count(*) FROM bound"""

BIND: Final = f"""
INSERT INTO feedback_ids ({_IDS}) SELECT * FROM unnest({_ID_ARRAYS})
ON CONFLICT (workspace_id, feedback_id, kind) DO UPDATE SET kind = excluded.kind RETURNING {_IDS}"""

ADD_FRESH: Final = f"""
INSERT INTO feedback ({KEY}, {ENTRY}, execution_id, session_execution_id, joined_at)
SELECT {KEY}, feedback_id, digest, accepted_at, value, comment, correction, context::jsonb, api_key_id, is_taken_back,
       execution_id, session_execution_id, CASE WHEN is_joined THEN clock_timestamp() END
  FROM unnest({KEY_ARRAYS}, {ENTRY_ARRAYS}, $15::uuid[], $16::uuid[], $17::boolean[])
       u({KEY}, {ENTRY}, execution_id, session_execution_id, is_joined)
ON CONFLICT DO NOTHING RETURNING {KEY}"""

MAKE_ROWS: Final = f"""
INSERT INTO feedback ({KEY}, execution_id) SELECT * FROM unnest({KEY_ARRAYS}, $6::uuid[]) ON CONFLICT DO NOTHING"""

# Looked up one by one, by key and in order of key (OFFSET 0 and FOR UPDATE keep the planner from joining freely): whatever plan was made
# while the table was small, none compares every row with every key.
LOCK: Final = f"""
SELECT f.* FROM unnest({KEY_ARRAYS}) u(ws, tk, ti, eu, k) CROSS JOIN LATERAL
  (SELECT {KEY}, coalesce(execution_id, session_execution_id) AS execution_id, joined_at IS NOT NULL AS is_joined, {ENTRY} FROM feedback
    WHERE (workspace_id, target_kind, target_id, end_user, kind) = (u.ws, u.tk, u.ti, u.eu, u.k) OFFSET 0 FOR UPDATE) f"""

WAITING_AT_ONCE: Final = 1_000
"""Waiting reactions that are joined in one transaction: on one session very many may wait, and executions must not wait for them."""

LOCK_WAITING: Final = f"""
SELECT f.* FROM unnest($1::uuid[], $2::uuid[]) u(ws, ex) CROSS JOIN LATERAL
  (SELECT {KEY}, execution_id, false AS is_joined, {ENTRY} FROM feedback
    WHERE workspace_id = u.ws AND execution_id = u.ex AND joined_at IS NULL AND feedback_id IS NOT NULL
    ORDER BY end_user, kind LIMIT {WAITING_AT_ONCE} FOR UPDATE) f LIMIT {WAITING_AT_ONCE}"""

LOCK_WAITING_SESSIONS: Final = f"""
SELECT f.* FROM unnest($1::uuid[], $2::text[]) u(ws, se) CROSS JOIN LATERAL
  (SELECT {KEY}, NULL::uuid AS execution_id, false AS is_joined, {ENTRY} FROM feedback
    WHERE workspace_id = u.ws AND target_kind = 'session' AND target_id = u.se AND joined_at IS NULL AND feedback_id IS NOT NULL
    ORDER BY end_user, kind LIMIT {WAITING_AT_ONCE} FOR UPDATE) f LIMIT {WAITING_AT_ONCE}"""

IS_WAITED_FOR: Final = """
SELECT EXISTS (SELECT FROM feedback f WHERE f.workspace_id = ANY ($1::uuid[]) AND f.joined_at IS NULL AND f.execution_id IS NOT NULL)"""

SESSIONS_WAITED_FOR: Final = """
SELECT EXISTS (SELECT FROM feedback f WHERE f.workspace_id = ANY ($1::uuid[]) AND f.joined_at IS NULL AND f.target_kind = 'session')"""

HISTORY: Final = f"""
SELECT h.* FROM unnest({KEY_ARRAYS}) u(ws, tk, ti, eu, k) CROSS JOIN LATERAL
  (SELECT {KEY}, {ENTRY} FROM feedback_history
    WHERE (target_kind, target_id, end_user, kind) = (u.tk, u.ti, u.eu, u.k) OFFSET 0) h WHERE h.workspace_id = u.ws"""

_JOINED: Final = f"""
SELECT f.* FROM unnest($2::uuid[]) u(id) CROSS JOIN LATERAL
  (SELECT {KEY}, coalesce(execution_id, session_execution_id) AS execution_id, true AS is_joined, {ENTRY} FROM feedback
    WHERE workspace_id = $1 AND joined_at IS NOT NULL AND feedback_id IS NOT NULL AND {{key}} OFFSET 0) f"""

JOINED: Final = " UNION ALL ".join(
    _JOINED.format(key=key) for key in ("target_kind = 'execution' AND target_id = u.id::text", "session_execution_id = u.id")
)

# These rows are there and locked. ON CONFLICT finds each by its key, whatever the planner believes of the table.
REPLACE: Final = f"""
INSERT INTO feedback AS f ({KEY}, {ENTRY})
SELECT {KEY}, feedback_id, digest, accepted_at, value, comment, correction, context::jsonb, api_key_id, is_taken_back
  FROM unnest({KEY_ARRAYS}, {ENTRY_ARRAYS}) u({KEY}, {ENTRY})
ON CONFLICT ({KEY}) DO UPDATE SET feedback_id = excluded.feedback_id, digest = excluded.digest, accepted_at = excluded.accepted_at,
  value = excluded.value, comment = excluded.comment, correction = excluded.correction, context = excluded.context,
  api_key_id = excluded.api_key_id, is_taken_back = excluded.is_taken_back, forgotten_at = NULL"""

KEEP: Final = f"""
INSERT INTO feedback_history ({KEY}, {ENTRY})
SELECT {KEY}, feedback_id, digest, accepted_at, value, comment, correction, context::jsonb, api_key_id, is_taken_back
  FROM unnest({KEY_ARRAYS}, {ENTRY_ARRAYS}) u({KEY}, {ENTRY})
ON CONFLICT ({KEY}, feedback_id, digest) DO UPDATE SET accepted_at = least(feedback_history.accepted_at, excluded.accepted_at)"""

MARK_JOINED: Final = f"""
INSERT INTO feedback AS f ({KEY}, session_execution_id) SELECT * FROM unnest({KEY_ARRAYS}, $6::uuid[])
ON CONFLICT ({KEY}) DO UPDATE SET joined_at = clock_timestamp(), session_execution_id = excluded.session_execution_id"""


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """A current reaction, locked. `entry` None: the row was made in this transaction.

    `execution_id`: the one it counts for; None: feedback on a session of which none was seen.
    """

    key: ReactionKey
    execution_id: UUID | None
    is_joined: bool
    entry: Entry | None


async def bind_ids(tx: Tx, items: Sequence[FeedbackItem]) -> dict[tuple[UUID, UUID, str], tuple[str, str, str]]:
    """(workspace, feedback id, kind) → (target kind, target id, end user) that the id was first used for, by these items or before."""
    firsts: dict[tuple[UUID, UUID, str], FeedbackItem] = {}
    for one in sorted(items, key=lambda item: item.accepted_at):
        firsts.setdefault((one.workspace_id, one.feedback_id, one.kind), one)
    rows = [(*key, one.target_kind, one.target_id, one.user_id or "") for key, one in sorted(firsts.items(), key=lambda pair: pair[0])]
    if await tx.fetchval(BIND_NEW, *_columns(rows)) == len(rows):
        return {key: (one.target_kind, one.target_id, one.user_id or "") for key, one in firsts.items()}
    bound = await tx.fetch(BIND, *_columns(rows))
    return {
        (row["workspace_id"], row["feedback_id"], row["kind"]): (row["target_kind"], row["target_id"], row["end_user"]) for row in bound
    }


async def add_fresh(tx: Tx, current: Mapping[ReactionKey, Entry], *, joined: Mapping[ReactionKey, UUID]) -> set[ReactionKey]:
    """Writes these entries as the current ones of keys that have none. Returns which keys that were.

    `joined`: those that count already, with the execution they count for.
    """
    if not current:
        return set()
    rows = [
        (*_key(key), *_entry(entry), execution_of(key), _of_session(key, joined.get(key)), key in joined)
        for key, entry in sorted(current.items(), key=lambda one: one[0])
    ]
    return {_key_of(row) for row in await tx.fetch(ADD_FRESH, *_columns(rows))}


def execution_of(key: ReactionKey) -> UUID | None:
    """The execution that is reacted to; None: a session."""
    return UUID(key.target_id) if key.target_kind == "execution" else None


def _of_session(key: ReactionKey, execution_id: UUID | None) -> UUID | None:
    return execution_id if key.target_kind == "session" else None


async def lock_rows(tx: Tx, keys: Collection[ReactionKey]) -> dict[ReactionKey, FeedbackRow]:
    """Makes the rows that are missing and locks all of them, in order of key: whoever comes second sees what the first has written."""
    if not keys:
        return {}
    ordered = sorted(keys)
    columns = _columns([_key(key) for key in ordered])
    await tx.execute(MAKE_ROWS, *columns, [execution_of(key) for key in ordered])
    return _rows(await tx.fetch(LOCK, *columns))


async def is_waited_for(tx: Tx, workspaces: Collection[str]) -> bool:
    """Whether any feedback in these workspaces waits for its execution."""
    return bool(await tx.fetchval(IS_WAITED_FOR, list(workspaces)))


async def lock_waiting(tx: Tx, executions: Collection[tuple[UUID, UUID]] | Collection[tuple[str, str]]) -> dict[ReactionKey, FeedbackRow]:
    """Locks feedback that waits for one of these (workspace, execution), at most WAITING_AT_ONCE rows of it."""
    if not executions:
        return {}
    return _rows(await tx.fetch(LOCK_WAITING, *_columns(sorted(executions))))


async def lock_waiting_sessions(tx: Tx, sessions: Collection[tuple[UUID, str]]) -> dict[ReactionKey, FeedbackRow]:
    """The same of one of these (workspace, session)."""
    if not sessions or not await tx.fetchval(SESSIONS_WAITED_FOR, list({workspace for workspace, _ in sessions})):
        return {}
    return _rows(await tx.fetch(LOCK_WAITING_SESSIONS, *_columns(sorted(sessions))))


async def joined_to(tx: Tx, workspace_id: UUID, executions: Collection[UUID]) -> list[FeedbackRow]:
    """Reactions that are counted for one of these executions, to it or to its session. They are not locked."""
    return list(_rows(await tx.fetch(JOINED, workspace_id, list(executions))).values())


async def replaced_entries(tx: Tx, keys: Collection[ReactionKey]) -> dict[ReactionKey, list[Entry]]:
    """What was current before, by key."""
    found: dict[ReactionKey, list[Entry]] = {}
    if keys:
        for row in await tx.fetch(HISTORY, *_columns([_key(key) for key in sorted(keys)])):
            found.setdefault(_key_of(row), []).append(_entry_of(row))
    return found


async def replace(tx: Tx, current: Mapping[ReactionKey, Entry]) -> None:
    """Makes these entries the current ones."""
    if current:
        await tx.execute(REPLACE, *_columns([_key(key) + _entry(entry) for key, entry in sorted(current.items(), key=lambda one: one[0])]))


async def keep_replaced(tx: Tx, entries: Collection[tuple[ReactionKey, Entry]]) -> None:
    """Writes entries that are no longer, or never were, the current ones. Harmless when repeated."""
    if entries:
        ordered = sorted(entries, key=lambda one: (one[0], one[1].feedback_id, one[1].digest))
        await tx.execute(KEEP, *_columns([_key(key) + _entry(entry) for key, entry in ordered]))


async def mark_joined(tx: Tx, keys: Mapping[ReactionKey, UUID]) -> None:
    """These reactions are in the rollups now, each with the execution that it counts for."""
    if keys:
        await tx.execute(MARK_JOINED, *_columns([(*_key(key), _of_session(key, keys[key])) for key in sorted(keys)]))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _key(key: ReactionKey) -> tuple[Any, ...]:
    return (key.workspace_id, key.target_kind, key.target_id, key.end_user, key.kind)


def _entry(entry: Entry) -> tuple[Any, ...]:
    context = json.dumps(dict(entry.context), allow_nan=False) if entry.context is not None else None
    return (
        entry.feedback_id, entry.digest, entry.accepted_at, entry.value, entry.comment, entry.correction, context, entry.api_key_id,
        entry.is_taken_back,
    )  # fmt: skip


def _rows(rows: Sequence[asyncpg.Record]) -> dict[ReactionKey, FeedbackRow]:
    return {
        (key := _key_of(row)): FeedbackRow(
            key=key,
            execution_id=row["execution_id"],
            is_joined=row["is_joined"],
            entry=_entry_of(row) if row["feedback_id"] is not None else None,
        )
        for row in rows
    }


def _key_of(row: asyncpg.Record) -> ReactionKey:
    return ReactionKey(row["workspace_id"], row["target_kind"], row["target_id"], row["end_user"], row["kind"])


def _entry_of(row: asyncpg.Record) -> Entry:
    return Entry(
        feedback_id=row["feedback_id"],
        digest=bytes(row["digest"]),
        accepted_at=row["accepted_at"],
        value=row["value"],
        comment=row["comment"],
        correction=row["correction"],
        context=row["context"],
        api_key_id=row["api_key_id"],
        is_taken_back=row["is_taken_back"],
    )
