"""Which executions evaluators score: drawn by id, what succeeded, and nobody's job."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics.core.live_rules import LiveRule
from burnish_analytics.core.sampling import place_of, tasks_of
from burnish_analytics.core.score_sums import NewScore, sums_of
from burnish_shared.contracts.executions import CompletedItem
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.contracts.live_filters import LiveFilters
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("F4")

WORKSPACE, EVALUATOR = UUID(int=1), UUID(int=2)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def item(**fields: Any) -> CompletedItem:
    usual: dict[str, Any] = {
        "execution_id": new_uuid(), "workspace_id": WORKSPACE, "lane": "interactive", "status": "success", "slug": "answers", "version": 3,
        "label": "production", "model": "m", "provider": "p", "input_tokens": 1, "output_tokens": 1, "cost_nusd": 1, "latency_ms": 1,
        "finished_at": AT,
    }  # fmt: skip
    return CompletedItem.model_validate(usual | fields)


def rule(**fields: Any) -> LiveRule:
    usual: dict[str, Any] = {
        "live_evaluation_id": new_uuid(), "workspace_id": WORKSPACE, "evaluator_id": EVALUATOR, "evaluator_version": 1,
        "prompts": frozenset(), "labels": frozenset(), "sample_ratio": 1.0,
    }  # fmt: skip
    return LiveRule(**(usual | fields))


def drawn(items: list[CompletedItem], *rules: LiveRule) -> set[UUID]:
    return {one.execution_id for one in tasks_of(FinishedColumns.of(items), {str(WORKSPACE): list(rules)})}


def test_the_share_is_what_was_asked_for_and_a_larger_one_holds_the_smaller() -> None:
    items = [item() for _ in range(4_000)]
    tenth, half = drawn(items, rule(sample_ratio=0.1)), drawn(items, rule(sample_ratio=0.5))
    assert 330 <= len(tenth) <= 470 and 1_880 <= len(half) <= 2_120 and tenth < half
    assert tenth == drawn(items[::-1], rule(sample_ratio=0.1, evaluator_id=UUID(int=9)))
    assert all(place_of(one) < 0.1 for one in tenth)


@pytest.mark.parametrize(
    "fields",
    [{"lane": "batch"}, {"job_id": new_uuid()}, {"status": "error"}, {"slug": None}, {"label": "staging"}, {"workspace_id": UUID(int=3)}],
)
def test_what_is_not_asked_for_or_nobodys_traffic_is_left_alone(fields: dict[str, Any]) -> None:
    one = rule(prompts=frozenset({"answers"}), labels=frozenset({"production"}))
    plain, other = item(), item(**fields)
    assert drawn([plain, other], one) == {plain.execution_id}


def test_without_filters_calls_without_a_prompt_and_imported_ones_are_scored_too() -> None:
    items = [item(slug=None, version=None, label=None), item(lane="imported")]
    assert drawn(items, rule()) == {one.execution_id for one in items}


def test_two_rules_of_one_evaluator_draw_an_execution_once() -> None:
    first, second = rule(), rule()
    tasks = tasks_of(FinishedColumns.of([item()]), {str(WORKSPACE): [first, second]})
    assert [one.live_evaluation_id for one in tasks] == [first.live_evaluation_id]


def test_sums_of_scores_are_exact_by_minute_hour_and_day() -> None:
    def score(value: float | None, **fields: Any) -> NewScore:
        usual: dict[str, Any] = {
            "execution_id": new_uuid(), "evaluator_id": EVALUATOR, "evaluator_version": 1, "slug": "answers", "version": 3,
            "label": "production", "model": "m", "finished_at": AT, "score": value, "passed": None if value is None else value >= 0.5,
            "uncertain": False, "cost_nusd": 5, "simulated": True,
        }  # fmt: skip
        return NewScore(**(usual | fields))

    sums = sums_of([score(0.1), score(0.2, uncertain=True), score(0.7), score(None)])
    assert {key.grain for key in sums} == {"minute", "hour", "day"}
    for one in sums.values():
        assert (one.scores, one.passed, one.no_scores, one.uncertain, one.cost_nusd, one.simulated) == (3, 1, 1, 1, 20, 4)
        assert (one.score_sum_micro, one.score_squares_micro) == (1_000_000, 540_000)


@pytest.mark.parametrize(
    ("filters", "other"),
    [
        ({"model": "m"}, {"model": "n"}),
        ({"provider": "p"}, {"provider": "q"}),
        ({"app": "shop"}, {"app": None}),
        ({"experiment_id": UUID(int=7), "arm": "b"}, {"experiment_id": UUID(int=7), "arm": "a"}),
        ({"cached": False}, {"cached": True}),
        ({"simulated": False}, {"simulated": True}),
        ({"min_cost_nusd": 1}, {"cost_nusd": 0}),
        ({"min_latency_ms": 1}, {"latency_ms": 0}),
        ({"tag": "support"}, {"slug": "other"}),
    ],
)
def test_all_filters_that_are_named_must_hold(filters: dict[str, Any], other: dict[str, Any]) -> None:
    fits = {"app": "shop", "experiment_id": UUID(int=7), "arm": "b"}
    plain, another = item(**fits), item(**(fits | other))
    one = rule(filters=LiveFilters(**filters), tagged=frozenset({"answers"}))
    assert drawn([plain, another], one) == {plain.execution_id}


def test_one_that_asks_for_metadata_leaves_the_execution_to_the_next_as_well() -> None:
    """Whether it fits is seen where it is queued: the first that does gets it."""
    first, second, third = rule(filters=LiveFilters(metadata={"a": "b"})), rule(), rule()
    tasks = tasks_of(FinishedColumns.of([item()]), {str(WORKSPACE): [first, second, third]})
    assert [(one.live_evaluation_id, one.metadata) for one in tasks] == [
        (first.live_evaluation_id, '{"a": "b"}'), (second.live_evaluation_id, ""),
    ]  # fmt: skip


def test_filters_exclude_each_other_where_an_execution_has_one_value() -> None:
    def apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
        return LiveFilters(**one).excludes(LiveFilters(**other))

    assert apart({"model": "a"}, {"model": "b"}) and apart({"metadata": {"k": "a"}}, {"metadata": {"k": "b", "l": "c"}})
    assert not apart({"model": "a"}, {}) and not apart({"model": "a"}, {"app": "b"}) and not apart({"tag": "a"}, {"tag": "b"})
    assert not apart({"metadata": {"k": "a"}}, {"metadata": {"l": "a"}}) and not apart({"min_cost_nusd": 1}, {"min_cost_nusd": 2})
