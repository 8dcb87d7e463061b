"""An answer on its way out, piece by piece: what must not be said is held back until it is known not to be there.

Of a stream, only the end that might still become something waits: at most HELD_MOST bytes, and in most texts the last word. Rules that
need the whole answer hold all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from burnish_shared.guarding.arguments import changed_text, is_like_json, texts_in_text
from burnish_shared.guarding.masks import OPENED, WRITTEN, Masks, Spelling, as_is, in_json
from burnish_shared.guarding.rules import Rule, Stopped, is_beyond
from burnish_shared.guarding.spans import BLANKS, Finder, Found, OpenFrom, at_character, found_in, to_bytes, to_text

HELD_MOST: Final = 8_192
"""Bytes that wait at most for the end of something that was found; then it is masked as far as it came, and the rest of the word goes."""

MASK_MOST_BYTES: Final = 80

CONTEXT_BYTES: Final = 128
"""Of what was told already, so much is looked at again: `password: ` says what the next word is."""


@dataclass(slots=True)
class Outgoing:
    """`feed` and `end` return what may be told now, or which rule stopped it; after that, nothing more is told."""

    rules: Sequence[Rule]
    masks: Masks
    spelling: Spelling = as_is
    characters: int = 0
    size_bytes: int = 0
    _waiting: bytes = b""
    _context: bytes = b""
    _drops_word: bool = False
    _all: list[str] = field(default_factory=list, repr=False)
    finders: list[Finder] = field(init=False, repr=False)
    opens: list[OpenFrom] = field(init=False, repr=False)
    needs_whole: bool = field(init=False)
    holds_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.finders = [finder for rule in self.rules for finder in rule.finders]
        looking = [finder for rule in self.rules for finder in (*rule.finders, *rule.stoppers)]
        self.opens = list(dict.fromkeys(finder.open_from for finder in looking))
        self.needs_whole = any(rule.needs_whole for rule in self.rules)
        self.holds_bytes = max((rule.holds_bytes for rule in self.rules), default=0)

    def feed(self, text: str) -> str | Stopped:
        """The next piece."""
        self._all.append(text)
        raw = to_bytes(text)
        self.characters += len(text)
        self.size_bytes += len(raw)
        if self.needs_whole:
            return ""  # a copy of all that waits for each piece would grow with the square of the answer
        self._waiting += raw
        whole = self._context + self._waiting
        stopped = self._stopped(whole)
        if stopped is not None:
            return stopped
        found = found_in(whole, self.finders)
        return self._tell(self._safe(whole, found), whole, found)

    def end(self) -> str | Stopped:
        """The answer is whole. Own checks are somebody else's to run, before this."""
        if self.needs_whole and self.spelling is in_json and is_like_json(self.text):
            return self._read()
        if self.needs_whole:
            self._waiting = to_bytes(self.text)
        raw = self._context + self._waiting
        stopped = self._stopped(raw, whole=self.text if self.needs_whole else None)
        return stopped if stopped is not None else self._tell(len(self._waiting), raw, found_in(raw, self.finders))

    def _read(self) -> str | Stopped:
        """An answer that is JSON, as whoever parses it reads it."""
        for text in texts_in_text(self.text):
            stopping = next((rule for rule in self.rules if rule.stops_whole(text)), None)
            if stopping is not None:
                return Stopped(stopping.name)
        return changed_text(self.text, self.masks.telling(self.finders))

    @property
    def text(self) -> str:
        """All that came, as it came."""
        return "".join(self._all)

    def _stopped(self, raw: bytes, *, whole: str | None = None) -> Stopped | None:
        """Sizes are of the whole; phrases and patterns can only stand in what waits, and in the little before it."""
        near: str | None = None
        for rule in self.rules:
            if rule.size is not None and is_beyond(rule.size, characters=self.characters, size_bytes=self.size_bytes):
                return Stopped(rule.name)
            if rule.stoppers and found_in(raw, rule.stoppers):
                return Stopped(rule.name)
            if rule.stops is None or (rule.needs_whole and whole is None):
                continue
            near = near or to_text(raw)
            if rule.stops(near if whole is None else whole):
                return Stopped(rule.name)
        return None

    def _safe(self, raw: bytes, in_it: Sequence[Found]) -> int:
        """How many of the waiting bytes may be told: before anything that is not whole, and not in the middle of what was found."""
        offset, cut = len(self._context), len(raw)
        cut = min([cut - self.holds_bytes, *(open_from(raw) for open_from in self.opens)])
        if self.masks and (opened := OPENED.search(raw, max(0, cut - MASK_MOST_BYTES))) is not None:
            cut = min(cut, opened.start())
        if self.masks:
            cut = min([cut, *(one.start() for one in WRITTEN.finditer(raw) if one.start() < cut < one.end())])
        for found in in_it:
            if found.start < cut < found.end or found.end == len(raw):
                cut = min(cut, found.start)
        if self.masks and cut > 0 and raw[cut : cut + 1] == b"\\":
            cut = len(raw[:cut].rstrip(b"\\"))  # whether it belongs to a mask is told by those before it
        cut = max(cut, offset, len(raw) - HELD_MOST)
        return at_character(raw, cut) - offset if cut < len(raw) else cut - offset

    def _tell(self, count: int, raw: bytes, in_it: Sequence[Found]) -> str:
        """So many of the waiting bytes, masked and restored."""
        if count <= 0:
            return ""
        offset = len(self._context)
        last = offset + count
        parts: list[str] = []
        at, goes_on = offset, self._drops_word
        if goes_on:
            at = _end_of_word(raw, at, last)
            self._drops_word = at == last
        for found in in_it:
            if found.end <= at or found.start >= last:
                continue
            parts.append(self._restored(raw[at : max(at, found.start)]))
            if not goes_on or found.start >= offset:
                parts.append(f"[{found.kind.upper()}]")
            at = min(found.end, last)
            self._drops_word = found.end > last
        parts.append(self._restored(raw[at:last]))
        self._waiting = raw[last:]
        self._context = raw[at_character(raw, max(0, last - CONTEXT_BYTES)) : last]
        return "".join(parts)

    def _restored(self, raw: bytes) -> str:
        return self.masks.restore(to_text(raw), spelling=self.spelling)


def through(text: str, rules: Sequence[Rule], masks: Masks, *, spelling: Spelling = as_is) -> str | Stopped:
    """A text that is whole, as it may be told. Own checks are somebody else's to run."""
    outgoing = Outgoing(rules, masks, spelling)
    outgoing.needs_whole = True
    begun = outgoing.feed(text)
    if isinstance(begun, Stopped):
        return begun
    rest = outgoing.end()
    return rest if isinstance(rest, Stopped) else begun + rest


def _end_of_word(raw: bytes, at: int, last: int) -> int:
    while at < last and raw[at] not in BLANKS:
        at += 1
    return at
