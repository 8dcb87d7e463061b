"""Datasets: items by paste, from a file and from runs; what somebody wrote is shown and never run."""

import re

from playwright.async_api import FilePayload, expect

from tests.page.axe import check_axe
from tests.page.conftest import OpenPage
from tests.page.site import Site

BEHIND = ("region", "aria-hidden-focus")
"""What axe says of the page below a dialog."""

CSV = (
    "ticket,queue,split,customer\n"
    '"Where is it, please?",delivery,train,ann\n'
    "I was charged twice,billing,val,bob\n"
    "<img src=x onerror=alert(1)>,billing,test,eve\n"
)
MORE = (
    b'{"input": {"ticket": "My code does not work"}, "expected": "vouchers"}\n'
    b'{"input": {"ticket": "Where is it, please?"}, "expected": "x"}\n'
)


async def test_items_are_pasted_mapped_and_looked_at(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/datasets", workspace_id=await site.new_workspace("Pasting"))
    await expect(page.get_by_role("heading", name="No datasets yet")).to_be_visible()
    await page.get_by_role("button", name="New dataset").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Tickets")
    await dialog.get_by_role("textbox", name="Items").fill(CSV)
    await expect(dialog.get_by_label("Column queue is")).to_have_value("expected")
    await expect(dialog.get_by_role("status")).to_contain_text("3 items from CSV")
    await dialog.get_by_label("Column queue is").select_option("skip")
    await expect(dialog).to_contain_text("Say which column holds the expected answer.")
    await expect(dialog.get_by_role("button", name="Create")).to_be_disabled()
    await dialog.get_by_label("Column queue is").select_option("expected")
    await dialog.get_by_label("Column ticket is").select_option("variable")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Create with 3 items").click()

    await expect(page.get_by_role("heading", name="Tickets")).to_be_visible()
    await expect(page.get_by_text("Too small to optimize on.")).to_be_visible()
    items = page.get_by_role("table", name="Items")
    await expect(items.get_by_role("row")).to_have_count(4)
    await page.get_by_role("radio", name="Test").check(force=True)
    await expect(items.get_by_role("row")).to_have_count(2)
    await items.get_by_role("button", name="<img src=x").click()
    drawer = page.get_by_role("dialog", name="Item")
    await expect(drawer).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(drawer).to_contain_text("eve")
    await page.reload()
    await expect(page.get_by_role("dialog", name="Item")).to_contain_text("onerror")
    assert await page.locator("main img, [role=dialog] img").count() == 0

    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Add items").click()
    await page.get_by_role("menuitem", name="Paste or upload").click()
    await page.get_by_label("File of items").set_input_files(FilePayload(name="more.jsonl", mimeType="application/x-ndjson", buffer=MORE))
    await expect(page.get_by_role("dialog")).to_contain_text("more.jsonl")
    await page.get_by_role("button", name="Add 2 items").click()
    await expect(page.get_by_text("1 item added: version 2; 1 were there already")).to_be_visible()


async def test_checked_answers_of_runs_become_items(page_as: OpenPage, site: Site) -> None:
    mine = await site.call("POST", "/v1/datasets", {"name": "From runs", "items": [{"input": {"ticket": "first"}, "expected": "a"}]})
    page = await page_as("editor", f"/app/datasets/{mine['id']}")
    await page.get_by_role("button", name="Add items").click()
    await page.get_by_role("menuitem", name="From runs").click()
    dialog = page.get_by_role("dialog", name="Add from runs")
    await dialog.get_by_role("button", name="Prompt:").click()
    await page.get_by_placeholder("Type to find").fill(site.ids["prompt"])
    await page.get_by_role("option", name=re.compile(rf"^{site.ids['prompt']}(?!-)")).click()
    run = dialog.get_by_role("listitem").first
    await run.get_by_role("checkbox").check()
    await run.get_by_label("Expected answer").fill("billing")
    await dialog.get_by_role("button", name="Add 1 item").click()
    await expect(page.get_by_text("1 item added")).to_be_visible()
    items = (await site.call("GET", f"/v1/datasets/{mine['id']}/items"))["data"]
    assert [one["expected"] for one in items] == ["a", "billing"]


async def test_a_viewer_reads_datasets_and_is_told_why_not_more(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/datasets/{dataset}")
    await expect(page.get_by_role("table", name="Items").get_by_role("row").nth(1)).to_be_visible()
    add = page.get_by_role("button", name="Add items")
    await expect(add).to_have_attribute("aria-disabled", "true")
    await add.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("an editor or admin may change this")
    await page.get_by_role("tab", name="Results").click()
    await expect(page.get_by_role("table", name="validation").first).to_be_visible()
