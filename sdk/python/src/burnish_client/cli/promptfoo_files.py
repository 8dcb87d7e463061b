"""A promptfoo configuration with the files that it names put into it: the gateway sees one file, and none of the disk.

What promptfoo takes where is described at https://promptfoo.dev/docs/configuration (prompts, test cases). Files of code are never run:
they stay names, and the gateway's notes say that they were left out.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final

import yaml

from burnish_client.cli.given import BadGiven

TEXTS: Final = frozenset({".txt", ".md", ".j2"})
VALUES: Final = frozenset({".json", ".yaml", ".yml"})
LISTS: Final = frozenset({".jsonl", ".csv"})
READ: Final = TEXTS | VALUES | LISTS

FILES_MOST: Final = 1_000
"""Of one pattern."""

BYTES_MOST: Final = 20_000_000
"""Of one file."""

BETWEEN_PROMPTS: Final = re.compile(r"^---[ \t]*\n", re.MULTILINE)

ASSERTED: Final = re.compile(r"(not-)?([a-z]+(?:-[a-z]+)*)(?:\((\d+(?:\.\d+)?)\))?:\s*(.*)", re.DOTALL)
"""An assertion as a cell of a sheet has it: `contains: Paris`, `similar(0.8): Hello`."""

ASSERTIONS: Final = frozenset({
    "equals", "contains", "icontains", "contains-all", "contains-any", "icontains-all", "icontains-any", "starts-with", "regex", "is-json",
    "contains-json", "similar", "levenshtein", "llm-rubric", "factuality", "model-graded-closedqa", "answer-relevance", "context-recall",
    "context-relevance", "context-faithfulness", "classifier", "rouge-n", "bleu", "cost", "latency", "perplexity", "javascript", "python",
    "webhook", "moderation", "is-refusal", "is-valid-openai-tools-call", "g-eval", "grade", "fn", "eval",
})  # fmt: skip
"""Words before a colon that are kinds of assertions; before any other one a colon is part of the answer."""


def with_files(content: bytes, folder: Path) -> bytes:
    """The same configuration with what stands in files beside it, in YAML; unchanged where it names none, or is no YAML.

    `folder`: where paths begin. Raises BadGiven naming a file that is not there or cannot be read.
    """
    try:
        given = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError):
        return content  # The gateway says what is wrong with it.
    if not isinstance(given, dict):
        return content
    taken = _Folder(folder)
    made = dict(given)
    if "prompts" in given:
        made["prompts"] = list(taken.prompts(given["prompts"]))
    if "tests" in given:
        made["tests"] = taken.tests(given["tests"])
    if isinstance(usual := given.get("defaultTest"), str | dict):
        made["defaultTest"] = taken.test(taken.value(usual, "defaultTest"), "defaultTest")
    return yaml.safe_dump(made, allow_unicode=True, sort_keys=False).encode() if taken.has_read else content


class _Folder:
    """Reads what a configuration names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.has_read = False

    def prompts(self, given: Any) -> Iterator[Any]:
        """Each prompt, of files as `{label, raw}`; what is no file as it was."""
        if isinstance(given, dict) and not given.keys() & {"raw", "id"}:
            given = [{"id": path if "://" in path else f"file://{path}", "label": label} for path, label in given.items()]
        for index, one in enumerate(given if isinstance(given, list) else [given]):
            named = (one.get("raw") or one.get("id")) if isinstance(one, dict) else one
            label = str(one.get("label") or "") if isinstance(one, dict) else ""
            found = self._files(named, f"prompts[{index}]", or_plain=True)
            if found is None:
                yield one
                continue
            texts = [(own or path.stem, text) for path in found for own, text in _prompts_in(path, self._read(path))]
            several = label and len(texts) > 1
            for number, (own, text) in enumerate(texts, 1):
                numbered = own if sum(other == own for other, _ in texts) == 1 else f"{own} {number}"
                yield {"label": f"{label} {number}" if several else label or numbered, "raw": text}

    def tests(self, given: Any) -> Any:
        """The tests of files in their place; what is a program's stays its name."""
        tests: list[Any] = []
        for index, one in enumerate(given if isinstance(given, list) else [given]):
            found = self._files(one, f"tests[{index}]") if isinstance(one, str) else None
            if found is None:
                tests.append(self.test(one, f"tests[{index}]"))
                continue
            for path in found:
                rows = _rows_in(path, self._read(path))
                tests += [self.test(row, f"{path.name}, test {number}") for number, row in enumerate(rows, 1)]
        return tests if isinstance(given, list) or self.has_read else given

    def test(self, given: Any, place: str) -> Any:
        """One test whose variables and right answers stand in it."""
        if not isinstance(given, dict):
            return given
        made = dict(given)
        sheets = given.get("vars")
        if isinstance(sheets, str) or (isinstance(sheets, list) and all(isinstance(one, str) for one in sheets)):
            read = [self.value(one, f"{place}.vars") for one in ([sheets] if isinstance(sheets, str) else sheets)]
            if all(isinstance(one, dict) for one in read):
                made["vars"] = {name: value for one in read for name, value in one.items()}
        if isinstance(made.get("vars"), dict):
            made["vars"] = {
                name: [self.value(each, f"{place}.vars.{name}") for each in value] if isinstance(value, list) else
                self.value(value, f"{place}.vars.{name}") for name, value in made["vars"].items()
            }  # fmt: skip
        if isinstance(asserted := given.get("assert"), list):
            made["assert"] = [
                one | {"value": self.value(one["value"], f"{place}.assert[{index}]")} if isinstance(one, dict) and "value" in one else one
                for index, one in enumerate(asserted)
            ]
        return made

    def value(self, given: Any, place: str) -> Any:
        """What a file holds, a text or a value; anything else as it is."""
        found = self._files(given, place) if isinstance(given, str) else None
        if not found or len(found) > 1 or found[0].suffix.lower() in LISTS:
            return given
        text = self._read(found[0])
        return _parsed(found[0], text) if found[0].suffix.lower() in VALUES else text.removesuffix("\n")

    def _files(self, named: Any, place: str, *, or_plain: bool = False) -> list[Path] | None:
        """Those that it names, in order; None where it names none that can be taken. `or_plain`: also a path without `file://`."""
        if not isinstance(named, str) or "\n" in named or len(named) > 1_000:
            return None
        path = named.strip().removeprefix("file://")
        is_plain = path == named.strip()
        if Path(path).suffix.lower() not in READ or (is_plain and (not or_plain or re.search(r"[\s{}]|://", path))):
            return None
        if not any(sign in path for sign in "*?["):
            return [self._folder / path]
        try:
            found = sorted(one for one in self._folder.glob(path) if one.is_file())
        except (ValueError, NotImplementedError) as error:
            raise BadGiven(f"{place}: {named!r} is no pattern of files here: {error}.") from error
        if not 0 < len(found) <= FILES_MOST:
            raise BadGiven(f"{place}: {len(found):,} files are called {named!r}; 1 to {FILES_MOST:,} are taken.")
        return found

    def _read(self, path: Path) -> str:
        try:
            if path.stat().st_size > BYTES_MOST:
                raise BadGiven(f"{path} is larger than {BYTES_MOST:,} bytes.")
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise BadGiven(f"{path} cannot be read: {error.strerror}. Its name stands in the configuration.") from error
        except UnicodeDecodeError as error:
            raise BadGiven(f"{path} is no text in UTF-8: {error}.") from error
        self.has_read = True
        return text


