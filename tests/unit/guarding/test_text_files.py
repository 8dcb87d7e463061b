"""Files that are texts are read and masked as texts are (PRODUCT E13, E18)."""

from base64 import b64decode, b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from burnish_gateway.imports.mask_reported import _messages
from burnish_shared.contracts.guardrails import PersonalData, Secrets
from burnish_shared.guarding.masks import blotting
from burnish_shared.guarding.rules import rule_of
from burnish_shared.guarding.text_files import text_file
from burnish_shared.guarding.texts import changed_messages, texts_of_message

MAIL = "ann@example.com"
TEXT = f"Name;Mail\nÄnne;{MAIL}\n"
MASKED = TEXT.replace(MAIL, "[EMAIL]")

blot = blotting(rule_of("r", PersonalData(kind="personal_data")).finders)


def in_base64(text: str, codec: str = "utf-8") -> str:
    return b64encode(text.encode(codec)).decode()


def message(part: dict[str, Any], role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": [part]}


def file_part(file_data: str, **beside: str) -> dict[str, Any]:
    return {"type": "file", "file": {"file_data": file_data, **beside}}


def source(**fields: str) -> dict[str, Any]:
    return {"type": "document", "source": fields}


HEADS = ["data:text/csv;base64,", "data:text/plain;charset=utf-8;base64,", "data:;base64,", "DATA:Text/Plain;BASE64,",
         "data:application/json;base64,", "data:application/octet-stream;base64,", "data:application/vnd.ms-excel;base64,",
         "data:image/svg+xml;base64,", "data:text/plain;charset=utf-16;base64,", ""]  # fmt: skip


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_file_that_is_a_text_is_read_by_rules_and_written_anew(head: str, role: str) -> None:
    """It went to the provider, and into the record, as it came: nobody had read it."""
    given_ = message(file_part(head + in_base64(TEXT)), role)
    assert changed_messages([given_], blot) == [message(file_part(head + in_base64(MASKED)), role)]
    assert TEXT in texts_of_message(given_)


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    ("part", "masked"),
    [
        (source(type="base64", media_type="text/plain", data=in_base64(TEXT)),
         source(type="base64", media_type="text/plain", data=in_base64(MASKED))),
        ({"type": "media", "mime_type": "text/csv", "data": in_base64(TEXT)},
         {"type": "media", "mime_type": "text/csv", "data": in_base64(MASKED)}),
        (file_part(in_base64(TEXT), format="text/csv"), file_part(in_base64(MASKED), format="text/csv")),
        ({"type": "input_file", "file_data": "data:text/html;base64," + in_base64(TEXT)},
         {"type": "input_file", "file_data": "data:text/html;base64," + in_base64(MASKED)}),
        ({"type": "tool_result", "tool_use_id": "toolu_01A09q90qw", "content": [source(type="base64", data=in_base64(TEXT))]},
         {"type": "tool_result", "tool_use_id": "toolu_01A09q90qw", "content": [source(type="base64", data=in_base64(MASKED))]}),
        (file_part("data:text/plain," + quote(TEXT)), file_part("data:text/plain," + quote(MASKED))),
        (file_part(f"data:text/plain;name={MAIL};base64," + in_base64(TEXT)),
         file_part("data:text/plain;name=[EMAIL];base64," + in_base64(MASKED))),
        (file_part("data:text/plain;base64," + urlsafe_b64encode(f"??>>~~{MAIL}".encode()).decode().rstrip("=")),
         file_part("data:text/plain;base64," + urlsafe_b64encode(b"??>>~~[EMAIL]").decode())),
    ],
)  # fmt: skip
def test_wherever_parts_hold_files(part: dict[str, Any], masked: dict[str, Any]) -> None:
    assert changed_messages([message(part)], blot) == [message(masked)]


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        (TEXT.encode("utf-16"), MASKED.encode("utf-16")),
        (TEXT.encode("utf-16-le"), MASKED.encode("utf-16-le")),
        (TEXT.encode("utf-16-be"), MASKED.encode("utf-16-be")),
        (TEXT.encode("latin-1"), MASKED.encode("latin-1")),
    ],
)
def test_whatever_a_text_is_written_in(raw: bytes, masked: bytes) -> None:
    head = "data:text/csv;charset=x-unknown;base64,"
    (made,) = changed_messages([message(file_part(head + b64encode(raw).decode()))], blot)
    assert b64decode(made["content"][0]["file"]["file_data"].partition(",")[2]) == masked


