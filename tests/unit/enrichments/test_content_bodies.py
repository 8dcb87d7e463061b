"""What is told of a content that is slightly wrong: what is wrong with the kind that it was meant as, and with no other."""

import json
from typing import Any

import pytest

from burnish_gateway.enrichments.bodies import FileContent, ManyEnrichments, NewEnrichment
from burnish_gateway.wire import parse_model
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("E17")

DATA = "data:application/pdf;base64,JVBERi0="
LINE = {"role": "user", "content": "Hi."}
NO_KIND = "must be text, or an object with messages or file_data"


def body_of(content: Any) -> bytes:
    return json.dumps({"source_type": "document", "content": content}).encode()


@pytest.mark.parametrize(
    ("content", "param", "said"),
    [
        ({"file_data": 5}, "content.file_data", "must be text"),
        ({"file_data": ""}, "content.file_data", "may not be empty"),
        ({"file_data": DATA, "filename": 5}, "content.filename", "must be text"),
        ({"file_data": DATA, "zzz": 1}, "content.zzz", "is no field here; there are file_data, filename"),
        ({"file_data": DATA, "messages": [LINE]}, "content.messages", "is no field here; there are file_data, filename"),
        ({"messages": []}, "content.messages", "may not be empty"),
        ({"messages": [{"content": 5}]}, "content.messages[0].content", "must be text"),
        ({"messages": [LINE], "filename": "a.pdf"}, "content.filename", "is no field here; there is messages"),
        ({"filename": "a.pdf"}, "content", NO_KIND),
        ({}, "content", NO_KIND),
        (5, "content", NO_KIND),
        ([LINE], "content", NO_KIND),
        ("", "content", "may not be empty"),
    ],
)
def test_one_thing_is_told_of_a_content_that_is_slightly_wrong(content: Any, param: str, said: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_model(NewEnrichment, body_of(content))
    assert (refused.value.message, refused.value.param) == (f"{param}: {said}", param)
    assert refused.value.details == {"problems": [{"param": param, "message": said}]}


def test_of_one_among_many_its_place_is_named() -> None:
    many = json.dumps({"source_type": "document", "items": [{"content": "x"}, {"content": {"file_data": 5}}]}).encode()
    with pytest.raises(InvalidField) as refused:
        parse_model(ManyEnrichments, many)
    assert refused.value.message == "items[1].content.file_data: must be text"


def test_a_file_may_have_a_name_as_files_of_messages_do() -> None:
    told = parse_model(NewEnrichment, body_of({"file_data": DATA, "filename": "terms.pdf"}))
    assert isinstance(told.content, FileContent) and told.content.raw() == b"%PDF-"
    unnamed = parse_model(NewEnrichment, body_of({"file_data": DATA, "filename": None}))
    assert isinstance(unnamed.content, FileContent) and told.kept() is None
