"""Files of a call: what a PDF costs at most, and how each is said to who reads it."""

import base64
import random
import zlib
from typing import Any

import pytest

from burnish_executor.core.anthropic_request import messages_of
from burnish_gateway.execution.known_parts import has_file_addresses
from burnish_gateway.execution.messages import checked_messages
from burnish_shared.file_tokens import PAGES_UNKNOWN, TEXT_OF_PAGE, tokens_in_pdf
from burnish_shared.files import PACKED_MOST, PACKED_MOST_BYTES, UNPACKED_MOST_BYTES, pages_of
from burnish_shared.guarding.texts import changed_messages, texts_of_message, whole_text_of
from burnish_shared.tokens import input_tokens_of
from tests.pdfs import data_url, pdf
from tests.unit.executor.test_openai_messages import sent

PDF = {"type": "file", "file": {"filename": "bill.pdf", "file_data": data_url(pdf(3))}}
TEXT = {"type": "file", "file": {"filename": "notes.txt", "file_data": data_url("Zürich is dear.".encode(), "text/plain")}}
LINK = {"type": "file", "file": {"file_url": "https://example.com/a.pdf"}}
MADE = {"type": "file", "file": {"filename": "Parts", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}}


def user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "text", "text": "Read."}, *parts]}]


@pytest.mark.parametrize(("pages", "packed"), [(1, False), (7, False), (1, True), (250, True)])
def test_pages_are_counted_packed_or_not(pages: int, packed: bool) -> None:
    assert pages_of(pdf(pages, packed=packed)) == pages


def test_a_pdf_that_says_nothing_of_its_pages_is_counted_as_the_most() -> None:
    assert pages_of(b"%PDF-1.7 of nothing") is None
    assert tokens_in_pdf(None, model="claude-sonnet-4-5") == PAGES_UNKNOWN * (TEXT_OF_PAGE + 1568)


def test_who_writes_a_pdf_to_be_slow_or_large_does_not_make_it_so() -> None:
    bomb = b"%PDF-1.7 /ObjStm stream\r\n" + zlib.compress(b"\0" * (UNPACKED_MOST_BYTES + 1)) + b"\nendstream"
    assert pages_of(bomb) is None and pages_of(b"%PDF-1.7 " + b"/ObjStm stream" * 200_000 + b"/Count 900 ") == 900


def test_streams_without_an_end_are_looked_for_once() -> None:
    class Counting(bytes):
        looked_through = 0

        def find(self, sought: bytes, begin: int = 0, end: int | None = None) -> int:
            end = len(self) if end is None else min(end, len(self))
            found = super().find(sought, begin, end)
            self.looked_through += (end if found < 0 else found) - begin if begin < end else 0
            return found

    endless = Counting(b"%PDF-1.7 " + b"/ObjStm stream " * PACKED_MOST + b"e" * (2 * PACKED_MOST_BYTES))
    assert pages_of(endless) is None
    assert endless.looked_through < 3 * len(endless)


def packed_as(stream: bytes) -> bytes:
    return b"/ObjStm stream\r\n" + stream + b"\nendstream\n"


@pytest.mark.parametrize(
    "hidden",
    [
        packed_as(b"encrypted, or packed in another way"),
        packed_as(zlib.compress(bytes(UNPACKED_MOST_BYTES + 1))),
        packed_as(zlib.compress(random.Random(1).randbytes(PACKED_MOST_BYTES))),
        packed_as(zlib.compress(b"no page")) * (PACKED_MOST + 1),
    ],
    ids=["of another kind", "too large unpacked", "too large", "too many"],
)
def test_pages_that_may_be_hidden_are_counted_as_the_most(hidden: bytes) -> None:
    assert pages_of(pdf(2) + hidden) is None
    assert pages_of(pdf(PAGES_UNKNOWN + 20) + hidden) == PAGES_UNKNOWN + 20, "those that are seen are there in any case"


@pytest.mark.promise("C-03")
def test_a_page_costs_what_the_guide_of_its_reader_says() -> None:
    assert tokens_in_pdf(3, model="claude-sonnet-4-5") == 3 * (3000 + 1568)
    assert tokens_in_pdf(3, model="gemini-2.5-flash") == 3 * 258
    assert tokens_in_pdf(3, model="gemini-3-pro") == 3 * 1120
    assert tokens_in_pdf(3, model="gpt-4o") == 3 * (3000 + 85 + 6 * 170)
    plain = input_tokens_of(user(), {}, model="gpt-4o")
    assert (
        plain + tokens_in_pdf(3, model="gpt-4o")
        < input_tokens_of(user(PDF), {}, model="gpt-4o")
        < plain + tokens_in_pdf(3, model="gpt-4o") + 20
    )
    assert plain < input_tokens_of(user(TEXT), {}, model="gpt-4o") < plain + 30
    assert input_tokens_of(user(LINK), {}, model="gpt-4o") > tokens_in_pdf(100, model="gpt-4o")


