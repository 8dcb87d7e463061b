"""Contents that are read into results, versions that wait for approval, and a person who is forgotten with a receipt."""

import json
import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, closed, expect_console, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site
from tests.pdfs import saying, written

pytestmark = pytest.mark.capability("U1")


@pytest.mark.capability("E17")
async def test_a_content_is_read_looked_at_and_deleted(page_as: OpenPage, site: Site) -> None:
    name = f"chat-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/runs")
    await page.get_by_role("navigation", name="Runs").get_by_role("link", name="Content jobs").click()
    await page.get_by_role("button", name="Read a content").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Kind").select_option("conversation")
    messages = {"messages": [{"role": "user", "content": "Where is <b>my</b> parcel?"}]}
    await dialog.get_by_role("textbox", name="Text").fill(json.dumps(messages))
    await dialog.get_by_label("Your id for it").fill(name)
    await dialog.get_by_role("button", name="Read it").click()
    drawer = page.get_by_role("dialog", name="Content job")
    await expect(drawer.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    await expect(drawer).to_contain_text("Where is <b>my</b> parcel?")
    await settled(page)
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "content/job")
    found = [one for one in (await site.call("GET", "/v1/enrichments"))["data"] if one["external_id"] == name]
    assert len(found) == 1 and found[0]["source_type"] == "conversation" and found[0]["result"]
    await drawer.get_by_role("button", name="Delete…").click()
    await page.get_by_role("dialog", name="Delete this content?").get_by_role("button", name="Delete").click()
    await closed(page)
    await expect(page.get_by_role("table", name="Content jobs").get_by_text(name)).to_have_count(0)


@pytest.mark.capability("E17")
async def test_a_pdf_from_this_computer_is_read_and_a_scan_is_told_to_be_one(page_as: OpenPage, site: Site) -> None:
    name = f"terms-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/content?new=1")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_text("A file", exact=True).click()
    await expect(dialog.get_by_role("button", name="Read it")).to_be_disabled()
    chosen = dialog.get_by_label("File of a content")
    await chosen.set_input_files({"name": "scan.pdf", "mimeType": "application/pdf", "buffer": written(b"q /Im1 Do Q")})
    await expect(dialog.get_by_role("status").filter(has_text="scan.pdf")).to_be_visible()
    await dialog.get_by_role("button", name="Read it").click()
    expect_console(page, r"422 .*/v1/enrichments")
    await expect(dialog).to_contain_text("its pages (1) are pictures")
    await screenshot(page, "content/scan")
    await check_axe(page, without=BEHIND_A_DIALOG)
    await chosen.set_input_files(
        {"name": "terms.pdf", "mimeType": "application/pdf", "buffer": written(saying("Parcels take three days."))}
    )
    await expect(dialog.get_by_role("status").filter(has_text="terms.pdf")).to_be_visible()
    await expect(dialog).not_to_contain_text("are pictures")
    await dialog.get_by_label("Your id for it").fill(name)
    await dialog.get_by_role("button", name="Read it").click()
    drawer = page.get_by_role("dialog", name="Content job")
    await expect(drawer).to_contain_text("Parcels take three days.", timeout=2 * PATIENCE_MS)
    found = [one for one in (await site.call("GET", "/v1/enrichments"))["data"] if one["external_id"] == name]
    assert len(found) == 1 and found[0]["source_type"] == "document"


@pytest.mark.capability("E17")
async def test_several_contents_are_read_at_once_followed_and_taken_along(page_as: OpenPage, site: Site) -> None:
    name = f"chat-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/content?new=1")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Kind").select_option("conversation")
    await dialog.get_by_text("Several", exact=True).click()
    lines = dialog.get_by_role("textbox", name="Contents")
    await lines.fill('Where is my parcel?\n{"text": "Thank you!"}')
    await expect(dialog).to_contain_text("Line 2: “text” is nothing that a content has")
    await expect(dialog.get_by_role("button", name="Read them")).to_be_disabled()
    await screenshot(page, "content/several-fault")
    sent = ["Where is my parcel?", json.dumps({"external_id": name, "content": "Thank you!"}), "Still nothing."]
    file = {"name": "chats.jsonl", "mimeType": "text/plain", "buffer": "\n".join(sent).encode()}
    await dialog.get_by_label("File of contents").set_input_files(file)
    await expect(dialog).to_contain_text("3 contents")
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"content/several-{theme}")
    await check_axe(page, without=BEHIND_A_DIALOG)
    await dialog.get_by_role("button", name="Read them").click()
    await expect(page.get_by_text("3 of 3 contents read.")).to_be_visible(timeout=2 * PATIENCE_MS)
    table = page.get_by_role("table", name="Content jobs")
    await expect(table.get_by_role("row")).to_have_count(4)
    row = table.get_by_role("row").filter(has_text=name)
    await expect(row.locator("code")).to_contain_text("{")
    await settled(page)
    await check_axe(page)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"content/group-{theme}")
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Results as JSON lines").click()
    results = [json.loads(line) for line in (await (await waiting.value).path()).read_text().splitlines()]
    assert [one["external_id"] for one in results] == [None, name, None]
    assert all(one["processing_status"] == "completed" and one["result"] for one in results)
    texts = [(await site.call("GET", f"/v1/enrichments/{one['id']}"))["content"]["text"] for one in results]
    assert texts == ["Where is my parcel?", "Thank you!", "Still nothing."]


