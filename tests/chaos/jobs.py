"""Jobs that go on while everything around them dies: the batch lane, funding accounts, leases and checkpoints under fire."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from tests.chaos.load import Load, Told
from tests.integration.optimization.tickets import WEAK, tickets

BUDGET = 800
BATCH_LINES = 200
ENDED = ("completed", "failed", "cancelled")
AGAIN_S = 0.3
PATIENCE_S = 240.0
"""For the last job, once nothing is hurt any more."""


@dataclass(slots=True)
class Jobs:
    """One optimization after the other, each with a test run and a batch beside it, until `stop` is set, and one in any case.

    `ended`: what they came to.
    """

    url: str
    api_key: str
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ended: list[dict[str, Any]] = field(default_factory=list)
    patience_s: float = PATIENCE_S

    async def run(self) -> None:
        """Raises TimeoutError when a job does not end although nothing hurts it any more."""
        headers = {"authorization": f"Bearer {self.api_key}"}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=10)) as http:
            await self.ask(http, "POST", "/v1/prompts", _prompt())
            dataset = await self.ask(http, "POST", "/v1/datasets", {"name": "tickets", "items": tickets()})
            seed = 0
            while not self.ended or not self.stop.is_set():
                seed += 1
                body = {"prompt": "tickets", "dataset_id": dataset["id"], "budget": {"evaluations": BUDGET}, "seed": seed}
                job = await self.ask(http, "POST", "/v1/optimizations", body)
                run = await self.ask(
                    http, "POST", "/v1/test-runs", {"prompt": "tickets", "version": 1, "dataset_id": dataset["id"], "split": "validation"}
                )
                lines = [{"messages": [{"role": "user", "content": f"Where is parcel {number}?"}]} for number in range(BATCH_LINES)]
                batch = await self.ask(http, "POST", "/v1/batches", {"request": {"prompt": "tickets", "version": 1}, "inputs": lines})
                for path in (f"/v1/optimizations/{job['id']}", f"/v1/test-runs/{run['id']}", f"/v1/batches/{batch['id']}"):
                    self.ended.append(await self.until_ended(http, path))

    async def until_ended(self, http: aiohttp.ClientSession, path: str) -> dict[str, Any]:
        stopped_at: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            seen = await self.ask(http, "GET", path)
            if seen["status"] in ENDED:
                return seen
            if self.stop.is_set():
                stopped_at = stopped_at or loop.time()
                if loop.time() - stopped_at > self.patience_s:
                    raise TimeoutError(f"{path} is still {seen['status']} after {self.patience_s:.0f} s: {seen}")
            await asyncio.sleep(AGAIN_S)

    async def ask(self, http: aiohttp.ClientSession, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Asks until there is an answer, with one key over all tries."""
        headers = {"idempotency-key": str(uuid4())} if method == "POST" else {}
        while True:
            try:
                async with http.request(method, self.url + path, json=body, headers=headers) as response:
                    answer: dict[str, Any] = await response.json()
                    if response.status < 300:
                        return answer
                    assert response.status in (409, 429, 503), answer
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(AGAIN_S)


def _prompt() -> dict[str, Any]:
    messages = [{"role": "system", "content": WEAK}]
    return {"slug": "tickets", "messages": messages, "model": "simulated/reader", "temperature": 0.0, "max_tokens": 50}


@dataclass(slots=True)
class Batches:
    """A batch of `lines` lines, and `pause_s` after its end another one, until `stop` is set. Each line goes into the journal of `load`."""

    load: Load
    lines: int = BATCH_LINES
    pause_s: float = 0.0
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ended: int = 0

    async def run(self) -> None:
        """Raises TimeoutError when a batch does not end although nothing hurts it any more."""
        jobs = Jobs(self.load.url, self.load.api_key, self.stop)
        headers = {"authorization": f"Bearer {self.load.api_key}"}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=10)) as http:
            while not self.ended or not self.stop.is_set():
                request = {"model": "simulated/chat", "messages": [{"role": "system", "content": "You know all parcels."}]}
                asked = [{"custom_id": str(n), "messages": [{"role": "user", "content": f"Where is {n}?"}]} for n in range(self.lines)]
                made = await jobs.ask(http, "POST", "/v1/batches", {"request": request, "inputs": asked})
                batch = await jobs.until_ended(http, f"/v1/batches/{made['id']}")
                self._journal(batch, await self._results(http, batch["id"]))
                self.ended += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), self.pause_s)

    async def _results(self, http: aiohttp.ClientSession, batch_id: str) -> list[dict[str, Any]]:
        while True:
            try:
                async with http.get(f"{self.load.url}/v1/batches/{batch_id}/results") as response:
                    if response.status == 200:
                        return [json.loads(line) for line in (await response.text()).splitlines()]
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(AGAIN_S)

    def _journal(self, batch: dict[str, Any], results: list[dict[str, Any]]) -> None:
        if batch["status"] != "completed":
            self.load.violations.append(f"the batch {batch['id']} ended {batch['status']}: {batch}")
        if [one["custom_id"] for one in results] != [str(n) for n in range(self.lines)]:
            self.load.violations.append(f"the batch {batch['id']} has other lines than were asked: {[one['custom_id'] for one in results]}")
        for one in results:
            response = one["response"]
            if response is None or response["status_code"] != 200:
                told = Told("failed", response["request_id"]) if response else Told("unknown")
                self.load.note("batch", told)
            else:
                self.load.note("batch", Told("ok", response["request_id"]))
