"""What people give on a command line: variables of a prompt, datasets by name or file."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from burnish_client.cli.shown import clean

if TYPE_CHECKING:
    from burnish_client import Burnish

ITEM_FIELDS: Final = frozenset({"input", "expected", "split", "group", "synthetic", "metadata"})
"""What an item of a dataset has; any other column goes into its metadata."""

LEFT_OUT: Final = "-"
FIELD: Final = re.compile(r"input|expected|split|category|tags|group|synthetic|(inputs|metadata)\.[^\0]{1,100}|-")
MARKS: Final = (
    (BOM_UTF32_LE, "utf-32"), (BOM_UTF32_BE, "utf-32"), (BOM_UTF16_LE, "utf-16"), (BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
"""The longer ones first: that of UTF-32 begins as that of UTF-16 does."""

LINE_END: Final = re.compile(r"\r\n|\r|\n")
SEPARATOR_LINE: Final = re.compile(r'"?sep=([^\w" \r\n])"?[ \t,;]*(?:\r\n|\r|\n)', re.IGNORECASE)
"""A first line that names the delimiter, as sheets write and read it."""

BLANK_BEGINNING: Final = re.compile(r"(?:[ \t,;]*(?:\r\n|\r|\n))+")
"""Lines in which there is nothing but delimiters."""

TAG_ENDS: Final = re.compile(r"[,;|]")

CELL_MOST_CHARS: Final = 10_000_000
"""A long document in one cell; 131,072 characters where nothing is said."""

NAMED_MOST: Final = 8
"""Datasets, where none has the name that was given."""


_OPEN: Final = " Where there is no right answer, evaluators judge: --keep-blank of `burnish datasets upload`, `evaluators` of a test."


class BadGiven(ValueError):
    """What was given cannot be used, with the reason in words."""


def variables_of(pairs: Sequence[str], file: str | None) -> dict[str, Any]:
    """`name=text`, `name=@file` (its text), `name:=JSON`; over what a JSON file (`-`: standard input) holds. Raises BadGiven."""
    found: dict[str, Any] = {}
    if file is not None:
        text, called = _text_of(file), "Standard input" if file == "-" else file
        try:
            found = _parsed(text)
        except ValueError as error:
            raise BadGiven(f"{called} is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise BadGiven(f"{called} must hold an object, one field for each variable.")
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.rstrip(":"):
            raise BadGiven(f"'{pair}' is no variable: write name=text, name=@file or name:=JSON.")
        if name.endswith(":"):
            try:
                found[name[:-1]] = _parsed(value)
            except ValueError as error:
                raise BadGiven(f"{name[:-1]}: this is no JSON: {value[:80]}") from error
        else:
            found[name] = _text_of(value[1:]) if value.startswith("@") else value
    return found


def find_dataset(burnish: Burnish, given: str, *, split: str | None = None, beside: Path | None = None, keep_blank: bool = False) -> str:
    """The id of a dataset: given itself, as a name, or as a file (JSONL or CSV), which is uploaded once for each content.

    `split`: where the items of a file go that do not say it themselves. `beside`: the folder that a file's path begins at. `keep_blank`:
    as `items_of` takes it.
    Raises BadGiven where there is none, or a line of the file is no item.
    """
    try:
        return str(UUID(given))
    except ValueError:
        pass
    path = (beside or Path()) / given
    if path.is_file():
        return upload(burnish, path, split=split, keep_blank=keep_blank)
    there = list(burnish.list("/v1/datasets", limit=200))
    found = [one for one in there if one["name"] == given]
    if not found:
        names = ", ".join(f"'{clean(one['name'])}'" for one in there[:NAMED_MOST])
        more = ", …" if len(there) > NAMED_MOST else ""
        raise BadGiven(f"'{given}' is no file, and no dataset of this workspace has that name. There are: {names or 'none'}{more}.")
    return str(found[0]["id"])


def upload(
    burnish: Burnish,
    path: Path,
    *,
    split: str | None = None,
    name: str | None = None,
    mapping: Mapping[str, str] | None = None,
    keep_blank: bool = False,
) -> str:
    """The id. A file is named after itself and what it holds: the same content is uploaded once. `mapping`, `keep_blank`: as `items_of`
    takes them."""
    items = list(items_of(path, split=split, mapping=mapping, keep_blank=keep_blank))
    if not items:
        raise BadGiven(f"{path} holds no items.")
    digest = hashlib.sha256(json.dumps(items, sort_keys=True).encode()).hexdigest()[:12]
    wanted = name or f"{path.stem}-{digest}"
    if name is None:
        for one in burnish.list("/v1/datasets", limit=200):
            if one["name"] == wanted:
                return str(one["id"])
    return str(burnish.request("POST", "/v1/datasets", {"name": wanted, "items": items})["id"])


def mapping_of(pairs: Sequence[str]) -> dict[str, str]:
    """`COLUMN=FIELD` each. Raises BadGiven."""
    found: dict[str, str] = {}
    for pair in pairs:
        column, sign, field = pair.rpartition("=")
        if not sign or not column or FIELD.fullmatch(field) is None:
            raise BadGiven(
                f"--map: write COLUMN=FIELD, not '{pair}'. A field is input, inputs.NAME, expected, split, category, tags, group, "
                "synthetic, metadata.NAME, or - to leave the column out."
            )
        if column in found or (field != LEFT_OUT and field in found.values()):
            raise BadGiven(f"--map: '{column if column in found else field}' stands twice.")
        found[column] = field
    return found


def items_of(
    path: Path, *, split: str | None = None, mapping: Mapping[str, str] | None = None, keep_blank: bool = False
) -> Iterator[dict[str, Any]]:
    """Items of a JSONL or CSV file; what `.txt` and `.tsv` are is told by what they hold. In CSV the columns are `input` (or
    `inputs.NAME`), `expected`, `split`; others are metadata.

    `mapping`: columns that have another name in the file, each with what it is; `-` leaves it out. `keep_blank`: what has no `expected`
    is an item without a right answer, which evaluators judge.
    """
    text = _read(path)
    is_csv = _is_csv(path, text)
    rows: Iterator[tuple[int, Mapping[str, Any]]]
    if is_csv:
        rows = _rows_of_csv(text, path)
    else:
        rows = ((number, _object(line, path, number)) for number, line in enumerate(LINE_END.split(text), start=1) if line.strip())
    mapping, unused = mapping or {}, set(mapping or ())
    for number, found in rows:
        unused -= found.keys()
        try:
            row = _placed(found, mapping, named=is_csv)
        except BadGiven as error:
            raise BadGiven(f"{path}, line {number}: {error}") from None
        _check_item(row, found, f"{path}, line {number}", is_csv=is_csv, keep_blank=keep_blank)
        if not isinstance(row.get("metadata") or {}, Mapping):
            raise BadGiven(f"{path}, line {number}: `metadata` is an object.")
        others = {key: value for key, value in row.items() if key not in ITEM_FIELDS and value is not None}
        metadata = dict(row.get("metadata") or {}) | others
        item = {key: row[key] for key in ("input", "expected", "split", "group", "synthetic") if row.get(key) not in (None, "")}
        if keep_blank and isinstance(expected := item.get("expected"), str) and not expected.strip():
            del item["expected"]
        yield ({"split": split} if split else {}) | item | ({"metadata": metadata} if metadata else {})
    if unused:
        raise BadGiven(f"--map: no line of {path} has a column '{min(unused)}'.")


def _is_csv(path: Path, text: str) -> bool:
    """By its name, or by what it holds where the name says neither: Excel calls its “Unicode text” `.txt`."""
    suffix = path.suffix.lower()
    return suffix == ".csv" or (suffix in (".txt", ".tsv") and not text.lstrip().startswith("{"))


def _check_item(row: Mapping[str, Any], found: Mapping[str, Any], where: str, *, is_csv: bool, keep_blank: bool) -> None:
    """Raises BadGiven, which begins with `where`, for what lacks an input, or a right answer where that is needed."""
    needed = ("input",) if keep_blank else ("input", "expected")
    if missing := [field for field in needed if field not in row]:
        how = f" `burnish datasets upload FILE --map COLUMN={missing[0]}` says which column it is." if is_csv else ""
        raise BadGiven(
            f"{where}: an item has `input` and `expected`. This has no {' and no '.join(missing)}, but "
            f"{', '.join(found)[:300] or 'nothing'}.{how}{_OPEN if missing == ['expected'] else ''}"
        )
    if empty := [field for field in needed if row[field] in (None, "")]:
        said = f"{where}: {' and '.join(f'`{field}`' for field in empty)} is empty; an item needs {'both' if len(needed) > 1 else 'it'}."
        raise BadGiven(said + (_OPEN if empty == ["expected"] else ""))


def _placed(found: Mapping[str, Any], mapping: Mapping[str, str], *, named: bool) -> dict[str, Any]:
    """A line as an item's fields; what is none stands beside them. `named`: also a column that is called `inputs.NAME` is a variable.

    Raises BadGiven where two columns are the same field.
    """
    row: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for column, value in found.items():
        field = mapping.get(column, column)
        if field.startswith("inputs.") and (named or column in mapping):
            inputs[field.removeprefix("inputs.")] = value
        elif field.startswith("metadata.") and column in mapping:
            metadata[field.removeprefix("metadata.")] = value
        elif field in row:
            raise BadGiven(f"two columns are `{field}`; leave one out by --map COLUMN=-.")
        elif field != LEFT_OUT or column not in mapping:
            cut = field == "tags" and column in mapping and isinstance(value, str)
            row[field] = [word for part in TAG_ENDS.split(value) if (word := part.strip())] if cut else value
    if inputs and "input" in row:
        raise BadGiven("it has both `input` and `inputs.NAME`; leave one out by --map COLUMN=-.")
    if metadata:
        before = row.get("metadata") or {}
        row["metadata"] = {**before, **metadata} if isinstance(before, Mapping) else before
    return row | ({"input": inputs} if inputs else {})


def _object(line: str, path: Path, number: int) -> Mapping[str, Any]:
    try:
        row = _parsed(line)
    except ValueError as error:
        raise BadGiven(f"{path}, line {number}: this is no JSON ({error}).") from error
    if not isinstance(row, dict):
        raise BadGiven(f"{path}, line {number}: an item is an object with `input` and `expected`.")
    return row


def _rows_of_csv(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each with the line that it begins in; read as the server reads an upload. Raises BadGiven."""
    told = SEPARATOR_LINE.match(text)
    text = text[told.end() :] if told else text
    blank = BLANK_BEGINNING.match(text)
    above = (len(LINE_END.findall(blank.group())) if blank else 0) + (told is not None)
    names, *rows = _cells_of_csv(text[blank.end() :] if blank else text, path, told=told[1] if told else None) or [(1, [])]
    columns = [name.strip() for name in names[1]]
    if twice := next((name for name in columns if name and columns.count(name) > 1), None):
        raise BadGiven(f"{path}: the header names the column '{twice[:80]}' twice.")
    for number, cells in rows:
        where = f"{path}, line {above + number}"
        if len(cells) > len(columns):
            raise BadGiven(f"{where}: it has more fields than the header has columns. A text with the delimiter in it stands in quotes.")
        row = dict(zip(columns, cells, strict=False))
        if any(cell.strip() for name, cell in zip(columns, cells, strict=False) if not name):
            raise BadGiven(f"{where}: a column that says something has no name in the header.")
        yield above + number, {name: value for name, value in row.items() if name}


