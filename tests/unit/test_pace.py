"""The clocks by which tests judge what must come within a time."""

import time
from collections.abc import Iterator

import pytest

from tests import pace


@pytest.fixture
def pressed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Seconds per second in which the machine has no core to spare, as the test says; at first none."""
    share, seen = [0.0], [0.0, time.monotonic()]

    def counted() -> float:
        now = time.monotonic()
        seen[0] += share[0] * (now - seen[1])
        seen[1] = now
        return seen[0]

    monkeypatch.setattr(pace, "pressed_s", counted)
    yield share


def test_time_without_a_core_to_spare_is_left_out_of_upper_bounds_alone(pressed: list[float]) -> None:
    with pace.fair_clock() as fair, pace.spare_clock() as spare:
        pressed[0] = 1.0
        fair_s, spare_s = fair(), spare()
        while fair() < fair_s + 0.3:
            time.sleep(0.001)
        assert spare() - spare_s < 0.1


def test_what_is_late_though_there_was_a_core_to_spare_is_late(pressed: list[float]) -> None:
    with pytest.raises(AssertionError, match=r"where 0\.05 s are allowed"), pace.spare_clock() as spare:
        with pace.within(0.05):
            until_s = spare() + 0.2
            while spare() < until_s:
                time.sleep(0.001)


def test_no_pressure_excuses_for_ever(pressed: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "STILL_MOST_S", 0.1)
    pressed[0] = 1.0
    with pytest.raises(AssertionError, match="no core to spare"):
        with pace.within(0.05):
            time.sleep(0.3)


async def test_an_attempt_is_made_again_only_where_the_machine_was_the_reason(pressed: list[float]) -> None:
    tries = 0

    async def attempt() -> None:
        nonlocal tries
        tries += 1
        time.sleep(0.3)
        pressed[0] = 0.0
        assert tries > 1

    pressed[0] = 1.0
    await pace.undisturbed(attempt, still_most_s=0.25)
    assert tries == 2
