"""`/v1/export`: everything that the workspace owns, as lines of JSON."""

from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response, StreamingResponse

from burnish_gateway.access import audit
from burnish_gateway.bundle.write_bundle import write_bundle
from burnish_gateway.clarifications.owner import owner_of
from burnish_gateway.deps import Admin, GatewayParts
from burnish_gateway.export.write_export import write_export
from burnish_gateway.wire import Text, make_router
from burnish_shared.errors import InvalidField
from burnish_shared.slug import parse_folder

router = make_router("export")

MEDIA_TYPE = "application/x-ndjson"


@router.get(
    "/v1/export",
    summary="Everything that this workspace owns, as lines of JSON",
    response_class=Response,
    responses={
        200: {
            "description": "A manifest, one row a line, the counts; of `scope=prompts` a bundle, which is one object",
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "object"}}},
        }
    },
)
async def get_export(
    principal: Admin,
    gateway: GatewayParts,
    *,
    scope: Annotated[Literal["everything", "prompts"], Query(description="`prompts`: a bundle that `/v1/import` takes.")] = "everything",
    folder: Annotated[
        Text | None, Query(max_length=700, description="Of a bundle: this folder and what lies below it, no datasets.")
    ] = None,
) -> Response:
    """The first line says what it is; then `{"table", "row"}` for each row; the last line holds `end` and the counts, and an export without
    it is not whole. Secrets, digests and what runs inside are left out; clarifying
    sessions are your own alone. It is read in pages: what changes meanwhile may be in it or not.
    """
    if folder is not None and scope == "everything":
        raise InvalidField("folder: an export of everything has no folder; add scope=prompts.", param="folder")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        await audit.note(
            tx, principal, action="workspace.exported", kind="workspace", key=str(principal.workspace_id), after={"scope": scope}
        )
    at = gateway.clock.now()
    if scope == "prompts":
        wanted = parse_folder(folder) if folder else None
        lines = write_bundle(gateway.db, principal.workspace_id, folder=wanted, datasets=wanted is None)
        named = {"content-disposition": f'attachment; filename="burnish-prompts-{at:%Y%m%dT%H%M%SZ}.json"'}
        return StreamingResponse(lines, media_type="application/json", headers=named)
    headers = {"content-disposition": f'attachment; filename="burnish-{principal.workspace_id}-{at:%Y%m%dT%H%M%SZ}.jsonl"'}
    return StreamingResponse(
        write_export(gateway.db, principal.workspace_id, at=at, user=owner_of(principal)), media_type=MEDIA_TYPE, headers=headers
    )
