"""The page at `/status`: one file that loads nothing from anywhere and runs nothing but its own script."""

import asyncio
import base64
import contextlib
import hashlib
import re
import socket
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import aiohttp
import pytest
import pytest_asyncio
import uvicorn

from burnish_gateway.app import build_app
from burnish_gateway.settings import GatewaySettings
from tests.embedded.stack import KEK

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I2")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def url() -> AsyncIterator[str]:
    """A gateway without its parts: the page needs neither PostgreSQL nor NATS."""
    settings = GatewaySettings(database_url="postgresql://nobody@127.0.0.1:1/none", nats_url="nats://127.0.0.1:1", kek=KEK)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build_app(settings), log_config=None, lifespan="off"))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/status"
    server.should_exit = True
    await serving


class Elements(HTMLParser):
    """Every element with its attributes, and the text of inline scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in self.inline:
            self.inline[self._within].append(data)


async def test_the_page_is_there_without_a_key_and_is_not_sent_twice(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 200 and answer.content_type == "text/html" and answer.charset == "utf-8"
            assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["referrer-policy"] == "no-referrer"
        async with session.get(url, headers={"if-none-match": answer.headers["etag"]}) as again:
            assert (again.status, await again.read()) == (304, b"")


async def test_the_policy_allows_the_pages_own_script_and_style_and_nothing_else(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        page, policy = Elements(await answer.text()), _directives(answer.headers["content-security-policy"])
    for tag, texts in page.inline.items():
        digest = base64.b64encode(hashlib.sha256("".join(texts).encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"
    assert {name: policy[name] for name in ("default-src", "connect-src", "frame-ancestors", "base-uri", "form-action")} == {
        "default-src": "'none'", "connect-src": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    assert not [attributes for _, attributes in page.elements for name in attributes if name == "style" or name.startswith("on")]


async def test_nothing_is_loaded_from_anywhere_else_and_no_text_becomes_markup(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        text = await answer.text()
    assert not re.findall(r"(?i)https?://|url\(|@import|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|localStorage", text)
    loading = [value for _, attributes in Elements(text).elements for name, value in attributes.items() if name in ("src", "href")]
    assert all(value and (value.startswith(("/", "#", "data:")) and not value.startswith("//")) for value in loading), loading


async def test_it_can_be_used_by_keyboard_and_screen_reader(url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        elements = Elements(await answer.text()).elements
    tags, ids = [tag for tag, _ in elements], {attributes.get("id") for _, attributes in elements}
    assert tags.count("h1") == tags.count("main") == 1 and ("html", {"lang": "en"}) in elements
    labelled = {attributes["for"] for tag, attributes in elements if tag == "label"}
    assert {attributes["id"] for tag, attributes in elements if tag == "input"} == labelled
    pointed = [
        name for _, attributes in elements for name in (attributes.get("aria-labelledby"), attributes.get("aria-describedby")) if name
    ]
    assert pointed and set(pointed) <= ids
    assert {attributes.get("role") for _, attributes in elements} >= {"alert", "status"}


def _directives(policy: str) -> dict[str, str]:
    return dict(one.strip().partition(" ")[::2] for one in policy.split(";"))
