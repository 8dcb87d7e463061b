"""The results of a batch as JSON lines, in the order of the input: what the books say of each call."""

import asyncio
import json
import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.batches import store
from burnish_gateway.batches.answers import ENDED
from burnish_gateway.batches.bodies import MESSAGES
from burnish_gateway.compat.anthropic.answer import message
from burnish_gateway.compat.anthropic.errors import anthropic_error
from burnish_gateway.compat.completion import completion
from burnish_gateway.compat.embeddings import EmbeddingNotKept, embeddings
from burnish_gateway.compat.error_answer import as_too_long
from burnish_gateway.compat.format import Facts
from burnish_gateway.compat.responses.kept import asked_of, kept_response
from burnish_gateway.execution import books
from burnish_gateway.execution import store as executions
from burnish_gateway.execution.answer import failure_of
from burnish_shared.contracts.executions import Status
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError, Busy, Unavailable

EMBEDDINGS: Final = "/v1/embeddings"

OPENAIS: Final = frozenset({"/v1/chat/completions", "/v1/responses", EMBEDDINGS})
"""Endpoints whose answers are in OpenAI's words."""

LINES_AT_ONCE: Final = 200

VECTORS_AT_ONCE: Final = 10
"""Lines of embeddings, each of which may hold 700 kB of vectors, and three times that as numbers."""

LOOK_EVERY_S: Final = 0.3

PATIENCE_S: Final = 10.0
"""So long a page behind the first is tried for: a restart of PostgreSQL is shorter, and of what is longer the reader hears soon."""

UNSENT: Final = {"code": "not_sent", "message": "The batch ended before this was sent."}
GONE: Final = {"code": "not_found", "message": "Its execution is not there any more."}

Wanted = Callable[[bool], bool]
"""By whether a line succeeded."""

Tell = Callable[[Record, Record, Record | None], bytes]
"""From a batch, a line that has ended and its execution to what is read."""


@dataclass(frozen=True, slots=True)
class _Page:
    lines: Sequence[Record]
    rows: Mapping[Any, Record]
    is_over: bool


def line_of(batch: Record, line: Record, execution: Record | None) -> bytes:
    """As a file of OpenAI's batches has it: `response` as the endpoint would have answered; `error` beside it where it is no success."""
    shown: dict[str, Any] = {
        "id": f"{batch['batch_id']}:{line['line']}", "line": line["line"], "custom_id": line["custom_id"], "model": line["model"],
        "response": None, "error": None,
    }  # fmt: skip
    if execution is None:
        shown["error"] = line["error"] or (UNSENT if line["status"] == "unsent" else GONE)
        return as_line(shown)
    outcome = executions.outcome_of(execution, output_json=books.output_json(execution))
    response: dict[str, Any] = {"status_code": 200, "request_id": str(outcome.id), "body": None}
    error: BurnishError | None = None
    if outcome.status is not Status.SUCCESS:
        error = failure_of(outcome.model_dump_json().encode())
        if batch["endpoint"] in OPENAIS:
            error = as_too_long(error)
    else:
        try:
            response["body"] = _body(batch["endpoint"], outcome.model_dump(mode="json"), execution)
        except EmbeddingNotKept:
            error = EmbeddingNotKept("The vectors of this line are not kept: they were forgotten, or too many to be.")
    if error is not None:
        shown["error"] = {"code": error.code, "message": error.message}
        if batch["endpoint"] == MESSAGES:
            refused = anthropic_error(error, request_id=response["request_id"])
            response |= {"status_code": refused.status_code, "body": json.loads(bytes(refused.body))}
        else:
            response |= {"status_code": error.status, "body": {"error": {"type": error.type, **shown["error"], "details": error.details}}}
    return as_line(shown | {"response": response})


def _body(endpoint: str, outcome: Facts, execution: Record) -> Facts:
    """A success as the endpoint tells it. Raises EmbeddingNotKept."""
    match endpoint:
        case "/v1/chat/completions":
            made: Facts = json.loads(completion(outcome))
            return made
        case "/v1/responses":
            return kept_response(outcome, asked=asked_of(execution))
        case _ if endpoint == MESSAGES:
            said: Facts = json.loads(message(outcome))
            return said
        case _ if endpoint == EMBEDDINGS:
            return embeddings(outcome, inputs=len(execution["messages"] or []), as_base64=False)
        case _:
            return outcome


