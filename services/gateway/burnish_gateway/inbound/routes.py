"""`/v1/inbound-endpoints` for admins, and `/v1/inbound/{endpoint_id}` for the systems that send."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Admin, Gateway, GatewayParts, gateway_of
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.inbound import configure, store
from burnish_gateway.inbound.bodies import (
    InboundAnswer,
    InboundBody,
    InboundChange,
    InboundPage,
    InboundRefusals,
    InboundRotation,
    InboundTrial,
    NewInboundAnswer,
    ReceivedAnswer,
    RotatedInboundAnswer,
    TrialAnswer,
)
from burnish_gateway.inbound.receive import BODY_MOST_BYTES, note_too_large, receive
from burnish_gateway.inbound.try_mapping import try_mapping
from burnish_gateway.sign_in.sign_in import address_of
from burnish_gateway.wire import include, json_response, make_router, read_body
from burnish_shared.db.session import Tx
from burnish_shared.errors import PayloadTooLarge

router = APIRouter()
administration = make_router("feedback")
receiving = make_router("inbound", route_class=APIRoute)

ANY_JSON = {"required": False, "content": {"application/json": {"schema": {"type": "object", "properties": {}}}}}


@administration.post(
    "/v1/inbound-endpoints", status_code=201, response_model=NewInboundAnswer, summary="Take feedback from another system's webhooks"
)
async def post_endpoint(request: Request, body: InboundBody, principal: Admin, gateway: GatewayParts) -> Response:
    """The secret is shown this once. Each expression of the mapping is checked, with the column of a mistake."""
    configure.check(body)

    async def work(tx: Tx) -> NewInboundAnswer:
        return await configure.create(tx, principal, body, keyring=gateway.keyring)

    return await run_once(gateway, request, principal, status=201, work=work)


@administration.get("/v1/inbound-endpoints", response_model=InboundPage, summary="All inbound endpoints, the newest first")
async def list_endpoints(principal: Admin, gateway: GatewayParts) -> Response:
    """At most 100."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_newest(tx)
    return json_response(InboundPage(data=[configure.answer(row) for row in rows]))


@administration.get("/v1/inbound-endpoints/{inbound_id}", response_model=InboundAnswer, summary="One inbound endpoint")
async def get_endpoint(inbound_id: UUID, principal: Admin, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find(tx, inbound_id)
    if row is None:
        raise configure.no_such_endpoint()
    return json_response(configure.answer(row))


@administration.post("/v1/inbound-endpoints/try", response_model=TrialAnswer, summary="See what a message would come to")
async def post_trial(request: Request, body: InboundTrial, principal: Admin, gateway: GatewayParts) -> Response:
    """By an endpoint's mapping, or one that is not saved yet. No signature is asked for.

    Nothing is kept but, under an Idempotency-Key, the answer.
    """
    tried = await or_answered(_tried(gateway, principal, body), gateway=gateway, request=request, principal=principal)
    if isinstance(tried, Response):
        return tried

    async def work(_: Tx) -> TrialAnswer:
        return tried

    return await run_once(gateway, request, principal, status=200, work=work)


async def _tried(gateway: Gateway, principal: Principal, body: InboundTrial) -> TrialAnswer:
    if body.mapping is not None:
        stored = body.mapping.stored()
    else:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
            stored = await configure.stored_mapping(tx, body.inbound_id or principal.workspace_id)
    return await try_mapping(gateway, principal.workspace_id, stored, body.payload)


@administration.patch("/v1/inbound-endpoints/{inbound_id}", response_model=InboundAnswer, summary="Change an inbound endpoint")
async def patch_endpoint(inbound_id: UUID, request: Request, body: InboundChange, principal: Admin, gateway: GatewayParts) -> Response:
    """Everywhere within a second. Each expression of a mapping is checked, with the column of a mistake.

    With `revision`, 409 where somebody changed it since; what stands there already is no change.
    """

    async def work(tx: Tx) -> InboundAnswer:
        return await configure.change(tx, principal, inbound_id, body)

    return await run_once(gateway, request, principal, status=200, work=work)


@administration.post(
    "/v1/inbound-endpoints/{inbound_id}/rotate-secret", response_model=RotatedInboundAnswer, summary="Replace an inbound endpoint's secret"
)
async def post_rotation(
    inbound_id: UUID, *, request: Request, principal: Admin, gateway: GatewayParts, body: InboundRotation | None = None
) -> Response:
    """Both are good for the overlap, so that the sender can change over in peace."""

    async def work(tx: Tx) -> RotatedInboundAnswer:
        return await configure.rotate(tx, principal, inbound_id, body or InboundRotation(), keyring=gateway.keyring)

    return await run_once(gateway, request, principal, status=200, work=work)


@administration.get(
    "/v1/inbound-endpoints/{inbound_id}/refusals", response_model=InboundRefusals, summary="What an inbound endpoint refused, and why"
)
async def list_refusals(inbound_id: UUID, principal: Admin, gateway: GatewayParts) -> Response:
    """The newest 20 of each reason, a second or so after they came, without what was sent. `too_large` and `throttled` are counted by the
    minute (`times`).

    The sender hears less: 401 alike for all that does not fit.
    """
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await configure.refusals(tx, inbound_id))


@administration.delete("/v1/inbound-endpoints/{inbound_id}", response_model=InboundAnswer, summary="Delete an inbound endpoint")
async def delete_endpoint(inbound_id: UUID, request: Request, principal: Admin, gateway: GatewayParts) -> Response:
    """Within a second nothing is taken for it any more. Feedback that it brought stays."""

    async def work(tx: Tx) -> InboundAnswer:
        return await configure.delete(tx, principal, inbound_id)

    return await run_once(gateway, request, principal, status=200, work=work)


@receiving.post(
    "/v1/inbound/{inbound_id}",
    status_code=202,
    response_model=ReceivedAnswer,
    summary="Where another system posts its webhook",
    openapi_extra={"requestBody": ANY_JSON},
)
async def post_message(inbound_id: str, request: Request) -> Response:
    """No key: the signature over the raw bytes says who sends. At most 256 KiB. 202 once it is on disk.

    401 alike for an endpoint that is not there, a signature that does not fit, and a timestamp that is more than 5 minutes away. Sent
    again, the same message counts once.
    """
    gateway, address = gateway_of(request), address_of(request)
    try:
        raw = await read_body(request, most_bytes=BODY_MOST_BYTES)
    except PayloadTooLarge as error:
        await note_too_large(gateway, inbound_id, error, address=address)
        raise
    feedback_id = await receive(gateway, inbound_id, raw, request.headers, address=address)
    return json_response(ReceivedAnswer(feedback_id=feedback_id), status=202)


include(router, administration)
include(router, receiving)
