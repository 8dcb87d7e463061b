"""The page below `/app/`: its files, and its document at every address that its own router knows (UI.md section 6).

Comes after all other routes. Everything outside `/app/` stays JSON.
"""

import secrets
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from burnish_gateway.page.built_page import ENCODINGS, NONCE_PLACEHOLDER, BuiltFile, BuiltPage
from burnish_gateway.page.headers import (
    DOCUMENT,
    EVERYWHERE,
    KEPT_AN_HOUR,
    KEPT_FOR_GOOD,
    NOT_KEPT,
    STATIC_POLICY,
    accepted_coding,
    accepts_html,
    page_policy,
)
from burnish_shared.errors import NotFound

router = APIRouter(include_in_schema=False)

HOME: Final = "/app/"
NOT_BUILT: Final = (files("burnish_gateway") / "page" / "not_built.html").read_bytes()
NONCE_BYTES: Final = 18
HTML: Final = "text/html; charset=utf-8"

PAGE: Final = BuiltPage()


@router.api_route("/", methods=["GET", "HEAD"])
@router.api_route("/app", methods=["GET", "HEAD"])
async def send_to_the_page() -> Response:
    """Relative: which host the browser sees is no matter."""
    return RedirectResponse(HOME, status_code=307, headers={"cache-control": NOT_KEPT})


@router.api_route("/app/{path:path}", methods=["GET", "HEAD"])
async def show_page(path: str, request: Request) -> Response:
    """A file that the build made, or the document. Needs no key: the figures are fetched by whoever is signed in."""
    return page_answer(PAGE, path, request)


def page_answer(page: BuiltPage, path: str, request: Request) -> Response:
    """Raises NotFound for a file that is not there and, at an address within the page, for whoever does not ask for HTML."""
    if (found := page.file(path)) is not None:
        return _file_answer(found, request)
    if path.startswith("assets/") or (path and not accepts_html(request.headers.get("accept", ""))):
        raise NotFound("There is nothing at this address.")
    document = page.index()
    if document is None:
        return Response(NOT_BUILT, media_type=HTML, headers=DOCUMENT | {"content-security-policy": STATIC_POLICY})
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    content = document.replace(NONCE_PLACEHOLDER, nonce.encode())
    return Response(content, media_type=HTML, headers=DOCUMENT | {"content-security-policy": page_policy(nonce)})


def _file_answer(found: BuiltFile, request: Request) -> Response:
    headers = EVERYWHERE | {"etag": found.etag, "cache-control": KEPT_FOR_GOOD if found.is_hashed else KEPT_AN_HOUR}
    if found.codings:
        headers["vary"] = "Accept-Encoding"
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    offered = tuple(coding for coding in ENCODINGS if coding in found.codings)
    coding = accepted_coding(request.headers.get("accept-encoding", ""), offered)
    if coding is None:
        return Response(found.content, media_type=found.media_type, headers=headers)
    return Response(found.codings[coding], media_type=found.media_type, headers=headers | {"content-encoding": coding})