def test_the_pages_of_a_file_are_counted_once_for_all_models_that_a_call_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[bytes] = []

    def counting(raw: bytes) -> int | None:
        counted.append(raw)
        return pages_of(raw)

    monkeypatch.setattr("burnish_shared.tokens.pages_of", counting)
    short, long = (user({"type": "file", "file": {"file_data": data_url(pdf(pages, padding=4321))}}) for pages in (2, 3))
    for _ in range(3):
        for model in ("gpt-4o", "claude-sonnet-4-5"):
            page = tokens_in_pdf(1, model=model)
            assert input_tokens_of(long, {}, model=model) == input_tokens_of(short, {}, model=model) + page
    assert len(counted) == 2


def test_openai_gets_a_pdf_as_a_file_and_texts_as_texts() -> None:
    made = sent(user({**PDF, "cache_control": {"type": "ephemeral"}}, TEXT, MADE), provider="openai")[0]["content"]
    assert made[1]["file"] == PDF["file"]
    assert [one["text"] for one in made if one["type"] == "text"] == ["Read.", "notes.txt\n\nZürich is dear.", "Parts", "one", "two"]


def test_a_file_without_a_name_gets_one_where_openai_wants_it_and_an_address_goes_where_openrouter_reads_it() -> None:
    bare = {"type": "file", "file": {"file_data": data_url(pdf())}}
    made = sent(user(bare, LINK), provider="openrouter")[0]["content"]
    assert made[1]["file"] == {"filename": "document.pdf", **bare["file"]} and made[2]["file"]["file_data"] == "https://example.com/a.pdf"


def test_what_a_tool_shows_of_a_file_follows_as_a_message_of_the_user() -> None:
    asked = [{"role": "tool", "tool_call_id": "c", "content": [PDF]}]
    tool, shown = sent(asked, provider="openai")
    assert tool["content"][0]["type"] == "text" and shown == {"role": "user", "content": [PDF]}


def test_anthropic_gets_documents() -> None:
    marked = {**PDF, "cache_control": {"type": "ephemeral"}}
    told = {**TEXT, "file": {**TEXT["file"], "context": "Of May."}}
    blocks = messages_of(user(marked, told, LINK, MADE))[0]["content"][1:]
    data = PDF["file"]["file_data"].partition(",")[2]
    assert blocks == [
        {
            "type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}, "title": "bill.pdf",
            "cache_control": {"type": "ephemeral"},
        },
        {
            "type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Zürich is dear."}, "title": "notes.txt",
            "context": "Of May.",
        },
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        {"type": "document", "source": {"type": "content", "content": MADE["file"]["content"]}, "title": "Parts"},
    ]  # fmt: skip


def test_a_field_of_a_file_that_is_null_says_nothing() -> None:
    file = PDF["file"] | {"file_url": None, "content": None}
    messages = checked_messages(user({"type": "file", "file": file}))
    assert not has_file_addresses(messages)
    assert messages_of(messages)[0]["content"][1]["source"]["type"] == "base64"
    assert whole_text_of(messages[0]) == "Read.\nbill.pdf"


@pytest.mark.promise("M-13")
def test_masks_reach_texts_of_files_and_leave_pdfs_and_addresses() -> None:
    secret = {"type": "file", "file": {"filename": "ada@example.com.txt", "file_data": data_url(b"To ada@example.com", "text/plain")}}
    made = changed_messages(user(PDF, secret, LINK, MADE), lambda text: text.replace("ada@example.com", "[EMAIL]").replace("one", "[ONE]"))
    _, kept, masked, link, parts = made[0]["content"]
    assert kept == PDF and link == LINK
    assert base64.b64decode(masked["file"]["file_data"].partition(",")[2]) == b"To [EMAIL]" and masked["file"]["filename"] == "[EMAIL].txt"
    assert parts["file"]["content"][0]["text"] == "[ONE]"
    assert "To ada@example.com" in list(texts_of_message(user(secret)[0]))


def test_rules_of_size_count_texts_of_files_and_no_pdf() -> None:
    assert whole_text_of(user(PDF, LINK)[0]) == "Read.\nbill.pdf"
    assert whole_text_of(user(TEXT, MADE)[0]) == "Read.\nnotes.txt\nZürich is dear.\nParts\none\ntwo"
