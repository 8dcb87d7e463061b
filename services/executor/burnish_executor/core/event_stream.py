"""Server-sent events from a provider: bytes in, the data of whole events out, with bounded memory (WHATWG HTML, section 9.2)."""

LINE_MOST_BYTES = 1024 * 1024
"""A single line above this is no chunk of a chat model; it is refused before it fills the memory (PROMISES E-07)."""

MARK = b"\xef\xbb\xbf"
"""A byte order mark may stand before the first line."""


class LineTooLong(ValueError):
    """One line grew beyond LINE_MOST_BYTES."""


class EventStream:
    """Splits a byte stream into the `data` of its events. Comments and other fields are skipped."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._is_first = True
        self._after_cr = False

    def feed(self, part: bytes) -> list[bytes]:
        """The data of the events that this part completes. Raises LineTooLong."""
        if self._is_between and (whole := _whole_events(part)) is not None:
            return whole
        return self._lines_of(part)

    @property
    def _is_between(self) -> bool:
        """Nothing of an event has come that is not whole."""
        return not (self._rest or self._data or self._is_first or self._after_cr)

    def _lines_of(self, part: bytes) -> list[bytes]:
        events: list[bytes] = []
        if self._after_cr or b"\r" in part:
            part = self._with_lf(part)
        *lines, self._rest = (self._rest + part).split(b"\n")
        if len(self._rest) > LINE_MOST_BYTES:
            raise LineTooLong
        if self._is_first and lines:
            lines[0], self._is_first = lines[0].removeprefix(MARK), False
        for line in lines:
            if len(line) > LINE_MOST_BYTES:
                raise LineTooLong
            if not line:
                if self._data:
                    events.append(b"\n".join(self._data))
                    self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
        return events

    def _with_lf(self, part: bytes) -> bytes:
        """A line may end with CR, LF or both; the LF of one whose CR came with the part before has been counted."""
        if self._after_cr and part:
            part, self._after_cr = part.removeprefix(b"\n"), False
        if part.endswith(b"\r"):
            self._after_cr = True
        return part.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def rest(self) -> list[bytes]:
        """The data of the event that the stream ended in: its last line, or the blank one behind it, never came."""
        return self.feed(b"\n\n")


def _whole_events(part: bytes) -> list[bytes] | None:
    """Of a part that is events of one line of data each, as nearly all are, what `EventStream` finds in it line by line; None for any
    other."""
    if len(part) > LINE_MOST_BYTES or not (part.startswith(b"data: ") and part.endswith(b"\n\n")) or b"\r" in part:
        return None
    events = part[6:-2].split(b"\n\ndata: ")
    return events if part.count(b"\n") == 2 * len(events) else None
