"""What comparing new items with one another, and with those that a dataset holds, comes to: where each goes, and what is alike. Pure.

It takes seconds of a core for thousands of long texts, so it is never done in a unit of work (`outside`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.datasets.item import NewItem
from burnish_gateway.datasets.keep_together import FEW_ITEMS, Held, placed
from burnish_gateway.datasets.near_duplicates import MOST_REPORTED, near_duplicates, near_duplicates_of


@dataclass(frozen=True, slots=True)
class Ground:
    """All that a comparison is made from: where it is the same again, so is what comes of it.

    `dataset_id` None: it holds nothing yet, so that it does not matter which one it is. `version` and `item_count` change
    with whatever changes in it: an erasure takes items and makes no version.
    """

    dataset_id: UUID | None
    version: int
    item_count: int
    items: Sequence[NewItem]


@dataclass(frozen=True, slots=True)
class Compared:
    """`items`: the given ones, each with its split. `pairs`: near duplicates across splits of the dataset with them, the most alike first,
    as a dataset tells them, with places in `items` instead of the ids that new ones do not have yet."""

    items: Sequence[NewItem]
    pairs: Sequence[Mapping[str, Any]]

    def told(self, ids: Sequence[UUID]) -> list[dict[str, Any]]:
        """The pairs with ids. `ids`: of each of `items`."""
        return [{**pair, "items": [str(ids[one]) if isinstance(one, int) else one for one in pair["items"]]} for pair in self.pairs]


def compared(items: Sequence[NewItem], held: Sequence[Held], pairs: Sequence[Mapping[str, Any]]) -> Compared:
    """`held`: what the dataset holds, in order; `pairs`: what is alike in it already."""
    given = placed(items, held=held) if any(item.split is None for item in items) else list(items)
    known = {one.content_hash for one in held}
    first = {item.content_hash: place for place, item in reversed(list(enumerate(given)))}
    new = sorted(place for digest, place in first.items() if digest not in known)
    names: list[str | int] = [*(str(one.item_id) for one in held), *new]
    texts = [*(one.text for one in held), *(given[place].text for place in new)]
    splits: list[str] = [*(one.split for one in held), *(given[place].place for place in new)]
    if not held or len(new) > FEW_ITEMS:
        found = [_pair(names, splits, one.first, one.second, one.similarity) for one in near_duplicates(texts, splits)]
        return Compared(given, found)
    there = set(names)
    alike = {frozenset(pair["items"]): pair for pair in pairs if there.issuperset(pair["items"])}
    for here in range(len(held), len(texts)):
        for other, similarity in near_duplicates_of(texts[here], splits[here], among=texts, splits=splits):
            alike[frozenset((names[here], names[other]))] = _pair(names, splits, min(here, other), max(here, other), similarity)
    ordered = sorted(alike.values(), key=lambda pair: (-pair["similarity"], [str(one) for one in pair["items"]]))
    return Compared(given, ordered[:MOST_REPORTED])


def _pair(names: Sequence[str | int], splits: Sequence[str], first: int, second: int, similarity: float) -> dict[str, Any]:
    return {"items": [names[first], names[second]], "splits": [splits[first], splits[second]], "similarity": similarity}
