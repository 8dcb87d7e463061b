"""How far behind each consumer is, and how full each stream: for the alerts, and for whoever must wait until everything is handled."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from burnish_shared import metrics, streams
from burnish_shared.bus.api import ApiError, ask
from burnish_shared.bus.connect import Bus
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.streams import ConsumerSpec, StreamSpec
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.lag")

INTERVAL_S: Final = 15.0

NO_MESSAGE: Final = 10037
"""The API's code where a stream has none at or after a sequence."""


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
    return [_lag(one, await _info(bus, one)) for one in streams.CONSUMERS]


async def watch_lag(bus: Bus, stop: asyncio.Event, *, interval_s: float = INTERVAL_S) -> None:
    """Keeps the gauges of lag true until `stop`."""
    while not stop.is_set():
        for consumer in streams.CONSUMERS:
            with contextlib.suppress(Unavailable, ApiError):  # The provisioner beside it says so in the log.
                await _show_consumer(bus, consumer)
        for stream in streams.STREAMS:
            with contextlib.suppress(Unavailable, ApiError):
                await _show_stream(bus, stream)
        await came(stop, within_s=in_step(interval_s))


async def _show_consumer(bus: Bus, spec: ConsumerSpec) -> None:
    info = await _info(bus, spec)
    lag = _lag(spec, info)
    metrics.consumer_pending.labels(lag.durable).set(lag.pending)
    metrics.consumer_unacknowledged.labels(lag.durable).set(lag.unacknowledged)
    metrics.consumer_full_ratio.labels(lag.durable).set(lag.unacknowledged / lag.max_unacknowledged)
    metrics.consumer_readers.labels(lag.durable).set(lag.readers)
    undelivered_s = await _age_s(bus, spec, info, behind="delivered") if lag.pending else 0.0
    unfinished_s = await _unfinished_s(bus, spec, info)
    metrics.consumer_pending_oldest_seconds.labels(lag.durable).set(undelivered_s)
    metrics.consumer_unfinished_oldest_seconds.labels(lag.durable).set(unfinished_s)


async def unfinished_s(bus: Bus, spec: ConsumerSpec) -> float:
    """How long the oldest message has been published that this consumer has not finished; 0.0 where it has finished all of them.

    Whoever reads a consumer may ask. Raises Unavailable, and ApiError where the consumer is missing.
    """
    return await _unfinished_s(bus, spec, await _info(bus, spec))


async def _unfinished_s(bus: Bus, spec: ConsumerSpec, info: dict[str, Any]) -> float:
    lag = _lag(spec, info)
    return 0.0 if lag.is_idle else await _age_s(bus, spec, info, behind="ack_floor" if lag.unacknowledged else "delivered")


async def _show_stream(bus: Bus, spec: StreamSpec) -> None:
    """By the limit that the server has, which may be smaller than ours on a small disk."""
    info = await ask(bus, f"STREAM.INFO.{spec.name}")
    metrics.stream_full_ratio.labels(spec.name).set(info["state"]["bytes"] / info["config"]["max_bytes"])


async def _age_s(bus: Bus, spec: ConsumerSpec, info: dict[str, Any], *, behind: str) -> float:
    """How old a consumer's first message is behind what was delivered, or acknowledged without a gap; 0 where it is gone by now.

    By the server's clock alone, to the second.
    """
    ages_s = [0.0]
    for subject in spec.filter_subjects or (">",):
        wish = {"seq": info[behind]["stream_seq"] + 1, "next_by_subj": subject}
        try:
            message = (await ask(bus, f"STREAM.MSG.GET.{spec.stream}", wish))["message"]
        except ApiError as error:
            if error.code != NO_MESSAGE:
                raise
            continue
        ages_s.append((_moment(info["ts"]) - _moment(message["time"])).total_seconds())
    return max(ages_s)


def _moment(text: str) -> datetime:
    """A moment of the server's, without the fraction, which has as many digits as it needs."""
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


async def _info(bus: Bus, spec: ConsumerSpec) -> dict[str, Any]:
    return await ask(bus, f"CONSUMER.INFO.{spec.stream}.{spec.durable}")


def _lag(spec: ConsumerSpec, info: dict[str, Any]) -> ConsumerLag:
    return ConsumerLag(spec.durable, info["num_pending"], info["num_ack_pending"], info["num_waiting"], info["config"]["max_ack_pending"])
