"""The nets catch: each fault that the tests of the page look for is planted once, and found. In /status, which is there in any case."""

import re

from benchmarks.page.paint import CLS
from playwright.async_api import Page

from tests.page.axe import axe_findings
from tests.page.browser import PATIENCE_MS, expect_console, overflow_px, shift_of, watch_of
from tests.page.conftest import OpenPage

PLANTED = "planted"


async def test_axe_finds_text_of_too_little_contrast_far_below_the_window(page_as: OpenPage) -> None:
    page = await page_as("nobody", "/status")
    assert not [one for one in await axe_findings(page) if "color-contrast" in one and "#planted" in one]
    await page.evaluate(
        """() => {
          const text = Object.assign(document.createElement("p"), { id: "planted", textContent: "Hardly to be read" });
          Object.assign(text.style, { color: "#bbbbbb", background: "#ffffff", marginTop: "2000px" });
          document.querySelector("main").append(text);
        }"""
    )
    found = [one for one in await axe_findings(page) if "#planted" in one]
    assert [re.match(r"\[(\w+)\] violates color-contrast", one)[1] for one in found] == ["light", "dark"]  # type: ignore[index]


async def test_axe_finds_a_button_without_a_name(page_as: OpenPage) -> None:
    page = await page_as("nobody", "/status")
    await page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any("button-name" in one for one in await axe_findings(page, themes=("light",)))


async def test_what_the_policy_refuses_is_noticed(page_as: OpenPage) -> None:
    page = await page_as("nobody", "/status")
    await page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<p style=\"color: red\">styled</p>')")
    await page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"https://elsewhere.test/x.png\" alt=\"\">')"
    )
    await page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = 1\" alt=\"\">')"
    )
    await _until_troubled(page, "style-src", "img-src", "script-src", "another host: https://elsewhere.test")
    assert await page.title() != "1"
    expect_console(
        page,
        "Content Security Policy",
        "content security policy",
        "Refused to",
        "violates the following",
        "elsewhere.test",
        "status of 404",
    )


async def test_errors_of_the_page_are_noticed(page_as: OpenPage) -> None:
    page = await page_as("nobody", "/status")
    await page.evaluate("console.error('planted error'); setTimeout(() => { throw new Error('planted throw') })")
    await _until_troubled(page, "planted error", "uncaught: .*planted throw")
    expect_console(page, PLANTED)


async def test_a_page_that_is_wider_than_its_window_is_noticed(page_as: OpenPage) -> None:
    page = await page_as("nobody", "/status", width=320)
    assert (await overflow_px(page))[0] <= 0
    await page.evaluate(
        """() => {
          const wide = Object.assign(document.createElement("div"), { id: "planted", textContent: "Wide" });
          wide.style.width = "700px";
          document.body.append(wide);
        }"""
    )
    beyond_px, guilty = await overflow_px(page)
    assert beyond_px > 0 and any("planted" in one for one in guilty), guilty


async def test_what_pushes_others_down_is_noticed(page_as: OpenPage) -> None:
    page = await page_as("nobody", "/status")
    await page.evaluate(
        """() => new Promise((then) => requestAnimationFrame(() => setTimeout(() => {
          const late = document.createElement("div");
          late.style.height = "300px";
          document.querySelector("main").prepend(late);
          then();
        })))"""
    )
    await page.wait_for_function("() => window.__shifts.length > 0")
    shift, moved = await shift_of(page)
    assert shift > CLS and moved, (shift, moved)


async def _until_troubled(page: Page, *patterns: str) -> None:
    """Waits until each was complained of; what the browser tells comes in its own time."""
    for _ in range(PATIENCE_MS // 20):
        if all(any(re.search(pattern, one) for one in watch_of(page).troubles) for pattern in patterns):
            return
        await page.evaluate("() => new Promise((then) => setTimeout(then, 20))")
    raise AssertionError(watch_of(page).troubles)
