"""What an alert says of what changed at its time."""

import pytest

from burnish_analytics.core.changes import changes_of

pytestmark = pytest.mark.capability("A4")


def changes(before: dict[str, int], recent: dict[str, int]) -> dict[str, object]:
    return changes_of(before, recent, hours_before=24, hours_recent=1)


def test_another_model_and_another_amount_of_traffic_are_named() -> None:
    assert changes({"a": 2400}, {"b": 100}) == {"model": {"from": "a", "to": "b"}}
    assert changes({"a": 2400}, {"a": 400}) == {"calls_an_hour": {"from": 100, "to": 400}}
    assert changes({"a": 2400}, {"a": 30}) == {"calls_an_hour": {"from": 100, "to": 30}}


def test_what_is_usual_rare_or_unknown_is_not() -> None:
    assert changes({"a": 2300, "b": 100}, {"a": 95, "b": 5}) == {}
    assert changes({"a": 2400}, {"b": 19}) == {}
    assert changes({}, {"a": 400}) == {}
