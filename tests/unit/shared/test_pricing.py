"""A price meets a count in one place, to the nano-dollar; what is held always suffices (E5, PROMISES E-14)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.contracts.executions import Price, PriceTier, Usage
from burnish_shared.money import TOKENS_PER_PRICE_UNIT
from burnish_shared.pricing import SAFETY_PERCENT, cost_split, held_tokens, most_nusd, plain_cost_nusd, rates_of, sum_of, with_markup

pytestmark = pytest.mark.capability("E5")

LONG = PriceTier(
    above_input_tokens=200_000, input_nusd_per_million=6_000, cached_input_nusd_per_million=600, output_nusd_per_million=22_500
)
PRIORITY = PriceTier(
    service_tier="priority", input_nusd_per_million=9_000, cached_input_nusd_per_million=900, output_nusd_per_million=30_000
)
LONG_PRIORITY = PRIORITY.model_copy(update={"above_input_tokens": 200_000, "input_nusd_per_million": 12_000})
BATCH = PriceTier(service_tier="batch", input_nusd_per_million=1_500, cached_input_nusd_per_million=150, output_nusd_per_million=7_500)
TIERED = Price(
    version="t", input_nusd_per_million=3_000, cached_input_nusd_per_million=300, output_nusd_per_million=15_000,
    tiers=[LONG, PRIORITY, LONG_PRIORITY, BATCH],
)  # fmt: skip


@pytest.mark.parametrize(
    ("input_tokens", "service_tier", "wanted"),
    [
        (200_000, None, TIERED),
        (200_001, None, LONG),
        (1, "priority", PRIORITY),
        (200_001, "priority", LONG_PRIORITY),
        (1, "batch", BATCH),
        (300_000, "batch", BATCH),
        (1, "standard", TIERED),
        (1, "default", TIERED),
        (1, "something new", TIERED),
    ],
)
def test_the_narrowest_tier_that_fits_counts(input_tokens: int, service_tier: str | None, wanted: Price | PriceTier) -> None:
    assert rates_of(TIERED, input_tokens=input_tokens, service_tier=service_tier) == wanted


def test_a_tier_holds_for_all_tokens_of_the_call() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000, source="provider")
    assert plain_cost_nusd(usage, TIERED) == 6_000 + 22_500


def test_a_class_without_a_price_costs_what_it_is_a_part_of() -> None:
    whole = Usage(input_tokens=10, output_tokens=10, source="provider")
    parts = whole.model_copy(update={"cache_write_input_tokens": 4, "reasoning_tokens": 7})
    price = Price(version="t", input_nusd_per_million=1_111_111, cached_input_nusd_per_million=1, output_nusd_per_million=7_777_777)
    assert plain_cost_nusd(whole, price) == plain_cost_nusd(parts, price)


def test_parts_that_are_more_than_their_whole_take_nothing_off_it() -> None:
    usage = Usage(
        input_tokens=10, output_tokens=10, cached_input_tokens=8, cache_write_input_tokens=8, reasoning_tokens=30, source="provider"
    )
    price = Price(
        version="t", input_nusd_per_million=5_000_000, cached_input_nusd_per_million=1_000_000,
        cache_write_input_nusd_per_million=6_000_000,
        output_nusd_per_million=7_000_000, reasoning_nusd_per_million=9_000_000,
    )  # fmt: skip
    assert [*cost_split(usage, price).model_dump().values()] == [0, 8, 12, 0, 90, 0]


rates = st.integers(0, 10**10)
classes = {
    "input_nusd_per_million": rates, "cached_input_nusd_per_million": rates, "output_nusd_per_million": rates,
    "cache_write_input_nusd_per_million": st.none() | rates, "reasoning_nusd_per_million": st.none() | rates,
}  # fmt: skip
tiers = st.builds(
    PriceTier, above_input_tokens=st.integers(0, 5_000), service_tier=st.sampled_from([None, "batch", "flex", "priority"]), **classes
)
prices = st.builds(Price, version=st.just("t"), tiers=st.lists(tiers, max_size=3), **classes)


@st.composite
def usages(draw: Any) -> Usage:
    input_tokens, output_tokens = draw(st.integers(0, 10_000)), draw(st.integers(0, 10_000))
    cached = draw(st.integers(0, input_tokens))
    return Usage(
        input_tokens=input_tokens, output_tokens=output_tokens, cached_input_tokens=cached,
        cache_write_input_tokens=draw(st.integers(0, input_tokens - cached)), reasoning_tokens=draw(st.integers(0, output_tokens)),
        service_tier=draw(st.sampled_from([None, "batch", "flex", "priority", "scale"])), source="provider",
    )  # fmt: skip


@given(usages(), prices)
def test_the_parts_are_the_exact_cost_rounded_up_once(usage: Usage, price: Price) -> None:
    split, of = cost_split(usage, price), rates_of(price, input_tokens=usage.input_tokens, service_tier=usage.service_tier)
    written = of.input_nusd_per_million if of.cache_write_input_nusd_per_million is None else of.cache_write_input_nusd_per_million
    thought = of.output_nusd_per_million if of.reasoning_nusd_per_million is None else of.reasoning_nusd_per_million
    fresh = usage.input_tokens - usage.cached_input_tokens - usage.cache_write_input_tokens
    exact = (
        fresh * of.input_nusd_per_million + usage.cached_input_tokens * of.cached_input_nusd_per_million
        + usage.cache_write_input_tokens * written + (usage.output_tokens - usage.reasoning_tokens) * of.output_nusd_per_million
        + usage.reasoning_tokens * thought
    )  # fmt: skip
    assert 0 <= sum_of(split) * TOKENS_PER_PRICE_UNIT - exact < TOKENS_PER_PRICE_UNIT
    assert min(split.model_dump().values()) >= 0


@pytest.mark.promise("E-14")
@given(usages(), prices, st.integers(0, 200))
def test_no_call_within_what_was_held_for_costs_more_than_its_hold(usage: Usage, price: Price, percent: int) -> None:
    held = most_nusd(price, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, markup_percent=percent)
    assert sum_of(cost_split(usage, price, markup_percent=percent)) <= held


@pytest.mark.promise("E-14")
@given(usages(), prices)
def test_a_hold_counts_by_every_tier_that_a_call_within_its_safety_may_come_to(usage: Usage, price: Price) -> None:
    """A provider counts up to 5 % more than we do, which may be across the border of a tier."""
    counted = -(-usage.input_tokens * 100 // (100 + SAFETY_PERCENT))
    assert held_tokens(counted) >= usage.input_tokens
    assert sum_of(cost_split(usage, price)) <= most_nusd(price, input_tokens=counted, output_tokens=usage.output_tokens)


def test_a_call_that_may_cross_the_border_of_a_tier_is_held_for_by_it() -> None:
    assert most_nusd(TIERED, input_tokens=190_477, output_tokens=0) > most_nusd(TIERED, input_tokens=190_476, output_tokens=0) * 1.2
    usage = Usage(input_tokens=200_001, output_tokens=0, source="provider")
    assert plain_cost_nusd(usage, TIERED) <= most_nusd(
        TIERED.model_copy(update={"tiers": [LONG]}), input_tokens=195_000, output_tokens=0
    )  # fmt: skip


@given(prices, st.integers(0, 100))
def test_a_forecast_with_the_markup_is_never_below_the_bill(price: Price, percent: int) -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000, source="estimated")
    assert plain_cost_nusd(usage, with_markup(price, percent=percent)) >= sum_of(cost_split(usage, price, markup_percent=percent))
