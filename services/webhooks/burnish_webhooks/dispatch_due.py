"""Keeps attempts under way: claims due deliveries in fair turns, as many as there is room for, and lets none wait for another."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from burnish_shared import failpoints
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_webhooks import metrics
from burnish_webhooks.deliver import Attempted, LostClaim, NotSent
from burnish_webhooks.io import deliveries_store
from burnish_webhooks.io.deliveries_store import Claim

log = structlog.get_logger("burnish.webhooks")

GATHER_S = 0.01
"""Least time between two claims under load, so that each takes more than the one place that has just become free."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is claimed, and how much is under way at once (PROMISES 5.1)."""

    batch: int = 50
    per_endpoint: int = 4
    per_workspace: int = 32
    per_process: int = 256
    lease_s: float = 60.0
    interval_s: float = 1.0

    @property
    def kept_free(self) -> int:
        """Places for workspaces that have nothing under way, so that slow receivers of others never take the last one."""
        return self.per_process // 8


class Dispatcher:
    """`attempt` makes one attempt; `wake` says that something became due."""

    def __init__(self, db: Database, attempt: Callable[[Claim], Awaitable[Attempted]], *, limits: Limits) -> None:
        self._db = db
        self._attempt = attempt
        self._limits = limits
        self._woken = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Dispatches until `stop`, then waits for the attempts under way; none is longer than its timeouts."""
        while not stop.is_set():
            self._woken.clear()
            free = self._limits.per_process - len(self._under_way)
            only_idle = free <= self._limits.kept_free
            room = min(self._limits.batch, free if only_idle else free - self._limits.kept_free)
            claims = await self._claim(room, only_idle=only_idle) if room > 0 else []
            for claim in claims:
                task = asyncio.create_task(self._make(claim))
                self._under_way.add(task)
                task.add_done_callback(self._ended)
            metrics.in_flight.set(len(self._under_way))
            if len(claims) < room or room <= 0:
                await self._rest(stop)
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _claim(self, room: int, *, only_idle: bool) -> list[Claim]:
        limits = self._limits
        try:
            async with self._db.unit_of_work(one_statement=True) as tx:
                claims = await deliveries_store.claim_due(
                    tx,
                    limit=room,
                    lease_s=limits.lease_s,
                    per_endpoint=limits.per_endpoint,
                    per_workspace=limits.per_workspace,
                    only_idle=only_idle,
                )
            if claims:
                await failpoints.hit("webhooks.after_claim")
            return claims
        except Unavailable as error:
            log.warning("webhooks.claim_failed", error=error.message)
            await asyncio.sleep(min(1.0, limits.interval_s))
            return []

    async def _make(self, claim: Claim) -> None:
        try:
            outcome = await self._attempt(claim)
            metrics.attempts_total.labels(_name(outcome)).inc()
        except Unavailable as error:
            # The lease brings it back, under the same webhook-id.
            metrics.attempts_total.labels("failed").inc()
            log.warning("webhooks.attempt_not_settled", error=error.message, event_id=str(claim.event_id))
        except Exception:
            metrics.attempts_total.labels("failed").inc()
            log.exception("webhooks.attempt_failed", event_id=str(claim.event_id), endpoint_id=str(claim.endpoint_id))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        metrics.in_flight.set(len(self._under_way))
        self._woken.set()

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until something is due, a place is free, the interval is over, or `stop`; at least GATHER_S."""
        await asyncio.sleep(GATHER_S)
        stopping, woken = asyncio.create_task(stop.wait()), asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait({stopping, woken}, timeout=in_step(self._limits.interval_s), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, woken):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


def _name(attempted: Attempted) -> str:
    match attempted:
        case NotSent():
            return "not_sent"
        case LostClaim():
            return "lost_claim"
        case _:
            return type(attempted).__name__.lower()
