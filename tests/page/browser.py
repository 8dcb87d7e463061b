"""Chromium for tests: where it is, a page that is watched for everything a healthy page does not do."""

import asyncio
import os
import random
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, Playwright, Request, Route, expect

from burnish_gateway.page.built_page import UI

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / ".screenshots"
PATIENCE_MS = 45_000
"""For whatever a test waits for: a machine that is busy with other things is slow, and that is no fault of a page."""

BETWEEN_ANSWERS_S = 0.12

SLOWER = float(os.environ.get("BURNISH_PAGE_SLOWER", "1"))
"""So many times slower the browser computes, from 1. Above 1 each answer of the API and each part of the page comes late besides: what a
test forgot to wait for has not happened yet when it looks."""

LATE_S = (0.05, 0.4)
"""By how much, by chance."""

COMES_LATE = re.compile(r"/v1/|/assets/[^?]+\.js")

expect.set_options(timeout=PATIENCE_MS)

TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => console.error(
  `content security policy: ${event.violatedDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`));
"""

TELL_SHIFTS = """
window.__shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach((one) => {
  if (one.hadRecentInput) return;
  const elements = one.sources.map(({ node }) => (node instanceof Element ? node : node?.parentElement));
  const moved = elements.map((element) => element?.outerHTML.slice(0, 120) ?? "what is gone");
  window.__shifts.push([one.value, moved]);
})).observe({ type: "layout-shift", buffered: true });
"""

TELL_MESSAGES = """
window.__told = [];
window.__stay = false;
new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => {
  if (!(node instanceof Element)) return;
  const all = node.matches("[aria-label=Messages] > div") ? [node] : [...node.querySelectorAll("[aria-label=Messages] > div")];
  for (const one of all) {
    window.__told.push(one.querySelector("p")?.textContent ?? "");
    const acts = [...one.querySelectorAll("button:not([aria-label])")];
    if (window.__stay && acts.length > 0) one.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
  }
}))).observe(document, { childList: true, subtree: true });
"""
"""A message leaves after 5 s, and one with an act after 10 s: on a machine that stands still, before anybody has looked. So each is written
down as it comes; and where `messages_stay` was said, one with an act is pointed at, which holds it."""


SHELL = ("chromium-headless-shell",)
"""The same engine without the rest of a browser: the tests take two thirds of the time in it."""

WHOLE = ("chromium", "chromium-browser")


def chromium_path(*, whole: bool = False) -> str | None:
    """BURNISH_CHROMIUM, or one of Debian's. `whole`: the one that people use, where its own speed is measured."""
    order = WHOLE + SHELL if whole else SHELL + WHOLE
    return os.environ.get("BURNISH_CHROMIUM") or next(filter(None, map(shutil.which, order)), None)


def why_not() -> str | None:
    """Why the page cannot be tested here; None: it can."""
    if chromium_path() is None:
        return "no Chromium here: `apt-get install chromium-headless-shell` (or chromium), or name one by BURNISH_CHROMIUM"
    if not (UI / "index.html").is_file():
        return "the page is not built: `make page`"
    if not AXE.is_file():
        return "axe-core is not in web/node_modules: `make page`"
    return None


SHORT_LIVES = "--no-opt --no-maglev"
"""Pages of tests live for seconds: V8's optimizing compilers took a tenth of Chromium's CPU time (three files, 33.2 and 37.6 CPU-s with
them, 30.0 and 30.4 without). What is measured has them (`whole`)."""


