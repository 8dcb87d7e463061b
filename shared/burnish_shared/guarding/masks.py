"""What stands in for what was found, and the way back. One execution has one set of masks, kept in memory only."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from burnish_shared.guarding.spans import Finder, found_in, to_bytes, to_text

MASK: Final = re.compile(r"\\?\[([A-Z][A-Z0-9]*(?:\\?_[A-Z0-9]+)*)\\?_([0-9]{1,6})\\?\]")
"""As it was written, or with the backslashes that models set in Markdown."""

WRITTEN: Final = re.compile(MASK.pattern.encode())
"""The same in bytes."""

OPENED: Final = re.compile(rb"\\?(?:\[[A-Z0-9_\\]{0,60})?$")
"""The end of a text that may be the beginning of a mask."""

Spelling = Callable[[str], str]


def as_is(value: str) -> str:
    return value


def in_json(value: str) -> str:
    """As it stands between the quotes of a JSON string."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


@dataclass(slots=True)
class Masks:
    """The same value has the same mask everywhere. `spoken_for`: masks that the text holds by itself, which must not be taken for ours."""

    spoken_for: set[str] = field(default_factory=set)
    _by_value: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    _by_mask: dict[str, str] = field(default_factory=dict, repr=False)
    _last: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._by_mask)

    def leave(self, text: str) -> None:
        """What looks like a mask in this text stays what it is. Call it before anything is hidden."""
        if "[" in text:
            self.spoken_for.update(f"[{one[1]}_{one[2]}]".replace("\\", "") for one in MASK.finditer(text))

    def mask_of(self, kind: str, value: str) -> str:
        known = self._by_value.get((kind, value))
        if known is not None:
            return known
        while True:
            number = self._last[kind] = self._last.get(kind, 0) + 1
            mask = f"[{kind.upper()}_{number}]"
            if mask not in self.spoken_for:
                break
        self._by_value[(kind, value)] = mask
        self._by_mask[mask] = value
        return mask

    def hide(self, text: str, finders: Sequence[Finder]) -> tuple[str, dict[str, int]]:
        """The text with what is found replaced, and how many of each kind there were."""
        raw = to_bytes(text)
        found = found_in(raw, finders)
        if not found:
            return text, {}
        parts: list[str] = []
        counts: dict[str, int] = {}
        at = 0
        for one in found:
            parts += [to_text(raw[at : one.start]), self.mask_of(one.kind, to_text(raw[one.start : one.end]))]
            counts[one.kind] = counts.get(one.kind, 0) + 1
            at = one.end
        return "".join([*parts, to_text(raw[at:])]), counts

    def restore(self, text: str, *, spelling: Spelling = as_is) -> str:
        """The text with our masks replaced by what they stand for; one that is not ours stays."""
        if not self._by_mask or "[" not in text:
            return text

        def value_of(match: re.Match[str]) -> str:
            value = self._by_mask.get(f"[{match[1]}_{match[2]}]".replace("\\", ""))
            return match[0] if value is None else spelling(value)

        return MASK.sub(value_of, text)


def blotted(raw: bytes, finders: Sequence[Finder]) -> bytes:
    """The bytes with what is found replaced by `[EMAIL]`, without a way back."""
    found = found_in(raw, finders)
    if not found:
        return raw
    parts: list[bytes] = []
    at = 0
    for one in found:
        parts += [raw[at : one.start], f"[{one.kind.upper()}]".encode()]
        at = one.end
    return b"".join([*parts, raw[at:]])
