"""What is changed in a text, and where: so that it can also be changed where the same text is written otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from burnish_shared.guarding.spans import Parts, to_bytes, to_text


@dataclass(frozen=True, slots=True)
class Edit:
    """One part, from `start` up to `end` in bytes, and what stands there instead."""

    start: int
    end: int
    by: str


@dataclass(frozen=True, slots=True)
class Editor:
    """Changes texts. `edits`: what it changes in one, in order, none over another, and none over more than one of its parts."""

    edits: Callable[[bytes, Parts | None], Sequence[Edit]]

    def __call__(self, text: str) -> str:
        raw = to_bytes(text)
        edits = self.edits(raw, None)
        return to_text(applied(raw, edits)) if edits else text


def applied(raw: bytes, edits: Sequence[Edit]) -> bytes:
    """The bytes with the edits made."""
    if not edits:
        return raw
    parts: list[bytes] = []
    at = 0
    for one in edits:
        parts += [raw[at : one.start], to_bytes(one.by)]
        at = one.end
    return b"".join([*parts, raw[at:]])
