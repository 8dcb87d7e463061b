"""`/v1/webhooks/deliveries`: what was sent, what came back, and sending it again."""

import json
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Role
from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.moments import Moment, check_order
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.webhooks import answers, configure_endpoint, deliveries_store, dismiss, endpoints_store
from burnish_gateway.webhooks.bodies import DismissBody
from burnish_gateway.webhooks.deliveries_store import Searched
from burnish_gateway.webhooks.endpoint import Delivery, DeliveryStatus, check_on, endpoint_id_of, no_such_delivery
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.contracts.events import EventType
from burnish_shared.contracts.webhooks import parse_message_id
from burnish_shared.db.session import Tx

router = make_router("webhooks")

LIST = "webhooks/deliveries"


@router.get("/v1/webhooks/deliveries", response_model=answers.DeliveryPage, summary="The delivery log, the newest first")
async def list_deliveries(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    endpoint_id: UUID | None = None,
    event_type: EventType | None = None,
    status: Annotated[DeliveryStatus | None, Query(description="exhausted: the dead letters")] = None,
    reason: Annotated[Text | None, Query(max_length=100, description="Why it ended undelivered, such as endpoint_disabled.")] = None,
    object_id: Annotated[Text | None, Query(max_length=200, description="What the events are about.")] = None,
    event_id: UUID | None = None,
    from_: Annotated[Moment | None, Query(alias="from", description="Made at this time or later.")] = None,
    to: Annotated[Moment | None, Query(description="Made before this time.")] = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """Find an event by `event_id`, and what was told of a prompt, an alert or an execution by `object_id`."""
    check_order(from_, to)
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    before = (datetime.fromisoformat(position[0]), UUID(position[1]), UUID(position[2])) if position else None
    searched = Searched(endpoint_id, event_type, status, reason, object_id, event_id, from_, to)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await deliveries_store.list_newest(tx, principal.workspace_id, searched, before=before, limit=limit + 1)
    page = gateway.cursors.page(found, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=_position)
    return json_response(answers.DeliveryPage(data=[answers.delivery_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.get("/v1/webhooks/deliveries/{delivery_id}", response_model=answers.DeliveryDetailAnswer, summary="One delivery with its attempts")
async def get_delivery(delivery_id: str, principal: Viewer, gateway: GatewayParts) -> Response:
    event_id, endpoint_id = _parsed(delivery_id)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        delivery = await deliveries_store.find(tx, principal.workspace_id, event_id=event_id, endpoint_id=endpoint_id)
        if delivery is None:
            raise no_such_delivery()
        body = await deliveries_store.body(tx, principal.workspace_id, event_id=event_id, endpoint_id=endpoint_id)
        attempts = await deliveries_store.attempts(tx, principal.workspace_id, event_id=event_id, endpoint_id=endpoint_id)
    is_editor = principal.role >= Role.EDITOR
    return json_response(
        answers.DeliveryDetailAnswer(
            **answers.delivery_answer(delivery).model_dump(),
            body=json.loads(body),
            attempt_log=[answers.attempt_answer(one, in_full=is_editor) for one in attempts],
        )
    )


@router.post(
    "/v1/webhooks/deliveries/{delivery_id}/replay", status_code=202, response_model=answers.ReplayAnswer, summary="Send a delivery again"
)
async def post_replay(delivery_id: str, *, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """The same message with the same `webhook-id`, from the beginning of the retry schedule. Live deliveries come first.

    What became of it says `GET /v1/webhooks/deliveries/{id}`. Asking twice is asking once.
    """
    event_id, endpoint_id = _parsed(delivery_id)

    async def work(tx: Tx) -> answers.ReplayAnswer:
        if await deliveries_store.find(tx, principal.workspace_id, event_id=event_id, endpoint_id=endpoint_id) is None:
            raise no_such_delivery()
        check_on(await endpoints_store.find(tx, principal.workspace_id, endpoint_id))
        await deliveries_store.wish_replay(tx, principal.workspace_id, event_id=event_id, endpoint_id=endpoint_id)
        return answers.ReplayAnswer(delivery_id=delivery_id, status="requested")

    return await run_once(gateway, request, principal, status=202, work=work)


@router.post("/v1/webhooks/deliveries/{delivery_id}/dismiss", response_model=answers.DeliveryAnswer, summary="Give a dead letter up")
async def post_dismiss(delivery_id: str, *, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """It becomes `cancelled` with the reason `dismissed`, and no replay of a range sends it; one by its id still does."""
    event_id, endpoint_id = _parsed(delivery_id)

    async def work(tx: Tx) -> answers.DeliveryAnswer:
        return answers.delivery_answer(await dismiss.dismiss_one(tx, principal, event_id=event_id, endpoint_id=endpoint_id))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post(
    "/v1/webhooks/endpoints/{endpoint_id}/dismiss", response_model=answers.DismissedAnswer, summary="Give an endpoint's dead letters up"
)
async def post_dismiss_all(endpoint_id: str, *, request: Request, body: DismissBody, principal: Editor, gateway: GatewayParts) -> Response:
    """As one: they become `cancelled` with the reason `dismissed`. Without `to` all that there are now."""
    wanted = endpoint_id_of(endpoint_id)

    async def work(tx: Tx) -> answers.DismissedAnswer:
        await configure_endpoint.find_endpoint(tx, principal, wanted)
        dismissed, settled_to = await dismiss.dismiss_all(tx, principal, wanted, body)
        return answers.DismissedAnswer(dismissed=dismissed, settled_to=settled_to)

    return await run_once(gateway, request, principal, status=200, work=work)


def _position(delivery: Delivery) -> list[str]:
    return [delivery.created_at.isoformat(), str(delivery.event_id), str(delivery.endpoint_id)]


def _parsed(delivery_id: str) -> tuple[UUID, UUID]:
    """What is no id names no delivery."""
    parsed = parse_message_id(delivery_id)
    if parsed is None:
        raise no_such_delivery()
    return parsed
