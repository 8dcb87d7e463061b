"""Comparisons of texts: of thousands of lines the first are there at once, and the rest are a press away, for the keyboard too."""

from uuid import uuid4

from playwright.async_api import Page, expect

from tests.page.axe import check_axe
from tests.page.browser import screenshot, set_theme, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

MANY = 3_000
"""Lines of either side; all differ, so that twice as many would stand there."""

ONE_LINE_PX = 20


def text_of(word: str) -> str:
    return "\n".join(f"{word} number {number} says what to do" for number in range(MANY))


async def line_heights(page: Page) -> set[float]:
    heights: list[float] = await page.locator("figure [data-line]").evaluate_all("(all) => all.map((one) => one.offsetHeight)")
    return set(heights)


async def test_of_thousands_of_lines_the_first_are_there_and_the_keys_reach_the_rest(page_as: OpenPage, site: Site) -> None:
    slug = f"long-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": text_of("Rule"), "model": "simulated/chat"})
    body = {"base_version": 1, "message": "All anew", "messages": [{"role": "user", "content": text_of("Law")}], "model": "simulated/chat"}
    await site.call("POST", f"/v1/prompts/{slug}/versions", body)
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions&v=2")
    figure = page.locator("figure:has([data-line])")
    lines = figure.locator("[data-line]")
    await expect(lines).to_have_count(400)
    await expect(figure.get_by_text("5,600 more lines follow")).to_be_visible()
    assert await line_heights(page) == {ONE_LINE_PX}, "a number of four digits wraps"

    more = figure.get_by_role("button", name="Show 400 more lines")
    await more.focus()
    await page.keyboard.press("Enter")
    await expect(lines).to_have_count(800)
    await expect(lines.nth(400)).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(more).to_be_focused()
    await settled(page)
    await check_axe(page)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await more.scroll_into_view_if_needed()
        await screenshot(page, f"comparison/long-{theme}")
