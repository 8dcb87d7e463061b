"""The text behind a URL that a tenant named: through the egress guard, with caps on size, time and type (PROMISES 5.1)."""

import asyncio
import codecs
import re
from typing import Final

import aiohttp

from burnish_gateway.enrichments.contents import CONTENT_MOST_CHARS
from burnish_gateway.enrichments.page_words import words_of_page
from burnish_gateway.enrichments.pdf_texts import PDF_MOST_BYTES, PdfTexts, PdfUnreadableError, is_pdf
from burnish_shared.egress import Egress
from burnish_shared.errors import InvalidField
from burnish_shared.storable_text import storable

SIZE_MOST_BYTES: Final = 4 * 1024 * 1024
TIMEOUT: Final = aiohttp.ClientTimeout(total=20.0, connect=5.0)
ASKED: Final = {"accept": "text/*, application/json, application/pdf", "accept-encoding": "identity"}
NO_CHARSETS: Final = frozenset({"punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Python knows these too, and no page is written so. The first one's time grows with the square of what it reads: an hour for 4 MiB."""

BUSY: Final = frozenset({408, 425, 429})
REDIRECTS: Final = (301, 302, 303, 307, 308)

TEXTS: Final = frozenset({"application/json", "application/xml", "application/x-subrip", "application/xhtml+xml", "application/x-ndjson"})
"""Types beside text/* that are read."""

PATIENCE_S: Final = 300.0
"""So long a turn at reading a PDF is waited for: nobody looks at the screen, and others of the same call are read before it."""

REST_S: Final = 1.0

PDFS: Final = frozenset({"application/pdf", "application/x-pdf"})
UNNAMED: Final = frozenset({"application/octet-stream", "binary/octet-stream"})
"""What stores of files say of one whose kind nobody told them; a PDF is seen by how it begins."""

VIDEO_PAGE: Final = re.compile(
    r"https?://(?:(?:www\.|m\.|music\.)?youtube(?:-nocookie)?\.com/(?:watch\b|shorts/|live/|embed/)|youtu\.be/)", re.IGNORECASE
)
"""YouTube's addresses of one video. The page behind one is a program that loads the video; no word of it is in there."""


class UrlUnreadable(InvalidField):
    """What lies behind the URL cannot be taken: it does not answer, is no text, or is too long."""

    code = "url_unreadable"


class UrlUnreadableNow(UrlUnreadable):
    """The same, where another try may help: it does not answer, or says that it cannot just now."""

    retryable = True


def refuse_video_page(url: str) -> None:
    """Raises UrlUnreadable for the page of a video, of which a model would read the page's own words and make a result up."""
    if VIDEO_PAGE.match(url):
        raise UrlUnreadable(
            "url: is the page of a video, and its transcript is not in there; send the transcript as `content`, or the address of its"
            " subtitles (WebVTT, SubRip, or text).",
            param="url",
        )


async def read_url(egress: Egress, url: str, *, pdfs: PdfTexts, tenant: str) -> str:
    """Raises EgressRefused, UrlUnreadable, UrlUnreadableNow. Redirects are not followed: where they lead was not asked for. `tenant`: who
    waits for their turn with a PDF."""
    target = await egress.check(url)
    if not target.resolves:
        raise UrlUnreadable(f"url: the host {target.host!r} has no address at the moment; look for a typing error.", param="url")
    try:
        async with (
            egress.session(target.scheme, timeout=TIMEOUT, limit=1) as session,
            session.get(target.url, allow_redirects=False, headers=ASKED) as answer,
        ):  # fmt: skip
            _check(answer)
            kind, charset = answer.content_type, answer.charset or "utf-8"
            raw = await _body(answer, most_bytes=PDF_MOST_BYTES if kind in PDFS | UNNAMED else SIZE_MOST_BYTES)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise UrlUnreadableNow("url: it did not answer within 20 s, or broke off; try again.", param="url") from error
    if kind in PDFS | UNNAMED:
        return await _words_of_pdf(raw, kind, pdfs=pdfs, tenant=tenant)
    text = decoded(raw, charset)
    if kind in ("text/html", "application/xhtml+xml"):
        text = await asyncio.to_thread(words_of_page, text)
    if len(text) > CONTENT_MOST_CHARS:
        raise UrlUnreadable(f"url: holds {len(text):,} characters of text, and {CONTENT_MOST_CHARS:,} is the most.", param="url")
    return storable(text)


async def _words_of_pdf(raw: bytes, kind: str, *, pdfs: PdfTexts, tenant: str) -> str:
    if kind in UNNAMED and not is_pdf(raw):
        raise _not_read(kind)
    until = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        try:
            return await pdfs.read(raw, tenant=tenant)
        except PdfUnreadableError as error:
            if error.is_passing and asyncio.get_running_loop().time() < until:
                await asyncio.sleep(REST_S)
                continue
            raise (UrlUnreadableNow if error.is_passing else UrlUnreadable)(f"url: {error.why}", param="url") from error


def _not_read(kind: str) -> UrlUnreadable:
    return UrlUnreadable(f"url: holds {kind[:100]}; text, HTML, PDF, JSON, XML, WebVTT and SubRip can be read.", param="url")


def decoded(raw: bytes, charset: str) -> str:
    """As UTF-8 where the page names no charset that pages have. What does not fit is replaced."""
    try:
        codec = codecs.lookup(charset)
        return raw.decode("utf-8" if codec.name in NO_CHARSETS else codec.name, "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.status in REDIRECTS:
        raise UrlUnreadable(f"url: it leads elsewhere (HTTP {answer.status}); name the address that holds the content.", param="url")
    if answer.status in BUSY or answer.status >= 500:
        raise UrlUnreadableNow(f"url: it was answered with HTTP {answer.status}; try again.", param="url")
    if answer.status != 200:
        raise UrlUnreadable(f"url: it was answered with HTTP {answer.status}.", param="url")
    if not answer.content_type.startswith("text/") and answer.content_type not in TEXTS | PDFS | UNNAMED:
        raise _not_read(answer.content_type)
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise UrlUnreadable("url: is sent compressed although it was asked for plain; send its text as `content`.", param="url")


async def _body(answer: aiohttp.ClientResponse, *, most_bytes: int) -> bytes:
    parts: list[bytes] = []
    size_bytes = 0
    async for part in answer.content.iter_chunked(65_536):
        size_bytes += len(part)
        if size_bytes > most_bytes:
            raise UrlUnreadable(f"url: holds more than {most_bytes:,} bytes, which is the most.", param="url")
        parts.append(part)
    return b"".join(parts)
