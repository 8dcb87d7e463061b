"""Which column of an uploaded file means what: given by the uploader, or guessed from the columns' names. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from burnish_gateway.datasets.item import means_yes
from burnish_shared.errors import InvalidField

LEFT_OUT: Final = "-"
COLUMNS_MOST: Final = 200
NAME_MOST_CHARS: Final = 200

WHOLE: Final = ("input", "expected", "split", "category", "tags", "group", "synthetic", "metadata")
"""Targets that take one column each (metadata: an object of JSONL). `group`: the user or conversation that a line comes from."""

_NAMED = re.compile(r"(inputs|metadata)\.([^\x00]{1,100})")
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_BEFORE_VARIABLE = re.compile(r"(inputs?|vars|variables)[._](.+)")
_TAG_SEPARATOR = re.compile(r"[,;|]")

GUESSES: Final[Mapping[str, Sequence[str]]] = {
    "input": ("input", "question", "prompt", "query", "text", "message", "ticket", "utterance", "request", "user_message", "content"),
    "expected": (
        "expected", "expected_output", "expected_answer", "ideal", "ideal_answer", "correct_answer",
        "reference", "reference_output", "ground_truth", "gold", "target",
        "label", "answer", "output", "completion", "response", "intent",
    ),
    "split": ("split", "set", "subset", "fold", "partition"),
    "category": ("category", "topic", "class", "type", "segment"),
    "tags": ("tags", "tag", "labels"),
    "synthetic": ("synthetic", "generated"),
    "group": ("group", "conversation_id", "conversation", "session_id", "thread_id", "user_id", "customer_id", "user"),
}  # fmt: skip
"""Names that mean a target, the surest first; a column takes one target, and a target one column."""


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """`column=target` each, as in `?map=Question=input&map=Answer=expected`. Raises InvalidField."""
    found: dict[str, str] = {}
    for pair in pairs:
        column, equals, target = pair.rpartition("=")
        if not equals or not column:
            raise InvalidField(f"map: write column=target, not {pair[:80]!r}.", param="map")
        if column in found:
            raise InvalidField(f"map: the column {column[:80]!r} is mapped twice, to {found[column][:80]} and {target[:80]}.", param="map")
        found[column] = target
    return checked(found)


def checked(mapping: Mapping[str, str]) -> dict[str, str]:
    """Raises InvalidField for a target that is none, or that two columns share."""
    if len(mapping) > COLUMNS_MOST:
        raise InvalidField(f"map: at most {COLUMNS_MOST} columns can be mapped.", param="map")
    seen: dict[str, str] = {}
    for column, target in mapping.items():
        if target != LEFT_OUT and target not in WHOLE and _NAMED.fullmatch(target) is None:
            raise InvalidField(
                f"map: {target[:80]!r} is no target. Targets are input, inputs.NAME, expected, split, category, tags, group, "
                "synthetic, metadata.NAME, and - to leave a column out.",
                param="map",
            )
        if target != LEFT_OUT and target in seen:
            raise InvalidField(
                f"map: both {seen[target][:80]!r} and {column[:80]!r} become {target[:80]}; leave one out with -.", param="map"
            )
        seen[target] = column
    if "input" in seen and any(target.startswith("inputs.") for target in seen):
        raise InvalidField("map: use either input (one text) or inputs.NAME (several variables), not both.", param="map")
    return dict(mapping)


def check_columns(mapping: Mapping[str, str], columns: Collection[str]) -> None:
    """Raises InvalidField for a column that is mapped and that no line has: a slip in its name would leave it out silently."""
    unknown = next((name for name in mapping if name not in columns), None)
    if unknown is not None:
        raise InvalidField(f"map: there is no column {unknown[:80]!r}; the columns are {_listed(columns)}.", param="map")


def check_items(mapping: Mapping[str, str], columns: Sequence[str], *, blank: str) -> None:
    """Raises InvalidField where no column is the input, or none the right answer: every line would say so. `blank` keep: there need be no
    right answer."""
    targets = {target_of(column, mapping).partition(".")[0] for column in columns}
    missing = [names for names in (("input", "inputs"), *((("expected",),) if blank != "keep" else ())) if targets.isdisjoint(names)]
    if missing:
        probable = {column: target for column, target in guessed(columns).items() if column not in mapping}
        coming = [
            pair
            for names in missing
            for pair in ([one for one in probable.items() if one[1].partition(".")[0] in names] or [("COLUMN", names[0])])
        ]
        pairs = [f"map={quote(column)}={quote(target)}" for column, target in (*mapping.items(), *coming)]
        raise InvalidField(
            f"No line has {' or '.join(names[0] for names in missing)}; the columns are {_listed(columns)}. "
            f"Say which is: ?{'&'.join(pairs)[:500]}.{_OPEN if ('expected',) in missing else ''}",
            param="map",
        )


_OPEN: Final = " Where there is no right answer and evaluators judge, send ?keep_blank=true."


def _listed(columns: Collection[str]) -> str:
    return ", ".join(columns)[:500]


def guessed(columns: Sequence[str]) -> dict[str, str]:
    """What the columns probably mean; those that say nothing become metadata under their own name."""
    plain = {column: _SEPARATORS.sub("_", column.strip().lower()).strip("_") for column in columns}
    found: dict[str, str] = {}
    for column in columns:
        variable = _BEFORE_VARIABLE.fullmatch(column.strip())
        if variable is not None:
            found[column] = f"inputs.{variable[2]}"
    for target, names in GUESSES.items():
        if target == "input" and found:
            continue  # the variables are named one by one
        free = {name: column for column, name in reversed(plain.items()) if column not in found}
        name = next((name for name in names if name in free), None)
        if name is not None:
            found[free[name]] = target
    return {column: found.get(column, "metadata" if plain[column] == "metadata" else f"metadata.{column[:100]}") for column in columns}


def target_of(column: str, mapping: Mapping[str, str]) -> str:
    """What a column becomes: as it is mapped; else the fields of an item keep their meaning, and all others become metadata."""
    return mapping.get(column) or (column if column in WHOLE else f"metadata.{column}")


def placed(row: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    """A line as an item's fields."""
    item: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for column, value in row.items():
        target = target_of(column, mapping)
        head, _, name = target.partition(".")
        if head == "inputs" and name:
            inputs[name] = value
        elif head == "metadata" and name:
            metadata[name] = value
        elif target == "metadata":
            metadata |= value if isinstance(value, dict) else {"metadata": value}
        elif target in ("category", "tags"):
            metadata |= {target: tags_of(value) if target == "tags" else value} if value not in (None, "") or target == "tags" else {}
        elif target != LEFT_OUT:
            item |= _field(target, value)
    if inputs:
        item["input"] = inputs
    return item | ({"metadata": metadata} if metadata else {})


def _field(target: str, value: Any) -> dict[str, Any]:
    """A field of an item as its schema wants it; files say numbers and yes where we want texts and true."""
    if target == "group":
        return {target: str(value)} if value not in (None, "") else {}
    if target == "synthetic":
        return {target: means_yes(value)}
    return {target: value}


def tags_of(value: Any) -> list[str]:
    """A list as it is, a text cut at commas, semicolons or bars."""
    parts = value if isinstance(value, list) else _TAG_SEPARATOR.split(str(value or ""))
    return [word for part in parts if (word := str(part).strip())]
