"""The last minute adds up, whatever comes in which order, and forgets what is older."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.live.window import PROMPTS_MOST, SLUGS_MOST, WINDOW_S, Window
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
        "latency_p50_ms": 0, "latency_p95_ms": 0, "simulated": False, "simulated_executions": 0,
    }  # fmt: skip
    assert len(figures["prompts"]) == PROMPTS_MOST
    assert figures["prompts"][0] | {"prompt": "p007", "executions": 2, "success_rate": 0.0} == figures["prompts"][0]


def test_what_simulated_models_made_says_so_until_it_leaves_the_window() -> None:
    window, now_s = Window(), NOW.timestamp()
    for slug, is_simulated, ago_s in (("play", True, 40), ("play", False, 0), ("work", False, 0)):
        window.add(finished(slug=slug, simulated=is_simulated, ago_s=ago_s), now_s=now_s)

    def told(at_s: float) -> dict[str, tuple[bool, int]]:
        figures = window.figures(now_s=at_s)
        shown = {"": figures["total"]} | {one["prompt"]: one for one in figures["prompts"]}
        return {name: (one["simulated"], one["simulated_executions"]) for name, one in shown.items()}

    assert told(now_s) == {"": (True, 1), "play": (True, 1), "work": (False, 0)}
    assert told(now_s + 30) == {"": (False, 0), "play": (False, 0), "work": (False, 0)}


def test_a_clock_ahead_of_ours_counts_as_now_and_nothing_gives_no_percentile() -> None:
    window, now_s = Window(), NOW.timestamp()
    assert window.figures(now_s=now_s)["total"]["latency_p95_ms"] is None
    window.add(finished(ago_s=-500), now_s=now_s)
    assert window.figures(now_s=now_s)["total"]["executions"] == 1
    assert window.figures(now_s=now_s + WINDOW_S)["total"]["executions"] == 0


@given(
    st.lists(st.tuples(st.integers(0, 90), st.sampled_from(["a", "b", "c", None]), st.integers(0, 5_000)), max_size=60), st.integers(0, 70)
)
def test_what_is_kept_running_is_what_counting_anew_gives(came: list[tuple[int, str | None, int]], later_s: int) -> None:
    """Seconds that left are taken away exactly: a window that was asked all the time shows what one that is filled at the end shows."""
    running, now_s = Window(), NOW.timestamp()
    items = [
        (finished(ago_s=-at_s, slug=slug, latency_ms=ms, cost_nusd=ms), now_s + at_s) for at_s, slug, ms in sorted(came, key=lambda c: c[0])
    ]
    for item, at_s in items:
        running.add(item, now_s=at_s)
        running.figures(now_s=at_s)
    end_s = max([at_s for _, at_s in items], default=now_s) + later_s
    anew = Window()
    for item, _ in items:
        anew.add(item, now_s=end_s)
    assert running.figures(now_s=end_s) == anew.figures(now_s=end_s)


def test_thousands_of_names_cost_neither_memory_nor_time_for_each_look() -> None:
    """A caller may send a name of its own with every call; all live pages of the gateway wait for whatever a look costs."""
    window, now_s = Window(), NOW.timestamp()
    for second in range(WINDOW_S):
        for number in range(SLUGS_MOST):
            window.add(finished(ago_s=-second, slug=f"s{second}-{number}", latency_ms=number), now_s=now_s + second)
    counted = sum(len(slot.prompts) for slot in window._slots.values()), len(window._sums.prompts)
    assert counted == (SLUGS_MOST, SLUGS_MOST)
    end_s = now_s + WINDOW_S - 1
    first = window.figures(now_s=end_s)
    assert first["total"]["executions"] == WINDOW_S * SLUGS_MOST and first is window.figures(now_s=end_s)
    took_s = []
    for more in range(1, 6):
        window.add(finished(ago_s=1 - WINDOW_S, slug="one-more"), now_s=end_s)
        began_s = time.process_time()
        assert window.figures(now_s=end_s)["total"]["executions"] == WINDOW_S * SLUGS_MOST + more
        took_s.append(time.process_time() - began_s)
    assert min(took_s) < 0.7, "each took 1.5 s and more when seconds were added up anew"
    window.add(finished(ago_s=-2 * WINDOW_S, slug="fresh"), now_s=now_s + 2 * WINDOW_S)
    assert [one["prompt"] for one in window.figures(now_s=now_s + 2 * WINDOW_S)["prompts"]] == ["fresh"]
