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
ENTRY: Final = "feedback_id, digest, accepted_at, value, comment, correction, context, api_key_id"
ENTRY_ARRAYS: Final = "$6::uuid[], $7::bytea[], $8::timestamptz[], $9::float8[], $10::text[], $11::text[], $12::text[], $13::text[]"

BIND: Final = """
INSERT INTO feedback_ids (workspace_id, feedback_id, kind, target_kind, target_id, end_user)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (workspace_id, feedback_id, kind) DO UPDATE SET kind = excluded.kind
RETURNING workspace_id, feedback_id, kind, target_kind, target_id, end_user"""

MAKE_ROWS: Final = f"""
INSERT INTO feedback ({KEY}, execution_id) SELECT * FROM unnest({KEY_ARRAYS}, $6::uuid[]) ON CONFLICT DO NOTHING"""

LOCK: Final = f"""
SELECT {KEY}, execution_id, joined_at IS NOT NULL AS is_joined, {ENTRY}
  FROM feedback JOIN unnest({KEY_ARRAYS}) u({KEY}) USING ({KEY}) ORDER BY 1, 2, 3, 4, 5 FOR UPDATE OF feedback"""

LOCK_WAITING: Final = f"""
SELECT {KEY}, execution_id, false AS is_joined, {ENTRY}
  FROM feedback JOIN unnest($1::uuid[], $2::uuid[]) u(workspace_id, execution_id) USING (workspace_id, execution_id)
 WHERE joined_at IS NULL AND feedback_id IS NOT NULL ORDER BY 1, 2, 3, 4, 5 FOR UPDATE OF feedback"""

HISTORY: Final = f"SELECT {KEY}, {ENTRY} FROM feedback_history JOIN unnest({KEY_ARRAYS}) u({KEY}) USING ({KEY})"

REPLACE: Final = f"""
UPDATE feedback f SET feedback_id = u.feedback_id, digest = u.digest, accepted_at = u.accepted_at, value = u.value, comment = u.comment,
       correction = u.correction, context = u.context::jsonb, api_key_id = u.api_key_id, forgotten_at = NULL
  FROM unnest({KEY_ARRAYS}, {ENTRY_ARRAYS}) u({KEY}, {ENTRY})
 WHERE f.workspace_id = u.workspace_id AND f.target_kind = u.target_kind AND f.target_id = u.target_id AND f.end_user = u.end_user
   AND f.kind = u.kind"""

KEEP: Final = f"""
INSERT INTO feedback_history ({KEY}, {ENTRY})
SELECT {KEY}, feedback_id, digest, accepted_at, value, comment, correction, context::jsonb, api_key_id
  FROM unnest({KEY_ARRAYS}, {ENTRY_ARRAYS}) u({KEY}, {ENTRY})
ON CONFLICT ({KEY}, feedback_id, digest) DO UPDATE SET accepted_at = least(feedback_history.accepted_at, excluded.accepted_at)"""

MARK_JOINED: Final = f"""
UPDATE feedback f SET joined_at = clock_timestamp() FROM unnest({KEY_ARRAYS}) u({KEY})
 WHERE f.workspace_id = u.workspace_id AND f.target_kind = u.target_kind AND f.target_id = u.target_id AND f.end_user = u.end_user
   AND f.kind = u.kind"""


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """A current reaction, locked. `entry` None: the row was made in this transaction. `execution_id` None: feedback on a session."""

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
    bound = await tx.fetch(BIND, *_columns(rows))
    return {
        (row["workspace_id"], row["feedback_id"], row["kind"]): (row["target_kind"], row["target_id"], row["end_user"]) for row in bound
    }


async def lock_rows(tx: Tx, keys: Collection[ReactionKey]) -> dict[ReactionKey, FeedbackRow]:
    """Makes the rows that are missing and locks all of them, in order of key: whoever comes second sees what the first has written."""
    ordered = sorted(keys)
    columns = _columns([_key(key) for key in ordered])
    await tx.execute(MAKE_ROWS, *columns, [UUID(key.target_id) if key.target_kind == "execution" else None for key in ordered])
    return _rows(await tx.fetch(LOCK, *columns))


async def lock_waiting(tx: Tx, executions: Collection[tuple[UUID, UUID]]) -> dict[ReactionKey, FeedbackRow]:
    """Locks the feedback that waits for one of these (workspace, execution)."""
    if not executions:
        return {}
    return _rows(await tx.fetch(LOCK_WAITING, *_columns(sorted(executions))))


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


async def mark_joined(tx: Tx, keys: Collection[ReactionKey]) -> None:
    """These reactions are in the rollups now."""
    if keys:
        await tx.execute(MARK_JOINED, *_columns([_key(key) for key in sorted(keys)]))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _key(key: ReactionKey) -> tuple[Any, ...]:
    return (key.workspace_id, key.target_kind, key.target_id, key.end_user, key.kind)


def _entry(entry: Entry) -> tuple[Any, ...]:
    context = json.dumps(dict(entry.context), allow_nan=False) if entry.context is not None else None
    return (
        entry.feedback_id, entry.digest, entry.accepted_at, entry.value, entry.comment, entry.correction, context, entry.api_key_id
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
    )
