"""`/v1/files`: what is uploaded for batches, and their answers as files, in the shapes of OpenAI."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from asyncpg import Record
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.batches import store
from burnish_gateway.batches.answers import ENDED, ERRORS, OUTPUT, FileAnswer, FileDeleted, FilePage, file_answer, output_answer
from burnish_gateway.batches.results import EMBEDDINGS, results_of
from burnish_gateway.batches.upload import Upload, is_form, upload_of
from burnish_gateway.deps import Editor, GatewayParts, Viewer, bearer, gateway_of, verified_caller
from burnish_gateway.error_answer import ERROR_STATUSES, ErrorAnswer
from burnish_gateway.idempotency import run_once
from burnish_gateway.json_lines import MEDIA_TYPE
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import read_body
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidBody, NotFound
from burnish_shared.ids import new_uuid

router = APIRouter(tags=["batches"], responses={code: {"model": ErrorAnswer} for code in ERROR_STATUSES})

FILE_MOST_BYTES: Final = 32 * 1024 * 1024

FILE_DAYS: Final = 7

FORM: Final = {
    "type": "object",
    "required": ["file", "purpose"],
    "properties": {"file": {"type": "string", "format": "binary"}, "purpose": {"type": "string", "enum": ["batch"]}},
}

UPLOAD: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            MEDIA_TYPE: {"schema": {"type": "string", "description": "One request, or one input, a line."}},
            "multipart/form-data": {"schema": FORM},
        },
    },
    "x-burnish-role": "editor",
}


@router.post(
    "/v1/files", status_code=201, response_model=FileAnswer, summary="Upload a file", dependencies=[Depends(bearer)], openapi_extra=UPLOAD,
    responses={200: {"model": FileAnswer, "description": "The same, to a form: OpenAI's clients expect it"}},
)  # fmt: skip
async def upload_file(
    request: Request, name: Annotated[str | None, Query(max_length=200, description="Of a file that is sent as it is.")] = None
) -> Response:
    """JSON lines for a batch, at most 32 MiB, as they are or as a form. Kept for seven days."""
    gateway, principal = gateway_of(request), await verified_caller(request, Role.EDITOR)
    raw = await read_body(request, most_bytes=FILE_MOST_BYTES)
    request._body = raw  # where Starlette keeps a body that was read already
    content_type = request.headers.get("content-type", "")
    upload = upload_of(raw, content_type=content_type, name=name)
    _check_text(upload)

    async def work(tx: Tx) -> FileAnswer:
        file_id, now = new_uuid(), gateway.clock.now()
        await store.insert_file(
            tx, file_id=file_id, workspace_id=principal.workspace_id, name=upload.name, purpose="batch", size_bytes=len(upload.content),
            content=upload.content, created_by=principal.actor, created_at=now, expires_at=now + timedelta(days=FILE_DAYS),
        )  # fmt: skip
        after = {"bytes": len(upload.content)}
        await audit.note(tx, principal, action="file.uploaded", kind="file", key=str(file_id), after=after)
        row = await store.find_file(tx, principal.workspace_id, file_id)
        if row is None:
            raise _no_such_file()
        return file_answer(row)

    if not is_form(content_type):
        return await run_once(gateway, request, principal, status=201, work=work)
    return await run_once(gateway, request, principal, status=200, work=work, said=upload.said())


def _check_text(upload: Upload) -> None:
    if not upload.content.strip():
        raise InvalidBody("The file is empty.")
    try:
        upload.content.decode()
    except UnicodeDecodeError as error:
        raise InvalidBody("The file is not UTF-8.") from error


@router.get("/v1/files", summary="List files")
async def list_files(
    gateway: GatewayParts,
    principal: Viewer,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    after: Annotated[UUID | None, Query(description="In place of a cursor: the last id that was seen.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    purpose: Annotated[str | None, Query(max_length=40)] = None,
) -> FilePage:
    """Newest first."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of="files")
    before = UUID(position[0]) if position else after
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_files(tx, principal.workspace_id, before=before, limit=limit + 1)
    page = gateway.cursors.page(
        rows if purpose in (None, "batch") else [], limit=limit, workspace_id=principal.workspace_id, of="files",
        position=lambda row: [str(row["file_id"])],
    )  # fmt: skip
    data = [file_answer(row) for row in page["data"]]
    return FilePage(
        data=data,
        first_id=data[0].id if data else None,
        last_id=data[-1].id if data else None,
        has_more=page["next_cursor"] is not None,
        next_cursor=page["next_cursor"],
    )


