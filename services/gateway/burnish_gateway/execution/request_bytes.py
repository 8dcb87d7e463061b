"""A request as the bytes that travel to an executor: made once, where its size is looked at, stamped whenever it is sent. Pure."""

from datetime import datetime
from typing import Any, Final

from burnish_shared.contracts.executions import ExecutionRequest

STAMPS: Final = {"fence", "sent_at"}
"""What differs each time that the same request is sent."""


ABOUT: Final[Any] = {
    "prompt": True, "route": {"model", "provider", "simulated"},
    "caller": {"user_id", "session_id", "app", "api_key_id", "previous_id"},
    "group_key": True, "experiment": True, "request_id": True, "hops": True, "traceparent": True,
}  # fmt: skip
"""What the record of an execution says that nobody began (`about_of` in db/sql/0108_previous_of_unbegun.sql): nothing of what was asked."""


def about(request: ExecutionRequest) -> bytes:
    """As much of a request as its record needs where nobody answered it."""
    return request.model_dump_json(exclude_defaults=True, include=ABOUT).encode()


def unstamped(request: ExecutionRequest) -> bytes:
    """The JSON object of a request without its stamps; `stamped` completes it."""
    return request.model_dump_json(exclude_defaults=True, exclude=STAMPS).encode()


def stamped(body: bytes, *, fence: int, sent_at: datetime) -> bytes:
    """What an executor reads. `body`: of `unstamped`."""
    return b'{"fence":%d,"sent_at":"%s",%s' % (fence, sent_at.isoformat().encode(), body[1:])
