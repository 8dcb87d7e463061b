"""`/v1/chains/{slug}/runs` and `/v1/chain-runs`: run a chain, follow it, cancel it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect

from burnish_gateway.access.principal import Principal
from burnish_gateway.chains import runs_store
from burnish_gateway.chains.answers import CancelledRun, ChainRunAnswer, ChainRunPage, RunStatus, run_item
from burnish_gateway.chains.bodies import RunChain
from burnish_gateway.chains.follow_run import ended_run, error_of_run, events_of_run, found_run, http_status_of, read_run
from burnish_gateway.chains.run_chain import ChainRun
from burnish_gateway.chains.runs_store import ENDED, Claim
from burnish_gateway.chains.start_run import RunPlan, insert_run, plan_run
from burnish_gateway.deps import Gateway, GatewayParts, Viewer, request_id_of
from burnish_gateway.execution.streaming import EventStream, paced, unless_gone
from burnish_gateway.idempotency import key_of, replay, run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.still_allowed import ACCESS_ENDED, still_may, while_allowed
from burnish_gateway.wire import ChatRoute, Text, error_response, json_response, make_router
from burnish_shared.chains.walk import SUCCESS
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden
from burnish_shared.slug import parse_label, parse_slug

router = make_router("chains", route_class=ChatRoute)

CANCEL_WAIT_S = 3.0
"""How long the end of a cancelled run is waited for."""


@router.post(
    "/v1/chains/{slug}/runs",
    summary="Run a chain",
    response_model=ChainRunAnswer,
    responses={
        200: {"description": "The run, ended; with `stream` events `run`, `step`, `delta`, then `done` (this object) or `error`"},
        202: {"model": CancelledRun, "description": "`mode: background`: read it by its id, or subscribe to `chain_run.completed`"},
        402: {"description": "The credit or a budget does not suffice for a step"},
        502: {"description": "A step failed; `details` names the run and the step"},
        504: {"description": "The deadline of the run passed; `details` names the run"},
    },
)
async def run_chain(slug: str, request: Request, body: RunChain, principal: Viewer, gateway: GatewayParts) -> Response:
    """Every step is an execution of its own under one trace. A client that goes away cancels the run, unless an Idempotency-Key may bring
    it back; a repeat with the same key gets the same run."""
    name = parse_slug(slug, param="chain")
    label = None if body.label is None else parse_label(body.label)
    plan: RunPlan | None = None
    claims: list[Claim | None] = []

    async def work(tx: Tx) -> dict[str, Any]:
        assert plan is not None  # noqa: S101 - planned before this is called
        run_id, claim = await insert_run(
            tx, plan, body, gateway=gateway, principal=principal, request_id=request_id_of(request),
            traceparent=request.headers.get("traceparent"),
        )  # fmt: skip
        claims[:] = [claim]
        return {"id": str(run_id), "status": "queued" if claim is None else "running"}

    accepted = await _repeated(request, gateway, principal)
    if accepted is None:  # planned outside of the transaction: it reads what a connection of its own may be needed for
        plan = await plan_run(name, label=label, body=body, gateway=gateway, principal=principal)
        accepted = await run_once(gateway, request, principal, status=202, work=work)
    run_id = UUID(json.loads(bytes(accepted.body))["id"])
    is_repeat = "idempotent-replayed" in accepted.headers
    local = gateway.chains.find(run_id) if is_repeat or plan is None else _begun(gateway, principal, claims[0], plan)
    headers = {"x-chain-run-id": str(run_id)} | ({"idempotent-replayed": "true"} if is_repeat else {})
    if body.mode == "background":
        accepted.headers.update(headers | {"location": f"/v1/chain-runs/{run_id}"})
        return accepted
    goes_on = key_of(request) is not None
    if body.stream:
        events = _ending(gateway, principal, run_id, local=local, request_id=request_id_of(request), goes_on=goes_on)
        return EventStream(paced(while_allowed(events, request, principal)), headers=headers)
    return await _answer(request, gateway, principal, run_id, local=local, headers=headers, goes_on=goes_on)


@router.get("/v1/chain-runs", response_model=ChainRunPage, summary="Runs of chains, newest first")
async def list_runs(
    principal: Viewer,
    gateway: GatewayParts,
    chain: Annotated[Text | None, Query(max_length=63, description="Of this chain, by its slug.")] = None,
    status: RunStatus | None = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of="chain-runs")
    slug = None if chain is None else parse_slug(chain, param="chain")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await runs_store.list_runs(
            tx, principal.workspace_id, slug=slug, status=status, before=UUID(position[0]) if position else None, limit=limit + 1
        )
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of="chain-runs", position=lambda row: [str(row["run_id"])]
    )
    return json_response(ChainRunPage(data=[run_item(row) for row in page["data"]], next_cursor=page["next_cursor"]))


@router.get("/v1/chain-runs/{chain_run_id}", response_model=ChainRunAnswer, summary="A run with its steps")
async def get_run(chain_run_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    """What a step said is read by its `execution_id`."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await read_run(tx, principal.workspace_id, chain_run_id))


