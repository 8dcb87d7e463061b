"""The lineage of a prompt: drawn and listed, read node by node, and gone on from any of them."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site, line_file

pytestmark = pytest.mark.capability("U1", "O7")


async def test_what_came_of_what_is_drawn_listed_branched_and_cloned(page_as: OpenPage, site: Site) -> None:
    slug = f"family-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "One {{x}}", "model": "simulated/chat"})
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "template": "Two {{x}}"})
    await site.call("POST", f"/v1/prompts/{slug}/branches", {"branch": "side", "version": 1})
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "branch": "side", "template": "Three {{x}}"})
    page = await page_as("editor", f"/app/prompts/{slug}?tab=lineage")
    drawing = page.get_by_role("region", name="Drawing of the lineage")
    await expect(drawing.get_by_role("button")).to_have_count(3)
    await drawing.get_by_role("button", name="v3").click()
    chosen = page.get_by_role("region", name="v3")
    await expect(chosen).to_contain_text("branch of")
    await settled(page)
    await check_axe(page)
    await screenshot(page, "prompts/lineage", whole=True)

    await chosen.get_by_role("button", name="Compare its family with that of").click()
    await page.get_by_role("option", name="v2").click()
    families = page.get_by_role("table", name="Families compared")
    await expect(families).to_contain_text("Steps from what both come of")
    await expect(page.get_by_role("region", name="Families compared")).to_contain_text("Both come of v1")
    await settled(page)
    await check_axe(page)
    await page.get_by_role("group", name="Zoom").get_by_role("button", name="Smaller").click()
    await expect(page.get_by_role("group", name="Zoom")).to_contain_text("80")

    await chosen.get_by_role("button", name="Branch…").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("further")
    await page.get_by_role("button", name="Start the branch").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    branches = (await site.call("GET", f"/v1/prompts/{slug}/branches"))["data"]
    assert {one["branch"]: one["version"] for one in branches}["further"] == 3

    await page.get_by_text("List", exact=True).click()
    table = page.get_by_role("table", name="Lineage")
    await expect(table).to_contain_text("changed from v1")
    await settled(page)
    await check_axe(page)

    await chosen.get_by_role("button", name="Clone…").click()
    await page.get_by_role("dialog").get_by_label("Name").fill(f"{slug}-copy")
    await page.get_by_role("dialog").get_by_role("button", name="Clone").click()
    await page.wait_for_url(f"**/app/prompts/{slug}-copy?tab=lineage*")
    await expect(page.get_by_role("region", name="Drawing of the lineage")).to_contain_text(f"{slug} v3")


async def test_a_search_and_what_it_tried_stand_in_the_lineage(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/prompts/{prompt}?tab=lineage")
    drawing = page.get_by_role("region", name="Drawing of the lineage")
    await drawing.get_by_role("button", name="v2").click()
    chosen = page.get_by_role("region", name="v2")
    await expect(chosen).to_contain_text("found by a search from")
    await expect(chosen.get_by_role("link", name="Open the search")).to_be_visible()
    await expect(chosen.get_by_role("button", name="Branch…")).to_have_attribute("aria-disabled", "true")


async def test_what_a_search_tried_is_read_beside_its_version_and_becomes_a_prompt(page_as: OpenPage, site: Site) -> None:
    slug = f"family-{uuid4().hex[:8]}"
    messages = [{"role": "system", "content": "Sort the ticket, please."}, {"role": "user", "content": "{{ticket}}"}]
    await site.call("POST", "/v1/prompts", {"slug": slug, "messages": messages, "model": "simulated/reader"})
    line = (await site.call("POST", "/v1/generations/import", {"file": line_file(slug, name="bred")}))["id"]
    page = await page_as("editor", f"/app/prompts/{slug}?tab=lineage")
    drawing = page.get_by_role("region", name="Drawing of the lineage")
    await expect(drawing.get_by_role("button")).to_have_count(1)
    await page.get_by_label("Candidates of searches too").check()
    await expect(drawing.get_by_role("button")).to_have_count(4)
    await drawing.get_by_role("button", name="candidate").first.click()
    chosen = page.get_by_role("region", name="candidate")
    await expect(chosen.get_by_role("figure", name="Text: v1 against candidate")).to_be_visible()
    await expect(chosen.get_by_role("link", name="Open its generations")).to_have_attribute("href", re.compile(line))
    await settled(page)
    await check_axe(page)
    await chosen.get_by_role("button", name="Copy to a prompt…").click()
    dialog = page.get_by_role("dialog", name="A prompt of its own with this text")
    await dialog.get_by_label("Name").fill(f"{slug}-bred")
    await dialog.get_by_role("button", name="Make the prompt").click()
    await page.wait_for_url(f"**/app/prompts/{slug}-bred")
    copied = (await site.call("GET", f"/v1/prompts/{slug}-bred"))["messages"]
    assert copied[0]["content"].startswith("Sort") and copied[1] == messages[1]
