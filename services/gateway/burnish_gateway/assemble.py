"""Builds the gateway's parts, and names the loops that keep them alive."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta
from typing import Any

import structlog

from burnish_gateway.access.authenticate import Authenticator
from burnish_gateway.access.caller_pace import CallerPace
from burnish_gateway.access.passwords import Passwords
from burnish_gateway.access.people import People, SessionRules
from burnish_gateway.access.session_token import CookieShape, csrf_key, is_secure
from burnish_gateway.alerts.start_by_policy import PolicyStarter
from burnish_gateway.api_keys.key_use import KeyUse
from burnish_gateway.assistant.runner import AssistantRunner
from burnish_gateway.billing.budget_book import BudgetBook
from burnish_gateway.chains.runner import ChainRunner
from burnish_gateway.clarifications.ask_model import SessionWork
from burnish_gateway.deps import Gateway
from burnish_gateway.enrichments.pdf_texts import PdfTexts
from burnish_gateway.enrichments.read_content import EnrichmentWork
from burnish_gateway.execution.ends import EndWatch
from burnish_gateway.execution.frames import FrameInbox
from burnish_gateway.execution.refusals import Refusals
from burnish_gateway.execution.unanswered import Unanswered
from burnish_gateway.experiments.book import ExperimentBook
from burnish_gateway.experiments.follow_orders import OrderFollower
from burnish_gateway.experiments.shadow import Shadows
from burnish_gateway.feedback.metric_book import MetricBook
from burnish_gateway.feedback.publish import FeedbackPublisher
from burnish_gateway.groups.book import GroupBook
from burnish_gateway.inbound.book import InboundBook
from burnish_gateway.inbound.refusals import RefusalLog
from burnish_gateway.live.hub import LiveHub
from burnish_gateway.live.page_notes import PageNotes
from burnish_gateway.model_migrations.advance import MigrationRunner
from burnish_gateway.models.book import ModelBook
from burnish_gateway.optimization.rollout_by_policy import RolloutStarter
from burnish_gateway.paging import Cursors
from burnish_gateway.privacy.watch_erasures import ErasureWatch
from burnish_gateway.registry.catalog import Catalog
from burnish_gateway.reports.send_digests import DigestSender
from burnish_gateway.routing.book import RoutingBook
from burnish_gateway.schedules.start_due import ScheduleStarter
from burnish_gateway.settings import GatewaySettings
from burnish_gateway.sign_in.identity_providers import IdentityProviders
from burnish_gateway.team import organization_store
from burnish_shared import subjects
from burnish_shared.auth.installation import InstallationSecrets, check_keyring, load_installation_secrets
from burnish_shared.auth.kek import load_keyring
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.passwords import PasswordHashing
from burnish_shared.books.admission import Admission
from burnish_shared.bus.connect import connect
from burnish_shared.bus.relay import Relay
from burnish_shared.clock import SystemClock
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.known_schema import check_schema
from burnish_shared.db.rules_book import RulesBook
from burnish_shared.db.session import Database
from burnish_shared.egress import Egress, EgressPolicy
from burnish_shared.evaluators import Grounds
from burnish_shared.own_checks import OwnChecks
from burnish_shared.process import HealthServer, at_start, ended, supervise

log = structlog.get_logger("burnish.gateway")

FEED_TIMEOUT_MS = 1_500
"""A look that hangs is tried again well before keys are not trusted any more (`trust_s`)."""


@contextlib.asynccontextmanager
async def assembled(settings: GatewaySettings, health: HealthServer | None = None) -> AsyncIterator[Gateway]:
    """All parts, connected; closed again at the end. Waits for PostgreSQL and NATS, however long they take; `health` says for which."""
    health = health or HealthServer(0)
    dsn = settings.database_url.get_secret_value()
    keyring = load_keyring(settings)
    db = await Database.open(dsn, application_name="burnish-gateway", max_size=settings.database_connections, pooler=settings.pooler)
    try:
        installation = await at_start(lambda: load_installation_secrets(db, keyring), health=health)
        async with _feed(settings) as feed:
            db.after_change = feed.catch_up
            async with _connected(settings, db=db, feed=feed, keyring=keyring, installation=installation, health=health) as gateway:
                yield gateway
    finally:
        await db.close()


@contextlib.asynccontextmanager
async def _feed(settings: GatewaySettings) -> AsyncIterator[ChangeFeed]:
    """On a connection of its own: revocations must not wait behind requests for a free one."""
    own = await Database.open(
        settings.database_url.get_secret_value(),
        application_name="burnish-gateway-feed",
        max_size=1,
        statement_timeout_ms=FEED_TIMEOUT_MS,
        pooler=settings.pooler,
    )
    try:
        yield ChangeFeed(own)
    finally:
        await own.close()


@contextlib.asynccontextmanager
async def _connected(
    settings: GatewaySettings, *, db: Database, feed: ChangeFeed, keyring: Keyring, installation: InstallationSecrets, health: HealthServer
) -> AsyncIterator[Gateway]:
    url = settings.nats_url.get_secret_value()
    bus = await at_start(lambda: connect(url, service="gateway", replica=settings.replica), health=health, server="NATS")
    admission = Admission.over(settings.database_url.get_secret_value(), application_name="burnish-gateway", pooler=settings.pooler)
    clock = SystemClock()
    relay = Relay(db, bus, service="gateway", wait_ms=settings.relay_wait_ms, busy_ms=settings.relay_busy_ms)
    identity = IdentityProviders.over(settings, public_url=settings.public_url, clock=clock)
    grounds = Grounds.open(workers=settings.sandbox_workers, wasm=settings.sandbox_wasm, daytona=settings.daytona())
    gateway = Gateway(
        settings=settings, db=db, bus=bus, clock=clock, keyring=keyring, installation=installation,
        cursors=Cursors(installation.cursor_key), feed=feed,
        authenticator=_authenticator(settings, db=db, feed=feed, installation=installation, identity=identity), identity=identity,
        passwords=Passwords(PasswordHashing(memory_kib=settings.password_memory_kib, passes=settings.password_passes)), admission=admission,
        pace=CallerPace(settings.requests_per_minute, settings.links_per_minute),
        key_use=KeyUse(db, interval_s=settings.key_use_interval_s), page_notes=PageNotes(db), refusals=Refusals(),
        unanswered=Unanswered(db), inbox=FrameInbox(bus), ends=EndWatch(bus), relay=relay,
        catalog=Catalog(db, feed=feed), models=ModelBook.over(db, feed=feed), budgets=BudgetBook.over(db, feed=feed),
        groups=GroupBook.over(db, feed=feed), experiments=ExperimentBook.over(db, feed=feed), routing=RoutingBook.over(db, feed=feed),
        metrics=MetricBook.over(db, feed=feed), inbound=InboundBook.over(db, feed=feed, keyring=keyring),
        inbound_refusals=RefusalLog(db),
        rules=RulesBook.over(db, feed=feed), grounds=grounds, own_checks=OwnChecks(grounds), pdfs=PdfTexts(),
        feedback=FeedbackPublisher(bus=bus, db=db, wake_relay=relay.wake), egress=Egress(EgressPolicy.parse(settings.egress_allow)),
        erasures=ErasureWatch(db, bus, installation_key=installation.receipt_key), live=LiveHub(bus, clock),
    )  # fmt: skip
    gateway.chains = ChainRunner(gateway)
    gateway.shadows = Shadows(gateway)
    gateway.assistant = AssistantRunner(gateway, {"clarification": SessionWork, "enrichment": EnrichmentWork})
    gateway.refusals.follow(feed)
    gateway.live.follow(feed)
    db.told_pages = gateway.page_notes.add
    try:
        await gateway.inbox.start()
        await gateway.live.start()
        gateway.ends.start()
        await bus.nc.subscribe(subjects.CONFIG_CHANGED, cb=feed.on_message)
        await at_start(feed.start, health=health)
        with health.waiting("NATS and PostgreSQL, which know of erasures made since this database was backed up"):
            await gateway.erasures.look_before_serving()
        yield gateway
    finally:
        gateway.ends.close()
        await gateway.live.close()
        await gateway.key_use.write()
        await gateway.page_notes.write()
        await gateway.inbound_refusals.write()
        await gateway.experiments.write()
        await gateway.grounds.close()
        await gateway.pdfs.close()
        await gateway.feedback.close()
        await identity.close()
        await admission.close()
        await bus.close()


async def check_start(settings: GatewaySettings, health: HealthServer | None = None) -> None:
    """Raises StartRefused when our keys do not open what is stored; waits for PostgreSQL and our schema, however long it takes."""
    keyring = load_keyring(settings)
    dsn = settings.database_url.get_secret_value()
    db = await Database.open(dsn, application_name="burnish-gateway-start", max_size=1, pooler=settings.pooler)
    try:
        await at_start(lambda: check_schema(db), health=health)
        await at_start(lambda: check_keyring(db, keyring), health=health)
        await at_start(lambda: _check_sign_up_plan(db, settings.sign_up_plan), health=health)
    finally:
        await db.close()


async def _check_sign_up_plan(db: Database, plan: str) -> None:
    """Warns where nobody could found an organization: a plan is made over the API, so that a gateway must run before it is there."""
    async with db.unit_of_work(read_only=True) as tx:
        is_there = await organization_store.has_plan(tx, plan)
    if not is_there:
        log.warning("gateway.no_sign_up_plan", setting="BURNISH_SIGN_UP_PLAN", plan=plan, fix=f"PUT /v1/plans/{plan}")


def _authenticator(
    settings: GatewaySettings, *, db: Database, feed: ChangeFeed, installation: InstallationSecrets, identity: IdentityProviders
) -> Authenticator:
    rules = SessionRules(
        lifetime=timedelta(days=settings.session_days),
        idle=timedelta(days=settings.session_idle_days),
        cookie=CookieShape(is_secure(settings.cookie_secure, public_url=settings.public_url)),
        public_url=settings.public_url,
    )
    key = csrf_key(installation.session_key)
    people = People.over(db, feed=feed, clock=SystemClock(), rules=rules, csrf_key=key, tokens=identity.tokens)
    return Authenticator.over(db, feed=feed, people=people, pepper=installation.pepper, clock=SystemClock())


async def run_loops(gateway: Gateway, stop: asyncio.Event) -> None:
    """Everything that must run for as long as the gateway does, save the relay, which tells what these record until they have ended."""
    running, stopping = asyncio.create_task(supervise(*_loops(gateway))), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        stopping.cancel()
        await ended({running})


def _loops(gateway: Gateway) -> list[Coroutine[Any, Any, None]]:
    return [
        gateway.admission.run(),
        gateway.unanswered.run(),
        gateway.feed.run(),
        gateway.bus.until_lost(),
        gateway.key_use.run(),
        gateway.page_notes.run(),
        gateway.inbound_refusals.run(),
        gateway.erasures.run(),
        gateway.experiments.run(),
        gateway.shadows.run(),
        RolloutStarter(gateway.db, gateway.clock, gateway.relay.wake).run(),
        OrderFollower(gateway.db, gateway.clock, gateway.relay, gateway.settings.experiment_orders_interval_s).run(),
        PolicyStarter(gateway.db, gateway.clock, gateway.relay.wake, gateway.outside).run(),
        ScheduleStarter(gateway.db, gateway.clock, gateway.relay.wake, gateway.outside).run(),
        MigrationRunner(gateway.db, gateway.clock, gateway.relay.wake).run(),
        gateway.chains.run(),
        gateway.assistant.run(),
        DigestSender(gateway.db, gateway.clock, gateway.relay.wake).run(),
    ]
