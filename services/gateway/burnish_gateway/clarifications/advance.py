"""What an owner does with a session: answer, have the prompt written, rate, delete. Each locks the row, so two windows take turns."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from burnish_gateway.clarifications import state, store
from burnish_gateway.clarifications.state import Given
from burnish_gateway.clarifications.store import session_of
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound

SKIPPED = "(skipped)"


def no_such_session() -> NotFound:
    """Said of one that is absent, another workspace's or another person's alike."""
    return NotFound("There is no session of this id, or it is not yours.", param="session_id")


async def found(tx: Tx, session_id: UUID, *, lock: bool = False) -> Record:
    """Raises NotFound."""
    row = await store.find(tx, session_id, lock=lock)
    if row is None:
        raise no_such_session()
    return row


async def submit_answers(tx: Tx, session_id: UUID, given: Sequence[Given], *, hours: float) -> bool:
    """Whether anything is new. Raises NotFound, WrongState, InvalidField; then no answer of the call is kept."""
    row = await found(tx, session_id, lock=True)
    session, new = state.answer(session_of(row), given)
    if not new:
        return False
    await store.save(tx, session_id, session, hours=hours, error=row["error"])
    await store.forget_oldest_answers(tx, session_id, [one.id for one in new])
    for one in new:
        await store.add_message(
            tx, row, role="user", kind="answer" if one.status == "answered" else "note", content=one.said or SKIPPED, question_id=one.id
        )
    return True


async def have_written(tx: Tx, session_id: UUID, *, hours: float) -> bool:
    """The strong model is to write the prompt now. False: it is written, or on its way, already. Raises NotFound, WrongState."""
    row = await found(tx, session_id, lock=True)
    session = session_of(row)
    if session.status == "finalized" or session.task == "write":
        return False
    await store.save(tx, session_id, state.write(session), hours=hours)
    return True


async def rate(tx: Tx, session_id: UUID, *, workspace_id: UUID, owner_id: UUID, rating: int, comments: str) -> UUID:
    """Raises NotFound, WrongState before there is anything to rate."""
    row = await found(tx, session_id)
    if row["status"] in ("pending", "clarifying") and row["round"] == 0:
        raise state.WrongState(
            "The session has asked nothing yet; rate it when there is something to rate.", param="session_id",
            details={"status": row["status"]},
        )  # fmt: skip
    return await store.insert_feedback(tx, workspace_id, owner_id, session_id, rating=rating, comments=comments)
