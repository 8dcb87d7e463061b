"""The line of a search's best so far."""

from itertools import pairwise

from burnish_optimizer.core.curve import POINTS_MOST, CurvePoint, extended


def test_a_curve_stays_short_and_keeps_its_ends() -> None:
    points: list[CurvePoint] = []
    for evaluations in range(0, 5_000, 10):
        points = extended(points, evaluations=evaluations, spent_nusd=evaluations * 3, best=evaluations / 10_000)
    assert len(points) <= POINTS_MOST
    assert (points[0]["evaluations"], points[-1]["evaluations"], points[-1]["best"]) == (0, 4_990, 0.499)
    assert all(one["evaluations"] < other["evaluations"] for one, other in pairwise(points))


def test_what_was_told_before_a_crash_is_not_told_again() -> None:
    before: list[CurvePoint] = [{"evaluations": 300, "spent_nusd": 9, "best": 0.1}]
    assert extended(before, evaluations=200, spent_nusd=5, best=0.3) == before
    assert extended(before, evaluations=400, spent_nusd=9, best=None) == before
    assert len(extended(before, evaluations=400, spent_nusd=9, best=0.3)) == 2
