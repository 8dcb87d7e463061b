"""What was written in a form over the page is not thrown away by a slip: Escape once, or a click beside it."""

from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from tests.page.axe import check_axe
from tests.page.browser import closed, screenshot, set_theme, settled, told
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

WARNING = "What you wrote here is not saved. Close once more, or press Cancel, to throw it away."
BESIDE = (4, 440)


async def stays(page: Page, dialog: Locator, field: Locator, words: str) -> None:
    """By a click beside it however often, and by Escape once; what is written then takes the question back."""
    warning = dialog.get_by_text(WARNING)
    for _ in range(2):
        await page.mouse.click(*BESIDE)
        await expect(warning).to_be_visible()
    await field.press("End")
    await field.press_sequentially("!")
    await expect(warning).to_have_count(0)
    await field.press("Escape")
    await expect(warning).to_be_visible()
    await expect(field).to_have_value(f"{words}!")


async def test_a_form_asks_before_escape_or_a_click_beside_it_throws_away_what_was_written(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/prompts?new=1")
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Slug")
    await name.fill("kept-words")
    await stays(page, dialog, name, "kept-words")
    await settled(page)
    await check_axe(page, without=BEHIND_A_DIALOG)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"unsent/prompt-{theme}")
    await name.press("Escape")
    await closed(page)


@pytest.mark.parametrize("how", ["Cancel", "nothing written"])
async def test_a_form_closes_at_once_where_that_is_meant(page_as: OpenPage, how: str) -> None:
    page = await page_as("editor", "/app/prompts?new=1")
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Slug")
    await expect(name).to_be_focused()
    if how == "Cancel":
        await name.fill("gone")
        await dialog.get_by_role("button", name="Cancel").click()
    else:
        await page.mouse.click(*BESIDE)
    await closed(page)


async def test_a_correction_in_a_drawer_is_not_lost_by_a_slip(page_as: OpenPage, site: Site) -> None:
    made = await site.call("POST", "/v1/datasets", {"name": "unsent", "items": [{"input": "hi", "expected": "hello", "split": "train"}]})
    page = await page_as("editor", f"/app/datasets/{made['id']}")
    await page.get_by_role("row").get_by_role("button", name="hi").click()
    drawer = page.get_by_role("dialog")
    await drawer.get_by_role("button", name="Correct the right answer").click()
    field = drawer.get_by_role("textbox", name="The right answer")
    await field.fill("good day")
    await stays(page, drawer, field, "good day")
    await screenshot(page, "unsent/correction-light")
    await drawer.get_by_role("button", name="Save").click()
    await told(page, "Corrected: version 2")
    await page.keyboard.press("Escape")
    await closed(page)


async def test_a_comment_and_a_goal_are_there_again_after_looking_elsewhere(page_as: OpenPage, site: Site) -> None:
    slug = f"unsent-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "One {{x}}", "model": "simulated/chat"})
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    comment = page.get_by_label("Comment on this version")
    await comment.fill("Half a thought")
    await page.get_by_role("tab", name="Settings").click()
    await expect(page.get_by_label("Description")).to_be_visible()
    await page.get_by_role("tab", name="Versions").click()
    await expect(comment).to_have_value("Half a thought")
    await page.reload()
    await expect(comment).to_have_value("Half a thought")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(comment).to_have_value("")
    await page.reload()
    await expect(page.get_by_text("Half a thought")).to_be_visible()
    await expect(comment).to_have_value("")

    await page.goto("/app/new")
    goal = page.get_by_label("What should it do?")
    await goal.fill("Sort tickets")
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Alerts").click()
    await page.wait_for_url("**/alerts")
    await page.go_back()
    await expect(goal).to_have_value("Sort tickets")
