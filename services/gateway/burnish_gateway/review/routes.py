"""`/v1/review`: answers that a person should look at."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.guardrails.kept_words import kept_words
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.review import decision_routes, settings_routes, store
from burnish_gateway.review.answers import (
    ClaimedAnswer,
    ProgressAnswer,
    ReviewAnswer,
    ReviewDetail,
    ReviewPage,
    listed_review,
    review_answer,
)
from burnish_gateway.review.assign import check_assignee, tell_assignee
from burnish_gateway.review.bodies import ClaimBody, PickBody
from burnish_gateway.review.claim import check_is_something, claim, details
from burnish_gateway.review.progress_store import progress
from burnish_gateway.review.review_item import Status, no_such_review
from burnish_gateway.wire import include, json_response, make_router
from burnish_shared.contracts.review import Reason
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound
from burnish_shared.slug import parse_slug

router = make_router("review")

PromptFilter = Annotated[str | None, Query(max_length=63)]


@router.get("/v1/review", response_model=ReviewPage, summary="The queue, newest first")
async def list_reviews(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    prompt: PromptFilter = None,
    reason: Reason | None = None,
    status: Status | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """What waits, what somebody is at, what was decided; with the beginning of the question. `GET /v1/review/{review_id}` has the texts."""
    slug, of = _slug(prompt), f"review:{prompt or ''}:{reason or ''}:{status or ''}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        before = UUID(position[0]) if position else None
        items = await store.list_items(tx, before=before, limit=limit + 1, slug=slug, reason=reason, status=status)
        asked = await store.questions_of(tx, [one.execution_id for one in items])
    page = gateway.cursors.page(items, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: [one.review_id])
    return json_response(
        ReviewPage(data=[listed_review(one, asked.get(one.execution_id)) for one in page["data"]], next_cursor=page["next_cursor"])
    )


@router.post("/v1/review", status_code=201, response_model=ReviewAnswer, summary="Put an answer into the queue")
async def post_review(request: Request, body: PickBody, principal: Editor, gateway: GatewayParts) -> Response:
    """It comes before all others. One that is in the queue already gets your note; one that was decided stays as it is. With an
    `assignee` it stands in their inbox, and nobody else is given it: 409 where it was decided."""
    [note] = await kept_words(gateway.rules, principal.workspace_id, [body.note])

    async def work(tx: Tx) -> ReviewAnswer:
        if body.assignee is not None:
            await check_assignee(tx, principal.workspace_id, body.assignee)
        picked = await store.pick(tx, principal.workspace_id, [body.execution_id], note=note, by=principal.actor, assignee=body.assignee)
        if not picked:
            raise NotFound("There is no finished execution of this id.", param="execution_id")
        if not await store.has_content(tx, body.execution_id):
            raise Conflict("The text of this execution is not kept, or not any more; there is nothing to look at.", param="execution_id")
        if body.assignee is not None:
            if picked[0].decided_at is not None:
                raise Conflict("This answer was decided already; take the decision back before somebody is asked.", param="execution_id")
            await tell_assignee(tx, principal, picked[0])
        return review_answer(picked[0])

    return await run_once(gateway, request, principal, status=201, work=work)


@router.post("/v1/review/claim", response_model=ClaimedAnswer, summary="Claim the next answers")
async def post_claim(request: Request, body: ClaimBody, principal: Editor, gateway: GatewayParts) -> Response:
    """What you are asked to look at comes first; else the most urgent, and among equals the one that waits longest. Nobody else is given
    them until the lease is over; what you hold already comes before what is new, with a new lease. What you skipped does not come back to
    you, nor does what somebody else is asked to look at."""

    async def work(tx: Tx) -> ClaimedAnswer:
        claimed = await claim(tx, principal, body, count=body.count, lease_s=body.lease_s)
        await check_is_something(tx, body, claimed)
        return claimed

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/review/progress", response_model=ProgressAnswer, summary="How far reviewers have come")
async def get_progress(principal: Viewer, gateway: GatewayParts, *, prompt: PromptFilter = None) -> Response:
    slug = _slug(prompt)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await progress(tx, slug=slug))


include(router, settings_routes.router)


@router.get("/v1/review/{review_id}", response_model=ReviewDetail, summary="One answer of the queue, with its text")
async def get_review(review_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        item = await store.find(tx, review_id)
        if item is None:
            raise no_such_review()
        [shown] = await details(tx, [item])
    return json_response(shown)


include(router, decision_routes.router)


def _slug(prompt: str | None) -> str | None:
    return parse_slug(prompt, param="prompt") if prompt is not None else None
