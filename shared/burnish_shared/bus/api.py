"""Requests to the JetStream API in the server's own words (ADR-31 of nats-architecture-and-design), as JSON both ways."""

import json
from collections.abc import Mapping
from typing import Any, Final

import nats.errors

from burnish_shared.bus.connect import Bus
from burnish_shared.errors import Unavailable

TIMEOUT_S: Final = 2.0
"""A request that a dying server took with it is asked again this much later."""


class ApiError(Exception):
    """The JetStream API said no. `code` is its err_code."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{description} (err_code {code})")
        self.code = code


async def ask(bus: Bus, subject: str, body: Mapping[str, object] | None = None, *, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """The answer to `$JS.API.<subject>`. Raises ApiError when it is an error, Unavailable when none comes within `timeout_s`."""
    request = json.dumps(body).encode() if body is not None else b""
    try:
        answer = await bus.request(f"$JS.API.{subject}", request, timeout_s=timeout_s)
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise Unavailable("NATS cannot be reached at the moment; try again.", retry_after_s=1) from error
    decoded: dict[str, Any] = json.loads(answer.data)
    failure = decoded.get("error")
    if isinstance(failure, dict):
        raise ApiError(int(failure.get("err_code", 0)), str(failure.get("description", "")))
    return decoded
