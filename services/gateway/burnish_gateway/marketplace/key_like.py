"""Strings that look like keys and passwords, which must never be published. Pure, and linear in the text.

Shapes are those that the providers document for secret scanners; the last one is a name such as `password` with a long value behind it.
RE2 (https://github.com/google/re2) matches them: a text may be a megabyte of whatever its author likes.
"""

import re
from typing import Final

import re2

NAMED: Final = "a named secret"

SHAPES: Final = {
    "an OpenAI or Anthropic key": r"\bsk-[A-Za-z0-9_-]{20}",
    "a Burnish key": r"\bbk_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{20}",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10}",
    "a Stripe key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16}",
    "a webhook secret": r"\bwhsec_[A-Za-z0-9+/=]{16}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/:@{}]+:[^\s/@{}]{3,}@",
    NAMED: r"(?i)\b(?:api[_-]?key|secret|password|passwd|access[_-]?token)\b[\"']?\s{0,20}[:=]\s{0,20}[\"']?",
}
"""The last one ends where the value begins: `VALUE` looks at that."""

VALUE: Final = re.compile(rb"(?=[A-Za-z0-9_+/=.-]{16})(?=[^\s\"'0-9]{0,100}[0-9])(?=[^\s\"'A-Za-z]{0,100}[A-Za-z])")
"""A value with a letter and a digit near its beginning. It looks at 101 bytes at most, so it may be asked behind every name."""

MEMORY_BYTES: Final = 8 * 1024 * 1024


def _compiled(shape: str) -> "re2._Regexp[bytes]":
    options = re2.Options()
    options.max_mem = MEMORY_BYTES
    return re2.compile(shape.encode(), options)


_COMPILED: Final = {name: _compiled(shape) for name, shape in SHAPES.items()}


def key_like(text: str) -> str | None:
    """What the first such string looks like, in words; None when there is none. The string itself is never told."""
    # As bytes: for text, the wrapper counts characters from the beginning at every match. A lone half of a pair belongs to no key.
    raw = text.encode("utf-8", "replace")
    for name, shape in _COMPILED.items():
        if name != NAMED and shape.search(raw) is not None:
            return name
    return NAMED if any(VALUE.match(raw, one.end()) for one in _COMPILED[NAMED].finditer(raw)) else None
