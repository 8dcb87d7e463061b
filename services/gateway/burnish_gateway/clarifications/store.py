"""Sessions, their messages and ratings in SQL. Each transaction is a workspace's and an owner's: the policies show nothing else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.assistant.work_store import Claim, ClaimLost
from burnish_gateway.clarifications.memory import WorkingMemory
from burnish_gateway.clarifications.question import Question
from burnish_gateway.clarifications.state import Session
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

SHOWN: Final = """session_id, owner_id, task, round, initial_prompt, selections, questions, working_memory, result, error, ask_model,
  write_model, attempts, execution_id, input_tokens, output_tokens, spent_nusd, latency_ms, simulated, saved_slug, saved_version, end_user,
  metadata, api_key_id, first_key_id, user_id, traceparent, request_id, hops, revision, created_at, updated_at, expires_at, finished_at,
  CASE WHEN status IN ('pending', 'clarifying', 'ready') AND expires_at < clock_timestamp() THEN 'expired' ELSE status END AS status"""


ANSWERS_KEPT: Final = 10
"""Of those that one question was given, one after the other; the newest counts."""


def session_of(row: Record) -> Session:
    questions = tuple(Question.of(one) for one in row["questions"])
    task = None if row["status"] == "expired" else row["task"]
    return Session(row["status"], row["round"], task, questions, WorkingMemory.of(row["working_memory"]))


async def insert(tx: Tx, **columns: Any) -> None:
    """Names of columns are the callers' keywords, never a user's text."""
    names = ", ".join(columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await tx.execute(f"INSERT INTO clarifications ({names}) VALUES ({places})", *columns.values())


async def find(tx: Tx, session_id: UUID, *, lock: bool = False) -> Record | None:
    suffix = " FOR NO KEY UPDATE" if lock else ""
    return await tx.fetchrow(f"SELECT {SHOWN} FROM clarifications WHERE session_id = $1{suffix}", session_id)


async def load(tx: Tx, claim: Claim) -> Record:
    """Raises ClaimLost."""
    row = await tx.fetchrow(
        f"SELECT {SHOWN} FROM clarifications WHERE session_id = $1 AND fence = $2 AND task IS NOT NULL FOR NO KEY UPDATE",
        claim.id,
        claim.fence,
    )
    if row is None:
        raise ClaimLost
    return row


async def begin_attempt(tx: Tx, claim: Claim, *, execution_id: UUID) -> int:
    """Writes under which execution the model is asked; returns the number of the attempt. Raises ClaimLost."""
    attempt: int | None = await tx.fetchval(
        """UPDATE clarifications SET attempts = attempts + 1, execution_id = $3, updated_at = clock_timestamp()
            WHERE session_id = $1 AND fence = $2 AND task IS NOT NULL RETURNING attempts""",
        claim.id, claim.fence, execution_id,
    )  # fmt: skip
    if attempt is None:
        raise ClaimLost
    return attempt


async def add_usage(
    tx: Tx, claim: Claim, *, execution_id: UUID, input_tokens: int, output_tokens: int, spent_nusd: int, latency_ms: int, simulated: bool
) -> None:
    """What one attempt came to, once: its execution is no longer the one under way. Raises ClaimLost."""
    done = await tx.fetchval(
        """UPDATE clarifications SET input_tokens = input_tokens + $4, output_tokens = output_tokens + $5, spent_nusd = spent_nusd + $6,
                  latency_ms = latency_ms + $7, simulated = simulated OR $8, execution_id = NULL
            WHERE session_id = $1 AND fence = $2 AND execution_id = $3 AND task IS NOT NULL RETURNING true""",
        claim.id, claim.fence, execution_id, input_tokens, output_tokens, spent_nusd, latency_ms, simulated,
    )  # fmt: skip
    if not done:
        raise ClaimLost


async def save(
    tx: Tx, session_id: UUID, session: Session, *, hours: float, result: dict[str, Any] | None = None, error: dict[str, Any] | None = None
) -> None:
    """Where the session stands now; nobody works on it under the claim before, if any. Whoever has a task is claimed anew."""
    await tx.execute(
        """UPDATE clarifications SET status = $2, round = $3, task = $4, questions = $5, working_memory = $6, result = coalesce($7, result),
                  error = $8, attempts = 0, execution_id = NULL, leased_by = NULL, leased_until = NULL, revision = revision + 1,
                  updated_at = clock_timestamp(), expires_at = clock_timestamp() + $9 * interval '1 hour',
                  finished_at = CASE WHEN $2 IN ('finalized', 'failed') THEN clock_timestamp() END
            WHERE session_id = $1""",
        session_id, session.status, session.round, session.task, [one.as_dict() for one in session.questions], session.memory.as_dict(),
        result, error, hours,
    )  # fmt: skip


async def add_message(
    tx: Tx, row: Record, *, role: str, kind: str, content: str, question_id: str | None = None, model_name: str | None = None,
    execution_id: UUID | None = None, input_tokens: int | None = None, output_tokens: int | None = None, latency_ms: int | None = None,
) -> None:  # fmt: skip
    """`row`: of the session."""
    await tx.execute(
        """INSERT INTO clarification_messages (message_id, workspace_id, owner_id, session_id, role, kind, content, question_id, model_name,
                                               execution_id, input_tokens, output_tokens, latency_ms)
           SELECT $1, workspace_id, owner_id, session_id, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM clarifications WHERE session_id = $2""",
        new_uuid(), row["session_id"], role, kind, content, question_id, model_name, execution_id, input_tokens, output_tokens, latency_ms,
    )  # fmt: skip


async def forget_oldest_answers(tx: Tx, session_id: UUID, question_ids: Sequence[str]) -> None:
    """Leaves room for one more to each of these questions: whoever changes an answer a thousand times fills no tables."""
    await tx.execute(
        """DELETE FROM clarification_messages WHERE message_id IN (
             SELECT message_id FROM (
               SELECT message_id, row_number() OVER (PARTITION BY question_id ORDER BY created_at DESC, message_id DESC) AS place
                 FROM clarification_messages WHERE session_id = $1 AND role = 'user' AND question_id = ANY($2::text[])) m
              WHERE place >= $3)""",
        session_id, list(question_ids), ANSWERS_KEPT,
    )  # fmt: skip


async def messages_of(tx: Tx, session_id: UUID) -> Sequence[Record]:
    """In the order in which they were said; of more than 500, which only sessions from elsewhere have, the newest."""
    return await tx.fetch(
        """SELECT * FROM (
             SELECT message_id, role, kind, content, question_id, model_name, execution_id, input_tokens, output_tokens, latency_ms,
                    created_at FROM clarification_messages WHERE session_id = $1 ORDER BY created_at DESC, message_id DESC LIMIT 500) m
            ORDER BY created_at, message_id""",
        session_id,
    )


async def list_page(tx: Tx, *, status: str | None, before: tuple[datetime, UUID] | None, limit: int) -> Sequence[Record]:
    """The owner's, newest first, as they are shown in lists. By their times: ids of those from elsewhere say nothing of when."""
    at, session_id = before or (None, None)
    return await tx.fetch(
        f"""SELECT * FROM (SELECT {SHOWN} FROM clarifications
                            WHERE ($2::timestamptz IS NULL OR (created_at, session_id) < ($2, $3::uuid))) s
             WHERE $1::text IS NULL OR s.status = $1 ORDER BY s.created_at DESC, s.session_id DESC LIMIT $4""",
        status, at, session_id, limit,
    )  # fmt: skip


