"""Words without their endings, for telling whether texts speak of the same. Pure."""

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ENDINGS: Final = ("ations", "ation", "ments", "ment", "ingly", "ings", "ing", "edly", "ers", "ies", "ed", "es", "er", "ly", "s")


def stem(word: str) -> str:
    """A word without its ending, at least three letters of it."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in _WORD.findall(text.lower().replace("_", " ")))
