"""How the gateway serves the page (UI.md section 6): who gets the document, who gets JSON, what may be kept, what a browser may run."""

import asyncio
import contextlib
import gzip
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import uvicorn
from yarl import URL

from burnish_gateway.app import build_app
from burnish_gateway.http_protocol import HttpProtocol
from burnish_gateway.page import routes
from burnish_gateway.page.built_page import BuiltPage
from burnish_gateway.settings import GatewaySettings
from tests.embedded.secrets import KEK

pytestmark = pytest.mark.asyncio(loop_scope="session")

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
DOCUMENT = '<!doctype html><meta property="csp-nonce" nonce="__CSP_NONCE__"><script src="/app/theme.js" nonce="__CSP_NONCE__"></script>'
SCRIPT = "console.log('a page');" * 40


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    headers: dict[str, str]
    content: bytes


class Site:
    """Asks one gateway, as nobody in particular."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = url, session

    async def __call__(self, path: str, *, method: str = "GET", accept: str = BROWSER, **headers: str) -> Got:
        sent = {"accept": accept, "accept-encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(self._url + path, encoded=True)
        async with self._session.request(method, url, headers=sent, allow_redirects=False) as answer:
            return Got(answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.read())


@pytest.fixture
def ui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder as the build leaves it, in the place of the real one."""
    folder = tmp_path / "_ui"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (folder / ".vite" / "manifest.json").write_text("{}")
    (folder / "index.html").write_text(DOCUMENT)
    (folder / "theme.js").write_text("document.documentElement.dataset.theme = 'dark'")
    (folder / "secret.pem").write_text("not of the page")
    script = folder / "assets" / "entry-0a1b2c3d.js"
    script.write_text(SCRIPT)
    script.with_name(script.name + ".gz").write_bytes(gzip.compress(SCRIPT.encode()))
    script.with_name(script.name + ".br").write_bytes(b"as brotli would write it")
    (tmp_path / "outside.js").write_text("not of the page")
    monkeypatch.setattr(routes, "PAGE", BuiltPage(folder))
    yield folder


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ask() -> AsyncIterator[Site]:
    """A gateway without its parts: the page needs neither PostgreSQL nor NATS."""
    settings = GatewaySettings(database_url="postgresql://nobody@127.0.0.1:1/none", nats_url="nats://127.0.0.1:1", kek=KEK)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build_app(settings), log_config=None, lifespan="off", http=HttpProtocol))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", session)
    server.should_exit = True
    await serving


@pytest.mark.parametrize("path", ["/app/", "/app/prompts", "/app/prompts/a.b?tab=versions", "/app/prompts/a%2Fb", "/app/login"])
async def test_every_address_of_the_page_is_answered_with_the_document(ask: Site, ui: Path, path: str) -> None:
    got = await ask(path)
    assert (got.status, got.headers["content-type"], got.headers["cache-control"]) == (200, "text/html; charset=utf-8", "no-store")
    assert got.headers["x-content-type-options"] == "nosniff" and got.headers["referrer-policy"] == "same-origin"
    assert got.headers["cross-origin-opener-policy"] == "same-origin" and "camera=()" in got.headers["permissions-policy"]
    assert (await ask(path, method="HEAD")).status == 200


async def test_the_root_leads_to_the_page_at_whatever_host(ask: Site, ui: Path) -> None:
    for path in ("/", "/app"):
        got = await ask(path, host="elsewhere.test")
        assert (got.status, got.headers["location"]) == (307, "/app/")


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/app/prompts", "application/json"), ("/app/prompts", "*/*"), ("/app/prompts", "text/html;q=0"), ("/prompt-list", BROWSER),
     ("/v1/nope", BROWSER), ("/assets/entry-0a1b2c3d.js", BROWSER), ("/app/assets/entry-of-yesterday.js", BROWSER), ("/apple", BROWSER),
     ("/index.html", BROWSER)],
)  # fmt: skip
async def test_what_is_no_page_stays_json(ask: Site, ui: Path, path: str, accept: str) -> None:
    got = await ask(path, accept=accept)
    assert (got.status, got.headers["content-type"]) == (404, "application/json") and b'"not_found"' in got.content


@pytest.mark.parametrize(
    "path",
    ["/app/../outside.js", "/app/..%2foutside.js", "/app/%2e%2e/outside.js", "/app/assets/..%2f..%2foutside.js", "/app/..%5coutside.js",
     "/app//etc/passwd", "/app/%2fetc%2fpasswd", "/app/secret.pem", "/app/.vite/manifest.json", "/app/assets/entry-0a1b2c3d.js.br",
     "/app/theme.js%00.css"],
)  # fmt: skip
async def test_nothing_is_served_that_the_build_did_not_make(ask: Site, ui: Path, path: str) -> None:
    assert (await ask(path, accept="*/*")).status == 404
    assert b"not of the page" not in (await ask(path)).content


