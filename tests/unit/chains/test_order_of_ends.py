"""Steps that are done at once count in the order in which the books say that they ended (PRODUCT P8)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from burnish_gateway.chains.run_chain import ChainRun
from burnish_gateway.chains.step_end import Ended, cancelled

pytestmark = pytest.mark.capability("P8")

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_steps_that_are_done_at_once_are_taken_in_the_order_in_which_they_ended() -> None:
    """`a` was begun first and ended last: which of the two cut the other off is decided here as by whoever reads the books."""
    run = ChainRun(cast(Any, None), cast(Any, None))

    async def step(ended: Ended) -> Ended:
        return ended

    for name, second in (("a", 3), ("b", 1), ("c", 2)):
        run._tasks[name] = asyncio.create_task(step(replace(cancelled(), at=NOON + timedelta(seconds=second))))
        run._steps[name] = cast(Any, None)
    under_way = run._tasks["d"] = asyncio.create_task(asyncio.sleep(60, cancelled()))
    await asyncio.wait([run._tasks[name] for name in "abc"])
    run._take_ended()
    assert (list(run._results), list(run._tasks)) == (["b", "c", "a"], ["d"])
    under_way.cancel()
