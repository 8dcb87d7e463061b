"""How far behind each consumer is: for the alerts on lag, and for whoever must wait until everything is handled."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

import structlog

from burnish_shared import metrics, streams
from burnish_shared.bus.api import ApiError, ask
from burnish_shared.bus.connect import Bus
from burnish_shared.errors import Unavailable
from burnish_shared.streams import ConsumerSpec
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.lag")

INTERVAL_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class ConsumerLag:
    """`pending`: not delivered yet. `unacknowledged`: delivered, and not finished. `readers`: requests that wait for a message."""

    durable: str
    pending: int
    unacknowledged: int
    readers: int
    max_unacknowledged: int

    @property
    def is_idle(self) -> bool:
        """True when everything published so far was handled."""
        return self.pending == 0 and self.unacknowledged == 0


async def consumer_lags(bus: Bus) -> list[ConsumerLag]:
    """The lag of every consumer of ours. `bus` is the provisioner's. Raises Unavailable, and ApiError where a consumer is missing."""
    return [await _lag(bus, one) for one in streams.CONSUMERS]


async def watch_lag(bus: Bus, stop: asyncio.Event, *, interval_s: float = INTERVAL_S) -> None:
    """Keeps the gauges of lag true until `stop`."""
    while not stop.is_set():
        with contextlib.suppress(Unavailable, ApiError):  # The provisioner beside it says so in the log.
            for lag in await consumer_lags(bus):
                metrics.consumer_pending.labels(lag.durable).set(lag.pending)
                metrics.consumer_unacknowledged.labels(lag.durable).set(lag.unacknowledged)
                metrics.consumer_full_ratio.labels(lag.durable).set(lag.unacknowledged / lag.max_unacknowledged)
                metrics.consumer_readers.labels(lag.durable).set(lag.readers)
        await came(stop, within_s=interval_s)


async def _lag(bus: Bus, spec: ConsumerSpec) -> ConsumerLag:
    info = await ask(bus, f"CONSUMER.INFO.{spec.stream}.{spec.durable}")
    return ConsumerLag(spec.durable, info["num_pending"], info["num_ack_pending"], info["num_waiting"], info["config"]["max_ack_pending"])
