"""Histograms as figures read them from the database: buckets that hold nothing are not sent."""

import pytest

from burnish_gateway.insights.store import histogram_of


@pytest.mark.capability("A1")
@pytest.mark.parametrize(
    ("places", "counts", "wanted"), [([1], [5], [5]), ([3, 4, 7], [2, 1, 9], [0, 0, 2, 1, 0, 0, 9])], ids=["one", "with holes"]
)
def test_buckets_that_were_not_sent_hold_nothing(places: list[int], counts: list[int], wanted: list[int]) -> None:
    assert histogram_of(places, counts) == wanted
