"""Headers of an attempt as the delivery log keeps them: secrets hidden, and of a bounded size. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

HEADERS_MOST: Final = 40
VALUE_MOST_CHARACTERS: Final = 300
ALL_MOST_CHARACTERS: Final = 4_000

Shown = Mapping[str, str | None]
"""Names in lower case; None: the value is hidden."""

_SECRET_NAME: Final = re.compile(r"auth|cookie|token|secret|passw|key|credential|session", re.IGNORECASE)


def shown_request(headers: Mapping[str, str], *, own: Collection[str]) -> Shown:
    """`own`: names that the endpoint's owner gave, whose values may be secrets of theirs."""
    return _bounded((name, None if name in own else value) for name, value in headers.items())


def shown_response(headers: Iterable[tuple[str, str]]) -> Shown:
    """A name that comes twice has its values in one line."""
    together: dict[str, str] = {}
    for given, value in headers:
        name = given.lower()
        together[name] = f"{together[name]}, {value}" if name in together else value
    return _bounded((name, None if _SECRET_NAME.search(name) else value) for name, value in together.items())


def _bounded(headers: Iterable[tuple[str, str | None]]) -> Shown:
    kept: dict[str, str | None] = {}
    left = ALL_MOST_CHARACTERS
    for name, value in headers:
        text = None if value is None else _cut(value)
        left -= len(name) + len(text or "")
        if left < 0 or len(kept) == HEADERS_MOST:
            break
        kept[_storable(name)] = text
    return kept


def _cut(value: str) -> str:
    text = _storable(value)
    return text if len(text) <= VALUE_MOST_CHARACTERS else text[: VALUE_MOST_CHARACTERS - 1] + "…"


def _storable(text: str) -> str:
    """What receivers send may be no text at all."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
