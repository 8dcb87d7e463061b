"""Composition root of analytics: three consumers, the housework, the outbox relay, the dead-letter indexer, health."""

import asyncio

from burnish_analytics.consumers import Intake
from burnish_analytics.housework import Housework
from burnish_analytics.keep_failure_groups import FailureGroupKeeper
from burnish_analytics.keep_privacy import PrivacyKeeper
from burnish_analytics.keep_recounts import RecountKeeper
from burnish_analytics.note_progress import ProgressKeeper
from burnish_analytics.raise_incidents import IncidentWatch
from burnish_analytics.settings import AnalyticsSettings
from burnish_shared.bus import batch
from burnish_shared.bus.advisories import index_advisories
from burnish_shared.bus.connect import Bus, connect
from burnish_shared.bus.relay import Relay
from burnish_shared.clock import SystemClock
from burnish_shared.db.known_schema import check_schema
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.process import HealthServer, at_start, supervise
from burnish_shared.settings import from_environment
from burnish_shared.streams import ANALYTICS_EVENTS, ANALYTICS_FEEDBACK, ANALYTICS_RECORDS

BATCHES_AT_ONCE = 2
"""Of finished executions: one is read and summed up while PostgreSQL writes the other."""

STATEMENT_TIMEOUT_MS = 60_000
"""Analytics may work longer on one statement than a gateway (PROMISES 5.2)."""


def rehearse() -> None:
    """What a start does before it reaches for a server. Raises what would end it there."""
    from_environment(AnalyticsSettings)


async def main(stop: asyncio.Event) -> None:
    """Runs until `stop`."""
    settings = from_environment(AnalyticsSettings)
    db = await Database.open(
        settings.database_url.get_secret_value(),
        application_name=f"analytics-{settings.replica}",
        max_size=settings.database_connections,
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        pooler=settings.pooler,
    )
    async with HealthServer(settings.metrics_port, host=settings.metrics_host) as health:
        await at_start(lambda: check_schema(db), health=health)
        url = settings.nats_url.get_secret_value()
        bus = await at_start(lambda: connect(url, service="analytics", replica=settings.replica), health=health, server="NATS")
        try:
            await run(settings, db=db, bus=bus, stop=stop, health=health)
        finally:
            await bus.close()
            await db.close()


async def run(settings: AnalyticsSettings, *, db: Database, bus: Bus, stop: asyncio.Event, health: HealthServer | None = None) -> None:
    """Everything that analytics does, on connections that are given."""
    clock = SystemClock()
    relay = Relay(db, bus, service="analytics", wait_ms=settings.relay_wait_ms, busy_ms=settings.relay_busy_ms)
    housework = Housework(db, settings, clock, wake_relay=relay.wake)
    intake = Intake(db, settings, clock, wake_relay=relay.wake, join_soon=housework.join_soon)

    async def readiness() -> str | None:
        if not bus.is_connected:
            return "NATS cannot be reached"
        try:
            async with db.unit_of_work(read_only=True) as tx:
                await tx.fetchval("SELECT 1")
        except Unavailable:
            return "PostgreSQL cannot be reached"
        return None

    health = health or HealthServer(settings.metrics_port, host=settings.metrics_host)
    health.readiness = readiness
    await supervise(
        batch.consume(bus, ANALYTICS_RECORDS, intake.handle_records, db=db, stop=stop, concurrency=BATCHES_AT_ONCE),
        batch.consume(bus, ANALYTICS_FEEDBACK, intake.handle_feedback, db=db, stop=stop),
        batch.consume(bus, ANALYTICS_EVENTS, IncidentWatch(db, clock, relay.wake).handle, db=db, stop=stop),
        housework.run(stop),
        PrivacyKeeper(db, bus, settings, clock, wake_relay=relay.wake).run(stop),
        RecountKeeper(db, clock, settings.recount_interval_s).run(stop),
        ProgressKeeper(db, bus, settings.progress_interval_s).run(stop),
        FailureGroupKeeper(db, clock, settings.failure_groups_interval_s).run(stop),
        index_advisories(bus, db=db, stop=stop),
        health.run(stop),
        stop=stop,
        last=relay.run,
    )
