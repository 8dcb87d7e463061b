"""How many days until so many different units came, where some come back (PRODUCT X1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.experiments.traffic import Traffic

pytestmark = pytest.mark.capability("X1")


def week(units: int, new_units: int | None) -> Traffic:
    return Traffic(calls=7 * units, units=units, with_unit=1.0, days=7.0, new_units=new_units)


@pytest.mark.parametrize(
    ("traffic", "a_day", "wanted", "days"),
    [
        pytest.param(week(700, None), 100.0, 1_400, 14.0, id="each call is a unit of its own"),
        pytest.param(week(700, 350), 100.0, 1_400, 14.0, id="nobody comes back"),
        pytest.param(week(100, 0), 0.0, 50, 3.5, id="the same hundred each day, who were enough"),
        pytest.param(week(100, 0), 0.0, 101, None, id="the same hundred each day, who never get more"),
        pytest.param(week(100, 7), 2.0, 200, 57.0, id="a hundred who return, and two new ones a day"),
        pytest.param(Traffic(0, 0, 0.0, 0.0), None, 1, None, id="nobody comes"),
        pytest.param(Traffic(9, 0, 0.0, 7.0, 0), None, 1, None, id="nobody says who they are"),
    ],
)
def test_who_comes_back_is_counted_once(traffic: Traffic, a_day: float | None, wanted: int, days: float | None) -> None:
    assert traffic.units_a_day == (None if a_day is None else pytest.approx(a_day))
    found = traffic.days_until(wanted, part=1.0)
    assert found == (None if days is None else pytest.approx(days))


def test_of_a_part_it_takes_as_many_more() -> None:
    assert week(700, 350).days_until(350, part=0.25) == pytest.approx(14.0)
    assert week(700, 350).days_until(350, part=0.0) is None


@given(
    first=st.integers(1, 10_000),
    new=st.integers(0, 10_000),
    wanted=st.lists(st.integers(1, 100_000), min_size=2, max_size=5),
    part=st.floats(0.01, 1.0),
)
def test_more_units_never_take_less_time_and_returning_ones_never_shorten_it(first: int, new: int, wanted: list[int], part: float) -> None:
    """Beyond the window it is at least what was said when all that came counted as new each day."""
    traffic, plain = week(first + new, min(new, first)), week(first + new, None)
    days = [found for one in sorted(wanted) if (found := traffic.days_until(one, part=part)) is not None]
    assert days == sorted(days)
    for one in wanted:
        found, before = traffic.days_until(one, part=part), plain.days_until(one, part=part)
        assert before is not None
        assert found is None or found >= before * (1 - 1e-9)
        assert (found is None) == (one / part > traffic.units and traffic.new_units == 0)
