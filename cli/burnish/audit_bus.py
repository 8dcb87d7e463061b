"""What NATS still has to deliver, as its provisioner sees it."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

import nats
import nats.errors

from burnish_shared.bus.addresses import Addresses
from burnish_shared.streams import CONSUMERS, ConsumerSpec

API_TIMEOUT_S: Final = 3.0
CONNECT_TIMEOUT_S: Final = 2

LEFT_ALONE: Final = frozenset({"ADVISORY"})
"""Advisories tell of other messages; what they lead to is a dead letter, and those are asked for themselves."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One durable consumer: the last sequence of its stream, how far it has acknowledged everything, and what it has left."""

    stream_seq: int
    acknowledged_seq: int
    left: int


async def consumers(url: str) -> dict[str, Standing]:
    """Durable name → standing. Raises ConnectionError when NATS does not answer."""
    try:
        client = await nats.connect(
            **Addresses.of(url).options(), inbox_prefix=b"_INBOX_provisioner", connect_timeout=CONNECT_TIMEOUT_S, max_reconnect_attempts=1,
            allow_reconnect=False, reconnect_time_wait=0.1,
        )  # fmt: skip
    except (nats.errors.Error, OSError) as error:
        raise ConnectionError("NATS cannot be reached") from error
    try:
        asked = [one for one in CONSUMERS if one.stream not in LEFT_ALONE]
        return dict(zip((one.durable for one in asked), await asyncio.gather(*(_standing(client, one) for one in asked)), strict=True))
    except (nats.errors.Error, TimeoutError, OSError, KeyError) as error:
        raise ConnectionError("NATS does not answer for its consumers") from error
    finally:
        await client.close()


def left_of(start: dict[str, Standing], present: dict[str, Standing]) -> dict[str, int]:
    """Consumer → messages that were there at the start and are not acknowledged. What came since is not counted."""
    left = {}
    for name, one in present.items():
        before = start.get(name, one)
        if one.left and one.acknowledged_seq < before.stream_seq:
            left[f"messages for {name}"] = one.left
    return left


async def _standing(client: Any, consumer: ConsumerSpec) -> Standing:
    stream = await _ask(client, f"$JS.API.STREAM.INFO.{consumer.stream}")
    info = await _ask(client, f"$JS.API.CONSUMER.INFO.{consumer.stream}.{consumer.durable}")
    return Standing(
        stream_seq=int(stream["state"]["last_seq"]),
        acknowledged_seq=int(info["ack_floor"]["stream_seq"]),
        left=int(info["num_pending"]) + int(info["num_ack_pending"]),
    )


async def _ask(client: Any, subject: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((await client.request(subject, timeout=API_TIMEOUT_S)).data)
    return answer