async def insert_feedback(tx: Tx, workspace_id: UUID, owner_id: UUID, session_id: UUID, *, rating: int, comments: str) -> UUID:
    feedback_id = new_uuid()
    await tx.execute(
        """INSERT INTO clarification_feedback (feedback_id, workspace_id, owner_id, session_id, rating, comments)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        feedback_id, workspace_id, owner_id, session_id, rating, comments,
    )  # fmt: skip
    return feedback_id


async def feedback_of(tx: Tx, session_id: UUID) -> Sequence[Record]:
    """The newest first."""
    return await tx.fetch(
        """SELECT feedback_id AS id, rating, comments, created_at FROM clarification_feedback WHERE session_id = $1
            ORDER BY created_at DESC, feedback_id DESC LIMIT 20""",
        session_id,
    )


async def count_open(tx: Tx) -> int:
    """Sessions of the owner for which a model is being asked."""
    count: int = await tx.fetchval("SELECT count(*) FROM clarifications WHERE task IS NOT NULL")
    return count


async def note_saved(tx: Tx, session_id: UUID, *, slug: str, version: int) -> None:
    await tx.execute(
        """UPDATE clarifications SET saved_slug = $2, saved_version = $3, revision = revision + 1, updated_at = clock_timestamp()
            WHERE session_id = $1""",
        session_id, slug, version,
    )  # fmt: skip


async def delete(tx: Tx, session_id: UUID) -> bool:
    """With its messages and ratings. Whoever asks a model for it finds nothing to write to."""
    gone = await tx.fetchval("DELETE FROM clarifications WHERE session_id = $1 RETURNING true", session_id)
    return bool(gone)


async def touch(tx: Tx, session_id: UUID, *, hours: float) -> None:
    """Its time begins anew."""
    await tx.execute(
        "UPDATE clarifications SET expires_at = clock_timestamp() + $2 * interval '1 hour' WHERE session_id = $1", session_id, hours
    )


async def bring_in(tx: Tx, table: str, key: str, rows: Sequence[dict[str, Any]]) -> int:
    """Rows of another system, those that are not here yet; returns how many. Names of columns are ours, never a user's text."""
    added = 0
    for row in rows:
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        done = await tx.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) ON CONFLICT ({key}) DO NOTHING", *row.values()
        )  # fmt: skip
        added += done.endswith(" 1")
    return added
