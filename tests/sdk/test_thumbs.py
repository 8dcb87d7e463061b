"""The two examples of thumbs in a page, as docs/guides/thumbs.md shows them: served, opened in a browser, pressed."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Error, Page, Route, async_playwright, expect

from burnish_client import Burnish
from tests.embedded.installation import Installation
from tests.page.browser import launch, why_not
from tests.sdk.building import SDK, built

ROOT = Path(__file__).parents[2]
SNIPPETS, WEB = ROOT / "docs/snippets", ROOT / "web"
NODE = shutil.which("node")
pytestmark = [
    pytest.mark.capability("K1"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(why_not() is not None, reason=why_not() or ""),
]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Page]:
    async with async_playwright() as playwright, await launch(playwright) as browser:
        page = await browser.new_page()
        wrong: list[Error] = []

        def note(error: Error) -> None:  # a list's own `append` cannot be marked as Playwright marks its handlers
            wrong.append(error)

        page.on("pageerror", note)
        await page.goto(url)
        yield page
        assert not wrong


def reactions(burnish: Burnish, user: str) -> list[dict[str, Any]]:
    """Of the newest execution of `greeting` that was this user's."""
    newest = next(burnish.list("/v1/executions", prompt="greeting", user_id=user, limit=1), None)
    found: list[dict[str, Any]] = burnish.request("GET", f"/v1/executions/{newest['id']}")["feedback"] if newest else []
    return found


async def known(burnish: Burnish, user: str, wanted: Callable[[dict[str, Any]], bool]) -> None:
    """Waits until Burnish knows just the thumb that is `wanted`."""
    async with asyncio.timeout(120):
        while True:
            thumbs = [one for one in await asyncio.to_thread(reactions, burnish, user) if one["kind"] == "thumb"]
            if len(thumbs) == 1 and wanted(thumbs[0]):
                assert thumbs[0]["user_id"] == user
                return
            await asyncio.sleep(0.1)


