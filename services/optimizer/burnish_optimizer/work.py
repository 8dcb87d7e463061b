"""Claims work, holds on to it while it is done, and lets go of it whatever happens.

The row is the truth: a message only says that it is worth looking. A claim is renewed while the work goes on; a claim that cannot be
renewed is given up before another replica may take it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from burnish_optimizer import metrics
from burnish_optimizer.beside import raise_of
from burnish_optimizer.core.pace import Pace
from burnish_optimizer.io import batches_store, runs_store, work_store
from burnish_optimizer.io.announce import batch_completed, optimization_failed, test_run_completed
from burnish_optimizer.io.answers_inbox import AnswersInbox
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.questions import EvaluationFailed, OutOfFunds
from burnish_optimizer.io.work_store import Claim, ClaimLost, WorkKind
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.bus.connect import Bus
from burnish_shared.clock import Clock
from burnish_shared.db.session import UNAVAILABLE, Database
from burnish_shared.errors import BadRequest, BurnishError, Unavailable
from burnish_shared.in_step import in_step

log = structlog.get_logger("burnish.optimizer")

PAUSE_AFTER_OUTAGE_S = 0.5
CANCEL_AGAIN_S = 10.0
"""Longer than a unit of work takes to give its connection back (POOL_WAIT_S, the silence after a statement)."""

CLAIMS_MOST = 50
"""Work that was claimed so often and never ended kills who touches it, or is never given the time: it fails, with what it has."""

NOT_OURS = (BadRequest, EvaluationFailed, OutOfFunds)
"""Failures of what was asked for, of the model, and of the workspace's money: the fee of the run is not given back."""

Do = Callable[[Claim, Desk], Awaitable[None]]
ClaimSome = Callable[..., Awaitable[list[Claim]]]
ReleaseAll = Callable[..., Awaitable[int]]


class _Stopped(Exception):
    """Somebody asked to cancel."""


class _Paused(Exception):
    """Somebody asked to wait: it is given back, and nobody claims it until it is resumed."""


