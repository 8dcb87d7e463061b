"""A webhook receiver over real HTTP, with a mode for each kind of bad behaviour (PROMISES section 3, fault 26)."""

import asyncio
import gzip
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in. `at_s` is monotonic."""

    path: str
    headers: dict[str, str]
    body: bytes
    at_s: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """`modes[path]` are the modes of successive requests to a path, the last one for ever; `ok` where nothing is said.

    Modes: ok · a status like 500 · 503;retry-after=1 · 410 · abort · redirect or redirect=URL · hang or hang=STATUS
    · drip (a byte at a time) · slow=SECONDS · huge (an endless body)
    · echo (500, with the request's headers in header and body) · drop (closes without an answer) · nul (a body with NUL)
    · gzip (a compressed body) · cookie (sets one).
    """

    port: int = 0
    modes: dict[str, list[str]] = field(default_factory=dict)
    requests: list[Received] = field(default_factory=list)
    rejects: Callable[[Received], bool] = lambda _: False
    """Says of a request whether it is answered 500, before its path's mode is looked at."""

    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it, and what hangs is answered."""

    _came: asyncio.Condition = field(default_factory=asyncio.Condition)
    _open: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    most_at_once: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        return [one for one in self.requests if one.path == path]

    async def wait_for(self, enough: Callable[[list[Received]], bool], *, timeout_s: float = 60.0) -> list[Received]:
        """Waits until `enough(requests)`, and returns the requests."""
        async with asyncio.timeout(timeout_s), self._came:
            await self._came.wait_for(lambda: enough(self.requests))
        return list(self.requests)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        modes = self.modes.get(request.path, ["ok"])
        mode = modes.pop(0) if len(modes) > 1 else modes[0]
        received = Received(request.path, {name.lower(): value for name, value in request.headers.items()}, body, monotonic())
        async with self._came:
            self.requests.append(received)
            self._came.notify_all()
        self._open[request.path] += 1
        self.most_at_once[request.path] = max(self.most_at_once[request.path], self._open[request.path])
        try:
            return web.Response(status=500) if self.rejects(received) else await self._behave(mode, request)
        finally:
            self._open[request.path] -= 1

    async def _behave(self, mode: str, request: web.Request) -> web.StreamResponse:
        word, _, rest = mode.partition("=")
        match word:
            case "ok":
                return web.Response(text="thanks")
            case "abort":
                return web.Response(status=400, headers={"webhook-delivery": "abort-message"})
            case "redirect":
                return web.Response(status=302, headers={"location": rest or self.url("/elsewhere")})
            case "hang":
                await self.released.wait()
                return web.Response(status=int(rest or 200), text="at last")
            case "slow":
                await asyncio.sleep(float(rest))
                return web.Response(text="at last")
            case "drip" | "huge":
                response = web.StreamResponse()
                await response.prepare(request)
                while True:
                    await response.write(b"x" if word == "drip" else b"x" * 65536)
                    await asyncio.sleep(0.05 if word == "drip" else 0)
            case "nul":
                return web.Response(body=b"than\x00ks")
            case "gzip":
                return web.Response(body=gzip.compress(b"thanks" * 100_000), headers={"content-encoding": "gzip"})
            case "cookie":
                return web.Response(text="thanks", headers={"set-cookie": "session=theirs; path=/"})
            case "echo":
                told = repr(dict(request.headers))
                return web.Response(status=500, text=told, headers={"x-request": told})
            case "drop":
                assert request.transport is not None
                request.transport.abort()
            case "503;retry-after":
                return web.Response(status=503, headers={"retry-after": rest})
        return web.Response(status=int(word) if word.isdigit() else 500, text="no")


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens on a free port of 127.0.0.1."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", receiver.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()
