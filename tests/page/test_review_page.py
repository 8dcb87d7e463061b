"""The review queue: one answer after the other is called good, corrected, or left to others; what is decided becomes items."""

import asyncio
import re
from uuid import uuid4

import pytest
from playwright.async_api import Locator, ViewportSize, expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, escape, messages_stay, narrow, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

WIDE: ViewportSize = {"width": 1440, "height": 900}

pytestmark = pytest.mark.capability("U1", "F5")


async def queued(site: Site, *texts: str) -> str:
    """A prompt with an answer for each text, picked for review in this order."""
    slug = f"looked-at-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Say {{x}}", "model": "simulated/chat", "label": "production"})
    runs = [(await site.call("POST", "/v1/executions", {"prompt": slug, "variables": {"x": text}}))["id"] for text in texts]
    async with asyncio.timeout(PATIENCE_MS / 1_000):  # Runs are booked some tenths of a second after their answer, later on a busy machine.
        while len((await site.call("GET", f"/v1/executions?prompt={slug}"))["data"]) < len(runs):
            await asyncio.sleep(0.1)
    for run in runs:
        await site.call("POST", "/v1/review", {"execution_id": run, "note": "is the tone right?"})
    return slug


async def top_of(what: Locator) -> float:
    box = await what.bounding_box()
    assert box
    return box["y"]


async def test_answers_are_called_good_corrected_and_taken_back_one_after_the_other(page_as: OpenPage, site: Site) -> None:
    slug = await queued(site, "one <b>bold</b>", "two", "three")
    page = await page_as("editor", "/app/datasets")
    await page.get_by_role("navigation", name="Datasets").get_by_role("link", name="Review queue").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Review queue")
    await settled(page)
    await page.goto(f"/app/review?prompt={slug}")
    card = page.get_by_role("article", name="Answer to review")
    await expect(card).to_contain_text("one <b>bold</b>")
    await expect(card).to_contain_text("picked by somebody")
    await settled(page)
    await check_axe(page)
    await screenshot(page, "review/queue", whole=True)

    figures = page.get_by_label("Progress")
    assert await top_of(figures) < await top_of(card)
    await narrow(page, 390)
    assert await top_of(card) < await top_of(figures), "on a phone the answer comes first"
    await screenshot(page, "review/queue-phone", whole=True)
    await page.set_viewport_size(WIDE)

    await messages_stay(page)
    await page.keyboard.press("y")
    await expect(card).to_contain_text("two")
    await page.get_by_role("button", name="Undo").click()
    await expect(card).to_contain_text("one <b>bold</b>")
    await page.get_by_role("button", name="Good").click()
    await expect(card).to_contain_text("two")
    await page.get_by_role("button", name="Correct…").click()
    await page.get_by_label("What would have been right").fill("Two, please.")
    await page.get_by_role("button", name="Save the correction").click()
    await expect(card).to_contain_text("three")
    await page.get_by_role("button", name="Skip").click()
    await expect(page.get_by_text("Nothing waits")).to_be_visible()

    await page.get_by_role("tab", name="Decided").click()
    table = page.get_by_role("table", name="Decided")
    await expect(table).to_contain_text("Two, please.")
    await expect(table.get_by_role("columnheader", name="By")).to_be_visible()
    await table.get_by_role("button", name="corrected").click()
    drawer = page.get_by_role("dialog", name="Decided answer")
    for words in ("two", "Two, please.", "You"):
        await expect(drawer).to_contain_text(words)
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "review/decided")
    await escape(page, drawer)
    decided = (await site.call("GET", f"/v1/review?prompt={slug}&status=decided"))["data"]
    assert sorted((one["verdict"], one["expected"]) for one in decided)[0] == ("bad", "Two, please.")
    assert all(one["dataset_item_id"] for one in decided) and len(decided) == 2
    await settled(page)
    await check_axe(page)


