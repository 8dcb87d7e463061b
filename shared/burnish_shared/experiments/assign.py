"""Who gets which arm: a keyed hash puts a unit into one of 10,000 buckets, and ranges of buckets belong to arms. Pure.

The same unit and key give the same bucket in every process, and between two allocations as few buckets as possible change hands: a unit
that is in an arm at 5 % is in it at 25 % (PRODUCT X1, PROMISES O-10).
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from burnish_shared.contracts.experiments import BUCKETS

Range = tuple[int, int, str]
"""[from, to) in buckets, and the arm."""

DIGEST_BYTES: Final = 8


def bucket_of(key: UUID, unit: str) -> int:
    """0 to BUCKETS - 1, even and independent between keys: BLAKE2b, keyed, of the unit's UTF-8."""
    digest = hashlib.blake2b(unit.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES, key=key.bytes).digest()
    return int.from_bytes(digest) * BUCKETS >> (8 * DIGEST_BYTES)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Sorted ranges that do not meet. What is in none belongs to nobody."""

    ranges: tuple[Range, ...]

    @classmethod
    def of(cls, stored: Sequence[Sequence[Any]]) -> Self:
        """From the JSON of an epoch."""
        return cls(tuple((int(low), int(high), str(arm)) for low, high, arm in stored))

    def arm_at(self, bucket: int) -> str | None:
        at = bisect_right(self.ranges, bucket, key=lambda one: one[0]) - 1
        return self.ranges[at][2] if at >= 0 and bucket < self.ranges[at][1] else None

    def shares(self) -> dict[str, int]:
        """Arm -> buckets."""
        held: dict[str, int] = {}
        for low, high, arm in self.ranges:
            held[arm] = held.get(arm, 0) + high - low
        return held

    def stored(self) -> list[list[Any]]:
        return [list(one) for one in self.ranges]


def allocate(shares: Mapping[str, int], *, before: Allocation | None = None) -> Allocation:
    """Each arm gets as many buckets as it is to have, and keeps of those it had `before` as many as it may.

    Arms that shrink give their highest buckets away; arms that grow take the lowest that are free, in the order of `shares`.
    Raises ValueError where shares are negative or more than all.
    """
    if any(one < 0 for one in shares.values()) or sum(shares.values()) > BUCKETS:
        raise ValueError(f"shares must be 0 or more and at most {BUCKETS} together")
    owners: list[str | None] = [None] * BUCKETS
    left = dict(shares)
    for low, high, arm in before.ranges if before else ():
        kept = min(high - low, left.get(arm, 0))
        owners[low : low + kept] = [arm] * kept
        if arm in left:
            left[arm] -= kept
    free = iter([bucket for bucket, owner in enumerate(owners) if owner is None])
    for arm, wanted in left.items():
        for _ in range(wanted):
            owners[next(free)] = arm
    return Allocation(tuple(_ranges(owners)))


def _ranges(owners: Sequence[str | None]) -> list[Range]:
    """Neighbouring buckets of one arm as one range."""
    ranges: list[Range] = []
    start = 0
    for bucket in range(1, len(owners) + 1):
        if bucket == len(owners) or owners[bucket] != owners[start]:
            owner = owners[start]
            if owner is not None:
                ranges.append((start, bucket, owner))
            start = bucket
    return ranges


def buckets_of(share: float) -> int:
    """A share of all traffic, 0 to 1, in buckets."""
    return round(share * BUCKETS)


def share_of(buckets: int) -> float:
    return buckets / BUCKETS
