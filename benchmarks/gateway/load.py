"""Bounded load on loopback: closed loop with N connections, or open loop at a fixed rate with direct calls in between."""

import asyncio
import json
import statistics
import time
from dataclasses import dataclass, field

import aiohttp


@dataclass(frozen=True, slots=True)
class Target:
    """Where to call. `key` None: the mock itself."""

    url: str
    model: str
    key: str | None

    def request(self, *, stream: bool, prompt: str) -> tuple[str, bytes, dict[str, str]]:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {self.key}"} if self.key else {})
        body = {"model": self.model, "messages": [{"role": "user", "content": prompt}], "stream": stream}
        return f"{self.url}/v1/chat/completions", json.dumps(body).encode(), headers


@dataclass(slots=True)
class Result:
    """What came back. Times in seconds."""

    answered: int = 0
    failed: int = 0
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    first_bytes_s: list[float] = field(default_factory=list)

    def p50_ms(self) -> float:
        return statistics.median(self.latencies_s) * 1000 if self.latencies_s else float("nan")

    def first_p50_ms(self) -> float:
        return statistics.median(self.first_bytes_s) * 1000 if self.first_bytes_s else float("nan")


async def one_call(session: aiohttp.ClientSession, target: Target, result: Result, *, stream: bool, prompt: str) -> None:
    url, body, headers = target.request(stream=stream, prompt=prompt)
    began = time.perf_counter()
    async with session.post(url, data=body, headers=headers) as response:
        first = await response.content.readany()
        result.first_bytes_s.append(time.perf_counter() - began)
        parts = [first]
        while part := await response.content.readany():
            parts.append(part)
        text = b"".join(parts)
    result.latencies_s.append(time.perf_counter() - began)
    complete = response.status == 200 and (text.count(b"word ") >= 1) and (not stream or text.rstrip().endswith(b"data: [DONE]"))
    result.answered += complete
    result.failed += not complete


async def closed_loop(target: Target, *, connections: int, requests: int, stream: bool, prompt: str) -> Result:
    """`requests` calls over `connections` connections, each sending the next as soon as the last was answered."""
    result = Result()
    left = iter(range(requests))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker() -> None:
            for _ in left:
                await one_call(session, target, result, stream=stream, prompt=prompt)

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(connections)))
        result.seconds = time.perf_counter() - began
    return result


async def open_loop(targets: list[Target], *, per_second: float, seconds: float, stream: bool, prompt: str) -> list[Result]:
    """Calls at a fixed rate, the targets in turn, so that all see the same machine."""
    results = [Result() for _ in targets]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = []
        began = time.perf_counter()
        for number in range(int(per_second * seconds) * len(targets)):
            await asyncio.sleep(max(0.0, began + number / (per_second * len(targets)) - time.perf_counter()))
            which = number % len(targets)
            tasks.append(asyncio.create_task(one_call(session, targets[which], results[which], stream=stream, prompt=prompt)))
        await asyncio.gather(*tasks)
    for result in results:
        result.seconds = time.perf_counter() - began
    return results