async def test_a_queue_is_gone_through_by_the_keyboard_alone(page_as: OpenPage, site: Site) -> None:
    slug = await queued(site, "first", "second")
    page = await page_as("editor", f"/app/review?prompt={slug}")
    card = page.get_by_role("article", name="Answer to review")
    await expect(card).to_contain_text("first")
    await page.keyboard.press("c")
    await expect(page.get_by_label("What would have been right")).to_be_focused()
    await page.keyboard.type("First of all.")
    await page.keyboard.press("ControlOrMeta+Enter")
    await expect(card).to_contain_text("second")
    await page.keyboard.press("x")
    await expect(page.get_by_text("Nothing waits")).to_be_visible()
    await page.keyboard.press("u")
    await expect(card).to_contain_text("second")
    decided = (await site.call("GET", f"/v1/review?prompt={slug}&status=decided"))["data"]
    assert [(one["verdict"], one["expected"]) for one in decided] == [("bad", "First of all.")]


async def test_what_is_queued_is_set_and_a_viewer_only_looks(page_as: OpenPage, site: Site) -> None:
    slug = await queued(site, "one")
    page = await page_as("editor", f"/app/review?prompt={slug}")
    await page.get_by_role("button", name="What is queued…").click()
    await page.get_by_label("And at random").fill("12.5")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    kept = (await site.call("GET", "/v1/review/settings"))["data"]
    assert [one["sample"] for one in kept if one["prompt"] == slug] == [0.125]
    viewer = await page_as("viewer", f"/app/review?prompt={slug}")
    await expect(viewer.get_by_text("Editors review")).to_be_visible()
    await expect(viewer.get_by_role("button", name="What is queued…")).to_have_attribute("aria-disabled", "true")


@pytest.mark.capability("F5", "U1")
async def test_one_member_is_asked_for_an_answer_and_finds_it_in_the_inbox(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace("Asked of one")
    key = await site.key_of(workspace)
    await site.person("editor", workspace)
    body = {"slug": "asked", "template": "Say {{x}}", "model": "simulated/chat", "label": "production"}
    await site.call("POST", "/v1/prompts", body, key=key)
    run = (await site.call("POST", "/v1/executions", {"prompt": "asked", "variables": {"x": "hello"}}, key=key))["id"]
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while not (await site.call("GET", "/v1/executions?prompt=asked", key=key))["data"]:
            await asyncio.sleep(0.1)
    admin = await page_as("admin", f"/app/runs/{run}", workspace_id=workspace)
    await admin.get_by_role("button", name="Ask for review…").click()
    dialog = admin.get_by_role("dialog")
    await dialog.get_by_label("What to look at").fill("Is the <b>tone</b> right?")
    await dialog.get_by_role("button", name="Who should look").click()
    await admin.get_by_placeholder("Type to find").fill("Edith")
    await admin.get_by_role("option", name="Edith Clarke").first.click()
    await check_axe(admin, without=BEHIND_A_DIALOG)
    await dialog.get_by_role("button", name="Ask", exact=True).click()
    await expect(dialog).to_have_count(0)

    page = await page_as("editor", "/app/inbox", workspace_id=workspace)
    told = page.get_by_role("list", name="Inbox").get_by_role("listitem")
    await expect(told).to_contain_text("Ada Lovelace asks you to look at an answer of asked v1")
    await expect(told).to_contain_text("Is the <b>tone</b> right?")
    await expect(told).to_contain_text("to do")
    await expect(page.get_by_role("link", name="Inbox 1 unread")).to_be_visible()
    await settled(page)
    await check_axe(page)
    await told.get_by_role("link", name="Open the review queue").click()
    card = page.get_by_role("article", name="Answer to review")
    await expect(card.get_by_role("definition").filter(has_text=re.compile("^You$"))).to_have_count(1)
    await page.keyboard.press("y")
    await expect(page.get_by_text("Nothing waits", exact=True)).to_be_visible()
    await page.goto(site.at("/app/inbox?show=all"))
    await expect(told).to_contain_text("done")
    await told.get_by_role("link", name="See what was decided").click()
    await expect(page.get_by_role("dialog", name="Decided answer")).to_contain_text("Is the <b>tone</b> right?")
