"""Long answers in JSON go out packed to who takes them so: a list of fifty runs is 41 kB, and 5 packed (docs/decisions/0129).

Behind `ShortWay`, so that no call of a model goes through it. Plain ASGI, as `middleware.py`.
"""

import gzip
from typing import Any, Final

from burnish_gateway.page.headers import accepted_coding

LEAST_BYTES: Final = 4_096
"""Fewer travel in a few packets anyway."""

MOST_BYTES: Final = 1_048_576
"""More would hold up everybody else while it is packed: 3 ms a megabyte."""

LEVEL: Final = 3
"""Of gzip's nine: half of the time of the usual sixth, for an eighth more bytes."""

JSON: Final = b"application/json"
CODING: Final = "gzip"
KEPT_OUT: Final = frozenset({b"content-encoding", b"etag"})
"""What is packed already; and what is delivered again and again, under a mark that promises the same bytes."""


class Packed:
    """Packs what a GET is answered with, where it is JSON that is there as a whole, neither short nor very long, and the caller takes
    gzip. Streams, files and all else pass as they are."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        taken = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-encoding")
        await self.app(scope, receive, _Sender(send, is_taken=accepted_coding(taken, (CODING,)) is not None))


class _Sender:
    """`send` of one request. The head of an answer that may be packed waits for its body, which comes with it."""

    def __init__(self, send: Any, *, is_taken: bool) -> None:
        self._send = send
        self._is_taken = is_taken
        self._head: Any = None

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start" and _may_be_packed(message):
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None:
            body = message.get("body", b"")
            if self._is_taken and not message.get("more_body"):
                body = gzip.compress(body, LEVEL, mtime=0)
                message = message | {"body": body}
                head = _with(head, (b"content-encoding", CODING.encode()), (b"content-length", b"%d" % len(body)))
            await self._send(head | {"headers": [*head["headers"], (b"vary", b"Accept-Encoding")]})
        await self._send(message)


def _may_be_packed(head: Any) -> bool:
    said = dict(head["headers"])
    length = said.get(b"content-length", b"")
    return (
        said.get(b"content-type", b"").partition(b";")[0].strip() == JSON
        and length.isdigit()
        and LEAST_BYTES <= int(length) <= MOST_BYTES
        and KEPT_OUT.isdisjoint(said)
    )


def _with(head: Any, *headers: tuple[bytes, bytes]) -> Any:
    """With these in place of those of the same name."""
    names = {name for name, _ in headers}
    return head | {"headers": [one for one in head["headers"] if one[0] not in names] + list(headers)}
