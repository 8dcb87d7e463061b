"""The library: a prompt is published, found, cloned and withdrawn."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import closed, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

TEXT = "Answer <script>alert(1)</script> as {{who}}."


async def test_a_prompt_is_published_found_cloned_and_withdrawn(page_as: OpenPage, site: Site) -> None:
    mark = uuid4().hex[:8]
    slug, category = f"shared-{mark}", f"kind-{mark}"
    body = {"slug": slug, "template": TEXT, "model": "simulated/chat", "label": "production", "description": "Old words"}
    await site.call("POST", "/v1/prompts", body)
    page = await page_as("editor", "/app/library?publish=1")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Prompt: Choose").click()
    await page.get_by_placeholder("Type to find").fill(slug)
    await page.get_by_role("option", name=slug).click()
    await expect(dialog.get_by_label("Description")).to_have_value("Old words")
    await dialog.get_by_label("Description").fill(f"Answers as somebody, {mark}")
    await dialog.get_by_label("Categories").fill(f"{category}, kindness")
    await dialog.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.get_by_role("list", name="Messages")).to_contain_text(TEXT)
    await check_axe(page)

    await page.get_by_role("link", name=category).click()
    cards = page.get_by_role("list", name="Entries").get_by_role("listitem")
    await expect(cards).to_have_count(1)
    await page.get_by_label("Search the library").fill("-answers")
    await expect(page.get_by_text("Nothing matches")).to_be_visible()
    await page.get_by_label("Search the library").fill("answer somebody")
    await expect(cards).to_have_count(1)
    await expect(page).to_have_url(re.compile("q=answer"))
    await settled(page)
    await check_axe(page)

    await cards.get_by_role("link").click()
    await page.get_by_role("button", name="Clone", exact=True).click()
    await page.get_by_role("dialog").get_by_label("Name").fill(f"ours-{mark}")
    await page.get_by_role("dialog").get_by_role("button", name="Clone").click()
    await page.wait_for_url(f"**/app/prompts/ours-{mark}*")
    lineage = await site.call("GET", f"/v1/prompts/ours-{mark}/lineage")
    assert slug in str(lineage), "the clone says where it came from"

    await page.goto(f"/app/library?mine=1&category={category}")
    await cards.get_by_role("link").click()
    await expect(page.get_by_text("Clones", exact=True).locator("..")).to_contain_text("1")
    await page.get_by_role("button", name="Withdraw").click()
    await expect(page.get_by_role("dialog")).to_contain_text("1 clone of it stays")
    await page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    await page.wait_for_url("**/app/library")
    await closed(page)
    await settled(page)
    await expect(page.get_by_role("heading", name=slug)).to_have_count(0)
    assert (await site.call("GET", f"/v1/marketplace?category={category}"))["data"] == []


async def test_a_viewer_reads_the_library_and_why_not_to_publish(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/library", theme="dark", workspace_id=await site.new_workspace())
    button = page.get_by_role("button", name="Publish a prompt").first
    await expect(button).to_have_attribute("aria-disabled", "true")
    await button.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("an editor or admin")
    await check_axe(page, without=("region",))


@pytest.mark.capability("P7")
async def test_a_template_is_found_read_and_used(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/library")
    await page.get_by_role("navigation", name="Library").get_by_role("link", name="Templates").click()
    cards = page.get_by_role("list", name="Templates").get_by_role("listitem")
    found = (await site.call("GET", "/v1/templates?q=summary&limit=100"))["data"]
    await page.get_by_label("Search templates").fill("summary")
    await expect(cards).to_have_count(len(found))
    await settled(page)
    await check_axe(page)

    await cards.get_by_role("link").first.click()
    template = await site.call("GET", f"/v1/templates/{found[0]['id']}")
    variables = page.get_by_role("table", name="Variables")
    for one in template["variables"]:
        await expect(variables).to_contain_text(one["description"])
    await settled(page)
    await check_axe(page)
    await page.get_by_role("button", name="Use it").click()
    slug = f"made-{uuid4().hex[:8]}"
    await page.get_by_role("dialog").get_by_label("Name").fill(slug)
    await page.get_by_role("dialog").get_by_role("button", name="Make the prompt").click()
    await page.wait_for_url(f"**/app/prompts/{slug}*")
    made = await site.call("GET", f"/v1/prompts/{slug}")
    assert made["messages"] == template["content"]["messages"] and made["label"] == "production"


@pytest.mark.capability("P7")
async def test_a_viewer_reads_templates_and_makes_nothing_of_them(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/library/templates/{template}")
    await expect(page.get_by_role("button", name="Use it")).to_have_attribute("aria-disabled", "true")
    page = await page_as("viewer", "/app/library/templates?q=nothingislikethis")
    await expect(page.get_by_text("Nothing matches")).to_be_visible()
    await page.get_by_role("button", name="Show all").click()
    await expect(page.get_by_role("list", name="Templates").get_by_role("listitem").first).to_be_visible()


async def test_a_template_is_made_of_a_prompt(page_as: OpenPage, site: Site) -> None:
    slug = f"begun-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": TEXT, "model": "simulated/chat", "label": "production"})
    page = await page_as("editor", "/app/library/templates")
    await page.get_by_role("button", name="Make a template").click()
    dialog = page.get_by_role("dialog", name="Make a template")
    await dialog.get_by_role("button", name="Prompt: Choose").click()
    await page.get_by_placeholder("Type to find").fill(slug)
    await page.get_by_role("option", name=slug).click()
    await dialog.get_by_label("Use cases").fill("Support\nOnboarding\n\nSupport")
    await dialog.get_by_role("button", name="Recommended models: Add a model").click()
    await page.get_by_placeholder("Type to find").fill("simulated/chat")
    await page.get_by_role("option", name="simulated/chat").first.click()
    await check_axe(page, without=BEHIND_A_DIALOG)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"library-make-template-{theme}")
    await dialog.get_by_role("button", name="Make it").click()
    await page.wait_for_url("**/app/library/templates/*")
    await expect(page).to_have_url(re.compile("/templates/[0-9a-f-]{36}$"))
    made = await site.call("GET", f"/v1/templates/{page.url.rsplit('/', 1)[1]}")
    assert made["use_cases"] == ["Support", "Onboarding"] and made["recommended_models"] == ["simulated/chat"]
    assert made["origin"] == "workspace" and made["visibility"] == "private"
