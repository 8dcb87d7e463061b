"""Rows of `feedback_news`: reactions, and those taken back, that webhooks are told of within a second."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.contracts.feedback import FeedbackItem
from burnish_shared.db.session import Tx
from burnish_shared.hops import HOPS_MOST

INSERT: Final = """
INSERT INTO feedback_news (workspace_id, feedback_id, execution_id, session_id, kind, value, simulated, at, hops, is_taken_back)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::float8[], $7::boolean[], $8::timestamptz[],
                     $9::smallint[], $10::boolean[])"""

TAKE: Final = """
DELETE FROM feedback_news WHERE workspace_id = $1 AND news_id = ANY (ARRAY
  (SELECT n.news_id FROM feedback_news n
    WHERE n.workspace_id = $1 AND (n.execution_id IS NULL OR n.at < clock_timestamp() - $3 * interval '1 second'
          OR EXISTS (SELECT FROM execution_facts f WHERE f.execution_id = n.execution_id AND f.workspace_id = n.workspace_id))
    ORDER BY n.news_id LIMIT $2 FOR UPDATE SKIP LOCKED))
RETURNING news_id, feedback_id, execution_id, session_id, kind, value, simulated, at, hops, is_taken_back"""


WAITS_S: Final = 3.0
"""An execution is counted about a second after it ended; feedback may be faster, and is told with the prompt and label."""


async def listeners(tx: Tx, workspaces: Collection[UUID]) -> set[UUID]:
    """Those of these workspaces that have an endpoint which asked for every reaction."""
    return {row[0] for row in await tx.fetch("SELECT feedback_listeners($1)", list(workspaces))}


async def add(tx: Tx, items: Sequence[FeedbackItem], *, simulated: Collection[str]) -> None:
    """`simulated`: ids of executions among the targets that a simulated model answered."""
    rows: list[tuple[Any, ...]] = [
        (
            one.workspace_id,
            one.feedback_id,
            UUID(one.target_id) if one.target_kind == "execution" else None,
            one.target_id if one.target_kind == "session" else None,
            one.kind,
            one.value,
            one.target_id in simulated,
            one.accepted_at,
            min(one.hops, HOPS_MOST),
            one.is_taken_back,
        )
        for one in items
    ]
    if rows:
        await tx.execute(INSERT, *(list(column) for column in zip(*rows, strict=True)))


async def waiting(tx: Tx, *, at_most: int) -> list[UUID]:
    """Workspaces that there is news of."""
    return [row[0] for row in await tx.fetch("SELECT news_waiting($1)", at_most)]


async def take(tx: Tx, workspace_id: UUID, *, at_most: int) -> list[Record]:
    """Removes the oldest, which nobody else is taking, and returns them in order. One whose execution is not counted yet waits a little."""
    return sorted(await tx.fetch(TAKE, workspace_id, at_most, WAITS_S), key=lambda row: row["news_id"])