def _cells_of_csv(text: str, path: Path, *, told: str | None) -> list[tuple[int, list[str]]]:
    """Lines that are not empty, the header first, each with its number."""
    mark, is_spaced = _delimiter(text, told)
    found: list[tuple[int, list[str]]] = []
    before = csv.field_size_limit(CELL_MOST_CHARS)  # of the whole process, so it is put back
    begin = 1
    try:
        lines = csv.reader(StringIO(text, newline=""), strict=True, delimiter=mark, skipinitialspace=is_spaced)
        for cells in lines:
            if cells:
                found.append((begin, cells))
            begin = lines.line_num + 1
    except csv.Error as error:
        raise BadGiven(f"{path} is no CSV: {error}") from error
    finally:
        csv.field_size_limit(before)
    return found


def _delimiter(text: str, told: str | None) -> tuple[str, bool]:
    """What a line of its own tells; else a comma where the header has one, else a semicolon or a tab, as sheets write them; and whether a
    blank stands behind each."""
    header = re.sub('"[^"]*"', "x", LINE_END.split(text, maxsplit=1)[0])
    mark = told or ("," if "," in header else next((mark for mark in (";", "\t") if mark in header), ","))
    return mark, mark in header and all(one.startswith(" ") for one in header.split(mark)[1:])


