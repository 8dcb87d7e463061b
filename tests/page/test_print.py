"""On paper a page is a document: what is read, in light colours and whole, and nothing that is pressed."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("U1")]

PAPER_PX = 718
"""A4 between its margins."""

CUT = """() => [...document.querySelectorAll("main *")]
  .filter((one) => !one.closest(".sr-only, svg") && one.checkVisibility() && one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1)
  .filter((one) => getComputedStyle(one).overflowX !== "visible" && !one.matches("input, select"))
  .map((one) => one.outerHTML.slice(0, 160))"""

LIGHTEST = 240


async def on_paper(page: Page) -> None:
    await page.set_viewport_size({"width": PAPER_PX, "height": 1000})
    await page.emulate_media(media="print")


async def ground_of(page: Page) -> list[int]:
    found: list[int] = await page.evaluate("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/app/experiments/{experiment}",
        "/app/test-runs/{test_run}",
        "/app/usage",
        "/app/analytics/reports/{report}",
        "/app/optimize/suggestions/{suggestion}",
    ],
)
async def test_a_page_is_printed_as_a_document(page_as: OpenPage, site: Site, path: str) -> None:
    page = await page_as("admin", path, theme="dark", alone=True)
    assert max(await ground_of(page)) < LIGHTEST
    await on_paper(page)
    assert min(await ground_of(page)) >= LIGHTEST
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_text("simulated", exact=True).first).to_be_visible()
    await expect(page.get_by_role("navigation", name="Main")).to_have_count(0)
    await expect(page.get_by_role("button", name="Menu")).to_have_count(0)
    cut: Any = await page.evaluate(CUT)
    assert cut == []


async def test_what_is_pressed_is_not_printed(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/analytics/reports/{report}", alone=True)
    for name in ("Delete", "CSV"):
        await expect(page.get_by_role("button", name=name, exact=True).first).to_be_visible()
    await on_paper(page)
    for name in ("Delete", "CSV"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
