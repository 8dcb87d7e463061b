"""From a prompt's text and a set of edits to the text with them: for the search, and for who accepts only some of what it found. Pure.

The same set gives the same bytes in whatever order it was found.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Protocol


class Edit(Protocol):
    """One line added to a section, or one line of the text replaced or deleted (`operation`: add, replace, delete)."""

    @property
    def section(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def line(self) -> str: ...


SECTIONS: Final = (
    ("definitions", "What belongs where:"),
    ("rules", "Rules:"),
    ("examples", "Examples:"),
    ("format", "Answer format:"),
)
"""Sections that edits may add to, in the order in which they follow the instructions, with the title each gets."""

SECTION_NAMES: Final = frozenset(name for name, _ in SECTIONS)

_DEFINITION = re.compile(r"^(?P<head>\s*+[-*•]\s*+(?P<label>[^:\n]{1,80}?)\s*+:)\s*+(?P<text>.*)$")
"""`- label: text`, the one shape of line that is merged per label, so that a difference stays readable.

Blanks are taken at once and not given back (`\\s*+`), here and below: a line may hold thousands of them.
"""

_BARE_NAME = re.compile(r"^\s*+[-*•]\s*+(?P<label>[^:\n]{1,80}?)\s*+$")
"""`- label`: a label that nothing is said about yet."""


_INPUT = re.compile(r"^\s*+(?:[^:{}\n]{1,60}:|(?<=\s):)?\s*+\{\{\s*+[A-Za-z_][^{}]*+\}\}\s*+$")
"""A line that is nothing but what a call brings: `Ticket: {{ticket}}`, `{{text}}`."""

_AROUND_INPUT = re.compile(r"^\s*+(?:</?[\w-]+>|```\w*|\"\"\"|[^:{}\n]{1,40}:|(?<=\s):)?\s*+$")
"""What may stand around it: a blank line, a tag, a fence, `Answer:`."""

_VARIABLE = re.compile(r"\{\{\s*[A-Za-z_]")
_BLOCK = re.compile(r"\{\{\s*(#(?:if|each)\b|/(?:if|each)\b)")


def render(prompt: str, edits: Sequence[Edit], *, after_input: bool = False, locked: Iterable[str] = ()) -> str:
    """The candidate's text. No edits: the incumbent, byte for byte.

    New sections go before what a call brings, where that ends the text: instructions stay together, ahead of what may be long or of
    strangers, and what providers cache is the same for all calls. `after_input`: at the end, as in suggestions older than decision 0049,
    and where a block of `locked` reaches from the instructions into the input.
    """
    lines = _change_lines(prompt.split("\n"), edits)
    added = {name: [edit.text.strip() for edit in edits if edit.operation == "add" and edit.section == name] for name in SECTION_NAMES}
    lines, added["definitions"] = _merge_definitions(lines, added["definitions"])
    if not any(added.values()):
        return "\n".join(lines)
    cut = len(lines) if after_input else _input_begins(lines)
    if any(_is_parted(block, lines, cut) for block in locked):
        cut = len(lines)
    text, given = "\n".join(lines[:cut]), "\n".join(lines[cut:]).lstrip("\n")
    for name, title in SECTIONS:
        if added[name]:
            text = "\n".join([text.rstrip("\n"), "", title, *dict.fromkeys(added[name])])
    return f"{text}\n\n{given}" if given else text


def _input_begins(lines: Sequence[str]) -> int:
    """The line from which on the text is what a call brings; the number of lines where it does not end so, or begins so."""
    cut = len(lines)
    while cut and (_INPUT.match(lines[cut - 1]) or _AROUND_INPUT.match(lines[cut - 1])):
        cut -= 1
    if not any(_VARIABLE.search(line) for line in lines[cut:]):
        cut = _last_paragraph(lines)
        if not any(_VARIABLE.search(line) for line in lines[cut:]):
            return len(lines)
    opened = [match[1].startswith("#") for line in lines[:cut] for match in _BLOCK.finditer(line)]
    is_inside = 2 * sum(opened) != len(opened)
    return len(lines) if is_inside or not any(line.strip() for line in lines[:cut]) else cut


def _is_parted(block: str, lines: Sequence[str], cut: int) -> bool:
    """Whether the block stands in the text, and in neither of its parts."""
    parts = "\n".join(lines[:cut]), "\n".join(lines[cut:])
    return block in "\n".join(lines) and not any(block in part for part in parts)


def _last_paragraph(lines: Sequence[str]) -> int:
    """Where it begins."""
    start = len(lines)
    while start and not lines[start - 1].strip():
        start -= 1
    while start and lines[start - 1].strip():
        start -= 1
    return start


def _change_lines(lines: list[str], edits: Iterable[Edit]) -> list[str]:
    """Replaces and deletes lines of the incumbent; of two edits of one line the first wins."""
    changes: dict[str, Edit] = {}
    for edit in edits:
        if edit.operation != "add":
            changes.setdefault(edit.line.strip(), edit)
    if not changes:
        return lines
    kept = []
    for line in lines:
        change = changes.get(line.strip()) if line.strip() else None
        if change is None:
            kept.append(line)
        elif change.operation == "replace":
            kept.append(change.text)
    return kept


def _merge_definitions(lines: list[str], added: list[str]) -> tuple[list[str], list[str]]:
    """Joins what is said about one label: into its line in the prompt where there is one, else into one new line."""
    where = {match["label"]: index for index, line in enumerate(lines) if (match := _DEFINITION.match(line))}
    bare = {match["label"]: index for index, line in enumerate(lines) if (match := _BARE_NAME.match(line))}
    lines, new, loose = list(lines), dict[str, str](), []
    for line in added:
        match = _DEFINITION.match(line)
        if match is None:
            loose.append(line)
        elif (index := where.get(match["label"])) is not None:
            lines[index] = _joined(lines[index], match["text"])
        elif (index := bare.get(match["label"])) is not None:
            lines[index] = f"{lines[index].rstrip()}: {match['text']}"
            where[match["label"]] = index
        else:
            new[match["label"]] = _joined(new[match["label"]], match["text"]) if match["label"] in new else line
    return lines, [*new.values(), *loose]


def _joined(line: str, text: str) -> str:
    """A definition line with further phrases, each of them once."""
    match = _DEFINITION.match(line)
    known = {phrase.strip().rstrip(".").lower() for phrase in (match["text"] if match else line).split(",")}
    fresh = [phrase.strip() for phrase in text.split(",") if phrase.strip() and phrase.strip().rstrip(".").lower() not in known]
    if not fresh:
        return line
    end = line.rstrip()
    separator = "; " if end.endswith((".", ";")) else ", "
    return end.rstrip(".;") + (separator if match and match["text"].strip() else " ") + ", ".join(fresh)


def section_of(line: str) -> str:
    """Where a line belongs that came without a section: definitions have their shape, lines with an arrow are examples."""
    if _DEFINITION.match(line):
        return "definitions"
    return "examples" if "->" in line else "rules"


def definition_label(text: str) -> str | None:
    """The label that a definition line speaks of, or None for any other line."""
    match = _DEFINITION.match(text)
    return match["label"] if match else None
