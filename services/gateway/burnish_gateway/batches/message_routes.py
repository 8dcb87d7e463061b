"""`/v1/messages/batches`: the same batches as Anthropic's clients make, follow and read them (PRODUCT E2, E15)."""

import asyncio
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

from asyncpg import Record
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.batches import store
from burnish_gateway.batches.answers import ENDED
from burnish_gateway.batches.bodies import MESSAGES
from burnish_gateway.batches.change_batch import cancel_batch
from burnish_gateway.batches.make_batch import WINDOW_H, BatchTerms, make_batch, plan_lines
from burnish_gateway.batches.message_batches import MessageBatch, MessageBatchPage, message_batch, message_line
from burnish_gateway.batches.read_requests import NewMessageBatch, Requests
from burnish_gateway.batches.results import results_of
from burnish_gateway.deps import Editor, Gateway, GatewayParts, Viewer, bearer, gateway_of, request_id_of, verified_caller
from burnish_gateway.error_answer import ERROR_STATUSES, PAID, ErrorAnswer
from burnish_gateway.idempotency import CANONICAL_MOST_BYTES, replay, run_once
from burnish_gateway.json_lines import MEDIA_TYPE
from burnish_gateway.large_bodies import declared_bytes
from burnish_gateway.wire import json_body, make_router, read_body
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound

router = make_router("batches")
creation = APIRouter(tags=["batches"], responses={code: {"model": ErrorAnswer} for code in ERROR_STATUSES})
"""Its route reads its body by itself: one of other routes may have a megabyte, and is parsed at once."""

BODY_MOST_BYTES: Final = 32 * 1024 * 1024

Beta = Annotated[bool | None, Query(description="Taken and left: Anthropic's package sends it from `client.beta`.")]

PAGE: Final = 20
PAGE_MOST: Final = 1000
"""As many as Anthropic's route tells, where nothing is asked and at the most."""


@creation.post(
    "/v1/messages/batches", response_model=MessageBatch, responses=PAID, summary="Start a batch in Anthropic's format",
    dependencies=[Depends(bearer)], openapi_extra=json_body(NewMessageBatch, role="editor"),
)  # fmt: skip
async def create_message_batch(request: Request) -> Response:
    """At most 10,000 requests and 32 MiB. A request that is wrong says so in the results; where none can be run, nothing is begun. What
    all of it can cost is set aside first. It may take 24 hours. `anthropic-beta` counts for each request."""
    gateway, principal = gateway_of(request), await verified_caller(request, Role.EDITOR)
    with gateway.large_bodies.holding(principal.workspace_id, declared_bytes(request.headers.get("content-length"))):
        return await _made(request, gateway=gateway, principal=principal)


async def _made(request: Request, *, gateway: Gateway, principal: Principal) -> Response:
    raw = await read_body(request, most_bytes=BODY_MOST_BYTES)
    # By its digest only where it counts as it stands anyway, and by that since it takes a sixth of a second for the longest.
    said = raw if len(raw) <= CANONICAL_MOST_BYTES else await asyncio.to_thread(lambda: sha256(raw).digest())
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        stored = await replay(gateway, tx, request, principal, said=said)
        usual = await store.usual_output(tx, principal.workspace_id)
    if stored is not None:
        return stored
    async with gateway.plans:
        requests = Requests(raw, beta=request.headers.get("anthropic-beta"))
        plan = await plan_lines(requests.lines(), usual, gateway=gateway, principal=principal, request_id=request_id_of(request))
        terms = BatchTerms(
            endpoint=MESSAGES, name=requests.terms.name, max_cost_nusd=requests.terms.max_cost_nusd, hours=WINDOW_H
        )  # fmt: skip

        async def work(tx: Tx) -> MessageBatch:
            return await _told(tx, principal, await make_batch(tx, terms, plan, gateway=gateway, principal=principal))

        response = await run_once(gateway, request, principal, status=200, work=work, said=said)
    gateway.relay.wake()
    return response


