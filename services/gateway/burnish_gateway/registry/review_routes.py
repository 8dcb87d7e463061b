"""Reviews of versions over HTTP (PRODUCT P5)."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway, GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.inbox.kinds import ReviewStatus
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry import announce, review_store, store
from burnish_gateway.registry.history_answers import VersionReview, VersionReviewPage, review_answer
from burnish_gateway.registry.history_bodies import DecideReview, RequestReview, SendBack
from burnish_gateway.registry.prompt import Head, no_such_prompt
from burnish_gateway.registry.review_version import Decision, decide_review, request_review, why_not_approved
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.slug import MAX_VERSION, Slug, parse_slug

router = make_router("prompts")

LIST = "version-reviews"

Number = Annotated[int, Path(ge=1, le=MAX_VERSION)]


@router.get("/v1/version-reviews", response_model=VersionReviewPage, summary="Versions that were handed in for review, the newest first")
async def list_reviews(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    status: ReviewStatus | None = None,
    prompt: Annotated[Text | None, Query(max_length=200)] = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """`status=in_review`: what waits for somebody."""
    slug = None if prompt is None else parse_slug(prompt, param="prompt")
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await review_store.list_reviews(
            tx, principal.workspace_id, status=status, slug=slug, before=UUID(position[0]) if position else None, limit=limit + 1
        )
    page = gateway.cursors.page(found, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda one: [str(one.review_id)])
    return json_response(VersionReviewPage(data=[review_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.get(
    "/v1/prompts/{slug}/versions/{version}/review",
    response_model=VersionReview,
    summary="Whether a version is a draft, in review or approved",
)
async def get_review(slug: str, version: Number, principal: Viewer, gateway: GatewayParts) -> Response:
    name = parse_slug(slug)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        head.named(label=None, version=version)
        return json_response(await _state(tx, principal, head, version))


@router.post(
    "/v1/prompts/{slug}/versions/{version}/review", status_code=201, response_model=VersionReview, summary="Ask for a review of a version"
)
async def ask(
    slug: str, version: Number, *, request: Request, principal: PromptEditor, gateway: GatewayParts, body: RequestReview | None = None
) -> Response:
    name, asked = parse_slug(slug), body or RequestReview()

    async def change(tx: Tx) -> Head:
        return await request_review(
            tx, principal, name, version, note=asked.note, reviewers=list(dict.fromkeys(asked.reviewers)), clock=gateway.clock
        )

    return await _answered(gateway, request, principal, version=version, change=change, status=201)


@router.post("/v1/prompts/{slug}/versions/{version}/review/approve", response_model=VersionReview, summary="Approve a version")
async def approve(
    slug: str, version: Number, *, request: Request, principal: PromptEditor, gateway: GatewayParts, body: DecideReview | None = None
) -> Response:
    """Protected labels may move to it. Where the workspace says so, not by its author, nor by their keys. Repeating changes nothing."""
    change = _decision(principal, parse_slug(slug), version, decision="approved", comment=body.comment if body else "", clock=gateway.clock)
    return await _answered(gateway, request, principal, version=version, change=change)


@router.post("/v1/prompts/{slug}/versions/{version}/review/send-back", response_model=VersionReview, summary="Send a version back")
async def send_back(
    slug: str, version: Number, *, request: Request, body: SendBack, principal: PromptEditor, gateway: GatewayParts
) -> Response:
    """It is a draft again. An approval can be taken back this way too: labels stay where they are, but move to it no more."""
    change = _decision(principal, parse_slug(slug), version, decision="sent_back", comment=body.comment, clock=gateway.clock)
    return await _answered(gateway, request, principal, version=version, change=change)


@router.post(
    "/v1/prompts/{slug}/versions/{version}/review/withdraw", response_model=VersionReview, summary="Take a request for review back"
)
async def withdraw(slug: str, version: Number, *, request: Request, principal: PromptEditor, gateway: GatewayParts) -> Response:
    change = _decision(principal, parse_slug(slug), version, decision="withdrawn", comment="", clock=gateway.clock)
    return await _answered(gateway, request, principal, version=version, change=change)


Change = Callable[[Tx], Awaitable[Head]]


def _decision(principal: Principal, slug: Slug, version: int, *, decision: Decision, comment: str, clock: Clock) -> Change:
    async def change(tx: Tx) -> Head:
        return await decide_review(tx, principal, slug, version, decision=decision, comment=comment, clock=clock)

    return change


async def _answered(
    gateway: Gateway, request: Request, principal: Principal, *, version: int, change: Change, status: int = 200
) -> Response:
    async def work(tx: Tx) -> VersionReview:
        head = await change(tx)
        state = await _state(tx, principal, head, version)
        await announce.prompt_changed(tx, principal.workspace_id, head.prompt.slug)  # routing rules ask what is approved
        return state

    answer = await run_once(gateway, request, principal, status=status, work=work)
    await gateway.catalog.catch_up()
    return answer


async def _state(tx: Tx, principal: Principal, head: Head, version: int) -> VersionReview:
    reviews = await review_store.reviews_of(tx, head.prompt, version)
    status = await review_store.status_of(tx, head.prompt, version)
    return VersionReview(
        slug=head.prompt.slug,
        version=version,
        status=status,
        approval_refused=await why_not_approved(tx, principal, head.prompt, version) if status == "in_review" else None,
        labels=[placed.label for placed in head.labels.values() if placed.version == version],
        reviews=[review_answer(one) for one in reviews],
    )
