"""Do a batch: every line an execution on the batch lane, in their order, until all have an answer or somebody stops it (PRODUCT E15).

The lines are the checkpoint. Whoever goes on after a crash, a pause or a turn of others reads those that have no answer.
"""

import asyncio
import contextlib
import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

import structlog

from burnish_optimizer.io import batches_store, work_store
from burnish_optimizer.io.announce import batch_completed
from burnish_optimizer.io.batches_store import Line, Paused
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.paced import Wait
from burnish_optimizer.io.questions import EndUserOutOfBudget, EvaluationFailed, NotSent, OutOfFunds, Question
from burnish_optimizer.io.work_store import Claim
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.clock import Clock
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step

log = structlog.get_logger("burnish.optimizer")

LINES_AT_ONCE: Final = 256
"""Read from the table at once."""

IN_HAND: Final = 2
"""So many times what may be on its way is held ready, so that the desk never waits for the table."""

HELD_MOST: Final = 1_000
"""Lines that wait for a limit of their model, or for calls of their end user, are in hand beside them, so that others go on."""

CANCEL_S: Final = 5.0
"""How long answers of cancelled calls are waited for; an executor ends a call within a second."""

PAUSES: Final[dict[str, Paused]] = {"funding": "funds", "closing": "funds", "budget": "budget", "suspended": "suspended"}
"""By the verdict that refused a line; any other one is `refused`."""

Ending = Literal["cancelled", "expired", "paused", "turn"]


async def run_batch(claim: Claim, *, db: Database, desk: Desk, clock: Clock, settings: OptimizerSettings) -> None:
    """From claim to its end, a pause, or the turn of another. Safe to run again: answered lines are not asked again. Raises ClaimLost."""
    run = _Run(claim, db, desk, clock, settings)
    await run.look()
    watching = asyncio.ensure_future(run.watch())
    try:
        await run.ask_all()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    async with db.unit_of_work(workspace=claim.workspace_id) as tx:
        await batches_store.forget_sent(tx, claim, run.unsent)
        await batches_store.tell_waits(tx, claim, [])
        is_done = not await batches_store.open_lines(tx, claim, after=-1, most=1)
        if not is_done and run.why == "turn":
            await work_store.release(tx, claim)
            return
        if not is_done and run.why not in ("cancelled", "expired"):
            await batches_store.pause(tx, claim, reason=run.reason, funded_nusd=run.funded_nusd)
            return
        cut_short = run.why in ("cancelled", "expired") and await batches_store.was_cut_short(tx, claim)
        await work_store.finish(tx, claim, status="completed" if is_done and not cut_short else run.why or "failed")
        await batch_completed(tx, await batches_store.close_lines(tx, claim), clock=clock)
        await work_store.close_funding(tx, await work_store.funding_of(tx, claim))


@dataclass(slots=True)
class _Run:
    """One claim of a batch. `why`: what stopped it before all lines had an answer."""

    claim: Claim
    db: Database
    desk: Desk
    clock: Clock
    settings: OptimizerSettings
    why: Ending | None = None
    reason: Paused = "asked"
    funded_nusd: int = 0
    """What was set aside when it was last looked at before the first refusal."""
    told: list[Wait] | None = None
    """What the batch says that it waits for; None: what an earlier claim said."""
    unsent: list[tuple[int, UUID]] = field(default_factory=list)
    """Lines whose execution is under way nowhere. One that an earlier claim sent is bought twice if it is forgotten."""
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask_all(self) -> None:
        """Returns when nothing is under way any more: all lines have an answer, or it was stopped."""
        after = -1
        try:
            while not self._stopped.is_set():
                async with self.db.unit_of_work(workspace=self.claim.workspace_id) as tx:
                    lines = await batches_store.open_lines(tx, self.claim, after=after, most=LINES_AT_ONCE)
                if not lines:
                    break
                for line in lines:
                    await self._room()
                    if self._stopped.is_set():
                        break
                    self._tasks.add(asyncio.create_task(self._ask(line)))
                after = lines[-1].line
            await self._drain()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def watch(self) -> None:
        """Looks again and again what is wished, until it is cancelled."""
        turn_ends = asyncio.get_running_loop().time() + self.settings.batch_turn_s
        while True:
            await asyncio.sleep(in_step(self.settings.watch_interval_s))
            with contextlib.suppress(Unavailable):
                await self.look(turn_is_over=asyncio.get_running_loop().time() >= turn_ends)

    async def look(self, *, turn_is_over: bool = False) -> None:
        """Also says what the batch waits for. Raises ClaimLost, Unavailable."""
        waits = self.desk.paced.waits
        async with self.db.unit_of_work(workspace=self.claim.workspace_id) as tx:
            wished = await batches_store.wishes(tx, self.claim)
            if waits != self.told:
                await batches_store.tell_waits(tx, self.claim, [self._as_told(one) for one in waits])
        self.told = waits
        if self.why is None:
            self.funded_nusd = wished.set_aside_nusd
        if wished.cancel or wished.is_expired:
            self._stop("cancelled" if wished.cancel else "expired")
            await self.desk.cancel_all()
        elif wished.pause:
            self._stop("paused")
        elif turn_is_over and wished.others_wait and self.why is None:
            self._stop("turn")

    def _as_told(self, wait: Wait) -> dict[str, Any]:
        """Its end by the clock that others read."""
        until = self.clock.now() + timedelta(seconds=wait.until - asyncio.get_running_loop().time())
        return {"reason": wait.why, "model": wait.model, "until": math.ceil(until.timestamp())}

    def _stop(self, why: Ending) -> None:
        if self.why not in ("cancelled", "expired"):
            self.why = why
        self._stopped.set()
        self.desk.stop_asking()

    async def _ask(self, line: Line) -> None:
        request = ExecutionRequest.model_validate_json(line.request)
        question = Question(
            key=line.key, route=request.route, messages=request.messages, variables=request.variables, settings=request.settings,
            timeout_s=request.timeout_s, made=request,
        )  # fmt: skip
        try:
            await self.desk.ask(question)
        except NotSent as error:
            self._not_under_way(line, error.nowhere)
        except OutOfFunds as error:
            self._not_under_way(line, error.nowhere)
            log.info("batch.refused", batch_id=str(self.claim.id), verdict=error.reason)
            if self.why is None:
                self.reason = PAUSES.get(error.reason, "refused")
            self._stop("paused")
        except (EvaluationFailed, EndUserOutOfBudget) as error:
            async with self.db.unit_of_work(workspace=self.claim.workspace_id) as tx:  # does nothing where its answer is written
                await batches_store.give_up_line(tx, self.claim, line.line, error={"code": error.code, "message": error.message})

    def _not_under_way(self, line: Line, execution_id: UUID | None) -> None:
        if execution_id is not None:
            self.unsent.append((line.line, execution_id))

    async def _room(self) -> None:
        """Until fewer lines are in hand than may be. What failed beyond one line comes out."""
        while (
            len(self._tasks) - min(self.desk.paced.held_count + self.desk.users.held_count, HELD_MOST)
            >= IN_HAND * self.settings.job_in_flight
        ):
            await self._some_done(timeout_s=self.settings.watch_interval_s)

    async def _drain(self) -> None:
        loop, cancelled_at = asyncio.get_running_loop(), None
        while self._tasks:
            await self._some_done(timeout_s=self.settings.watch_interval_s)
            if self.why in ("cancelled", "expired"):
                cancelled_at = cancelled_at or loop.time()
                if loop.time() - cancelled_at > CANCEL_S:
                    return

    async def _some_done(self, *, timeout_s: float | None) -> None:
        done, self._tasks = await asyncio.wait(self._tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
