"""The words of a PDF, read by a process of its own that can be ended (PROMISES section 6)."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from burnish_gateway.enrichments.contents import CONTENT_MOST_CHARS
from burnish_shared.sandbox import Failed, FailureKind
from burnish_shared.sandbox.turns import Room
from burnish_shared.sandbox.worker_process import Watch, Workers
from burnish_shared.storable_text import storable

WORKER: Final = "burnish_shared.sandbox.pdf_worker"
WORKERS: Final = 2

HEAD: Final = b"%PDF-"
HEAD_WITHIN_BYTES: Final = 1024
"""Readers of PDFs pass over what stands before, up to here (ISO 32000-1, annex H)."""

PDF_MOST_BYTES: Final = 10 * 1024 * 1024
PAGES_MOST: Final = 500
READ_S: Final = 30.0
"""What reading one may take. 500 pages of a book take about ten seconds."""

WAIT_S: Final = 60.0
"""How long one waits for its turn: others before it are read whole."""

SENT_MOST_BYTES: Final = 64 * 1024 * 1024
"""Of all files that were sent and wait, half of it for one tenant. A waiting one is in memory about four times: body, bytes and base64."""

BUSY: Final = "is a PDF, and all that read them are busy; try again."


class PdfUnreadableError(Exception):
    """`why`: a sentence without its subject, for whoever sent it. `is_passing`: another try may help."""

    def __init__(self, why: str, *, is_passing: bool = False) -> None:
        super().__init__(why)
        self.why, self.is_passing = why, is_passing


def is_pdf(raw: bytes) -> bool:
    return HEAD in raw[:HEAD_WITHIN_BYTES]


class PdfTexts:
    """Started by the first PDF."""

    def __init__(self) -> None:
        self._workers = Workers(WORKER, workers=WORKERS, wait_s=WAIT_S)
        self._room = Room(n_bytes=SENT_MOST_BYTES)

    async def read_sent(self, raw: bytes, *, tenant: str, watch: Watch | None = None) -> str:
        """As `read`, for a file whose sender waits: as many may send as care to, so beyond some they are told to come again at once."""
        with self._room.place(tenant, len(raw)) as got:
            if not got:
                raise PdfUnreadableError(BUSY, is_passing=True)
            return await self.read(raw, tenant=tenant, watch=watch)

    async def read(self, raw: bytes, *, tenant: str, watch: Watch | None = None) -> str:
        """Its words, page by page, with an empty line between pages; at most CONTENT_MOST_CHARS. `watch`: is told how long it took to read,
        without the wait for a turn. Raises PdfUnreadableError.
        """
        if not is_pdf(raw):
            raise PdfUnreadableError("is no PDF; one begins with %PDF-.")
        if len(raw) > PDF_MOST_BYTES:
            raise PdfUnreadableError(f"is a PDF of {len(raw):,} bytes, and {PDF_MOST_BYTES:,} is the most.")
        request = {"pdf": await asyncio.to_thread(_base64, raw), "most_pages": PAGES_MOST, "most_chars": CONTENT_MOST_CHARS}
        said = await self._workers.ask(request, timeout_s=READ_S, tenant=tenant, watch=watch)
        if isinstance(said, Failed):
            raise _failed(said)
        if "text" not in said:
            raise PdfUnreadableError(_why_not(said))
        return storable(str(said["text"]))

    async def close(self) -> None:
        """Ends every worker. Safe to call twice."""
        await self._workers.close()


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()


def _failed(failed: Failed) -> PdfUnreadableError:
    match failed.kind:
        case FailureKind.UNAVAILABLE:
            return PdfUnreadableError(BUSY, is_passing=True)
        case FailureKind.TIME:
            return PdfUnreadableError(
                f"is a PDF that is not read within {READ_S:.0f} s; send fewer of its pages, or its text in its place."
            )
    return PdfUnreadableError("is a PDF that cannot be read; save it anew with another program, or send its text in its place.")


def _why_not(said: Mapping[str, Any]) -> str:
    pages, page = said.get("pages"), said.get("page")
    where = f" (page {page})" if page is not None else ""
    match said.get("unfit"):
        case "encrypted":
            return "is a PDF that opens only with a password; save it without one, or send its text in its place."
        case "pages":
            return f"is a PDF of {pages:,} pages, and {PAGES_MOST} is the most; send it in parts."
        case "chars":
            return f"is a PDF with more than {CONTENT_MOST_CHARS:,} characters of text, which is the most; send it in parts."
        case "no_text":
            return (
                f"is a PDF without any text: its pages ({pages:,}) are pictures, or empty. Have its letters recognised (OCR), or send its"
                " text in its place."
            )
        case "too_much":
            return (
                f"is a PDF that unpacks to more than is read here{where}; save it anew with another program, or send its text in its place."
            )
    return f"is a PDF that is broken{where}; save it anew with another program, or send its text in its place."
