"""Cuts executions that are booked together so that the event which tells of them fits one message of NATS (PROMISES M-13), and joins
what was booked in several turns and is sent in one.

What does not fit is refused by the server, and tried again for ever: it would be in the books and in no figure.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from burnish_shared.books.finished import FinishedExecution

EVENT_MOST_BYTES: Final = 700_000
"""Of the megabyte that a message may have: the same as feedback, with room for headers and for what a later version adds."""

Booked = TypeVar("Booked")


def in_events(rows: Sequence[Booked], row_of: Callable[[Booked], FinishedExecution]) -> Iterator[Sequence[Booked]]:
    """The rows in order, in as few parts as their events allow. One that is too large alone is a part of its own."""
    start, size_bytes = 0, 0
    for n, row in enumerate(rows):
        event = row_of(row).completed_event
        event_bytes = len(event) if event.isascii() else len(event.encode())
        if n > start and size_bytes + event_bytes > EVENT_MOST_BYTES:
            yield rows[start:n]
            start, size_bytes = n, 0
        size_bytes += event_bytes + 1
    if start < len(rows):
        yield rows[start:]


def joined_events(events: Sequence[tuple[str, bytes]]) -> tuple[str, bytes] | None:
    """One event of those that `settle` wrote, each (its id, its body); None where one of them has another form.

    Its id says which they are. Sent again together they are known; sent again with others they are another event, of which each
    execution that was counted is left out.
    """
    items: list[bytes] = []
    for event_id, body in events:
        head = _head(event_id)
        if not body.startswith(head) or not body.endswith(_TAIL):
            return None
        items.append(body[len(head) : -len(_TAIL)])
    if not all(items):
        return None
    event_id = hashlib.sha256("\n".join(one for one, _ in events).encode()).hexdigest()[:32]
    return event_id, _head(event_id) + b",".join(items) + _TAIL


_TAIL: Final = b"]}"


def _head(event_id: str) -> bytes:
    return f'{{"v":1,"event_id":"{event_id}","items":['.encode()
