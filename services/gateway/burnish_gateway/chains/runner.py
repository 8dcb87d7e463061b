"""Which runs this gateway works on: those that began here, and those that nobody holds. A lease says whose a run is."""

import asyncio
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from burnish_gateway.access.principal import Principal
from burnish_gateway.chains import runs_store as store
from burnish_gateway.chains.run_chain import ChainRun, Given, Why
from burnish_gateway.chains.runs_store import Claim
from burnish_gateway.deps import Gateway
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError
from burnish_shared.in_step import in_step
from burnish_shared.process import patiently

log = structlog.get_logger("burnish.gateway")

RENEWALS: Final = 3
"""So often a lease is renewed before it would be over."""


@dataclass(slots=True)
class ChainRunner:
    """`run` must be running. `worker`: who holds the leases; a process that is started again under this name goes on at once."""

    gateway: Gateway
    _runs: dict[UUID, ChainRun] = field(default_factory=dict)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _renewed_at: float = 0.0

    @property
    def worker(self) -> str:
        return self.gateway.settings.replica

    @property
    def lease_s(self) -> int:
        return self.gateway.settings.chain_lease_s

    @property
    def has_room(self) -> bool:
        return len(self._runs) < self.gateway.settings.chain_runs_at_once

    def find(self, run_id: UUID) -> ChainRun | None:
        """The run, where this gateway works on it."""
        return self._runs.get(run_id)

    def wake(self) -> None:
        """There may be a run that nobody holds."""
        self._woken.set()

    async def lease(self, tx: Tx, workspace_id: UUID, run_id: UUID) -> Claim:
        """A run that was just inserted becomes ours with its transaction; `begin` it after the commit."""
        return await store.lease(tx, workspace_id, run_id, worker=self.worker, lease_s=self.lease_s)

    def begin(self, claim: Claim, *, principal: Principal | None = None, given: Given | None = None) -> ChainRun:
        """Works on it from now on."""
        run = self._runs[claim.run_id] = ChainRun(claim, self.gateway, principal, given)
        task = asyncio.create_task(self._carry_out(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run

    def stop(self, run_id: UUID, why: Why) -> None:
        """At once where it runs here; elsewhere its row says so."""
        run = self._runs.get(run_id)
        if run is not None:
            run.stop(why)

    async def run(self) -> None:
        """Looks until it is cancelled; then lets go of everything, so that another gateway goes on at once."""
        await patiently(self._release)
        loop = asyncio.get_running_loop()
        self._renewed_at = loop.time()
        try:
            while True:
                try:
                    await self._look()
                    await self._claim()
                except BurnishError as error:
                    log.warning("chain_runs.look_put_off", error=error.message)
                    self._give_up_what_is_over()
                self._woken.clear()
                try:
                    async with asyncio.timeout(in_step(self.gateway.settings.chain_look_interval_s)):
                        await self._woken.wait()
                except TimeoutError:
                    continue
        finally:
            for one in self._runs.values():
                one.let_go()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._release()

    async def _carry_out(self, run: ChainRun) -> None:
        try:
            await run.carry_out()
        finally:
            if self._runs.get(run.claim.run_id) is run:
                del self._runs[run.claim.run_id]

    async def _look(self) -> None:
        """Renews the leases, and hears which runs are to be cancelled, or are another's by now.

        What stands in our name and is not worked on here keeps the lease that it has: whoever has room takes it up after that.
        """
        ours = dict(self._runs)
        if not ours:
            self._renewed_at = asyncio.get_running_loop().time()
            return
        now = asyncio.get_running_loop().time()
        renew = now - self._renewed_at >= self.lease_s / RENEWALS
        async with self.gateway.db.unit_of_work() as tx:
            held = await store.look(tx, worker=self.worker, lease_s=self.lease_s, renew=list(ours) if renew else ())
        if renew:
            self._renewed_at = now
        for run_id, run in ours.items():
            fence, is_cancelled = held.get(run_id, (None, False))
            if fence != run.claim.fence and not run.followers.ended.is_set() and run.finished is None:
                run.let_go()
            elif is_cancelled:
                run.stop("cancelled")

    async def _claim(self) -> None:
        room = self.gateway.settings.chain_runs_at_once - len(self._runs)
        if room <= 0:
            return
        async with self.gateway.db.unit_of_work(one_statement=True) as tx:
            claims = await store.claim(tx, worker=self.worker, lease_s=self.lease_s, most=room)
        for one in claims:
            before = self._runs.get(one.run_id)
            if before is not None:
                before.let_go()
            self.begin(one)

    def _give_up_what_is_over(self) -> None:
        """Leases that could not be renewed are over: others may be at work on these runs."""
        if asyncio.get_running_loop().time() - self._renewed_at > self.lease_s:
            for run in self._runs.values():
                run.let_go()

    async def _release(self) -> None:
        async with self.gateway.db.unit_of_work() as tx:
            await store.release(tx, worker=self.worker)
