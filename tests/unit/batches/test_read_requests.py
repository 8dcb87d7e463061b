"""A batch in Anthropic's format is read request by request, and says the same as if it were read whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.batches.bodies import LINES_MOST
from burnish_gateway.batches.read_requests import Requests, _parts
from burnish_shared.errors import BurnishError

PARAMS = {"model": "simulated/chat", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def asked(*requests: Any, **others: Any) -> Requests:
    return Requests(json.dumps({"requests": list(requests), **others}).encode())


def refused(raw: bytes) -> BurnishError:
    requests = Requests(raw)
    with pytest.raises(BurnishError) as told:
        list(requests.lines())
        requests.terms()
    return told.value


@given(fields=st.dictionaries(st.text().filter(lambda name: name != "requests"), VALUES, max_size=4), elements=st.lists(VALUES, max_size=5),
       indent=st.sampled_from([None, 0, 3]), position=st.integers(0, 4))  # fmt: skip
def test_the_parts_of_a_body_are_what_a_parser_finds_in_the_whole(
    fields: dict[str, Any], elements: list[Any], indent: int | None, position: int
) -> None:
    items = list(fields.items())
    items.insert(position, ("requests", elements))
    found = list(_parts(json.dumps(dict(items), indent=indent)))
    assert [json.loads(text) for name, text in found if name == "requests"] == elements
    assert {name: json.loads(text) for name, text in found if name != "requests"} == fields


def test_each_request_is_judged_alone_and_what_stands_beside_them_is_known_afterwards() -> None:
    wrong = PARAMS | {"max_tokens": "many"}
    streamed = PARAMS | {"stream": True}
    requests = asked(
        {"custom_id": "a", "params": PARAMS}, {"custom_id": "b", "params": wrong}, {"custom_id": "c", "params": streamed},
        name="night", max_cost_nusd=5,
    )  # fmt: skip
    lines = list(requests.lines())
    assert [(line.number, line.custom_id, line.order is not None) for line in lines] == [(1, "a", True), (2, "b", False), (3, "c", False)]
    assert [line.error.param for line in lines if line.error is not None] == ["max_tokens", "stream"]
    assert requests.terms().model_dump() == {"name": "night", "max_cost_nusd": 5}
    assert asked({"custom_id": "a", "params": PARAMS}).terms().model_dump() == {"name": None, "max_cost_nusd": None}


@pytest.mark.parametrize(
    ("raw", "code", "named"),
    [
        (b"", "invalid_body", "empty"),
        (b"[]", "invalid_body", "array"),
        (b'{"requests": [', "invalid_body", "ends too early"),
        (b'{"requests": [1}', "invalid_field", "requests[0]: must be an object"),
        (b'{"requests": [], "a": 1 "b"}', "invalid_body", "',' is expected at character 24"),
        (b'{"requests": []} x', "invalid_body", "follows"),
        (b'{"requests": [], "requests": []}', "invalid_body", "named once"),
        (b'{"requests": {}}', "invalid_field", "must be an array"),
        (b'{"requests": []}', "invalid_field", "at least one"),
        (b"{}", "invalid_field", "at least one"),
        (b'{"requests": [{"params": {}}]}', "invalid_field", "requests[0]: custom_id"),
        (b'{"requests": [{"custom_id": "a", "params": {}, "more": 1}]}', "invalid_field", "requests[0]: more"),
        (b"{" + b'"a":{' * 100_000, "invalid_body", "nested"),
        (b'{"requests": [' + b"[" * 100_000, "invalid_body", "nested"),
        (b'{"a": ' + b"9" * 5000 + b', "requests": []}', "invalid_body", "digits"),
        (b"\xff", "invalid_body", ""),
        (b'{"requests": [{"custom_id": "a", "params": {"x": "\xff"}}]}', "invalid_body", "UTF-8"),
    ],
)
def test_what_no_single_request_is_to_blame_for_is_refused_as_a_whole(raw: bytes, code: str, named: str) -> None:
    error = refused(raw)
    assert (error.code, named in error.message) == (code, True), error.message


def test_ids_are_given_once_and_terms_are_known_fields() -> None:
    twice = {"custom_id": "a", "params": PARAMS}
    assert "stands in lines 1 and 2" in refused(json.dumps({"requests": [twice, twice]}).encode()).message
    assert refused(json.dumps({"requests": [twice], "colour": 1}).encode()).param == "colour"
    many = {"requests": [{"custom_id": str(number), "params": {}} for number in range(LINES_MOST + 1)]}
    assert f"at most {LINES_MOST}" in refused(json.dumps(many).encode()).message
