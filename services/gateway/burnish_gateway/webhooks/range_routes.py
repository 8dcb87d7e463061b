"""Replays of a range: ask for one, see how far it is, stop it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.webhooks import configure_endpoint, ranges_store, replay_range
from burnish_gateway.webhooks.bodies import RangeBody
from burnish_gateway.webhooks.endpoint import check_on, endpoint_id_of
from burnish_gateway.webhooks.ranges_store import RangeReplay, RangeStatus
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx

router = make_router("webhooks")

LIST = "webhooks/replays"


class RangeAnswer(BaseModel):
    """A replay of a range of deliveries."""

    id: UUID
    endpoint_id: UUID
    kind: str = Field(description="range | catch_up: what was cancelled while the endpoint was disabled")
    status: RangeStatus = Field(description="done: all are started · endpoint_off: the endpoint was disabled or deleted meanwhile")
    from_: datetime = Field(alias="from")
    to: datetime
    statuses: list[str]
    event_types: list[str]
    matched: int = Field(description="Deliveries that matched when it was asked for.")
    restarted: int
    pending: int = Field(description="Of the restarted ones, how many have not ended.")
    cancel_requested: bool
    requested_at: datetime
    finished_at: datetime | None


class RangePage(BaseModel):
    data: list[RangeAnswer]
    next_cursor: str | None


@router.post(
    "/v1/webhooks/endpoints/{endpoint_id}/replay", status_code=202, response_model=RangeAnswer, summary="Send a range of deliveries again"
)
async def post_range(endpoint_id: str, *, request: Request, body: RangeBody, principal: Editor, gateway: GatewayParts) -> Response:
    """Each keeps its `webhook-id`. Some twenty a second are started, and few at once, so that live deliveries come first."""
    wanted = endpoint_id_of(endpoint_id)

    async def work(tx: Tx) -> RangeAnswer:
        check_on(await configure_endpoint.find_endpoint(tx, principal, wanted))
        return _answer(await replay_range.request_range(tx, principal, wanted, body, now=gateway.clock.now()))

    return await run_once(gateway, request, principal, status=202, work=work)


@router.get("/v1/webhooks/replays", response_model=RangePage, summary="Replays of ranges, the newest first")
async def list_ranges(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    endpoint_id: UUID | None = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    before = UUID(position[0]) if position else None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await ranges_store.list_newest(tx, principal.workspace_id, endpoint_id=endpoint_id, before=before, limit=limit + 1)
    page = gateway.cursors.page(found, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda one: [str(one.range_id)])
    return json_response(RangePage(data=[_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.get("/v1/webhooks/replays/{replay_id}", response_model=RangeAnswer, summary="How far a replay has come")
async def get_range(replay_id: str, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(_answer(await replay_range.find_range(tx, principal.workspace_id, _parsed_replay(replay_id))))


@router.post("/v1/webhooks/replays/{replay_id}/cancel", response_model=RangeAnswer, summary="Stop a replay")
async def post_cancel(replay_id: str, *, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """No further delivery of it is started; those under way go on."""
    wanted = _parsed_replay(replay_id)

    async def work(tx: Tx) -> RangeAnswer:
        return _answer(await replay_range.cancel_range(tx, principal, wanted))

    return await run_once(gateway, request, principal, status=200, work=work)


def _answer(one: RangeReplay) -> RangeAnswer:
    return RangeAnswer.model_validate(
        {
            "id": one.range_id, "endpoint_id": one.endpoint_id, "kind": one.kind, "status": one.status, "from": one.from_at,
            "to": one.to_at,
            "statuses": list(one.statuses), "event_types": list(one.event_types), "matched": one.matched, "restarted": one.restarted,
            "pending": one.pending, "cancel_requested": one.cancel_requested, "requested_at": one.requested_at,
            "finished_at": one.finished_at,
        }
    )  # fmt: skip


def _parsed_replay(replay_id: str) -> UUID:
    try:
        return UUID(replay_id)
    except ValueError:
        raise replay_range.no_such_replay() from None