async def test_the_policy_names_a_fresh_nonce_at_each_answer(ask: Site, ui: Path) -> None:
    nonces = set()
    for _ in range(3):
        got = await ask("/app/prompts")
        policy = dict(one.strip().partition(" ")[::2] for one in got.headers["content-security-policy"].split(";"))
        nonce = re.search(r"'nonce-([A-Za-z0-9_-]{20,})'", policy["script-src"])[1]  # type: ignore[index]
        assert got.content.decode() == DOCUMENT.replace("__CSP_NONCE__", nonce)
        assert policy["script-src"] == policy["style-src"] == f"'self' 'nonce-{nonce}'"
        assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["connect-src"] == policy["font-src"] == policy["form-action"] == "'self'"
        assert "unsafe" not in got.headers["content-security-policy"]
        nonces.add(nonce)
    assert len(nonces) == 3


async def test_hashed_files_are_kept_for_good_and_others_are_asked_about(ask: Site, ui: Path) -> None:
    hashed = await ask("/app/assets/entry-0a1b2c3d.js")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashed.headers["content-type"] == "text/javascript; charset=utf-8" and hashed.headers["x-content-type-options"] == "nosniff"
    theme = await ask("/app/theme.js")
    assert theme.headers["cache-control"] == "public, max-age=3600, must-revalidate"
    again = await ask("/app/theme.js", if_none_match=theme.headers["etag"])
    assert (again.status, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("br, gzip", "br"), ("gzip, deflate", "gzip"), ("gzip;q=0.5, br;q=0", "gzip"), ("*", "br"), ("identity", None), ("", None),
     ("gzip;q=nonsense", None)],
)  # fmt: skip
async def test_a_file_comes_as_the_browser_takes_it(ask: Site, ui: Path, asked: str, sent: str | None) -> None:
    got = await ask("/app/assets/entry-0a1b2c3d.js", accept_encoding=asked)
    assert got.headers.get("content-encoding") == sent and got.headers["vary"] == "Accept-Encoding"
    plain = {"br": b"as brotli would write it", "gzip": got.content, None: SCRIPT.encode()}[sent]
    assert got.content == plain and (sent != "gzip" or gzip.decompress(got.content) == SCRIPT.encode())


async def test_a_page_built_again_needs_no_restart_and_tabs_of_yesterday_go_on(ask: Site, ui: Path) -> None:
    assert (await ask("/app/")).content.startswith(b"<!doctype html>")
    (ui / "assets" / "entry-0a1b2c3d.js").rename(ui / "assets" / "entry-4e5f6a7b.js")
    (ui / "index.html").write_text("built again")
    os.utime(ui / "index.html", ns=(1, 1))
    assert (await ask("/app/")).content == b"built again"
    assert {(await ask(f"/app/assets/entry-{one}.js")).status for one in ("0a1b2c3d", "4e5f6a7b")} == {200}


async def test_without_a_build_the_page_says_what_to_run(ask: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PAGE", BuiltPage(tmp_path / "nothing"))
    got = await ask("/app/prompts")
    assert (got.status, got.headers["cache-control"]) == (200, "no-store") and b"make page" in got.content
    assert "script-src 'none'" in got.headers["content-security-policy"]
    assert (await ask("/status")).status == 200