def _prompts_in(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """Each with its own label, empty where it has none. Several texts are parted by lines `---`."""
    kind = path.suffix.lower()
    if kind == ".csv":
        for row in _sheet(path, text):
            if row.get("prompt"):
                yield row.get("label") or "", row["prompt"]
    elif kind == ".jsonl":
        yield from (("", line) for line in text.splitlines() if line.strip())
    elif kind in VALUES:
        value = _parsed(path, text)
        yield "", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    else:
        yield from (("", one.strip()) for one in (BETWEEN_PROMPTS.split(text) if kind == ".txt" else [text]) if one.strip())


def _rows_in(path: Path, text: str) -> list[Any]:
    kind = path.suffix.lower()
    if kind == ".csv":
        return [_test_of(row) for row in _sheet(path, text)]
    if kind == ".jsonl":
        return [_parsed(path, line) for line in text.splitlines() if line.strip()]
    value = _parsed(path, text) if kind in VALUES else None
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise BadGiven(f"{path} holds no list of tests.")


def _test_of(row: Mapping[str, str]) -> dict[str, Any]:
    """A line of a sheet: columns are variables but those that begin with two underscores."""
    made: dict[str, Any] = {"vars": {}, "assert": []}
    metadata: dict[str, Any] = {}
    for name, cell in row.items():
        if name.startswith("__expected"):
            made["assert"] += [_asserted(cell.strip())] if cell.strip() else []
        elif name == "__description" and cell:
            made["description"] = cell
        elif name.startswith("__metadata:") and cell:
            key = name.removeprefix("__metadata:")
            is_list = key.endswith("[]")
            metadata[key.removesuffix("[]")] = [one.strip() for one in re.split(r"(?<!\\),", cell)] if is_list else cell
        elif not name.startswith("__"):
            made["vars"][name] = cell
    return made | ({"metadata": metadata} if metadata else {})


def _asserted(cell: str) -> dict[str, Any]:
    found = ASSERTED.fullmatch(cell)
    if found is None or found[2] not in ASSERTIONS:
        return {"type": "equals", "value": cell}
    kind = f"{found[1] or ''}{found[2]}"
    value = [one.strip() for one in found[4].split(",")] if kind.endswith(("-all", "-any")) else found[4]
    return {"type": kind, "value": value} | ({"threshold": float(found[3])} if found[3] else {})


def _sheet(path: Path, text: str) -> list[dict[str, str]]:
    try:
        return [
            {str(name).strip(): cell or "" for name, cell in row.items() if name is not None}
            for row in csv.DictReader(StringIO(text, newline=""), strict=True)
        ]
    except csv.Error as error:
        raise BadGiven(f"{path} is no CSV: {error}.") from error


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text) if path.suffix.lower() in {".json", ".jsonl"} else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadGiven(f"{path} is no {path.suffix[1:].upper()}: {' '.join(str(error).split())}") from error
