"""Degradation detectors on made series (A4; figures of the single-observation form in the detectors' docstrings)."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import fmean

import pytest

from burnish_analytics.core.cusum import THRESHOLD, threshold_for, threshold_in_steps, updated
from burnish_analytics.core.degradation import (
    PLANS,
    Degraded,
    DetectorLimits,
    MetricPlan,
    Recovered,
    Seen,
    SeriesState,
    Verdict,
    begin_version,
    from_stored,
    observed,
    to_stored,
)
from burnish_analytics.io.detector_store import ObservedPeriod
from burnish_analytics.watch_labels import _serving
from burnish_shared.measures import histogram, middle_of

pytestmark = pytest.mark.capability("A4")

START = datetime(2026, 11, 1, tzinfo=UTC)
LIMITS = DetectorLimits()
SATISFACTION, ERRORS, LATENCY, COST = PLANS


def run(
    state: SeriesState,
    rates: list[float],
    *,
    version: int = 1,
    per_period: int = 20,
    seed: int = 1,
    limits: DetectorLimits = LIMITS,
    plan: MetricPlan = PLANS[0],
) -> tuple[SeriesState, list[tuple[int, Verdict]]]:
    """Feeds periods whose observations are bad with these probabilities."""
    dice, told = random.Random(seed), []
    state = begin_version(state, version, plan=plan, limits=limits)
    for number, rate in enumerate(rates):
        bad = sum(dice.random() < rate for _ in range(per_period))
        state, verdict = observed(state, Seen(START + timedelta(minutes=number), version, per_period, bad), plan=plan, limits=limits)
        if verdict is not None:
            told.append((number, verdict))
    return state, told


def test_a_bad_new_version_under_an_old_label_is_seen_against_what_the_label_served_before() -> None:
    state, told = run(SeriesState(), [0.15] * 60)
    assert told == [] and state.baseline is not None
    state, told = run(state, [0.35] * 30, version=2)
    number, verdict = told[0]
    assert isinstance(verdict, Degraded) and verdict.baseline.version == 1
    assert number <= 10
    assert len(told) == 1


def test_a_degraded_version_does_not_become_normal_by_lasting_and_recovery_is_told_once() -> None:
    state, _ = run(SeriesState(), [0.15] * 60)
    state, _ = run(state, [0.35] * 200, version=2)
    assert state.is_degraded
    state, told = run(state, [0.15] * 60, version=3, seed=2)
    assert [type(verdict) for _, verdict in told] == [Recovered]
    assert state.baseline is not None and state.baseline.version == 1


def test_harm_that_lasts_is_about_one_alert_and_ends_when_it_is_over() -> None:
    """28,000 reactions in two weeks: the last 200 of them look fine now and then, and what goes on has hardly ever ended.

    Rates, not lucky seeds: over 480 runs 1.11 alerts, just one in 91 %, the end after 340 reactions, by another version after 175
    (`make bench-stats ARGS="--only lasting"`).
    """
    alerts, same_version, other_version = [], [], []
    for seed in range(60):
        state, told = run(SeriesState(), [0.15] * 50 + [0.25] * 1_400, seed=seed)
        alerts.append(sum(isinstance(verdict, Degraded) for _, verdict in told))
        if state.is_degraded:
            same_version.append(recovered_after(state, version=1, seed=seed + 100))
            other_version.append(recovered_after(state, version=2, seed=seed + 100))
    assert min(alerts) == 1, "each was seen"
    assert fmean(alerts) <= 1.35 and alerts.count(1) >= 45, sorted(alerts)
    assert len(same_version) >= 55 and fmean(same_version) <= 500 and fmean(other_version) <= 300
    assert fmean(other_version) < fmean(same_version), "relief is asked for only where the label was not moved"


@pytest.mark.parametrize(("before", "after", "most"), [(0.01, 0.06, 3.0), (0.05, 0.10, 3.0), (0.01, 0.10, 1.1), (0.10, 0.20, 1.2)])
def test_errors_that_last_are_no_row_of_alerts_and_end_when_they_are_over(before: float, after: float, most: float) -> None:
    """Alerts in 28,000 runs, in the mean of 20; of 60: 1.9, 1.6, 1.0, 1.0. They were 4.4 and 9.0 where the end asked for less."""
    alerts, taken = [], []
    for seed in range(20):
        state, told = run(SeriesState(), [before] * 50 + [after] * 1_400, seed=seed, plan=ERRORS)
        alerts.append(sum(isinstance(verdict, Degraded) for _, verdict in told))
        if state.is_degraded:
            _, ended = run(state, [before] * 300, seed=seed + 100, plan=ERRORS)
            assert isinstance(ended[0][1], Recovered)
            taken.append((ended[0][0] + 1) * 20)
    assert min(alerts) >= 1 and fmean(alerts) <= most, sorted(alerts)
    assert len(taken) >= 15 and fmean(taken) <= 650, sorted(taken)


@pytest.mark.parametrize("asked", [0.005, 0.02, 0.05, 0.3])
def test_an_alert_of_a_small_harm_that_was_asked_for_ends_too(asked: float) -> None:
    plan = replace(SATISFACTION, least_rise=asked, is_asked=True)
    assert plan.lasting_rise(0.15) == pytest.approx(max(asked, 0.05), rel=0.02)


def recovered_after(state: SeriesState, *, version: int, seed: int) -> int:
    """Reactions of a version that is fine until the alert ends."""
    _, told = run(state, [0.15] * 200, version=version, seed=seed)
    assert told and isinstance(told[0][1], Recovered), told
    return (told[0][0] + 1) * 20


def after_a_good_baseline() -> SeriesState:
    state = begin_version(SeriesState(), 1, plan=SATISFACTION, limits=LIMITS)
    for number in range(50):
        state, _ = observed(state, Seen(START + timedelta(minutes=number), 1, 20, 1), plan=SATISFACTION, limits=LIMITS)
    assert state.baseline is not None and state.baseline.expected == 0.05
    return state


@pytest.mark.parametrize(("n", "bad", "is_told"), [(29, 29, False), (30, 30, True)], ids=["too few", "enough"])
def test_an_alert_takes_a_window_of_thirty(n: int, bad: int, is_told: bool) -> None:
    state, verdict = observed(after_a_good_baseline(), Seen(START, 1, n, bad), plan=SATISFACTION, limits=LIMITS)
    assert isinstance(verdict, Degraded) is is_told
    assert max(state.sums.fast, state.sums.slow) >= LIMITS.threshold, "the sum alone would have said so"


def test_an_alert_takes_a_rise_of_the_least_that_was_asked_for() -> None:
    asked = replace(SATISFACTION, least_rise=0.3)
    for bad, is_told in ((120, False), (180, True)):  # of 400: .30 and .45, where .05 is normal
        state, verdict = observed(after_a_good_baseline(), Seen(START, 1, 400, bad), plan=asked, limits=LIMITS)
        assert max(state.sums.fast, state.sums.slow) >= LIMITS.threshold and isinstance(verdict, Degraded) is is_told


@pytest.mark.promise("O-08")
def test_a_voice_that_is_held_back_makes_no_fall_however_long_it_goes_on() -> None:
    state = after_a_good_baseline()
    for number in range(500):
        seen = Seen(START + timedelta(minutes=number), 1, n=60, bad=2.85 + 3, held_back=1, held_n=3, held_bad=3)
        state, verdict = observed(state, seen, plan=SATISFACTION, limits=LIMITS)
        assert verdict is None
    assert state.sums.slow < 1
    assert from_stored(to_stored(state)) == state


def period_of(version: int, *, minutes: int | None) -> ObservedPeriod:
    finished = None if minutes is None else START + timedelta(minutes=minutes)
    return ObservedPeriod("route", "production", version, START, 1, 0, [], [], 0, 0, False, finished)


def test_a_label_serves_what_it_names_or_what_finished_last() -> None:
    rows = [period_of(1, minutes=3), period_of(2, minutes=2), period_of(3, minutes=None)]
    assert [_serving(rows, named=named) for named in (None, 2, 3, 9)] == [1, 2, 1, 1]
    assert _serving(rows[2:], named=3) is None


def test_before_there_is_a_baseline_nothing_is_said() -> None:
    state, told = run(SeriesState(), [0.9] * 49)
    assert told == [] and state.baseline is None


def test_a_small_baseline_is_taken_when_the_label_moves_with_one_standard_error_allowed() -> None:
    state, _ = run(SeriesState(), [0.2] * 10)
    share = state.tally.bad / state.tally.n
    state = begin_version(state, 2, plan=SATISFACTION, limits=LIMITS)
    assert state.baseline is not None and state.baseline.expected > share
    assert begin_version(replace(state, version=None), 2, plan=SATISFACTION, limits=LIMITS).baseline == state.baseline


def test_false_alarms_are_rare_and_a_drop_from_85_to_75_is_seen_within_500_observations() -> None:
    false, delays = 0, []
    for seed in range(40):
        state, told = run(SeriesState(), [0.15] * 200, seed=seed)
        false += bool(told)
        if not told:
            _, after = run(state, [0.25] * 60, version=1, seed=1000 + seed)
            delays.append(after[0][0] * 20 if after else 10**6)
    assert false <= 4
    assert sorted(delays)[len(delays) // 2] <= 300
    assert sum(delay > 600 for delay in delays) <= 2


def test_slower_answers_are_seen_by_the_share_beyond_the_old_95th_percentile() -> None:
    dice = random.Random(3)

    def period(number: int, scale: float) -> Seen:
        counts = histogram(int(dice.lognormvariate(5, 0.4) * scale) for _ in range(20))
        return Seen(START + timedelta(minutes=number), 1, 20, 0, counts)

    state = begin_version(SeriesState(), 1, plan=LATENCY, limits=LIMITS)
    told: list[Verdict] = []
    for number in range(100):
        state, verdict = observed(state, period(number, 1.0), plan=LATENCY, limits=LIMITS)
        told += [verdict] if verdict else []
    assert told == []
    for number in range(100, 140):
        state, verdict = observed(state, period(number, 2.0), plan=LATENCY, limits=LIMITS)
        told += [verdict] if verdict else []
    assert [type(one) for one in told] == [Degraded]


@pytest.mark.parametrize(
    ("scale", "kinds"), [(1.009, []), (1.055, []), (1.25, [Degraded, Recovered])], ids=["a rollback", "a twentieth", "a quarter"]
)
def test_dearer_by_less_than_a_tenth_is_no_alert_although_every_answer_is(scale: float, kinds: list[type]) -> None:
    """Answers that all cost nearly the same: any rise puts them beyond what 95 % cost before."""
    state, told = begin_version(SeriesState(), 1, plan=COST, limits=LIMITS), []

    def feed(version: int, *, scale: float) -> None:
        nonlocal state
        state = begin_version(state, version, plan=COST, limits=LIMITS)
        for number in range(30):
            counts = histogram(round((1_000_000 + 400 * n) * scale) for n in range(40))
            state, verdict = observed(state, Seen(START + timedelta(minutes=number), version, 40, 0, counts), plan=COST, limits=LIMITS)
            told.extend([verdict] if verdict else [])
            assert from_stored(to_stored(state)) == state

    feed(1, scale=1.0)
    feed(2, scale=scale)
    if told:
        assert isinstance(told[0], Degraded) and told[0].before == 0
        assert middle_of(told[0].recent_limit) / middle_of(told[0].baseline.limit or 0) == pytest.approx(1.25, rel=0.04)
    feed(3, scale=1.009)
    assert [type(one) for one in told] == kinds


def test_what_is_told_of_before_is_what_was_measured() -> None:
    """A small baseline allows for chance by one standard error, which nobody has seen."""
    state = begin_version(SeriesState(), 1, plan=SATISFACTION, limits=LIMITS)
    state, _ = observed(state, Seen(START, 1, 300, 23), plan=SATISFACTION, limits=LIMITS)
    state = begin_version(state, 2, plan=SATISFACTION, limits=LIMITS)
    _, verdict = observed(state, Seen(START, 2, 60, 24), plan=SATISFACTION, limits=LIMITS)
    assert isinstance(verdict, Degraded)
    assert (verdict.before, verdict.expected > 0.09) == (23 / 300, True)


def test_after_a_rollback_the_alert_ends_with_a_hundred_observations_of_the_old_version() -> None:
    state = begin_version(after_a_good_baseline(), 2, plan=SATISFACTION, limits=LIMITS)
    for number in range(20):
        state, _ = observed(state, Seen(START + timedelta(minutes=number), 2, 20, 8), plan=SATISFACTION, limits=LIMITS)
    assert state.is_degraded
    state = begin_version(state, 1, plan=SATISFACTION, limits=LIMITS)
    took = 0
    while state.is_degraded:
        state, _ = observed(state, Seen(START, 1, 10, 0.5), plan=SATISFACTION, limits=LIMITS)
        took += 10
    assert took == 100


def test_a_state_survives_storage_and_goes_on_as_if_it_had_not_been_stored() -> None:
    state, _ = run(SeriesState(), [0.15] * 70)
    assert from_stored(to_stored(state)) == state
    assert run(from_stored(to_stored(state)), [0.3] * 20, seed=9) == run(state, [0.3] * 20, seed=9)
    assert from_stored(to_stored(SeriesState())) == SeriesState()


def test_periods_without_observations_change_nothing() -> None:
    state, _ = run(SeriesState(), [0.15] * 70)
    assert observed(state, Seen(START, 1, 0, 0), plan=ERRORS, limits=LIMITS) == (state, None)


def test_the_sum_is_never_negative_and_many_monitors_alarm_later() -> None:
    assert updated(0.0, n=100, bad=0, expected=0.1, rise=0.1) == 0.0
    assert updated(0.0, n=1, bad=1, expected=0.0, rise=0.1) < 10
    assert updated(3.0, n=5, bad=5, expected=1.0, rise=0.1) == 0.0
    assert threshold_for(1) == threshold_for(10) == THRESHOLD
    assert 9.2 < threshold_for(100) < 9.4


def test_where_many_come_at_once_the_threshold_is_lower_by_what_a_finer_look_would_have_cut() -> None:
    def of(n: float) -> float:
        return threshold_in_steps(THRESHOLD, n=n, expected=0.15, rise=0.10)

    assert of(0.5) == of(1) == THRESHOLD
    assert 0.90 < THRESHOLD - of(20) < 0.94 and of(5) > of(20) > of(50)
    assert of(10_000) == THRESHOLD / 2, "never so low that a single step of noise reaches it"
    assert threshold_in_steps(THRESHOLD, n=20, expected=1.0, rise=0.10) == THRESHOLD


@pytest.mark.parametrize("per_period", [5, 20, 50])
def test_a_fall_is_seen_as_soon_however_many_come_in_a_period(per_period: int) -> None:
    """Within 260 on average; with one threshold for all, fifty a period took 330."""
    delays = []
    for seed in range(60):
        state, told = run(SeriesState(), [0.15] * (2000 // per_period), per_period=per_period, seed=seed)
        if not told:
            _, after = run(state, [0.25] * (2000 // per_period), per_period=per_period, seed=1000 + seed)
            delays.append((after[0][0] + 1) * per_period if after else 2000)
    assert len(delays) >= 54
    assert sum(delays) / len(delays) < 260
