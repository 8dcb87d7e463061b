"""What callers send about datasets, as JSON, JSONL or CSV."""

import csv
import io
import json
from typing import Annotated, Any, Final

from pydantic import Field, field_validator

from burnish_gateway.datasets.item import NewItem, split_named
from burnish_gateway.wire import ApiModel, Name, Text, parse_json, parse_model
from burnish_shared.errors import InvalidBody, InvalidField

MOST_ITEMS: Final = 10_000
"""Items of one dataset."""

INPUT_MOST_CHARS: Final = 65_536
EXPECTED_MOST_CHARS: Final = 16_384

csv.field_size_limit(INPUT_MOST_CHARS * 4)


class ItemBody(ApiModel):
    """One item as it is uploaded."""

    input: Annotated[Text, Field(min_length=1, max_length=INPUT_MOST_CHARS)] | dict[str, Any] = Field(
        description="A text, or the prompt's variables by name."
    )
    expected: Annotated[Text, Field(max_length=EXPECTED_MOST_CHARS)] = Field(description="The right answer; compared after trimming.")
    split: str | None = Field(default=None, description="train, validation (or val), test; without it the split follows from a hash.")
    metadata: dict[str, Any] = Field(default_factory=dict)

    @field_validator("split")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return split_named(value)

    def item(self) -> NewItem:
        return NewItem(input=self.input, expected=self.expected, split=split_named(self.split), metadata=self.metadata)


class ItemsBody(ApiModel):
    items: list[ItemBody] = Field(min_length=1, max_length=MOST_ITEMS)


class DatasetBody(ItemsBody):
    name: Name


def read_dataset(raw: bytes, *, content_type: str, name: str | None) -> tuple[str, list[NewItem]]:
    """Name and items of a new dataset. JSON carries its name; for an upload it is given beside it (`?name=`)."""
    if _is_json(content_type):
        body = parse_model(DatasetBody, raw)
        return body.name, [one.item() for one in body.items]
    if not name or len(name) > 200 or "\x00" in name:
        raise InvalidField("An upload needs a name of 1 to 200 characters: POST /v1/datasets?name=….", param="name")
    return name, _uploaded(raw, content_type=content_type)


def read_items(raw: bytes, *, content_type: str) -> list[NewItem]:
    """Items to be added to a dataset."""
    if _is_json(content_type):
        return [one.item() for one in parse_model(ItemsBody, raw).items]
    return _uploaded(raw, content_type=content_type)


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip() in ("", "application/json")


def _uploaded(raw: bytes, *, content_type: str) -> list[NewItem]:
    kind = content_type.partition(";")[0].strip()
    if kind in ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"):
        return _read_jsonl(raw)
    if kind in ("text/csv", "application/csv"):
        return _read_csv(raw)
    raise InvalidBody(
        f"Send application/json, application/x-ndjson (JSONL) or text/csv, not {kind[:80] or 'nothing'}.", param="content-type"
    )


def _read_jsonl(raw: bytes) -> list[NewItem]:
    """One item a line. What the item schema does not know goes into its metadata, so that files from elsewhere can be sent as they are."""
    items = []
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if line.strip():
            try:
                items.append(_item(parse_json(line)))
            except (InvalidBody, InvalidField) as error:
                raise InvalidField(f"Line {number}: {error.message}", param=f"line {number}") from error
            _refuse_too_many(items)
    return _some(items)


def _read_csv(raw: bytes) -> list[NewItem]:
    """A header names the columns: `input` and `expected`, and where given `split`; all others become metadata."""
    try:
        rows = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True)
        items = []
        for row in rows:
            if None in row:
                raise InvalidField(f"Line {rows.line_num}: more fields than the header has columns.", param=f"line {rows.line_num}")
            try:
                items.append(_item({name: value for name, value in row.items() if value is not None}))
            except (InvalidBody, InvalidField) as error:
                raise InvalidField(f"Line {rows.line_num}: {error.message}", param=f"line {rows.line_num}") from error
            _refuse_too_many(items)
    except UnicodeDecodeError as error:
        raise InvalidBody("The file is not UTF-8.") from error
    except csv.Error as error:
        raise InvalidBody(f"The file is not valid CSV: {str(error)[:200]}") from error
    return _some(items)


def _item(row: Any) -> NewItem:
    if not isinstance(row, dict):
        raise InvalidBody("An item is an object with input and expected.")
    known = {name: value for name, value in row.items() if name in ItemBody.model_fields}
    others = {name: value for name, value in row.items() if name not in ItemBody.model_fields}
    if others:
        given = known.get("metadata")
        known["metadata"] = others | (given if isinstance(given, dict) else {})
    return parse_model(ItemBody, json.dumps(known).encode()).item()


def _refuse_too_many(items: list[NewItem]) -> None:
    if len(items) > MOST_ITEMS:
        raise InvalidField(f"A dataset holds at most {MOST_ITEMS:,} items.", param="items")


def _some(items: list[NewItem]) -> list[NewItem]:
    if not items:
        raise InvalidField("There is no item in it.", param="items")
    return items
