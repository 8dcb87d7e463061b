"""What the books say about one execution, for a caller who lost its frames."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from burnish_gateway.deps import Gateway
from burnish_gateway.execution import store
from burnish_gateway.execution.answer import succeeded
from burnish_gateway.execution.request_bytes import about
from burnish_shared.asked_json import json_asked_for
from burnish_shared.contracts.executions import ErrorInfo, ExecutionRequest, Outcome, Status
from burnish_shared.errors import BurnishError

READ_WAIT_S = 2.0
"""How long a row is waited for after its hold is gone."""

LOOK_AGAIN_S = 0.05

ANSWER_LOST: Final = ErrorInfo(
    type="api_error",
    code="answer_lost",
    message="The model answered and is paid, but its answer got lost on its way, and no text of it is kept; to ask again is another call.",
)
STREAM_GAP: Final = ErrorInfo(
    type="api_error",
    code="stream_gap",
    message="A part of the answer may have got lost on its way, and its text is not kept as it was told; what was told may not be all.",
)


async def raise_fence(gateway: Gateway, request: ExecutionRequest) -> int | None:
    """Takes the execution away from its executor, on disk. None: nothing is held any more."""
    async with gateway.db.unit_of_work(workspace=request.workspace_id) as tx:
        return await store.raise_fence(tx, request.execution_id, request.workspace_id)


async def abandon(gateway: Gateway, request: ExecutionRequest, *, key: tuple[str, str] | None) -> bool:
    """Books that nobody took it. False: it has a row. While PostgreSQL is away: True, and the sweeper ends it."""
    try:
        async with gateway.db.unit_of_work(workspace=request.workspace_id) as tx:
            return await store.abandon(
                tx,
                request.execution_id,
                request.workspace_id,
                route=key[0] if key else None,
                key=key[1] if key else None,
                body=about(request),
            )
    except BurnishError:
        return True


async def read_outcome(gateway: Gateway, request: ExecutionRequest, *, wait_s: float = READ_WAIT_S) -> bytes | None:
    """As `read_ended`, of a request."""
    lost = STREAM_GAP if request.stream else ANSWER_LOST
    return await read_ended(gateway, request.workspace_id, request.execution_id, wait_s=wait_s, lost=lost)


async def read_ended(
    gateway: Gateway, workspace_id: UUID, execution_id: UUID, *, wait_s: float, lost: ErrorInfo = ANSWER_LOST
) -> bytes | None:
    """The Outcome as JSON, from the row, on disk; None when there is no row within `wait_s`. `lost`: see `outcome_in`."""
    give_up_at = asyncio.get_running_loop().time() + wait_s
    while True:
        try:
            async with gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                row = await store.find_execution(tx, execution_id)
                if row is not None:
                    await store.flush(tx)
                    break
        except BurnishError:
            pass
        if asyncio.get_running_loop().time() >= give_up_at:
            return None
        await asyncio.sleep(LOOK_AGAIN_S)
    return outcome_in(row, lost=lost)


def outcome_in(row: Any, *, lost: ErrorInfo) -> bytes:
    """The Outcome as JSON. `lost`: what it is an error by, to whoever asked, where it succeeded and its text is not kept."""
    outcome = store.outcome_of(row, output_json=output_json(row))
    is_kept = row["messages"] is not None or outcome.status is not Status.SUCCESS
    return (outcome if is_kept else _untold(outcome, lost)).model_dump_json().encode()


def gapped(outcome: bytes) -> bytes:
    """The Outcome for whoever heard a part of it, and cannot be told the rest; one that failed is as it was."""
    if not succeeded(outcome):
        return outcome
    return _untold(Outcome.model_validate_json(outcome), STREAM_GAP).model_dump_json().encode()


def _untold(outcome: Outcome, error: ErrorInfo) -> Outcome:
    """With its cost and its usage, as an error: the books say that it succeeded, but nobody is told what it said."""
    return outcome.model_copy(update={"status": Status.ERROR, "error": error})


def output_json(row: Any) -> Any:
    """The answer as JSON, where JSON was asked for and it is some."""
    settings = row["settings"] or {}
    return json_asked_for(row["output"], settings, settings.get("output_format")) if row["status"] == "success" else None


def text_of(delivered: Sequence[bytes]) -> str:
    """The text in these JSON strings."""
    return "".join(json.loads(one) for one in delivered)


def rest_of(outcome: bytes, delivered: Sequence[bytes]) -> bytes | None:
    """The JSON string of what the outcome's output holds beyond what was delivered; empty when nothing, None when it is another text."""
    output, told = json.loads(outcome).get("output") or "", text_of(delivered)
    if not output.startswith(told):
        return None
    return json.dumps(output[len(told) :], ensure_ascii=False).encode() if len(output) > len(told) else b""
