"""A statement is its lines: opening and what moved make the closing balance, whatever moved."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.billing.statement import OURS, Month, Moved, balance_nusd, rows, statement

pytestmark = pytest.mark.capability("B4")

KINDS = {
    "grant": ("platform", "credit"), "top_up": ("platform", "credit"), "base_grant": ("platform", "credit"),
    "credit_line": ("platform", "credit"), "charge": ("credit", "platform"), "fee": ("credit", "platform"),
    "refund": ("platform", "credit"),
    "funding": ("credit", "job"), "funding_return": ("job", "credit"), "allowance": ("platform", "allowance"),
    "allowance_expired": ("allowance", "platform"), "overage": ("platform", "platform"), "move_out": ("credit", "platform"),
    "move_in": ("platform", "credit"), "adjustment": ("credit", "platform"),
}  # fmt: skip

moved = st.builds(
    lambda kind, count, amount: Moved(kind, *KINDS[kind], count, amount),
    st.sampled_from(sorted(KINDS)),
    st.integers(1, 9),
    st.integers(1, 10**15),
)


@given(before=st.lists(moved, max_size=20), moves=st.lists(moved, max_size=20))
def test_opening_and_lines_make_closing_and_own_moves_are_no_lines(before: list[Moved], moves: list[Moved]) -> None:
    whole = statement(Month(date(2026, 11, 1)), before=before, moves=moves, models=[], plan=None)
    assert whole["closing_balance_nusd"] == whole["opening_balance_nusd"] + sum(one["amount_nusd"] for one in whole["lines"])
    assert whole["closing_balance_nusd"] == balance_nusd([*before, *moves], OURS)
    assert not {"funding", "funding_return", "overage", "allowance"} & {one["kind"] for one in whole["lines"]}
    assert whole["allowance"]["closing_nusd"] == whole["allowance"]["opening_nusd"] + whole["allowance"]["change_nusd"]
    table = rows(whole)
    lines = [amount for section, item, _, amount in table if section == "balance" and item not in ("opening", "closing", "set_aside")]
    assert sum(lines) == whole["closing_balance_nusd"] - whole["opening_balance_nusd"]


@pytest.mark.parametrize(("text", "last"), [("2026-11", 30), ("2026-12", 31), ("2024-02", 29), ("2026-02", 28)])
def test_a_month_ends_on_its_last_day(text: str, last: int) -> None:
    month = Month.parse(text)
    assert (month.last.day, str(month)) == (last, text)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-11", "2026-1", "2026", "x-y"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Month.parse(text)
