"""Who has an account at an issuer may send as many refused tokens as they like: the log grows by a line a minute."""

import pytest

from burnish_shared import sparing_log
from burnish_shared.sparing_log import INTERVAL_S, SparingLog


def test_the_first_is_told_at_once_and_those_of_a_minute_as_a_count() -> None:
    now = 0.0
    log = SparingLog(now=lambda: now)
    assert [log.due("a") for _ in range(5)] == [1, None, None, None, None]
    assert log.due("b") == 1, "another kind has lines of its own"
    now = INTERVAL_S
    assert [log.due("a"), log.due("a")] == [5, None], "the four that were not told, and this one"
    now = 10 * INTERVAL_S
    assert log.due("a") == 2


def test_of_endless_kinds_no_more_are_kept_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparing_log, "MOST_KEPT", 3)
    log = SparingLog(now=lambda: 0.0)
    assert [log.due(kind) for kind in range(5)] == [1] * 5
    assert (log.due(4), log.due(0)) == (None, 1), "the newest are known, the oldest is not"
