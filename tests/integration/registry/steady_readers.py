"""Clients that read one prompt over and over, from the processes of an installation, and note what each was told and when."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp

CLIENTS = 16


@dataclass(frozen=True, slots=True)
class Told:
    """`age_s`: what the answer said of how old it is; None: it is fresh. `answered_on_the_clock`: by `monotonic`, as ages are."""

    asked_at: float
    answered_at: float
    status: int
    version: int | None
    age_s: int | None
    answered_on_the_clock: float = field(default_factory=monotonic)


@dataclass(slots=True)
class SteadyReaders:
    """Half of them ask with what they have, one in four has it rendered, one in four connects anew each time.

    `now`: the clock in seconds by which it is noted when one asked and was answered.
    """

    url: str
    key: str
    slug: str
    now: Callable[[], float] = monotonic
    told: list[Told] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)
    _stop: bool = False

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator["SteadyReaders"]:
        tasks = [asyncio.create_task(self._read(n)) for n in range(CLIENTS)]
        try:
            yield self
        finally:
            self._stop = True
            await asyncio.gather(*tasks)

    def since(self, moment: float) -> list[Told]:
        """What was asked from this moment on."""
        return [one for one in self.told if one.asked_at >= moment]

    async def _read(self, n: int) -> None:
        etag, version = "", 0
        anew = n % 4 == 3
        connector = aiohttp.TCPConnector(force_close=anew)
        async with aiohttp.ClientSession(connector=connector, headers={"authorization": f"Bearer {self.key}"}) as session:
            while not self._stop:
                asked_at = self.now()
                try:
                    async with self._ask(session, n, etag) as answer:
                        if answer.status == 200:
                            body = await answer.json()
                            version, etag = body["version"], answer.headers.get("etag", "")
                            if body["messages"][0]["content"] != f"version {version}":
                                self.errors.append(body)
                        elif answer.status != 304:
                            self.errors.append((answer.status, await answer.text()))
                        age = answer.headers.get("age")
                        self.told.append(Told(asked_at, self.now(), answer.status, version, None if age is None else int(age)))
                except (aiohttp.ClientError, TimeoutError) as error:
                    self.errors.append(repr(error))
                await asyncio.sleep(0.01)

    def _ask(self, session: aiohttp.ClientSession, n: int, etag: str) -> Any:
        timeout = aiohttp.ClientTimeout(total=20)
        if n % 4 == 2:
            return session.post(f"{self.url}/v1/prompts/{self.slug}/render", json={"label": "production"}, timeout=timeout)
        headers = {"if-none-match": etag} if etag and n % 2 else {}
        return session.get(f"{self.url}/v1/prompts/{self.slug}?label=production", headers=headers, timeout=timeout)


def with_children(pid: int) -> Iterator[int]:
    """The process and all below it."""
    yield pid
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                yield from with_children(int(stat.parent.name))