def as_line(shown: Facts) -> bytes:
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


async def results_of(
    db: Database, workspace_id: UUID, batch: Record, *, from_line: int = 0, over: asyncio.Event | None = None,
    wanted: Wanted = lambda _: True, tell: Tell = line_of,
) -> AsyncGenerator[bytes, None]:  # fmt: skip
    """Lines that have an answer. With `over` each in its turn, waiting for those that have none yet, until the batch has ended.

    Without it the first page is read before this returns, so that Unavailable may still be an answer; the lines raise it where a later
    page cannot be read within PATIENCE_S. With `over` they wait while PostgreSQL is away, and raise it once that is set, or where it is
    busy for that long.
    """
    is_over = batch["status"] in ENDED
    first = await _read(db, workspace_id, batch, from_line, is_over=True) if over is None else None
    return _lines(db, workspace_id, batch, first, next_line=from_line, over=over, is_over=is_over, wanted=wanted, tell=tell)


async def _lines(
    db: Database, workspace_id: UUID, batch: Record, page: _Page | None, *, next_line: int, over: asyncio.Event | None, is_over: bool,
    wanted: Wanted, tell: Tell,
) -> AsyncGenerator[bytes, None]:  # fmt: skip
    batch_id, follows = batch["batch_id"], over is not None
    now, give_up_at = asyncio.get_running_loop().time, math.inf
    while True:
        if page is None:
            try:
                page = await _read(db, workspace_id, batch, next_line, is_over=is_over or not follows)
            except Unavailable as error:
                if not follows or isinstance(error, Busy):
                    give_up_at = min(give_up_at, now() + PATIENCE_S)
                    if now() >= give_up_at:
                        raise Unavailable(error.message, retry_after_s=1, details=_go_on(batch_id, next_line)) from error
                await _pause(over, batch_id, next_line)
                continue
        give_up_at, is_over, has_waited = math.inf, page.is_over, False
        for line in page.lines:
            execution = page.rows.get(line["execution_id"])
            if line["status"] is None and follows and not is_over:
                has_waited = True
                break
            next_line = line["line"] + 1
            if line["status"] is None:
                continue
            succeeded = line["status"] == Status.SUCCESS or (execution is not None and execution["status"] == Status.SUCCESS)
            if wanted(succeeded):
                yield await _rendered(tell, batch, line, execution)
        if has_waited:
            await _pause(over, batch_id, next_line)
        elif len(page.lines) < _at_once(batch):
            return
        page = None


def _at_once(batch: Record) -> int:
    return VECTORS_AT_ONCE if batch["endpoint"] == EMBEDDINGS else LINES_AT_ONCE


async def _read(db: Database, workspace_id: UUID, batch: Record, from_line: int, *, is_over: bool) -> _Page:
    """Looks whether the batch has ended too, unless `is_over`."""
    batch_id = batch["batch_id"]
    async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        if not is_over:
            row = await store.find_batch(tx, workspace_id, batch_id)
            is_over = row is None or row["status"] in ENDED
        lines = await store.page_of_lines(tx, workspace_id, batch_id, from_line=from_line, limit=_at_once(batch))
        ids = [one["execution_id"] for one in lines if one["execution_id"] is not None]
        rows = await store.executions_of(tx, workspace_id, ids)
        await executions.flush(tx)
    return _Page(lines, rows, is_over)


def _go_on(batch_id: UUID, next_line: int) -> dict[str, Any]:
    return {"batch_id": str(batch_id), "from_line": next_line}


async def _pause(over: asyncio.Event | None, batch_id: UUID, next_line: int) -> None:
    if over is not None and over.is_set():
        told = f"This gateway is stopped, and the batch goes on: follow it again with 'from_line' {next_line}."
        raise Unavailable(told, retry_after_s=1, details=_go_on(batch_id, next_line))
    await asyncio.sleep(LOOK_EVERY_S)


async def _rendered(tell: Tell, batch: Record, line: Record, execution: Record | None) -> bytes:
    """Vectors take up to some tenths of a second of one core each line: others are served meanwhile."""
    if batch["endpoint"] == EMBEDDINGS:
        return await asyncio.to_thread(tell, batch, line, execution)
    return tell(batch, line, execution)
