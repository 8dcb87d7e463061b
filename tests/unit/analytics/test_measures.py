"""Histograms and intervals: what they promise, over all values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.measures import RELATIVE_ERROR, bucket_of, effectiveness, histogram, merged, middle_of, quantile, wilson

pytestmark = pytest.mark.capability("A1")

values = st.integers(min_value=0, max_value=10**10)


@given(values)
def test_a_bucket_stands_for_its_values_within_the_promised_error(value: int) -> None:
    assert abs(middle_of(bucket_of(value)) - value) <= RELATIVE_ERROR * value


@given(st.lists(values), st.lists(values))
def test_merging_histograms_is_counting_everything_at_once_in_any_order(one: list[int], other: list[int]) -> None:
    assert merged(histogram(one), histogram(other)) == histogram(one + other) == histogram(other[::-1] + one[::-1])


@given(st.lists(values, min_size=1), st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_within_the_promised_error_of_the_value_of_its_rank(sample: list[int], share: float) -> None:
    exact = sorted(sample)[min(len(sample) - 1, math.floor(share * (len(sample) - 1) + 0.5))]
    found = quantile(histogram(sample), share)
    assert found is not None and abs(found - exact) <= RELATIVE_ERROR * exact


@pytest.mark.promise("A-07")
def test_a_percentile_of_nothing_is_none_and_not_nan() -> None:
    assert quantile([], 0.5) is None
    assert quantile([0, 0], 0.95) is None


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (80, 100, 0.7112, 0.8666), (1, 2, 0.0945, 0.9055)],
)
def test_wilsons_interval_is_that_of_the_tables(successes: int, trials: int, low: float, high: float) -> None:
    interval = wilson(successes, trials)
    assert interval is not None
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(st.integers(min_value=1, max_value=10**7).flatmap(lambda n: st.tuples(st.floats(0, n), st.just(n))))
def test_wilsons_interval_holds_its_share_and_stays_within_0_and_1(pair: tuple[float, int]) -> None:
    interval = wilson(*pair)
    assert interval is not None
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


def test_wilson_refuses_what_is_no_share() -> None:
    assert wilson(0, 0) is None
    with pytest.raises(ValueError, match="must lie between"):
        wilson(3, 2)


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"satisfaction": 1.0, "success_rate": 1.0, "p95_ms": None, "cost_nusd": None}, 100.0),
        ({"satisfaction": None, "success_rate": 0.5, "p95_ms": None, "cost_nusd": None}, 50.0),
        ({"satisfaction": 0.5, "success_rate": 1.0, "p95_ms": 100, "cost_nusd": 10, "target_ms": 200, "target_nusd": 10}, 60.0),
        ({"satisfaction": None, "success_rate": None, "p95_ms": 5, "cost_nusd": 5}, None),
    ],
)
def test_effectiveness_drops_what_is_missing_and_weighs_the_rest(figures: dict[str, float | None], expected: float | None) -> None:
    found = effectiveness(**figures)
    assert found == (None if expected is None else pytest.approx(expected))