@router.get("/v1/messages/batches", summary="List batches in Anthropic's format")
async def list_message_batches(
    gateway: GatewayParts,
    principal: Viewer,
    after_id: Annotated[UUID | None, Query(description="The `last_id` of a page: what is older.")] = None,
    before_id: Annotated[UUID | None, Query(description="The `first_id` of a page: what is newer.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE,
    beta: Beta = None,
) -> MessageBatchPage:
    """Newest first, those of the endpoint `/v1/messages`; `GET /v1/batches` lists all."""
    if after_id is not None and before_id is not None:
        raise InvalidField("before_id: stands instead of after_id; give one of them.", param="before_id")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_of_endpoint(
            tx, principal.workspace_id, MESSAGES, older_than=after_id, newer_than=before_id, limit=limit + 1
        )
    has_more = len(rows) > limit
    data = [message_batch(row) for row in (rows[-limit:] if before_id is not None else rows[:limit])]
    return MessageBatchPage(
        data=data, has_more=has_more, first_id=data[0].id if data else None, last_id=data[-1].id if data else None
    )  # fmt: skip


@router.get("/v1/messages/batches/{batch_id}", summary="Read a batch in Anthropic's format")
async def read_message_batch(gateway: GatewayParts, principal: Viewer, batch_id: str, beta: Beta = None) -> MessageBatch:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await _told(tx, principal, _id(batch_id))


@router.get(
    "/v1/messages/batches/{batch_id}/results", summary="Read a batch's results in Anthropic's format", response_class=StreamingResponse
)
async def read_message_results(gateway: GatewayParts, principal: Viewer, batch_id: str, beta: Beta = None) -> Response:
    """JSON lines in the order of the requests, once the batch has ended; `GET /v1/batches/{id}/results` tells what has come before. Where
    the rest cannot be read the stream breaks off. 404 once they went with the days for which the workspace keeps text."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        batch = await _found(tx, principal, _id(batch_id))
        kept = await store.lines_kept(tx, principal.workspace_id, batch["batch_id"])
    if batch["status"] not in ENDED:
        raise Conflict("This batch has not ended yet; GET /v1/batches/{id}/results tells what has come so far.", param="batch_id")
    if kept < batch["total"]:
        raise NotFound(
            "The results of this batch are forgotten: they go with the days for which the workspace keeps text.", param="batch_id"
        )
    lines = await results_of(gateway.db, principal.workspace_id, batch, tell=message_line)
    return StreamingResponse(lines, media_type=MEDIA_TYPE)


@router.post("/v1/messages/batches/{batch_id}/cancel", response_model=MessageBatch, summary="Cancel a batch in Anthropic's format")
async def cancel_message_batch(request: Request, gateway: GatewayParts, principal: Editor, batch_id: str) -> Response:
    """Ends within seconds: calls under way are cancelled and paid for as far as they came. What has ended stays as it is."""

    async def work(tx: Tx) -> MessageBatch:
        batch = await _found(tx, principal, _id(batch_id), for_update=True)
        await cancel_batch(tx, principal, batch, now=gateway.clock.now())
        return await _told(tx, principal, batch["batch_id"])

    response = await run_once(gateway, request, principal, status=200, work=work)
    gateway.relay.wake()
    return response


async def _found(tx: Tx, principal: Principal, batch_id: UUID, *, for_update: bool = False) -> Record:
    row = await store.find_batch(tx, principal.workspace_id, batch_id, for_update=for_update)
    if row is None or row["endpoint"] != MESSAGES:
        raise _no_such_batch()
    return row


def _id(text: str) -> UUID:
    """Anthropic's own ids (`msgbatch_…`) are none of ours."""
    try:
        return UUID(text)
    except ValueError:
        raise _no_such_batch() from None


def _no_such_batch() -> NotFound:
    return NotFound("There is no such batch of /v1/messages in this workspace.", param="batch_id")


async def _told(tx: Tx, principal: Principal, batch_id: UUID) -> MessageBatch:
    return message_batch(await _found(tx, principal, batch_id))
