"""Which sessions and enrichments this gateway asks models for: those that nobody holds. A lease says whose a row is."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

import structlog

from burnish_gateway.assistant import work_store as store
from burnish_gateway.assistant.work_store import Claim, ClaimLost, Kind
from burnish_gateway.deps import Gateway
from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.process import patiently

log = structlog.get_logger("burnish.gateway")

RENEWALS: Final = 3
"""So often a lease is renewed before it would be over."""

WORKERS_SUFFIX: Final = "/assistant"
"""Leases of this runner are told apart from those of chains, which the same gateway holds under its name."""


class Work(Protocol):
    """One claimed row. `carry_out` is safe to begin again elsewhere at any point."""

    async def carry_out(self) -> None: ...

    async def give_up(self) -> None:
        """What went wrong on our side would go wrong again elsewhere: it ends here."""
        ...

    def let_go(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Under:
    """A claim that is being carried out."""

    claim: Claim
    work: Work
    task: "asyncio.Task[None] | None" = None

    def drop(self) -> None:
        """Nothing is written any more, and executions under way come to their end by themselves."""
        self.work.let_go()
        if self.task is not None:
            self.task.cancel()


@dataclass(slots=True)
class AssistantRunner:
    """`run` must be running. `makers`: what is done with a claim of each kind."""

    gateway: Gateway
    makers: dict[Kind, Callable[[Claim, Gateway], Work]]
    _work: "dict[UUID, _Under]" = field(default_factory=dict)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _bells: dict[UUID, set[asyncio.Event]] = field(default_factory=dict)
    _renewed_at: float = 0.0

    @property
    def worker(self) -> str:
        return self.gateway.settings.replica + WORKERS_SUFFIX

    @property
    def lease_s(self) -> int:
        return self.gateway.settings.assistant_lease_s

    def wake(self) -> None:
        """There may be something that nobody holds."""
        self._woken.set()

    def ring(self, row_id: UUID) -> None:
        """This row has changed: whoever listens looks."""
        for bell in self._bells.get(row_id, ()):
            bell.set()

    @contextlib.contextmanager
    def listening(self, row_id: UUID) -> Iterator[asyncio.Event]:
        """Set whenever the row changes here. What other gateways do is not heard: look now and then."""
        bell = asyncio.Event()
        self._bells.setdefault(row_id, set()).add(bell)
        try:
            yield bell
        finally:
            self._bells[row_id].discard(bell)
            if not self._bells[row_id]:
                del self._bells[row_id]

    async def run(self) -> None:
        """Looks until it is cancelled; then lets go of everything, so that another gateway goes on at once."""
        await patiently(self._release)
        self._renewed_at = asyncio.get_running_loop().time()
        try:
            while True:
                self._woken.clear()
                try:
                    await self._renew()
                    await self._claim()
                except BurnishError as error:
                    log.warning("assistant.look_put_off", error=error.message)
                    self._give_up_what_is_over()
                try:
                    async with asyncio.timeout(in_step(self.gateway.settings.assistant_look_interval_s)):
                        await self._woken.wait()
                except TimeoutError:
                    continue
        finally:
            ours = list(self._work.values())
            for one in ours:
                one.drop()
            await asyncio.gather(*(one.task for one in ours if one.task is not None), return_exceptions=True)
            await self._release()

    async def _renew(self) -> None:
        """What stands in our name and is not worked on here keeps the lease that it has: whoever has room takes it up after that."""
        loop = asyncio.get_running_loop()
        if not self._work:
            self._renewed_at = loop.time()
            return
        began_at = loop.time()
        if began_at - self._renewed_at < self.lease_s / RENEWALS:
            return
        ours = dict(self._work)
        async with self.gateway.db.unit_of_work() as tx:
            held = await store.renew(tx, worker=self.worker, lease_s=self.lease_s, ids=ours)
        self._renewed_at = began_at  # The leases began before the answer came, which may have taken its time.
        for row_id, one in ours.items():
            if self._work.get(row_id) is one and held.get(row_id) != one.claim.fence:
                one.drop()

    async def _claim(self) -> None:
        settings = self.gateway.settings
        sessions = settings.assistant_sessions_at_once - self._count("clarification")
        enrichments = settings.assistant_enrichments_at_once - self._count("enrichment")
        if sessions <= 0 and enrichments <= 0:
            return
        async with self.gateway.db.unit_of_work(one_statement=True) as tx:
            claims = await store.claim(
                tx, worker=self.worker, lease_s=self.lease_s, sessions=max(0, sessions), enrichments=max(0, enrichments)
            )
        for claim in claims:
            before = self._work.get(claim.id)
            if before is not None:
                before.drop()
            self._begin(claim)

    def _count(self, kind: Kind) -> int:
        return sum(one.claim.kind == kind for one in self._work.values())

    def _begin(self, claim: Claim) -> None:
        under = self._work[claim.id] = _Under(claim, self.makers[claim.kind](claim, self.gateway))
        under.task = asyncio.create_task(self._carry_out(under))

    async def _carry_out(self, under: _Under) -> None:
        claim = under.claim
        try:
            await under.work.carry_out()
        except ClaimLost:
            log.info("assistant.claim_lost", kind=claim.kind, id=str(claim.id), fence=claim.fence)
        except Unavailable as error:
            log.warning("assistant.put_off", kind=claim.kind, id=str(claim.id), error=error.message)
        except Exception:
            BACKGROUND_FAILED.labels(claim.kind).inc()
            log.exception("assistant.failed", kind=claim.kind, id=str(claim.id), workspace_id=str(claim.workspace_id))
            with contextlib.suppress(ClaimLost, BurnishError):
                await under.work.give_up()
        finally:
            if self._work.get(claim.id) is under:
                del self._work[claim.id]
            self.ring(claim.id)
            self.wake()

    def _give_up_what_is_over(self) -> None:
        """Leases that could not be renewed are over: others may be at work on these rows."""
        if asyncio.get_running_loop().time() - self._renewed_at > self.lease_s:
            for one in list(self._work.values()):
                one.drop()

    async def _release(self) -> None:
        async with self.gateway.db.unit_of_work() as tx:
            await store.release(tx, worker=self.worker)
