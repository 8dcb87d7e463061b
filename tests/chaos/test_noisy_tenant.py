"""How late a quiet tenant's reactions are counted while another tenant sends ten times as many."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from tests.chaos.ground import Ground, ground

ROUNDS = 4
REACTIONS = 60
"""Of the quiet tenant in each half of a round, one every GAP_S: 240 alone, 240 beside the noise."""

GAP_S = 0.1
NOISE = 10
"""Reactions of the noisy tenant for each of the quiet one's (PROMISES M-14)."""

TWICE = 2.0
COUNTED_S = 30.0


async def ask(http: aiohttp.ClientSession, place: Ground, key: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with http.post(f"{place.url}{path}", json=body, headers={"authorization": f"Bearer {key}"}) as response:
        answer: dict[str, Any] = await response.json()
        assert response.status in (200, 202), answer
        return answer


async def execute(http: aiohttp.ClientSession, place: Ground, key: str) -> str:
    answer = await ask(http, place, key, "/v1/executions", {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello."}]})
    return str(answer["id"])


async def react(
    http: aiohttp.ClientSession, place: Ground, key: str, execution_id: str, names: Sequence[str], *, gap_s: float
) -> list[UUID]:
    """One reaction of each of these end users, at a pace; their ids, once all are accepted."""
    sent = []
    for name in names:
        body = {"execution_id": execution_id, "thumb": "up", "user_id": name}
        sent.append(asyncio.create_task(ask(http, place, key, "/v1/feedback", body)))
        await asyncio.sleep(gap_s)
    return [UUID(answer["feedback_id"]) for answer in await asyncio.gather(*sent)]


async def lags_s(place: Ground, feedback_ids: Sequence[UUID]) -> list[float]:
    """From its 202 until it stood in the rollups, of each of them; waits until all do."""
    sql = """SELECT extract(epoch FROM joined_at - accepted_at)::float AS lag_s
               FROM feedback WHERE feedback_id = ANY ($1) AND joined_at IS NOT NULL"""
    async with asyncio.timeout(COUNTED_S):
        while len(rows := await place.rows(sql, list(feedback_ids))) < len(feedback_ids):
            await asyncio.sleep(0.2)
    return [max(0.0, row["lag_s"]) for row in rows]


@pytest.mark.chaos
@pytest.mark.chaos_more
@pytest.mark.capability("F1")
@pytest.mark.promise("M-14")
@pytest.mark.timeout(300)
async def test_a_noisy_tenant_does_not_make_another_ones_reactions_late(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Phases alone and beside the noise take turns, so that whatever else the machine does falls on both."""
    alone: list[float] = []
    beside: list[float] = []
    async with ground(tmp_path / "home") as place, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        made = await asyncio.to_thread(place.installation.run, "workspace", "create", "noisy", "--json")
        assert made.returncode == 0, made.stderr
        keys = {"quiet": place.api_key, "noisy": json.loads(made.stdout)["api_key"]}
        targets = {name: await execute(http, place, key) for name, key in keys.items()}

        async def phase(tenant: str, label: str, *, times: int = 1) -> list[UUID]:
            names = [f"{label} {n}" for n in range(REACTIONS * times)]
            return await react(http, place, keys[tenant], targets[tenant], names, gap_s=GAP_S / times)

        await lags_s(place, await phase("quiet", "warm"))
        for number in range(ROUNDS):
            alone += await lags_s(place, await phase("quiet", f"alone {number}"))
            ours, theirs = await asyncio.gather(phase("quiet", f"beside {number}"), phase("noisy", f"noise {number}", times=NOISE))
            beside += await lags_s(place, ours)
            await lags_s(place, theirs)
        (journal := tmp_path / "journal.jsonl").touch()
        code, report, told = await place.audit(journal)
    assert code == 0, (report, told)
    ratio = median(beside) / median(alone)
    with capsys.disabled():
        print(
            f"\nM-14: median {median(alone) * 1000:.0f} ms alone, {median(beside) * 1000:.0f} ms beside {NOISE} times "
            f"as many of another tenant: ratio {ratio:.2f} (promised: below {TWICE:g})"
        )
    assert ratio < TWICE
