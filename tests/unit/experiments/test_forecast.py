"""What an experiment will take is said before its start, whatever decides it (PRODUCT X1)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from burnish_gateway.experiments.experiment import Experiment, PlannedArm
from burnish_gateway.experiments.forecast import behind_last, forecast, in_words, span
from burnish_gateway.experiments.past_spread import PastSpread, TooFew
from burnish_gateway.experiments.traffic import Baseline, Traffic
from burnish_shared.contracts.experiments import Method, Rollout, Settings
from burnish_shared.experiments.percentile_size import Latencies, percentile_units
from burnish_shared.experiments.quantiles import COURSES, at_share, course_of
from burnish_shared.experiments.sample_size import MOST, needed
from burnish_shared.experiments.sums import mean_of
from tests.unit.experiments.test_quantiles import PLAN, Draw, Floats, lognormal, looked, sums_of

pytestmark = pytest.mark.capability("X1")

NOW = datetime(2026, 11, 26, tzinfo=UTC)
TRAFFIC = Traffic(calls=7_000, units=7_000, with_unit=1.0, days=7.0)
BASELINE = Baseline({"success": (0.95, 7_000), "satisfaction": (0.7, 700)}, None, 7_000, NOW, NOW, False)


def past(draw: Draw, units: int) -> Latencies:
    """As `past_spread` reads them."""
    latencies, of = draw(np.random.default_rng(11), "a", units)
    latencies = np.round(latencies)
    values, counts = np.unique(latencies.astype(int), return_counts=True)
    course = course_of(dict(zip(values.tolist(), counts.tolist(), strict=True)), COURSES["latency_p95_ms"])
    x, y = np.bincount(of).astype(float), np.bincount(of, weights=(latencies <= at_share(course, 0.95)).astype(float))
    mean = mean_of(sums_of(x, y))
    assert mean is not None
    return Latencies(0.95, course, len(latencies), mean.variance, mean.size)


def is_found(seed: int, draw: Draw, *, most: int) -> bool:
    """Whether it is decided, looked at with every fifth more units up to `most` of both arms."""
    dice, n = np.random.default_rng([12, seed]), min(most, 300)
    arms: dict[str, tuple[Floats, Any]] = {arm: (np.empty(0), np.empty(0, np.int64)) for arm in "ab"}
    while True:
        for arm, (old, units) in arms.items():
            known = int(units.max()) + 1 if len(units) else 0
            new, of = draw(dice, arm, n // 2 - known)
            arms[arm] = np.concatenate([old, np.round(new)]), np.concatenate([units, of + known])
        if looked(PLAN, arms, 0.5).differences[0].state == "worse":
            return True
        if n >= most:
            return False
        n = min(most, round(1.2 * n))


@pytest.mark.parametrize(("of_unit", "answers"), [(0.0, 1), (0.5, 5)], ids=["an answer each", "users who resemble themselves"])
def test_an_arm_that_is_half_as_slow_again_is_found_in_about_four_of_five_experiments_as_long_as_was_said(
    of_unit: float, answers: int
) -> None:
    """Of 60 experiments 36 to 57: outside of that would come by chance in fewer than 1 of 1,000 where 80 % are found."""
    before = past(lognormal(of_unit=of_unit, answers=answers), 5_000)
    units = percentile_units(before, effect=0.5 * before.value, alpha=PLAN.alpha, horizon=PLAN.horizon)
    found = sum(is_found(seed, lognormal(slower=1.5, of_unit=of_unit, answers=answers), most=units) for seed in range(60))
    assert 36 <= found <= 57, (units, found)


def test_a_percentile_needs_more_for_less_and_more_where_users_resemble_themselves() -> None:
    alone, alike = past(lognormal(answers=5), 2_000), past(lognormal(of_unit=0.8, answers=5), 2_000)

    def units(of: Latencies, part: float, *, alpha: float = 0.05) -> int:
        return percentile_units(of, effect=part * of.value, alpha=alpha, horizon=1_000)

    assert units(alone, 0.2) > 2 * units(alone, 0.4) and units(alone, 0.2, alpha=0.01) > units(alone, 0.2)
    assert units(replace(alone, variance=3 * alone.variance), 0.2) > 2 * units(alone, 0.2)
    assert alike.variance > 1.5 * alone.variance
    assert percentile_units(alone, effect=1.0, alpha=0.05, horizon=1_000) == MOST, "milliseconds are whole"


def experiment(metric: str = "latency_ms", *, method: Method = "sequential", **changed: Any) -> Experiment:
    arms = tuple(
        PlannedArm(arm=name, mode="live", is_control=name == "a", label=None, version=n, model=None, buckets=5_000)
        for n, name in enumerate("ab", start=1)
    )
    one = Experiment(
        experiment_id=UUID(int=1), workspace_id=UUID(int=2), name="n", description="", prompt_id=UUID(int=3), slug="p", label="production",
        kind="ab", status="draft", rollout_state=None, unit="end_user", targeting="", namespace=None, namespace_from=None,
        namespace_to=None, hash_key=UUID(int=4), metric=metric, direction="lower", method=method, allocation="fixed", on_winner="offered",
        guardrails=(), rollout=None, settings=Settings(), latency_limit_ms=None, epoch=0, step=None, step_started_at=None, verdict=None,
        winner=None, decided_by=None, promotion=None, suggestion_id=None, shadow_account_id=None, shadow_budget_nusd=None, hops=0,
        simulated=False, revision=1, created_by="user:1", created_at=NOW, updated_at=NOW, started_at=None, paused_at=None,
        completed_at=None, arms=arms,
    )  # fmt: skip
    return replace(one, **changed)


SPREAD = PastSpread(value=800.0, variance=250_000.0, units=6_300, observations=12_600, named=7_000)


@pytest.mark.parametrize("method", ["sequential", "fixed", "group_sequential", "hybrid"])
def test_a_mean_is_counted_by_how_much_it_varied_between_units_by_every_rule(method: Method) -> None:
    found = forecast(experiment(method=method), TRAFFIC, BASELINE, SPREAD, joins=1.0)
    told = needed(
        effect=40.0, variance=250_000.0, alpha=0.05, arms=2, smallest_share=0.5, method=method, min_samples=100, horizon=1_000,
        units_a_day=900.0,
    )  # fmt: skip
    assert found.needed is not None and told.days is not None
    assert (found.effect, found.needed.units, found.needed.smallest_arm) == (40.0, told.units, told.smallest_arm), "5 % of 800 ms"
    assert found.needed.days == pytest.approx(told.days), "by the nine of ten units that have a latency"


def test_days_know_of_the_holdout_and_of_the_part_of_a_namespace() -> None:
    plain, held = (forecast(experiment(), TRAFFIC, BASELINE, SPREAD, joins=part).needed for part in (1.0, 0.8))
    ramp = forecast(experiment(rollout=Rollout(), namespace="n", settings=Settings(namespace_share=0.25)), TRAFFIC, BASELINE, SPREAD,
                    joins=1.0).needed  # fmt: skip
    assert plain is not None and held is not None and ramp is not None and plain.days is not None
    assert held.units == plain.units and held.days == pytest.approx(plain.days / 0.8)
    assert ramp.days == pytest.approx(plain.days * 4)
    share = forecast(experiment("satisfaction"), TRAFFIC, BASELINE, None, joins=1.0).needed
    assert share is not None and share.days == pytest.approx(share.units / 100), "one of ten reacts"


def test_a_percentile_is_counted_from_the_course_of_latencies() -> None:
    before = past(lognormal(), 5_000)
    one = experiment("latency_p95_ms", settings=Settings(smallest_effect=0.2 * before.value))
    spread = replace(SPREAD, value=before.value, latencies=before)
    found = forecast(one, TRAFFIC, BASELINE, spread, joins=1.0)
    assert found.needed is not None and 3_000 < found.needed.units < 5_000, "decision 63: 78 of 100 within 4,000"
    assert found.needed.days == pytest.approx(found.needed.units / 900)
    few = forecast(replace(one, settings=Settings(smallest_effect=5 * before.value)), TRAFFIC, BASELINE, spread, joins=1.0).needed
    assert few is not None and few.smallest_arm >= 220, "fewer answers of an arm say nothing of its 95th percentile"


def test_the_sentence_says_what_is_found_or_why_nothing_can_be_counted() -> None:
    def told(one: Experiment, spread: PastSpread | TooFew | None) -> str:
        return in_words(one, forecast(one, TRAFFIC, BASELINE, spread, joins=1.0))

    assert told(experiment(), SPREAD).endswith("units are needed to find 40 ms, about 11.6 days.")
    assert [span(days) for days in (0.01, 0.2, 2.0, 12.34)] == ["an hour", "5 hours", "2.0 days", "12.3 days"]
    assert [behind_last(days) for days in (0.01, 0.2, 12.34)] == ["hour", "5 hours", "12.3 days"]
    assert "to find 5 points" in told(experiment("success"), None)
    assert "to find $0.00004" in told(experiment("cost_nusd"), replace(SPREAD, value=800_000.0, variance=1e10))
    assert "to find 0.05," in told(experiment("metric:resolved"), replace(SPREAD, value=0.7, variance=0.2, is_share=True))
    assert "to find 0.035," in told(experiment("metric:stars"), replace(SPREAD, value=0.7, variance=0.2)), "5 % of what is no share"
    assert told(experiment(), TooFew("12 units are known")).endswith("before the start: 12 units are known.")
    nothing = Baseline({}, None, 0, NOW, NOW, False)
    assert forecast(experiment("success"), TRAFFIC, nothing, None, joins=1.0).needed is None
    fine = experiment("latency_p95_ms", settings=Settings(smallest_effect=1.0))
    assert "no number of units tells 1 ms apart" in told(fine, replace(SPREAD, latencies=past(lognormal(), 2_000)))
