"""Events of a stream that say the same as one before them in all but their text: only the text is read. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from burnish_shared.json_bytes import decoded

NAME: Final = b'"content"'
TO_TEXT: Final = re.compile(rb'"content"\s*:\s*"')

LEARNED_MOST: Final = 3
"""Events that are learned of one stream: where each differs in more than its text, that is all it costs."""


class Alike:
    """What stands before and behind the text of events."""

    __slots__ = ("_after", "_before", "_learned")

    def __init__(self) -> None:
        self._before = self._after = b""
        self._learned = 0

    def learn(self, data: bytes) -> None:
        """`data`: a JSON object that says a text under the name `content`. Where no backslash is in it, each quote begins or ends a string,
        so a name that stands there once is where the text is."""
        if self._learned >= LEARNED_MOST:
            return
        self._learned += 1
        found = TO_TEXT.search(data) if b"\\" not in data and data.count(NAME) == 1 else None
        if found is not None:
            self._before, self._after = data[: found.end()], data[data.index(b'"', found.end()) :]

    def read(self, events: Sequence[bytes], at: int) -> tuple[str, int]:
        """The text of the events from `at` on that are like the learned one, none of them empty, and how many they are; 0 for the first
        that is not."""
        before, after = self._before, self._after
        if not before:
            return "", 0
        least, end, told = len(before) + len(after), -len(after), []
        for nth in range(at, len(events)):
            data = events[nth]
            if len(data) <= least or not (data.startswith(before) and data.endswith(after)):
                break
            told.append(data[len(before) : end])
        return _text_of(told) if told else ("", 0)


def _text_of(told: Sequence[bytes]) -> tuple[str, int]:
    """Of what stands within quotes, up to the first that is no JSON string. Escapes, and bytes of one character, must not meet across
    two of them."""
    whole = b"".join(told)
    if b"\\" not in whole and whole.isascii() and (text := _string(whole)) is not None:
        return text, len(told)
    texts: list[str] = []
    for one in told:
        if (text := _string(one)) is None:
            break
        texts.append(text)
    return "".join(texts), len(texts)


def _string(told: bytes) -> str | None:
    try:
        text: str = decoded(b'"%s"' % told)
    except ValueError:
        return None
    return text
