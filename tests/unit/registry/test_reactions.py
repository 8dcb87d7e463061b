"""Ratings of a foreign file are read in the scale of the file (PRODUCT P10)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from burnish_gateway.bundle.foreign.reactions import Rated, reactions_of
from burnish_gateway.bundle.notes import Notes

pytestmark = pytest.mark.capability("P10")

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STARS = [("down", None), (None, 0.0), (None, 1.0)]


@pytest.mark.parametrize(
    ("ratings", "said"),
    [
        (["👎", 1, 5], STARS),
        (["👎", "1", "5"], STARS),
        (["👎", {"rating": "1"}, {"score": 5}], STARS),
        ([0, "1", 0.5, True], [("down", None), ("up", None), (None, 0.5), ("up", None)]),
        ([3, "9", "bad", False], [("down", None), ("down", None)]),
    ],
)
def test_one_scale_holds_for_all_numbers_of_a_file_however_they_are_written(
    ratings: list[Any], said: list[tuple[str | None, float | None]]
) -> None:
    notes = Notes()
    rated = [Rated(f"[{n}]", "elsewhere", str(n), rating, None, None, None) for n, rating in enumerate(ratings)]
    assert [(one.body.thumb, one.body.score) for one in reactions_of(rated, now=NOW, notes=notes)] == said
    assert notes.lost == len(ratings) - len(said)
