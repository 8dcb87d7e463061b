"""Names that people give to prompts, and to versions of prompts.

A slug is `[a-z0-9][a-z0-9_-]{0,62}`, written in any case and folded to lower case. It never holds a `/`: folders are a field of
their own (PRODUCT P1). A label is the same but begins with a letter, so that it never looks like a version number, and so that
`SLUG@LABEL` and `SLUG@3` cannot be confused (PRODUCT P3).
"""

import re
from dataclasses import dataclass
from typing import NewType

from burnish_shared.errors import InvalidField

Slug = NewType("Slug", str)
Label = NewType("Label", str)

LATEST = Label("latest")
"""The newest version of a prompt. It moves by itself, and nobody can set or remove it."""

PRODUCTION = Label("production")
"""What is served where a caller names neither label nor version."""

SLUG_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"
LABEL_PATTERN = r"^[a-z][a-z0-9_-]{0,62}$"

MAX_VERSION = 2**31 - 1
"""Versions are stored as PostgreSQL integers."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_FOLDER_PART = re.compile(r"[^/\x00-\x1f\x7f]{1,80}")
_VERSION = re.compile(r"[1-9][0-9]{0,9}")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.]*")

MAX_FOLDER_DEPTH = 8


@dataclass(frozen=True, slots=True)
class PromptName:
    """A prompt as one text names it: `routing`, `routing@staging` or `routing@3`. At most one of label and version is set."""

    slug: Slug
    label: Label | None = None
    version: int | None = None


def parse_slug(text: str, *, param: str = "slug") -> Slug:
    """The slug that `text` means. Raises InvalidField, naming `param`, where it is none."""
    folded = _fold(text)
    if not _SLUG.fullmatch(folded):
        raise InvalidField(
            "A slug has 1 to 63 characters: letters a–z, digits, '-' and '_', beginning with a letter or digit. Folders go into 'folder'.",
            param=param,
        )
    return Slug(folded)


def slug_of(name: str) -> Slug:
    """A name of another product as a slug, 'prompt' where nothing of it can stand in one. Two names may have the same."""
    return Slug(re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:63] or "prompt")


def parse_label(text: str, *, param: str = "label") -> Label:
    """The label that `text` means; `latest` is one. Raises InvalidField where it is none."""
    folded = _fold(text)
    if not _LABEL.fullmatch(folded):
        raise InvalidField(
            "A label has 1 to 63 characters: letters a–z, digits, '-' and '_', beginning with a letter, so it never looks like a version.",
            param=param,
        )
    return Label(folded)


def parse_movable_label(text: str, *, param: str = "label") -> Label:
    """A label that can be set and removed: any but `latest`."""
    label = parse_label(text, param=param)
    if label == LATEST:
        raise InvalidField("The label 'latest' always names the newest version and moves by itself; choose another name.", param=param)
    return label


def parse_prompt_name(text: str, *, param: str = "prompt") -> PromptName:
    """`SLUG`, `SLUG@LABEL` or `SLUG@VERSION`, as in `burnish::prompt::SLUG@LABEL`."""
    slug_text, at, rest = text.partition("@")
    slug = parse_slug(slug_text, param=param)
    if not at:
        return PromptName(slug)
    if _VERSION.fullmatch(rest) and int(rest) <= MAX_VERSION:
        return PromptName(slug, version=int(rest))
    if _NUMBER.fullmatch(rest):
        raise InvalidField(f"Versions are whole numbers that begin at 1 and have no leading zero; at most {MAX_VERSION}.", param=param)
    return PromptName(slug, label=parse_label(rest, param=param))


def parse_folder(text: str, *, param: str = "folder") -> str:
    """A path of at most 8 parts joined by `/`, without one at either end; '' is the top. Case is kept."""
    path = text.strip().strip("/")
    if not path:
        return ""
    parts = [part.strip() for part in path.split("/")]
    if len(parts) > MAX_FOLDER_DEPTH or not all(_FOLDER_PART.fullmatch(part) and part not in {".", ".."} for part in parts):
        raise InvalidField(
            f"A folder is a path of at most {MAX_FOLDER_DEPTH} parts joined by '/', each of 1 to 80 characters and none '.' or '..'.",
            param=param,
        )
    return "/".join(parts)


def _fold(text: str) -> str:
    """Lower case for ASCII only: U+212A (the Kelvin sign) would otherwise turn into 'k', and two texts would name one prompt."""
    return text.lower() if text.isascii() else text
