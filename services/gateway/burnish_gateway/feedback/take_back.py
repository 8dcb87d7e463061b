"""Takes a reaction back: it counts nowhere from then on, and stands in the history of what it was about."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.feedback import list_store
from burnish_gateway.feedback.list_store import Standing
from burnish_gateway.feedback.record import sender_of
from burnish_shared import subjects
from burnish_shared.contracts.feedback import FeedbackBatch, FeedbackItem
from burnish_shared.db import outbox
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound
from burnish_shared.hops import current_hops
from burnish_shared.ids import new_uuid

SERVICE: Final = "gateway"

STEP: Final = timedelta(microseconds=1)
"""Another gateway's clock may go before ours: what is taken back was accepted before that."""


async def take_back(tx: Tx, principal: Principal, feedback_id: UUID, *, now: datetime) -> None:
    """Has analytics put an entry that says nothing in the place of all that this id says now: on the way that feedback goes, and therefore
    in its order. Whoever says something later is heard again. Safe to repeat: what was taken back stays so.

    Raises NotFound where nothing is known under the id, Conflict where others took its place: then it counts nowhere already.
    """
    current = await list_store.current_of(tx, feedback_id)
    if not current:
        if await list_store.was_replaced(tx, feedback_id):
            raise Conflict("Later feedback took the place of this one, so it counts nowhere; take that one back.", param="feedback_id")
        raise NotFound("There is no feedback of this id. What was accepted is known within a second.", param="feedback_id")
    standing = [one for one in current if not one.is_taken_back]
    if not standing:
        return
    batch = FeedbackBatch(event_id=str(new_uuid()), items=[_item(one, principal, feedback_id, now=now) for one in standing])
    await note(
        tx, principal, action="feedback.taken_back", kind="feedback", key=str(feedback_id),
        before={"kinds": [one.kind for one in standing], "target_kind": standing[0].target_kind},
    )  # fmt: skip
    await outbox.put(
        tx, service=SERVICE, subject=subjects.FEEDBACK_RECORDED_BATCH, message_id=batch.event_id, body=batch.model_dump_json().encode()
    )


def _item(one: Standing, principal: Principal, feedback_id: UUID, *, now: datetime) -> FeedbackItem:
    return FeedbackItem.model_validate(
        {
            "feedback_id": feedback_id,
            "workspace_id": principal.workspace_id,
            "target_kind": one.target_kind,
            "target_id": one.target_id,
            "kind": one.kind,
            "user_id": one.end_user or None,
            "accepted_at": max(now, one.accepted_at + STEP),
            "api_key_id": sender_of(principal),
            "is_taken_back": True,
            "hops": current_hops(),
        }
    )
