"""Uploaded files, raw and as the forms of OpenAI's clients."""

import pytest

from burnish_gateway.batches.upload import upload_of
from burnish_shared.errors import InvalidBody, InvalidField

FORM = "multipart/form-data; boundary=b0undary"


def form(*parts: tuple[str, bytes], closed: bool = True) -> bytes:
    written = b"".join(b"--b0undary\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in parts)
    return written + (b"--b0undary--\r\n" if closed else b"")


FILE = 'Content-Disposition: form-data; name="file"; filename="calls.jsonl"\r\nContent-Type: application/octet-stream'
PURPOSE = 'Content-Disposition: form-data; name="purpose"'


@pytest.mark.capability("E15")
def test_a_form_and_a_raw_body_give_the_same_content() -> None:
    content = b'{"body":{}}\r\n{"text":"--not a boundary \xc3\xa9"}\n'
    sent = upload_of(form((PURPOSE, b"batch"), (FILE, content)), content_type=FORM, name=None)
    raw = upload_of(content, content_type="application/x-ndjson", name="calls.jsonl")
    assert sent == raw and sent.content == content and sent.name == "calls.jsonl"
    quoted = upload_of(form((FILE, content)), content_type='multipart/form-data; boundary="b0undary"; charset=x', name=None)
    assert quoted.content == content


@pytest.mark.parametrize(
    ("raw", "content_type", "error"),
    [
        (form((FILE, b"x"), closed=False), FORM, InvalidBody),
        (form((FILE, b"x")), "multipart/form-data", InvalidBody),
        (b"", FORM, InvalidBody),
        (form((PURPOSE, b"batch")), FORM, InvalidField),
        (form((FILE, b"x"), (PURPOSE, b"fine-tune")), FORM, InvalidField),
    ],
)
def test_a_form_that_is_cut_off_or_lacks_a_part_is_refused(raw: bytes, content_type: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        upload_of(raw, content_type=content_type, name=None)


def test_a_name_holds_nothing_that_cannot_be_printed() -> None:
    assert upload_of(b"x", content_type="", name="a\x00b\n" + "c" * 300).name == ("ab" + "c" * 300)[:200]
    assert upload_of(b"x", content_type="", name=" \n").name == "batch.jsonl"
