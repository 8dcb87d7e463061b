"""What each version of a dataset holds, from what came and went (PRODUCT D1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.datasets.item import SPLITS
from burnish_gateway.datasets.list_versions import Held, Move, held_by

pytestmark = pytest.mark.capability("D1")


def test_a_correction_is_neither_added_nor_removed() -> None:
    moves: list[Move] = [(1, "train", 3, 0), (2, "train", 1, 1), (3, "train", 0, 1), (4, "test", 2, 0)]
    assert held_by(moves, {2: 1}, first=1, last=4) == {
        1: Held({"train": 3, "validation": 0, "test": 0}, added=3, changed=0, removed=0),
        2: Held({"train": 3, "validation": 0, "test": 0}, added=0, changed=1, removed=0),
        3: Held({"train": 2, "validation": 0, "test": 0}, added=0, changed=0, removed=1),
        4: Held({"train": 2, "validation": 0, "test": 2}, added=2, changed=0, removed=0),
    }


ITEMS = st.lists(
    st.tuples(st.sampled_from(SPLITS), st.integers(1, 8), st.one_of(st.none(), st.integers(1, 4)))
    .map(lambda one: (one[0], one[1], None if one[2] is None else one[1] + one[2])),
    max_size=30,
)  # fmt: skip
"""Split, the version that added it, and the first one without it."""


@given(items=ITEMS, first=st.integers(1, 8), pages=st.integers(0, 5))
def test_a_page_counts_what_all_items_say(items: list[tuple[str, int, int | None]], first: int, pages: int) -> None:
    """Wherever a page begins, what was before it is in its counts."""
    last = first + pages
    moves: list[Move] = []
    for split, added, removed in items:
        moves.append((max(added, first - 1), split, 1, 0))
        if removed is not None:
            moves.append((max(removed, first - 1), split, 0, 1))
    found = held_by([move for move in moves if move[0] <= last], {}, first=first, last=last)
    assert sorted(found) == list(range(first, last + 1))
    for version, held in found.items():
        there = [split for split, added, removed in items if added <= version and (removed is None or removed > version)]
        assert held.counts == {split: there.count(split) for split in SPLITS}
        assert held.added == sum(added == version for _, added, _ in items)
        assert held.removed == sum(removed == version for _, _, removed in items)
