"""How many evaluations a search needs before it may begin: the gateway refuses less. And how many the optimizer keeps back. Pure."""

from typing import Final

HEADROOM_ITEMS: Final = 36
"""Train items on which it is looked first whether there is anything to gain."""

CANDIDATE_SIZES: Final[tuple[int | None, ...]] = (16, 40, None)
"""How many of the surest edits each candidate that reaches validation holds; None: all with a positive mean."""

SEARCH_ITEMS_LEAST: Final = 10
"""Fewer train or validation items than this are not enough data."""

TEST_ITEMS_LEAST: Final = 20
"""With fewer, no gain that a person would care about can be proven."""


def evaluations_to_confirm(validation_items: int, *, candidates: int = len(CANDIDATE_SIZES)) -> int:
    """The version that is there and every candidate, on all validation items."""
    return (1 + candidates) * validation_items


def evaluations_of_last_look(validation_items: int) -> int:
    """The version that is there and the winner, on all validation items: what no search may spend before its end."""
    return 2 * validation_items


def evaluations_to_measure(test_items: int) -> int:
    """Both versions on every test item."""
    return 2 * test_items


def items_lacking(
    *, train_items: int, validation_items: int, test_items: int, test_least: int, are_looks_spent: bool
) -> list[tuple[str, int, int]]:
    """(what, how many there are, how many it takes at least) of what there is too little of; a job that begins all the same ends at once.

    `are_looks_spent`: the error budget of the test split is; then it takes as many fresh items as there are.
    """
    least = max(TEST_ITEMS_LEAST, test_least)
    wanted = [("test_items", test_items, least)]
    wanted += [("train_items", train_items, SEARCH_ITEMS_LEAST), ("validation_items", validation_items, SEARCH_ITEMS_LEAST)]
    if are_looks_spent and test_items >= least:
        wanted[0] = ("test_items", test_items, 2 * test_items)
    return [(what, there, needed) for what, there, needed in wanted if there < needed]


def evaluations_to_begin(*, train_items: int, validation_items: int, test_items: int, test_least: int = TEST_ITEMS_LEAST) -> int | None:
    """The least budget of a search on such a dataset. None: it has too few items for any budget.

    `test_least`: what the workspace asks for, where that is more than TEST_ITEMS_LEAST.
    """
    if min(train_items, validation_items) < SEARCH_ITEMS_LEAST or test_items < max(TEST_ITEMS_LEAST, test_least):
        return None
    return HEADROOM_ITEMS + evaluations_to_confirm(validation_items) + evaluations_to_measure(test_items)
