"""The curl lines of a page: what each asks for, read as a shell would read it."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

ROOT = Path(__file__).parents[2]

BLOCK = re.compile(r"^```(?: \{ \.)?([a-z]*)(?: \})?\n(.*?)^```", re.DOTALL | re.MULTILINE)

SHELL = ("sh", "bash", "")

STARTS = re.compile(r"^(?:[A-Z_]+=\$\()?curl ", re.MULTILINE)

WITH_VALUE = frozenset({"-H", "-o", "-c", "-b", "-u", "-w", "-m", "-F"})

GIVES_BODY = frozenset({"-d", "--data", "--data-binary", "--json"})


@dataclass(frozen=True)
class Line:
    """One curl command; `command`: what of it is curl's. `path`: without the query. `body`: '' where there is none, `@…` of a file."""

    text: str
    command: str
    method: str
    path: str
    query: tuple[str, ...]
    body: str

    @cached_property
    def fields(self) -> list[str] | None:
        """Names in the JSON object of the body; None where it is no such thing. Raises ValueError for broken JSON."""
        if not self.body.startswith("{"):
            return None
        value: Any = json.loads(re.sub(r"\$\{?\w+\}?", "0", self.body))
        return list(value) if isinstance(value, dict) else None


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each fenced block."""
    return BLOCK.findall(page.read_text())


def curl_lines(page: Path) -> Iterator[Line]:
    """In order, from blocks of shell."""
    for language, text in blocks(page):
        if language in SHELL:
            starts = [found.start() for found in STARTS.finditer(text)]
            for start, end in pairwise([*starts, len(text)]):
                yield _line(text[start:end])


def _line(text: str) -> Line:
    text = re.sub(r"^[A-Z_]+=\$\(", "", text)
    command = _command(text)
    words = shlex.split(command)
    method, body, url = "", "", ""
    rest = iter(words[1:])
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word in GIVES_BODY:
            body = next(rest)
        elif word in WITH_VALUE:
            next(rest)
        elif not word.startswith("-"):
            url = url or word
    path, _, query = re.sub(r"^(\$URL|\$\{URL\}|https?://[^/]+)", "", url).partition("?")
    names = tuple(name for name, _ in parse_qsl(query, keep_blank_values=True))
    return Line(text.strip(), command.strip(), method or ("POST" if body else "GET"), path, names, body)


def _command(text: str) -> str:
    """Up to what ends it outside quotes: the end of its last line, a pipe, a redirection, a comment."""
    quote, end = "", 0
    while end < len(text):
        sign = text[end]
        if quote:
            end += 2 if sign == "\\" and quote == '"' else 1
            quote = "" if sign == quote else quote
            continue
        if text.startswith("$(", end):
            end = text.index(")", end) + 1
            continue
        if sign in "|><;)\n" or (sign == "#" and text[end - 1].isspace()):
            break
        quote = sign if sign in "'\"" else ""
        end += 2 if sign == "\\" else 1
    return re.sub(r"\$\([^)]*\)", "0", text[:end].replace("\\\n", " "))
