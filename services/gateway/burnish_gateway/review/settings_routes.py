"""`/v1/review/settings`: what goes into the queue, by prompt, and where decided answers go."""

from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.alerts.store import prompt_exists
from burnish_gateway.datasets.dataset import check_unarchived, no_such_dataset
from burnish_gateway.datasets.store import hold_dataset
from burnish_gateway.deps import Editor, Gateway, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.review import settings_store as store
from burnish_gateway.review.answers import SettingsAnswer, SettingsList
from burnish_gateway.review.bodies import SettingsBody
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.slug import parse_slug

router = make_router("review")

WORKSPACE: Final = ""
ALL_PROMPTS: Final = "(all prompts)"


@router.get("/v1/review/settings", response_model=SettingsList, summary="What goes into the queue, where somebody said so")
async def list_settings(principal: Viewer, gateway: GatewayParts) -> Response:
    """The workspace's own first. Without any, low ratings and corrections are queued, and what evaluators are not sure of."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(SettingsList(data=await store.list_settings(tx)))


@router.put("/v1/review/settings", response_model=SettingsAnswer, summary="Set what goes into the queue, for all prompts")
async def put_default(request: Request, body: SettingsBody, principal: Editor, gateway: GatewayParts) -> Response:
    return await _put(gateway, request, principal, slug=WORKSPACE, body=body)


@router.put("/v1/review/settings/{prompt}", response_model=SettingsAnswer, summary="Set what goes into the queue, for one prompt")
async def put_settings(prompt: str, request: Request, body: SettingsBody, principal: Editor, gateway: GatewayParts) -> Response:
    """Sets all of it: what the body does not say falls back to the workspace's settings."""
    return await _put(gateway, request, principal, slug=parse_slug(prompt, param="prompt"), body=body)


@router.delete("/v1/review/settings", response_model=SettingsAnswer, summary="Fall back to the product's defaults")
async def delete_default(request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    return await _delete(gateway, request, principal, slug=WORKSPACE)


@router.delete("/v1/review/settings/{prompt}", response_model=SettingsAnswer, summary="Fall back to the workspace's settings")
async def delete_settings(prompt: str, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    return await _delete(gateway, request, principal, slug=parse_slug(prompt, param="prompt"))


async def _put(gateway: Gateway, request: Request, principal: Editor, *, slug: str, body: SettingsBody) -> Response:
    async def work(tx: Tx) -> SettingsAnswer:
        if slug and not await prompt_exists(tx, slug):
            raise NotFound("There is no such prompt in this workspace.", param="prompt")
        if body.dataset_id is not None:
            dataset = await hold_dataset(tx, principal.workspace_id, body.dataset_id)
            if dataset is None:
                raise no_such_dataset()
            check_unarchived(dataset)
        before = await store.find(tx, slug=slug)
        after = await store.put(tx, principal.workspace_id, slug=slug, body=body)
        await audit.note(
            tx, principal, action="review_settings.set", kind="review_settings", key=slug or ALL_PROMPTS, before=_plain(before),
            after=_plain(after),
        )  # fmt: skip
        return after

    return await run_once(gateway, request, principal, status=200, work=work)


async def _delete(gateway: Gateway, request: Request, principal: Editor, *, slug: str) -> Response:
    async def work(tx: Tx) -> SettingsAnswer:
        before = await store.delete(tx, slug=slug)
        if before is None:
            raise NotFound("There are no such settings.")
        await audit.note(
            tx, principal, action="review_settings.deleted", kind="review_settings", key=slug or ALL_PROMPTS, before=_plain(before)
        )
        return before

    return await run_once(gateway, request, principal, status=200, work=work)


def _plain(settings: SettingsAnswer | None) -> dict[str, Any] | None:
    return settings.model_dump(mode="json") if settings is not None else None