@pytest.mark.capability("E13", "E18")
def test_base64_in_lines_is_read_too() -> None:
    """As mail programs write it; whoever decodes it leaves the ends of lines out."""
    body = in_base64(TEXT)
    lines = "\n".join(body[at : at + 20] for at in range(0, len(body), 20))
    (made,) = changed_messages([message(file_part("data:text/csv;base64," + lines))], blot)
    assert made["content"][0]["file"]["file_data"] == "data:text/csv;base64," + in_base64(MASKED)


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("value", ["data:image/png;base64,", "data:application/pdf;base64,", "data:audio/wav;base64,"])
def test_files_of_kinds_that_are_no_texts_stay(value: str) -> None:
    given_ = message(file_part(value + in_base64(TEXT)))
    assert changed_messages([given_], blot) == [given_]


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("raw", [b"PK\x03\x04\x14\0\0\0 ann@example.com", b"%PDF-1.4\n(ann@example.com) Tj", b"\x89PNG ann@example.com"])
def test_bytes_of_no_declared_kind_stay(raw: bytes) -> None:
    given_ = message(file_part("data:;base64," + b64encode(raw).decode()))
    assert changed_messages([given_], blot) == [given_]


BODY = in_base64(TEXT)
PASSED_BY = [
    "data:image/png;base64," + BODY, " data:text/csv;base64," + BODY, "x data:text/csv;base64," + BODY,
    f"data:text/csv;name={'n' * 300};base64,{BODY}", "data:text/csv;name=\"a,b.csv\";base64," + BODY, "data:text/csv; base64 ," + BODY,
    f"data:text/csv;base64,{BODY}=", f"data:text/csv;base64,{BODY}===", f"data:text/csv;base64,{BODY[:9]}!{BODY[9:]}",
    f"data:text/csv;base64,{BODY[:9]}\u200b{BODY[9:]}", "data:text/csv;base64," + in_base64("So: ") + in_base64("a") + BODY,
    f"data:text/csv;base64,{BODY[:9]}={BODY[9:]}", "data:text/csv;base64," + in_base64(f"a{MAIL}").replace("=", "%3D"),
]  # fmt: skip
"""How a file got by all rules whose receiver reads it all the same: LiteLLM takes what stands between `;base64,` and the end, and a field
beside an address before the address's own kind."""


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("url", PASSED_BY)
@pytest.mark.parametrize("beside", ["format", "mime_type", "content_type"])
def test_a_file_is_read_however_loosely_it_is_written(url: str, beside: str) -> None:
    given_ = message({"type": "image_url", "image_url": {"url": url, beside: "text/csv"}})
    assert any(MAIL in text for text in texts_of_message(given_))
    (made,) = changed_messages([given_], blot)
    body = made["content"][0]["image_url"]["url"].rpartition(",")[2]
    assert "[EMAIL]" in b64decode(body).decode() and MAIL not in b64decode(body).decode()


