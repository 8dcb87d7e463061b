"""Cuts an expression into tokens. Pure; time is linear in the text."""

import re
from dataclasses import dataclass
from typing import Final

TEXT_MOST: Final = 2048
"""Characters of an expression (PROMISES section 6)."""

WORDS: Final = frozenset({"and", "or", "not", "in", "true", "false", "null"})

PATTERN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      |(?P<number>\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,3})?)
      |(?P<text>"(?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"|'(?:[^'\\]|\\['\\/bfnrt]|\\u[0-9a-fA-F]{4})*')
      |(?P<name>[A-Za-z_][A-Za-z0-9_]{0,63})
      |(?P<sign>==|!=|<=|>=|[<>()\[\].,+*/%-])""",
    re.VERBOSE,
)


class ExpressionError(ValueError):
    """The expression is not accepted, or has no value. `column` from 1, None where no place is to blame."""

    def __init__(self, message: str, *, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: number, text, name, word, sign or end. `column` from 1."""

    kind: str
    text: str
    column: int


def tokens_of(text: str) -> list[Token]:
    """Raises ExpressionError at the first character that belongs to nothing."""
    if len(text) > TEXT_MOST:
        raise ExpressionError(f"an expression may have {TEXT_MOST} characters; this one has {len(text)}")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = PATTERN.match(text, at)
        if match is None:
            hint = "; write == to compare" if text[at] == "=" else "; the text does not end" if text[at] in "\"'" else ""
            raise ExpressionError(f"{text[at]!r} is not expected here{hint}", column=at + 1)
        kind = match.lastgroup or "sign"
        if kind != "space":
            found.append(Token("word" if kind == "name" and match[0] in WORDS else kind, match[0], at + 1))
        at = match.end()
    return [*found, Token("end", "the end", len(text) + 1)]
