"""`/prompts` and `/prompts/{id}`: prompts of the registry in the words of the source systems."""

import json
from datetime import datetime
from typing import Any

from asyncpg import Record
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.compat.source import bodies, store
from burnish_gateway.compat.source.caller import SourcePromptEditor, SourceViewer
from burnish_gateway.compat.source.keep_prompt import change, create, model_for
from burnish_gateway.deps import GatewayParts
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.registry import archive_routes
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.slug import parse_slug

router = make_router("prompts")


class SourcePrompt(BaseModel):
    """`template`: what `production` says. `changes`: what of a template that was sent is written otherwise here."""

    id: str
    name: str
    template: str
    categories: list[str]
    created_at: datetime
    updated_at: datetime
    version: int
    changes: list[str] = Field(default_factory=list)


class DeletedPrompt(BaseModel):
    id: str
    archived: bool = True


@router.get("/prompts", response_model=list[SourcePrompt], summary="Prompts, as the source system lists them")
async def list_prompts(principal: SourceViewer, gateway: GatewayParts) -> Response:
    """A bare list, the newest first, at most 500. Native: `GET /v1/prompts`."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_prompts(tx, principal.workspace_id)
    return json_response([json.loads(_shown(row).model_dump_json()) for row in rows])


@router.post("/prompts", status_code=201, response_model=SourcePrompt, summary="Make a prompt, as the source system does")
async def create_prompt(request: Request, body: bodies.NewSourcePrompt, principal: SourcePromptEditor, gateway: GatewayParts) -> Response:
    """`{ticket}` becomes `{{ticket}}`, JSON braces stay; `changes` says what was written otherwise. Native: `POST /v1/prompts`."""
    model = await or_answered(model_for(gateway, principal, body.model), gateway=gateway, request=request, principal=principal)
    if isinstance(model, Response):
        return model

    async def work(tx: Tx) -> SourcePrompt:
        kept = await create(tx, principal, body, model=model, clock=gateway.clock)
        return _shown(kept.row, changes=kept.changes)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.get("/prompts/{id}", response_model=SourcePrompt, summary="A prompt, as the source system shows it")
async def read_prompt(id: str, principal: SourceViewer, gateway: GatewayParts) -> Response:
    slug = parse_slug(id, param="id")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find_prompt(tx, principal.workspace_id, slug)
    if row is None:
        raise no_such_prompt(slug)
    return json_response(_shown(row))


@router.put("/prompts/{id}", response_model=SourcePrompt, summary="Change a prompt, as the source system does")
async def change_prompt(
    id: str, request: Request, body: bodies.ChangedSourcePrompt, principal: SourcePromptEditor, gateway: GatewayParts
) -> Response:  # fmt: skip
    """A template is saved as the next version, and `production` moves to it. Native: `POST /v1/prompts/{slug}/versions`, `PUT …/labels`."""
    slug = parse_slug(id, param="id")

    async def work(tx: Tx) -> SourcePrompt:
        kept = await change(tx, principal, slug, body, clock=gateway.clock)
        return _shown(kept.row, changes=kept.changes)

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.delete("/prompts/{id}", response_model=DeletedPrompt, summary="Put a prompt away, as the source system deletes it")
async def delete_prompt(id: str, request: Request, principal: SourcePromptEditor, gateway: GatewayParts) -> Response:
    """It can be restored. Native: `POST /v1/prompts/{slug}/archive`."""
    await archive_routes.archive(id, request, principal, gateway)
    return json_response(DeletedPrompt(id=id))


def _shown(row: Record, *, changes: list[str] | None = None) -> SourcePrompt:
    texts = [one["content"] for one in row["content"]["messages"] if one.get("content")]
    told: dict[str, Any] = {name: row[name] for name in ("name", "created_at", "updated_at", "version")}
    return SourcePrompt(id=row["slug"], template="\n\n".join(texts), categories=list(row["categories"]), changes=changes or [], **told)
