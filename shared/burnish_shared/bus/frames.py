"""What an executor tells the caller's inbox while it works (DESIGN 4.4). A frame is `kind fence chunks body`, separated by spaces.

`fence` names the claim it belongs to, so that a reader drops what a superseded executor still says. `chunks` counts the text chunks up to
and including this frame, so that a gap is noticed by the next frame of any kind.
"""

from dataclasses import dataclass
from enum import Enum


class FrameKind(Enum):
    """The first byte of a frame."""

    ACCEPTED = b"A"
    FULL = b"F"
    STARTED = b"S"
    CHUNK = b"C"
    DELTA = b"D"
    HEARTBEAT = b"H"
    TERMINAL = b"T"
    ELSEWHERE = b"X"
    PARKED = b"P"


KINDS = {kind.value: kind for kind in FrameKind}

REPLY_HEADER = "Burnish-Reply"
"""Where frames of a JetStream request go; interactive requests carry NATS' own reply subject."""


CALLED_OFF = b"called off"
"""Body of a cancellation, by a call that names the execution: whoever runs it stops, and what had come is booked."""

STOPPED = b"stopped"
"""The same, because the test run, search or batch that asked for it was cancelled or has ended."""

CUT_SHORT = b"cut short"
"""The same, because the gateway that told the caller is stopped and gives it no more time."""

_CANCELLED = b"cancelled "
_SUPERSEDED = b"superseded "


def cancelled(*, up_to_fence: int) -> bytes:
    """Body of a cancellation: the caller of these claims went away. One above this fence is somebody else's by now, and goes on."""
    return _CANCELLED + b"%d" % up_to_fence


def cancelled_up_to(body: bytes) -> int | None:
    """The fence of a `cancelled` cancellation; None for any other, and for one of an earlier release, which named none."""
    return _fence_after(_CANCELLED, body)


def superseded(*, below_fence: int) -> bytes:
    """Body of a cancellation: claims below this fence stop, and book nothing. It names the fence because it may overtake, or be
    overtaken by, the request under the new one."""
    return _SUPERSEDED + b"%d" % below_fence


def superseded_below(body: bytes) -> int | None:
    """The fence of a `superseded` cancellation; None for any other."""
    return _fence_after(_SUPERSEDED, body)


def _fence_after(word: bytes, body: bytes) -> int | None:
    fence = body.removeprefix(word)
    return int(fence) if body.startswith(word) and fence.isdigit() else None


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `body`: CHUNK a JSON string of text; DELTA an OpenAI delta object (tool calls); TERMINAL an Outcome; else empty.

    ELSEWHERE: another claim wrote the row, so read the books. PARKED: as TERMINAL, of an Outcome that is too big; a PayloadRef.
    """

    kind: FrameKind
    fence: int
    chunks: int
    body: bytes = b""

    def to_bytes(self) -> bytes:
        return b"%s %d %d %s" % (self.kind.value, self.fence, self.chunks, self.body)


def parse(data: bytes) -> Frame | None:
    """The frame, or None for bytes that are none."""
    parts = data.split(b" ", 3)
    if len(parts) != 4 or parts[0] not in KINDS or not parts[1].isdigit() or not parts[2].isdigit():
        return None
    return Frame(KINDS[parts[0]], int(parts[1]), int(parts[2]), parts[3])
