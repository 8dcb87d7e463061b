"""Composition root of the optimizer: the workshop, its wake-up messages, the outbox relay, health."""

import asyncio
from functools import partial

from burnish_optimizer.consumers import wake_up
from burnish_optimizer.io import work_store
from burnish_optimizer.io.answers_inbox import AnswersInbox
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.work_store import Claim
from burnish_optimizer.live_scores import LiveScores
from burnish_optimizer.run_batch import run_batch
from burnish_optimizer.run_job import run_job
from burnish_optimizer.run_test_run import run_test_run
from burnish_optimizer.settings import OptimizerSettings
from burnish_optimizer.watch_experiments import ExperimentWatch
from burnish_optimizer.work import Workshop
from burnish_shared.bus.batch import consume
from burnish_shared.bus.connect import Bus, connect
from burnish_shared.bus.relay import Relay
from burnish_shared.clock import Clock, SystemClock
from burnish_shared.db.known_schema import check_schema
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.evaluators import Grounds
from burnish_shared.process import HealthServer, at_start, supervise
from burnish_shared.settings import from_environment
from burnish_shared.streams import OPTIMIZER_JOBS


def rehearse() -> None:
    """What a start does before it reaches for a server. Raises what would end it there."""
    from_environment(OptimizerSettings)


async def main(stop: asyncio.Event, settings: OptimizerSettings | None = None) -> None:
    """Works until `stop`. Settings come from the environment where none are given."""
    settings = settings or from_environment(OptimizerSettings)
    db = await Database.open(
        settings.database_url.get_secret_value(),
        application_name=f"optimizer-{settings.replica}",
        max_size=settings.database_connections,
        pooler=settings.pooler,
    )
    async with HealthServer(settings.metrics_port, host=settings.metrics_host) as health:
        await at_start(lambda: check_schema(db), health=health)
        url = settings.nats_url.get_secret_value()
        bus = await at_start(lambda: connect(url, service="optimizer", replica=settings.replica), health=health, server="NATS")
        try:
            health.readiness = partial(_why_not_ready, db, bus)
            await run(settings, db=db, bus=bus, stop=stop, health=health)
        finally:
            await bus.close()
            await db.close()


async def run(settings: OptimizerSettings, *, db: Database, bus: Bus, stop: asyncio.Event, health: HealthServer) -> None:
    """Everything that the optimizer does, on connections that are given."""
    relay = Relay(db, bus, service="optimizer", wait_ms=settings.relay_wait_ms, busy_ms=settings.relay_busy_ms)
    inbox = AnswersInbox(bus)
    await inbox.open()
    grounds = Grounds.open(workers=settings.sandbox_workers, wasm=settings.sandbox_wasm, daytona=settings.daytona())
    clock = SystemClock()
    workshop = make_workshop(settings, db=db, bus=bus, inbox=inbox, relay=relay, clock=clock, grounds=grounds)
    batches = make_batch_workshop(settings, db=db, bus=bus, inbox=inbox, relay=relay, clock=clock)
    try:
        await supervise(
            workshop.run(stop),
            batches.run(stop),
            LiveScores(db=db, bus=bus, inbox=inbox, settings=settings, clock=clock, grounds=grounds).run(stop),
            ExperimentWatch(db=db, settings=settings, clock=clock).run(stop),
            consume(bus, OPTIMIZER_JOBS, wake_up(workshop.wake, batches.wake), db=db, stop=stop),
            health.run(stop),
            _until_lost(bus, stop),
            stop=stop,
            last=relay.run,
        )
    finally:
        await grounds.close()


def make_workshop(
    settings: OptimizerSettings, *, db: Database, bus: Bus, inbox: AnswersInbox, relay: Relay, clock: Clock, grounds: Grounds
) -> Workshop:
    async def do_test_run(claim: Claim, desk: Desk) -> None:
        await run_test_run(claim, db=db, desk=desk, clock=clock, grounds=grounds, progress_interval_s=settings.progress_interval_s)

    async def do_optimization(claim: Claim, desk: Desk) -> None:
        await run_job(claim, db=db, desk=desk, clock=clock, grounds=grounds)

    return Workshop(
        db=db,
        bus=bus,
        inbox=inbox,
        settings=settings,
        clock=clock,
        do={"test_run": do_test_run, "optimization": do_optimization},
        at_once=settings.jobs_at_once,
        wake_relay=relay.wake,
    )


def make_batch_workshop(
    settings: OptimizerSettings, *, db: Database, bus: Bus, inbox: AnswersInbox, relay: Relay, clock: Clock
) -> Workshop:
    """Beside the other one: long batches keep no test run waiting."""

    async def do_batch(claim: Claim, desk: Desk) -> None:
        await run_batch(claim, db=db, desk=desk, clock=clock, settings=settings)

    return Workshop(
        db=db,
        bus=bus,
        inbox=inbox,
        settings=settings,
        clock=clock,
        do={"batch": do_batch},
        at_once=settings.batches_at_once,
        wake_relay=relay.wake,
        claim_some=work_store.claim_batches,
        release_all=work_store.release_batches,
    )


async def _until_lost(bus: Bus, stop: asyncio.Event) -> None:
    """Ends with `stop`, or with an error when NATS refuses us for good: the process is then started anew."""
    lost, stopped = asyncio.ensure_future(bus.until_lost()), asyncio.ensure_future(stop.wait())
    try:
        done, _ = await asyncio.wait({lost, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        lost.cancel()
        stopped.cancel()
    if lost in done:
        lost.result()


async def _why_not_ready(db: Database, bus: Bus) -> str | None:
    if not bus.is_connected:
        return "NATS cannot be reached"
    try:
        async with db.unit_of_work(read_only=True) as tx:
            await tx.fetchval("SELECT 1")
    except Unavailable:
        return "PostgreSQL cannot be reached"
    return None
