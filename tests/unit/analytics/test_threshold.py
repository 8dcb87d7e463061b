"""The threshold's state machine as a table (A4, A-05)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_analytics.core.threshold import FOR_EVER, Raise, Resolve, TellSamples, ThresholdRule, ThresholdState, decide

pytestmark = [pytest.mark.capability("A4"), pytest.mark.promise("A-05")]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULE = ThresholdRule(min_samples=20, target_ratio=0.6, cooldown_s=600)
TOLD = ThresholdState(samples_told=True)


def moves(
    state: ThresholdState, samples: int, up: int, *, rule: ThresholdRule = RULE, now: datetime = NOW
) -> tuple[ThresholdState, list[str]]:
    after, told = decide(state, samples=samples, satisfied_micro=up * 1_000_000, rule=rule, now=now)
    names = {TellSamples: "samples", Raise: "raise", Resolve: "resolve"}
    return after, [names[type(one)] for one in told]


@pytest.mark.parametrize(
    ("state", "samples", "up", "expected"),
    [
        (ThresholdState(), 19, 0, []),
        (ThresholdState(), 20, 20, ["samples"]),
        (ThresholdState(), 20, 5, ["samples", "raise"]),
        (TOLD, 20, 5, ["raise"]),
        (TOLD, 100, 72, []),  # lower bound .625
        (TOLD, 100, 68, ["raise"]),  # lower bound .583: below the target though the share is above it
        (ThresholdState(samples_told=True, is_below=True), 100, 70, []),  # lower bound .604: inside the hysteresis
        (ThresholdState(samples_told=True, is_below=True), 100, 73, ["resolve"]),
        (ThresholdState(samples_told=True, is_below=True, is_retired=True), 100, 10, ["resolve"]),
        (ThresholdState(samples_told=True, is_retired=True), 100, 10, []),
    ],
)
def test_moves(state: ThresholdState, samples: int, up: int, expected: list[str]) -> None:
    assert moves(state, samples, up)[1] == expected


def test_after_an_alert_was_resolved_the_next_waits_for_the_cooldown_and_says_when_to_look_again() -> None:
    resolved = ThresholdState(samples_told=True, resolved_at=NOW)
    during, nothing = moves(resolved, 100, 10, now=NOW + timedelta(seconds=599))
    assert (nothing, during.recheck_at) == ([], NOW + timedelta(seconds=600))
    assert moves(during, 100, 10, now=NOW + timedelta(seconds=600))[1] == ["raise"]


def test_a_rule_that_is_switched_off_ends_its_alert() -> None:
    off = ThresholdRule(enabled=False)
    assert moves(ThresholdState(is_below=True), 100, 0, rule=off)[1] == ["resolve"]
    assert moves(ThresholdState(), 100, 0, rule=off)[1] == []


def test_a_rule_that_is_switched_on_again_tells_at_once_what_still_is_below() -> None:
    ended, _ = moves(ThresholdState(samples_told=True, is_below=True), 100, 10, rule=ThresholdRule(enabled=False))
    assert moves(ended, 101, 10, now=NOW + timedelta(seconds=1))[1] == ["raise"], "the quiet hour is for what recovered by itself"
    flapping = ThresholdState(samples_told=True, is_below=True, resolved_at=NOW)
    ended, _ = moves(flapping, 100, 10, rule=ThresholdRule(enabled=False), now=NOW + timedelta(seconds=1))
    assert moves(ended, 101, 10, now=NOW + timedelta(seconds=2))[1] == [], "one that is running goes on"


def test_enough_feedback_that_came_while_it_was_muted_is_told_once_when_the_mute_is_over() -> None:
    muted = replace(RULE, muted_until=NOW + timedelta(hours=1))
    waiting, nothing = moves(ThresholdState(), 20, 20, rule=muted)
    assert (nothing, waiting.recheck_at) == ([], NOW + timedelta(hours=1))
    still, nothing = moves(waiting, 25, 25, rule=muted, now=NOW + timedelta(minutes=30))
    assert (nothing, still.recheck_at) == ([], NOW + timedelta(hours=1))
    told, names = moves(still, 25, 25, rule=muted, now=NOW + timedelta(hours=1))
    assert (names, told.recheck_at) == (["samples"], None)
    assert moves(told, 25, 25, rule=muted, now=NOW + timedelta(hours=2))[1] == []


def test_a_mute_keeps_the_earlier_look_and_one_without_an_end_asks_for_none() -> None:
    muted = replace(RULE, muted_until=NOW + timedelta(hours=1))
    quiet = ThresholdState(resolved_at=NOW)
    assert moves(quiet, 100, 10, rule=muted)[0].recheck_at == NOW + timedelta(seconds=600), "the cooldown ends before"
    for_ever, nothing = moves(ThresholdState(), 20, 20, rule=replace(RULE, muted_until=FOR_EVER))
    assert (nothing, for_ever.recheck_at, for_ever.samples_told) == ([], None, False), "a changed rule is judged by itself"
    superseded, _ = moves(ThresholdState(is_retired=True), 20, 20, rule=muted)
    assert (superseded.recheck_at, superseded.samples_told) == (None, True), "nobody waits for a version that is served no more"


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=20))
def test_raise_and_resolve_alternate_and_samples_are_told_once(steps: list[tuple[int, int]]) -> None:
    state, told = ThresholdState(), []
    for number, (up, down) in enumerate(steps):
        state, names = moves(state, up + down, up, now=NOW + timedelta(hours=number))
        told += names
        assert moves(state, up + down, up, now=NOW + timedelta(hours=number))[1] == []
    crossings = [name for name in told if name != "samples"]
    assert crossings == ["raise", "resolve"] * (len(crossings) // 2) + ["raise"] * (len(crossings) % 2)
    assert told.count("samples") <= 1
