"""A body that is no JSON object is told what it is, and what is wanted."""

import gzip

import pytest

from burnish_gateway.compat.chat_body import parse_chat_body
from burnish_gateway.other_bodies import EXAMPLES, JOINED, json_of, parsed, what_it_is
from burnish_shared.errors import InvalidBody

PART = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nhello\r\n--x--'


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"a": 1}\n{"a": 2}\n', "JSON lines, an object on each line"),
        (b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}', "JSON lines, an object on each line"),
        (b'{"a": 1}\nnothing', None),
        (b'{\n"a": 1,\n}', None),
        (b'{"a": 1} {"a": 2}', JOINED),
        (b'{"a": {"b": "}{"}}{"a": 2}', JOINED),
        (b'{"a": 1}{"a": 2', JOINED),
        (b'{\n"a": 1\n}\n{\n"a": 2\n}', "JSON lines, an object on each line"),
        (b'{"a": 1}nothing{"a": 2}', None),
        (b'{"a": "}{", }', None),
        (b'{"a": "\xff"}{"a": 2}', None),
        (b"[1]", "a JSON array"),
        (b"[1, 2", None),
        (b"[1, 2]\n[3]", None),
        (b"<html>", "XML or a page"),
        (gzip.compress(b"{}", mtime=0), "compressed"),
        (PART, "a form in parts (multipart/form-data)"),
        (b"model=x&messages=y", "a form (name=value)"),
        (b"messages[0][role]=user", "a form (name=value)"),
        (b"%7B%22model%22", "a form (name=value)"),
        (b"{'model': 'x'}", None),
        (b"-----", None),
        (b"hello", None),
        (b"[" * 100_000, "a JSON array"),
        (b'{"a":' * 100_000 + b"\n{", None),
    ],
)
def test_what_a_body_is(raw: bytes, what: str | None) -> None:
    assert what_it_is(raw) == what


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_example_of_each_route_is_an_object_that_its_route_takes(path: str) -> None:
    assert isinstance(json_of(EXAMPLES[path].encode(), path=path), dict)
    with pytest.raises(InvalidBody, match="The body is a JSON array") as refused:
        json_of(b"[]", path=path)
    assert EXAMPLES[path] in refused.value.message
    assert json_of(b"[]", path="/v1/other") == []


def test_json_that_is_merely_wrong_is_told_where() -> None:
    with pytest.raises(InvalidBody, match="not valid JSON"):
        parsed(parse_chat_body, b'{"model": }', path="/v1/chat/completions")


def test_an_array_that_was_cut_off_is_no_array() -> None:
    with pytest.raises(InvalidBody, match="not valid JSON"):
        json_of(b"[1, 2", path="/v1/chat/completions")


def test_one_line_is_told_the_same_as_many() -> None:
    line = b'{"custom_id": "1", "body": {}}'
    told = []
    for raw in (line, line + b"\n" + line, line + line):
        with pytest.raises(InvalidBody) as refused:
            json_of(raw, path="/v1/batches")
        told.append(refused.value.message.partition(". ")[2])
    assert len(set(told)) == 1 and "POST /v1/files" in told[0]
    assert json_of(line, path="/v1/executions"), "elsewhere it is an unknown field"
