"""A kept response as events (`stream=true` of `GET /v1/responses/{id}`): made anew from the record, so each reading numbers them alike."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.compat.format import Facts
from burnish_gateway.compat.responses.events import ResponseEvents
from burnish_gateway.compat.responses.kept import asked_of, kept_response, repeated_of
from burnish_gateway.compat.responses.read import find_response, outcome_in
from burnish_gateway.compat.stream_chat import replayed_chat
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.read import Open
from burnish_gateway.execution.streaming import Last
from burnish_gateway.still_allowed import RECHECK_S
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.json_bytes import encoded

FIRST_LOOK_S: Final = 0.1
LOOK_MOST_S: Final = 15.0
"""Between two looks into the books at one that is under way: soon at first, then seldom, since the bus tells when it has ended."""

OF_BEGIN: Final = 2
"""Events that say that a response has begun, before anything is known of its answer."""


async def kept_events(
    gateway: Gateway,
    principal: Principal,
    response_id: str,
    *,
    starting_after: int | None,
    request_id: str,
    still: Callable[[], Awaitable[Principal]],
) -> AsyncGenerator[bytes | None, None]:
    """Events with a higher number than `starting_after`, and the last one in any case. Of one under way the rest comes
    when it has ended. Raises NotFound before anything is told; `still` raises where the caller may not read any more.
    """
    found = await find_response(gateway, principal, response_id)

    async def told() -> AsyncGenerator[bytes | None, None]:
        row, number = found, -1 if starting_after is None else starting_after
        try:
            if isinstance(row, Open):
                begun = _begun(response_id, repeated={"background": row.background})
                yield _after(begun.begin(), number)
                number = max(number, OF_BEGIN - 1)
                async with gateway.ends.of(_execution_of(response_id)) as ended:
                    looks = _Looks(ended)
                    while isinstance(row, Open):
                        is_due = await looks.due()
                        if gateway.inbox.is_over:
                            raise Unavailable("This gateway is stopped, and the response goes on; read it again.", retry_after_s=1)
                        reader = await still()
                        if is_due:
                            row = await find_response(gateway, reader, response_id)
                        yield None
            yield Last(_after(await _whole(row, request_id=request_id), number, keeps_last=True))
        except BurnishError as error:
            failing = _begun(response_id, repeated={})
            failing.number = number  # clients leave out what is numbered like an event that they had
            yield Last(failing.error(error, request_id=request_id))

    return told()


class _Looks:
    """When it is time to look into the books: at a word that it has ended, and else more and more seldom."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._pause_s = FIRST_LOOK_S
        self._at = self._loop.time() + self._pause_s

    async def due(self) -> bool:
        """Waits for the time, at most for RECHECK_S: whether it has come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(RECHECK_S, max(0.0, self._at - self._loop.time()))):
                await self._ended.wait()
        if not self._ended.is_set() and self._loop.time() < self._at:
            return False
        self._ended.clear()
        self._pause_s = min(LOOK_MOST_S, self._pause_s * 2)
        self._at = self._loop.time() + self._pause_s
        return True


async def _whole(row: Record, *, request_id: str) -> bytes:
    """All events of a response that has ended."""
    outcome, asked = outcome_in(row), asked_of(row)
    events = ResponseEvents(outcome["id"], outcome["model"], outcome["simulated"], repeated_of(asked), asked.called_as)
    if outcome["status"] == "success":
        return b"".join([part async for part in replayed_chat(encoded(outcome), events=events, request_id=request_id)])
    begun = events.begin()
    said = events.text(encoded(outcome["output"])) if outcome["output"] else b""
    return begun + said + events.failed(kept_response(outcome, asked=asked))


def _begun(response_id: str, *, repeated: Facts) -> ResponseEvents:
    return ResponseEvents(str(_execution_of(response_id)), None, False, repeated)


def _execution_of(response_id: str) -> UUID:
    return UUID(response_id.removeprefix("resp_"))


def _after(events: bytes, number: int, *, keeps_last: bool = False) -> bytes:
    """Those that are numbered higher: events are numbered from 0 in the order in which they stand. The last one holds the whole response:
    who counted more events as it came, which were shorter then, still hears how it ended."""
    parts = events.split(b"\n\n")[:-1]
    begin = min(number + 1, len(parts) - 1) if keeps_last else number + 1
    return b"".join(part + b"\n\n" for part in parts[begin:])
