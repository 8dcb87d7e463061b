"""`/v1/alert-mutes`: what alerts nobody is told of for a while."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.alerts import mute_store as store
from burnish_gateway.alerts.answers import MuteAnswer, MuteBody, MuteList
from burnish_gateway.alerts.known_prompts import check_prompts
from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.wire import json_response, make_router
from burnish_shared.contracts.alert_channels import AlertKind
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.slug import parse_slug

router = make_router("alerts")

LONGEST: Final = timedelta(days=90)


@router.get("/v1/alert-mutes", response_model=MuteList, summary="What is muted now")
async def list_mutes(principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(MuteList(data=await store.list_mutes(tx)))


@router.put("/v1/alert-mutes", response_model=MuteAnswer, summary="Mute alerts of a kind, of a prompt, or all")
async def put_mute(request: Request, body: MuteBody, principal: Editor, gateway: GatewayParts) -> Response:
    """For 90 days at most. Alerts that are raised meanwhile are kept and told to nobody; those that are open already go on."""
    now = gateway.clock.now()
    if not now < body.until <= now + LONGEST:
        raise InvalidField("until: must be a time to come, 90 days away at most.", param="until")
    if body.prompt is not None:
        body = body.model_copy(update={"prompt": parse_slug(body.prompt, param="prompt")})

    async def work(tx: Tx) -> MuteAnswer:
        await check_prompts(tx, [body.prompt] if body.prompt else [], kinds=[body.kind] if body.kind else [], param="prompt")
        muted = await store.put_mute(tx, principal.workspace_id, body, by=principal.actor)
        await audit.note(tx, principal, action="alert_mute.set", kind="alert_mute", key=_name(muted), after=muted.model_dump(mode="json"))
        return muted

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/alert-mutes", response_model=MuteAnswer, summary="End a mute")
async def delete_mute(
    request: Request,
    principal: Editor,
    *,
    gateway: GatewayParts,
    kind: AlertKind | None = None,
    prompt: Annotated[str | None, Query(max_length=63)] = None,
) -> Response:
    async def work(tx: Tx) -> MuteAnswer:
        ended = await store.delete_mute(tx, kind=kind or "", slug=parse_slug(prompt, param="prompt") if prompt else "")
        if ended is None:
            raise NotFound(
                "Nothing is muted so; GET /v1/alert-mutes lists what is.", param="prompt" if prompt else "kind" if kind else None
            )
        await audit.note(
            tx, principal, action="alert_mute.ended", kind="alert_mute", key=_name(ended), before=ended.model_dump(mode="json")
        )
        return ended

    return await run_once(gateway, request, principal, status=200, work=work)


def _name(mute: MuteAnswer) -> str:
    return f"{mute.kind or 'all kinds'} of {mute.prompt or 'all prompts'}"
