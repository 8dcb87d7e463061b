"""Somebody without a text, without examples and without documentation comes to a better prompt that is live, in an empty workspace."""

import re

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import told
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

BEHIND = ("region", "aria-hidden-focus")
SEARCH_MS = 120_000
A_SEARCH = re.compile("/optimize/[0-9a-f-]{36}$")
SEARCHES = 5
"""By chance some find nothing, and say so; then one searches again."""


async def test_from_nothing_to_an_accepted_suggestion(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/start", workspace_id=await site.new_workspace("Newcomer"))
    await page.get_by_role("link", name="New prompt").click()
    dialog = page.get_by_role("dialog", name="New prompt")
    await dialog.get_by_role("button", name="Take an example").click()
    await expect(dialog.get_by_label("Slug")).to_have_value("support-routing")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Create").click()
    await told(page, "support-routing is there, and live")

    way = page.get_by_role("complementary").get_by_role("link", name="First steps")
    await way.click()
    await page.get_by_label("ticket").fill("I was charged twice.")
    await page.get_by_role("button", name="Run", exact=True).click()
    await page.get_by_role("button", name="Bad answer").click()
    await expect(page.get_by_text("Noted, and joined to this version.")).to_be_visible()

    await page.get_by_role("link", name="Add examples").click()
    dialog = page.get_by_role("dialog", name="New dataset")
    await dialog.get_by_label("Name").fill("Tickets")
    await dialog.get_by_role("button", name="Take example tickets").click()
    await expect(dialog.get_by_role("group", name="What would be saved")).to_contain_text("270 train, 99 validation, 198 test")
    await dialog.get_by_role("button", name="Create with 567 items").click()
    await expect(page.get_by_role("heading", level=1, name="Tickets")).to_be_visible()

    await way.click()
    await page.get_by_role("link", name="Start a search").click()
    dialog = page.get_by_role("dialog", name="New search for a better version")
    await expect(dialog.get_by_role("button", name="Dataset: Tickets")).to_be_visible()
    await dialog.get_by_role("button", name="Start the search").click()
    suggestion = page.get_by_role("link", name="Review the suggestion")
    for _ in range(SEARCHES):
        await expect(suggestion.or_(page.get_by_text("No suggestion.")).first).to_be_visible(timeout=SEARCH_MS)
        if await suggestion.is_visible():
            break
        await page.get_by_role("link", name="Search again").click()
        await dialog.get_by_role("button", name="Start the search").click()
        await page.wait_for_url(A_SEARCH)
    await suggestion.click()
    await page.get_by_role("button", name="Accept", exact=True).click()
    accept = page.get_by_role("dialog")
    await accept.get_by_role("button", name=re.compile("^Accept|live", re.IGNORECASE)).last.click()
    await expect(accept).to_have_count(0)
    await page.goto("/app/start")
    await expect(page.get_by_text("This way has been gone once already")).to_be_visible()
    await page.goto("/app/prompts/support-routing")
    await expect(page.get_by_text("production v2")).to_be_visible()
