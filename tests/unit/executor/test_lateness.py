"""A request that lay is told from one whose sender has another clock."""

import pytest

from burnish_executor.core.lateness import FORGOTTEN_S, LATE_FOR_MOST_S, LATE_MOST_S, TURN_S, Lateness

LATE_S = 2.0


class Executor:
    """Reads messages; its own clock began at 1,000 s, which tells nothing of anybody else's."""

    def __init__(self, *, others_clock_s: float) -> None:
        self.lateness = Lateness()
        self.others_clock_s = others_clock_s
        self.now_s = 1_000.0

    def reads(self, *, after_s: float = 1.0, lay_s: float = 0.0) -> bool:
        """Whether a message is late that comes `after_s` later than the one before and lay for so long."""
        self.now_s += after_s
        return self.lateness.of("gateway.1", sent_at_s=self.now_s + self.others_clock_s - lay_s, now_s=self.now_s, late_s=LATE_S)


@pytest.mark.promise("C-12")
@pytest.mark.parametrize("others_clock_s", [0.0, 600.0, -600.0, 1.7e9])
def test_a_message_is_late_by_how_long_it_lay_and_not_by_whose_clock_is_right(others_clock_s: float) -> None:
    executor = Executor(others_clock_s=others_clock_s)
    assert [executor.reads(lay_s=lay_s) for lay_s in (0.01, 0.0, 1.9, 2.1, 29.0, 0.0)] == [False, False, False, True, True, False]


@pytest.mark.promise("C-12")
@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 600.0, -45.0])
def test_a_clock_that_is_set_makes_no_message_late(jump_s: float) -> None:
    executor = Executor(others_clock_s=0.0)
    executor.reads()
    executor.others_clock_s += jump_s
    assert not any(executor.reads() for _ in range(20))
    assert executor.reads(lay_s=3.0)


def test_a_clock_that_is_set_back_a_little_is_learned_within_seconds() -> None:
    executor = Executor(others_clock_s=0.0)
    executor.reads()
    executor.others_clock_s -= 10.0
    late = [executor.reads(after_s=1.0) for _ in range(20)]
    assert sum(late) <= LATE_FOR_MOST_S + 1 and not any(late[7:])


def test_clocks_that_drift_apart_make_no_message_late() -> None:
    executor = Executor(others_clock_s=0.0)
    for _ in range(2_000):
        executor.others_clock_s -= 0.01
        assert not executor.reads(after_s=1.0)
    executor.others_clock_s -= 10.0
    assert not executor.reads(after_s=FORGOTTEN_S + 1)
    assert TURN_S < FORGOTTEN_S and LATE_S < LATE_MOST_S
