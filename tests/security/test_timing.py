"""What is another tenant's and what is nobody's take equally long to be told that they are not there (PROMISES G-17)."""

import time
from statistics import median

import pytest

from tests.security.conftest import World
from tests.security.world import Route, absent

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-17")]

CALLS = 60
"""Of each kind, taken in turns, so that what else the machine does falls on both alike."""

RATIO_MOST = 1.5
"""A tenant's row that was read and then refused would take another query; the kinds differ by much less than one."""

ASKED = {
    "GET /v1/executions/{execution_id}": "execution",
    "GET /v1/datasets/{dataset_id}": "dataset",
    "GET /v1/webhooks/endpoints/{endpoint_id}": "endpoint",
    "GET /v1/api-keys/{api_key_id}": "api_key",
    "GET /v1/suggestions/{suggestion_id}": "suggestion",
    "GET /v1/provider-keys/{provider_key_id}": "provider_key",
}
"""Route → which of alpha's things beta asks for. Ids alone: a name is remembered by the catalog after its first asking, whoever's it is."""


@pytest.mark.parametrize("name", ASKED)
async def test_foreign_and_absent_take_equally_long(world: World, name: str) -> None:
    route = next(one for one in world.routes if one.name == name)
    ratio = await _ratio(world, route, ASKED[name])
    for _ in range(3):  # once more: something else ran just then
        if ratio > RATIO_MOST:
            ratio = await _ratio(world, route, ASKED[name])
    assert ratio < RATIO_MOST


async def _ratio(world: World, route: Route, thing: str) -> float:
    """The longer median over the shorter."""
    foreign: list[float] = []
    missing: list[float] = []
    for _ in range(CALLS):
        for times, what in ((foreign, world.alpha.own[thing]), (missing, absent()[thing])):
            since = time.perf_counter()
            answer = await world.beta.call(route, own=world.beta.own | {thing: what})
            times.append(time.perf_counter() - since)
            assert answer.status == 404
    return max(median(foreign), median(missing)) / min(median(foreign), median(missing))
