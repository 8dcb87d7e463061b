"""`/v1/batches`: many calls that nobody waits for."""

from typing import Annotated, Literal
from uuid import UUID

from asyncpg import Record
from fastapi import Query, Request
from fastapi.responses import Response, StreamingResponse

from burnish_gateway.access.principal import Principal
from burnish_gateway.batches import answers, file_routes, message_routes, store
from burnish_gateway.batches.answers import BatchAnswer, BatchPage, Estimate, batch_answer
from burnish_gateway.batches.bodies import NewBatch, ResumeBatch
from burnish_gateway.batches.change_batch import cancel_batch, pause_batch, resume_batch
from burnish_gateway.batches.make_batch import ERRORS_SHOWN, make_batch, plan_batch, problems_of, terms_of
from burnish_gateway.batches.results import results_of
from burnish_gateway.deps import Editor, GatewayParts, Viewer, request_id_of
from burnish_gateway.error_answer import PAID
from burnish_gateway.idempotency import replay, run_once
from burnish_gateway.json_lines import MEDIA_TYPE, until_error
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import include, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound

router = make_router("batches")
include(router, file_routes.router, message_routes.creation, message_routes.router)

STATUSES = {
    "validating": ["pending"], "in_progress": ["running"], "paused": ["paused"], "completed": ["completed"], "failed": ["failed"],
    "cancelled": ["cancelled"], "expired": ["expired"],
}  # fmt: skip
"""What may be asked for → statuses of rows."""


@router.post("/v1/batches", status_code=200, response_model=BatchAnswer, responses=PAID, summary="Start a batch")
async def create_batch(request: Request, gateway: GatewayParts, principal: Editor, body: NewBatch) -> Response:
    """Sets aside what it can cost and runs every line as an execution on the batch lane. A line that is wrong says so in the results."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        stored = await replay(gateway, tx, request, principal)
    if stored is not None:
        return stored
    async with gateway.plans:
        plan = await plan_batch(body, gateway=gateway, principal=principal, request_id=request_id_of(request))

        async def work(tx: Tx) -> BatchAnswer:
            batch_id = await make_batch(tx, terms_of(body), plan, gateway=gateway, principal=principal)
            return await _shown(tx, principal, batch_id)

        response = await run_once(gateway, request, principal, status=200, work=work)
    gateway.relay.wake()
    return response


@router.post("/v1/batches/estimate", response_model=Estimate, summary="Estimate a batch")
async def estimate_batch(request: Request, gateway: GatewayParts, principal: Editor, body: NewBatch) -> Response:
    """What it would be and cost. Nothing is begun and nothing set aside."""
    async with gateway.plans:
        plan = await plan_batch(body, gateway=gateway, principal=principal, request_id=request_id_of(request))
    told = answers.estimate_answer(plan)

    async def work(_: Tx) -> Estimate:
        return told

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/batches", summary="List batches")
async def list_batches(
    gateway: GatewayParts,
    principal: Viewer,
    status: Literal["validating", "in_progress", "paused", "completed", "failed", "cancelled", "expired"] | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    after: Annotated[UUID | None, Query(description="In place of a cursor: the last id that was seen.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> BatchPage:
    """Newest first."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of="batches")
    before = UUID(position[0]) if position else after
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_batches(
            tx, principal.workspace_id, status=STATUSES[status] if status else None, before=before, limit=limit + 1
        )
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of="batches", position=lambda row: [str(row["batch_id"])]
    )
    data = [batch_answer(row) for row in page["data"]]
    return BatchPage(
        data=data,
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
        has_more=page["next_cursor"] is not None,
        next_cursor=page["next_cursor"],
    )


@router.get("/v1/batches/{batch_id}", summary="Read a batch")
async def read_batch(gateway: GatewayParts, principal: Viewer, batch_id: UUID) -> BatchAnswer:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await _shown(tx, principal, batch_id)


