"""How long an address is left alone because its provider asked for patience, without a key of a workspace's own."""

import asyncio
from typing import Any

import pytest

from burnish_executor.core.failure import Failure, FailureKind, of_status
from burnish_executor.core.waterfall import COOLDOWN_MOST_S
from burnish_executor.rests import NOT_SAID_S, Rests

pytestmark = pytest.mark.capability("E8")


def limited(retry_after_s: float | None) -> Failure:
    return of_status(429, "", retry_after_s=retry_after_s)


def left_s(rests: Rests, place: str = "here") -> float:
    refusal = rests.refusal(place)
    assert refusal is None or refusal.kind is FailureKind.RATE_LIMITED
    return 0.0 if refusal is None else refusal.retry_after_s or 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the loop's clock shows; a test moves it."""
    now = [1_000.0]
    monkeypatch.setattr(asyncio, "get_running_loop", type("Loop", (), {"time": lambda _: now[0]}))
    return now


def test_a_place_rests_as_long_as_it_was_asked_for_and_no_other_does(clock: list[float]) -> None:
    rests = Rests()
    assert not rests.are_any and left_s(rests) == 0.0
    assert rests.note("here", limited(20.0)) == 20.0
    clock[0] += 5
    assert (left_s(rests), left_s(rests, "there")) == (15.0, 0.0)
    clock[0] += 15
    assert left_s(rests) == 0.0 and not rests.are_any


def test_a_shorter_word_ends_no_longer_rest_and_is_no_news(clock: list[float]) -> None:
    """A call that was under way may come back with less, or with nothing said."""
    rests = Rests()
    rests.note("here", limited(20.0))
    assert rests.note("here", limited(3.0)) is None and rests.note("here", limited(None)) is None
    assert left_s(rests) == 20.0
    assert rests.note("here", limited(30.0)) == 30.0 and left_s(rests) == 30.0


def test_nothing_rests_longer_than_is_set_whatever_a_provider_asks_for(clock: list[float]) -> None:
    rests, short = Rests(), Rests(most_s=7.0)
    assert rests.note("here", limited(86_400.0)) == COOLDOWN_MOST_S == left_s(rests)
    assert short.rest("here", 60.0) == 7.0 == left_s(short), "as another executor heard it"
    assert Rests().note("here", limited(None)) == NOT_SAID_S
