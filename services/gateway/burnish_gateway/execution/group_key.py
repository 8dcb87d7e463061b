"""What calls without a prompt are grouped by: a key that the caller gives, else a fingerprint of the instructions. Pure (PRODUCT E1)."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

PROMPT_KEY: Final = r"^[a-z0-9][a-z0-9_-]{0,62}$"
"""As a slug, since a group may become a prompt of that name. A fingerprint begins with `~`, so neither is ever taken for the other."""

INSTRUCTIONS: Final = ("system", "developer")


def group_key_of(prompt_key: str | None, messages: Iterable[Mapping[str, Any]]) -> str | None:
    """None where nothing tells which calls belong together: no key, and no instructions."""
    if prompt_key is not None:
        return prompt_key
    said = instructions_of(messages)
    return f"~{hashlib.sha256(' '.join(said.split()).encode('utf-8', 'replace')).hexdigest()[:24]}" if said else None


def instructions_of(messages: Iterable[Mapping[str, Any]]) -> str:
    """The text of system and developer messages, in their order; white space at the ends is left out."""
    said = (message.get("content") for message in messages if message.get("role") in INSTRUCTIONS)
    return "\n\n".join(text for one in said if (text := _text(one).strip()))


def _text(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""
