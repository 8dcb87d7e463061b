"""How the best of a search came about: a line of few points, for people to look at. Pure."""

from collections.abc import Sequence
from typing import Final, TypedDict

POINTS_MOST: Final = 60
"""Enough for a line, and little enough to be told twice a second."""


class CurvePoint(TypedDict):
    """After so many evaluations and nano-dollars, the measured gain of the leader on the newest train items."""

    evaluations: int
    spent_nusd: int
    best: float


def extended(points: Sequence[CurvePoint], *, evaluations: int, spent_nusd: int, best: float | None) -> list[CurvePoint]:
    """With one more point, if it tells more. A search that goes once more over what it had, after a crash, adds nothing to it."""
    if best is None or (points and evaluations <= points[-1]["evaluations"]):
        return list(points)
    return thinned([*points, {"evaluations": evaluations, "spent_nusd": spent_nusd, "best": round(best, 4)}])


def thinned(points: Sequence[CurvePoint]) -> list[CurvePoint]:
    """Every second point of the older ones goes where there are too many; the first and the last stay."""
    if len(points) <= POINTS_MOST:
        return list(points)
    return [*points[:-1:2], points[-1]]