async def press_and_change_ones_mind(
    page: Page, burnish: Burnish, user: str, failing: str, refuse: Callable[[Route], Awaitable[None]]
) -> None:
    """What both examples are for; at the end one reaction does not arrive (`failing`: its address)."""
    await page.get_by_label("Name").fill("Ada")
    await page.get_by_role("button", name="Greet").click()
    up, down = page.get_by_role("button", name="👍 Good"), page.get_by_role("button", name="👎 Not good")
    await expect(up).to_be_visible()
    await expect(page.locator("p[aria-live]")).to_contain_text("Ada")
    await expect(up).to_have_attribute("aria-pressed", "false")
    await up.click()
    await expect(up).to_have_attribute("aria-pressed", "true")
    await down.click()
    await expect(up).to_have_attribute("aria-pressed", "false")
    await known(burnish, user, lambda one: one["thumb"] == "down")
    await page.get_by_label("What was wrong?").fill("Too stiff.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("status")).to_have_text("Thank you.")
    await known(burnish, user, lambda one: one.get("comment") == "Too stiff.")
    await page.route(failing, refuse)
    await up.click()
    await expect(page.get_by_role("status")).to_have_text("That did not arrive. Press again.")
    await expect(up).to_have_attribute("aria-pressed", "false")


@pytest.fixture
def burnish(installation: Installation, readers_key: str) -> Iterator[Burnish]:
    with Burnish(base_url=installation.connection["url"], api_key=readers_key, cache_folder=False) as one:
        yield one


def environment(folder: Path, burnish: Burnish) -> dict[str, str]:
    settings = burnish._settings
    return {
        "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT / "sdk/python/src"),
        "BURNISH_BASE_URL": settings.base_url, "BURNISH_API_KEY": settings.api_key,
    }  # fmt: skip


@contextmanager
def running(*words: str, folder: Path, burnish: Burnish, fds: tuple[int, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(words, cwd=folder, env=environment(folder, burnish), text=True, stdout=subprocess.PIPE, pass_fds=fds)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def served(tmp_path: Path, burnish: Burnish) -> Iterator[str]:
    """The example of a server in Python."""
    for name in ("thumbs_server.py", "thumbs.html"):
        shutil.copy(SNIPPETS / name, tmp_path)
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        own.listen(64)
        url = f"http://127.0.0.1:{own.getsockname()[1]}/"
        words = (sys.executable, "-m", "uvicorn", "--fd", str(own.fileno()), "thumbs_server:app")
        with running(*words, folder=tmp_path, burnish=burnish, fds=(own.fileno(),)):
            yield url


async def test_thumbs_in_plain_html(served: str, burnish: Burnish) -> None:
    async with opened(served) as page:
        await press_and_change_ones_mind(page, burnish, "user-1", "**/thumb", lambda route: route.abort())


async def test_the_server_lets_a_page_say_neither_who_it_is_nor_what_it_likes(served: str) -> None:
    async with httpx.AsyncClient(base_url=served, timeout=120) as page:
        answer = await page.post("/ask", json={"name": "Ada", "user_id": "somebody", "model": "simulated/judge"})
        assert answer.status_code == 200 and "Ada" in answer.text
        said = {"answer": answer.headers["x-answer"], "thumb": "up", "user_id": "somebody"}
        assert (await page.post("/thumb", json=said)).status_code == 204
        assert (await page.post("/thumb", json={**said, "thumb": "sideways"})).status_code == 422
        assert (await page.post("/thumb", json={**said, "answer": "x"})).status_code == 422


BUNDLE = """
import { rolldown } from "ROLLDOWN";
const bundle = await rolldown({
  input: "main.jsx", platform: "browser", logLevel: "silent", transform: { define: { "process.env.NODE_ENV": '"production"' } },
  resolve: { alias: {
    "@burnish/client/react": "DIST/react.js", "@burnish/client": "DIST/index.js", "react-dom": "WEB/react-dom", react: "WEB/react",
  } },
});
await bundle.write({ file: "page.js", format: "iife" });
"""
MAIN = """
import { createRoot } from "react-dom/client";
import { App } from "./thumbs.tsx";
const root = document.body.appendChild(document.createElement("main"));
createRoot(root).render(<App />);
"""


@pytest.mark.skipif(NODE is None or not (WEB / "node_modules/rolldown").is_dir(), reason="no Node here, or no bundler: `make page`")
async def test_thumbs_in_react(tmp_path: Path, burnish: Burnish) -> None:
    assert NODE is not None
    with built((NODE, "build.mjs")):
        shutil.copytree(SDK / "dist", tmp_path / "dist")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules/@burnish/client").mkdir(parents=True)
    shutil.copy(SNIPPETS / "thumbs.tsx", tmp_path)
    shutil.copy(SDK / "test/passing.mjs", tmp_path)
    (tmp_path / "main.jsx").write_text(MAIN)
    script = BUNDLE.replace("ROLLDOWN", (WEB / "node_modules/rolldown/dist/index.mjs").as_uri())
    (tmp_path / "bundle.mjs").write_text(script.replace("DIST", str(tmp_path / "dist")).replace("WEB", str(WEB / "node_modules")))
    made = subprocess.run((NODE, "bundle.mjs"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    with running(NODE, "passing.mjs", folder=tmp_path, burnish=burnish) as server:
        assert server.stdout is not None
        async with opened(server.stdout.readline().strip()) as page:

            async def says_who_it_is(route: Route) -> None:
                """What the route of an application does: the page itself names nobody."""
                body = json.loads(route.request.post_data or "{}")
                assert "user_id" not in body
                await route.continue_(post_data=json.dumps({**body, "user_id": "react-user"}))

            async def refuse(route: Route) -> None:
                await route.fulfill(status=422, json={"error": {"code": "invalid_field", "message": "no"}})

            await page.route("**/burnish/v1/**", says_who_it_is)
            await page.add_script_tag(path=tmp_path / "page.js")
            await press_and_change_ones_mind(page, burnish, "react-user", "**/v1/feedback", refuse)
