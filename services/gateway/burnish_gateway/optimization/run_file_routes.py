"""`/v1/test-runs/{run_id}/file`: all answers of a test run."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import GatewayParts, Viewer, request_id_of
from burnish_gateway.optimization import store
from burnish_gateway.optimization import write_run_file as file
from burnish_gateway.streamed_file import FILE_ANSWER, FileFormat, file_response
from burnish_gateway.wire import make_router
from burnish_shared.errors import NotFound

router = make_router("optimization")


@router.get("/v1/test-runs/{run_id}/file", summary="All answers of a test run as a file", response_class=Response, responses=FILE_ANSWER)
async def read_run_file(
    request: Request,
    gateway: GatewayParts,
    principal: Viewer,
    run_id: UUID,
    correct: Annotated[bool | None, Query(description="Only right answers, or only wrong ones; both, unless given.")] = None,
    format: FileFormat = "jsonl",
) -> Response:
    """JSON lines, or CSV (`format=csv`), one for each answer that has come so far: `item_id`, `repeat`, `input`, `expected`, `metadata`,
    `output`, `correct`, `status`, `error`, `cost_nusd`, `latency_ms`, `execution_id`, `answered_at`, `scores` (by the evaluator's id:
    `score` and `passed`; null where none judged). Texts that the workspace's days have taken are null. Where the database goes away
    meanwhile the last line has `error` alone, in CSV the sentence that the file is not whole. In CSV an
    apostrophe stands before a text that would run as a formula."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        if await store.find_run(tx, principal.workspace_id, "test_run", run_id) is None:
            raise NotFound("There is no test run of this id.")
    pages = file.pages_of_answers(gateway.db, principal.workspace_id, run_id, correct=correct)
    return file_response(
        pages, file.said_of, columns=file.COLUMNS, format=format, name=f"test-run-{run_id}", request_id=request_id_of(request)
    )  # fmt: skip
