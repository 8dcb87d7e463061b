"""Wait for a run, or tell of it as it goes, wherever it is worked on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.chains import runs_store, store
from burnish_gateway.chains.answers import ChainRunAnswer, run_answer
from burnish_gateway.chains.run_chain import INTERRUPTED, ChainRun, failed
from burnish_gateway.chains.runs_store import ENDED
from burnish_gateway.chains.tell import Queue, Told, event_of, rank_of
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.streaming import error_event, unless_over
from burnish_gateway.idempotency import NOT_AGAIN, goes_on
from burnish_shared.chains.walk import SUCCESS
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, NotFound, Unavailable

LOOK_EVERY_S: Final = 0.25
"""At a run that another gateway works on."""


async def read_run(tx: Tx, workspace_id: UUID, run_id: UUID) -> ChainRunAnswer:
    """Raises NotFound."""
    row = await found_run(tx, workspace_id, run_id)
    version = await store.find_version(tx, workspace_id, row["chain_id"], row["version"])
    if version is None:
        raise NotFound("There is no such run in this workspace.", param="chain_run_id")
    return run_answer(row, version.content, await runs_store.steps_of(tx, workspace_id, run_id))


async def found_run(tx: Tx, workspace_id: UUID, run_id: UUID, *, lock: bool = False) -> Record:
    """Raises NotFound."""
    row = await runs_store.find_run(tx, workspace_id, run_id, lock=lock)
    if row is None:
        raise NotFound("There is no such run in this workspace.", param="chain_run_id")
    return row


async def ended_run(gateway: Gateway, principal: Principal, run_id: UUID, *, local: ChainRun | None, has_key: bool) -> ChainRunAnswer:
    """The run once it has ended. `local`: its output is told as it was, whatever is kept of it.

    Raises Unavailable where this gateway is stopped before and gives no more time, without a key GoesOn; the run goes on under another
    gateway. Where nothing of it is kept it does not, and that is raised.
    """
    work = _ended_run(gateway, principal, run_id, local=local)
    return await unless_over(gateway.inbox.over, work, otherwise=lambda: _stopped(run_id, local=local, has_key=has_key))


def _stopped(run_id: UUID, *, local: ChainRun | None, has_key: bool) -> BurnishError:
    """Why it is not waited for any longer. A run of which nothing is kept ends with its gateway, and is what a key gets from now on."""
    details = {"chain_run_id": str(run_id)}
    if local is None or local.keeps_text:
        return goes_on("the run", has_key=has_key, details=details)
    error = failed(INTERRUPTED | {"retryable": not has_key}, details=details)
    error.headers = NOT_AGAIN if has_key else {}
    return error


async def _ended_run(gateway: Gateway, principal: Principal, run_id: UUID, *, local: ChainRun | None) -> ChainRunAnswer:
    if local is not None:
        await local.followers.ended.wait()
    while True:
        answer = await _look(gateway, principal, run_id)
        if answer is not None and answer.status in ENDED:
            return _whole(answer, local)
        await asyncio.sleep(LOOK_EVERY_S)


def error_of_run(answer: ChainRunAnswer, *, http_status: int | None = None, has_key: bool = False) -> BurnishError:
    """What a caller who waits hears of a run without success; the run itself is named in `details`, beside those of its error.
    `has_key`: it is what the caller's Idempotency-Key gets from now on, so to ask again with it is of no use."""
    told = {} if answer.error is None else answer.error.model_dump()
    details = (told.get("details") or {}) | {
        "chain_run_id": str(answer.id), "status": answer.status, "step": answer.failed_step, "cost_nusd": answer.cost_nusd,
        "trace_id": answer.trace_id,
    }  # fmt: skip
    told |= ({"http_status": http_status} if http_status else {}) | ({"retryable": False} if has_key else {})
    error = failed(told, details=details)
    error.headers = NOT_AGAIN if has_key else {}
    return error


