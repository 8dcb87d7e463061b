"""Executions that are booked together are told in messages that fit."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from burnish_shared.books.event_parts import EVENT_MOST_BYTES, in_events, joined_events

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


def event(event_id: str, *items: str) -> tuple[str, bytes]:
    """As `settle` writes it."""
    return event_id, f'{{"v":1,"event_id":"{event_id}","items":[{",".join(items)}]}}'.encode()


def test_events_that_are_sent_together_are_one_of_all_their_items() -> None:
    found = joined_events([event("a", '{"n":1}', '{"n":"]}"}'), event("b", '{"n":3}')])
    assert found is not None
    event_id, body = found
    assert json.loads(body) == {"v": 1, "event_id": event_id, "items": [{"n": 1}, {"n": "]}"}, {"n": 3}]}
    again = joined_events([(event_id, body), event("c", '{"n":4}')])
    assert again is not None and json.loads(again[1])["items"] == [{"n": 1}, {"n": "]}"}, {"n": 3}, {"n": 4}]


def test_an_event_of_other_parts_has_another_id() -> None:
    """Under the same one the stream would drop what it does not have."""
    three = [event(one, '{"n":1}') for one in "abc"]
    joined = [joined_events(some) for some in (three, three[:2], three[1:], three[::-1])]
    assert len({one[0] for one in joined if one is not None}) == 4 and joined_events(three) == joined_events(list(three))


@pytest.mark.parametrize(
    "strange",
    [
        ("b", b'{"v": 1, "event_id": "b", "items": [{"n": 1}]}'),  # written anew, as when somebody was forgotten
        ("b", b'{"v":1,"event_id":"other","items":[{"n":1}]}'),
        ("b", b'{"v":2,"event_id":"b","items":[{"n":1}]}'),
        ("b", b'{"v":1,"event_id":"b","items":[{"n":1}],"more":{}}'),
        ("b", b'{"v":1,"event_id":"b","items":[]}'),
        ("b", b"\xff"),
    ],
)
def test_what_has_another_form_is_left_as_it_is(strange: tuple[str, bytes]) -> None:
    assert joined_events([event("a", '{"n":1}'), strange]) is None
