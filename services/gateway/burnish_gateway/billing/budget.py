"""Budgets: what one target may spend in a day or month. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

TargetKind = Literal["workspace", "api_key", "prompt", "end_user"]
Period = Literal["day", "month"]

BUDGETS_MOST = 10_000
"""Open budgets of one workspace: all of them are kept in each gateway's memory."""


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """A budget as the hot path needs it."""

    budget_id: UUID
    account_id: int
    name: str
    target_kind: TargetKind
    target_id: str
    limit_nusd: int
    period: Period
    hard: bool


@dataclass(frozen=True, slots=True)
class Budgets:
    """The open budgets of one workspace."""

    of_target: Mapping[tuple[str, str], tuple[BudgetFacts, ...]]
    of_account: Mapping[int, BudgetFacts]

    @classmethod
    def of(cls, budgets: Sequence[BudgetFacts]) -> "Budgets":
        targets: dict[tuple[str, str], tuple[BudgetFacts, ...]] = {}
        for one in budgets:
            target = (one.target_kind, one.target_id)
            targets[target] = (*targets.get(target, ()), one)
        return cls(targets, {one.account_id: one for one in budgets})

    def accounts_of(self, *, api_key_id: UUID | None, prompt_id: UUID | None, end_user: str | None) -> list[int]:
        """The accounts that an execution counts against beside the one that pays for it."""
        if not self.of_target:
            return []
        targets: list[tuple[str, str]] = [("workspace", "")]
        targets += [("api_key", str(api_key_id))] if api_key_id is not None else []
        targets += [("prompt", str(prompt_id))] if prompt_id is not None else []
        targets += [("end_user", end_user)] if end_user is not None else []
        return [budget.account_id for target in targets for budget in self.of_target.get(target, ())]


NO_BUDGETS = Budgets({}, {})


def period_end(period: Period, at: datetime) -> datetime:
    """When the period that holds `at` ends: the next midnight, or the first of the next month, in UTC."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return day + timedelta(days=1)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
