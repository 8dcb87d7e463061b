"""From a goal to a prompt: one question at a time, what is known beside it, and in the end a version with test cases."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, closed, expect_console, narrow, overflow_px, screenshot, set_theme, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1", "S1")


async def begun(page: Page, goal: str) -> None:
    await page.get_by_label("What should it do?").fill(goal)
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("form", name="Question")).to_contain_text("Who reads the answers?")


async def test_somebody_is_asked_one_question_at_a_time_and_ends_with_a_live_prompt(page_as: OpenPage, site: Site) -> None:
    slug = f"where-is-it-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/prompts")
    await page.get_by_role("link", name="Start from a goal").click()
    await begun(page, "Answer customers <b>kindly</b> who ask where their parcel is.")
    question = page.get_by_role("form", name="Question")
    said = page.get_by_role("list", name="Answered")
    draft = page.get_by_role("region", name="The draft so far")
    await expect(draft).to_contain_text("Answer customers <b>kindly</b>")

    await question.get_by_role("button", name="Customers").click()
    await expect(question).to_contain_text("What should an answer look like?")
    await expect(draft).to_contain_text("Who reads the answers? – Customers")
    await said.get_by_role("button", name="Change the answer to: Who reads the answers?").click()
    await question.get_by_label("In your own words").fill("Colleagues at the counter")
    await question.get_by_label("In your own words").press("Enter")
    await expect(said).to_contain_text("Colleagues at the counter")
    await expect(question).to_contain_text("What should an answer look like?")
    await question.get_by_role("button", name="A list").click()
    await expect(question).to_contain_text("What must it keep to?")
    await settled(page)
    await check_axe(page)
    await screenshot(page, "goal/question", whole=True)
    await question.get_by_label("Short").check()
    await question.get_by_label("Sources").check()
    await question.get_by_role("button", name="Answer").click()

    await expect(question).to_contain_text("In which language?")
    await expect(said).to_contain_text("Short, Sources")
    await expect(said.get_by_role("button", name=re.compile("Change"))).to_have_count(0)
    await question.get_by_role("button", name="Skip").click()
    await expect(question).to_contain_text("What should it do when something is unclear?")
    await page.get_by_role("button", name="Enough asked, write it now").click()

    keep = page.get_by_role("region", name="Keep it")
    await expect(keep).to_be_visible(timeout=2 * PATIENCE_MS)
    await settled(page)
    await check_axe(page)
    await screenshot(page, "goal/written", whole=True)
    await set_theme(page, "dark")
    await check_axe(page)
    await narrow(page, 320)
    assert (await overflow_px(page))[0] <= 0
    await screenshot(page, "goal/written-narrow", whole=True)
    await keep.get_by_role("textbox", name="Name").fill(slug)
    await keep.get_by_role("button", name="Save as a prompt").click()
    await page.wait_for_url(re.compile(rf"/app/prompts/{slug}"))
    version = await site.call("GET", f"/v1/prompts/{slug}/versions/1")
    assert "Colleagues at the counter" in version["messages"][0]["content"]
    assert "In which language?" not in version["messages"][0]["content"]
    assert version["test_cases"][0]["metadata"]["synthetic"] is True
    assert (await site.call("GET", f"/v1/prompts/{slug}/labels"))["data"][0]["version"] == 1


async def test_a_goal_is_the_persons_own_comes_back_after_a_reload_and_is_deleted(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/new")
    await begun(page, "Sort tickets.")
    await page.get_by_role("form", name="Question").get_by_role("button", name="Colleagues").click()
    await expect(page.get_by_role("form", name="Question")).to_contain_text("What should an answer look like?")
    await expect(page.get_by_role("status").first).to_contain_text("2 questions left")
    await page.reload()
    await expect(page.get_by_role("form", name="Question")).to_contain_text("What should an answer look like?")
    await expect(page.get_by_role("list", name="Answered")).to_contain_text("Colleagues")
    address = page.url

    other = await page_as("admin", "/app/new")
    await expect(other.get_by_label("What should it do?")).to_be_visible()
    await settled(other)
    await expect(other.get_by_text("Sort tickets.", exact=True)).to_have_count(0)
    expect_console(other, "status of 404")
    await other.goto(address)
    await expect(other.get_by_role("heading", name="Not found")).to_be_visible()

    await page.goto("/app/new")
    row = page.get_by_role("row").filter(has_text="Sort tickets.")
    await row.get_by_role("button", name=re.compile("What to do")).click()
    await page.get_by_role("menuitem", name="Delete…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await closed(page)
    await expect(row).to_have_count(0)


async def test_an_admin_chooses_who_asks_and_who_writes(page_as: OpenPage, site: Site) -> None:
    elsewhere = await site.new_workspace()
    page = await page_as("admin", "/app/new", workspace_id=elsewhere)
    await page.get_by_role("button", name="Models…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Model that asks").click()
    await page.get_by_role("option", name="Simulated interviewer").click()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text(re.compile("simulated/interviewer asks"))).to_be_visible()
    viewer = await page_as("viewer", "/app/new")
    await expect(viewer.get_by_role("button", name="Models…")).to_have_attribute("aria-disabled", "true")
