"""Begins the optimizations whose time has come: each time once, within the budget of the run and of the month (PRODUCT O1)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from asyncpg import Record

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.access.store import find_workspace
from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_gateway.optimization.start import Started, start_optimization
from burnish_gateway.schedules import store
from burnish_gateway.schedules.rhythm import Rhythm, month_of
from burnish_shared.clock import Clock
from burnish_shared.db.audit_log import add_entry
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import BurnishError, Busy, Conflict, NotFound, OutOfCredit, Unavailable
from burnish_shared.money import NUSD_PER_CREDIT, credits_text

log = structlog.get_logger("burnish.gateway")

INTERVAL_S: Final = 10.0
MOST_AT_ONCE: Final = 50

ACTOR: Final = "system:schedule"

FINEST_NUSD: Final = NUSD_PER_CREDIT // 10_000
"""What credits are written to; what is left is rounded down to it."""


@dataclass(frozen=True, slots=True)
class SchedulePrincipal(Principal):
    """The workspace's own schedule, acting as an editor would."""

    @property
    def actor(self) -> str:
        return ACTOR


@dataclass(frozen=True, slots=True)
class ScheduleStarter:
    """Every gateway looks; one of them starts, because the row is locked, and each time that came is noted once."""

    db: Database
    clock: Clock
    wake_relay: Callable[[], None]
    interval_s: float = INTERVAL_S

    async def run(self) -> None:
        while True:
            try:
                await self.round()
            except BurnishError as error:
                log.warning("schedules.round_put_off", error=error.message)
            await asyncio.sleep(self.interval_s)

    async def round(self) -> int:
        """Returns how many optimizations were started."""
        async with self.db.unit_of_work() as tx:
            due = await store.due(tx, at_most=MOST_AT_ONCE)
        started = sum([await self._start(workspace_id, schedule_id) for workspace_id, schedule_id in due])
        if started:
            self.wake_relay()
        return started

    async def _start(self, workspace_id: UUID, schedule_id: UUID) -> bool:
        try:
            async with self.db.unit_of_work(workspace=workspace_id) as tx:
                schedule = await store.lock_due(tx, schedule_id, now=self.clock.now())
                if schedule is None:
                    return False
                job = await self._start_one(tx, workspace_id, schedule)
                await self._note(tx, workspace_id, schedule, job=job, refused=None)
            return True
        except Busy:  # tried again in the next round, after the others
            log.warning("schedules.put_off", workspace_id=str(workspace_id), schedule_id=str(schedule_id))
            return False
        except Unavailable:
            raise
        except BurnishError as error:
            refused = f"{error.code}: {error.message}"[:500]  # a job is under way, what was named is gone, there is no credit
        except Exception:  # the schedules of other workspaces must not wait for one that cannot be followed
            BACKGROUND_FAILED.labels("schedule").inc()
            log.exception("schedules.failed", workspace_id=str(workspace_id), schedule_id=str(schedule_id))
            refused = "internal_error: something went wrong on our side; it has been logged."
        # Said once in the schedule's runs; the next time comes as planned.
        async with self.db.unit_of_work(workspace=workspace_id) as tx:
            schedule = await store.lock_due(tx, schedule_id, now=self.clock.now())
            if schedule is not None:
                await self._note(tx, workspace_id, schedule, job=None, refused=refused)
        return False

    async def _start_one(self, tx: Tx, workspace_id: UUID, schedule: Record) -> Started:
        """Raises Conflict while a job of the prompt is under way, OutOfCredit where the month's cap is reached, what starting raises."""
        facts = await find_workspace(tx, workspace_id)
        if facts is None:
            raise NotFound("The workspace is gone.")
        other = await store.open_job(tx, workspace_id, schedule["prompt_id"])
        if other is not None:
            raise Conflict(f"The optimization {other} of this prompt was not over.")
        principal = SchedulePrincipal(facts, Role.EDITOR)
        left_nusd = await left_of_month(tx, workspace_id, schedule, clock=self.clock) - facts.optimization_fee_nusd
        if left_nusd < FINEST_NUSD:
            raise OutOfCredit("The schedule's cap for this month is reached.")
        request = dict(schedule["request"])
        budget = dict(request["budget"])
        left = credits_text(left_nusd - left_nusd % FINEST_NUSD)
        budget["credits"] = min(budget["credits"], float(left))
        body = OptimizationBody.model_validate(request | {"prompt": schedule["slug"], "budget": budget})
        return await start_optimization(tx, principal, body)

    async def _note(self, tx: Tx, workspace_id: UUID, schedule: Record, *, job: Started | None, refused: str | None) -> None:
        """What came of this time, and when the next is: what was missed while nobody looked is counted, and not made up for."""
        now = self.clock.now()
        rhythm = Rhythm.of(schedule["cron"], schedule["time_zone"])
        missed = rhythm.missed(schedule["next_at"], by=now)
        await store.note_run(tx, schedule, workspace_id=workspace_id, missed=missed, job_id=job.id if job else None, refused=refused)
        await store.set_next(tx, schedule["schedule_id"], rhythm.next_after(now))
        after: dict[str, Any] = {"schedule_id": str(schedule["schedule_id"]), "prompt": schedule["slug"], "missed": missed}
        if job is None:
            await add_entry(
                tx, workspace_id=workspace_id, actor=ACTOR, action="schedule.run_left_out", kind="schedule",
                key=str(schedule["schedule_id"]), after=after | {"because": refused},
            )  # fmt: skip
        else:
            await add_entry(
                tx, workspace_id=workspace_id, actor=ACTOR, action="optimization.started", kind="optimization", key=str(job.id),
                after=after | {"set_aside_nusd": job.set_aside_nusd},
            )  # fmt: skip


async def left_of_month(tx: Tx, workspace_id: UUID, schedule: Record, *, clock: Clock) -> int:
    """What the schedule's cap leaves in the calendar month, by the clock of its zone. In nano-dollars; 0 or less: nothing."""
    since, until = month_of(clock.now(), Rhythm.of(schedule["cron"], schedule["time_zone"]).zone)
    spent = await store.spent_nusd(tx, workspace_id, schedule["schedule_id"], since=since, until=until)
    return int(schedule["month_cap_nusd"]) - spent
