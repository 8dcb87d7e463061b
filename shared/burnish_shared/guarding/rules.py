"""Guardrails as they are configured, made ready to look: patterns compiled once for a workspace, chosen by prompt and side."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import re2

from burnish_shared.contracts.guardrails import (
    PERSONAL_KINDS,
    Deny,
    GuardrailSettings,
    Injection,
    Language,
    Masking,
    OwnCheck,
    OwnPattern,
    PersonalData,
    Secrets,
    Side,
    Size,
)
from burnish_shared.guarding import secret_shapes
from burnish_shared.guarding.language import language_of
from burnish_shared.guarding.personal_data import FINDERS
from burnish_shared.guarding.phrases import Look, holding_any, holding_injection
from burnish_shared.guarding.spans import PROGRAM_MOST, Find, Finder, Found, compiled, found_in, to_bytes
from burnish_shared.tokens import BYTES_PER_TOKEN

BLANKS_MOST: Final = 16
"""Bytes that wait beyond the longest phrase: blanks between its words, and the letter behind it."""


class BadPattern(ValueError):
    """A pattern that is not used here: `name` says which."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


@dataclass(frozen=True, slots=True)
class Rule:
    """One guardrail. `finders`: what is masked. What stops a text: something that `stoppers` find, `stops` says so, more than `size`,
    or the own code of `check`, which somebody else runs.

    `holds_bytes`: so much of a streamed text waits for `stops`; `needs_whole`: all of it does, until the end. `is_of_prose`: it looks
    at the texts of messages alone, and not at names, thoughts and tool calls.
    """

    name: str
    prompts: frozenset[str] = frozenset()
    sides: frozenset[Side] = frozenset()
    finders: tuple[Finder, ...] = ()
    stoppers: tuple[Finder, ...] = ()
    stops: Look | None = None
    size: Size | None = None
    check: OwnCheck | None = None
    holds_bytes: int = 0
    needs_whole: bool = False
    is_of_prose: bool = False

    def stops_whole(self, text: str) -> bool:
        """Whether it stops this text, as far as can be told without running code."""
        if self.size is not None:
            return is_beyond(self.size, characters=len(text), size_bytes=len(to_bytes(text)))
        return bool(self.stoppers and found_in(to_bytes(text), self.stoppers)) or (self.stops is not None and self.stops(text))

    def is_for(self, slug: str | None, side: Side) -> bool:
        return side in self.sides and (not self.prompts or slug in self.prompts)


@dataclass(frozen=True, slots=True)
class Stopped:
    """Which rule stopped a text. Nothing of the text is told. `unchecked`: why its own code could not look at it."""

    rule: str
    unchecked: str | None = None


@dataclass(slots=True)
class Rules:
    """Everything that a workspace configured. `stored`: what is blotted out of rows."""

    rules: tuple[Rule, ...] = ()
    stored: tuple[Finder, ...] = ()
    _chosen: dict[tuple[str | None, Side], tuple[Rule, ...]] = field(default_factory=dict)

    def of(self, slug: str | None, side: Side) -> tuple[Rule, ...]:
        """Those for this prompt (None: a call without one), in the order in which they were made."""
        if not self.rules:
            return ()
        chosen = self._chosen.get((slug, side))
        if chosen is None:
            chosen = tuple(one for one in self.rules if one.is_for(slug, side))
            if len(self._chosen) < 10_000:
                self._chosen[(slug, side)] = chosen
        return chosen


NONE: Final = Rules()
"""Of a workspace that configured nothing."""


def rule_of(name: str, settings: GuardrailSettings, *, prompts: Iterable[str] = (), sides: Iterable[Side] = ("in",)) -> Rule:
    """Compiles one. Raises BadPattern."""
    rule = Rule(name, frozenset(prompts), frozenset(sides))
    match settings:
        case PersonalData(action=action):
            finders = tuple(_personal(settings))
            return replace(rule, finders=finders) if action == "mask" else replace(rule, stoppers=finders)
        case Secrets(action=action):
            finders = (secret_shapes.FINDER,)
            return replace(rule, finders=finders) if action == "mask" else replace(rule, stoppers=finders)
        case Deny(phrases=phrases, patterns=patterns, ignore_case=ignore_case):
            rule = replace(rule, stoppers=tuple(_own(one) for one in patterns))
            if not phrases:
                return rule
            longest = max(len(to_bytes(one)) for one in phrases)
            return replace(rule, stops=holding_any(phrases, ignore_case=ignore_case), holds_bytes=longest + BLANKS_MOST)
        case Injection(phrases=phrases):
            return replace(rule, stops=holding_injection(phrases), needs_whole=True)
        case Size():
            return replace(rule, size=settings)
        case Language(languages=languages):
            return replace(rule, stops=_foreign(frozenset(languages)), needs_whole=True, is_of_prose=True)
        case OwnCheck():
            return replace(rule, check=settings, needs_whole=True)


def is_beyond(size: Size, *, characters: int, size_bytes: int) -> bool:
    """Tokens are estimated by bytes, as holds are."""
    if size.most_characters is not None and characters > size.most_characters:
        return True
    return size.most_tokens is not None and -(-size_bytes // BYTES_PER_TOKEN) > size.most_tokens


def stored_finders(masking: Masking) -> tuple[Finder, ...]:
    """Raises BadPattern."""
    secrets = (secret_shapes.FINDER,) if "secret" in masking.kinds else ()
    own = tuple(_own(one) for one in masking.patterns)
    return (*own, *secrets, *(FINDERS[kind] for kind in FINDERS if kind in masking.kinds))


def _personal(settings: PersonalData) -> Iterator[Finder]:
    """Own patterns first: their names say more than `[PHONE_1]`."""
    yield from (_own(one) for one in settings.patterns)
    yield from (FINDERS[kind] for kind in FINDERS if kind in settings.kinds and kind in PERSONAL_KINDS)


def _own(own: OwnPattern) -> Finder:
    try:
        pattern = compiled(own.pattern, ignore_case=own.ignore_case)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadPattern(own.name, f"not a regular expression of RE2: {text[:200]}") from error
    if pattern.programsize > PROGRAM_MOST:
        raise BadPattern(
            own.name, f"too much to work through ({pattern.programsize} steps a byte, at most {PROGRAM_MOST}); count less in it"
        )
    if pattern.search(b"") is not None:
        raise BadPattern(own.name, "matches the empty text; let it want at least one character")
    return Finder(_found(own.name, pattern), lambda raw: max(0, len(raw) - own.longest))


def _found(kind: str, pattern: "re2._Regexp[bytes]") -> Find:
    return lambda raw: (Found(kind, *match.span()) for match in pattern.finditer(raw))


def _foreign(languages: frozenset[str]) -> Look:
    def look(text: str) -> bool:
        language = language_of(text)
        return language is not None and language not in languages

    return look
