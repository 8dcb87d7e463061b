"""Server-sent events as ready bytes, ended when the client goes away or does not read."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from burnish_gateway.wire import error_response
from burnish_shared.errors import BurnishError
from burnish_shared.waiting import Patience

SLOW_READER_S = 60.0
"""A client that takes nothing for this long is cut off (PROMISES G-14), unless a setting says how long."""

KEEP_ALIVE_S = 10.0
KEEP_ALIVE = b": alive\n\n"

T = TypeVar("T")


class Last(bytes):
    """A part that no other follows: the end of the stream leaves with it, in one write."""

    __slots__ = ()


class EventStream(Response):
    """Streams `parts`, and closes them when the client goes away, so that no model is asked for longer than anybody listens."""

    media_type = "text/event-stream"

    def __init__(
        self,
        parts: AsyncGenerator[bytes, None],
        status_code: int = 200,
        *,
        headers: Mapping[str, str],
        slow_reader_s: float = SLOW_READER_S,
    ) -> None:
        super().__init__(None, status_code, headers={"cache-control": "no-cache", "x-accel-buffering": "no", **headers})
        self.raw_headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        self._parts, self._slow_reader_s = parts, slow_reader_s

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        streaming = asyncio.create_task(self._stream(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            streaming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await streaming

    async def _stream(self, send: Any) -> None:
        patience = Patience()
        async with contextlib.aclosing(self._parts) as parts:
            try:
                # Here, so that it leaves with the first part where that is there already.
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                async for part in parts:
                    is_last = isinstance(part, Last)
                    sending = send({"type": "http.response.body", "body": part, "more_body": not is_last})
                    await patience.within(self._slow_reader_s, sending)
                    if is_last:
                        return
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except (OSError, TimeoutError):
                return  # nobody reads any more
            finally:
                patience.close()


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What `work` returns. When the client goes away before, `work` is cancelled and ClientDisconnect raised, of which nobody hears."""
    task, has_left = asyncio.current_task(), False
    if task is None:
        return await work
    before = task.cancelling()

    async def leave() -> None:
        nonlocal has_left
        await _gone(request.receive)
        has_left = True
        task.cancel()

    leaving = task.get_loop().create_task(leave())
    try:
        return await work
    except asyncio.CancelledError:
        if not has_left or task.cancelling() > before + 1:
            raise  # Somebody else cancelled it.
        raise ClientDisconnect from None
    finally:
        leaving.cancel()
        if has_left:
            task.uncancel()


async def unless_over(over: asyncio.Event, work: Coroutine[Any, Any, T], *, otherwise: Callable[[], BurnishError]) -> T:
    """What `work` returns. Where `over` is set before, `work` is cancelled and `otherwise` raised."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(over.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise otherwise()
        return working.result()
    finally:
        waiting.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})


def error_event(error: BurnishError, *, request_id: str) -> bytes:
    """The server-sent event `error`: the one shape of an error, as the end of a stream."""
    return b"event: error\ndata: " + bytes(error_response(error, request_id=request_id).body) + b"\n\n"


async def paced(parts: AsyncGenerator[bytes | None, None]) -> AsyncGenerator[bytes, None]:
    """Drops the Nones, which only say that something lives, and parts of which a format tells nothing; turns one into a comment when
    nothing was sent for KEEP_ALIVE_S. Closes `parts` with itself: one that is left is closed turns of the loop later, and what it holds
    with it."""
    loop = asyncio.get_running_loop()
    sent_at = loop.time()
    async with contextlib.aclosing(parts):
        async for part in parts:
            if not part and loop.time() - sent_at < KEEP_ALIVE_S:
                continue
            sent_at = loop.time()
            yield part or KEEP_ALIVE
