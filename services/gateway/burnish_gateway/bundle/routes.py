"""`/v1/import`: prompts with their history, and datasets, out of a bundle (`GET /v1/export?scope=prompts`) or a foreign file."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from burnish_gateway.access import audit
from burnish_gateway.bundle import store
from burnish_gateway.bundle.foreign.convert import Format, convert
from burnish_gateway.bundle.form import IMPORT_MOST_BYTES
from burnish_gateway.bundle.import_bundle import Imported, Outcome, import_bundle
from burnish_gateway.deps import Admin, GatewayParts
from burnish_gateway.idempotency import run_once
from burnish_gateway.wire import json_response, make_router, read_body
from burnish_shared.db.session import Tx

router = make_router("export", route_class=APIRoute)

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object", "properties": {"format": {"type": "string"}}}},
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}


class PromptImported(BaseModel):
    """`conflict`: the prompt that is here has another history, and was left alone; `reason` says where."""

    slug: str
    outcome: Outcome
    versions_added: int
    reason: str | None


class DatasetImported(BaseModel):
    name: str
    outcome: Outcome
    items_added: int


class ImportedAnswer(BaseModel):
    """What became of each prompt and dataset, or would. `notes`: what of the file was not taken, and why."""

    dry_run: bool
    prompts: list[PromptImported]
    datasets: list[DatasetImported]
    notes: list[str]


@router.post("/v1/import", response_model=ImportedAnswer, summary="Bring in prompts and datasets from a file", openapi_extra=BODY)
async def post_import(
    request: Request,
    principal: Admin,
    gateway: GatewayParts,
    *,
    format: Annotated[Format, Query(description="`bundle` is our own; see the guide for the others.")] = "bundle",
    dry_run: Annotated[bool, Query(description="Says what would happen, and changes nothing.")] = False,
    model: Annotated[
        str | None, Query(max_length=200, description="For prompts of foreign files that name none; `auto` if not given.")
    ] = None,
) -> Response:
    """At most 16 MiB. The same file twice changes nothing the second time. A prompt that is not here is made with all its versions, labels
    and lineage, authors and times as the file names them; one that is here goes on where the file goes on from the same versions, and its
    labels stay where they are.
    """
    raw = await read_body(request, most_bytes=IMPORT_MOST_BYTES)
    request._body = raw  # where Starlette keeps a body that was read already
    bundle = await asyncio.to_thread(convert, raw, format, model=model or "auto")
    if dry_run:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
            found = await import_bundle(tx, principal, bundle, at=gateway.clock.now(), dry_run=True)
        return json_response(_answer(found, dry_run=True))

    async def work(tx: Tx) -> dict[str, Any]:
        done = await import_bundle(tx, principal, bundle, at=gateway.clock.now(), dry_run=False)
        counts = {"format": format, "prompts": len(done.changed), "datasets": sum(one.items_added > 0 for one in done.datasets)}
        await audit.note(tx, principal, action="workspace.imported", kind="workspace", key=str(principal.workspace_id), after=counts)
        if done.changed:
            await store.note_changes(tx, principal.workspace_id, done.changed)
        return _answer(done, dry_run=False)

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


def _answer(done: Imported, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run, "prompts": [asdict(one) for one in done.prompts], "datasets": [asdict(one) for one in done.datasets],
        "notes": list(done.notes),
    }  # fmt: skip
