"""Claims live evaluations that have something to score, and holds on to each while it is scored.

The rows are the truth: what was sampled waits in `score_tasks`, and whoever goes on after a crash finds it there.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog

from burnish_optimizer.beside import raise_of
from burnish_optimizer.io import live_store
from burnish_optimizer.io.answers_inbox import AnswersInbox
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.judges_desk import JudgesDesk
from burnish_optimizer.io.live_store import LiveClaim, LiveClaimLost
from burnish_optimizer.io.rests import FUNDING_SPENT
from burnish_optimizer.score_traffic import Scoring
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.bus.connect import Bus
from burnish_shared.clock import Clock
from burnish_shared.db.session import UNAVAILABLE, Database
from burnish_shared.errors import Unavailable
from burnish_shared.evaluators import Grounds
from burnish_shared.in_step import in_step

log = structlog.get_logger("burnish.optimizer")

WAITS_FOR: Final = frozenset({FUNDING_SPENT, "budget", "credit"})
"""Who refuses with these may have what it needs when judges that are being asked have answered: they cost less than was held."""


@dataclass(slots=True)
class LiveScores:
    """What this replica scores of live traffic."""

    db: Database
    bus: Bus
    inbox: AnswersInbox
    settings: OptimizerSettings
    clock: Clock
    grounds: Grounds
    _running: "dict[asyncio.Task[None], LiveClaim]" = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Claims and scores until `stop`; what is under way is given back."""
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await self._release_from_before()
            while not stop.is_set():
                await self._claim()
                await asyncio.wait({stopped}, timeout=in_step(self.settings.score_interval_s))
        finally:
            stopped.cancel()
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(set(self._running), timeout=5)

    async def _release_from_before(self) -> None:
        try:
            async with self.db.unit_of_work() as tx:
                await live_store.release_all(tx, worker=self.settings.replica)
        except Unavailable:
            return  # the leases run out by themselves

    async def _claim(self) -> None:
        room = self.settings.live_evaluations_at_once - len(self._running)
        if room <= 0:
            return
        try:
            async with self.db.unit_of_work(one_statement=True) as tx:
                claims = await live_store.claim(
                    tx,
                    worker=self.settings.replica,
                    lease_s=self.settings.lease_s,
                    most=room,
                    held=[one.id for one in self._running.values()],
                )
        except Unavailable:
            return
        for claim in claims:
            task = asyncio.create_task(self._work(claim))
            self._running[task] = claim
            task.add_done_callback(lambda done: self._running.pop(done, None))

    async def _work(self, claim: LiveClaim) -> None:
        """The edge of all scoring: what nobody caught is logged once, and what waits is tried again by the next claim."""
        about = {"live_evaluation_id": str(claim.id), "workspace_id": str(claim.workspace_id)}
        gives_back = True
        try:
            written = await self._hold(claim)
            log.info("scores.written", **about, count=written)
        except LiveClaimLost:
            log.info("scores.claim_lost", **about)
        except (Unavailable, *UNAVAILABLE) as error:
            log.warning("scores.interrupted", **about, error=str(error) or type(error).__name__)
        except Exception:
            log.exception("scores.failed", **about)
            gives_back = False  # not at once: what failed would fail again, as often as it is looked
        finally:
            if gives_back:
                await asyncio.shield(self._release(claim))

    async def _hold(self, claim: LiveClaim) -> int:
        """Scores beside a desk and a keeper. Returns how many scores were written."""
        async with self.db.unit_of_work(workspace=claim.workspace_id) as tx:
            live = await live_store.load(tx, claim)
        desk = Desk(
            db=self.db,
            bus=self.bus,
            inbox=self.inbox,
            settings=self.settings,
            clock=self.clock,
            workspace_id=claim.workspace_id,
            owner_id=claim.id,
            account_id=live.payer,
            fence=claim.fence,
            waits_for=WAITS_FOR,
        )
        judges = JudgesDesk(desk, self.db, {"evaluator_id": str(live.evaluator_id), "live_evaluation_id": str(claim.id)})
        scoring = Scoring(claim, live, self.db, self.grounds, judges.ask, turn_s=self.settings.batch_turn_s)
        work = asyncio.ensure_future(scoring.run())
        beside = [asyncio.ensure_future(desk.run()), asyncio.ensure_future(self._keep(claim))]
        try:
            done, _ = await asyncio.wait({work, *beside}, return_when=asyncio.FIRST_COMPLETED)
            if work in done:
                return work.result()
            for one in beside:
                if one in done:
                    raise_of(one)
            raise RuntimeError("a loop beside the scoring ended by itself")
        finally:
            for task in (work, *beside):
                task.cancel()
            await asyncio.gather(work, *beside, return_exceptions=True)

    async def _keep(self, claim: LiveClaim) -> None:
        """Renews the lease, and so learns of a pause. Raises LiveClaimLost, or Unavailable before the lease runs out."""
        loop = asyncio.get_running_loop()
        renewed_at = loop.time()
        while True:
            await asyncio.sleep(in_step(self.settings.watch_interval_s))
            try:
                async with self.db.unit_of_work(workspace=claim.workspace_id) as tx:
                    await live_store.renew(tx, claim, lease_s=self.settings.lease_s)
                renewed_at = loop.time()
            except Unavailable:
                if loop.time() - renewed_at > self.settings.lease_s / 2:
                    raise

    async def _release(self, claim: LiveClaim) -> None:
        try:
            async with self.db.unit_of_work(workspace=claim.workspace_id) as tx:
                await live_store.release(tx, claim)
        except (Unavailable, *UNAVAILABLE):
            log.warning("scores.not_released", live_evaluation_id=str(claim.id))
