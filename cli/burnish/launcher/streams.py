"""The launcher's own provisioner: streams and consumers are there before anybody publishes, and again after a loss of the store."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from burnish.embedded.child import StartFailed
from burnish.launcher.report import Report

CONNECT_TIMEOUT_S: Final = 15.0


class StreamKeeper:
    """One connection as the provisioner, from `start` to `stop`."""

    def __init__(self, *, report: Report) -> None:
        self._report = report
        self._stop = asyncio.Event()
        self._bus: Any = None
        self._loop: asyncio.Task[None] | None = None

    async def start(self, url: str, environment: Mapping[str, str]) -> None:
        """Returns when all streams are there, and goes on looking after them. Raises StartFailed when NATS cannot be reached."""
        from burnish_shared.bus.connect import connect
        from burnish_shared.bus.provision import keep_provisioned, provision
        from burnish_shared.errors import Unavailable
        from burnish_shared.logging import configure

        configure(service="launcher", replica="0", level="warning")  # Else structlog writes to standard output, which is for results.
        ack_wait_s = float(environment.get("BURNISH_ACK_WAIT_S") or 0) or None
        replicas = int(environment.get("BURNISH_STREAM_REPLICAS") or 1)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                self._bus = await connect(url, service="provisioner", replica="launcher")
                outcome = await provision(self._bus, replicas=replicas, ack_wait_s=ack_wait_s)
        except TimeoutError as error:
            raise StartFailed(f"NATS did not answer the provisioner within {CONNECT_TIMEOUT_S:.0f} s") from error
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
