"""A series that was looked up once is the metric's own, and no more are remembered than it says."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from burnish_shared import bound_metric
from burnish_shared.bound_metric import Bound


def _counter() -> Counter:
    return Counter("looked_up", "Of this test", ["one", "other"], registry=CollectorRegistry())


def test_what_is_counted_stands_in_the_metric_and_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counter, looked_up = _counter(), list[Any]()
    labels = counter.labels

    def noted(*values: Any) -> Any:
        looked_up.append(values)
        return labels(*values)

    monkeypatch.setattr(counter, "labels", noted)
    bound = Bound(counter)
    for values in (("a", "x"), ("a", "y"), ("a", "x"), ("a", "x")):
        bound(*values).inc()
    assert looked_up == [("a", "x"), ("a", "y")]
    (found,) = counter.collect()
    counts = {(one.labels["one"], one.labels["other"]): one.value for one in found.samples if one.name == "looked_up_total"}
    assert counts == {("a", "x"): 3, ("a", "y"): 1}


def test_of_endless_values_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bound_metric, "SERIES_MOST", 2)
    counter = _counter()
    bound = Bound(counter)
    first = bound("0", "")
    for number in range(1, 10):
        bound(str(number), "").inc()
    monkeypatch.setattr(counter, "labels", lambda *_: None)
    assert bound("0", "") is first and bound("5", "") is None
