"""What the quick reader and writer of JSON say is what the standard library says."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from burnish_shared.books.finished import json_text
from burnish_shared.json_bytes import decoded, encoded

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet=st.characters()), inner, max_size=4),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    """Equal in value and in type; NaN is itself."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@given(plain)
@example({"a": -0.0, "b": 1e-7, "c": 1e22, "d": 2**70, "e": "\u2028\x7f\x00", "f": "\ud83d\ude00"})
@example("\ud800")
def test_what_the_standard_library_writes_is_read_as_it_reads_it(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        data = text.encode("utf-8", "replace")
        assert same(decoded(data), json.loads(data))


@given(plain)
@example({"deep": [{"\ud800": "\udc00x"}]})
def test_what_is_written_is_read_by_the_standard_library(value: Any) -> None:
    assert same(json.loads(encoded(value)), json.loads(json.dumps(value)))
    assert b"\n" not in encoded(value), "a line of an event stream"


@given(st.binary(max_size=40) | st.text(alphabet='[]{}",:0123456789eE+-. \\utrefalsn', max_size=30).map(str.encode))
@example(b"\xef\xbb\xbf{}")
@example('{"a": 1}'.encode("utf-16"))
@example(b"1" * 5000)
@example(b"1E400")
@example(b'{"a":1,"a":2}')
@example(b"[" * 300 + b"]" * 300)
@example(b"-Infinity")
def test_what_it_refuses_is_refused_and_what_it_takes_is_taken(data: bytes) -> None:
    try:
        expected = json.loads(data)
    except (ValueError, RecursionError):
        with pytest.raises((ValueError, RecursionError)):
            decoded(data)
    else:
        assert same(decoded(data), expected)


@given(plain)
@example({"a": "\x00\ud800", "b": [math.nan, math.inf]})
@example(["\ud800", ("\udfff", math.nan)])
def test_a_column_of_json_holds_no_nul_no_surrogate_and_no_nan(value: Any) -> None:
    text = json_text(value)
    assert text.encode()
    json.loads(text, parse_constant=pytest.fail)
