"""What other tenants feel while a provider of one tenant answers nobody. The ratio is told, not asserted: it depends on the machine."""

import asyncio
import json
from pathlib import Path
from time import perf_counter
from typing import Any

import aiohttp
import pytest

from tests.chaos.ground import Ground, ground

ROUNDS = 3
CALLS = 60
"""Calls of the other tenant in each half of a round, one every GAP_S: 180 quiet ones, 180 beside what hangs."""

GAP_S = 0.04
HANGING = 80
"""More than an executor gives to one tenant."""

HANG_S = 600
"""The provider answers after ten minutes (PROMISES E-12); each attempt is let go at its own limit, much earlier."""


async def call(http: aiohttp.ClientSession, place: Ground, key: str, body: dict[str, Any]) -> tuple[int, float]:
    began_at = perf_counter()
    headers = {"authorization": f"Bearer {key}"}
    async with http.post(f"{place.url}/v1/executions", json=body, headers=headers) as response:
        await response.read()
        return response.status, perf_counter() - began_at


async def at_a_pace(http: aiohttp.ClientSession, place: Ground, key: str) -> list[float]:
    """Seconds of each call of a simulated model; all of them succeed."""
    asked = []
    for number in range(CALLS):
        body = {"model": "simulated/chat", "messages": [{"role": "user", "content": f"Where is parcel {number}?"}]}
        asked.append(asyncio.create_task(call(http, place, key, body)))
        await asyncio.sleep(GAP_S)
    told = await asyncio.gather(*asked)
    assert {status for status, _ in told} == {200}, "another tenant's call failed"
    return [took_s for _, took_s in told]


def p95(took: list[float]) -> float:
    """The smallest that 95 of 100 do not exceed."""
    return sorted(took)[-(-len(took) * 95 // 100) - 1]


@pytest.mark.chaos
@pytest.mark.chaos_more
@pytest.mark.capability("E9")
@pytest.mark.promise("E-12")
@pytest.mark.timeout(300)
async def test_other_tenants_beside_a_provider_that_hangs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quiet and hanging phases take turns, so that whatever else the machine does falls on both."""
    quiet: list[float] = []
    beside: list[float] = []
    statuses: set[int] = set()
    async with ground(tmp_path / "home") as place, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        made = await asyncio.to_thread(place.installation.run, "workspace", "create", "other", "--json")
        assert made.returncode == 0, made.stderr
        other = json.loads(made.stdout)["api_key"]
        simulator = f"http://127.0.0.1:{place.state()['ports']['simulator']}/v1"
        model = {
            "model": "own/hangs", "provider": "lab", "upstream_model": f"fault/hang,s={HANG_S}", "base_url": simulator,
            "context_tokens": 100_000, "output_tokens": 400, "input_price_nusd_per_million": 0, "output_price_nusd_per_million": 0,
        }  # fmt: skip
        headers = {"authorization": f"Bearer {place.api_key}"}
        async with http.post(f"{place.url}/v1/models", json=model, headers=headers) as response:
            assert response.status == 201, await response.text()
        await at_a_pace(http, place, other)
        for _ in range(ROUNDS):
            quiet += await at_a_pace(http, place, other)
            asked = {"model": "own/hangs", "messages": [{"role": "user", "content": "Hello."}], "deadline_s": 8}
            hanging = [asyncio.create_task(call(http, place, place.api_key, asked)) for _ in range(HANGING)]
            await asyncio.sleep(0.3)
            beside += await at_a_pace(http, place, other)
            assert not all(one.done() for one in hanging), "nothing hung beside them"
            statuses |= {status for status, _ in await asyncio.gather(*hanging)}
        (journal := tmp_path / "journal.jsonl").touch()
        code, report, told = await place.audit(journal)
    assert code == 0, (report, told)
    assert statuses <= {429, 503, 504}, statuses
    with capsys.disabled():
        ratio = p95(beside) / p95(quiet)
        print(
            f"\nE-12: p95 of another tenant {p95(quiet) * 1000:.0f} ms quiet, {p95(beside) * 1000:.0f} ms beside {HANGING} hanging calls: "
            f"ratio {ratio:.2f} (promised: below 1.20), of {len(quiet)} calls each; what hung was told {sorted(statuses)}"
        )
