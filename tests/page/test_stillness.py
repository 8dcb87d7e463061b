"""What is shown keeps its place while the rest comes, in whichever order the API answers."""

from uuid import uuid4

import pytest
from benchmarks.page.paint import CLS
from playwright.async_api import expect

from tests.page.browser import answered_backwards, settled, shift_of
from tests.page.conftest import OpenPage
from tests.page.routes import ROUTES, Route
from tests.page.site import Site

STACKED = (
    "prompt-results", "generations", "optimization", "experiment-settings", "scores", "batch", "routing-of-a-prompt", "guardrails",
    "known-models", "usage", "statement", "settings-organization", "settings-privacy",
)  # fmt: skip
"""Pages on which something stands below what has no height of its own before it is there."""

LATE_MS = 400
"""What comes after the figures, such as names and the next step, belongs to the page too."""


@pytest.mark.parametrize("route", [route for route in ROUTES if route.name in STACKED], ids=lambda route: route.name)
async def test_nothing_moves_when_what_stands_above_comes_last(page_as: OpenPage, site: Site, route: Route) -> None:
    page = await page_as(route.role, "/app/there-is-no-such-page", alone=True)
    async with answered_backwards(page):
        await page.goto(site.at(route.path))
        await settled(page)
        await page.wait_for_timeout(LATE_MS)
    shift, moved = await shift_of(page)
    assert shift <= CLS, f"what was shown moved by {shift:.3f}: {moved}"


def test_each_of_them_is_a_page() -> None:
    assert set(STACKED) <= {route.name for route in ROUTES}


@pytest.mark.parametrize("lines", [1, 12, 120])
async def test_the_text_stays_where_it_is_when_the_editor_takes_its_place(page_as: OpenPage, site: Site, lines: int) -> None:
    slug = f"still-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "\n".join(["Hello."] * lines), "model": "simulated/chat"})
    page = await page_as("editor", f"/app/prompts/{slug}", alone=True)
    begins = """(lines) => lines.slice(0, 2).map((line) => {
        const text = document.createRange();
        text.selectNodeContents(line);
        const { left, top, width } = text.getBoundingClientRect();
        return [left, top, width];
    })"""
    await expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_be_visible()
    await settled(page)
    plain = await page.get_by_role("tabpanel").locator("[aria-hidden] [data-text]").evaluate_all(begins)
    await page.get_by_role("textbox", name="Message 1", exact=True).click()
    await expect(page.locator(".cm-line").first).to_be_visible()
    await settled(page)
    edited = await page.locator(".cm-line").evaluate_all(begins)
    assert len(plain) == min(lines, 2)
    assert edited == [pytest.approx(one, abs=0.5) for one in plain]