@router.get("/v1/batches/{batch_id}/results", summary="Read a batch's results", response_class=StreamingResponse)
async def read_results(
    request: Request,
    gateway: GatewayParts,
    principal: Viewer,
    batch_id: UUID,
    from_line: Annotated[int, Query(ge=0, le=2**31 - 1, description="Go on here after a broken stream; the first line is 0.")] = 0,
    follow: Annotated[bool, Query(description="Wait for lines that have no answer yet, until the batch has ended.")] = False,
) -> Response:
    """JSON lines in the order of the input, each with `response` (as the endpoint would have answered) or `error`. 404 once they went with
    the days for which the workspace keeps text. Where the rest cannot be read, or with `follow` the gateway is stopped, the last line
    has `error` alone, whose `details.from_line` says where to go on."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        batch = await _found(tx, principal, batch_id)
        kept = await store.lines_kept(tx, principal.workspace_id, batch_id)
    if kept < batch["total"]:
        raise NotFound(
            "The results of this batch are forgotten: they go with the days for which the workspace keeps text ('retention_days').",
            param="batch_id",
        )
    over = gateway.inbox.over if follow else None
    lines = await results_of(gateway.db, principal.workspace_id, batch, from_line=from_line, over=over)
    return StreamingResponse(until_error(lines, request_id=request_id_of(request)), media_type=MEDIA_TYPE)


@router.post("/v1/batches/{batch_id}/pause", response_model=BatchAnswer, summary="Pause a batch")
async def pause(request: Request, gateway: GatewayParts, principal: Editor, batch_id: UUID) -> Response:
    """What is under way comes to its end; nothing more is begun. What has ended stays as it is."""

    async def work(tx: Tx) -> BatchAnswer:
        await pause_batch(tx, principal, await _found(tx, principal, batch_id, for_update=True))
        return await _shown(tx, principal, batch_id)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/batches/{batch_id}/resume", response_model=BatchAnswer, responses=PAID, summary="Resume a batch")
async def resume(
    request: Request, gateway: GatewayParts, principal: Editor, batch_id: UUID, body: ResumeBatch | None = None
) -> Response:  # fmt: skip
    """Goes on with the lines that have no answer. `max_cost_nusd` sets more aside, where what was set aside is used up."""

    async def work(tx: Tx) -> BatchAnswer:
        batch = await _found(tx, principal, batch_id, for_update=True)
        await resume_batch(tx, principal, batch, max_cost_nusd=body.max_cost_nusd if body else None)
        return await _shown(tx, principal, batch_id)

    response = await run_once(gateway, request, principal, status=200, work=work)
    gateway.relay.wake()
    return response


@router.post("/v1/batches/{batch_id}/cancel", response_model=BatchAnswer, summary="Cancel a batch")
async def cancel(request: Request, gateway: GatewayParts, principal: Editor, batch_id: UUID) -> Response:
    """Ends within seconds: calls under way are cancelled and paid for as far as they came, what was set aside comes back."""

    async def work(tx: Tx) -> BatchAnswer:
        await cancel_batch(tx, principal, await _found(tx, principal, batch_id, for_update=True), now=gateway.clock.now())
        return await _shown(tx, principal, batch_id)

    response = await run_once(gateway, request, principal, status=200, work=work)
    gateway.relay.wake()
    return response


async def _found(tx: Tx, principal: Principal, batch_id: UUID, *, for_update: bool = False) -> Record:
    row = await store.find_batch(tx, principal.workspace_id, batch_id, for_update=for_update)
    if row is None:
        raise NotFound("There is no such batch in this workspace.", param="batch_id")
    return row


async def _shown(tx: Tx, principal: Principal, batch_id: UUID) -> BatchAnswer:
    row = await _found(tx, principal, batch_id)
    errors = problems_of(await store.first_errors(tx, principal.workspace_id, batch_id, most=ERRORS_SHOWN)) if row["failed"] else None
    return batch_answer(row, errors=errors)
