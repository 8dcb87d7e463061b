"""When a target is missed, and when it is met again."""

from typing import Any

import pytest

from burnish_analytics.core.targets import Measured, Target, summary, verdict

pytestmark = pytest.mark.capability("A4")


def target(metric: str, limit: float, **changes: Any) -> Target:
    return Target(**({"metric": metric, "limit": limit, "window_minutes": 60, "min_samples": 20} | changes))


@pytest.mark.parametrize(
    ("metric", "limit", "beyond", "within", "back"),
    [
        ("latency", 2_000.0, 2_001.0, 1_801.0, 1_800.0), ("cost", 1_000.0, 1_001.0, 901.0, 900.0), ("error_rate", 0.1, 0.11, 0.091, 0.09),
        ("satisfaction", 0.8, 0.79, 0.81, 0.82), ("reaction_rate", 0.1, 0.09, 0.105, 0.11), ("quality", 0.5, 0.49, 0.54, 0.55),
    ],
)  # fmt: skip
def test_an_alert_begins_beyond_the_limit_and_ends_a_tenth_within_it(
    metric: str, limit: float, beyond: float, within: float, back: float
) -> None:
    of = target(metric, limit)
    assert verdict(of, Measured(limit, 20), is_open=False) is None, "at the limit is not beyond it"
    assert verdict(of, Measured(beyond, 20), is_open=False) == "raise"
    assert verdict(of, Measured(beyond, 19), is_open=False) is None, "too few"
    assert verdict(of, Measured(beyond, 20), is_open=True) is None
    assert verdict(of, Measured(within, 20), is_open=True) is None, "within the limit, but not far enough"
    assert (
        verdict(of, Measured(back + 1e-9 * (1 if metric in ("satisfaction", "reaction_rate", "quality") else -1), 20), is_open=True)
        == "end"
    )
    assert verdict(of, Measured(back, 19), is_open=True) is None
    assert verdict(of, Measured(), is_open=True) is None


def test_the_words_say_what_is_beyond_what_over_how_long_and_of_how_many() -> None:
    said = summary("route", target("latency", 2_000, window_minutes=120, label="production"), Measured(2_512.4, 1_234), evaluator="")
    assert said == (
        "The 95th percentile of latency of route@production is 2,512 ms in the last 2 hours, above the target of 2,000 ms, of 1,234 calls."
    )
    said = summary("route", target("quality", 0.8, window_minutes=1_440), Measured(0.7, 40), evaluator="Judge")
    assert said == "The mean score of route by Judge is 70.0% in the last day, below the target of 80.0%, of 40 scores."
