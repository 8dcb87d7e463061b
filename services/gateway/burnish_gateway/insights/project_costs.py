"""Costs to the end of the calendar month (UTC), of everything and of each of the dearest groups."""

import asyncio
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from burnish_gateway.insights.answers import BacktestAnswer, CostRow, Projected, ProjectionAnswer
from burnish_gateway.insights.cost_days_store import costs_by_day
from burnish_gateway.insights.projection import CONFIDENCE, DAYS_LEAST, DAYS_MOST, backtest, project
from burnish_gateway.insights.ranges import Range
from burnish_gateway.insights.store import Filters
from burnish_shared.db.session import Tx

GROUPS_MOST: Final = 10
"""Of so many of the dearest groups the month's end is projected, too."""

GROUP_PATHS: Final = 200
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Month:
    """The calendar month of `now`, in UTC."""

    now: datetime

    @property
    def start(self) -> datetime:
        return self.midnight.replace(day=1)

    @property
    def end(self) -> datetime:
        return (self.start + timedelta(days=32)).replace(day=1)

    @property
    def midnight(self) -> datetime:
        return self.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def days_left(self) -> float:
        """What is left of today, and the whole days after it."""
        return (self.end - self.now) / ONE_DAY

    @property
    def known(self) -> Range:
        """Days that a projection looks at: those before the month as well, and today as far as it has come."""
        return Range(min(self.midnight - timedelta(days=DAYS_MOST), self.start), self.midnight + ONE_DAY, "day")


@dataclass(frozen=True, slots=True)
class Series:
    """Cost of each whole day without a gap, the weekday of the first, and what was spent this month so far (today included)."""

    days: tuple[int, ...]
    first_weekday: int
    spent_nusd: int

    @property
    def history(self) -> int:
        """Whole days since the first that cost something."""
        return len(self.days) - next((n for n, one in enumerate(self.days) if one > 0), len(self.days))


async def month_series(tx: Tx, which: Filters, month: Month, *, group_by: str | None) -> dict[str, Series]:
    """Group → its days; without `group_by` one under ''. From day rollups alone."""
    found = await costs_by_day(tx, month.known, which, group_by=group_by)
    return {group: series_of(by_day, month) for group, by_day in found.items()} or ({} if group_by else {"": series_of({}, month)})


def series_of(by_day: dict[datetime, int], month: Month) -> Series:
    start = month.known.start
    whole = tuple(by_day.get(start + n * ONE_DAY, 0) for n in range((month.midnight - start) // ONE_DAY))
    return Series(whole, start.weekday(), sum(cost for day, cost in by_day.items() if day >= month.start))


async def projection_of(series: Series, month: Month) -> ProjectionAnswer:
    """In a thread: some 50 ms of arithmetic."""
    return await asyncio.to_thread(_projection, series, month)


async def project_rows(rows: list[CostRow], by_group: dict[str, Series], month: Month) -> list[CostRow]:
    """The first GROUPS_MOST rows with their month's end beside them, in a thread."""

    def work() -> list[CostRow]:
        ahead = [one.model_copy(update={"projected": _of_group(by_group.get(one.group), month)}) for one in rows[:GROUPS_MOST]]
        return ahead + rows[GROUPS_MOST:]

    return await asyncio.to_thread(work)


def _of_group(series: Series | None, month: Month) -> Projected | None:
    if series is None:
        return None
    rest = project(series.days, first_weekday=series.first_weekday, horizon_days=month.days_left, paths=GROUP_PATHS)
    if rest is None:
        return None
    return Projected(
        expected_nusd=series.spent_nusd + round(rest.expected),
        low_nusd=series.spent_nusd + math.floor(rest.low),
        high_nusd=series.spent_nusd + math.ceil(rest.high),
    )


def _projection(series: Series, month: Month) -> ProjectionAnswer:
    rest = project(series.days, first_weekday=series.first_weekday, horizon_days=month.days_left)
    tested = backtest(series.days, first_weekday=series.first_weekday, horizon_days=month.days_left)
    return ProjectionAnswer(
        month=f"{month.start:%Y-%m}",
        days_left=round(month.days_left, 3),
        history_days=series.history,
        spent_nusd=series.spent_nusd,
        expected_nusd=series.spent_nusd + round(rest.expected) if rest else None,
        low_nusd=series.spent_nusd + math.floor(rest.low) if rest else None,
        high_nusd=series.spent_nusd + math.ceil(rest.high) if rest else None,
        confidence=CONFIDENCE,
        why_not=None if rest else f"{series.history} whole days with use are known; a projection needs {DAYS_LEAST}.",
        backtest=BacktestAnswer(
            projections=tested.projections,
            horizon_days=tested.horizon_days,
            median_error=round(tested.median_error, 4),
            bias=round(tested.bias, 4),
            coverage=round(tested.coverage, 4),
        )
        if tested
        else None,
    )
