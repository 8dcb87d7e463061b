"""What stands in for what was found, and the way back. One execution has one set of masks, kept in memory only."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from burnish_shared.guarding.changes import Edit, Editor, applied
from burnish_shared.guarding.spans import Finder, Found, Parts, found_in, to_bytes, to_text

MASK: Final = re.compile(r"(?:(?<!\\)\\(?=\[[A-Z0-9_]+\\[_\]]))?\[([A-Z][A-Z0-9]*(?:\\?_[A-Z0-9]+)*)\\?_([0-9]{1,6})\\?\]")
"""As it was written, or with the backslashes that models set in Markdown. The first belongs to it only where it is not the only one, and is
none of two, which say a backslash.
"""

WRITTEN: Final = re.compile(MASK.pattern.encode())
"""The same in bytes."""

OPENED: Final = re.compile(rb"\\?(?:\[[A-Z0-9_\\]{0,60})?$")
"""The end of a text that may be the beginning of a mask."""

HALVES: Final = re.compile("[\ud800-\udfff]")

Spelling = Callable[[str], str]


def as_is(value: str) -> str:
    return value


def in_json(value: str) -> str:
    """As it stands between the quotes of a JSON string. Half of a surrogate pair, which models do send, is written as an escape."""
    written = json.dumps(value, ensure_ascii=False)[1:-1]
    return json.dumps(value)[1:-1] if HALVES.search(written) else written


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
        return to_text(applied(raw, self._edits(raw, found))) if found else text, Counter(one.kind for one in found)

    def hiding(self, finders: Sequence[Finder]) -> Editor:
        """What hides so in one text after the other."""
        return Editor(lambda raw, parts: self._edits(raw, found_in(raw, finders, parts)))

    def _edits(self, raw: bytes, found: Sequence[Found]) -> list[Edit]:
        return [Edit(one.start, one.end, self.mask_of(one.kind, to_text(raw[one.start : one.end]))) for one in found]

    def restore(self, text: str, *, spelling: Spelling = as_is) -> str:
        """The text with our masks replaced by what they stand for; one that is not ours stays."""
        if not self._by_mask or "[" not in text:
            return text

        def value_of(match: re.Match[str]) -> str:
            value = self._by_mask.get(f"[{match[1]}_{match[2]}]".replace("\\", ""))
            return match[0] if value is None else spelling(value)

        return MASK.sub(value_of, text)

    def telling(self, finders: Sequence[Finder]) -> Editor:
        """What blots out in one text after the other what is found, and restores our masks in the rest."""
        return Editor(lambda raw, parts: list(self._told(raw, blots(raw, finders, parts))))

    def _told(self, raw: bytes, blotting: Sequence[Edit]) -> Iterator[Edit]:
        at = 0
        for one in blotting:
            yield from self._restored(raw, at, one.start)
            yield one
            at = one.end
        yield from self._restored(raw, at, len(raw))

    def _restored(self, raw: bytes, start: int, end: int) -> Iterator[Edit]:
        for match in WRITTEN.finditer(raw, start, end) if self._by_mask else ():
            value = self._by_mask.get(f"[{match[1].decode()}_{match[2].decode()}]".replace("\\", ""))
            if value is not None:
                yield Edit(*match.span(), value)


def blots(raw: bytes, finders: Sequence[Finder], parts: Parts | None = None) -> list[Edit]:
    """What is found, replaced by `[EMAIL]`, without a way back."""
    return [Edit(one.start, one.end, f"[{one.kind.upper()}]") for one in found_in(raw, finders, parts)]


def blotting(finders: Sequence[Finder]) -> Editor:
    """What blots out so in one text after the other."""
    return Editor(lambda raw, parts: blots(raw, finders, parts))


def blotted(raw: bytes, finders: Sequence[Finder]) -> bytes:
    """The bytes with what is found blotted out."""
    return applied(raw, blots(raw, finders))
