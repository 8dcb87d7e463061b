"""What callers send about datasets, as JSON, JSONL or CSV."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, field_validator, model_validator

from burnish_gateway.datasets.item import (
    EXPECTS_NOTHING,
    GROUP,
    SYNTHETIC,
    NewItem,
    answer_in_words,
    marked,
    means_yes,
    says_nothing,
    split_named,
)
from burnish_gateway.datasets.lines import JSONL, LINES_MOST, Line, check_kind, columns_of, lines_of
from burnish_gateway.datasets.mapping import check_columns, check_items, placed
from burnish_gateway.wire import ApiModel, Name, Text, parse_model
from burnish_shared.errors import InvalidBody, InvalidField
from burnish_shared.samples import SUPPORT_TICKETS_NAME, support_tickets

MOST_ITEMS: Final = LINES_MOST
"""Items of one dataset."""

PROBLEMS_MOST: Final = 100
"""Lines at fault that are told at once."""

INPUT_MOST_CHARS: Final = 65_536
EXPECTED_MOST_CHARS: Final = 16_384

NOTHING_EXPECTED: Final = f"{EXPECTS_NOTHING}; fill it in, or say null where there is no right answer and evaluators judge"

BLANK_IN_FILE: Final = (
    f"expected: {EXPECTS_NOTHING}; fill it in, leave such lines out (leave_out_blank=true), or keep them as items without a right answer, "
    "which evaluators judge (keep_blank=true)"
)


def _answer(value: object) -> object:
    if value is None:
        raise ValueError(NOTHING_EXPECTED)
    return answer_in_words(value)


Expected = Annotated[
    Text,
    Field(max_length=EXPECTED_MOST_CHARS),
    BeforeValidator(_answer, json_schema_input_type=str | dict[str, JsonValue] | list[JsonValue] | float | bool),
]
"""The right answer: a text, or JSON that becomes one."""

EXPECTED_SAID: Final = (
    "The right answer: a text, or JSON, which is kept as text. Compared after trimming; a JSON object or list by its value, so that its "
    "spelling does not matter."
)


class ItemBody(ApiModel):
    """One item as it is uploaded."""

    input: Annotated[Text, Field(min_length=1, max_length=INPUT_MOST_CHARS)] | dict[str, Any] = Field(
        description="A text, or the prompt's variables by name."
    )
    expected: Expected | None = Field(
        default=None,
        description=f"{EXPECTED_SAID} Null, or left out: there is no right answer; a test run and a search then need something that "
        "judges what is answered.",
    )
    split: str | None = Field(default=None, description="train, validation (or val), test; without it the split follows from a hash.")
    metadata: dict[str, Any] = Field(default_factory=dict)
    group: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="Its user or conversation: one group falls into one split. Kept in `metadata.group`, where an erasure finds it.",
    )
    synthetic: bool = Field(default=False, description="Made up, and marked so in `metadata.synthetic`; never in the test split.")

    @field_validator("expected")
    @classmethod
    def _says_something(cls, value: str | None) -> str | None:
        if value is not None and says_nothing(value):
            raise ValueError(NOTHING_EXPECTED)
        return value

    @field_validator("split")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return split_named(value)

    def item(self) -> NewItem:
        marks: dict[str, Any] = {} if self.group is None else {GROUP: self.group}
        if self.synthetic:
            marks[SYNTHETIC] = True
        return NewItem(input=self.input, expected=self.expected, split=split_named(self.split), metadata=marked(self.metadata | marks))

    def _is_made_up(self) -> bool:
        return self.synthetic or means_yes(self.metadata.get(SYNTHETIC))

    @model_validator(mode="after")
    def _tested_on_real_ones(self) -> Self:
        if split_named(self.split) == "test" and self._is_made_up():
            raise ValueError("split: an item that was made up cannot be in the test split; use train or validation, or leave split out")
        return self


Blank = Literal["refuse", "leave_out", "keep"]
"""What becomes of a line whose right answer is blank: the file is refused, the line left out, or kept as an item without one."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a body. `left_out`: lines that expect nothing, where those are to be left out. `is_named_by_us`: nobody chose
    the name, so that another may stand in for it."""

    items: list[NewItem]
    left_out: list[int] = field(default_factory=list)
    is_named_by_us: bool = False


class ItemsBody(ApiModel):
    items: list[ItemBody] = Field(min_length=1, max_length=MOST_ITEMS)


class DatasetBody(ApiModel):
    """Items with a name, or data that Burnish ships."""

    name: Name | None = Field(default=None, description="Needed with `items`; a sample has a name of its own.")
    items: list[ItemBody] | None = Field(default=None, min_length=1, max_length=MOST_ITEMS)
    sample: Literal["support_tickets"] | None = Field(
        default=None, description="`support_tickets`, in place of items: tickets of an invented shop, each with its queue, in three splits."
    )

    @model_validator(mode="after")
    def _is_of_something(self) -> Self:
        if self.items is None and self.sample is None:
            raise ValueError("items: is needed, a list of {input, expected}")
        if self.items is not None and self.sample is not None:
            raise ValueError("sample: stands in place of items; give one of them")
        if self.name is None and self.sample is None:
            raise ValueError("name: is needed")
        return self

    def read(self) -> "tuple[str, Read]":
        """Name and items."""
        if self.sample is not None:
            items = _uploaded(support_tickets(), content_type=JSONL[0], mapping={}, blank="refuse")
            return self.name or SUPPORT_TICKETS_NAME, replace(items, is_named_by_us=self.name is None)
        return self.name or "", Read([one.item() for one in self.items or ()])


def read_dataset(
    raw: bytes, *, content_type: str, name: str | None, mapping: Mapping[str, str] | None = None, blank: Blank = "refuse"
) -> tuple[str, Read]:
    """Name and items of a new dataset. JSON carries its name; for an upload it is given beside it (`?name=`)."""
    if is_json(content_type):
        _check_json_alone(name, mapping, blank)
        return parse_model(DatasetBody, raw).read()
    check_kind(content_type)
    if not name or not name.strip() or len(name) > 200 or "\x00" in name:
        raise InvalidField("An upload needs a name of 1 to 200 characters: POST /v1/datasets?name=….", param="name")
    return name, _uploaded(raw, content_type=content_type, mapping=mapping or {}, blank=blank)


def read_items(raw: bytes, *, content_type: str, mapping: Mapping[str, str] | None = None, blank: Blank = "refuse") -> Read:
    """Items to be added to a dataset."""
    if is_json(content_type):
        _check_json_alone(None, mapping, blank)
        return Read([one.item() for one in parse_model(ItemsBody, raw).items])
    return _uploaded(raw, content_type=content_type, mapping=mapping or {}, blank=blank)


def _check_json_alone(name: str | None, mapping: Mapping[str, str] | None, blank: Blank) -> None:
    """Raises InvalidField for what is said beside a JSON body and would not be heard."""
    for said, given in (
        ("name", name is not None),
        ("map", bool(mapping)),
        ("leave_out_blank", blank == "leave_out"),
        ("keep_blank", blank == "keep"),
    ):
        if given:
            raise InvalidField(
                f"{said}: in the query belongs to a file, sent as text/csv or application/x-ndjson. A JSON body says all by itself.",
                param=said,
            )


def is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip() in ("", "application/json")


def expects_nothing(line: Line, mapping: Mapping[str, str]) -> bool:
    """Of a line that can be read: whether its cell of the right answer is blank, or is not there."""
    if line.row is None:
        return False
    expected = placed(line.row, mapping).get("expected")
    return (expected is None or isinstance(expected, str)) and says_nothing(expected)


def item_of(line: Line, mapping: Mapping[str, str], *, blank: Blank) -> NewItem:
    """What the item schema does not know goes into its metadata, so that files from elsewhere can be sent as they are. A blank right answer
    is a slip unless those are to be kept (`blank`): then there is none.

    Raises InvalidBody, InvalidField.
    """
    if line.row is None:
        raise InvalidBody(line.problem or "cannot be read.")
    fields = placed(line.row, mapping)
    if expects_nothing(line, mapping):
        if blank != "keep":
            raise InvalidField(f"{BLANK_IN_FILE}.", param="expected")
        fields["expected"] = None
    return parse_model(ItemBody, json.dumps(fields).encode()).item()


def _uploaded(raw: bytes, *, content_type: str, mapping: Mapping[str, str], blank: Blank) -> Read:
    """All items of a file, or one error that names every line at fault (up to PROBLEMS_MOST)."""
    items: list[NewItem] = []
    left_out: list[int] = []
    problems: list[dict[str, Any]] = []
    lines = lines_of(raw, content_type=content_type)
    if columns := columns_of(lines):
        check_columns(mapping, columns)
        check_items(mapping, columns, blank=blank)
    for line in lines:
        if blank == "leave_out" and expects_nothing(line, mapping):
            left_out.append(line.number)
            continue
        try:
            items.append(item_of(line, mapping, blank=blank))
        except (InvalidBody, InvalidField) as error:
            problems.append({"line": line.number, "message": error.message})
    if problems:
        first = problems[0]
        others = len(problems) - 1
        more = f" {others:,} more {'line has' if others == 1 else 'lines have'} problems; nothing was saved." if others else ""
        raise InvalidField(
            f"Line {first['line']}: {first['message'].rstrip('.')}.{more}",
            param=f"line {first['line']}",
            details={"problems": problems[:PROBLEMS_MOST], "lines_with_problems": len(problems)},
        )
    if not items:
        raise InvalidField("There is no item in it.", param="items")
    return Read(items, left_out)
