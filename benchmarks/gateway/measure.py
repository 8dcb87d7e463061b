"""Measuring products in turns, each before the same mock, whose own counter must equal what was sent."""

import asyncio
import json
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.gateway.answers import faults
from benchmarks.gateway.load import Result, Target, closed_loop, open_loop
from benchmarks.gateway.processes import cpu_s
from benchmarks.gateway.products import REST, ROWS, Cell, Product, Rest, Row, rotated

PROMPT: Final = "word " * 200
SETTLE_S: Final = 1.0
"""After the last answer, before CPU time is read: what a product does later (records, roll-ups) counts as its work, and disturbs nobody else."""
PER_SECOND: Final = 20
IDLE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Upstream:
    """The mock: its address (without `/v1`) and processes."""

    url: str
    pids: set[int]

    def calls(self) -> int:
        with urllib.request.urlopen(f"{self.url}/count", timeout=10) as response:
            return int(json.load(response)["calls"])


async def _watched(
    product: Product, upstream: Upstream, what: str, load: Callable[[], Awaitable[list[Result]]]
) -> tuple[list[Result], float, float]:
    """Runs a load. Seconds of CPU of the product and of the mock; whole bodies are read and the mock's counter compared afterwards."""
    calls, cpu, mock_cpu = upstream.calls(), cpu_s(product.pids()), cpu_s(upstream.pids)
    results = await load()
    await asyncio.sleep(SETTLE_S if product.roots else 0)
    cpu, mock_cpu = cpu_s(product.pids()) - cpu, cpu_s(upstream.pids) - mock_cpu
    for result in results:
        wrong = faults(result.bodies)
        result.bodies.clear()
        result.failed += wrong
        result.answered -= wrong
    counted, sent = upstream.calls() - calls, sum(result.sent() for result in results)
    if counted != sent:
        product.miscounted.append(f"{what}: the mock counted {counted} for {sent}")
    product.sent += results[0].sent()
    product.answered += results[0].answered
    return results, cpu, mock_cpu


async def idle(products: list[Product]) -> None:
    """Memory and CPU time of all before anybody calls them."""
    before = [cpu_s(product.pids()) for product in products]
    await asyncio.sleep(IDLE_S)
    for product, cpu in zip(products, before, strict=True):
        product.idle_cpu_ms = (cpu_s(product.pids()) - cpu) * 1000 / IDLE_S
        product.idle_mib = product.mib()


async def warm(product: Product, upstream: Upstream) -> None:
    """Lets caches, pools and compilers come to rest, with streams and without."""
    for stream, calls in ((False, 1000), (True, 500)):
        await _cell(product, upstream, Row("warm-up", 8, stream, "mock", calls), int(calls * product.share))


async def _alone(load: Awaitable[Result]) -> list[Result]:
    return [await load]


async def under_load(products: list[Product], upstream: Upstream, *, rounds: int, percent: int) -> None:
    """Each row of work, `rounds` times, the products in turns that begin with another one each time."""
    for row in ROWS:
        for turn in range(rounds):
            for product in rotated(products, turn):
                cell = await _cell(product, upstream, row, max(row.connections, int(row.requests * product.share * percent / 100)))
                product.cells.setdefault(row.title, []).append(cell)
                print(
                    f"{row.title} · {product.title}: {cell.cpu_ms:.2f} CPU-ms, {cell.result.answered / cell.result.seconds:.0f}/s, "
                    f"p50 {cell.result.p50_ms():.1f} ms, failed {cell.result.failed}",
                    flush=True,
                )


async def _cell(product: Product, upstream: Upstream, row: Row, requests: int) -> Cell:
    target = product.targets[row.model]

    def load() -> Awaitable[list[Result]]:
        return _alone(closed_loop(target, connections=row.connections, requests=requests, stream=row.stream, prompt=PROMPT))

    (result,), cpu, mock_cpu = await _watched(product, upstream, row.title, load)
    answered = max(1, result.answered)
    return Cell((cpu if product.roots else mock_cpu) * 1000 / answered, mock_cpu * 1000 / answered, result)


async def at_rest(products: list[Product], direct: Product, upstream: Upstream, *, rounds: int, seconds: float) -> None:
    """20 requests a second to one product at a time, a direct call between any two: `seconds` in all for each, in `rounds` parts."""
    measured = [product for product in products if product is not direct]
    for title, stream in REST:
        for turn in range(rounds):
            for product in rotated(measured, turn):
                targets = [product.targets["mock"], direct.targets["mock"]]

                def load(targets: list[Target] = targets, stream: bool = stream) -> Awaitable[list[Result]]:
                    return open_loop(targets, per_second=PER_SECOND, seconds=seconds / rounds, stream=stream, prompt=PROMPT)

                (ours, plain), cpu, _ = await _watched(product, upstream, f"{title} at {PER_SECOND} a second", load)
                rest = product.rest.setdefault(title, Rest())
                rest.ours.take(ours)
                rest.direct.take(plain)
                rest.cpu_ms.append(cpu * 1000 / max(1, ours.answered))
        for product in measured:
            rest = product.rest[title]
            print(
                f"{title} at {PER_SECOND} a second · {product.title}: added p50 {rest.added_ms():.1f} ms, first word {rest.added_first_ms():.1f} ms",
                flush=True,
            )