@router.get("/v1/chain-runs/{chain_run_id}/events", response_class=StreamingResponse, summary="Follow a run")
async def follow_run(chain_run_id: UUID, request: Request, principal: Viewer, gateway: GatewayParts) -> Response:
    """Server-sent events `run`, `step` and `delta` from now on, then `done` or `error`. Whoever stops listening ends nothing."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        await found_run(tx, principal.workspace_id, chain_run_id)
    local = gateway.chains.find(chain_run_id)
    events = events_of_run(gateway, principal, chain_run_id, local=local, request_id=request_id_of(request), may_repeat=True)
    return EventStream(paced(while_allowed(events, request, principal)), headers={})


@router.post("/v1/chain-runs/{chain_run_id}/cancel", response_model=CancelledRun, summary="Cancel a run")
async def cancel_run(chain_run_id: UUID, request: Request, principal: Viewer, gateway: GatewayParts) -> Response:
    """Steps under way are stopped and paid for as far as they came; nothing more begins. What has ended stays as it is."""

    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await found_run(tx, principal.workspace_id, chain_run_id)
        await runs_store.ask_to_cancel(tx, principal.workspace_id, chain_run_id)
    gateway.chains.stop(chain_run_id, "cancelled")
    gateway.chains.wake()
    answer = CancelledRun(id=chain_run_id, status=await _soon(gateway, principal, chain_run_id))

    async def work(_: Tx) -> CancelledRun:
        return answer

    return await run_once(gateway, request, principal, status=200, work=work)


async def _repeated(request: Request, gateway: Gateway, principal: Principal) -> Response | None:
    """The answer to an earlier request with the same Idempotency-Key, whatever became of the chain since."""
    if key_of(request) is None:
        return None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await replay(gateway, tx, request, principal)


def _begun(gateway: Gateway, principal: Principal, claim: Claim | None, plan: RunPlan) -> ChainRun | None:
    """The run, begun here; None where another gateway is to take it."""
    if claim is None:
        gateway.chains.wake()
        return None
    return gateway.chains.begin(claim, principal=principal, given=plan.given)


async def _answer(
    request: Request,
    gateway: Gateway,
    principal: Principal,
    run_id: UUID,
    *,
    local: ChainRun | None,
    headers: dict[str, str],
    goes_on: bool,
) -> Response:
    work = ended_run(gateway, principal, run_id, local=local, has_key=goes_on)
    try:
        answer = await work if goes_on else await unless_gone(request, work)
    except (asyncio.CancelledError, ClientDisconnect):
        if not goes_on and not gateway.inbox.is_over:  # a gateway that is stopped ends no run: another one goes on
            await _cancelled(gateway, principal, run_id)
        raise
    if not await still_may(request, principal, may_expire=True):
        raise Forbidden(ACCESS_ENDED, headers=headers)
    if answer.status == SUCCESS:
        return json_response(answer, headers=headers)
    error = error_of_run(answer, http_status=await http_status_of(gateway, principal, run_id), has_key=goes_on)
    response = error_response(error, request_id=request_id_of(request))
    response.headers.update(headers)
    return response


async def _ending(
    gateway: Gateway, principal: Principal, run_id: UUID, *, local: ChainRun | None, request_id: str, goes_on: bool
) -> AsyncGenerator[bytes | None, None]:
    """The events; the run is cancelled where nobody listens to its end, and nobody may come back for it. It is let be where this gateway
    is stopped."""
    is_over = False
    try:
        following = events_of_run(
            gateway, principal, run_id, local=local, request_id=request_id, may_repeat=goes_on, has_key=goes_on
        )  # fmt: skip
        async with contextlib.aclosing(following) as events:
            async for event in events:
                yield event
        is_over = True
    finally:
        if not is_over and not goes_on and not gateway.inbox.is_over:
            await asyncio.shield(_cancelled(gateway, principal, run_id))


async def _cancelled(gateway: Gateway, principal: Principal, run_id: UUID) -> None:
    gateway.chains.stop(run_id, "cancelled")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await runs_store.ask_to_cancel(tx, principal.workspace_id, run_id)


async def _soon(gateway: Gateway, principal: Principal, run_id: UUID) -> RunStatus:
    """How it ended, or `running` where it has not within CANCEL_WAIT_S."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + CANCEL_WAIT_S
    while True:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
            row = await found_run(tx, principal.workspace_id, run_id)
        if row["status"] in ENDED or loop.time() >= give_up_at:
            status: RunStatus = row["status"]
            return status
        await asyncio.sleep(0.05)
