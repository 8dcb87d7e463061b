"""What a receiver tells back of what it was sent: the endpoint's own headers, whose values may be secrets, leave its answer. Pure."""

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from burnish_webhooks.core.outcome import Answer, Response

REDACTED: Final = "[redacted]"
"""As logs have it."""

LEAST_CHARACTERS: Final = 8
"""A shorter value is no secret, and stands in many texts by chance."""


def without_own(answer: Answer, own: Collection[str]) -> Answer:
    """The answer as the log keeps it. `own`: values of the endpoint's headers. Pages that show an error often show the request with it."""
    if not isinstance(answer, Response):
        return answer
    told = list(_as_told(own))
    shown = {name: value if value is None else _without(value, told, ends_with="…") for name, value in answer.shown.items()}
    return replace(answer, snippet=_without(answer.snippet, told), shown=shown)


def _as_told(own: Collection[str]) -> Iterator[str]:
    """Longest first: whole, what follows a scheme (`Bearer …`), and both as JSON writes them."""
    parts = {part for value in own for part in (value.strip(), value.strip().partition(" ")[2].strip())}
    written = parts | {json.dumps(part)[1:-1] for part in parts}
    yield from sorted((one for one in written if len(one) >= LEAST_CHARACTERS), key=len, reverse=True)


def _without(text: str, told: list[str], *, ends_with: str = "") -> str:
    """Also where the text was cut within a value."""
    for value in told:
        text = text.replace(value, REDACTED)
    begun = text.removesuffix(ends_with)
    for value in told:
        for length in range(min(len(value), len(begun)), LEAST_CHARACTERS // 2 - 1, -1):
            if begun.endswith(value[:length]):
                return begun[: len(begun) - length] + REDACTED
    return text
