"""What an upload would become, before anything is saved (PRODUCT D1)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, Field

from burnish_gateway.datasets.bodies import MOST_ITEMS, PROBLEMS_MOST, Blank, expects_nothing, is_json, item_of
from burnish_gateway.datasets.item import NewItem, counted, expect_alike
from burnish_gateway.datasets.keep_together import placed
from burnish_gateway.datasets.lines import Line, columns_of, lines_of
from burnish_gateway.datasets.mapping import COLUMNS_MOST, check_columns, checked, guessed, target_of
from burnish_gateway.datasets.near_duplicates import near_duplicates
from burnish_gateway.wire import ApiModel, parse_model
from burnish_shared.errors import InvalidBody, InvalidField

ROWS_SHOWN: Final = 10
EXAMPLES_SHOWN: Final = 3
EXAMPLE_MOST_CHARS: Final = 200


class PreviewBody(ApiModel):
    """Rows as JSON; a CSV or JSONL file is sent as it is."""

    items: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_ITEMS)
    mapping: dict[str, str] | None = Field(default=None, description="Column → target; guessed from the columns' names where absent.")


class Column(BaseModel):
    name: str
    target: str = Field(
        description="What it becomes: input, inputs.NAME, expected, split, category, tags, group, synthetic, metadata.NAME, or -."
    )
    filled: int = Field(description="Lines in which it says something.")
    examples: list[str]


class Problem(BaseModel):
    line: int
    message: str


class PreviewRow(BaseModel):
    line: int
    input: str | dict[str, Any]
    expected: str | None
    split: str = Field(description="The given one, else the one that follows from a hash of the input.")
    metadata: dict[str, Any]


class NearPair(BaseModel):
    lines: list[int]
    splits: list[str]
    similarity: float


class Preview(BaseModel):
    columns: list[Column]
    lines: int
    items: int = Field(description="Items that would be saved: lines without problems, each input once.")
    duplicates: int = Field(description="Lines whose input came before.")
    contradictions: list[int] = Field(
        description="Lines among those that expect another answer than the first one with their input, which is the one that counts; the "
        "first 100."
    )
    counts: dict[str, int] = Field(description="Items by split.")
    rows: list[PreviewRow] = Field(description="The first ten.")
    problems: list[Problem] = Field(description="At most 100. While there is any, an upload with this mapping is refused as a whole.")
    problems_left_out: int
    blank: list[int] = Field(
        description="Lines that expect nothing, the first 100: they are among the problems, unless they are kept as items "
        "without a right answer (`keep_blank`), or an upload leaves them out (`leave_out_blank`)."
    )
    near_duplicates: list[NearPair] = Field(description="Lines in different splits that say almost the same.")


def read_preview(raw: bytes, *, content_type: str, mapping: Mapping[str, str], blank: Blank = "refuse") -> Preview:
    """`mapping` empty: guessed. Raises InvalidBody, InvalidField where there is nothing to be shown."""
    if is_json(content_type):
        body = parse_model(PreviewBody, raw)
        lines = [Line(number, row) for number, row in enumerate(body.items, start=1)]
        mapping = checked(body.mapping or {}) or mapping
    else:
        lines = lines_of(raw, content_type=content_type)
    columns = columns_of(lines)
    if len(columns) > COLUMNS_MOST:
        raise InvalidField(
            f"There are {len(columns):,} columns; at most {COLUMNS_MOST} can be read. Leave out those that are no part of an item, or put "
            "several into one column as an object.",
            param="items",
        )
    if not lines:
        raise InvalidField("There is no item in it.", param="items")
    check_columns(mapping, columns)
    used = dict(mapping) or guessed(columns)
    return _previewed(lines, columns, used, blank=blank)


def _previewed(lines: Sequence[Line], columns: Sequence[str], mapping: Mapping[str, str], *, blank: Blank) -> Preview:
    items: dict[bytes, tuple[int, NewItem]] = {}
    problems: list[Problem] = []
    duplicates, contradictions = 0, []
    nothing = [line.number for line in lines if expects_nothing(line, mapping)]
    for line in lines:
        try:
            item = item_of(line, mapping, blank=blank)
        except (InvalidBody, InvalidField) as error:
            problems.append(Problem(line=line.number, message=error.message))
            continue
        _, first = items.setdefault(item.content_hash, (line.number, item))
        duplicates += first is not item
        if not expect_alike(first.expected, item.expected):
            contradictions.append(line.number)
    kept = [(number, item) for (number, _), item in zip(items.values(), placed([item for _, item in items.values()], held=[]), strict=True)]
    splits = [item.place for _, item in kept]
    pairs = near_duplicates([item.text for _, item in kept], splits)
    return Preview(
        columns=[_column(name, mapping, lines) for name in columns],
        lines=len(lines),
        items=len(kept),
        duplicates=duplicates,
        contradictions=contradictions[:PROBLEMS_MOST],
        counts=counted(splits),
        rows=[_row(number, item) for number, item in kept[:ROWS_SHOWN]],
        problems=problems[:PROBLEMS_MOST],
        problems_left_out=max(0, len(problems) - PROBLEMS_MOST),
        blank=nothing[:PROBLEMS_MOST],
        near_duplicates=[
            NearPair(
                lines=[kept[pair.first][0], kept[pair.second][0]],
                splits=[splits[pair.first], splits[pair.second]],
                similarity=pair.similarity,
            )
            for pair in pairs
        ],
    )


def _column(name: str, mapping: Mapping[str, str], lines: Sequence[Line]) -> Column:
    values = [line.row[name] for line in lines if line.row is not None and line.row.get(name) not in (None, "")]
    examples = list(dict.fromkeys(_shown(value)[:EXAMPLE_MOST_CHARS] for value in values[:50]))[:EXAMPLES_SHOWN]
    return Column(name=name, target=target_of(name, mapping), filled=len(values), examples=examples)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _row(number: int, item: NewItem) -> PreviewRow:
    return PreviewRow(line=number, input=item.input, expected=item.expected, split=item.place, metadata=item.metadata)
