"""The last minute adds up, whatever comes in which order, and forgets what is older."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.live.window import PROMPTS_MOST, WINDOW_S, Window
from burnish_shared.contracts.executions import CompletedItem, Lane, Status
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("A2")

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
WORKSPACE = new_uuid()


def finished(*, ago_s: float = 0, **changed: Any) -> CompletedItem:
    given_fields: dict[str, Any] = {
        "execution_id": new_uuid(), "workspace_id": WORKSPACE, "lane": Lane.INTERACTIVE, "status": Status.SUCCESS, "slug": "route",
        "model": "m", "provider": "p", "input_tokens": 10, "output_tokens": 2, "cost_nusd": 5, "latency_ms": 100,
        "finished_at": NOW - timedelta(seconds=ago_s),
    }  # fmt: skip
    return CompletedItem.model_validate(given_fields | changed)


@given(st.lists(st.integers(0, 200), max_size=60))
def test_only_what_finished_within_the_window_counts_and_in_any_order(ages_s: list[int]) -> None:
    window = Window()
    for age_s in ages_s:
        window.add(finished(ago_s=age_s), now_s=NOW.timestamp())
    figures = window.figures(now_s=NOW.timestamp())
    assert figures["total"]["executions"] == sum(1 for one in ages_s if one < WINDOW_S)
    assert window.figures(now_s=NOW.timestamp() + WINDOW_S)["total"]["executions"] == 0
    assert window.is_empty(now_s=NOW.timestamp() + WINDOW_S)


def test_the_figures_of_prompts_add_up_to_the_total_and_the_optimizers_work_is_left_out() -> None:
    window, now_s = Window(), NOW.timestamp()
    for number in range(PROMPTS_MOST + 10):
        for _ in range(2 if number == 7 else 1):
            window.add(finished(slug=f"p{number:03}", status=Status.ERROR if number == 7 else Status.SUCCESS), now_s=now_s)
    window.add(finished(slug=None, cached=True), now_s=now_s)
    window.add(finished(lane=Lane.BATCH), now_s=now_s)
    figures = window.figures(now_s=now_s)
    assert figures["total"] | {"latency_p50_ms": 0, "latency_p95_ms": 0, "success_rate": 0} == {
        "executions": PROMPTS_MOST + 12, "successes": PROMPTS_MOST + 10, "success_rate": 0, "cached": 1,
        "input_tokens": 10 * (PROMPTS_MOST + 12), "output_tokens": 2 * (PROMPTS_MOST + 12), "cost_nusd": 5 * (PROMPTS_MOST + 12),
        "latency_p50_ms": 0, "latency_p95_ms": 0,
    }  # fmt: skip
    assert len(figures["prompts"]) == PROMPTS_MOST
    assert figures["prompts"][0] | {"prompt": "p007", "executions": 2, "success_rate": 0.0} == figures["prompts"][0]


def test_a_clock_ahead_of_ours_counts_as_now_and_nothing_gives_no_percentile() -> None:
    window, now_s = Window(), NOW.timestamp()
    assert window.figures(now_s=now_s)["total"]["latency_p95_ms"] is None
    window.add(finished(ago_s=-500), now_s=now_s)
    assert window.figures(now_s=now_s)["total"]["executions"] == 1
    assert window.figures(now_s=now_s + WINDOW_S)["total"]["executions"] == 0
