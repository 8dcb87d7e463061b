"""The process that reads the words of PDFs: `python -I -m burnish_shared.sandbox.pdf_worker`. It opens nothing but what it is sent.

A file can be written to be slow or large to read; whatever it does to this process, its parent kills it, and nobody else waits for it.
"""

import base64
import ctypes
import io
import logging
import os
import resource
import signal
from typing import Any, Final

from pypdf import PdfReader, overwrite_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from burnish_shared.sandbox.worker_process import serve

MEMORY_BYTES: Final = 768 * 1024 * 1024
UNPACKED_MOST_BYTES: Final = 32 * 1024 * 1024
"""Of one stream of a file: a page of text is a few thousandths of it."""

PR_SET_PDEATHSIG: Final = 1

UNFIT: Final = (
    PyPdfError, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, NotImplementedError, OSError,
)  # fmt: skip
"""What comes of files that are broken. Anything else ends this process, which says the same."""


def main() -> None:
    """Serves requests `{pdf, most_pages, most_chars}` until standard input ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    logging.disable(logging.CRITICAL)
    os.nice(5)
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_AS, MEMORY_BYTES)):
        resource.setrlimit(kind, (most, most))
    overwrite_configuration(
        jbig2dec_binary=None, maximum_declared_stream_length=UNPACKED_MOST_BYTES,
        array_based_stream_maximum_output_length=UNPACKED_MOST_BYTES,
        zlib_maximum_output_length=UNPACKED_MOST_BYTES, lzw_maximum_output_length=UNPACKED_MOST_BYTES,
        run_length_maximum_output_length=UNPACKED_MOST_BYTES, stream_decoding_work_maximum_length=2 * UNPACKED_MOST_BYTES,
    )  # fmt: skip
    serve(lambda request: read(base64.b64decode(request["pdf"]), most_pages=request["most_pages"], most_chars=request["most_chars"]))


def read(raw: bytes, *, most_pages: int, most_chars: int) -> dict[str, Any]:
    """`{text, pages}`, or `{unfit, pages, page}`: why it is not read, how many pages it has, and on which one it was given up (from 1).
    What is not known is None. Both limits are what is still read."""
    told: dict[str, Any] = {"pages": None, "page": None}
    try:
        return _read(raw, told, most_pages=most_pages, most_chars=most_chars)
    except (FileNotDecryptedError, DependencyError):
        return told | {"unfit": "encrypted"}
    except (LimitReachedError, MemoryError, RecursionError):
        return told | {"unfit": "too_much"}
    except UNFIT:
        return told | {"unfit": "broken"}


def _read(raw: bytes, told: dict[str, Any], *, most_pages: int, most_chars: int) -> dict[str, Any]:
    reader = PdfReader(io.BytesIO(raw), strict=False, root_object_recovery_limit=1_000)
    told["pages"] = pages = len(reader.pages)
    if pages > most_pages:
        return told | {"unfit": "pages"}
    said: list[str] = []
    chars = 0
    for at, page in enumerate(reader.pages, 1):
        told["page"] = at
        words = page.extract_text().strip()
        chars += len(words) + 2
        if chars > most_chars + 2:
            return told | {"unfit": "chars"}
        said.append(words)
    text = "\n\n".join(one for one in said if one)
    return {"text": text, "pages": pages} if text else told | {"unfit": "no_text"}


if __name__ == "__main__":
    main()
