"""Ports of one run: those of the run before where they are free, else the defaults, else the next free ones."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from burnish.embedded.child import StartFailed
from burnish.embedded.ports import free_port
from burnish.launcher.reservations import Reservations

DEFAULT_PORTS: Final[Mapping[str, int]] = {"nats": 14222, "postgres": 15432, "gateway": 18000, "simulator": 18100}
"""Below 32768, where Linux begins to hand out ports by itself."""

FIRST_METRICS_PORT: Final = 18200

PREDECESSOR_PATIENCE_S: Final = 1.0
"""A killed launcher's processes are ended by the kernel; their ports are free an instant later."""


T = TypeVar("T")

START_TRIES: Final = 3
"""Somebody who asks for no reservation may take a port between our look and our server's bind."""


class Ports:
    """What was chosen, by process name. `before` are the ports of the run before; `say` tells people where theirs went.

    `patience_s` is how long a port that is taken is waited for: after a crash, while the processes of the run before still end.
    """

    def __init__(self, before: Mapping[str, int], *, say: Callable[[str], None], patience_s: float = 0) -> None:
        self._before = before
        self._say = say
        self._patience_s = patience_s
        self._reservations = Reservations()
        self.chosen: dict[str, int] = {}

    async def choose(self, name: str, *, wanted: int | None = None) -> int:
        """A free port for `name`, noted in `chosen`. `wanted` goes before the one it had, that before the one of the last run."""
        first = wanted or self.chosen.get(name) or self._before.get(name) or DEFAULT_PORTS.get(name, FIRST_METRICS_PORT)
        others = frozenset(port for other, port in self.chosen.items() if other != name)
        deadline = asyncio.get_running_loop().time() + self._patience_s
        while (port := self._free(first, others)) != first:
            if asyncio.get_running_loop().time() >= deadline:
                break
            self._reservations.give_back(port)
            await asyncio.sleep(0.02)
        if port != first and name in DEFAULT_PORTS:
            self._say(f"port {first} is taken; {name} uses {port}")
        self.chosen[name] = port
        return port

    async def start(self, name: str, start: Callable[[int], Awaitable[T]]) -> T:
        """What `start` gives for a port chosen for `name`; where a stranger took it meanwhile, for the next one. Raises StartFailed."""
        for attempt in range(START_TRIES):
            port = await self.choose(name)
            try:
                return await start(port)
            except StartFailed:
                if attempt + 1 == START_TRIES or free_port(port) == port:
                    raise
        raise AssertionError("the last try returns or raises")

    def _free(self, first: int, others: frozenset[int]) -> int:
        """The next port from `first` on that is free and that we could reserve."""
        port = free_port(first, taken=others)
        while not self._reservations.take(port):
            port = free_port(port + 1, taken=others)
        return port
