"""Shares far from even: an arm that few were given is no surer than it can be (decision 57)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.contracts.experiments import Settings
from burnish_shared.experiments.analysis import FRESH, Epoch, Memory, analyse
from burnish_shared.experiments.conclude import Concluded, conclude
from burnish_shared.experiments.contrast import LENT, against_frozen, contrast, shares_of
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.sums import ArmSums, mean_of

pytestmark = pytest.mark.capability("X2")

AMOUNT = "metric:paid"
PLAN = Plan(("a", "b"), AMOUNT, "higher", "sequential", Settings())
UNITS, EVERY, RUNS = 3_000, 100, 100


def amounts(n: int, each: float, of: int) -> ArmSums:
    """`of` among `n` units paid `each`."""
    return ArmSums(n, n, each * of, n, each * each * of, each * of)


def told_apart(dice: np.random.Generator, *, share: float) -> bool:
    """Whether two arms are ever told apart in which one of twenty pays a log-normal amount, looked at every EVERY units."""
    is_b = dice.random(UNITS) < share
    paid = (dice.random(UNITS) < 0.05) * dice.lognormal(3, 1, UNITS)
    memory = FRESH
    sums = [(np.cumsum(mask), np.cumsum(mask * paid), np.cumsum(mask * paid**2)) for mask in (~is_b, is_b)]
    for n in range(EVERY - 1, UNITS, EVERY):
        arms = {
            name: {AMOUNT: ArmSums(int(count[n]), count[n], y[n], count[n], yy[n], y[n])}
            for name, (count, y, yy) in zip("ab", sums, strict=True)
        }
        found = analyse(PLAN, [Epoch(1, {"a": 1 - share, "b": share}, arms)], memory)
        memory, end = found.memory, conclude(PLAN, found, days=1)
        if isinstance(end, Concluded):
            return end.outcome in ("better", "worse")
    return False


def test_equal_arms_are_hardly_told_apart_where_few_pay_and_one_arm_is_small() -> None:
    dice = np.random.default_rng(7)
    assert sum(told_apart(dice, share=0.1) for _ in range(RUNS)) <= 5


@given(few=st.integers(2, 400), many=st.integers(2, 4_000), paying=st.integers(1, 400), others=st.integers(1, 4_000))
def test_an_arm_that_is_lent_variance_is_never_surer_and_never_less_sure_than_with_all_of_it(
    few: int, many: int, paying: int, others: int
) -> None:
    control, treatment = amounts(many, 9.0, min(others, many)), amounts(few, 3.0, min(paying, few))
    a, b = mean_of(control), mean_of(treatment)
    found = contrast(shares_of([(1, control, treatment)]))
    assert a is not None and b is not None
    if found is None:
        assert a.variance == b.variance == 0
        return
    plain = a.error_squared + b.error_squared
    at_most = a.error_squared + max(a.variance, b.variance) / few + max(0.0, b.variance - a.variance) / many
    assert plain * (1 - 1e-9) <= found.error**2 <= at_most * (1 + 1e-9)
    if max(few, many) <= 2 * min(few, many):
        assert found.error**2 == pytest.approx(plain)


def test_what_is_lent_is_the_variance_of_as_many_units_as_are_named() -> None:
    control, treatment = amounts(1_000, 9.0, 300), amounts(100, 3.0, 10)
    a, b = mean_of(control), mean_of(treatment)
    found = contrast(shares_of([(1, control, treatment)]))
    assert a is not None and b is not None and found is not None
    lent = (100 * b.variance + LENT * a.variance) / (100 + LENT)
    assert found.error**2 == pytest.approx(a.error_squared + lent / 100)


def test_units_that_come_back_widen_by_what_they_are_and_not_by_what_was_lent() -> None:
    """Else a guardrail, which takes over how much wider it is, would be narrower for what the deciding figure was lent."""
    control, treatment = amounts(1_000, 9.0, 300), amounts(100, 3.0, 10)
    a, b = mean_of(control), mean_of(treatment)
    found = contrast(shares_of([(1, control, treatment)]))
    assert a is not None and b is not None and found is not None
    assert found.own_spread == pytest.approx(found.weight**2 * (a.error_squared + b.error_squared)) and found.own_spread < found.spread
    assert found.widened(1.01).spread == found.spread
    assert found.widened(20.0).spread == pytest.approx(20 * found.own_spread)


def test_a_control_of_the_past_lends_too() -> None:
    past, treatment = amounts(5_000, 9.0, 1_500), amounts(100, 3.0, 10)
    frozen, now = mean_of(past), mean_of(treatment)
    found = against_frozen(frozen, treatment) if frozen else None
    assert frozen is not None and now is not None and found is not None
    lent = (100 * now.variance + LENT * frozen.variance) / (100 + LENT)
    assert found.error**2 == pytest.approx(frozen.error_squared + lent / 100)


def test_how_many_units_are_different_is_kept_from_look_to_look() -> None:
    arms = {name: {AMOUNT: amounts(400, 9.0, 100)} for name in "ab"}
    shares = {"a": 0.5, "b": 0.5}
    found = analyse(PLAN, [Epoch(1, shares, arms), Epoch(2, shares, arms)], Memory(different={"a": 0.5, "b": 0.75}))
    assert [one.units for one in found.arms] == [400, 600] and found.memory.different == {"a": 0.5, "b": 0.75}
    assert [one.units for one in analyse(PLAN, [Epoch(1, shares, arms), Epoch(2, shares, arms)], found.memory).arms] == [400, 600]
