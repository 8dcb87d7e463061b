"""Budgets: what one target may spend in a day or month. Pure."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from burnish_shared.books.user_accounts import EACH, user_account

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
    of_account: dict[int, BudgetFacts]

    @classmethod
    def of(cls, budgets: Sequence[BudgetFacts]) -> "Budgets":
        targets: dict[tuple[str, str], tuple[BudgetFacts, ...]] = {}
        for one in budgets:
            target = (one.target_kind, one.target_id)
            targets[target] = (*targets.get(target, ()), one)
        return cls(targets, {one.account_id: one for one in budgets})

    def counted(self, *, api_key_id: UUID | None, prompt_id: UUID | None, end_user: str | None) -> "Counted":
        """What an execution counts against beside the account that pays for it.

        A budget for each end user holds where this one has none of its own of the same period.
        """
        if not self.of_target:
            return NONE_COUNTED
        targets: list[tuple[str, str]] = [("workspace", "")]
        targets += [("api_key", str(api_key_id))] if api_key_id is not None else []
        targets += [("prompt", str(prompt_id))] if prompt_id is not None else []
        targets += [("end_user", end_user)] if end_user is not None and end_user != EACH else []
        found = [budget for target in targets for budget in self.of_target.get(target, ())]
        accounts = [one.account_id for one in found]
        each = () if end_user is None else self.of_target.get(("end_user", EACH), ())
        own = {one.period for one in found if one.target_kind == "end_user"} if each else frozenset()
        of_user = {user_account(one.account_id, end_user): one for one in each if end_user is not None and one.period not in own}
        if not of_user:
            return Counted(accounts, self.of_account)
        named = {account_id: replace(one, account_id=account_id) for account_id, one in of_user.items()}
        made = tuple((account_id, one.account_id) for account_id, one in of_user.items())
        return Counted([*accounts, *of_user], ChainMap(named, self.of_account), made)


@dataclass(frozen=True, slots=True)
class Counted:
    """What one execution counts against. `of_account`: budgets by account, for the words of a refusal.

    `user_accounts`: those of `accounts` that count for its end user alone, with the account of the budget that each is made from.
    """

    accounts: Sequence[int]
    of_account: Mapping[int, BudgetFacts]
    user_accounts: Sequence[tuple[int, int]] = ()


NONE_COUNTED: Final = Counted((), {})


def period_end(period: Period, at: datetime) -> datetime:
    """When the period that holds `at` ends: the next midnight, or the first of the next month, in UTC."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return day + timedelta(days=1)
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
