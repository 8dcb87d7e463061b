"""The executor's composition root."""

import asyncio
from functools import partial

import structlog
from nats.aio.subscription import Subscription

from burnish_executor.ask_keys import Asker
from burnish_executor.borrow_tickets import Tickets
from burnish_executor.bulkheads import Bulkheads
from burnish_executor.check_answer import AnswerChecks
from burnish_executor.choose_key import Keys
from burnish_executor.circuits import Circuits
from burnish_executor.consumers import Desk
from burnish_executor.core.circuit import CircuitRule
from burnish_executor.guard_execution import Guards
from burnish_executor.io import keys_store
from burnish_executor.io.answers_store import AnswersStore
from burnish_executor.io.key_vault import KeyVault
from burnish_executor.io.operators_leave import OperatorsLeave
from burnish_executor.io.platform_keys import providers_with_platform_keys
from burnish_executor.io.providers import Providers
from burnish_executor.mask_record import RecordMasks
from burnish_executor.record_batch import Recorder
from burnish_executor.rests import Rests
from burnish_executor.reuse_answers import AnswerCache
from burnish_executor.run_execution import Runner
from burnish_executor.settings import ExecutorSettings
from burnish_executor.share_limits import SharedLimits
from burnish_executor.step_aside import Places
from burnish_executor.sweep import sweep_cache, sweep_holds, watch_ledger
from burnish_executor.warm_litellm import warm_litellm
from burnish_executor.widen_hold import Holds
from burnish_shared import subjects
from burnish_shared.auth.installation import check_keyring
from burnish_shared.auth.kek import load_keyring
from burnish_shared.auth.keyring import Keyring
from burnish_shared.books.admission import Admission
from burnish_shared.books.event_parts import joined_events
from burnish_shared.bus.batch import consume
from burnish_shared.bus.connect import Bus, connect
from burnish_shared.bus.relay import Relay
from burnish_shared.contracts.executions import Lane
from burnish_shared.contracts.provider_keys import KeyLimits
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.known_schema import check_schema
from burnish_shared.db.rules_book import RulesBook
from burnish_shared.db.session import Database, DurableConnection
from burnish_shared.errors import BurnishError
from burnish_shared.evaluators import Grounds
from burnish_shared.own_checks import OwnChecks
from burnish_shared.process import LAST_TURN_S, HealthServer, at_start
from burnish_shared.settings import from_environment
from burnish_shared.streams import EXECUTOR_BACKGROUND, EXECUTOR_BATCH

log = structlog.get_logger("burnish.executor")


def rehearse() -> None:
    """What a start does before it reaches for a server. Raises what would end it there."""
    load_keyring(from_environment(ExecutorSettings))


async def main(stop: asyncio.Event, settings: ExecutorSettings | None = None) -> None:
    """Executes until `stop`, then lets what runs finish. `settings` None: from the environment."""
    settings = settings or from_environment(ExecutorSettings)
    keyring = load_keyring(settings)
    async with HealthServer(settings.metrics_port, host=settings.metrics_host) as health:
        await _execute(settings, keyring, stop=stop, health=health)


async def _execute(settings: ExecutorSettings, keyring: Keyring, *, stop: asyncio.Event, health: HealthServer) -> None:
    dsn = settings.database_url.get_secret_value()
    db = await _open_database(settings, keyring, health)
    url = settings.nats_url.get_secret_value()
    bus = await at_start(lambda: connect(url, service="executor", replica=settings.replica), health=health, server="NATS")
    relay = _relay(settings, db=db, bus=bus)
    recorder = Recorder(
        settle=DurableConnection(dsn, application_name="burnish-executor-settle", asynchronous=True, pooler=settings.pooler),
        disk=DurableConnection(dsn, application_name="burnish-executor-flush", pooler=settings.pooler),
        relay=relay,
    )
    admission = Admission.over(dsn, application_name="burnish-executor", pooler=settings.pooler)
    providers, feed = Providers.open(settings), ChangeFeed(db)
    vault = KeyVault.over(db, keyring=keyring, feed=feed, relay=relay, trust_s=settings.key_trust_s, news_s=settings.key_news_s)
    holds = Holds(admission)
    tickets = Tickets(DurableConnection(dsn, application_name="burnish-executor-tickets", asynchronous=True, pooler=settings.pooler))
    limits = SharedLimits(bus, tickets, Rests(settings.rest_most_s))
    leave = OperatorsLeave.over(db, feed=feed)
    asker = _asker(settings, providers=providers, vault=vault, leave=leave, holds=holds, limits=limits)
    answers = AnswersStore.over(dsn, pooler=settings.pooler)
    rules = RulesBook.over(db, feed=feed)
    grounds = Grounds.open(workers=settings.sandbox_workers, wasm=settings.sandbox_wasm, daytona=settings.daytona())
    runner = _runner(settings, recorder=recorder, asker=asker, holds=holds, answers=answers, rules=rules, own=OwnChecks(grounds))
    bulkheads = Bulkheads.by_percent(settings.max_running, settings.slots_share_percent)
    places = Places.of(bus, {Lane.BACKGROUND: settings.background_running, Lane.BATCH: settings.batch_running})
    desk = Desk(bus=bus, runner=runner, admission=admission, settings=settings, bulkheads=bulkheads, places=places)
    await at_start(feed.start, health=health)
    await at_start(lambda: _announce_platform_keys(db), health=health)
    health.readiness = partial(_readiness, bus, db)
    sweeping, watching = sweep_holds(db, settings=settings, relay=relay, stop=stop), watch_ledger(db, settings=settings, stop=stop)
    housework = (feed.run(), vault.run(), sweeping, watching, sweep_cache(db, settings=settings, stop=stop),
        warm_litellm(db, litellm=providers.litellm, feed=feed, stop=stop))  # fmt: skip
    loops = [asyncio.create_task(one) for one in (recorder.run(), admission.run(), tickets.run(), desk.heartbeat(), *housework)]
    incoming = await _subscribe(bus, desk=desk, feed=feed, limits=limits)
    consuming = [
        asyncio.create_task(consume(bus, one, desk.on_queued, db=db, stop=stop, concurrency=places.loops(lane)))
        for lane, one in ((Lane.BACKGROUND, EXECUTOR_BACKGROUND), (Lane.BATCH, EXECUTOR_BATCH))
    ]
    recorded = asyncio.Event()
    relaying = asyncio.create_task(relay.run(recorded))
    log.info("executor.ready", replica=settings.replica, metrics_port=health.port)
    try:
        await _until_stopped(stop, [*loops, *consuming, relaying, asyncio.create_task(bus.until_lost())])
        await asyncio.gather(*(bus.take_leave(one) for one in incoming))
        await _end_in_order(desk, consuming, relaying, recorded=recorded)
    finally:
        for task in (*loops, *consuming, relaying):
            task.cancel()
        await asyncio.gather(*loops, *consuming, relaying, return_exceptions=True)
        await vault.close()
        await asyncio.gather(answers.close(), tickets.close())
        await providers.close()
        await grounds.close()
        await health.close()
        await bus.close()
        await db.close()


