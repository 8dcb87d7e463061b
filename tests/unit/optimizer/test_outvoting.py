"""Whose reactions may not carry a promotion (PROMISES O-08)."""

import pytest

from burnish_optimizer.core.outvoting import in_words, outvoting, without
from burnish_shared.experiments.analysis import Epoch
from burnish_shared.experiments.sums import ArmSums

pytestmark = [pytest.mark.promise("O-08"), pytest.mark.capability("X2")]


@pytest.mark.parametrize(("reactions", "keys"), [
    ({}, set()),
    ({"": 1000}, set()),
    ({"collector": 1000}, set()),                                # nobody whom it could outvote
    ({"": 950, "other": 50}, set()),                             # 5 % may be
    ({"": 949, "other": 51}, {"other"}),
    ({"": 10, "other": 10_000, "third": 1}, {"other"}),
    ({"one": 500, "two": 500}, {"one", "two"}),
])  # fmt: skip
def test_who_says_more_than_its_share(reactions: dict[str, int], keys: set[str]) -> None:
    assert outvoting(reactions) == keys


def test_sums_without_them() -> None:
    whole = {"satisfaction": ArmSums(10, 20.0, 15.0, 40.0, 30.0, 25.0), "success": ArmSums(10, 10.0, 10.0, 10.0, 10.0, 10.0)}
    epochs = [Epoch(number, {"control": 0.5, "candidate": 0.5}, {"control": whole, "candidate": whole}) for number in (1, 2)]
    one, two = without(epochs, {"satisfaction": {(2, "candidate"): ArmSums(-1, -2.0, -2.0, -4.0, -4.0, -4.0)}})
    assert one == epochs[0] and two.sums["control"] == whole and two.sums["candidate"]["success"] == whole["success"]
    assert two.sums["candidate"]["satisfaction"] == ArmSums(9, 18.0, 13.0, 36.0, 26.0, 21.0)


def test_it_says_how_it_stands_without_them() -> None:
    assert in_words({"": 60, "a": 30, "b": 10}, frozenset({"a", "b"}), "Not decided yet.") == (
        "Not decided by itself: 40% of the reactions came by 2 API keys that ran none of these answers and named nobody whom they were for."
        " Without them: Not decided yet."
    )
