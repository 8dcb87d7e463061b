"""The launcher's own provisioner: streams and consumers are there before anybody publishes, and again after a loss of the store."""

import asyncio
import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from burnish.embedded.child import StartFailed
from burnish.launcher.report import Report

if TYPE_CHECKING:
    from burnish_shared.bus.connect import Bus

CONNECT_TIMEOUT_S: Final = 15.0
CONNECT_PATIENCE_S: Final = 30.0
"""A service waits for NATS however long it takes; nobody sees that a backup of the night, or a migration of a deployment, does."""

REPLICAS_MOST: Final = 5
"""Copies of a stream that NATS keeps at most (nats-server, `StreamMaxReplicas`)."""


async def reach(nats_url: str, *, purpose: str) -> "Bus":
    """A connection as the provisioner, for a command. Raises StartFailed where NATS does not take it within CONNECT_PATIENCE_S, and at
    once for an address that is none of NATS.
    """
    from burnish_shared.bus.connect import connect, why_refused

    _check_address(nats_url)
    try:
        async with asyncio.timeout(CONNECT_PATIENCE_S):
            return await connect(nats_url, service="provisioner", replica=f"{purpose}-{os.getpid()}")
    except TimeoutError as error:
        why = await why_refused(nats_url)
        raise StartFailed(
            f"NATS did not let us in within {CONNECT_PATIENCE_S:.0f} s: is it there, and NATS_URL the provisioner's? ({why})"
        ) from error


def wanted_replicas(environment: Mapping[str, str]) -> int | None:
    """Copies of each stream as BURNISH_STREAM_REPLICAS names them; None where it does not. Raises StartFailed for another number."""
    wanted = environment.get("BURNISH_STREAM_REPLICAS")
    if not wanted:
        return None
    if not (wanted.isascii() and wanted.isdecimal() and 1 <= int(wanted) <= REPLICAS_MOST):
        raise StartFailed(f"BURNISH_STREAM_REPLICAS: {wanted} is no number of copies of a stream; say 1, 3 or 5.")
    return int(wanted)


def _wanted_ack_wait_s(environment: Mapping[str, str]) -> float | None:
    """None: the one that a consumer has of its own. Raises StartFailed for what is no time."""
    wanted = environment.get("BURNISH_ACK_WAIT_S") or "0"
    try:
        ack_wait_s = float(wanted)
    except ValueError:
        ack_wait_s = math.nan
    if not (math.isfinite(ack_wait_s) and ack_wait_s >= 0):
        raise StartFailed(f"BURNISH_ACK_WAIT_S: {wanted!r} is no number of seconds.")
    return ack_wait_s or None


def _check_address(url: str) -> None:
    """Raises StartFailed for one that no server of NATS has, which the client would try for ever."""
    from burnish_shared.addresses_of_settings import bus_address

    try:
        bus_address(url)
    except ValueError as error:
        raise StartFailed(f"NATS_URL {error}.") from None


class StreamKeeper:
    """One connection as the provisioner, from `start` to `stop`."""

    def __init__(self, *, report: Report) -> None:
        self._report = report
        self._stop = asyncio.Event()
        self._bus: Any = None
        self._loop: asyncio.Task[None] | None = None

    async def start(self, url: str, environment: Mapping[str, str]) -> None:
        """Returns when all streams are there, and goes on looking after them. Raises StartFailed when NATS cannot be reached."""
        from burnish_shared.bus.connect import connect, why_refused
        from burnish_shared.bus.provision import keep_provisioned, provision
        from burnish_shared.errors import Unavailable
        from burnish_shared.logging import configure

        configure(service="launcher", replica="0", level="warning")  # Else structlog writes to standard output, which is for results.
        _check_address(url)
        ack_wait_s = _wanted_ack_wait_s(environment)
        replicas = wanted_replicas(environment) or 1
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                self._bus = await connect(url, service="provisioner", replica="launcher")
                outcome = await provision(self._bus, replicas=replicas, ack_wait_s=ack_wait_s)
        except TimeoutError as error:
            raise StartFailed(
                f"NATS did not let the provisioner in within {CONNECT_TIMEOUT_S:.0f} s: is it there, and are user and password of NATS_URL"
                f" right? ({await why_refused(url)})"
            ) from error
        except Unavailable as error:
            raise StartFailed(f"NATS cannot be provisioned: {error.message}") from error
        for drift in outcome.refused:
            self._report.say(f"NATS differs from what this release wants, and stays so: {drift}")
        keeping = keep_provisioned(self._bus, None, self._stop, replicas=replicas, ack_wait_s=ack_wait_s)
        self._loop = asyncio.create_task(keeping, name="keep streams")

    async def stop(self) -> None:
        """Safe to call when it never started."""
        self._stop.set()
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._bus is not None:
            await self._bus.close()
