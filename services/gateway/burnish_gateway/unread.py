"""Requests whose body is still on its way when the gateway gives no more time: their callers hear so, as nothing of them was done."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect

from burnish_shared.errors import PayloadTooLarge, Unavailable

BODY_IS_HERE: Final = "burnish.body_is_here"
"""Set in the scope of a request by `http_protocol.py` once the last byte of its body came."""

BODY_WAS_READ: Final = "burnish.body_was_read"
"""Set in the scope by who first asks for the body, whether it had come by then or not: what comes after it is for who waits for the end."""

NOT_WHOLE: Final = "This gateway is stopped, and the request had not come whole: nothing of it was done; send it again."


@dataclass(slots=True)
class Unread:
    """The tasks that read a body, of one application."""

    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)
    _is_over: bool = False

    def end(self) -> None:
        """Nobody's body is waited for any longer, nor is any begun."""
        self._is_over = True
        tasks = list(self._tasks)
        self._tasks.clear()
        for task in tasks:
            task.cancel()

    def check_open(self) -> None:
        """Raises Unavailable once `end` was called."""
        if self._is_over:
            raise Unavailable(NOT_WHOLE, retry_after_s=1)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """The current task reads within. Raises Unavailable once `end` is called before it has come whole, and at once after it."""
        self.check_open()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a request is answered in one
        self._tasks.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if task in self._tasks or task.uncancel():
                raise  # Somebody else cancelled it.
            raise Unavailable(NOT_WHOLE, retry_after_s=1) from None
        finally:
            self._tasks.discard(task)


def unread_of(app: FastAPI) -> Unread:
    """The one of this application."""
    if not hasattr(app.state, "unread"):
        app.state.unread = Unread()
    unread: Unread = app.state.unread
    return unread


async def whole_body(request: Request, *, most_bytes: int) -> bytes:
    """One that has come in full by now, as those of most calls have: nothing is waited for, so there is no time to be kept.

    Raises PayloadTooLarge, Unavailable, ClientDisconnect.
    """
    unread_of(request.app).check_open()
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    request._stream_consumed = True  # as its stream leaves it: who asks again is told so, and waits for nothing
    body: bytes = message["body"]
    if len(body) > most_bytes:
        raise PayloadTooLarge(f"The body is longer than {most_bytes} bytes.")
    return body