@dataclass(slots=True)
class Workshop:
    """What this replica works on."""

    db: Database
    bus: Bus
    inbox: AnswersInbox
    settings: OptimizerSettings
    clock: Clock
    do: Mapping[WorkKind, Do]
    at_once: int
    wake_relay: Callable[[], None]
    claim_some: ClaimSome = work_store.claim_work
    release_all: ReleaseAll = work_store.release_all
    _running: "set[asyncio.Task[None]]" = field(default_factory=set)
    _held: dict[Claim, float] = field(default_factory=dict)
    """What is under way here, and when its lease was renewed, by the event loop's clock."""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _may_hold_more: bool = True
    """Than is under way: what a process of this name held when it died, and what was claimed while the answer got lost."""
    _pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.settings.job_in_flight)

    def wake(self) -> None:
        """There may be work."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Claims and works until `stop`; then gives back what is under way, for another replica to go on with."""
        try:
            while not stop.is_set():
                await self._claim()
                await self._nap(stop)
        finally:
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(self._running, timeout=5)

    async def _nap(self, stop: asyncio.Event) -> None:
        """Until there may be work, or for `claim_interval_s`."""
        waiting = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self._wake.wait())]
        try:
            await asyncio.wait(waiting, timeout=in_step(self.settings.claim_interval_s), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(*waiting)
        self._wake.clear()

    async def _release_unknown(self) -> None:
        """Where nothing is under way, all that is held under this name is held by nobody: it would wait for its lease to run out."""
        if not self._may_hold_more or self._running:
            return
        async with self.db.unit_of_work() as tx:
            released = await self.release_all(tx, worker=self.settings.replica)
        self._may_hold_more = False
        if released:
            log.warning("work.found_unknown", count=released)

    async def _claim(self) -> None:
        room = self.at_once - len(self._running)
        if room <= 0:
            return
        try:
            await self._release_unknown()
            await self._renew_late()
            async with self.db.unit_of_work(one_statement=True) as tx:
                claims = await self.claim_some(tx, worker=self.settings.replica, lease_s=self.settings.lease_s, most=room)
        except Unavailable:
            self._may_hold_more = True  # the connection may have gone between the commit and its answer
            return
        for claim in claims:
            task = asyncio.create_task(self._work(claim))
            self._running.add(task)
            task.add_done_callback(self._done)

    async def _renew_late(self) -> None:
        """What had its keeper late, as this process had no time: the next claim would take it from ourselves, and begin it again."""
        now = asyncio.get_running_loop().time()
        for claim in [one for one, renewed_at in self._held.items() if now - renewed_at > self.settings.lease_s / 2]:
            if claim in self._held:
                with contextlib.suppress(ClaimLost):  # its keeper hears of it
                    await self._renew(claim)

    async def _renew(self, claim: Claim) -> None:
        """Raises ClaimLost."""
        now = asyncio.get_running_loop().time()
        async with self.db.unit_of_work(workspace=claim.workspace_id) as tx:
            await work_store.renew(tx, claim, lease_s=self.settings.lease_s)
        if claim in self._held:  # it may have come to its end meanwhile
            self._held[claim] = now

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._wake.set()

    async def _work(self, claim: Claim) -> None:
        """The edge of all work: what nobody caught ends here, is logged once, and fails the job."""
        began = self._held[claim] = asyncio.get_running_loop().time()
        about = {"kind": claim.kind, "id": str(claim.id), "workspace_id": str(claim.workspace_id), "fence": claim.fence}
        log.info("work.claimed", **about)
        metrics.WORK_RUNNING.labels(claim.kind).inc()
        how = "completed"
        try:
            if claim.fence > CLAIMS_MOST and claim.kind != "batch":  # a batch takes turns, and expires
                raise BurnishError(f"This was begun {CLAIMS_MOST} times and never came to an end.")
            how = await self._hold_through_outages(claim)
        except asyncio.CancelledError:
            how = "released"
            await asyncio.shield(self._release(claim))
            raise
        except ClaimLost:
            how = "lost"
        except BurnishError as error:
            how = "failed"
            await self._fail(claim, error)
        except Exception:
            how = "failed"
            log.exception("work.failed", **about)
            await self._fail(claim, BurnishError("Something went wrong on our side; it has been logged."))
        finally:
            self._held.pop(claim, None)
            metrics.WORK_RUNNING.labels(claim.kind).dec()
            metrics.WORK_ENDED.labels(claim.kind, how).inc()
            metrics.WORK_SECONDS.labels(claim.kind).observe(asyncio.get_running_loop().time() - began)
            log.info("work.ended", **about, how=how)
            self.wake_relay()

    async def _hold_through_outages(self, claim: Claim) -> str:
        """While PostgreSQL or NATS is away, the claim is kept, and the work begun again over what is written. Raises ClaimLost."""
        while True:
            try:
                return await self._hold(claim)
            except (Unavailable, *UNAVAILABLE) as error:
                log.warning("work.interrupted", id=str(claim.id), error=str(error) or type(error).__name__)
            await self._regain(claim)

    async def _regain(self, claim: Claim) -> None:
        """Returns once the claim is renewed; another replica may have it by then."""
        while True:
            await asyncio.sleep(PAUSE_AFTER_OUTAGE_S)
            try:
                await self._renew(claim)
                return
            except (Unavailable, *UNAVAILABLE):
                continue

    async def _hold(self, claim: Claim) -> str:
        """Does the work beside a desk and a keeper. Returns how it ended; raises what failed it."""
        async with self.db.unit_of_work(workspace=claim.workspace_id) as tx:
            account_id = await work_store.funding_of(tx, claim)
            is_unwanted = claim.kind != "batch" and await work_store.is_to_stop(tx, claim)  # a batch sees to its own end
        if is_unwanted:  # Asked before anybody had it: quick work would be done before the keeper looks.
            await self._cancelled(claim, account_id, has_begun=claim.fence > 1)
            return "cancelled"
        desk = Desk(
            db=self.db,
            bus=self.bus,
            inbox=self.inbox,
            settings=self.settings,
            clock=self.clock,
            workspace_id=claim.workspace_id,
            owner_id=claim.id,
            account_id=account_id,
            fence=claim.fence,
            checkpoint=batches_store.BatchRows(claim.workspace_id, claim.id) if claim.kind == "batch" else None,
            pace=self._pace,
        )
        work = asyncio.ensure_future(self.do[claim.kind](claim, desk))
        beside = [asyncio.ensure_future(desk.run()), asyncio.ensure_future(self._keep(claim))]
        try:
            await asyncio.wait({work, *beside}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
                return "completed"
            for one in beside:
                if one.done():
                    raise_of(one)
        except _Stopped:
            await desk.cancel_all()
            await _ended(work, *beside)
            await self._cancelled(claim, account_id)
            return "cancelled"
        except _Paused:
            await _ended(work, *beside)
            await self._release(claim)
            return "paused"
        except Unavailable:
            raise  # it is begun again, and reads what is under way
        except BurnishError:
            await desk.cancel_all()  # it failed, and nobody reads what is under way
            raise
        finally:
            await _ended(work, *beside)
        return "completed"

    async def _keep(self, claim: Claim) -> None:
        """Renews the lease and looks whether the work is to stop. Raises _Stopped, _Paused, ClaimLost, or Unavailable before the
        lease runs out."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(in_step(self.settings.watch_interval_s))
            now = loop.time()
            try:
                async with self.db.unit_of_work(workspace=claim.workspace_id) as tx:
                    if await work_store.is_to_stop(tx, claim) and claim.kind != "batch":  # a batch sees to its own end
                        raise _Stopped
                    if claim.kind == "test_run" and await work_store.is_to_wait(tx, claim):
                        raise _Paused
                    if now - self._held[claim] >= self.settings.renew_s:
                        await work_store.renew(tx, claim, lease_s=self.settings.lease_s)
                        self._held[claim] = now
            except Unavailable:
                if loop.time() - self._held[claim] > self.settings.lease_s / 2:
                    raise

    async def _cancelled(self, claim: Claim, account_id: int, *, has_begun: bool = True) -> None:
        async with self.db.unit_of_work(workspace=claim.workspace_id) as tx:
            await work_store.finish(tx, claim, status="cancelled")
            await work_store.close_funding(tx, account_id)
            if claim.kind == "optimization" and not has_begun:
                await work_store.return_fee(tx, claim, reason="cancelled: the search did not begin")

    async def _fail(self, claim: Claim, error: BurnishError) -> None:
        """Writes why it failed. Where that cannot be written either, the lease runs out and it is tried again."""
        try:
            async with self.db.unit_of_work(workspace=claim.workspace_id) as tx:
                account_id = await work_store.funding_of(tx, claim)
                why = {"code": error.code, "message": error.message}
                await work_store.finish(tx, claim, status="failed", error=why)
                if claim.kind == "optimization":
                    await optimization_failed(tx, await runs_store.load_job(tx, claim), error, clock=self.clock)
                if claim.kind == "test_run":
                    run, so_far = await runs_store.load_test_run(tx, claim), await runs_store.figures_so_far(tx, claim)
                    await test_run_completed(tx, run, so_far.metrics, failure=error, simulated=so_far.simulated, clock=self.clock)
                if claim.kind == "batch":
                    await batch_completed(tx, await batches_store.close_lines(tx, claim), clock=self.clock)
                await work_store.close_funding(tx, account_id)
                if claim.kind == "optimization" and not isinstance(error, NOT_OURS):
                    await work_store.return_fee(tx, claim, reason="the run failed by our fault")
        except (ClaimLost, Unavailable):
            log.warning("work.failure_not_written", id=str(claim.id))

    async def _release(self, claim: Claim) -> None:
        self._held.pop(claim, None)  # or what is given back would be renewed
        try:
            async with self.db.unit_of_work(workspace=claim.workspace_id) as tx:
                await work_store.release(tx, claim)
        except Unavailable:
            log.warning("work.not_released", id=str(claim.id))


async def _ended(*tasks: "asyncio.Future[Any]") -> None:
    """Cancels them until they end. More than once: Python 3.11's wait_for, which nats-py waits with, drops a cancellation that comes
    together with its answer, and work that nobody stands beside any more would be waited for without end.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
