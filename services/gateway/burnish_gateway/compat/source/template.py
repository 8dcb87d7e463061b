"""Templates of the source systems, whose variables stand in single braces, in our language; and the categories that one names. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from burnish_gateway.bundle.foreign.draft import CannotTake, text_of
from burnish_shared.errors import InvalidField

SINGLE: Final = re.compile(r"(?<!\{)\{([A-Za-z_][A-Za-z0-9_]*)\}(?!\})")
"""`{ticket}`; `{"a": 1}` and `{{ticket}}` are none."""

STANDING: Final = re.compile(r"(?<!\{)\{[ \t]*([^\W\d]\w*)[ \t]*(?:[.\[!:][^{}\n]{0,40})?\}(?!\})")
"""Looks like a variable too: `{größe}`, `{ ticket }`, `{ticket!r}`, `{user.name}`."""
STANDING_MOST: Final = 10

LISTED: Final = re.compile(
    r"(?:one of(?: the following)?|categor(?:y|ies)|labels?|classes|queues|intents)\b[^:\n]{0,60}:[ \t]*([^\n]+)", re.I
)  # fmt: skip
HEADING: Final = re.compile(r"(?:categor(?:y|ies)|labels?|classes|queues|intents)\b[^\n]{0,60}:?[ \t]*$", re.I)
BULLET: Final = re.compile(r"[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+[\"'`*]*([A-Za-z0-9][^:\n\"'`*–]{0,48}?)[\"'`*]*[ \t]*(?:[:–-].*)?$")
CATEGORIES_MOST: Final = 50
CATEGORY_MOST_CHARS: Final = 50


@dataclass(frozen=True, slots=True)
class Converted:
    """`changes`: what was written otherwise, in words."""

    template: str
    changes: list[str] = field(default_factory=list)


def converted(template: str) -> Converted:
    """Single braces around a name become a variable of ours; braces of JSON stay as they are. Raises InvalidField."""
    names = list(dict.fromkeys(SINGLE.findall(template)))
    try:
        written = text_of(SINGLE.sub(lambda found: f"{{{{{found[1]}}}}}", template))
    except CannotTake as error:
        raise InvalidField(f"template: cannot be taken, because {error}.", param="template") from error
    left = list(dict.fromkeys(found[0] for found in STANDING.finditer(template) if not SINGLE.fullmatch(found[0])))
    return Converted(
        written,
        [f"{{{name}}} is written {{{{{name}}}}} here." for name in names]
        + [f"{one} stays as it is written; a variable is {{name}}, of letters a–z, digits and _." for one in left[:STANDING_MOST]],
    )


def categories_in(template: str) -> list[str]:
    """Those that the text lists behind a colon, or as bullets below a heading that speaks of categories; [] where it lists none."""
    for found in LISTED.finditer(template):
        names = _clean(re.split(r"[,;|/]| or | and ", found[1].rstrip(".")))
        if len(names) > 1:
            return names
    lines = template.split("\n")
    looked = 0
    for index, line in enumerate(lines):
        if index >= looked and HEADING.search(line.strip()):
            bullets, looked = _bullets(lines, index + 1)
            names = _clean(bullets)
            if len(names) > 1:
                return names
    return []


def _bullets(lines: Sequence[str], begin: int) -> tuple[list[str], int]:
    """The next bullets from there on, and where they end: a heading up to there has none but these, so that each line is read once."""
    names: list[str] = []
    for index in range(begin, len(lines)):
        found = BULLET.match(lines[index])
        if found is not None:
            names.append(found[1])
        elif lines[index].strip() and names:
            return names, index
    return names, len(lines)


def _clean(names: Sequence[str]) -> list[str]:
    bare = (name.strip().strip("\"'`*.[](){}").strip() for name in names)
    return list(dict.fromkeys(name for name in bare if name and len(name) <= CATEGORY_MOST_CHARS))[:CATEGORIES_MOST]
