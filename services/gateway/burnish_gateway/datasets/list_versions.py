"""The versions of a dataset: who made each, by what, what it holds, and what used it (PRODUCT D1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_gateway.datasets import store, versions_store
from burnish_gateway.datasets.dataset import Done, no_such_dataset
from burnish_gateway.datasets.item import SPLITS
from burnish_shared.db.session import Tx

Move = tuple[int, str, int, int]
"""Version, split, how many items came with it, how many went."""


@dataclass(frozen=True, slots=True)
class VersionUse:
    """`kind`: test_run or optimization; `newest`: ids of the last few."""

    kind: str
    count: int
    newest: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Held:
    """How many items a version holds by split, and how many came and went with it; a correction is in neither."""

    counts: dict[str, int]
    added: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True)
class Made:
    """Who made a version, when and by what. None: it was made before that was noted; of the first one the dataset knows who and when."""

    by: str | None = None
    at: datetime | None = None
    done: Done | None = None


UNKNOWN: Final = Made()


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    version: int
    held: Held
    uses: Sequence[VersionUse]
    made: Made


async def list_versions(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, before: int | None, limit: int) -> list[DatasetVersion]:
    """The newest first, at most `limit` of those before `before`. What a version holds is counted from the items that are kept: one that
    was erased is in none any more. Raises NotFound."""
    dataset = await store.find_dataset(tx, workspace_id, dataset_id)
    if dataset is None:
        raise no_such_dataset()
    last = dataset.version if before is None else min(dataset.version, before - 1)
    first = max(1, last - limit + 1)
    if last < 1:
        return []
    rows = await versions_store.moves_until(tx, workspace_id, dataset_id, first=first, last=last)
    changed = await versions_store.changed_between(tx, workspace_id, dataset_id, first=first, last=last)
    moves = [(row["version"], row["split"], row["came"], row["went"]) for row in rows]
    held = held_by(moves, changed, first=first, last=last)
    uses: dict[int, list[VersionUse]] = {}
    for row in await versions_store.uses_between(tx, workspace_id, dataset_id, first=first, last=last):
        uses.setdefault(row["version"], []).append(VersionUse(row["kind"], row["count"], row["newest"]))
    known = {1: Made(dataset.created_by, dataset.created_at)}
    for row in await versions_store.made_between(tx, workspace_id, dataset_id, first=first, last=last):
        known[row["version"]] = Made(row["made_by"], row["made_at"], row["done"])
    return [DatasetVersion(at, held[at], uses.get(at, ()), known.get(at, UNKNOWN)) for at in range(last, first - 1, -1)]


def held_by(moves: Iterable[Move], changed: dict[int, int], *, first: int, last: int) -> dict[int, Held]:
    """Of each version from `first` to `last`. `moves`: of these, and of all before them as of version `first - 1`; `changed`: how many
    items each of them corrected, which are among those that came and those that went."""
    by_version: dict[int, list[Move]] = {}
    for move in moves:
        by_version.setdefault(move[0], []).append(move)
    counts: dict[str, int] = dict.fromkeys(SPLITS, 0)
    found: dict[int, Held] = {}
    for version in range(first - 1, last + 1):
        came = went = 0
        for _, split, more, fewer in by_version.get(version, ()):
            counts[split] += more - fewer
            came, went = came + more, went + fewer
        if version >= first:
            same = changed.get(version, 0)
            found[version] = Held(dict(counts), added=came - same, changed=same, removed=went - same)
    return found
