"""uvicorn as the gateway runs it: it lets its clients go before it closes their connections."""

import asyncio
import contextlib
import math
import os
import socket
from collections.abc import Callable
from time import monotonic
from typing import Final, cast

import uvicorn

from burnish_gateway.http_protocol import HttpProtocol

LOOK_S: Final = 0.02

TELL_S: Final = 4.0
"""How long those may be told how their calls ended whose time is over, before their connections are cut."""


class Server(uvicorn.Server):
    """Serves until `should_exit`. Without uvicorn's signal handlers: `run_service` has them.

    `leave_s`: how long, in seconds, connections that are kept open may still bring a request once no new ones are taken. Each answer
    then says `Connection: close`. A connection that is closed at once may have a request on its way already, and its client could not
    tell whether it was worked on (RFC 9112, section 9.5). `on_leaving` is called once every connection there is knows of it: what ends
    an answer that would go on for ever, so that who asks anew at once is told to ask elsewhere. `on_grace_over` is called when `drain_s`
    beyond that are over and requests are still open: what tells their callers so. TELL_S later they are cut. Connections that the kernel
    has taken by the time we stop to listen are served too: to close what they wait at resets them.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        leave_s: float,
        drain_s: float = 30.0,
        on_leaving: Callable[[], None] = lambda: None,
        on_grace_over: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self.config.timeout_graceful_shutdown = math.ceil(drain_s + TELL_S)
        self._leave_s, self._drain_s = leave_s, drain_s
        self._on_leaving, self._on_grace_over = on_leaving, on_grace_over

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        waiting = self._take_waiting()
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in waiting:
            await asyncio.get_running_loop().connect_accepted_socket(self._make_leaving, connection)
        until = monotonic() + self._leave_s
        self._leave()
        self._on_leaving()
        while self.server_state.connections and monotonic() < until:
            await asyncio.sleep(LOOK_S)
            self._leave()
        telling = asyncio.get_running_loop().call_later(self._drain_s, self._on_grace_over)
        try:
            await super().shutdown(sockets)
        finally:
            telling.cancel()

    def _take_waiting(self) -> list[socket.socket]:
        """Every connection that waits to be accepted, by us or by a gateway that shares our socket."""
        waiting: list[socket.socket] = []
        for server in self.servers:
            for listening in server.sockets:
                with socket.socket(fileno=os.dup(listening.fileno())) as own, contextlib.suppress(OSError):
                    own.setblocking(False)
                    while True:
                        waiting.append(own.accept()[0])
        for connection in waiting:
            connection.setblocking(False)
        return waiting

    def _make_leaving(self) -> HttpProtocol:
        kind = cast("type[HttpProtocol]", self.config.http_protocol_class)  # as make_server names it
        protocol = kind(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        protocol.leave()
        return protocol

    def _leave(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, HttpProtocol):
                connection.leave()
