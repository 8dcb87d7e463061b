"""A storm against a limited key, with executors killed and frozen in the middle: never more than the provider allows, and right books."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.chaos.ground import ENVIRONMENT, Ground, ground
from tests.fakes.limited_provider import serving_within_limits

LIMIT = 40

CALLS = 200
"""After the last fault, when the whole limit is used up."""

GAP_S = 0.03


async def post(http: aiohttp.ClientSession, place: Ground, path: str, body: Any) -> tuple[int, Any]:
    async with http.post(place.url + path, json=body, headers={"authorization": f"Bearer {place.api_key}"}) as response:
        return response.status, await response.json()


@pytest.mark.chaos
@pytest.mark.chaos_more
@pytest.mark.capability("E8", "E9")
@pytest.mark.promise("E-12")
@pytest.mark.timeout(240)
async def test_a_storm_with_executors_killed_and_frozen_stays_within_the_limit(tmp_path: Path) -> None:
    """Tickets of an executor that dies are lost, never used twice."""
    told: Counter[str] = Counter()
    async with (
        serving_within_limits(requests=LIMIT, answer_s=0.05) as provider,
        ground(tmp_path / "home", BURNISH_EGRESS_ALLOW="127.0.0.0/8") as place,
        aiohttp.ClientSession() as http,
    ):
        model = {
            "model": "limited", "provider": "lab", "base_url": provider.base_url, "context_tokens": 32768, "output_tokens": 400,
            "input_price_nusd_per_million": 1_000_000, "output_price_nusd_per_million": 1_000_000,
        }  # fmt: skip
        assert (await post(http, place, "/v1/models", model))[0] == 201
        key = {
            "provider": "lab",
            "name": "limited",
            "key": "canary-of-the-storm",
            "base_url": provider.base_url,
            "requests_per_minute": LIMIT,
        }
        assert (await post(http, place, "/v1/provider-keys", key))[0] == 201

        async def call() -> None:
            try:
                status, body = await post(
                    http,
                    place,
                    "/v1/executions",
                    {"model": "limited", "messages": [{"role": "user", "content": "Hello."}], "deadline_s": 6},
                )
                told[str(status) if status == 200 else f"{status} {body['error']['code']}"] += 1
            except aiohttp.ClientError:
                told["lost"] += 1

        over = asyncio.Event()

        async def storm() -> None:
            """As long as executors die, however long this machine takes to start them again, and CALLS more."""
            left = CALLS
            async with asyncio.TaskGroup() as group:
                while left:
                    group.create_task(call())
                    left -= over.is_set()
                    await asyncio.sleep(GAP_S)

        running = asyncio.create_task(storm())
        arrived = provider.arrived["canary-of-the-storm"]
        async with asyncio.timeout(30):
            while len(arrived) < LIMIT // 2:
                await asyncio.sleep(GAP_S)
        await place.kill("executor")
        await place.freeze("executor-2", 1.5)
        await asyncio.sleep(1.0)
        await place.kill("executor-2")
        over.set()
        await asyncio.wait_for(running, 60)
        journal = tmp_path / "journal.jsonl"
        journal.touch()
        code, report, said = await place.audit(journal)
        unreadable = place.logged("provider.unreadable")
    assert code == 0, (report, said)
    assert unreadable == [], unreadable[:3]  # A fault of ours that the caller would hear as a refusal of the provider.
    assert provider.most_in_a_window("canary-of-the-storm") <= LIMIT and provider.refused == 0, told
    assert told["429 provider_rate_limited"] > CALLS / 3 and sum(told.values()) >= CALLS, told
    assert float(ENVIRONMENT["BURNISH_DEADLINE_S"]) >= 6
