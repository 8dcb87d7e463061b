"""`/v1/alert-channels`: where people are told of alerts. (Systems are told by webhooks, which have routes of their own.)"""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.alerts import channel_store as store
from burnish_gateway.alerts import configure_channel as configure
from burnish_gateway.alerts.channel_bodies import ChannelAnswer, ChannelChange, ChannelPage, ChannelTest, DeletedChannel, NewChannel
from burnish_gateway.deps import Admin, Gateway, GatewayParts
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.egress import EgressRefused, Target

router = make_router("alerts")

LIST = "alert-channels"


@router.post("/v1/alert-channels", status_code=201, response_model=ChannelAnswer, summary="Have people told of alerts")
async def post_channel(request: Request, body: NewChannel, principal: Admin, gateway: GatewayParts) -> Response:
    """E-mail, a Slack incoming webhook, a Teams workflow, or PagerDuty. Addresses and keys are write-only."""
    target = await or_answered(_checked(gateway, body.url), gateway=gateway, request=request, principal=principal)
    if isinstance(target, Response):
        return target

    async def work(tx: Tx) -> ChannelAnswer:
        return await configure.create_channel(tx, principal, body, target=target, keyring=gateway.keyring)

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/alert-channels", response_model=ChannelPage, summary="Alert channels and how they do, the newest first")
async def list_channels(
    principal: Admin,
    gateway: GatewayParts,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.list_newest(tx, before=UUID(position[0]) if position else None, limit=limit + 1)
    page = gateway.cursors.page(found, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda one: [str(one.id)])
    return json_response(ChannelPage(data=page["data"], next_cursor=page["next_cursor"]))


@router.get("/v1/alert-channels/{channel_id}", response_model=ChannelAnswer, summary="One alert channel and how it does")
async def get_channel(channel_id: UUID, principal: Admin, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await configure.find_channel(tx, channel_id))


@router.patch("/v1/alert-channels/{channel_id}", response_model=ChannelAnswer, summary="Change an alert channel, or switch it off")
async def patch_channel(channel_id: UUID, *, request: Request, body: ChannelChange, principal: Admin, gateway: GatewayParts) -> Response:
    target = await or_answered(_checked(gateway, body.url), gateway=gateway, request=request, principal=principal)
    if isinstance(target, Response):
        return target

    async def work(tx: Tx) -> ChannelAnswer:
        return await configure.change_channel(tx, principal, channel_id, body=body, target=target, keyring=gateway.keyring)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/alert-channels/{channel_id}", response_model=DeletedChannel, summary="Delete an alert channel")
async def delete_channel(channel_id: UUID, request: Request, principal: Admin, gateway: GatewayParts) -> Response:
    """What was still to be told by it is not told."""

    async def work(tx: Tx) -> DeletedChannel:
        await configure.delete_channel(tx, principal, channel_id)
        return DeletedChannel(id=channel_id, deleted=True)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/alert-channels/{channel_id}/test", status_code=202, response_model=ChannelTest, summary="Try an alert channel")
async def post_test(channel_id: UUID, request: Request, principal: Admin, gateway: GatewayParts) -> Response:
    """A message goes out within seconds, also by a channel that is switched off; `last_notice` says what came of it."""

    async def work(tx: Tx) -> ChannelTest:
        return ChannelTest(id=await configure.test_channel(tx, principal, channel_id), status="pending")

    return await run_once(gateway, request, principal, status=202, work=work)


async def _checked(gateway: Gateway, url: str | None) -> Target | None:
    """The address as the egress guard passes it. Raises EgressRefused for one that may not be called."""
    if url is None:
        return None
    try:
        return await gateway.egress.check(url)
    except EgressRefused as error:
        raise EgressRefused(error.message, param="url") from None
