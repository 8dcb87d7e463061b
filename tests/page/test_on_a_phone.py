"""What fingers do, on a phone of 390 × 844: what they press is large enough, nothing lies half out of sight, and the phone's own keyboard
covers no button."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.page.browser import expect_console, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE: dict[str, Any] = {"width": 390, "height": 844, "touch": True}

LEAST_PX = 24
"""WCAG 2.2, 2.5.8. What stands in a sentence is exempt there."""

FINGER_PX = 36
"""Of a button that stands by itself."""

HARD_TO_HIT = """([least, finger]) => {
  const found = [];
  const reach = (element, dx, dy) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const hits = (by) => {
      const at = document.elementFromPoint(x + dx * by, y + dy * by);
      return at !== null && (element.contains(at) || at.closest("label")?.control === element || at.closest("label")?.contains(element));
    };
    let by = 0;
    while (by < 24 && hits(by + 1)) by += 1;
    return by;
  };
  for (const element of document.querySelectorAll("a[href], button, input:not(.sr-only), select, textarea, summary")) {
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || element.closest(".sr-only")) continue;
    if (getComputedStyle(element).display === "inline" || element.getBoundingClientRect().width < 2) continue;
    element.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const { left, top, width, height } = element.getBoundingClientRect();
    const middle = document.elementFromPoint(left + width / 2, top + height / 2);
    const isOf = (at) => element.contains(at) || at.contains(element) || at.closest("label")?.control === element;
    const isSeen = middle !== null && isOf(middle);
    if (!isSeen) continue;
    const across = Math.max(width, 1 + reach(element, -1, 0) + reach(element, 1, 0));
    const down = Math.max(height, 1 + reach(element, 0, -1) + reach(element, 0, 1));
    const wished = element.tagName === "BUTTON" && /rounded-m/.test(element.className) && !element.closest("fieldset") ? finger : least;
    if (across < least || down < wished) found.push([element.outerHTML.slice(0, 200), Math.round(across), Math.round(down)]);
  }
  window.scrollTo(0, 0);
  return found;
}"""


async def hard_to_hit(page: Page) -> list[Any]:
    found: list[Any] = await page.evaluate(HARD_TO_HIT, [LEAST_PX, FINGER_PX])
    return found


async def left_of(one: Locator) -> float:
    box = await one.bounding_box()
    assert box is not None
    return box["x"]


async def small_fields(page: Page) -> list[str]:
    """Those that an iPhone would enlarge the whole page for once they have the focus."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]")]
          .filter((one) => one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 16)
          .map((one) => one.outerHTML.slice(0, 160))"""
    )
    return found


async def test_an_owner_finds_everything_within_reach_of_a_thumb(site: Site, page_as: OpenPage) -> None:
    slug = f"reach-of-a-thumb-{uuid4().hex[:6]}"  # Of its own: others have the demo's prompt open, and who is there is shown.
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Sort {{ticket}}", "model": "simulated/chat", "label": "production"})
    page = await page_as("editor", f"/app/prompts/{slug}", **PHONE)
    assert not await small_fields(page)
    assert not await hard_to_hit(page)
    title, act = page.get_by_role("heading", level=1), page.get_by_role("link", name="Playground", exact=True)
    assert await left_of(title) == await left_of(act), "nobody else is here, and yet room is kept for them"

    await page.goto(site.at("/app/prompts/{prompt}"))
    await settled(page)
    assert not await hard_to_hit(page)
    assert not await small_fields(page)
    await page.get_by_role("tab", name="Lineage").tap()
    drawing = page.get_by_role("region", name="Drawing of the lineage")
    await expect(drawing.get_by_role("button")).to_have_count(2)
    for node in await drawing.get_by_role("button").all():
        await expect(node).to_be_in_viewport(ratio=1)

    for path in ("/app/prompts", "/app/runs?prompt={prompt}", "/app/guardrails", "/app/optimize"):
        await page.goto(site.at(path))
        await settled(page)
        assert not await hard_to_hit(page), path
        assert not await small_fields(page), path


async def test_a_table_gives_its_words_the_room(site: Site, page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/library/templates/{template}", **PHONE)
    widths: list[float] = (
        await page.get_by_role("table", name="Variables").locator("th:visible").evaluate_all("(all) => all.map((one) => one.offsetWidth)")
    )
    assert widths[1] > max(widths[0], widths[2]), widths

    await page.goto(site.at("/app/experiments/{experiment}"))
    await settled(page)
    figures = page.get_by_role("table", name="All figures").locator("..")
    assert await figures.evaluate("(frame) => frame.scrollWidth - frame.clientWidth") <= 0


async def test_the_roles_of_members_can_be_read(page_as: OpenPage) -> None:
    page = await page_as("admin", "/app/team", **PHONE)
    await expect(page.get_by_role("button", name="Reset password").first).to_be_visible()
    cut: list[str] = (
        await page.get_by_role("table", name="Members")
        .get_by_role("combobox")
        .evaluate_all(
            """(all) => all.filter((one) => {
          const { font, paddingLeft, paddingRight } = getComputedStyle(one);
          const canvas = Object.assign(document.createElement("canvas").getContext("2d"), { font });
          const room = one.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
          return canvas.measureText(one.selectedOptions[0].label).width > room;
        }).map((one) => one.ariaLabel)"""
        )
    )
    assert cut == []


async def test_a_slow_network_is_told_of_before_the_code_is_there_and_so_is_one_that_fails(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/prompts", **PHONE)
    expect_console(page, "ERR_FAILED")
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/assets/index-*.js", held.put_nowait)
    await page.goto("/app/test-runs?new=1", wait_until="commit")
    await expect(page.get_by_text("Loading…")).to_be_visible()
    await (await held.get()).abort()
    again = page.get_by_role("button", name="Load the page again")
    await expect(page.get_by_text("This page could not be loaded. Check the connection.")).to_be_visible()
    await page.unroute_all()
    await again.tap()
    form = page.get_by_role("dialog", name="New test run")
    await expect(form.get_by_role("button", name="Prompt")).to_be_focused()