async def _end_in_order(
    desk: Desk, consuming: "list[asyncio.Task[None]]", relaying: "asyncio.Task[None]", *, recorded: asyncio.Event
) -> None:
    """What runs is let finish, and what it recorded is told then: another executor may be long in coming."""
    await desk.drain()
    await asyncio.wait(consuming, timeout=desk.settings.drain_s)
    recorded.set()
    await asyncio.wait([relaying], timeout=LAST_TURN_S)


def _relay(settings: ExecutorSettings, *, db: Database, bus: Bus) -> Relay:
    joins = {subjects.EXECUTIONS_COMPLETED_BATCH: joined_events}
    return Relay(db, bus, service="executor", wait_ms=settings.relay_wait_ms, busy_ms=settings.relay_busy_ms, joins=joins)


async def _subscribe(bus: Bus, *, desk: Desk, feed: ChangeFeed, limits: SharedLimits) -> tuple[Subscription, ...]:
    """To everything on core NATS. Returns the subscriptions by which work comes in: they end first."""
    await bus.nc.subscribe(f"{subjects.PREFIX}.executions.cancel.>", cb=desk.on_cancel)
    await bus.nc.subscribe(subjects.PROVIDER_LIMITS_HEARD, cb=limits.on_message)
    await bus.nc.subscribe(subjects.CONFIG_CHANGED, cb=feed.on_message)
    return (
        await bus.nc.subscribe(subjects.PROVIDER_KEYS_TEST, queue=subjects.EXECUTORS_QUEUE, cb=desk.on_key_test),
        await bus.nc.subscribe(subjects.EXECUTIONS_REQUESTED_INTERACTIVE, queue=subjects.EXECUTORS_QUEUE, cb=desk.on_interactive),
    )


def _runner(
    settings: ExecutorSettings, *, recorder: Recorder, asker: Asker, holds: Holds, answers: AnswersStore, rules: RulesBook, own: OwnChecks
) -> Runner:
    masks = RecordMasks(rules)
    return Runner(
        settings=settings, recorder=recorder, asker=asker, holds=holds, cache=AnswerCache(answers, masks.leave_alone),
        guards=Guards(rules, own), checks=AnswerChecks(own, holds), masks=masks,
    )  # fmt: skip


def _asker(
    settings: ExecutorSettings, *, providers: Providers, vault: KeyVault, leave: OperatorsLeave, holds: Holds, limits: SharedLimits
) -> Asker:
    operators = {name: KeyLimits(one.requests_per_minute, one.tokens_per_minute) for name, one in settings.provider_limits.items()}
    rule = CircuitRule(calls_least=settings.circuit_calls_least, rest_s=settings.circuit_rest_s)
    return Asker(
        settings=settings, providers=providers, keys=Keys(vault, operators, leave), vault=vault, holds=holds, limits=limits,
        circuits=Circuits(rule, patience_s=settings.first_token_s),
    )  # fmt: skip


async def _open_database(settings: ExecutorSettings, keyring: Keyring, health: HealthServer) -> Database:
    """Raises StartRefused when our keys do not open what lies there; waits for PostgreSQL and our schema, however long it takes."""
    dsn = settings.database_url.get_secret_value()
    db = await Database.open(dsn, application_name="burnish-executor", max_size=settings.database_connections, pooler=settings.pooler)
    try:
        await at_start(lambda: check_schema(db), health=health)
        await at_start(lambda: check_keyring(db, keyring), health=health)
    except BaseException:
        await db.close()
        raise
    return db


async def _announce_platform_keys(db: Database) -> None:
    """Names of providers only; the gateway offers what the operator has keys for."""
    async with db.unit_of_work() as tx:
        await keys_store.announce_platform_keys(tx, providers_with_platform_keys())


async def _until_stopped(stop: asyncio.Event, tasks: "list[asyncio.Task[None]]") -> None:
    """Returns when `stop` is set. Raises the error of a loop that ended before: the process is then started anew."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in done - {stopping}:
        if not stop.is_set():
            task.result()
            raise RuntimeError("a loop of the executor ended by itself")


async def _readiness(bus: Bus, db: Database) -> str | None:
    if not bus.is_connected:
        return "NATS cannot be reached"
    try:
        async with db.unit_of_work(read_only=True) as tx:
            await tx.fetchval("SELECT true")
    except BurnishError:
        return "PostgreSQL cannot be reached"
    return None
