"""`/v1/webhooks/endpoints`: who is told of what."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Role
from burnish_gateway.deps import Admin, Editor, GatewayParts, Viewer
from burnish_gateway.idempotency import answered_before, or_answered, run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.webhooks import answers, bodies, catalogue_routes, delivery_routes, endpoints_store, range_routes, statistics_routes
from burnish_gateway.webhooks import configure_endpoint as configure
from burnish_gateway.webhooks.endpoint import check_on, endpoint_id_of
from burnish_gateway.webhooks.send_test import send_test
from burnish_gateway.wire import Text, include, json_response, make_router
from burnish_shared.contracts.webhooks import message_id
from burnish_shared.db.session import Tx

router = make_router("webhooks")

LIST = "webhooks/endpoints"


@router.post("/v1/webhooks/endpoints", status_code=201, response_model=answers.NewEndpointAnswer, summary="Have a system told of events")
async def post_endpoint(request: Request, body: bodies.EndpointBody, principal: Admin, gateway: GatewayParts) -> Response:
    """The secret is shown this once. Deliveries are signed with it as Standard Webhooks describes."""
    target = await or_answered(gateway.egress.check(body.url), gateway=gateway, request=request, principal=principal)
    if isinstance(target, Response):
        return target

    async def work(tx: Tx) -> answers.NewEndpointAnswer:
        made = await configure.create_endpoint(tx, principal, body, target=target, keyring=gateway.keyring)
        return answers.NewEndpointAnswer(
            **answers.endpoint_answer(made.endpoint).model_dump(), warning=answers.warning_of(target), secret=made.secret
        )

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/webhooks/endpoints", response_model=answers.EndpointPage, summary="All endpoints, the newest first")
async def list_endpoints(
    principal: Viewer,
    gateway: GatewayParts,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await endpoints_store.list_newest(
            tx, principal.workspace_id, before=UUID(position[0]) if position else None, limit=limit + 1
        )
    page = gateway.cursors.page(
        found, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda one: [str(one.endpoint_id)]
    )
    shown = [answers.endpoint_answer(one, in_full=principal.role >= Role.EDITOR) for one in page["data"]]
    return json_response(answers.EndpointPage(data=shown, next_cursor=page["next_cursor"]))


@router.get("/v1/webhooks/endpoints/{endpoint_id}", response_model=answers.EndpointAnswer, summary="One endpoint and how it does")
async def get_endpoint(endpoint_id: str, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        endpoint = await configure.find_endpoint(tx, principal, endpoint_id_of(endpoint_id))
    return json_response(answers.endpoint_answer(endpoint, in_full=principal.role >= Role.EDITOR))


@router.patch(
    "/v1/webhooks/endpoints/{endpoint_id}", response_model=answers.ChangedEndpointAnswer, summary="Change, pause or enable an endpoint"
)
async def patch_endpoint(
    endpoint_id: str, *, request: Request, body: bodies.EndpointChange, principal: Admin, gateway: GatewayParts
) -> Response:
    wanted = endpoint_id_of(endpoint_id)
    target = (
        None
        if body.url is None
        else await or_answered(gateway.egress.check(body.url), gateway=gateway, request=request, principal=principal)
    )
    if isinstance(target, Response):
        return target

    async def work(tx: Tx) -> answers.ChangedEndpointAnswer:
        changed = await configure.change_endpoint(tx, principal, wanted, body, target=target, keyring=gateway.keyring)
        return answers.ChangedEndpointAnswer(
            **answers.endpoint_answer(changed.endpoint).model_dump(), warning=answers.warning_of(target), catch_up_id=changed.catch_up_id
        )

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/webhooks/endpoints/{endpoint_id}", response_model=answers.DeletedEndpointAnswer, summary="Delete an endpoint")
async def delete_endpoint(endpoint_id: str, *, request: Request, principal: Admin, gateway: GatewayParts) -> Response:
    """No attempt begins afterwards. What was pending is cancelled; the log stays readable for 30 days."""
    wanted = endpoint_id_of(endpoint_id)

    async def work(tx: Tx) -> answers.DeletedEndpointAnswer:
        await configure.delete_endpoint(tx, principal, wanted)
        return answers.DeletedEndpointAnswer(id=wanted, deleted=True)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post(
    "/v1/webhooks/endpoints/{endpoint_id}/rotate-secret", response_model=answers.RotatedSecretAnswer, summary="Replace the signing secret"
)
async def post_rotation(
    endpoint_id: str, *, request: Request, principal: Admin, gateway: GatewayParts, body: bodies.RotationBody | None = None
) -> Response:
    """Both secrets sign for the overlap, so that receivers can change over in peace."""
    wanted = endpoint_id_of(endpoint_id)
    overlap_hours = (body or bodies.RotationBody()).overlap_hours

    async def work(tx: Tx) -> answers.RotatedSecretAnswer:
        rotated = await configure.rotate_secret(tx, principal, wanted, overlap_hours=overlap_hours, keyring=gateway.keyring)
        return answers.RotatedSecretAnswer(
            id=wanted, secret=rotated.secret, public_key=rotated.public_key, previous_secret_expires_at=rotated.previous_until
        )

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post(
    "/v1/webhooks/endpoints/{endpoint_id}/test",
    status_code=202,
    response_model=answers.TestAnswer,
    summary="Send a test event to an endpoint",
)
async def post_test(endpoint_id: str, *, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """A `webhook.test` event goes to this endpoint alone, whatever it subscribed to."""
    if (before := await answered_before(gateway, request, principal)) is not None:
        return before
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        endpoint = await configure.find_endpoint(tx, principal, endpoint_id_of(endpoint_id))
    check_on(endpoint)
    target = await gateway.egress.check(endpoint.url)

    async def work(tx: Tx) -> answers.TestAnswer:
        event_id = await send_test(tx, principal.workspace_id, endpoint.endpoint_id, now=gateway.clock.now())
        return answers.TestAnswer(
            delivery_id=message_id(event_id, endpoint.endpoint_id), event_id=event_id, warning=answers.warning_of(target, endpoint)
        )

    answer = await run_once(gateway, request, principal, status=202, work=work)
    gateway.relay.wake()
    return answer


include(router, catalogue_routes.router)
include(router, delivery_routes.router)
include(router, range_routes.router)
include(router, statistics_routes.router)
