"""Composition root of the webhooks service."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from burnish_shared import streams
from burnish_shared.auth.installation import check_keyring
from burnish_shared.auth.kek import load_keyring
from burnish_shared.auth.keyring import Keyring
from burnish_shared.bus.batch import consume
from burnish_shared.bus.connect import Bus, connect
from burnish_shared.bus.relay import Relay
from burnish_shared.clock import SystemClock
from burnish_shared.db.known_schema import check_schema
from burnish_shared.db.session import Database
from burnish_shared.egress import Egress, EgressPolicy
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.process import HealthServer, at_start, supervise
from burnish_shared.settings import from_environment
from burnish_shared.waiting import came
from burnish_webhooks.bring_back import EVERY_S, bring_back
from burnish_webhooks.consumers import event_handler
from burnish_webhooks.core.outcome import Exhausted, Gone
from burnish_webhooks.deliver import Attempted, deliver
from burnish_webhooks.dice import SystemDice
from burnish_webhooks.dispatch_due import Dispatcher, Limits
from burnish_webhooks.hold import once_released
from burnish_webhooks.housekeeping import cancel_switched_off, forget_old, make_partitions, measure
from burnish_webhooks.io.deliveries_store import Claim
from burnish_webhooks.io.mailer import Mailer, SmtpServer, sender_of
from burnish_webhooks.io.sender import HttpSender
from burnish_webhooks.replay import replay_some
from burnish_webhooks.send_mails import MailSender, forget_old_mails
from burnish_webhooks.send_notices import NoticeSender, forget_old_notices
from burnish_webhooks.settings import WebhooksSettings

log = structlog.get_logger("burnish.webhooks")

DATABASE_CONNECTIONS = 8


def rehearse() -> None:
    """What a start does before it reaches for a server. Raises what would end it there."""
    settings = from_environment(WebhooksSettings)
    load_keyring(settings)
    EgressPolicy.parse(settings.egress_allow)
    mailer_of(settings)


async def main(stop: asyncio.Event) -> None:
    """Delivers until `stop`, then lets the attempts under way end."""
    settings = from_environment(WebhooksSettings)
    keyring = load_keyring(settings)
    egress = Egress(EgressPolicy.parse(settings.egress_allow))
    db = await Database.open(
        settings.database_url.get_secret_value(),
        application_name=f"burnish-webhooks-{settings.replica}",
        max_size=DATABASE_CONNECTIONS,
        pooler=settings.pooler,
    )
    health = HealthServer(settings.metrics_port, host=settings.metrics_host)
    await health.start()
    try:
        await at_start(lambda: check_schema(db), health=health)
        await at_start(lambda: check_keyring(db, keyring), health=health)
        url = settings.nats_url.get_secret_value()
        bus = await at_start(lambda: connect(url, service="webhooks", replica=settings.replica), health=health, server="NATS")
        health.readiness = partial(_why_not_ready, db, bus)
        async with (
            bus,
            HttpSender(
                egress, total_timeout_s=settings.webhook_total_timeout_s, connect_timeout_s=settings.webhook_connect_timeout_s
            ) as http,
        ):
            await _serve(settings, db=db, bus=bus, http=http, keyring=keyring, stop=stop)
    finally:
        await health.close()
        await db.close()


async def _serve(settings: WebhooksSettings, *, db: Database, bus: Bus, http: HttpSender, keyring: Keyring, stop: asyncio.Event) -> None:
    relay = Relay(db, bus, service="webhooks", wait_ms=settings.relay_wait_ms, busy_ms=settings.relay_busy_ms)
    clock, dice = SystemClock(), SystemDice()

    async def attempt(claim: Claim) -> Attempted:
        outcome = await deliver(
            claim, db=db, http=http, dice=dice, keyring=keyring,
            factor=settings.webhook_schedule_factor, order_hold_s=settings.webhook_order_hold_s,
        )  # fmt: skip
        if isinstance(outcome, Exhausted | Gone):
            relay.wake()
        return outcome

    dispatcher = Dispatcher(db, attempt, limits=limits_of(settings))
    mailer = mailer_of(settings)
    mails = MailSender(db, mailer, keyring, clock, interval_s=settings.webhook_claim_interval_s, factor=settings.webhook_schedule_factor)
    notices = NoticeSender(
        db, http, mailer, keyring, clock, settings.public_url,
        interval_s=settings.webhook_claim_interval_s, factor=settings.webhook_schedule_factor,
    )  # fmt: skip

    def wake() -> None:
        dispatcher.wake()
        notices.wake()

    async def replay() -> None:
        if await replay_some(db=db, per_second=settings.webhook_replays_per_second):
            dispatcher.wake()

    async def cancel_and_measure() -> None:
        await cancel_switched_off(db=db)
        await measure(db=db)

    async def after_clocks() -> None:
        if await bring_back(
            db=db, lease_s=settings.webhook_lease_s, order_hold_s=settings.webhook_order_hold_s, factor=settings.webhook_schedule_factor
        ):
            wake()

    async def make_partitions_ahead() -> None:
        await make_partitions(db=db)

    await supervise(
        consume(
            bus,
            streams.WEBHOOKS_EVENTS,
            event_handler(db, base_url=settings.public_url, wake=wake, order_hold_s=settings.webhook_order_hold_s),
            db=db,
            stop=stop,
        ),
        once_released(dispatcher.run, notices.run, mails.run, db=db, stop=stop),
        every(1.0, replay, name="replay", stop=stop),
        every(settings.webhook_housekeeping_interval_s, cancel_and_measure, name="cancel", stop=stop),
        every(EVERY_S, after_clocks, name="bring_back", stop=stop),
        every(settings.webhook_retention_interval_s, make_partitions_ahead, name="partitions", stop=stop),
        every(settings.webhook_retention_interval_s, partial(_forget, db, days=settings.webhook_retention_days), name="forget", stop=stop),
        _until_lost(bus, stop),
        stop=stop,
        last=relay.run,
    )


async def _forget(db: Database, *, days: int) -> None:
    await forget_old(db=db, retention_days=days)
    await forget_old_notices(db=db, days=days)
    await forget_old_mails(db=db, days=days)


def mailer_of(settings: WebhooksSettings) -> Mailer:
    """The installation's mail server. Raises StartRefused for settings that name none."""
    url = settings.smtp_url.get_secret_value() if settings.smtp_url else ""
    return Mailer(SmtpServer.parse(url) if url else None, sender=sender_of(settings.smtp_from))


