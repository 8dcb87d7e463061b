"""The page at `/status`: what Burnish is, whether it is well, and what happens in a workspace. One file that asks nobody but this
gateway, and is there where the page proper (`/app/`) is not built.
"""

import base64
import hashlib
import re
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

router = APIRouter(include_in_schema=False)

INLINE: Final = re.compile(rb"<(script|style)>(.*?)</\1>", re.S)


def content_security_policy(page: bytes) -> str:
    """Allows the page's own inline script and style by their hashes, calls to this gateway, and nothing else."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for tag, text in INLINE.findall(page):
        hashes[tag.decode()].append(f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'")
    own = "; ".join(f"{tag}-src {' '.join(found)}" for tag, found in hashes.items())
    return f"default-src 'none'; {own}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


PAGE: Final = (files("burnish_gateway") / "page" / "status_page.html").read_bytes()
ETAG: Final = f'"{hashlib.sha256(PAGE).hexdigest()[:32]}"'
HEADERS: Final = {
    "content-security-policy": content_security_policy(PAGE),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-cache",
    "etag": ETAG,
}


@router.get("/status")
async def status_page(request: Request) -> Response:
    """Needs no key: it holds none of the figures that it shows, a person's browser asks for them."""
    if ETAG in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=HEADERS)
    return Response(PAGE, media_type="text/html; charset=utf-8", headers=HEADERS)
