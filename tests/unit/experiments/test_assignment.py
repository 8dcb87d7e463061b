"""Assignment: even, sticky, the same everywhere, with as few changes as a new allocation needs (PRODUCT X1)."""

import math
import subprocess
import sys
from collections import Counter
from functools import cache
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.contracts.experiments import BUCKETS
from burnish_shared.experiments.assign import Allocation, allocate, bucket_of, buckets_of

KEY = UUID("019c2f40-0000-7000-8000-000000000051")

pytestmark = [pytest.mark.capability("X1"), pytest.mark.promise("O-10")]


@cache
def units_in_buckets(n: int) -> Counter[int]:
    """Of n units how many fall into each bucket: the same for every allocation."""
    return Counter(bucket_of(KEY, f"user:{number}") for number in range(n))


@pytest.mark.parametrize("shares", [{"a": 5000, "b": 5000}, {"a": 9900, "b": 100}, {"a": 3334, "b": 3333, "c": 3333}])
def test_a_million_units_are_within_four_sigma_of_the_plan(shares: dict[str, int]) -> None:
    allocation, n = allocate(shares), 1_000_000
    seen = Counter[str | None]()
    for bucket, units in units_in_buckets(n).items():
        seen[allocation.arm_at(bucket)] += units
    for arm, buckets in shares.items():
        p = buckets / BUCKETS
        assert abs(seen[arm] - n * p) <= 4 * math.sqrt(n * p * (1 - p)), (arm, seen)


def test_another_process_gives_the_same_bucket() -> None:
    """Nothing of the process goes into it: no random seed of hashes, no start time."""
    units = ["user:ada", "session:é\u2028", "execution:1", "user:" + "x" * 500]
    code = "import sys; from uuid import UUID; from burnish_shared.experiments.assign import bucket_of; "
    code += f"print([bucket_of(UUID({str(KEY)!r}), one) for one in {units!r}])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str([bucket_of(KEY, one) for one in units])


def test_the_bucket_of_a_unit_is_written_down() -> None:
    """A change of the hash would move everybody to another arm in the middle of every experiment."""
    assert [bucket_of(KEY, one) for one in ("user:ada", "user:bob", "session:1")] == [162, 1447, 7776]


def test_a_unit_that_is_in_at_five_percent_stays_in_up_to_all() -> None:
    allocation, before = None, set[int]()
    for share in (0.01, 0.05, 0.25, 0.5, 1.0):
        candidate = buckets_of(share)
        allocation = allocate({"control": BUCKETS - candidate, "candidate": candidate}, before=allocation)
        now = {bucket for bucket in range(BUCKETS) if allocation.arm_at(bucket) == "candidate"}
        assert before <= now and len(now) == candidate
        before = now


two_allocations = st.integers(1, 5).flatmap(
    lambda arms: st.tuples(*(st.lists(st.integers(0, BUCKETS // arms), min_size=arms, max_size=arms) for _ in range(2)))
)


@given(two_allocations)
def test_a_new_allocation_moves_no_more_units_than_it_must(both: tuple[list[int], list[int]]) -> None:
    first, second = ({f"arm{n}": buckets for n, buckets in enumerate(one)} for one in both)
    before = allocate(first)
    after = allocate(second, before=before)
    assert {arm: buckets for arm, buckets in after.shares().items() if buckets} == {arm: n for arm, n in second.items() if n}
    kept = Counter(arm for bucket in range(BUCKETS) if (arm := before.arm_at(bucket)) is not None and arm == after.arm_at(bucket))
    assert all(kept[arm] == min(first[arm], second[arm]) for arm in first)
    assert Allocation.of(after.stored()) == after


def test_two_keys_are_independent() -> None:
    other = UUID(int=KEY.int + 1)
    together = sum(bucket_of(KEY, f"user:{n}") < 5000 and bucket_of(other, f"user:{n}") < 5000 for n in range(20_000))
    assert abs(together - 5000) < 4 * math.sqrt(20_000 * 0.25 * 0.75)


def test_shares_above_all_traffic_are_refused() -> None:
    with pytest.raises(ValueError, match="10000"):
        allocate({"a": 9000, "b": 1001})
