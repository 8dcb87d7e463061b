"""LiteLLM's process is there before the first call that needs it."""

import asyncio

import pytest

from burnish_executor import metrics
from tests.integration.provider_keys.conftest import Ground

pytestmark = pytest.mark.capability("E4")


def started() -> float:
    return metrics.LITELLM_STARTS._value.get()


async def test_a_key_of_a_provider_that_needs_it_starts_it_and_no_other_does(ground: Ground) -> None:
    stack = ground.stack
    caller = await stack.caller()
    before = started()
    direct = await caller("POST", "/v1/provider-keys", {"provider": "groq", "name": "g", "key": "gsk-1234567890"})
    assert direct.status == 201, direct.body
    through = await caller("POST", "/v1/provider-keys", {"provider": "google", "name": "g", "key": "AIza-1234567890"})
    assert through.status == 201, through.body
    async with asyncio.timeout(120):
        while started() < before + len(stack.executors):
            await asyncio.sleep(0.05)
    assert started() == before + len(stack.executors), "once each, for both keys"
