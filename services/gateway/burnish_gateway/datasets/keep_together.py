"""Which split new items fall into, so that what belongs together is never seen by a search and tested on too (PRODUCT D1). Pure.

Together belong items of one group (a user, a conversation) and items that say almost the same. An item whose split was given, or that is
stored, never moves: what belongs to it follows it. Else the hash of the group, or the least hash of the inputs, decides: in whatever order
items come, the same ones fall into the same split.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final
from uuid import UUID

from burnish_gateway.datasets.item import NewItem, Split, by_hash
from burnish_gateway.datasets.near_duplicates import alike, alike_with

FEW_ITEMS: Final = 10
"""So many new items are compared one by one: a reviewer adds one with every key press, to a dataset that may hold thousands."""

CLUSTER_LEAST_MOST: Final = 20
CLUSTER_SHARE_MOST: Final = 0.1
"""Of items that say almost the same, more than 20 and more than a tenth of all are no repetition but a form that all are written in: kept
together they would leave other splits empty. They are placed one by one, and reported where they are alike across splits."""


@dataclass(frozen=True, slots=True)
class Held:
    """An item that is stored. `content_hash`: as that of a NewItem."""

    text: str
    split: Split
    group: str | None
    item_id: UUID
    content_hash: bytes


def placed(items: Sequence[NewItem], *, held: Sequence[Held]) -> list[NewItem]:
    """The same items, each with its split."""
    free = [place for place, item in enumerate(items) if item.split is None]
    if not free:
        return list(items)
    texts = [item.text for item in items] + [one.text for one in held]
    groups = [item.group for item in items] + [one.group for one in held]
    if len(items) <= FEW_ITEMS:
        pairs = [(place, other) for place in free for other in alike_with(texts[place], among=texts) if other != place]
    else:
        pairs = [
            (first, second) for first, second in alike(texts) if first < len(items) and (items[first].split is None or second < len(items))
        ]
    small = _small(_clusters(len(texts), pairs), most=max(CLUSTER_LEAST_MOST, int(CLUSTER_SHARE_MOST * len(texts))))
    of_groups: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        if group is not None:
            of_groups[group].append(place)
    links = [*_chained(small), *_chained(of_groups.values())]
    splits = {place: item.split for place, item in enumerate(items)} | {len(items) + place: one.split for place, one in enumerate(held)}
    found = list(items)
    for cluster in _clusters(len(texts), links):
        ours = [place for place in cluster if place < len(items) and items[place].split is None]
        if len(cluster) > 1 and ours:
            split = _split_of(cluster, items, splits=splits, groups=groups)
            for place in ours:
                found[place] = replace(items[place], split="train" if split == "test" and items[place].synthetic else split)
    return [item if item.split is not None else replace(item, split=item.place) for item in found]


def _split_of(cluster: Sequence[int], items: Sequence[NewItem], *, splits: dict[int, Split | None], groups: Sequence[str | None]) -> Split:
    """That of a stored item, the oldest, before that of a new one that has one."""
    fixed = [place for place in cluster if splits[place] is not None]
    stored = [place for place in fixed if place >= len(items)]
    for place in (stored or fixed)[:1]:
        if (split := splits[place]) is not None:
            return split
    if any(place < len(items) and items[place].synthetic for place in cluster):
        return "train"  # where what is made up may be: its like elsewhere would be tested on after it was seen
    named = sorted(group for place in cluster if (group := groups[place]) is not None)
    least = named[0].encode() if named else min(items[place].content_hash for place in cluster)
    return by_hash(sha256(least).digest())  # the least of several hashes is small, and would be train


def _small(clusters: Iterable[Sequence[int]], *, most: int) -> list[Sequence[int]]:
    return [one for one in clusters if len(one) <= most]


def _chained(clusters: Iterable[Sequence[int]]) -> list[tuple[int, int]]:
    return [(one[place], one[place + 1]) for one in clusters for place in range(len(one) - 1)]


def _clusters(n: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """What pairs join, directly or through others (union and find), each in order."""
    leader = list(range(n))

    def find(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    for first, second in pairs:
        leader[find(first)] = find(second)
    members: dict[int, list[int]] = defaultdict(list)
    for place in range(n):
        members[find(place)].append(place)
    return list(members.values())
