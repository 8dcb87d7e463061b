"""`GET /v1/executions` and `/v1/executions/export`: the log, page by page and as a file."""

from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import GatewayParts, Viewer, request_id_of
from burnish_gateway.execution import write_log as file
from burnish_gateway.execution.list_filters import Wanted
from burnish_gateway.execution.read import list_page, listed
from burnish_gateway.streamed_file import FILE_ANSWER, FileFormat, file_response
from burnish_gateway.wire import make_router

router = make_router("executions")


@router.get("/v1/executions", summary="Executions, newest first")
async def list_executions(
    gateway: GatewayParts,
    principal: Viewer,
    wanted: Wanted,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Numbers and ids, no text. Filters may be combined.

    What no index serves is looked for in 100,000 executions a page, what stands beside them (metadata, feedback, scores) in 20,000:
    `searched_to` says how far back it was looked, and `next_cursor` goes on from there, also where the page has few rows or none.
    """
    return await list_page(gateway, principal, cursor=cursor, limit=limit, filters=wanted)


@router.get("/v1/executions/export", summary="Executions as a file, newest first", response_class=Response, responses=FILE_ANSWER)
async def export_executions(
    request: Request, gateway: GatewayParts, principal: Viewer, wanted: Wanted, format: FileFormat = "jsonl"
) -> Response:
    """All that `GET /v1/executions` lists with the same filters: as JSON lines the same objects, as CSV (`format=csv`, UTF-8, RFC 4180) a
    column for each of their values. Numbers and ids, no text.

    It is read in pieces, until all executions were looked through: what is booked meanwhile may be in it or not. While a filter finds
    nothing for long, a blank line every ten seconds says that it goes on; readers of either format pass over it. Where the database goes
    away meanwhile the last line has `error` alone, in CSV the sentence that the file is not whole. In CSV an apostrophe stands before a
    text that would run as a formula.
    """
    first = await file.read_piece(gateway.db, principal.workspace_id, filters=wanted, after=None)  # 503 while there is a status to say it
    pieces = file.pieces_of_log(gateway.db, principal.workspace_id, filters=wanted, first=first)
    said = file.line_of if format == "csv" else listed
    return file_response(pieces, said, columns=file.COLUMNS, format=format, name="executions", request_id=request_id_of(request))
