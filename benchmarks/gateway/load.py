"""Bounded load on loopback: closed loop with N connections, or open loop at a fixed rate with direct calls in between."""

import asyncio
import json
import statistics
import time
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from benchmarks.gateway.mock import CHUNKS

CALL_TIMEOUT: Final = aiohttp.ClientTimeout(total=60)
KEPT_EVERY: Final = 50
"""One body in so many is kept and read as a whole after the clock has stopped; in the others the words are counted."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to call; `url` with its `/v1`. `key` None: the mock itself."""

    url: str
    model: str
    key: str | None
    headers: tuple[tuple[str, str], ...] = ()

    def request(self, *, stream: bool, prompt: str) -> tuple[str, bytes, dict[str, str]]:
        headers = {"content-type": "application/json", **dict(self.headers)} | ({"authorization": f"Bearer {self.key}"} if self.key else {})
        body: dict[str, Any] = {"model": self.model, "messages": [{"role": "user", "content": prompt}], "stream": stream}
        if stream:
            body["stream_options"] = {"include_usage": True}
        return f"{self.url}/chat/completions", json.dumps(body).encode(), headers


@dataclass(slots=True)
class Result:
    """What came back. Times in seconds; `first_words_s` until the first word of the model was there."""

    answered: int = 0
    failed: int = 0
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    first_words_s: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def p50_ms(self) -> float:
        return statistics.median(self.latencies_s) * 1000 if self.latencies_s else float("nan")

    def first_p50_ms(self) -> float:
        return statistics.median(self.first_words_s) * 1000 if self.first_words_s else float("nan")

    def sent(self) -> int:
        return self.answered + self.failed

    def take(self, other: "Result") -> None:
        """Adds what another measurement of the same found."""
        self.answered += other.answered
        self.failed += other.failed
        self.seconds += other.seconds
        self.latencies_s += other.latencies_s
        self.first_words_s += other.first_words_s
        self.bodies += other.bodies


async def one_call(session: aiohttp.ClientSession, target: Target, result: Result, *, stream: bool, prompt: str) -> None:
    url, body, headers = target.request(stream=stream, prompt=prompt)
    began = time.perf_counter()
    text, first_s = b"", None
    try:
        async with session.post(url, data=body, headers=headers) as response:
            while part := await response.content.readany():
                text += part
                if first_s is None and b"word" in text:
                    first_s = time.perf_counter() - began
        took_s = time.perf_counter() - began
        complete = response.status == 200 and text.count(b"word ") == CHUNKS and (not stream or text.rstrip().endswith(b"data: [DONE]"))
    except (aiohttp.ClientError, TimeoutError):
        complete = False
    if not complete or first_s is None:
        result.failed += 1
        return
    if result.answered % KEPT_EVERY == 0:
        result.bodies.append(text)
    result.answered += 1
    result.latencies_s.append(took_s)
    result.first_words_s.append(first_s)


async def closed_loop(target: Target, *, connections: int, requests: int, stream: bool, prompt: str) -> Result:
    """`requests` calls over `connections` connections, each sending the next as soon as the last was answered."""
    result = Result()
    left = iter(range(requests))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=CALL_TIMEOUT) as session:

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
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=CALL_TIMEOUT) as session:
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
