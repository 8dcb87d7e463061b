"""Which budgets bind a call, and when their periods end."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.billing.budget import BudgetFacts, Budgets, period_end
from burnish_gateway.billing.keep_budget import warn_at
from burnish_shared.ids import new_uuid

FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2000, 2100))

pytestmark = pytest.mark.capability("B2")


def budget(account_id: int, kind: str, target: str) -> BudgetFacts:
    return BudgetFacts(
        budget_id=new_uuid(), account_id=account_id, name="x", target_kind=kind, target_id=target, limit_nusd=1, period="day", hard=True,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_call_counts_against_the_budgets_of_all_its_targets_and_no_others() -> None:
    key, prompt = new_uuid(), new_uuid()
    budgets = Budgets.of(
        [
            budget(1, "workspace", ""), budget(2, "workspace", ""), budget(3, "api_key", str(key)), budget(4, "prompt", str(prompt)),
            budget(5, "end_user", "u1"), budget(6, "end_user", "u2"), budget(7, "api_key", str(new_uuid())),
        ]
    )  # fmt: skip
    assert budgets.accounts_of(api_key_id=key, prompt_id=prompt, end_user="u1") == [1, 2, 3, 4, 5]
    assert budgets.accounts_of(api_key_id=None, prompt_id=None, end_user=None) == [1, 2]
    assert Budgets.of([]).accounts_of(api_key_id=key, prompt_id=prompt, end_user="u1") == []


@given(at=st.datetimes(min_value=FIRST, max_value=LAST), hours=st.integers(-12, 14))
def test_a_period_ends_at_the_next_border_of_the_calendar_in_utc(at: datetime, hours: int) -> None:
    moment = at.replace(tzinfo=timezone(timedelta(hours=hours)))
    day, month = period_end("day", moment), period_end("month", moment)
    assert moment < day <= moment + timedelta(days=1) and moment < month <= moment + timedelta(days=31)
    assert (day.hour, day.minute, month.day, month.hour) == (0, 0, 1, 0) and day.tzinfo is month.tzinfo is UTC
    before = (month - timedelta(seconds=1)).astimezone(UTC)
    assert (before.year, before.month) == (moment.astimezone(UTC).year, moment.astimezone(UTC).month)


def test_a_warning_is_a_share_of_the_limit_rounded_up() -> None:
    assert [warn_at(10, 80), warn_at(3, 50), warn_at(0, 80), warn_at(10, None)] == [8, 2, 0, None]