@router.get("/v1/files/{file_id}", summary="Read a file's entry")
async def read_file(gateway: GatewayParts, principal: Viewer, file_id: str) -> FileAnswer:
    """Of what was uploaded; or of the answers or errors of a batch, by the `output_file_id` or `error_file_id` that it names."""
    if (asked := _of_batch(file_id)) is not None:
        batch, lines = await _answers(gateway, principal, asked)
        size = None if batch["endpoint"] == EMBEDDINGS else sum([len(one) async for one in lines])
        return output_answer(file_id, batch, size_bytes=size)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find_file(tx, principal.workspace_id, _id(file_id))
    if row is None:
        raise _no_such_file()
    return file_answer(row)


@router.get("/v1/files/{file_id}/content", summary="Read a file", response_class=StreamingResponse)
async def read_content(gateway: GatewayParts, principal: Viewer, file_id: str) -> Response:
    """What was uploaded; or the answers or errors of a batch, by the `output_file_id` or `error_file_id` that it names."""
    if (asked := _of_batch(file_id)) is not None:
        _, lines = await _answers(gateway, principal, asked)
        return StreamingResponse(lines, media_type=MEDIA_TYPE)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        content = await store.content_of(tx, principal.workspace_id, _id(file_id))
    if content is None:
        raise _no_such_file()
    return Response(content, media_type=MEDIA_TYPE)


def _of_batch(file_id: str) -> tuple[UUID, bool] | None:
    """Which batch, and whether its answers or its errors; None for the id of an upload."""
    for ending, is_success in ((OUTPUT, True), (ERRORS, False)):
        if file_id.endswith(ending):
            return _id(file_id.removesuffix(ending)), is_success
    return None


async def _answers(gateway: GatewayParts, principal: Principal, asked: tuple[UUID, bool]) -> tuple[Record, AsyncIterator[bytes]]:
    batch_id, is_success = asked
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        batch = await store.find_batch(tx, principal.workspace_id, batch_id)
        kept = await store.lines_kept(tx, principal.workspace_id, batch_id)
    if batch is None or kept < batch["total"]:
        raise _no_such_file()
    if batch["status"] not in ENDED:
        raise Conflict("The batch has not ended yet; /v1/batches/{id}/results tells what has come so far.")
    return batch, await results_of(gateway.db, principal.workspace_id, batch, wanted=lambda succeeded: succeeded is is_success)


@router.delete("/v1/files/{file_id}", summary="Delete a file")
async def delete_file(gateway: GatewayParts, principal: Editor, file_id: str) -> FileDeleted:
    """Batches that were made of it go on. What a batch gave is no file of its own, and goes with the text of its executions."""
    if _of_batch(file_id) is not None:
        raise Conflict("The answers of a batch are its executions; they go with their text, by age or by erasure.")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        uploaded = _id(file_id)
        row = await store.find_file(tx, principal.workspace_id, uploaded)
        if row is None or not await store.delete_file(tx, principal.workspace_id, uploaded):
            raise _no_such_file()
        before = {"bytes": row["size_bytes"], "created_by": row["created_by"]}
        await audit.note(tx, principal, action="file.deleted", kind="file", key=file_id, before=before)
    return FileDeleted(id=file_id)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _no_such_file() from None


def _no_such_file() -> NotFound:
    return NotFound("There is no such file in this workspace, or its time is over.", param="file_id")