async def test_a_version_that_was_handed_in_waits_under_approvals(page_as: OpenPage, site: Site) -> None:
    slug = f"handed-in-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Greet {{name}}.", "model": "simulated/chat"})
    await site.call("POST", f"/v1/prompts/{slug}/versions/1/review", {"note": "Is it polite?"})
    await site.call("POST", f"/v1/prompts/{slug}/comments", {"version": 1, "body": f"Why so short, {slug}?"})
    page = await page_as("editor", "/app/prompts")
    await page.get_by_role("navigation", name="Prompts").get_by_role("link", name="Approvals").click()
    await expect(page.get_by_role("table", name="Versions")).to_contain_text("Is it polite?")
    await page.get_by_role("tab", name="Open comments").click()
    await expect(page.get_by_role("table", name="Open comments")).to_contain_text(f"Why so short, {slug}?")
    await page.get_by_role("tab", name="Versions").click()
    await page.get_by_role("table", name="Versions").get_by_role("link", name=re.compile(slug)).click()
    await expect(page.get_by_role("region", name="Review")).to_contain_text("in review")


@pytest.mark.capability("T8")
async def test_somebody_is_forgotten_and_the_receipt_says_so(page_as: OpenPage, site: Site) -> None:
    elsewhere = await site.new_workspace()
    key = await site.key_of(elsewhere)
    asked = {"messages": [{"role": "user", "content": "Where is it?"}], "model": "simulated/chat", "user_id": "customer-17"}
    await site.call("POST", "/v1/executions", asked, key=key)
    page = await page_as("admin", "/app/settings?tab=privacy", workspace_id=elsewhere)
    await page.get_by_role("button", name="Erase an end user").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("user_id").fill("Customer-17")
    await expect(dialog.get_by_role("status")).to_contain_text("Nothing names this user_id among the runs and the reactions.")
    await check_axe(page, without=BEHIND_A_DIALOG)
    await dialog.get_by_label("user_id").fill("customer-17")
    await expect(dialog.get_by_role("status")).to_contain_text("Known here: the newest run or reaction of this user_id was")
    await dialog.get_by_label("Reason").fill("a letter")
    await dialog.get_by_role("button", name="Erase for good").click()
    row = page.get_by_role("row").filter(has_text="a letter")
    await expect(row).to_contain_text(re.compile("completed.*row"), timeout=3 * PATIENCE_MS)
    await row.get_by_role("button").first.click()
    drawer = page.get_by_role("dialog", name="Erasure")
    await expect(drawer.get_by_text("signature checked")).to_be_visible(timeout=3 * PATIENCE_MS)
    await expect(drawer).to_contain_text("the audit log, which holds no content")
    await expect(drawer).not_to_contain_text("customer-17")
    await settled(page)
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "settings/receipt")


@pytest.mark.capability("T8")
async def test_nobody_is_erased_by_a_mistyped_id_without_a_word(page_as: OpenPage, site: Site) -> None:
    elsewhere = await site.new_workspace()
    page = await page_as("admin", "/app/settings?tab=privacy", workspace_id=elsewhere)
    await page.get_by_role("button", name="Erase an end user").click()
    await page.get_by_role("dialog").get_by_label("user_id").fill("nobody")
    await page.get_by_role("dialog").get_by_role("button", name="Erase for good").click()
    await expect(page.get_by_role("table", name="Erasures")).to_contain_text("nothing was found", timeout=3 * PATIENCE_MS)


@pytest.mark.capability("T8")
async def test_what_forgets_for_good_is_asked_about_and_more_days_than_the_plan_has_are_not_sent(page_as: OpenPage, site: Site) -> None:
    elsewhere = await site.new_workspace()
    key = await site.key_of(elsewhere)
    await site.call("PATCH", f"/v1/workspaces/{elsewhere}", {"legal_hold": True}, key=key)
    page = await page_as("admin", "/app/settings?tab=privacy", workspace_id=elsewhere)
    save, dialog = page.get_by_role("button", name="Save", exact=True), page.get_by_role("dialog")
    days = page.get_by_label("Days that text and end users are kept")
    await days.fill("9999")
    await expect(page.get_by_text(re.compile("The plan allows at most .*days"))).to_be_visible()
    await expect(save).to_be_disabled()
    await days.fill("0")
    await save.click()
    await expect(dialog).to_contain_text("All text and end users disappear once the legal hold ends")
    await dialog.get_by_role("button", name="Cancel").click()
    await days.fill("30")
    await page.get_by_label("Legal hold").uncheck()
    await save.click()
    await expect(dialog).to_contain_text("Erasures that waited go on. Text and end users older than 30")
    await dialog.get_by_role("button", name="End the hold").click()
    await expect(dialog).to_have_count(0)
    await expect(save).to_be_disabled()
    assert (await site.call("GET", f"/v1/workspaces/{elsewhere}", key=key))["legal_hold"] is False
