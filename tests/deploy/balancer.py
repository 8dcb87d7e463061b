"""A balancer before the gateways of a deployment: each connection goes to the next of those that are served."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PIECE_BYTES = 65_536
LOOK_S = 0.02
ANSWERED_WITHIN_S = 90.0


@dataclass(slots=True)
class Balancer:
    """`targets`: port by place. `taken`: how many connections each had; `unanswered`: of them those that no byte came back on yet."""

    targets: Mapping[str, int]
    port: int = 0
    taken: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    _away: set[str] = field(default_factory=set)
    _turn: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def without(self, place: str) -> AsyncIterator[None]:
        """No new connection goes there from now on, and the block begins when its server knows of all that went: as for a pod that is
        taken from its service, and told to stop a while later."""
        self._away.add(place)
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                while self.unanswered[place]:
                    await asyncio.sleep(LOOK_S)
            yield
        finally:
            self._away.discard(place)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = [place for place in self.targets if place not in self._away]
        self._turn += 1
        place = served[self._turn % len(served)]
        self.taken[place] += 1
        self.unanswered[place] += 1
        waits = True

        def answered() -> None:
            nonlocal waits
            self.unanswered[place] -= waits
            waits = False

        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.targets[place])
            await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer, answered))
        except OSError:
            writer.transport.abort()
        finally:
            answered()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Callable[[], None] = lambda: None) -> None:
    """Until this direction ends, which ends the other one too: nobody here speaks on a connection that is half closed."""
    with contextlib.suppress(OSError):
        while data := await reader.read(PIECE_BYTES):
            heard()
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def balancing(targets: Mapping[str, int]) -> AsyncIterator[Balancer]:
    """On a free port of 127.0.0.1 for as long as the block runs."""
    balancer = Balancer(targets)
    server = await asyncio.start_server(balancer.accept, "127.0.0.1", 0)
    balancer.port = server.sockets[0].getsockname()[1]
    try:
        yield balancer
    finally:
        server.close()
