"""An answer of the queue that one member is asked to look at: who may be asked, and what their inbox says."""

from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.inbox import store as inbox_store
from burnish_gateway.review.review_item import REVIEWERS, ReviewItem
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField


async def check_assignee(tx: Tx, workspace_id: UUID, assignee: UUID) -> None:
    """Raises InvalidField for one who is no member, or does not review."""
    if not await inbox_store.members_of_roles(tx, workspace_id, REVIEWERS, among=[assignee]):
        raise InvalidField(f"assignee: {assignee} is no member of this workspace with the role {' or '.join(REVIEWERS)}.", param="assignee")


async def tell_assignee(tx: Tx, principal: Principal, item: ReviewItem) -> None:
    """Whoever is asked is told, and who was asked before is asked no more. Nobody is told of what was decided, or of what they ask of
    themselves."""
    if item.verdict is not None or item.assigned_to is None:
        return
    await inbox_store.read_queued(tx, principal.workspace_id, item.review_id, but=item.assigned_to)
    if item.assigned_to != principal.user_id:
        await inbox_store.tell_of_answer(tx, principal.workspace_id, item.review_id, user_id=item.assigned_to, by=principal.actor)
