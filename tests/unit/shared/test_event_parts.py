"""Executions that are booked together are told in messages that fit."""

from types import SimpleNamespace
from typing import Any

import pytest

from burnish_shared.books.event_parts import EVENT_MOST_BYTES, in_events

pytestmark = pytest.mark.promise("A-08")


def parts(*sizes: int, letter: str = "a") -> list[int]:
    rows: list[Any] = [SimpleNamespace(completed_event=letter * size) for size in sizes]
    found = list(in_events(rows, lambda one: one))
    assert [row for part in found for row in part] == rows, "all of them, in order"
    return [len(part) for part in found]


def test_rows_are_cut_where_the_message_would_not_fit() -> None:
    third = EVENT_MOST_BYTES // 3
    assert parts() == []
    assert parts(*[100] * 256) == [256]
    assert parts(*[third - 2] * 7) == [3, 3, 1]
    assert parts(10, EVENT_MOST_BYTES * 2, 10) == [1, 1, 1]
    assert parts(*[third - 2] * 4, letter="ü") == [1, 1, 1, 1], "bytes, not letters"
