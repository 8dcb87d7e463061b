"""Begins the optimizations whose time has come: each time once, within the budget of the run and of the month (PRODUCT O1)."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Role
from burnish_gateway.access.store import find_workspace
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_gateway.optimization.start import Started, start_optimization
from burnish_gateway.rounds import RulePrincipal, StartRounds
from burnish_gateway.schedules import store
from burnish_gateway.schedules.rhythm import Rhythm, month_of
from burnish_shared.clock import Clock
from burnish_shared.db.audit_log import add_entry
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound, OutOfCredit
from burnish_shared.money import NUSD_PER_CREDIT, credits_text

MOST_AT_ONCE: Final = 50

ACTOR: Final = "system:schedule"

FINEST_NUSD: Final = NUSD_PER_CREDIT // 10_000
"""What credits are written to; what is left is rounded down to it."""


class ScheduleStarter(StartRounds):
    """Each time that came is noted once, as the row is locked."""

    task = "schedule"
    interval_s = 10.0
    most_at_once = MOST_AT_ONCE

    async def due(self, tx: Tx) -> Sequence[tuple[UUID, UUID]]:
        return await store.due(tx, at_most=self.looked_at)

    async def start(self, tx: Tx, workspace_id: UUID, what: UUID) -> bool:
        schedule = await store.lock_due(tx, what, now=self.clock.now())
        if schedule is None:
            return False
        job = await self._start_one(tx, workspace_id, schedule)
        await self._note(tx, workspace_id, schedule, job=job, refused=None)
        return True

    async def note_refused(self, tx: Tx, workspace_id: UUID, what: UUID, *, why: str) -> None:
        """Said once in the schedule's runs; the next time comes as planned."""
        schedule = await store.lock_due(tx, what, now=self.clock.now())
        if schedule is not None:
            await self._note(tx, workspace_id, schedule, job=None, refused=why)

    async def _start_one(self, tx: Tx, workspace_id: UUID, schedule: Record) -> Started:
        """Raises Conflict while a job of the prompt is under way, OutOfCredit where the month's cap is reached, what starting raises."""
        facts = await find_workspace(tx, workspace_id)
        if facts is None:
            raise NotFound("The workspace is gone.")
        other = await store.open_job(tx, workspace_id, schedule["prompt_id"])
        if other is not None:
            raise Conflict(f"The optimization {other} of this prompt was not over.")
        principal = RulePrincipal(facts, Role.EDITOR, rule=ACTOR)
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
        rhythm = Rhythm.kept(schedule["cron"], schedule["time_zone"])
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
    since, until = month_of(clock.now(), Rhythm.kept(schedule["cron"], schedule["time_zone"]).zone)
    spent = await store.spent_nusd(tx, workspace_id, schedule["schedule_id"], since=since, until=until)
    return int(schedule["month_cap_nusd"]) - spent