async def launch(playwright: Playwright, *, whole: bool = False) -> Browser:
    """`whole`: see `chromium_path`."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return await playwright.chromium.launch(
        executable_path=chromium_path(whole=whole),
        args=[
            *(["--no-sandbox"] if is_root else []),
            "--disable-dev-shm-usage",
            *([] if whole else [f"--js-flags={SHORT_LIVES}"]),
            "--font-render-hinting=none",
            "--force-color-profile=srgb",
        ],
    )


@dataclass
class Watch:
    """What went wrong in one page: errors in the console and uncaught ones, refusals of the policy, requests to other hosts.

    `expected`: patterns of console errors that a test is about. Without slots: playwright keeps its wrappers of our methods in it.
    """

    origin: str
    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def unexpected(self) -> list[str]:
        return [one for one in self.troubles if not any(re.search(pattern, one) for pattern in self.expected)]

    async def begin(self, context: BrowserContext) -> None:
        await context.add_init_script(TELL_VIOLATIONS)
        await context.add_init_script(TELL_SHIFTS)
        await context.add_init_script(TELL_MESSAGES)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.troubles.append(f"uncaught: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            where = message.location.get("url", "") if message.location else ""
            self.troubles.append(f"{message.type}: {message.text}" + (f" ({where})" if where else ""))

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.troubles.append(f"a request to another host: {request.url}")


WATCHES: dict[BrowserContext, Watch] = {}
"""Of contexts that are open."""


def watch_of(page: Page) -> Watch:
    return WATCHES[page.context]


def expect_console(page: Page, *patterns: str) -> None:
    """A test that provokes an error says which: `expect_console(page, "status of 403")`."""
    watch_of(page).expected.extend(patterns)


async def slow_down(context: BrowserContext) -> None:
    """Every page of the context, from its first document on, as BURNISH_PAGE_SLOWER says; nothing without it."""
    if SLOWER <= 1:
        return

    async def throttle(page: Page) -> None:
        with suppress(Error):  # It is closed already.
            await (await context.new_cdp_session(page)).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

    async def come_late(route: Route) -> None:
        await asyncio.sleep(random.uniform(*LATE_S))
        with suppress(Error):  # The page has gone on.
            await route.fallback()

    context.on("page", throttle)
    await context.route(COMES_LATE, come_late)


HELD = "this request was held"


async def intercept(page: Page, what: str | re.Pattern[str], handler: Callable[[Route], Any], *, times: int | None = None) -> None:
    """`page.route` for a document that is there already, and stays. It answers once the browser knows of it, and a document may still send
    requests past it for a moment, which reach neither `handler` nor who listens for requests: one is sent until it is held."""

    async def hold(route: Route) -> None:
        await route.fulfill(body=HELD)

    await page.route(what, handler, times=times)
    await page.route("**/healthz", hold)
    await page.wait_for_function("async (held) => (await (await fetch('/healthz')).text()) === held", arg=HELD)
    await page.unroute("**/healthz", hold)


async def screenshot(page: Page, name: str, *, whole: bool = False) -> Path:
    """A picture in `.screenshots/<name>.png`. `whole`: all of the page, not only what fits the window."""
    path = PICTURES / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=path, full_page=whole, animations="disabled")
    return path


async def settled(page: Page) -> None:
    """The page has its figures: nothing is loading any more (`aria-busy`, a skeleton), and fonts are there."""
    await page.wait_for_function(
        """() => document.querySelector('main, [role=main]') !== null
             && document.querySelector('[aria-busy=true], [data-skeleton]') === null && document.fonts.status === 'loaded'"""
    )


async def escape(page: Page, dialog: Locator) -> None:
    """Closes it by the key, pressed once it has the focus: before that nobody would hear it."""
    await page.wait_for_function("(dialog) => dialog.contains(document.activeElement)", arg=await dialog.element_handle())
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def closed(page: Page) -> None:
    """No dialog is open any more. While one is, what lies behind it has no role: a row there would not be found either way."""
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def told(page: Page, words: str) -> None:
    """A message (a toast) of the document has said so, whether it is still there or not; each counts for one call. A document that is
    loaded anew begins anew."""
    await page.wait_for_function(
        """(words) => {
          const at = window.__told.findIndex((one) => one.includes(words));
          if (at >= 0) window.__told.splice(at, 1);
          return at >= 0;
        }""",
        arg=words,
    )


async def messages_stay(page: Page) -> None:
    """From now on a message that offers an act, such as Undo, stays until it is pressed, as where somebody points at it."""
    await page.evaluate("window.__stay = true")


async def floats_are_here(page: Page) -> None:
    """What lies over the page (dialogs, lists) has come: with the first act. It opens without a connection from then on."""
    await page.wait_for_function("() => performance.getEntriesByType('resource').some((one) => one.name.includes('/float-'))")


async def quiet(context: BrowserContext) -> None:
    """From now on nothing comes of what others do meanwhile: the stream of events is asked for and never answered. For a page that shows
    what the tests share, and of which something is measured."""
    await context.route("**/v1/live", lambda _: None)


async def set_theme(page: Page, theme: str) -> None:
    """`light` or `dark`, as the person would choose it."""
    await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    await page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)


async def narrow(page: Page, width_px: int) -> None:
    """Makes the window so narrow, and waits until charts have measured theirs: they hear of it a frame later. Fails if it does not fit."""
    await page.set_viewport_size({"width": width_px, "height": 800})
    await settled(page)
    for _ in range(40):
        if (await overflow_px(page))[0] <= 0:
            return
        await page.evaluate("() => new Promise((then) => requestAnimationFrame(() => setTimeout(then, 25)))")
    beyond_px, guilty = await overflow_px(page)
    assert beyond_px <= 0, f"{beyond_px} px wider than a window of {width_px}: {guilty}"


async def shift_of(page: Page) -> tuple[float, list[str]]:
    """How far what was shown has moved by itself since the document was opened (CLS), and what it was."""
    shifts: Any = await page.evaluate("window.__shifts")
    return sum(value for value, _ in shifts), [one for _, moved in shifts for one in moved]


@asynccontextmanager
async def answered_backwards(page: Page) -> AsyncIterator[None]:
    """The API answers one at a time, and what was asked last first: what stands below is there before what stands above it."""
    held: list[Route] = []

    async def release() -> None:
        while True:
            await asyncio.sleep(BETWEEN_ANSWERS_S)
            if held:
                await held.pop().continue_()

    def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/v1/**", hold)
    releasing = asyncio.create_task(release())
    try:
        yield
        while held:
            if releasing.done():
                await releasing  # It failed: without it this would wait for ever.
            await asyncio.sleep(BETWEEN_ANSWERS_S)
    finally:
        releasing.cancel()
        await page.unroute_all(behavior="ignoreErrors")


async def overflow_px(page: Page) -> tuple[int, list[str]]:
    """By how much the page is wider than its window, and what sticks out of it."""
    found: Any = await page.evaluate(
        """() => {
          const most = document.documentElement.clientWidth;
          const isClipped = (element) => {
            for (let one = element.parentElement; one !== null && one !== document.body; one = one.parentElement)
              if (getComputedStyle(one).overflowX !== "visible") return true;
            return false;
          };
          const sticksOut = (element) => element.getBoundingClientRect().right > most + 1 && !isClipped(element);
          const found = [...document.querySelectorAll("body *")].filter(sticksOut);
          return [document.documentElement.scrollWidth - most, found.slice(0, 5).map((element) => element.outerHTML.slice(0, 120))];
        }"""
    )
    return int(found[0]), list(found[1])


async def cut_off(page: Page) -> list[str]:
    """Controls of which something lies beyond the edge of what cuts it off there, with no way to scroll to it."""
    found: Any = await page.evaluate(
        """() => {
          const cuts = (control) => {
            const { left, right, width } = control.getBoundingClientRect();
            if (width < 2 || !control.checkVisibility({ visibilityProperty: true }) || control.closest(".sr-only") !== null) return false;
            for (let one = control.parentElement; one !== null && one !== document.body; one = one.parentElement) {
              const { overflowX } = getComputedStyle(one);
              const edge = one.getBoundingClientRect();
              if (overflowX === "auto" || overflowX === "scroll" || edge.width < 2) return false;
              if (overflowX !== "visible" && (right > edge.right + 2 || left < edge.left - 2)) return true;
            }
            return false;
          };
          const controls = [...document.querySelectorAll("button, input, select, textarea")];
          return controls.filter(cuts).slice(0, 5).map((control) => control.outerHTML.slice(0, 120));
        }"""
    )
    return list(found)
