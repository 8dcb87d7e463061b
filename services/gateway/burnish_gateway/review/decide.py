"""What a reviewer says of one answer: label, correct, skip, undo. The newest word of the same person counts; another's stands."""

from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.datasets.content import Content
from burnish_gateway.inbox import store as inbox_store
from burnish_gateway.review import store
from burnish_gateway.review.answers import DecidedAnswer, KeptAnswer, UndoneAnswer, review_answer
from burnish_gateway.review.bodies import LEASE_S, CorrectBody, LabelBody, SkipBody
from burnish_gateway.review.keep_answer import NotKept, keep_answer, take_back
from burnish_gateway.review.review_item import ReviewItem, no_such_review
from burnish_shared.contracts.review import Verdict
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden
from burnish_shared.expected_answer import is_same


async def decide(tx: Tx, principal: Principal, review_id: UUID, body: LabelBody | CorrectBody) -> DecidedAnswer:
    """Writes the verdict, and keeps the answer as a dataset item where there is a right one to be expected.

    Raises NotFound, and Conflict when somebody else has decided it or is at it, or the dataset is archived.
    """
    item, left = await _opened(tx, principal, review_id)
    content = (await store.contents_of(tx, [item.execution_id])).get(item.execution_id)
    verdict, correction = _verdict(body, content.output if content is not None else None)
    expected = _expected(verdict, correction, content)
    kept: KeptAnswer | NotKept = NotKept("The call asked for none.")
    if body.add_to_dataset:
        kept = await keep_answer(tx, principal, item, content, expected=expected, dataset_id=body.dataset_id)
    made = kept if isinstance(kept, KeptAnswer) else None
    decided = await store.save_decision(
        tx,
        review_id,
        verdict=verdict,
        expected=correction,
        note=body.note,
        by=principal.actor,
        dataset_id=made.dataset_id if made else None,
        item_id=made.item_id if made else None,
        item_added=made.added if made else False,
    )
    await inbox_store.read_queued(tx, principal.workspace_id, review_id)
    await _keep_for(tx, principal, item, left)
    after = {"verdict": verdict, "corrected": correction is not None, "dataset_item": str(made.item_id) if made else None}
    await audit.note(tx, principal, action="review.decided", kind="review", key=str(review_id), after=after)
    return DecidedAnswer(
        item=review_answer(decided), dataset_item=made, not_kept=kept.reason if isinstance(kept, NotKept) else None, next=None
    )


async def skip(tx: Tx, principal: Principal, review_id: UUID, body: SkipBody) -> DecidedAnswer:
    """Leaves it to the others, or to nobody. Raises NotFound, and Conflict as `decide` does."""
    item, left = await _opened(tx, principal, review_id)
    await _keep_for(tx, principal, item, left)
    skipped = await store.save_skip(
        tx, review_id, by=principal.actor, user_id=principal.user_id, note=body.note, set_aside=body.for_everybody
    )
    if skipped.set_aside or skipped.assigned_to is None:
        await inbox_store.read_queued(tx, principal.workspace_id, review_id)
    return DecidedAnswer(item=review_answer(skipped), dataset_item=None, not_kept="The answer was skipped.", next=None)


async def undo(tx: Tx, principal: Principal, review_id: UUID) -> UndoneAnswer:
    """Takes back what was said of it, and claims it; whoever is asked for it finds it unread again. Where nothing was said, nothing
    changes.

    Raises NotFound, and Forbidden for another's decision unless the caller is an admin.
    """
    item = await store.lock(tx, review_id)
    if item is None:
        raise no_such_review()
    if item.decided_by not in (None, principal.actor) and principal.role < Role.ADMIN:
        raise Forbidden(f"{item.decided_by} has decided on this answer; they, or an admin, can undo it.")
    if item.verdict is None and not item.set_aside and principal.actor not in item.skipped_by:
        return UndoneAnswer(item=review_answer(item), item_removed=False)
    undone, left = await _undone(tx, principal, item)
    if item.assigned_to is not None:
        await inbox_store.unread_queued(tx, principal.workspace_id, review_id, user_id=item.assigned_to)
    await _keep_for(tx, principal, item, left)
    return undone


async def _opened(tx: Tx, principal: Principal, review_id: UUID) -> tuple[ReviewItem, list[ReviewItem]]:
    """The item, locked, as it was; what the same person said of it before is taken back. And whom that leaves without an item."""
    item = await store.lock(tx, review_id)
    if item is None:
        raise no_such_review()
    item.check_open_to(principal.actor)
    if item.verdict is None:
        return item, []
    return item, (await _undone(tx, principal, item))[1]


async def _undone(tx: Tx, principal: Principal, item: ReviewItem) -> tuple[UndoneAnswer, list[ReviewItem]]:
    """And others who decided on the same input, whose item is gone with it."""
    left = await store.others_that_kept(tx, item.item_id, but=item.review_id) if item.item_id and item.item_added else []
    removed = await take_back(tx, principal, item)
    again = await store.reopen(tx, item.review_id, by=principal.actor, lease_s=LEASE_S)
    before = {"verdict": item.verdict, "decided_by": item.decided_by, "dataset_item": str(item.item_id) if item.item_id else None}
    await audit.note(
        tx, principal, action="review.undone", kind="review", key=str(item.review_id), before=before, after={"item_removed": removed}
    )
    return UndoneAnswer(item=review_answer(again), item_removed=removed), left if removed else []


async def _keep_for(tx: Tx, principal: Principal, taken: ReviewItem, left: list[ReviewItem]) -> None:
    """Their word stands: the item comes again with what the first of them expects. One whose text is forgotten stays without."""
    contents = await store.contents_of(tx, [one.execution_id for one in left])
    for one in left:
        content = contents.get(one.execution_id)
        expected = _expected(one.verdict, one.expected, content)
        kept = await keep_answer(tx, principal, one, content, expected=expected, dataset_id=taken.dataset_id)
        if isinstance(kept, KeptAnswer):
            await store.set_kept(tx, one.review_id, dataset_id=kept.dataset_id, item_id=kept.item_id, item_added=kept.added)


def _expected(verdict: str | None, correction: str | None, content: Content | None) -> str | None:
    """The right answer that a decision names, if it names one."""
    if correction is not None:
        return correction
    return content.output if verdict == "good" and content is not None else None


def _verdict(body: LabelBody | CorrectBody, output: str | None) -> tuple[Verdict, str | None]:
    """The verdict, and the correction where there is one."""
    if isinstance(body, LabelBody):
        return body.verdict, None
    if output is not None and is_same(body.expected, output):
        return "good", None
    return "bad", body.expected
