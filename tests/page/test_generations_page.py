"""Generations of searches: how they went, what is in them, kept by names, forked, gone back to, taken along as files."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import escape, screenshot, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site, line_file

pytestmark = pytest.mark.capability("U1", "O8")


async def bred_line(site: Site) -> tuple[str, str]:
    """A line of two generations of a prompt of its own, read from a file. (id, slug)"""
    slug = f"bred-{uuid4().hex[:8]}"
    messages = [{"role": "system", "content": "Sort the ticket, please."}, {"role": "user", "content": "{{ticket}}"}]
    await site.call("POST", "/v1/prompts", {"slug": slug, "messages": messages, "model": "simulated/reader"})
    made = await site.call("POST", "/v1/generations/import", {"file": line_file(slug, name=f"Line of {slug}")})
    return made["id"], slug


async def test_a_generation_is_read_kept_forked_and_gone_back_to(page_as: OpenPage, site: Site) -> None:
    line, slug = await bred_line(site)
    page = await page_as("editor", f"/app/optimize/generations/{line}")
    await expect(page.get_by_role("img", name="Fitness by generation")).to_be_visible()
    await expect(page.get_by_role("img", name="Score and cost")).to_be_visible()
    candidates = page.get_by_role("table", name="Candidates")
    await expect(candidates.get_by_role("row").nth(1)).to_contain_text("Sort the ticket with care.")
    await settled(page)
    await check_axe(page)
    await screenshot(page, "optimize/generations", whole=True)

    await page.get_by_role("button", name="Keep by a name…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("good")
    await dialog.get_by_role("button", name="Keep", exact=True).click()
    await expect(page.get_by_role("table", name="Snapshots")).to_contain_text("good")

    await page.get_by_role("table", name="Generations").get_by_role("button", name="0").click()
    await expect(page.get_by_role("heading", name="Generation 0")).to_be_visible()
    await page.get_by_role("button", name="More for this line").click()
    await page.get_by_role("menuitem", name="Go back to this generation…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    await expect(page.get_by_role("table", name="Generations")).to_contain_text("as 0")
    assert (await site.call("GET", f"/v1/generations/{line}"))["latest_number"] == 2

    await page.get_by_role("button", name="More for this line").click()
    await page.get_by_role("menuitem", name="Fork here…").click()
    await page.get_by_role("dialog").get_by_label("Name").fill(f"Another way of {slug}")
    await page.get_by_role("dialog").get_by_role("button", name="Fork").click()
    await expect(page.get_by_role("heading", name=f"Generations of Another way of {slug}")).to_be_visible()
    await expect(page.get_by_role("link", name="another line, generation 0")).to_be_visible()


async def test_a_line_goes_out_as_a_file_and_comes_in_again(page_as: OpenPage, site: Site, tmp_path: Path) -> None:
    line, slug = await bred_line(site)
    page = await page_as("editor", f"/app/optimize/generations/{line}")
    await page.get_by_role("button", name="More for this line").click()
    async with page.expect_download() as coming:
        await page.get_by_role("menuitem", name="Export the line").click()
    path = tmp_path / "line.json"
    await (await coming.value).save_as(path)
    assert len(json.loads(await asyncio.to_thread(path.read_text))["generations"]) == 2

    await page.goto(f"/app/optimize?tab=generations&prompt={slug}")
    await page.get_by_role("button", name="Import a line").click()
    dialog = page.get_by_role("dialog", name="Import a line of generations")
    await dialog.get_by_label("File of generations").set_input_files(path)
    await expect(dialog).to_contain_text("2 generations with 3 candidates")
    await dialog.get_by_label("Name").fill(f"From a file of {slug}")
    await dialog.get_by_role("button", name="Import", exact=True).click()
    await expect(page.get_by_role("heading", name=f"Generations of From a file of {slug}")).to_be_visible()

    await page.get_by_role("button", name="More for this line").click()
    await page.get_by_role("menuitem", name="Remove the line…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove the line").click()
    lines = page.get_by_role("table", name="Generations")
    await expect(lines).to_be_visible()
    await expect(lines.get_by_role("link", name=f"From a file of {slug}")).to_have_count(0)


async def test_a_candidate_becomes_a_branch_and_a_search_begins_where_one_ended(page_as: OpenPage, site: Site) -> None:
    line, slug = await bred_line(site)
    page = await page_as("editor", f"/app/optimize/generations/{line}")
    await page.get_by_role("table", name="Candidates").get_by_role("button").first.click()
    drawer = page.get_by_role("dialog", name="Candidate")
    await expect(drawer.get_by_role("figure", name="Text: v1 against candidate")).to_be_visible()
    await drawer.get_by_role("button", name="Branch…").click()
    await page.get_by_role("dialog", name="A branch with this text").get_by_label("Name").fill("bred")
    await page.get_by_role("button", name="Start the branch").click()
    await told(page, "bred is there, at v2")
    assert (await site.call("GET", f"/v1/prompts/{slug}?version=2"))["messages"][0]["content"] == "Sort the ticket with care."

    await expect(page.get_by_role("dialog", name="A branch with this text")).to_have_count(0)
    await escape(page, drawer)
    await page.get_by_role("button", name="Search from here").click()
    dialog = page.get_by_role("dialog", name="New search")
    await expect(dialog.get_by_label("Method")).to_have_value("evolutionary")
    await expect(dialog).to_contain_text("It begins with the texts of generation 1.")


async def test_a_viewer_reads_generations_and_changes_none(page_as: OpenPage, site: Site) -> None:
    line, _ = await bred_line(site)
    page = await page_as("viewer", f"/app/optimize/generations/{line}")
    for name in ("Keep by a name…", "Search from here"):
        await expect(page.get_by_role("button", name=name)).to_have_attribute("aria-disabled", "true")
