"""The next answers for one person: nobody else is given them until the lease is over."""

from collections.abc import Sequence

from burnish_gateway.access.principal import Principal
from burnish_gateway.alerts.store import prompt_exists
from burnish_gateway.feedback.store import feedback_of_many
from burnish_gateway.review import store
from burnish_gateway.review.answers import ClaimedAnswer, ReviewDetail, review_detail
from burnish_gateway.review.bodies import LEASE_S, Wanted
from burnish_gateway.review.review_item import ReviewItem
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound


async def claim(tx: Tx, principal: Principal, wanted: Wanted, *, count: int = 1, lease_s: int = LEASE_S) -> ClaimedAnswer:
    """Those that the person is asked for come first, then those that they are at already, so that a reload shows the same."""
    items = await store.claim(
        tx,
        principal.workspace_id,
        actor=principal.actor,
        user_id=principal.user_id,
        slug=wanted.prompt,
        reason=wanted.reason,
        count=count,
        lease_s=lease_s,
    )
    waiting = await store.count_waiting(tx, principal.workspace_id, user_id=principal.user_id, slug=wanted.prompt, reason=wanted.reason)
    return ClaimedAnswer(data=await details(tx, items), waiting=waiting)


async def check_is_something(tx: Tx, wanted: Wanted, claimed: ClaimedAnswer) -> None:
    """Raises NotFound for a prompt that is not there and of which nothing waits."""
    if wanted.prompt is not None and not claimed.data and not claimed.waiting and not await prompt_exists(tx, wanted.prompt):
        raise NotFound("There is no such prompt.", param="prompt")


async def claim_next(tx: Tx, principal: Principal, wanted: Wanted | None) -> ReviewDetail | None:
    """One answer, for a decision that asked for the next. None: it did not ask, or nothing waits, also of a prompt that is not there any
    more: the decision counts all the same."""
    if wanted is None:
        return None
    claimed = await claim(tx, principal, wanted)
    return claimed.data[0] if claimed.data else None


async def details(tx: Tx, items: Sequence[ReviewItem]) -> list[ReviewDetail]:
    """With texts, and what people said of them."""
    ids = [item.execution_id for item in items]
    if not ids:
        return []
    contents = await store.contents_of(tx, ids)
    feedback = await feedback_of_many(tx, ids)
    scores = await store.scores_of(tx, ids)
    return [
        review_detail(
            one,
            contents.get(one.execution_id),
            feedback=feedback.get(one.execution_id, []),
            scores=list(scores.get(one.execution_id, [])),
        )
        for one in items
    ]
