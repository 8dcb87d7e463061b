"""What a reviewer says of one answer: each one call, and each can bring the next answer with it."""

from typing import TypeVar
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Editor, Gateway, GatewayParts
from burnish_gateway.guardrails.kept_words import kept_words
from burnish_gateway.idempotency import run_once
from burnish_gateway.review.answers import DecidedAnswer, UndoneAnswer
from burnish_gateway.review.bodies import CorrectBody, DecisionBody, LabelBody, SkipBody
from burnish_gateway.review.claim import claim_next
from burnish_gateway.review.decide import decide, skip, undo
from burnish_gateway.wire import make_router
from burnish_shared.db.session import Tx

router = make_router("review")

Body = TypeVar("Body", bound=DecisionBody)


@router.post("/v1/review/{review_id}/label", response_model=DecidedAnswer, summary="Say whether an answer is good")
async def post_label(review_id: UUID, request: Request, body: LabelBody, principal: Editor, gateway: GatewayParts) -> Response:
    """A good answer becomes a dataset item that expects it. Said again by the same person, the newest counts."""
    return await _decide(review_id, request, body, principal=principal, gateway=gateway)


@router.post("/v1/review/{review_id}/correct", response_model=DecidedAnswer, summary="Write what would have been right")
async def post_correct(review_id: UUID, request: Request, body: CorrectBody, principal: Editor, gateway: GatewayParts) -> Response:
    """The verdict is `bad`, and a dataset item expects what you wrote."""
    return await _decide(review_id, request, body, principal=principal, gateway=gateway)


@router.post("/v1/review/{review_id}/skip", response_model=DecidedAnswer, summary="Leave an answer to others, or to nobody")
async def post_skip(review_id: UUID, request: Request, body: SkipBody, principal: Editor, gateway: GatewayParts) -> Response:
    said = await _as_kept(gateway, principal, body)

    async def work(tx: Tx) -> DecidedAnswer:
        done = await skip(tx, principal, review_id, said)
        return done.model_copy(update={"next": await claim_next(tx, principal, body.next)})

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/review/{review_id}/undo", response_model=UndoneAnswer, summary="Take a decision or a skip back")
async def post_undo(review_id: UUID, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """The answer is claimed for you again. Its dataset item goes, unless a test run or an optimization has measured on it already.
    Your own decisions; an admin undoes anybody's. Where there is nothing to undo, nothing changes."""

    async def work(tx: Tx) -> UndoneAnswer:
        return await undo(tx, principal, review_id)

    return await run_once(gateway, request, principal, status=200, work=work)


async def _decide(
    review_id: UUID, request: Request, body: LabelBody | CorrectBody, *, principal: Editor, gateway: GatewayParts
) -> Response:
    said = await _as_kept(gateway, principal, body)

    async def work(tx: Tx) -> DecidedAnswer:
        done = await decide(tx, principal, review_id, said)
        return done.model_copy(update={"next": await claim_next(tx, principal, body.next)})

    return await run_once(gateway, request, principal, status=200, work=work)


async def _as_kept(gateway: Gateway, principal: Principal, body: Body) -> Body:
    """The note and the correction masked as the answer's record is: a correction becomes a dataset item. Raises Unavailable."""
    said = {"note": body.note} | ({"expected": body.expected} if isinstance(body, CorrectBody) else {})
    kept = await kept_words(gateway.rules, principal.workspace_id, list(said.values()))
    return body.model_copy(update=dict(zip(said, kept, strict=True)))
