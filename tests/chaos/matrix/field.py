"""A row of the matrix is played on a field: an installation with a receiver of webhooks, under load, and audited when the load ends."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.chaos.ground import REPLICAS, Ground, ground
from tests.chaos.jobs import Batches
from tests.chaos.load import PLAIN, Told
from tests.chaos.mix import MIX, Mix, prepare
from tests.chaos.test_kill_each import assert_right, subscribe
from tests.fakes.receiver import Receiver, receiving
from tests.pace import fair_clock

RATE: Final = 16.0
BATCH_LINES: Final = 60
BATCH_EVERY_S: Final = 8.0
HELLO: Final = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Where is my parcel?"}]}
END_S: Final = 90.0
"""For the last call and the last batch, once nothing is hurt any more."""


@dataclass(slots=True)
class Field:
    """`load` goes on until the block ends. `http`: a client with the key of the load's workspace. `secret`: of the receiver's endpoint."""

    place: Ground
    receiver: Receiver
    load: Mix
    http: aiohttp.ClientSession
    dice: random.Random
    secret: str

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One call, once. Status 0: no answer came."""
        try:
            async with self.http.request(method, self.place.url + path, json=body) as response:
                return response.status, await response.json()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, None

    async def make(self, path: str, body: Mapping[str, Any]) -> Any:
        """Before anything is hurt: it must succeed."""
        status, answer = await self.ask("POST", path, dict(body))
        assert status in (200, 201), (path, answer)
        return answer

    async def model(self, name: str, fault: str) -> None:
        """A model of the workspace whose provider is the simulator with a fault."""
        simulator = f"http://127.0.0.1:{self.place.state()['ports']['simulator']}/v1"
        await self.make("/v1/models", {
            "model": name, "provider": "lab", "upstream_model": f"fault/{fault}", "base_url": simulator, "context_tokens": 100_000,
            "output_tokens": 400, "input_price_nusd_per_million": 1_000_000_000, "output_price_nusd_per_million": 1_000_000_000,
        })  # fmt: skip

    async def is_served(self) -> bool:
        status, _ = await self.ask(
            "POST", "/v1/executions", {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello."}]}
        )
        return status == 200

    async def seconds_until_served(self, *, within_s: float) -> float:
        """How long until a call is answered again, in time that this process was given. AssertionError where that is longer."""
        with fair_clock() as clock:
            began_at = clock()
            async with asyncio.timeout(within_s + END_S):
                while not await self.is_served():
                    await asyncio.sleep(0.05)
            took_s = clock() - began_at
        assert took_s < within_s, f"served again after {took_s:.1f} s, where {within_s} s are allowed"
        return took_s

    async def told_s(self) -> float:
        """How long until a background call that is asked for now is done and its webhook received, in time that this process was given.

        It goes through the outbox, both streams, an executor and the webhooks.
        """
        with fair_clock() as clock:
            began_at = clock()
            async with asyncio.timeout(END_S):
                while (asked := await self.ask("POST", "/v1/executions", HELLO | {"mode": "background"}))[0] != 202:
                    await asyncio.sleep(0.05)
                execution_id = asked[1]["id"]
                while (read := await self.ask("GET", f"/v1/executions/{execution_id}"))[0] != 200 or read[1]["status"] != "success":
                    await asyncio.sleep(0.05)
                named = f'"{execution_id}"'.encode()
                await self.receiver.wait_for(lambda requests: any(named in one.body for one in requests), timeout_s=END_S)
            return clock() - began_at

    async def calm(self, least_s: float, most_s: float) -> None:
        """Load without a fault for a while."""
        await asyncio.sleep(self.dice.uniform(least_s, most_s))


@asynccontextmanager
async def field(
    folder: Path,
    dice: random.Random,
    *,
    mixed: bool = True,
    batches: bool = True,
    kinds: Mapping[str, int] | None = None,
    rate: float = RATE,
    replicas: str = REPLICAS,
    prefix: Sequence[str] = (),
    letters: int = 0,
    **environment: str,
) -> AsyncIterator[Field]:
    """Load begins with the block and ends with it; then everything that began must end, and the books must be right.

    `mixed`: calls of every kind, else the plain ones. `letters`: so many dead letters there must be. What the block raises is raised as
    it is, without an audit.
    """
    journal = folder / "journal.jsonl"
    timeout = aiohttp.ClientTimeout(total=15, sock_connect=5)
    async with (
        ground(folder / "home", replicas=replicas, prefix=prefix, **environment) as place,
        receiving() as receiver,
        aiohttp.ClientSession(headers={"authorization": f"Bearer {place.api_key}"}, timeout=timeout) as http,
    ):
        secret = await subscribe(place, receiver)
        if mixed:
            await prepare(place)
        load = Mix(place.url, place.api_key, journal, random.Random(dice.random()), rate=rate, kinds=kinds or (MIX if mixed else PLAIN))
        beside = Batches(load, lines=BATCH_LINES, pause_s=BATCH_EVERY_S)
        running = [asyncio.create_task(load.run()), *([asyncio.create_task(beside.run())] if batches else [])]
        try:
            yield Field(place, receiver, load, http, dice, secret)
            await _ended(running, beside, load)
        finally:
            for task in running:
                task.cancel()
            with contextlib.suppress(Exception):
                await asyncio.gather(*running, return_exceptions=True)
        await assert_right(place, load, receiver, letters=letters)
        await load.assert_shown_is_booked()


async def _ended(running: list["asyncio.Task[None]"], beside: Batches, load: Mix) -> None:
    """Batches first: their lines go into the load's journal."""
    beside.stop.set()
    if len(running) > 1:
        await asyncio.wait_for(running[1], END_S)
    load.stop.set()
    await asyncio.wait_for(running[0], END_S)


def summary(load: Mix) -> str:
    """How much went on meanwhile, for the report."""
    total = load.told.total()
    good = sum(count for name, count in load.told.items() if name.endswith((" ok", " accepted")))
    return f"{total} calls, {good} answered as asked, {load.asked_again} repeats"


__all__ = ["Field", "Told", "field", "summary"]
