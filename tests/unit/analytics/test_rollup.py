"""Rollup deltas do not know in which order, or in how many batches, they were made (A2)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_analytics.core.finished import fact_at
from burnish_analytics.core.fold import add_finished
from burnish_analytics.core.intake import UNSAID, Intake, Said
from burnish_analytics.core.reactions import standing_of
from burnish_analytics.core.recount import Difference, differences
from burnish_analytics.core.rollup import GRAINS, WORKSPACE, Deltas, Measures, bucket_start
from burnish_shared.contracts.executions import CompletedItem, Lane, Status
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.measures import merged

pytestmark = pytest.mark.capability("A2")

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)

ITEM = CompletedItem(
    execution_id=UUID(int=1),
    workspace_id=UUID(int=2),
    slug="route",
    version=1,
    label="production",
    model="simulated/reader",
    provider="simulated",
    lane=Lane.INTERACTIVE,
    status=Status.SUCCESS,
    finished_at=NOON,
    latency_ms=100,
    first_token_ms=20,
    input_tokens=3,
    output_tokens=5,
    cached_input_tokens=0,
    cost_nusd=7,
    cached=False,
    simulated=True,
)


def changed(**values: object) -> CompletedItem:
    return ITEM.model_copy(update=values)


def rows_of(*items: CompletedItem) -> FinishedColumns:
    return FinishedColumns.of(items)


FACT = fact_at(rows_of(ITEM), 0)

items = st.builds(
    changed,
    version=st.integers(1, 2),
    label=st.sampled_from(["production", "", None]),
    app=st.sampled_from(["shop", "", None]),
    lane=st.sampled_from(list(Lane)),
    end_user=st.sampled_from(["ada", "bob", "", None]),
    status=st.sampled_from(list(Status)),
    cached=st.booleans(),
    finished_at=st.integers(0, 7200).map(lambda second: NOON + timedelta(seconds=second)),
    latency_ms=st.integers(0, 10_000),
    first_token_ms=st.none() | st.integers(0, 1000),
    cost_nusd=st.integers(0, 10**9),
)


def counted(batch: list[CompletedItem]) -> Deltas:
    return taken_in(batch).deltas


def taken_in(batch: list[CompletedItem]) -> Intake:
    intake = Intake()
    add_finished(intake, rows_of(*batch))
    return intake


@given(st.lists(items, max_size=15), st.integers(0, 15))
def test_two_batches_in_any_order_add_up_to_one(batch: list[CompletedItem], cut: int) -> None:
    whole, first, second = counted(batch).rows, counted(batch[cut:][::-1]).rows, counted(batch[:cut]).rows
    for key, expected in whole.items():
        one, other = first.get(key, Measures()), second.get(key, Measures())
        assert one.executions + other.executions == expected.executions
        assert one.cost_nusd + other.cost_nusd == expected.cost_nusd
        assert merged(one.latency, other.latency) == expected.latency
    assert differences(whole, counted(batch[::-1]).rows) == []


@given(st.lists(items, min_size=1, max_size=10))
def test_every_grain_counts_every_execution_once_under_one_status(batch: list[CompletedItem]) -> None:
    rows = counted(batch).rows
    for grain in GRAINS:
        of_grain = [measures for key, measures in rows.items() if key.grain == grain]
        assert sum(one.executions for one in of_grain) == len(batch)
        assert sum(one.successes + one.errors + one.timeouts + one.rate_limited + one.cancelled + one.blocked for one in of_grain) == len(
            batch
        )
        assert sum(sum(one.latency) for one in of_grain) == len(batch)


def test_a_replaced_reaction_moves_by_the_difference_and_detectors_see_only_the_first() -> None:
    up, down = standing_of("thumb", 1), standing_of("thumb", 0)
    intake = Intake()
    intake.add_reaction(FACT, before=UNSAID, after=Said(up), is_first=True)
    intake.add_reaction(FACT, before=Said(up), after=Said(down), is_first=False)
    assert {(row.reactions, row.thumbs_up, row.thumbs_down) for row in intake.deltas.settle().rows.values()} == {(1, 0, 1)}
    [observation] = intake.observations.values()
    assert (observation.samples, observation.satisfied_micro) == (1, 1_000_000)
    [change] = intake.labels.values()
    assert (change.standing.samples, change.standing.satisfied_micro) == (1, 0)


@pytest.mark.parametrize("values", [{"lane": Lane.BATCH}, {"label": None}, {"slug": ""}])
def test_what_no_label_served_is_rolled_up_and_not_watched(values: dict[str, object]) -> None:
    intake = taken_in([changed(**values)])
    fact = fact_at(rows_of(changed(**values)), 0)
    intake.add_reaction(fact, before=UNSAID, after=Said(standing_of("thumb", 1)), is_first=True)
    assert len(intake.deltas.settle().rows) == 3
    assert intake.observations == {} and intake.labels == {}


def test_buckets_are_borders_in_utc() -> None:
    at = datetime(2026, 11, 19, 23, 59, 59, 999_999, tzinfo=UTC).astimezone()
    assert [bucket_start(at, grain).isoformat() for grain in GRAINS] == [
        "2026-11-19T23:59:00+00:00",
        "2026-11-19T23:00:00+00:00",
        "2026-11-19T00:00:00+00:00",
    ]


def test_a_recount_names_what_differs_and_overlooks_rows_of_zeros() -> None:
    one, other = counted([ITEM]).rows, counted([ITEM, ITEM]).rows
    key = min(one)
    assert Difference(key, "executions", rollup=1, recounted=2) in differences(other, one)
    assert differences({}, {key: Measures(latency=[0, 0])}) == []


def test_a_batch_of_many_prompts_writes_one_row_of_the_workspace_a_bucket_and_kind_of_traffic() -> None:
    intake = Intake()
    many = [changed(execution_id=UUID(int=n + 1), slug=f"p{n}", lane=Lane.BATCH if n % 2 else Lane.INTERACTIVE) for n in range(100)]
    add_finished(intake, rows_of(*many))
    whole = {key: one.executions for key, one in intake.deltas.sets.items() if key.dimension == WORKSPACE}
    assert {(key.grain, key.traffic, key.slug, key.value) for key in whole} == {(g, t, "", "") for g in GRAINS for t in ("live", "batch")}
    assert set(whole.values()) == {50}
