"""Strings that look like keys and passwords, which must never be published. Pure.

Shapes are those that the providers document for secret scanners; the last one is a name such as `password` with a long value behind it.
"""

import re
from typing import Final

SHAPES: Final = {
    "an OpenAI or Anthropic key": r"\bsk-[A-Za-z0-9_-]{20,}",
    "a Burnish key": r"\bbk_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a Stripe key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "a webhook secret": r"\bwhsec_[A-Za-z0-9+/=]{16,}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/:@{}]+:[^\s/@{}]{3,}@",
    "a named secret": r"(?i)\b(?:api[_-]?key|secret|password|passwd|access[_-]?token)\b[\"']?\s*[:=]\s*[\"']?"
    r"(?=[^\s\"']*[0-9])(?=[^\s\"']*[A-Za-z])[A-Za-z0-9_+/=.-]{16,}",
}

_COMPILED: Final = {name: re.compile(shape) for name, shape in SHAPES.items()}


def key_like(text: str) -> str | None:
    """What the first such string looks like, in words; None when there is none. The string itself is never told."""
    return next((name for name, shape in _COMPILED.items() if shape.search(text)), None)
