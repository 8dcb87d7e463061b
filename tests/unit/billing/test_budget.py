"""Which budgets bind a call, and when their periods end."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.billing.budget import BudgetFacts, Budgets, period_end
from burnish_gateway.billing.keep_budget import warn_at
from burnish_shared.books.user_accounts import user_account
from burnish_shared.ids import new_uuid

FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2000, 2100))

pytestmark = pytest.mark.capability("B2")


def budget(account_id: int, kind: str, target: str, period: str = "day") -> BudgetFacts:
    return BudgetFacts(
        budget_id=new_uuid(), account_id=account_id, name="x", target_kind=kind, target_id=target, limit_nusd=1, period=period, hard=True,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_call_counts_against_the_budgets_of_all_its_targets_and_no_others() -> None:
    key, prompt = new_uuid(), new_uuid()
    budgets = Budgets.of(
        [
            budget(1, "workspace", ""), budget(2, "workspace", ""), budget(3, "api_key", str(key)), budget(4, "prompt", str(prompt)),
            budget(5, "end_user", "u1"), budget(6, "end_user", "u2"), budget(7, "api_key", str(new_uuid())),
        ]
    )  # fmt: skip
    assert budgets.counted(api_key_id=key, prompt_id=prompt, end_user="u1").accounts == [1, 2, 3, 4, 5]
    assert budgets.counted(api_key_id=None, prompt_id=None, end_user=None).accounts == [1, 2]
    assert not Budgets.of([]).counted(api_key_id=key, prompt_id=prompt, end_user="u1").accounts


def test_a_budget_for_each_end_user_counts_for_those_who_have_none_of_their_own_of_that_period() -> None:
    own = budget(1, "end_user", "u1")
    budgets = Budgets.of([own, budget(2, "end_user", "*"), budget(3, "end_user", "*", "month")])
    vip = budgets.counted(api_key_id=None, prompt_id=None, end_user="u1")
    assert vip.accounts == [1, user_account(3, "u1")] and vip.user_accounts == ((user_account(3, "u1"), 3),)
    other = budgets.counted(api_key_id=None, prompt_id=None, end_user="u2")
    assert other.accounts == [user_account(2, "u2"), user_account(3, "u2")]
    assert [other.of_account[one].period for one in other.accounts] == ["day", "month"] and other.of_account[1] is own
    star = budgets.counted(api_key_id=None, prompt_id=None, end_user="*")
    assert star.accounts == [user_account(2, "*"), user_account(3, "*")], "nobody counts on the budget's own account"
    assert not budgets.counted(api_key_id=None, prompt_id=None, end_user=None).accounts


@given(account_id=st.integers(1, 2**62 - 1), end_user=st.text(max_size=20))
def test_an_account_of_an_end_user_has_an_id_that_no_other_account_has(account_id: int, end_user: str) -> None:
    assert 2**62 <= user_account(account_id, end_user) < 2**63
    assert user_account(account_id, end_user) == user_account(account_id, end_user) != user_account(account_id, end_user + "x")


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
