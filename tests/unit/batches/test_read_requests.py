"""A batch in Anthropic's format is read request by request, and says the same as if it were read whole."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.batches.bodies import LINES_MOST
from burnish_gateway.batches.json_parts import parts_of
from burnish_gateway.batches.read_lines import LINE_MOST_BYTES
from burnish_gateway.batches.read_requests import Requests
from burnish_shared.errors import BurnishError

PARAMS = {"model": "simulated/chat", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def asked(*requests: Any, **others: Any) -> Requests:
    return Requests(json.dumps({"requests": list(requests), **others}).encode())


def refused(raw: bytes) -> BurnishError:
    with pytest.raises(BurnishError) as told:
        list(Requests(raw).lines())
    return told.value


@given(fields=st.dictionaries(TEXTS.filter(lambda name: name != "requests"), VALUES, max_size=4), elements=st.lists(VALUES, max_size=5),
       indent=st.sampled_from([None, 0, 3]), position=st.integers(0, 4), ascii=st.booleans())  # fmt: skip
def test_the_parts_of_a_body_are_what_a_parser_finds_in_the_whole(
    fields: dict[str, Any], elements: list[Any], indent: int | None, position: int, ascii: bool
) -> None:
    items = list(fields.items())
    items.insert(position, ("requests", elements))
    raw = json.dumps(dict(items), indent=indent, ensure_ascii=ascii).encode()
    found = list(parts_of(raw, listed="requests", most_bytes=10_000))
    assert [json.loads(text) for name, text in found if name == "requests"] == elements
    assert {name: json.loads(text) for name, text in found if name != "requests"} == fields


@given(
    elements=st.lists(VALUES, min_size=1, max_size=4), cut=st.integers(1, 200), put=st.sampled_from([b"", b'"', b"[", b"}", b",", b"\\"])
)
def test_what_a_parser_refuses_is_refused_or_stands_within_one_part(elements: list[Any], cut: int, put: bytes) -> None:
    """A part is looked into by whoever reads it; what holds them together is looked at here."""
    whole = json.dumps({"requests": elements}).encode()
    at = cut % len(whole)
    raw = whole[:at] + put + whole[at + 1 :]
    try:
        parts = [text for _, text in parts_of(raw, listed="requests", most_bytes=10_000)]
        good = all(_parses(text) for text in parts)
    except BurnishError:
        good = False
    assert good == (_parses(raw) and isinstance(json.loads(raw).get("requests", []), list))


def _parses(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except ValueError:
        return False
    return True


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
    assert (requests.terms.name, requests.terms.max_cost_nusd) == ("night", 5)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text.replace("Hello", "\\u0000"), "U+0000"),
        (lambda text: text.replace("Hello", "\\ud800"), "surrogate"),
        (lambda text: text.replace("20", "9" * 30), "64 bits"),
        (lambda text: text.replace("20", "NaN"), "NaN"),
        (lambda text: text.replace('"Hello"', "[" * 70 + "]" * 70), "levels"),
        (lambda text: text.replace('"custom_id"', '"more": 1, "custom_id"'), "more: is no field"),
        (lambda text: text.replace('"params": {', '"params": [{').replace("}]}}", "}]}]}"), "params: must be an object"),
        (lambda text: text.replace('"params"', '"parameters"'), "parameters: is no field"),
    ],
)
def test_what_is_wrong_with_one_request_is_told_of_that_one(spoil: Callable[[str], str], said: str) -> None:
    good = json.dumps({"custom_id": "good", "params": PARAMS})
    bad = spoil(json.dumps({"custom_id": "bad", "params": PARAMS}))
    first, second = Requests(f'{{"requests": [{bad}, {good}]}}'.encode()).lines()
    assert first.custom_id == "bad" and first.error is not None and said in first.error.message
    assert second.custom_id == "good" and second.order is not None


@pytest.mark.parametrize(
    ("raw", "code", "named"),
    [
        (b"", "invalid_body", "is empty"),
        (b" ", "invalid_body", "is empty"),
        (b"[]", "invalid_body", "is a JSON array"),
        (b'"x"', "invalid_body", "no object"),
        (b"a=1", "invalid_body", "is a form"),
        (b"\xff", "invalid_body", "no JSON object"),
        (b'{"requests": [', "invalid_body", "a value is expected"),
        (b'{"requests": [{"custom_id": "a', "invalid_body", "ends too early"),
        (b'{"requests": [1}', "invalid_field", "requests[0]: must be an object"),
        (b'{"name": "a" "b"}', "invalid_body", "',' is expected at byte 13"),
        (b'{"name": "a",}', "invalid_body", "a value is expected at byte 13"),
        (b'{1: "a"}', "invalid_body", "named by a text"),
        (b'{"requests": []} x', "invalid_body", "follows it, from byte 17"),
        (b'{"requests": [], "requests": []}', "invalid_body", "stands twice"),
        (b'{"requests": {}}', "invalid_field", "must be an array"),
        (b'{"requests": []}', "invalid_field", "at least one"),
        (b"{}", "invalid_field", "at least one"),
        (b'{"requests": [{"params": {}}]}', "invalid_field", "requests[0].custom_id"),
        (b'{"requests": [{"custom_id": "", "params": {}}]}', "invalid_field", "requests[0].custom_id"),
        (b'{"requests": [{"custom_id": 1}, 2]}', "invalid_field", "requests[0].custom_id"),
        (b'{"requests": [{"custom_id": "\\u0000"}]}', "invalid_body", "U+0000"),
        (b'{"requests": [{"custom_id": "\\ud800"}]}', "invalid_body", "surrogate"),
        (b'{"requests": [{"a" 1}]}', "invalid_body", "requests[0] is not valid JSON"),
        (b'{"requests": [{"custom_id": "a", "params": {"x": "\xff"}}]}', "invalid_body", "requests[0] is not valid JSON"),
        (b'{"requests": [{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}", "invalid_body", "requests[0] is not valid JSON"),
        (b'{"colour": 1, "requests": []}', "invalid_field", "colour"),
        (b'{"name": ' + b'"' + b"x" * 5000 + b'"}', "invalid_field", "name: is too long"),
        (b'{"max_cost_nusd": 0}', "invalid_field", "max_cost_nusd"),
        (b'{"requests": ["' + b"x" * LINE_MOST_BYTES + b'"]}', "payload_too_large", "requests[0]: has more than 2097152 bytes"),
        (b'{"requests": [{"a":' + b"[]," * LINE_MOST_BYTES + b"]}]}", "payload_too_large", "requests[0]: has more"),
    ],
)
def test_what_no_single_request_is_to_blame_for_is_refused_as_a_whole(raw: bytes, code: str, named: str) -> None:
    error = refused(raw)
    assert (error.code, named in error.message) == (code, True), error.message


def test_a_mark_of_utf_8_and_spaces_before_it_are_nothing() -> None:
    raw = b"\xef\xbb\xbf \n" + json.dumps({"requests": [{"custom_id": "ä", "params": PARAMS}]}, ensure_ascii=False).encode()
    assert [line.custom_id for line in Requests(raw).lines()] == ["ä"]


def test_ids_are_given_once_and_there_are_not_too_many() -> None:
    twice = {"custom_id": "a", "params": PARAMS}
    assert "stands in lines 1 and 2" in refused(json.dumps({"requests": [twice, twice]}).encode()).message
    many = {"requests": [{"custom_id": str(number), "params": {}} for number in range(LINES_MOST + 1)]}
    assert f"at most {LINES_MOST}" in refused(json.dumps(many).encode()).message


def test_features_of_the_route_itself_are_no_features_of_a_request() -> None:
    assert Requests(b"", beta="message-batches-2024-09-24").beta is None
    assert Requests(b"", beta="message-batches-2024-09-24, output-128k-2025-02-19").beta == "output-128k-2025-02-19"
    assert Requests(b"", beta="").beta is None
    with pytest.raises(BurnishError, match="anthropic-beta"):
        Requests(b"", beta="one\ntwo")
