"""Figures as CSV (RFC 4180): one row each, nested figures beside one another, numbers as they are in JSON. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.insights.ranges import Range
from burnish_gateway.streamed_file import FORMULA

Format = Literal["json", "csv"]


CSV_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The figures; as a file with `format=csv`."}
}
"""`responses` of a route that answers as CSV too."""

NO_PROMPT: Final = "(no prompt)"
"""The group, in a file, of what named no prompt: JSON calls it ``, `@0` or `@`, of which the last two begin as a formula does."""


def group_of(group: str, *, by: str | None) -> str:
    """A group as a file names it; `by`: what the rows are grouped by."""
    return NO_PROMPT if by in ("prompt", "version", "label") and group.partition("@")[0] == "" else group


def csv_of(model: type[BaseModel], rows: Iterable[BaseModel]) -> bytes:
    """A header and one line for each row. A list inside a row is left out; what is unknown is an empty cell."""
    columns = list(_columns(model))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow("_".join(path) for path in columns)
    for row in rows:
        values = row.model_dump(mode="json", by_alias=True)
        writer.writerow(_cell(_at(values, path)) for path in columns)
    return text.getvalue().encode()


def csv_response(model: type[BaseModel], rows: Iterable[BaseModel], *, name: str) -> Response:
    """As a download; `name` says what it is."""
    headers = {"content-disposition": f'attachment; filename="burnish-{name}.csv"'}
    return Response(csv_of(model, rows), media_type="text/csv; charset=utf-8", headers=headers)


def named(name: str, wanted: Range) -> str:
    """Of a file about a range."""
    return f"{name}-{wanted.start:%Y-%m-%d}-{wanted.end:%Y-%m-%d}"


def _columns(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        alias = field.serialization_alias or name
        kinds = [one for one in _members(field.annotation) if one is not type(None)]
        if any(get_origin(one) is list for one in kinds):
            continue
        nested = [one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)]
        if nested:
            yield from ((alias, *rest) for rest in _columns(nested[0]))
        else:
            yield (alias,)


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _at(values: Mapping[str, Any] | None, path: Sequence[str]) -> Any:
    found: Any = values
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return str(value).lower() if isinstance(value, bool) else value
