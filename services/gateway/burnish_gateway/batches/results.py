"""The results of a batch as JSON lines, in the order of the input: what the books say of each call."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.batches import store
from burnish_gateway.batches.answers import ENDED
from burnish_gateway.compat.completion import completion
from burnish_gateway.execution import books
from burnish_gateway.execution import store as executions
from burnish_gateway.execution.answer import failure_of
from burnish_shared.contracts.executions import Status
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable

LINES_AT_ONCE: Final = 200

LOOK_EVERY_S: Final = 0.3

UNSENT: Final = {"code": "not_sent", "message": "The batch ended before this was sent."}
GONE: Final = {"code": "not_found", "message": "Its execution is not there any more."}

Wanted = Callable[[bool], bool]
"""By whether a line succeeded."""


async def results_of(
    db: Database, workspace_id: UUID, batch: Record, *, from_line: int = 0, over: asyncio.Event | None = None,
    wanted: Wanted = lambda _: True,
) -> AsyncGenerator[bytes, None]:  # fmt: skip
    """Lines that have an answer. With `over` each in its turn, waiting for those that have none yet, until the batch has ended.

    While PostgreSQL is away it waits. Raises Unavailable once `over` is set and it would wait on.
    """
    batch_id, next_line, is_over, follows = batch["batch_id"], from_line, batch["status"] in ENDED, over is not None
    while True:
        try:
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                if follows and not is_over:
                    row = await store.find_batch(tx, workspace_id, batch_id)
                    is_over = row is None or row["status"] in ENDED
                lines = await store.page_of_lines(tx, workspace_id, batch_id, from_line=next_line, limit=LINES_AT_ONCE)
                ids = [one["execution_id"] for one in lines if one["execution_id"] is not None]
                rows = await store.executions_of(tx, workspace_id, ids)
                await executions.flush(tx)
        except Unavailable:
            await _pause(over, batch_id, next_line)
            continue
        has_waited = False
        for line in lines:
            execution = rows.get(line["execution_id"])
            if line["status"] is None and follows and not is_over:
                has_waited = True
                break
            next_line = line["line"] + 1
            if line["status"] is None:
                continue
            succeeded = line["status"] == Status.SUCCESS or (execution is not None and execution["status"] == Status.SUCCESS)
            if wanted(succeeded):
                yield _shown(batch, line, execution)
        if has_waited:
            await _pause(over, batch_id, next_line)
        elif len(lines) < LINES_AT_ONCE:
            return


async def _pause(over: asyncio.Event | None, batch_id: UUID, next_line: int) -> None:
    if over is not None and over.is_set():
        told = f"This gateway is stopped, and the batch goes on: follow it again with 'from_line' {next_line}."
        raise Unavailable(told, retry_after_s=1, details={"batch_id": str(batch_id), "from_line": next_line})
    await asyncio.sleep(LOOK_EVERY_S)


def _shown(batch: Record, line: Record, execution: Record | None) -> bytes:
    """One line: `response` as the endpoint would have answered; `error` beside it where it is no success."""
    shown: dict[str, Any] = {
        "id": f"{batch['batch_id']}:{line['line']}", "line": line["line"], "custom_id": line["custom_id"], "model": line["model"],
        "response": None, "error": None,
    }  # fmt: skip
    if execution is None:
        shown["error"] = line["error"] or (UNSENT if line["status"] == "unsent" else GONE)
        return _line(shown)
    outcome = executions.outcome_of(execution, output_json=books.output_json(execution))
    response = {"status_code": 200, "request_id": str(outcome.id), "body": outcome.model_dump(mode="json")}
    if outcome.status is not Status.SUCCESS:
        error = failure_of(outcome.model_dump_json().encode())
        shown["error"] = {"code": error.code, "message": error.message}
        response |= {"status_code": error.status, "body": {"error": {"type": error.type, **shown["error"], "details": error.details}}}
    elif batch["endpoint"] == "/v1/chat/completions":
        response["body"] = json.loads(completion(outcome.model_dump(mode="json")))
    return _line(shown | {"response": response})


def _line(shown: dict[str, Any]) -> bytes:
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