def _text_of(path: str) -> str:
    """All of it as it is, its line ends too; a mark of its byte order is no text. Raises BadGiven."""
    if path != "-":
        return _read(Path(path))
    try:
        return _decoded(sys.stdin.buffer.read())
    except UnicodeDecodeError as error:
        raise BadGiven(f"standard input cannot be read: {_undecoded(error)}") from error


def _read(path: Path) -> str:
    """The text of a file, its line ends as they are, since those within a cell belong to it."""
    try:
        return _decoded(path.read_bytes())
    except OSError as error:
        raise BadGiven(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadGiven(f"{path} cannot be read: {_undecoded(error)}") from error


def _undecoded(error: UnicodeDecodeError) -> str:
    """What is wrong with it, and what to do."""
    byte, named = error.start + 1, error.encoding.upper()
    is_marked = not named.startswith("UTF-8")
    found = f"its beginning says {named[:6]}, and it is none at byte {byte}" if is_marked else f"it is not UTF-8, at byte {byte}"
    return f"{found}; save it as UTF-8 (a sheet: as “CSV UTF-8”)."


def _decoded(raw: bytes) -> str:
    """UTF-8, or what a mark before it says, as Excel's “Unicode text” and PowerShell write it; the mark is no text."""
    return raw.decode(next((codec for mark, codec in MARKS if raw.startswith(mark)), "utf-8-sig"))


def _parsed(text: str) -> Any:
    """The JSON that it is. Raises ValueError, also for what is nested deeper than can be read."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
