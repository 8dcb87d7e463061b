"""The executor's edges: waiting callers over core NATS, background and batch over JetStream, and cancellations."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from burnish_executor import metrics
from burnish_executor.bulkheads import Bulkheads, Seat, provider_of
from burnish_executor.core import call_spans
from burnish_executor.core.lateness import Lateness
from burnish_executor.io import holds_store
from burnish_executor.io.replies import Reply
from burnish_executor.run import CANCELLED_BY, GONE, Run, describe
from burnish_executor.run_execution import Runner
from burnish_executor.settings import ExecutorSettings
from burnish_executor.step_aside import Places
from burnish_executor.try_key import try_key
from burnish_executor.unpark import unpark
from burnish_shared import failpoints, tracing
from burnish_shared.books.admission import Admission, Verdict
from burnish_shared.books.admission_request import AdmissionRequest
from burnish_shared.bus.batch import Delivered, Poison
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.frames import CALLED_OFF, REPLY_HEADER, FrameKind, cancelled_up_to, superseded_below
from burnish_shared.bus.retry import misfit
from burnish_shared.contracts.executions import ExecutionRequest, Lane
from burnish_shared.contracts.provider_keys import KeyTestRequest
from burnish_shared.errors import Unavailable
from burnish_shared.waiting import heeding

KEY_TESTS_MOST = 4
"""Provider keys that one executor tries at once: beside its executions, and each for up to 10 s."""

log = structlog.get_logger("burnish.executor")


@dataclass(slots=True)
class Desk:
    """What runs in this process."""

    bus: Bus
    runner: Runner
    admission: Admission
    settings: ExecutorSettings
    bulkheads: Bulkheads
    places: Places
    running: dict[UUID, Run] = field(default_factory=dict)
    _key_tests: "set[asyncio.Task[None]]" = field(default_factory=set)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    _lateness: Lateness = field(default_factory=Lateness)
    is_draining: bool = False

    async def on_interactive(self, message: Msg) -> None:
        """A waiting caller's request: accepted at once, or refused at once, so that the gateway can ask another executor."""
        try:
            request = ExecutionRequest.model_validate_json(message.data)
        except ValidationError:
            log.exception("execution.unreadable", bytes=len(message.data))
            return
        reply = self._reply(message.reply, request.fence)
        if self._is_late(request, sender=message.reply):
            log.warning("execution.stale", execution_id=str(request.execution_id))
            return
        is_full = self.is_draining or len(self.running) >= self.settings.max_running or self.runner.recorder.is_full
        seat = None if is_full else self.bulkheads.enter(request.workspace_id, provider_of(request))
        if seat is None:
            await reply.send(FrameKind.FULL)
            return
        run = self._started(request, reply)
        run.seat = seat
        task = asyncio.get_running_loop().create_task(self._run_and_log(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def on_cancel(self, message: Msg) -> None:
        """The caller went away, or another executor has the execution. For one that does not run here: nothing."""
        run = self.running.get(_execution_of(message.subject))
        if run is None:
            return
        below_fence = superseded_below(message.data)
        if below_fence is not None:
            if run.request.fence >= below_fence:
                return  # The claim that took over came sooner than the news of it.
            run.superseded = True
        up_to_fence = cancelled_up_to(message.data)
        if up_to_fence is not None and run.request.fence > up_to_fence:
            return  # Its caller is another one, who has not gone.
        run.gone = CANCELLED_BY.get(message.data, GONE)
        run.cancel()

    async def on_key_test(self, message: Msg) -> None:
        """An admin wants to know whether a key works. An empty answer: none more is tried here, as many are or the executor stops."""
        try:
            request = KeyTestRequest.model_validate_json(message.data)
        except ValidationError:
            log.exception("provider_key.test_unreadable", bytes=len(message.data))
            return
        if self.is_draining or len(self._key_tests) >= KEY_TESTS_MOST:
            await heeding(self.bus.nc.publish(message.reply, b""))
            return
        task = asyncio.create_task(self._test_key(request, inbox=message.reply))
        for tasks in (self._tasks, self._key_tests):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _test_key(self, request: KeyTestRequest, *, inbox: str) -> None:
        """Without an answer the caller hears that no executor could do it."""
        vault = self.runner.asker.vault
        try:
            answer = await try_key(request, db=vault.db, keyring=vault.keyring, providers=self.runner.asker.providers)
        except Unavailable as error:
            log.warning("provider_key.not_tested", provider_key_id=str(request.provider_key_id), reason=error.message)
            return
        await heeding(self.bus.nc.publish(inbox, answer.model_dump_json().encode()))

    async def on_queued(self, messages: Sequence[Delivered]) -> None:
        """Background and batch: claimed in the books first, which raises the fence. Returns when it is booked; then it is acknowledged.

        So it is where its workspace or its provider has its share of the lane, as a copy of it lies at the end of the queue then.
        """
        for message in messages:
            try:
                request = ExecutionRequest.model_validate_json(message.data)
            except ValidationError as error:
                raise Poison(f"not an execution request: {misfit(error)}") from error
            seat = await self.places.take(request, message)
            if seat is None:
                continue
            try:
                await self._claim_and_run(request, seat, inbox=message.headers.get(REPLY_HEADER, ""))
            finally:
                seat.leave()

    async def _claim_and_run(self, request: ExecutionRequest, seat: Seat, *, inbox: str) -> None:
        is_background = request.lane is Lane.BACKGROUND
        allowed = request.deadline_at - request.sent_at if is_background else timedelta(seconds=self.settings.batch_deadline_s)
        answer = await self.admission.ask(
            AdmissionRequest(
                execution_id=request.execution_id,
                workspace_id=request.workspace_id,
                amount_nusd=request.hold_nusd,
                ttl_ms=int(allowed.total_seconds() * 1000),
                lane=request.lane.value,
                account_ids=request.account_ids,
                claim=True,
            )
        )
        await failpoints.hit("executor.claimed")
        reply = self._reply(inbox, answer.fence)
        if answer.verdict is Verdict.ENDED:
            await reply.send(FrameKind.ELSEWHERE)
            return
        if answer.verdict is not Verdict.YES:
            await self._refuse(request, reply, answer.verdict)
            return
        now = datetime.now(UTC)
        claimed = request.model_copy(update={"fence": answer.fence, "sent_at": now, "deadline_at": now + allowed})
        run = self._started(claimed, reply)
        run.seat = seat
        with _span(request):
            await self._run(run)

    async def _refuse(self, request: ExecutionRequest, reply: Reply, verdict: Verdict) -> None:
        """An evaluation that its job cannot pay for any more: nothing is held, so nothing is booked; the job hears why."""
        log.info("execution.not_admitted", execution_id=str(request.execution_id), verdict=verdict.name)
        await reply.send(FrameKind.FULL, verdict.name.lower().encode())

    async def _run_and_log(self, run: Run) -> None:
        """The edge of an interactive execution: what nobody caught is logged here, once."""
        with _span(run.request):
            try:
                run.reply.accept_soon()
                await failpoints.hit("executor.accepted")
                await self._run(run)
            except Unavailable:
                return  # logged where it happened; the sweeper ends the execution
            except Exception:
                log.exception("execution.failed", **describe(run))

    async def _run(self, run: Run) -> None:
        metrics.RUNNING_IN(run.request.lane.value).inc()
        try:
            await unpark(run, self.bus)
            if is_taken_over(run.request):
                await self._heed_call_off(run)
            outcome = await self.runner.run(run)
            if outcome is not None and tracing.is_exported():
                told, error = call_spans.of_outcome(outcome)
                tracing.note(told, error=error)
        finally:
            metrics.RUNNING_IN(run.request.lane.value).dec()
            run.reply.close()
            if run.seat is not None:
                run.seat.leave()
            if self.running.get(run.request.execution_id) is run:
                del self.running[run.request.execution_id]

    async def _heed_call_off(self, run: Run) -> None:
        """What was said to the executor that had it, and may be dead, holds for this one. From now on this one hears it itself.

        Raises Unavailable for what nobody waits for: it comes again.
        """
        request = run.request
        try:
            async with self.runner.asker.vault.db.unit_of_work(workspaces={request.workspace_id}, read_only=True) as tx:
                is_off = await holds_store.is_called_off(tx, request.workspace_id, request.execution_id)
        except Unavailable:
            if request.lane is not Lane.INTERACTIVE:
                raise
            return
        if is_off:
            run.gone = CANCELLED_BY[CALLED_OFF]
            run.cancel()

    async def heartbeat(self) -> None:
        """Tells every caller, again and again, that its execution lives."""
        while True:
            await asyncio.sleep(self.settings.heartbeat_s)
            for run in list(self.running.values()):
                if run.reply.inbox:
                    await run.reply.send(FrameKind.HEARTBEAT)

    async def drain(self) -> None:
        """Takes nothing new and lets what runs finish, at most `drain_s`."""
        self.is_draining = True
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=self.settings.drain_s)

    def _started(self, request: ExecutionRequest, reply: Reply) -> Run:
        before = self.running.get(request.execution_id)
        if before is not None and before.request.fence < request.fence:
            before.superseded = True
            before.cancel()
        run = self.running[request.execution_id] = Run(request=request, reply=reply, started_at=asyncio.get_running_loop().time())
        return run

    def _is_late(self, request: ExecutionRequest, *, sender: str) -> bool:
        """Whether it lay for so long that another executor has it: by how long messages of its gateway take, whatever the clocks say."""
        replica, _, _ = sender.rpartition(".")
        now_s = asyncio.get_running_loop().time()
        return self._lateness.of(replica, sent_at_s=request.sent_at.timestamp(), now_s=now_s, late_s=self.settings.stale_after_s)

    def _reply(self, inbox: str, fence: int) -> Reply:
        return Reply(bus=self.bus, inbox=inbox, fence=fence, coalesce_s=self.settings.coalesce_ms / 1000)


def is_taken_over(request: ExecutionRequest) -> bool:
    """Whether another executor had it before, or may have: the first claim of a background execution has the second fence. What is left of
    one is booked, whoever called it off."""
    return request.interrupted is None and request.fence > (2 if request.lane is Lane.BACKGROUND else 1)


def _span(request: ExecutionRequest) -> AbstractContextManager[str]:
    """All that is done for one execution, in its caller's trace."""
    attributes = call_spans.of_execution(request) if tracing.is_exported() else None
    parent = tracing.of_execution(request.execution_id, request.traceparent)
    return tracing.span("execute", parent=parent, kind="consumer", attributes=attributes)


def _execution_of(subject: str) -> UUID:
    return UUID(hex=subject.rsplit(".", 1)[1])
