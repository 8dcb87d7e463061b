"""Batches wait for company only where there is some."""

import asyncio

import pytest

from burnish_shared.books import pace
from burnish_shared.books.pace import Pace


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(pace.asyncio, "sleep", sleep)
    return slept


@pytest.mark.parametrize(("sizes", "waits"), [([], 0), ([1], 0), ([1, 1, 1], 0), ([2], 1), ([1, 40], 1), ([40, 1], 0)])
async def test_who_comes_alone_waits_for_nothing(rests: list[float], sizes: list[int], waits: int) -> None:
    kept = Pace(apart_s=10.0)
    for size in sizes:
        kept.begin(size)
    await kept.wait()
    assert len(rests) == waits and all(0 < one <= 10.0 for one in rests)


async def test_a_batch_that_took_longer_than_they_are_apart_is_followed_at_once(rests: list[float]) -> None:
    kept = Pace(apart_s=10.0)
    kept.begin(5)
    kept._began_at = asyncio.get_running_loop().time() - 10.0
    await kept.wait()
    assert rests == []