async def http_status_of(gateway: Gateway, principal: Principal, run_id: UUID) -> int | None:
    """The status by which a failure is told, as it is kept beside its code."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await found_run(tx, principal.workspace_id, run_id)
    return None if row["error"] is None else row["error"].get("http_status")


async def events_of_run(
    gateway: Gateway,
    principal: Principal,
    run_id: UUID,
    *,
    local: ChainRun | None,
    request_id: str,
    may_repeat: bool,
    has_key: bool = False,
) -> AsyncGenerator[bytes | None, None]:
    """Server-sent events: `run`, then `step` for each change of one, and `delta` where text is streamed; exactly one of `done` and `error`
    ends them. None: nothing happened for a while. Closed before the end, it ends nothing: that is up to the route. A gateway that is
    stopped and gives no more time says so by an `error`, and the run goes on under another one. `may_repeat`: to ask again begins none.
    `has_key`: as in `error_of_run`.
    """
    known: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        queue = None if local is None else stack.enter_context(local.followers.follow())
        first = await _look(gateway, principal, run_id)
        if first is not None:
            named = {"id", "chain", "version", "label", "status", "trace_id", "created_at", "deadline_at"}
            yield event_of("run", first.model_dump(mode="json", include=named))
            for event in _changes(first, known):
                yield event
        while queue is not None and not gateway.inbox.is_over and (heard := await _next(queue, gateway.inbox.over)) is not END:
            if heard is None or not heard.step:
                yield None if heard is None else heard.body
            elif heard.rank > known.get(heard.step, 0):
                known[heard.step] = heard.rank
                yield heard.body
    while True:  # another gateway has it, or it has ended
        answer = await _look(gateway, principal, run_id)
        if answer is not None:
            for event in _changes(answer, known):
                yield event
            if answer.status in ENDED:
                yield await _last(gateway, principal, _whole(answer, local), request_id=request_id, has_key=has_key)
                return
        if gateway.inbox.is_over:
            yield error_event(_stopped(run_id, local=local, has_key=may_repeat), request_id=request_id)
            return
        yield None
        await _pause(gateway.inbox.over, LOOK_EVERY_S)


async def _pause(over: asyncio.Event, pause_s: float) -> None:
    """Not longer than until `over`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(pause_s):
            await over.wait()


END: Final = Told(b"")


async def _next(queue: Queue, over: asyncio.Event) -> Told | None:
    """The next event; None where none came for a second or `over` was set, END at the end."""
    if queue.empty():
        coming = asyncio.ensure_future(queue.get())
        waiting = asyncio.ensure_future(over.wait())
        try:
            await asyncio.wait({coming, waiting}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                return None
            told = coming.result()
        finally:
            waiting.cancel()
            coming.cancel()
    else:
        told = queue.get_nowait()
    return END if told is None else told


async def _last(gateway: Gateway, principal: Principal, answer: ChainRunAnswer, *, request_id: str, has_key: bool) -> bytes:
    if answer.status == SUCCESS:
        return event_of("done", answer.model_dump(mode="json"))
    error = error_of_run(answer, http_status=await http_status_of(gateway, principal, answer.id), has_key=has_key)
    return error_event(error, request_id=request_id)


def _changes(answer: ChainRunAnswer, known: dict[str, int]) -> list[bytes]:
    """`step` events of what changed since; `known` is brought up to date."""
    events: list[bytes] = []
    for step in answer.steps:
        rank = rank_of(step.status, step.attempts)
        if rank > known.get(step.id, 0):
            known[step.id] = rank
            events.append(event_of("step", step.model_dump(mode="json")))
    return events


def _whole(answer: ChainRunAnswer, local: ChainRun | None) -> ChainRunAnswer:
    """With what is not kept, or kept masked: whoever waits gets it as it was."""
    if local is None or local.finished is None:
        return answer
    changes: dict[str, Any] = {"output": local.finished.output}
    if answer.error is not None and local.finished.error is not None:
        changes["error"] = answer.error.model_copy(update={"message": local.finished.error.get("message")})
    return answer.model_copy(update=changes)


async def _look(gateway: Gateway, principal: Principal, run_id: UUID) -> ChainRunAnswer | None:
    """None while PostgreSQL is away. Raises NotFound."""
    try:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
            return await read_run(tx, principal.workspace_id, run_id)
    except Unavailable:
        return None
