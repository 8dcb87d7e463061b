"""Claim-check: what is too big for one message lies in the PAYLOADS stream, and the message carries a reference (DESIGN section 6).

A stream of our own and not NATS' object store, whose readers need the right to make consumers (docs/decisions/0026).
"""

import base64
import hashlib
from collections.abc import Iterator
from typing import Final

from burnish_shared import subjects
from burnish_shared.bus.api import ApiError, ask
from burnish_shared.bus.connect import Bus
from burnish_shared.contracts.executions import PayloadRef
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from burnish_shared.streams import PAYLOADS

PART_BYTES: Final = 512 * 1024
"""A part comes back in base64 inside a JSON answer, which must fit into one message of 1 MiB."""

TTL_HEADER: Final = "Nats-TTL"
"""ADR-43 of nats-architecture-and-design: the server forgets the message so many seconds later."""


class PayloadGone(Unavailable):
    """What the reference names is not there any more, or not whole."""


async def put(bus: Bus, body: bytes, *, keep_s: float) -> PayloadRef:
    """Stores it for so many seconds. Raises Unavailable when NATS is away or the stream is full."""
    payload_id = new_uuid()
    sequences = []
    for number, part in enumerate(_parts(body)):
        stored = await bus.publish(
            subjects.payload(payload_id), part, message_id=f"{payload_id.hex}:{number}", headers={TTL_HEADER: str(max(1, int(keep_s)))}
        )
        sequences.append(stored.seq)
    return PayloadRef(sequences=sequences, bytes=len(body), sha256=hashlib.sha256(body).hexdigest())


async def get(bus: Bus, ref: PayloadRef) -> bytes:
    """What was stored. Raises PayloadGone, and Unavailable when NATS is away."""
    parts = []
    for sequence in ref.sequences:
        try:
            answer = await ask(bus, f"STREAM.MSG.GET.{PAYLOADS.name}", {"seq": sequence})
        except ApiError as error:
            raise PayloadGone("What was to be executed is not kept any longer; send it again.") from error
        parts.append(base64.b64decode(answer["message"].get("data", "")))
    body = b"".join(parts)
    if len(body) != ref.bytes or hashlib.sha256(body).hexdigest() != ref.sha256:
        raise PayloadGone("What was to be executed is not whole any more; send it again.")
    return body


def _parts(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), PART_BYTES):
        yield body[start : start + PART_BYTES]
