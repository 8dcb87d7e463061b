"""Bodies at the edge: strict JSON, and errors that name the field."""

import json
from typing import Annotated, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from burnish_gateway.paging import Cursors
from burnish_gateway.strict_json import parse_json
from burnish_gateway.wire import ApiModel, Name, parse_model
from burnish_shared.errors import InvalidBody, InvalidField


class Body(ApiModel):
    name: Name
    count: Annotated[int, Field(ge=0, le=10)] = 0
    id: UUID | None = None
    nested: dict[str, Any] = Field(default_factory=dict)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a":1,"a":2}',
        b'{"a":"\\u0000"}',
        b'{"\\u0000":1}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"[" * 70 + b"]" * 70 + b"}",
        b"[" * 200_000,
        b'{"a":9223372036854775808}',
        b"\xef\xbb\xbf{}",
        b"{} x",
    ],
    ids=lambda raw: repr(raw[:10]),
)
def test_json_that_some_layer_behind_would_stumble_over_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidBody) as told:
        parse_json(raw)
    if b'"a":1,"a":2' in raw:
        assert parse_json(raw, duplicate_keys=True) == {"a": 2}
        return
    with pytest.raises(InvalidBody) as told_too:
        parse_json(raw, duplicate_keys=True)
    assert told_too.value.message == told.value.message, "the quick way says what the strict one says"


def test_a_number_of_thousands_of_digits_is_told_in_the_callers_words() -> None:
    with pytest.raises(InvalidBody, match=r"thousands of digits$"):
        parse_json(b'{"a":' + b"9" * 5000 + b"}")


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'{"budget": {"evaluations": 99999999999999999999}}', "budget.evaluations"),
        (b'{"items": [1, {"input": "x\\u0000"}]}', "items[1].input"),
        (b'{"metadata": {"x\\u0000y": 1}}', "metadata"),
        (b"99999999999999999999", None),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_field(raw: bytes, place: str | None) -> None:
    for duplicate_keys in (False, True):
        with pytest.raises(InvalidBody) as refused:
            parse_json(raw, duplicate_keys=duplicate_keys)
        assert refused.value.param == place
        assert refused.value.message.startswith("A number" if place is None else f"{place}: ")


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=10),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="abc", max_size=3), inner, max_size=3),
        max_leaves=10,
    )
)
def test_ordinary_json_comes_back_as_it_was(value: Any) -> None:
    raw = json.dumps(value).encode()
    assert parse_json(raw) == parse_json(raw, duplicate_keys=True) == value


@pytest.mark.promise("T-08")
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x", "count": "1"}, "count"),
        ({"name": "x", "count": 11}, "count"),
        ({"name": "x", "count": True}, "count"),
        ({"name": "x", "workspace_id": "y"}, "workspace_id"),
        ({"name": "x", "id": "no uuid"}, "id"),
        ({"name": 5}, "name"),
    ],
)
def test_a_wrong_field_is_named(body: Any, param: str) -> None:
    with pytest.raises(InvalidField) as error:
        parse_model(Body, json.dumps(body).encode())
    assert error.value.param == param and param in error.value.message


def test_a_uuid_is_taken_from_json_text_though_models_are_strict() -> None:
    wanted = UUID(int=5)
    assert parse_model(Body, json.dumps({"name": "x", "id": str(wanted)}).encode()).id == wanted
    assert Body.model_validate({"name": "x", "id": str(wanted)}).id == wanted


@pytest.mark.promise("T-09")
@given(st.text(max_size=60))
def test_a_cursor_opens_only_where_it_was_made(text: str) -> None:
    cursors = Cursors(b"k" * 32)
    mine, other = UUID(int=1), UUID(int=2)
    cursor = cursors.make(mine, of="things", position=["a", 1])
    assert cursors.open(cursor, mine, of="things") == ["a", 1]
    assert cursors.open(None, mine, of="things") is None
    for wrong in (
        lambda: cursors.open(cursor, other, of="things"),
        lambda: cursors.open(cursor, mine, of="others"),
        lambda: cursors.open(text, mine, of="things"),
    ):
        with pytest.raises(InvalidField):
            wrong()