def limits_of(settings: WebhooksSettings) -> Limits:
    return Limits(
        batch=settings.webhook_batch,
        per_endpoint=settings.webhook_per_endpoint,
        per_workspace=settings.webhook_per_workspace,
        per_process=settings.webhook_per_process,
        lease_s=settings.webhook_lease_s,
        interval_s=settings.webhook_claim_interval_s,
    )


async def every(interval_s: float, work: Callable[[], Awaitable[None]], *, name: str, stop: asyncio.Event) -> None:
    """Does `work` now and then each `interval_s` until `stop`. A round that fails is logged, and the next one tries again."""
    while not stop.is_set():
        try:
            await work()
        except Unavailable as error:
            log.warning("webhooks.chore_put_off", chore=name, error=error.message)
        except Exception:
            log.exception("webhooks.chore_failed", chore=name)
        await came(stop, within_s=in_step(interval_s))


async def _until_lost(bus: Bus, stop: asyncio.Event) -> None:
    """Returns at `stop`; raises when NATS refused us for good, so that the process ends and is started anew."""
    lost, stopping = asyncio.create_task(bus.until_lost()), asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({lost, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if lost in done:
            lost.result()
    finally:
        lost.cancel()
        stopping.cancel()


async def _why_not_ready(db: Database, bus: Bus) -> str | None:
    if not bus.is_connected:
        return "NATS is away"
    try:
        async with db.unit_of_work(read_only=True) as tx:
            await tx.fetchval("SELECT 1")
    except Unavailable:
        return "PostgreSQL is away"
    return None
