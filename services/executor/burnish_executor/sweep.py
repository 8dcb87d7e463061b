"""Ends what nobody ended: holds past their deadline and its grace, and the money of closed jobs (DESIGN section 3, housework)."""

import asyncio

import structlog

from burnish_executor import metrics
from burnish_executor.io import tickets_store
from burnish_executor.io.answers_store import sweep_answers
from burnish_executor.settings import ExecutorSettings
from burnish_shared.bus.relay import Relay
from burnish_shared.db.session import SILENCE_S, Database
from burnish_shared.errors import BurnishError
from burnish_shared.in_step import in_step
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.executor")

MOST_AT_ONCE = 200

CACHE_AT_ONCE = 5_000

LEDGER_DAYS = 2
"""Of which the books are compared: what was admitted today and yesterday (UTC). `burnish doctor --audit` compares all of it."""

LEDGER_MOST_S = 120.0
"""How long that may take in a large installation, where it is longer than any other statement."""


async def sweep_holds(db: Database, *, settings: ExecutorSettings, relay: Relay, stop: asyncio.Event) -> None:
    """Sweeps every `sweep_interval_s` until `stop`. Any number of replicas may do so at once; while PostgreSQL is away it waits.

    After each sweep the metrics say how many holds are left, and how old they are (PROMISES 5.4).
    """
    while not stop.is_set():
        await came(stop, within_s=in_step(settings.sweep_interval_s))
        try:
            while await _sweep(db, grace_ms=int(settings.sweep_grace_s * 1000)) == MOST_AT_ONCE:
                relay.wake()
            relay.wake()
        except BurnishError as error:
            log.warning("sweep.failed", error=str(error))
        await _look_at_holds(db)


async def _sweep(db: Database, *, grace_ms: int) -> int:
    """One bounded sweep. Returns how many executions it ended."""
    async with db.unit_of_work() as tx:
        ended: int = await tx.fetchval("SELECT expire($1, $2)", grace_ms, MOST_AT_ONCE)
    async with db.unit_of_work() as tx:
        await tx.fetchval("SELECT return_funding(NULL)")
        await tickets_store.forget_idle(tx)
    if ended:
        metrics.SWEPT.inc(ended)
        log.warning("sweep.ended", executions=ended)
    return ended


async def _look_at_holds(db: Database) -> None:
    """Shows what is held, and for how long: also where the sweep failed, since what it leaves behind is what is looked for."""
    try:
        async with db.unit_of_work(read_only=True) as tx:
            found = {row["lane"]: row for row in await tx.fetch("SELECT lane, holds, oldest_s, overdue_s FROM open_holds()")}
    except BurnishError as error:
        log.warning("holds.not_looked_at", error=str(error))
        return
    for lane in metrics.HELD_LANES:
        row = found.get(lane)
        metrics.HOLDS_OPEN.labels(lane).set(row["holds"] if row else 0)
        metrics.HOLD_OLDEST_SECONDS.labels(lane).set(row["oldest_s"] if row else 0)
        metrics.HOLD_OVERDUE_SECONDS.labels(lane).set(max(0.0, row["overdue_s"]) if row else 0)


async def watch_ledger(db: Database, *, settings: ExecutorSettings, stop: asyncio.Event) -> None:
    """Compares what executions cost with what was booked for them, by workspace and day, every `ledger_check_s` (PROMISES C-13).

    The two differ when somebody wrote past the books. It is looked at soon after the start too, and not at all while PostgreSQL is away
    or another executor is at it.
    """
    wait_s = settings.sweep_interval_s
    while not stop.is_set():
        await came(stop, within_s=wait_s)
        wait_s = settings.ledger_check_s
        try:
            async with db.unit_of_work() as tx:
                if not await tx.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('burnish.ledger_drift'))"):
                    continue
                await tx.execute("SELECT set_config('statement_timeout', $1, true)", str(int(LEDGER_MOST_S * 1000)))
                drift_nusd: int = await tx.fetchval("SELECT ledger_drift($1)", LEDGER_DAYS, patience_s=LEDGER_MOST_S + SILENCE_S)
        except BurnishError as error:
            log.warning("ledger.unchecked", error=str(error))
            continue
        metrics.LEDGER_DRIFT_NUSD.set(drift_nusd)
        metrics.LEDGER_CHECKED.set_to_current_time()
        if drift_nusd:
            log.error("ledger.drift", nusd=drift_nusd, days=LEDGER_DAYS)


async def sweep_cache(db: Database, *, settings: ExecutorSettings, stop: asyncio.Event) -> None:
    """Removes answers that are over, and what is too much for one workspace, every `cache_sweep_s` until `stop`."""
    while not stop.is_set():
        await came(stop, within_s=in_step(settings.cache_sweep_s))
        most_bytes = settings.cache_mebibytes_most * 1024 * 1024
        try:
            swept = CACHE_AT_ONCE
            while swept:
                async with db.unit_of_work() as tx:
                    swept = await sweep_answers(tx, entries=settings.cache_entries_most, size_bytes=most_bytes, at_most=CACHE_AT_ONCE)
        except BurnishError as error:
            log.warning("cache.not_swept", error=str(error))
