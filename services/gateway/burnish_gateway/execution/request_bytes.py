"""A request as the bytes that travel to an executor: made once, where its size is looked at, stamped whenever it is sent. Pure."""

from datetime import datetime
from typing import Final

from burnish_shared.contracts.executions import ExecutionRequest

STAMPS: Final = {"fence", "sent_at"}
"""What differs each time that the same request is sent."""


def unstamped(request: ExecutionRequest) -> bytes:
    """The JSON object of a request without its stamps; `stamped` completes it."""
    return request.model_dump_json(exclude_defaults=True, exclude=STAMPS).encode()


def stamped(body: bytes, *, fence: int, sent_at: datetime) -> bytes:
    """What an executor reads. `body`: of `unstamped`."""
    return b'{"fence":%d,"sent_at":"%s",%s' % (fence, sent_at.isoformat().encode(), body[1:])