def units(text: str, codec: str) -> bytes:
    return text.encode(codec, "surrogatepass")


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize(
    "raw",
    [
        f"Müller;{MAIL}".encode("cp1252"), f"\xa0{MAIL}".encode("latin-1"), f"a\0b;{MAIL}".encode(), f"\ufeff{MAIL}".encode(),
        b"\xff\xfe" + units(MAIL, "utf-16-le") + b"!", b"\xfe\xff" + units(MAIL, "utf-16-be"),
        b"\xff\xfe" + units(f"\ud800{MAIL}", "utf-16-le"),
        units(MAIL, "utf-16-le"), units(MAIL, "utf-16-be"), units(MAIL, "utf-32-le"), units(MAIL, "utf-32-be"),
        b"\xff\xfe\0\0" + units(MAIL, "utf-32-le"), b"\0\0\xfe\xff" + units(MAIL, "utf-32-be"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["", "application/octet-stream", "application/vnd.ms-excel", "text/plain;charset='utf-8'"])
def test_ordinary_ways_to_write_letters_are_read_and_kept(raw: bytes, kind: str) -> None:
    given_ = message(file_part(f"data:{kind};base64,{b64encode(raw).decode()}"))
    assert any(MAIL in text for text in texts_of_message(given_))
    (made,) = changed_messages([given_], blot)
    written = b64decode(made["content"][0]["file"]["file_data"].partition(",")[2])
    codec = next(one for one in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be") if units(MAIL, one) in raw)
    assert written == raw.replace(units(MAIL, codec), units("[EMAIL]", codec)), "all but what was found stays, the mark too"


@pytest.mark.capability("E13", "E18")
@pytest.mark.parametrize("raw", [MAIL.encode() + b"\0" * len(MAIL), b"\xff\xfe" + MAIL.encode()])
def test_bytes_that_say_two_things_are_read_as_both(raw: bytes) -> None:
    given_ = message(file_part("data:text/plain;charset=utf-8;base64," + b64encode(raw).decode()))
    assert any(MAIL in text for text in texts_of_message(given_))
    assert MAIL not in str([list(texts_of_message(one)) for one in changed_messages([given_], blot)])


PROSE = "Der Bote kam am Dienstag und niemand war zu Hause, also nahm er das Paket wieder mit. " * 3


@pytest.mark.capability("E13", "E18")
def test_harmless_files_are_no_secrets() -> None:
    """Looked through as words, base64 is as mixed as a drawn key is, and went out as `[SECRET]`."""
    drawn = blotting(rule_of("r", Secrets(kind="secrets")).finders)
    body = b64encode(PROSE.encode()).decode()
    lines = "\r\n".join(body[at : at + 76] for at in range(0, len(body), 76))
    picture = b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(7, 250, 3))).decode()
    parts = [
        file_part("data:text/csv;base64," + lines), {"type": "x", "mime_type": "text/csv", "data": body},
        file_part("DATA:image/png;base64," + picture), file_part(body), file_part(picture), source(type="base64", data=picture),
        file_part("data:image/png;base64," + picture),
    ]  # fmt: skip
    for part in parts:
        assert changed_messages([message(part)], drawn) == [message(part)]
        assert _messages([message(part)], drawn) == [message(part)], "made elsewhere"
    key = "sk-" + "proj-" + b64encode(bytes(range(40, 90))).decode().rstrip("=")
    for said in (key, f"{key[:40]} {key}"):
        for part in ({"type": "x", "mime_type": "text/csv", "data": said}, file_part("data:;base64,?" + said)):
            assert key not in str(changed_messages([message(part)], drawn)), "words in their place are looked through still"


@pytest.mark.capability("E13", "E18")
def test_words_and_a_file_in_one_address_are_both_masked() -> None:
    (made,) = changed_messages([message(file_part(f"data:text/plain,{MAIL}%20{quote('bob@example.com', safe='')}"))], blot)
    assert unquote(made["content"][0]["file"]["file_data"]) == "data:text/plain,[EMAIL] [EMAIL]"


@pytest.mark.capability("E13", "E18")
@given(some.binary(max_size=60), some.sampled_from(HEADS))
def test_a_file_in_which_nothing_is_found_stays_as_it_was_written(raw: bytes, head: str) -> None:
    value = head + b64encode(raw).decode()
    file = text_file("file_data", value, {}, of="file")
    assert file is None or file.changed(lambda text: text) is None
    for one in file.readings if file is not None else ():
        assert one.written(one.text) == raw
