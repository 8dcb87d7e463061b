"""Words of PDFs, read by a process of its own: what is read, what is refused and in which words, and files that are written to harm."""

import asyncio
import functools
import io
import zlib
from collections.abc import AsyncIterator

import pytest
from pypdf import PdfReader, PdfWriter

from burnish_gateway.enrichments import pdf_texts
from burnish_gateway.enrichments.pdf_texts import PdfTexts, PdfUnreadableError
from burnish_shared.sandbox.worker_process import Watch
from tests.pdfs import LOCKED, saying, written

pytestmark = pytest.mark.capability("E17")

FLATE = b"/Filter /FlateDecode"
GOOD = written(saying("All about parcels.", "They come in three days."), saying("Page two: caf\xe9."))
WORDS = "All about parcels.\nThey come in three days.\n\nPage two: caf\xe9."


@pytest.fixture
async def texts() -> AsyncIterator[PdfTexts]:
    made = PdfTexts()
    yield made
    await made.close()


def locked_by(user: str, owner: str, algorithm: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(GOOD)))
    writer.encrypt(user, owner, algorithm=algorithm)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


async def test_its_words_are_read_page_by_page(texts: PdfTexts) -> None:
    assert await texts.read(GOOD, tenant="a") == WORDS
    packed = written(zlib.compress(saying("Packed.")), filters=FLATE)
    assert await texts.read(b"junk before it\n" + packed, tenant="a") == "Packed."


async def test_a_file_whose_table_is_broken_is_read_all_the_same(texts: PdfTexts) -> None:
    assert await texts.read(GOOD.replace(b" 00000 n", b"9 00000 n"), tenant="a") == WORDS
    assert await texts.read(GOOD.replace(b"startxref\n", b"startxref\n1"), tenant="a") == WORDS


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
async def test_a_password_that_only_forbids_changes_does_not_hinder(texts: PdfTexts, algorithm: str) -> None:
    assert await texts.read(locked_by("", "owner", algorithm), tenant="a") == WORDS
    with pytest.raises(PdfUnreadableError, match="opens only with a password"):
        await texts.read(locked_by("secret", "owner", algorithm), tenant="a")


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "is no PDF"), (b"\x89PNG", "is no PDF"), (b"%PDF-1.7\nnothing", "is broken"), (GOOD[:200], "is broken"),
        (written(saying("x"), trailer=LOCKED), "opens only with a password"),
        (written(*[b""] * 3), r"without any text: its pages \(3\) are pictures"),
        (written(b"q 100 0 0 100 0 0 cm /Im1 Do Q"), "OCR"), (written(*[b""] * 501), "of 501 pages, and 500 is the most"),
        (b"%PDF-" + b"x" * 10 * 2**20, "bytes, and 10,485,760 is the most"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_says_why_and_what_to_do(texts: PdfTexts, raw: bytes, word: str) -> None:
    with pytest.raises(PdfUnreadableError, match=word) as told:
        await texts.read(raw, tenant="a")
    assert not told.value.is_passing


async def test_more_text_than_is_taken_is_refused(texts: PdfTexts) -> None:
    line = "x" * 20_000
    with pytest.raises(PdfUnreadableError, match="more than 1,000,000 characters"):
        await texts.read(written(*[saying(line)] * 51), tenant="a")


@functools.cache
def bombs() -> dict[str, bytes]:
    once = zlib.compress(b" " * 100_000_000, 9)
    deep = 50_000
    loop = written(saying("x")).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]")
    return {
        "unpacks to 100 MB": written(once, filters=FLATE),
        "unpacks twice": written(zlib.compress(once, 9), filters=b"/Filter [/FlateDecode /FlateDecode]"),
        "lists in lists": written(saying("x")).replace(b"/MediaBox [0 0 612 792]", b"/MediaBox " + b"[" * deep + b"]" * deep),
        "objects in objects": written(saying("x")).replace(b"/Parent 2 0 R", b"/A " + b"<< /A " * deep),
        "pages that hold themselves": loop,
    }


@pytest.mark.parametrize(
    "name", ["unpacks to 100 MB", "unpacks twice", "lists in lists", "objects in objects", "pages that hold themselves"]
)
async def test_a_file_that_is_written_to_harm_is_refused_and_the_next_is_read(texts: PdfTexts, name: str) -> None:
    raw = bombs()[name]
    async with asyncio.timeout(120):
        with pytest.raises(PdfUnreadableError, match=r"its text in its place|without any text"):
            await texts.read(raw, tenant="a")
        assert await texts.read(GOOD, tenant="a") == WORDS


async def test_what_takes_too_long_is_ended_and_the_next_is_read(texts: PdfTexts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_texts, "READ_S", 1.0)
    with pytest.raises(PdfUnreadableError, match="not read within 1 s"):
        await texts.read(written(b"BT /F1 12 Tf " + b"(aaaa) Tj " * 400_000 + b"ET"), tenant="a")
    monkeypatch.undo()
    assert await texts.read(GOOD, tenant="a") == WORDS


async def test_whoever_finds_no_turn_may_try_again(texts: PdfTexts) -> None:
    await texts.close()
    with pytest.raises(PdfUnreadableError, match="try again") as told:
        await texts.read(GOOD, tenant="a")
    assert told.value.is_passing


async def test_more_than_may_wait_is_turned_away_at_once_and_others_are_not(texts: PdfTexts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_texts, "READ_S", 1.0)
    slow = written(b"BT /F1 12 Tf " + b"(aaaa) Tj " * 400_000 + b"ET")
    fit = pdf_texts.SENT_MOST_BYTES // 2 // len(slow)
    waiting = [asyncio.create_task(texts.read_sent(slow, tenant="a")) for _ in range(fit)]
    await asyncio.sleep(0)
    with pytest.raises(PdfUnreadableError, match="try again") as told:
        await texts.read_sent(slow, tenant="a")
    assert told.value.is_passing and not any(one.done() for one in waiting)
    monkeypatch.undo()
    assert await texts.read_sent(GOOD, tenant="b") == WORDS
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert await texts.read_sent(GOOD, tenant="a") == WORDS, "whoever went away left the room"


async def test_what_is_counted_is_the_reading_and_not_the_wait_for_it(texts: PdfTexts) -> None:
    """One at a time of a workspace: the time of both together is no longer than it took."""
    long = written(*(saying(*(f"Line {number}." for number in range(40))) for _ in range(100)))
    await texts.read(GOOD, tenant="a")
    clock, watches = asyncio.get_running_loop().time, [Watch(), Watch(), Watch()]
    began_s = clock()
    await asyncio.gather(*(texts.read_sent(long, tenant="a", watch=watch) for watch in watches))
    assert all(watch.took_s > 0 for watch in watches) and sum(watch.took_s for watch in watches) <= clock() - began_s
