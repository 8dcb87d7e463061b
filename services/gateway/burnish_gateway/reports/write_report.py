"""Makes a report, keeps it, and tells of it: for whoever asked, or because a digest is due."""

from datetime import UTC, datetime
from uuid import UUID

from burnish_gateway.experiments.experiment import Experiment
from burnish_gateway.reports import schedule_store, store
from burnish_gateway.reports.answers import ReportAnswer, ReportHead, ScheduleAnswer
from burnish_gateway.reports.in_words import numbers_of, summary_of
from burnish_gateway.reports.make_report import Period, make_report, period_of
from burnish_gateway.reports.of_experiment import told_of
from burnish_gateway.reports.schedule import WEEKDAYS, Every, Rhythm, last_due, next_due, period_before, zone_named
from burnish_gateway.reports.target import Target, target_of
from burnish_shared.contracts.events import Event
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

ACTOR = "system:digest"


def rhythm_of(schedule: ScheduleAnswer) -> Rhythm:
    return Rhythm(schedule.every, WEEKDAYS.index(schedule.weekday), schedule.hour, zone_named(schedule.time_zone))


async def write_report(
    tx: Tx, workspace_id: UUID, target: Target, period: Period, *, by: str, now: datetime, schedule: ScheduleAnswer | None = None,
    due_at: datetime | None = None, experiment: Experiment | None = None,
) -> ReportAnswer:  # fmt: skip
    """`schedule`: of a digest; `due_at`: the moment of it, where it is made because it is due. `experiment`: that the report is about."""
    content = await make_report(tx, target, period, now=now)
    if experiment is not None:
        content = content.model_copy(update={"experiment": await told_of(tx, experiment)})
    every: Every | None = schedule.every if schedule else None
    report = ReportAnswer(
        id=new_uuid(),
        kind=target.kind,
        target=target.name or None,
        title=f"{every.capitalize()} report" if every else target.title if target.kind != "end_user" else "End user",
        summary=summary_of(content),
        schedule=every,
        start=period.wanted.start,
        end=period.wanted.end,
        simulated=content.figures.simulated or (experiment is not None and experiment.simulated),
        created_by=by,
        created_at=now,
        content=content,
    )
    await store.add(tx, workspace_id, report, due_at=due_at)
    await put_event(tx, _ready(workspace_id, report, schedule=schedule), service="gateway")
    return report


async def write_digest(
    tx: Tx, workspace_id: UUID, schedule: ScheduleAnswer, *, at: datetime, by: str, now: datetime, is_due: bool = False
) -> ReportAnswer:
    """Of the local day, or the seven days, before `at`."""
    start, end = period_before(rhythm_of(schedule), at)
    target = target_of("workspace", None)
    period = period_of(start, end, target, now=now)
    return await write_report(tx, workspace_id, target, period, by=by, now=now, schedule=schedule, due_at=at if is_due else None)


async def write_due_digest(tx: Tx, workspace_id: UUID, *, now: datetime) -> bool:
    """The newest that is due, once; those that were missed before it are not made. False where there was nothing to do."""
    due = await schedule_store.lock_due(tx, now=now)
    if due is None:
        return False
    rhythm = rhythm_of(due)
    at = last_due(rhythm, by=now)  # not the moment it was put off to, where it failed before
    await schedule_store.put_off(tx, next_due(rhythm, after=now))
    if await store.has_digest(tx, at):  # of this moment, by a schedule that was set up anew since
        return False
    await write_digest(tx, workspace_id, due, at=at, by=ACTOR, now=now, is_due=True)
    return True


def _ready(workspace_id: UUID, report: ReportAnswer, *, schedule: ScheduleAnswer | None) -> Event:
    """A digest tells its period in the time zone that was asked for: in UTC its day would begin on the day before."""
    zone = rhythm_of(schedule).zone if schedule else UTC
    head = ReportHead.model_validate(report.model_dump(exclude={"content"}))
    return Event(
        id=new_uuid(),
        type="report.ready",
        workspace_id=workspace_id,
        occurred_at=report.created_at,
        object_id=str(report.id),
        object_version=1,
        simulated=report.simulated,
        data={
            "report_id": str(head.id),
            "kind": head.kind,
            "title": head.title,
            "schedule": head.schedule,
            "period_start": head.start.astimezone(zone).isoformat(),
            "period_end": head.end.astimezone(zone).isoformat(),
            "summary": head.summary,
            "figures": numbers_of(report.content),
            "channels": [str(one) for one in (schedule.channels if schedule else [])],
        },
    )
