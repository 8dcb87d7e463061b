"""One execution under way: what has come so far, what was tried, how long is left."""

import asyncio
import math
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from burnish_executor.bulkheads import Seat
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.outcome import Trial
from burnish_executor.guard import Guard
from burnish_executor.io.replies import Reply
from burnish_shared.bus.frames import CALLED_OFF, CUT_SHORT, STOPPED
from burnish_shared.contracts.executions import ExecutionRequest

T = TypeVar("T")

GONE = Failure(FailureKind.CANCELLED, "The caller went away.")
CANCELLED_BY = {
    CALLED_OFF: Failure(FailureKind.CANCELLED, "It was cancelled by a call of the API."),
    CUT_SHORT: Failure(FailureKind.CUT_SHORT, "The gateway that told this was stopped in the middle; what had come was booked."),
    STOPPED: Failure(FailureKind.CANCELLED, "The test run, search or batch that asked for it ended first."),
}
"""By the body of a cancellation; GONE for any other."""


@dataclass(slots=True)
class Run:
    """One execution under way. `superseded`: a higher fence has it, so nothing of this run may be told or booked.

    `beside_bytes`: the length of what came beside the text, tool calls and further choices.
    `has_begun`: the provider that is asked now answered with a status that promises an answer; `has_started`: something of one came, which
    is paid for and after which nobody else is asked.
    `gone`: what it ended with where it is cancelled.
    `held_nusd`: more than was held at first, after a hold was widened. `secrets`: every key that was tried, never to be told.
    `call`: what it waits for, the model or another run that asks the same. `seat`: its place among the executor's slots; None: its lane
    has none to share out. `guard`: what guardrails keep of it; None: none looks at it.
    `allowed_s`: how long it may take in all, from `started_at` on.
    `patience_s`: so much longer may be waited before the model that is due is asked, of the time that is left.
    """

    request: ExecutionRequest
    reply: Reply
    started_at: float
    answer_so_far: list[str] = field(default_factory=list)
    beside_bytes: int = 0
    has_begun: bool = False
    has_started: bool = False
    first_token_at: float | None = None
    trials: list[Trial] = field(default_factory=list)
    cancelled: bool = False
    gone: Failure = GONE
    superseded: bool = False
    held_nusd: int = 0
    secrets: set[str] = field(default_factory=set, repr=False)
    call: "asyncio.Future[Any] | None" = None
    seat: Seat | None = None
    guard: Guard | None = None
    patience_s: float = math.inf
    allowed_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.allowed_s = (self.request.deadline_at - self.request.sent_at).total_seconds()

    def cancel(self) -> None:
        """Stops asking the model; what had come is booked, unless the run is superseded. Safe at any moment, any number of times."""
        self.cancelled = True
        if self.call is not None:
            self.call.cancel()

    def left_s(self) -> float:
        """Seconds until the deadline, measured from when the request came: clocks of other machines play no part."""
        return self.allowed_s - (asyncio.get_running_loop().time() - self.started_at)

    def may_wait_s(self) -> float:
        """Seconds that may be waited before the model that is due is asked; 0: none."""
        return max(0.0, min(self.patience_s, self.left_s()))


async def within(run: Run, work: Coroutine[Any, Any, T]) -> T | Failure:
    """What `work` returns; a Failure as soon as the deadline passed or the caller went away, and `work` is cancelled then."""
    left_s = run.left_s()
    if run.cancelled or left_s <= 0:
        work.close()
        return run.gone if run.cancelled else Failure(FailureKind.DEADLINE, "The deadline passed before the model could be asked.")
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    call = loop.create_task(work)
    before = task.cancelling() if task else 0
    run.call = call
    is_late = False

    def end() -> None:
        nonlocal is_late
        is_late = True
        call.cancel()  # One that came in the same moment is returned all the same.

    timer = loop.call_later(left_s, end)
    try:
        return await call
    except asyncio.CancelledError:
        if task and task.cancelling() > before:
            raise
        if is_late:
            return Failure(FailureKind.DEADLINE, "The deadline passed while the model was answering.")
        if not run.cancelled:
            raise
        return run.gone
    finally:
        timer.cancel()
        run.call = None


def since(moment: float) -> float:
    """Seconds that have passed since a moment of the event loop's clock."""
    return asyncio.get_running_loop().time() - moment


def describe(run: Run) -> dict[str, Any]:
    """Ids of a run, for logs."""
    return {"execution_id": str(run.request.execution_id), "workspace_id": str(run.request.workspace_id), "fence": run.request.fence}
