"""`/v1/audit`: who changed what (PRODUCT T4)."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import Response, StreamingResponse

from burnish_gateway.access import audit_store as store
from burnish_gateway.audit_log.entry import AuditEntry, AuditPage, entry_of
from burnish_gateway.audit_log.export import EXTENSIONS, ExportFormat, export
from burnish_gateway.deps import Admin, GatewayParts
from burnish_gateway.moments import Moment, check_order
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.audit_log import KINDS
from burnish_shared.errors import NotFound

router = make_router("audit")

LIST = "audit"


async def _wanted(
    principal: Admin,
    actor: Annotated[
        Text | None, Query(max_length=300, description="Who: `user:…`, `api_key:…`, `operator` or `system:…`; `me`: the caller.")
    ] = None,
    action: Annotated[Text | None, Query(max_length=300, description="What, or its beginning: `api_key.revoked`, `prompt.label`.")] = None,
    object_kind: Annotated[Text | None, Query(max_length=300, description="Of what kind, such as `prompt`.", examples=list(KINDS))] = None,
    object_id: Annotated[Text | None, Query(max_length=300, description="Its id or name, as it stands in the entry.")] = None,
    request_id: Annotated[Text | None, Query(max_length=300, description="The `x-request-id` of the call that changed it.")] = None,
    start: Annotated[Moment | None, Query(alias="from", description="From this moment on; with its zone.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="Before this moment; with its zone.")] = None,
) -> store.Wanted:
    check_order(start, end)
    return store.Wanted(principal.named(actor), action, object_kind, object_id, request_id, start, end)


Wanted = Annotated[store.Wanted, Depends(_wanted)]


@router.get("/v1/audit", response_model=AuditPage, summary="Changes of configuration, newest first")
async def list_entries(
    gateway: GatewayParts,
    principal: Admin,
    wanted: Wanted,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """Every change of configuration with who, what, when, from where, before and after. Entries are never changed or deleted."""
    after = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_entries(tx, wanted, before=UUID(after[0]) if after else None, limit=limit + 1)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["audit_id"])]
    )
    return json_response(AuditPage(data=[entry_of(row) for row in page["data"]], next_cursor=page["next_cursor"]))


@router.get(
    "/v1/audit/export",
    summary="The audit log as a file, newest first",
    response_class=Response,
    responses={
        200: {
            "description": "One entry a line",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}},
        }
    },
)
async def export_entries(gateway: GatewayParts, principal: Admin, wanted: Wanted, format: ExportFormat = "jsonl") -> Response:
    """JSON lines or CSV (UTF-8, RFC 4180; `before` and `after` are JSON). It is read in pieces: an entry made meanwhile is not in it."""
    media_type, ending = EXTENSIONS[format]
    pieces = export(gateway.db, principal.workspace_id, wanted, format=format)
    first = await anext(pieces)  # before the status is sent: when nothing can be read, the caller hears 503
    headers = {"content-disposition": f'attachment; filename="audit.{ending}"', "cache-control": "no-store"}
    return StreamingResponse(_all(first, pieces), media_type=media_type, headers=headers)


@router.get("/v1/audit/{audit_id}", summary="One change of configuration")
async def read_entry(gateway: GatewayParts, principal: Admin, audit_id: UUID) -> AuditEntry:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find_entry(tx, audit_id)
    if row is None:
        raise NotFound("There is no such entry in this workspace's audit log.")
    return entry_of(row)


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
