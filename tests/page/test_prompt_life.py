"""What becomes of a whole prompt: folders, archive, restore, purge; what uses it; labels that go back; texts for certain models."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import closed, messages_stay, told
from tests.page.conftest import OpenPage
from tests.page.site import Site
from tests.page.test_prompts import BEHIND, make, save, write


@pytest.mark.capability("U1", "P1")
async def test_a_prompt_is_archived_restored_and_removed_for_good(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("admin", f"/app/prompts/{slug}")
    await page.get_by_role("button", name="More with this prompt").click()
    await page.get_by_role("menuitem", name="Archive…").click()
    dialog = page.get_by_role("dialog", name=f"Archive {slug}?")
    await expect(dialog).to_contain_text("No application ran it in the last 7 days.")
    await check_axe(page, without=BEHIND)
    await messages_stay(page)
    await dialog.get_by_role("button", name="Archive", exact=True).click()
    await told(page, f"{slug} is archived")
    await page.get_by_role("button", name="Undo").click()
    await told(page, f"{slug} is back")

    await site.call("POST", f"/v1/prompts/{slug}/archive")
    await page.goto("/app/prompts")
    await page.get_by_role("button", name="Archived").click()
    await page.get_by_role("searchbox", name="Search prompts").fill(slug)
    await page.get_by_role("link", name=slug).click()
    await expect(page.get_by_text("it can be read, and neither run nor changed")).to_be_visible()
    save_button = page.get_by_role("button", name="Save…")
    await expect(save_button).to_have_attribute("aria-disabled", "true")
    await save_button.hover()
    await expect(page.get_by_role("tooltip")).to_contain_text("An archived prompt is restored first.")
    await check_axe(page)

    await page.get_by_role("button", name="Remove for good…").click()
    dialog = page.get_by_role("dialog", name=f"Remove {slug} for good")
    await expect(dialog.get_by_role("button", name="Remove for good")).to_be_disabled()
    # It stays for a moment after the pointer has left; by its role it would not be found, as the dialog hides it from who listens.
    await expect(page.locator("[role=tooltip]")).to_have_count(0)
    await check_axe(page, without=BEHIND)
    await dialog.get_by_label(f"Type {slug} to go on").fill(slug)
    await dialog.get_by_role("button", name="Remove for good").click()
    await told(page, f"{slug} is gone, with 1 version")
    await expect(page).to_have_url(re.compile(r"/app/prompts\?archived=1"))
    assert slug not in {one["slug"] for one in (await site.call("GET", "/v1/prompts?archived=true&limit=200"))["data"]}


@pytest.mark.capability("U1")
async def test_prompts_lie_in_folders_that_move(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace("Folders")
    folder = f"desk-{uuid4().hex[:6]}"
    page = await page_as("editor", "/app/settings", workspace_id=workspace)
    session = await (await page.request.get("/v1/auth/session")).json()
    headers = {"X-CSRF-Token": session["csrf_token"], "X-Burnish-Workspace": str(workspace)}
    for slug, where in (("one", folder), ("two", f"{folder}/tier 1"), ("three", "")):
        body = {"slug": slug, "template": "Hello {{name}}", "model": "simulated/chat", "folder": where}
        made = await page.request.post("/v1/prompts", data=body, headers=headers)
        assert made.status == 201, await made.text()
    await page.goto("/app/prompts")
    await page.get_by_role("button", name="Folder: ").click()
    await page.get_by_role("option", name=re.compile(rf"^{folder}[^/]*$")).click()
    rows = page.get_by_role("table", name="Prompts").get_by_role("row")
    await expect(rows).to_have_count(3)
    await page.get_by_role("button", name="Move the folder…").click()
    await page.get_by_label("New path").fill("support")
    await check_axe(page, without=BEHIND)
    await page.get_by_role("dialog").get_by_role("button", name="Move").click()
    await told(page, "2 prompts moved to support")
    await expect(page).to_have_url(re.compile("folder=support"))
    await expect(rows).to_have_count(3)
    await page.get_by_role("link", name="two").click()
    await page.get_by_role("tab", name="Settings").click()
    await expect(page.get_by_label("Folder")).to_have_value("support/tier 1")
    await page.get_by_role("button", name="More with this prompt").click()
    await page.get_by_role("menuitem", name="Move to a folder…").click()
    await page.get_by_role("dialog").get_by_label("Folder").fill("")
    await page.get_by_role("dialog").get_by_role("button", name="Move").click()
    await told(page, "two is at the top")


@pytest.mark.capability("P3", "U1")
async def test_what_a_label_changes_elsewhere_is_told_before_it_moves_and_goes_back(page_as: OpenPage, site: Site) -> None:
    snippet = await make(site, messages=[{"role": "user", "content": "Be kind."}])
    includer = await make(site, messages=[{"role": "user", "content": f"{{{{> {snippet}}}}} Answer {{{{ticket}}}}"}])
    await site.call("POST", f"/v1/prompts/{snippet}/versions", {"base_version": 1, "template": "Be kind to {{customer}}."})
    page = await page_as("editor", f"/app/prompts/{snippet}?tab=settings")
    await expect(page.get_by_role("list", name="Included by")).to_contain_text(includer)
    await page.get_by_role("tab", name="Versions").click()
    await page.get_by_role("button", name="Move a label here…").click()
    dialog = page.get_by_role("dialog", name="Move a label to v2")
    changes = dialog.get_by_role("list", name="What changes with it")
    await expect(changes).to_contain_text(f"{includer} v1")
    await expect(changes).to_contain_text("asks for customer")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_label("Begin their newest test runs again").check()
    await dialog.get_by_role("button", name="Move production").click()
    await told(page, "production is v2")
    await told(page, "0 test runs began again")
    await page.get_by_role("button", name="production").first.click()
    await page.get_by_role("button", name="Roll back to v1…").click()
    back = page.get_by_role("dialog", name="Roll production back to v1")
    await expect(back.get_by_role("list", name="What changes with it")).to_contain_text("uses customer no longer")
    await back.get_by_role("button", name="Roll production back").click()
    await told(page, "production is v1")
    assert (await site.call("GET", f"/v1/prompts/{snippet}"))["labels"]["production"] == 1
    refused = await page_as("editor", f"/app/prompts/{snippet}")
    await refused.get_by_role("button", name="More with this prompt").click()
    await refused.get_by_role("menuitem", name="Archive…").click()
    await expect(refused.get_by_role("dialog")).to_contain_text(f"Included by {includer}")


@pytest.mark.capability("P2", "U1")
async def test_a_branch_is_removed_and_brought_back(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    await site.call("POST", f"/v1/prompts/{slug}/branches", {"branch": "formal", "version": 1})
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    await messages_stay(page)
    await page.get_by_role("button", name="Remove the branch formal").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    await told(page, "formal is removed")
    await closed(page)
    await expect(page.get_by_role("list", name="Branches")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("list", name="Branches")).to_contain_text("formal v1")


@pytest.mark.capability("P1", "U1")
async def test_a_model_gets_a_text_of_its_own(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    await page.get_by_role("button", name="Add a text for a model").click()
    part = page.get_by_role("region", name=re.compile("^Text for"))
    await part.get_by_label("Model", exact=True).fill("anthropic/*")
    await part.get_by_role("textbox", name="Message 1 for anthropic/*").click()
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.type(" In tags.")
    await expect(page.get_by_text("Not saved: Texts for certain models")).to_be_visible()
    await check_axe(page)
    await save(page, "for claude")
    await told(page, "v2 is saved")
    saved = await site.call("GET", f"/v1/prompts/{slug}/versions/2")
    assert [(one["model"], one["messages"][0]["content"]) for one in saved["variants"]] == [("anthropic/*", "Be brief. In tags.")]
    await write(page, " Be kind.")
    await save(page, "kinder")
    await told(page, "v3 is saved")
    assert (await site.call("GET", f"/v1/prompts/{slug}/versions/3"))["variants"] == saved["variants"]
    await page.get_by_role("button", name="Take out the text for anthropic/*").click()
    await save(page, "one text again")
    await told(page, "v4 is saved")
    assert not (await site.call("GET", f"/v1/prompts/{slug}/versions/4")).get("variants")


@pytest.mark.capability("U1")
async def test_a_prompt_says_how_much_applications_used_it(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/prompts/{prompt}?tab=results")
    table = page.get_by_role("table", name="Used versions")
    await expect(table.get_by_role("row").nth(1)).to_be_visible()
    await page.get_by_label("Days").select_option("7")
    await expect(page).to_have_url(re.compile("days=7"))
    await expect(page.get_by_role("button", name="More with this prompt")).to_have_count(0)


@pytest.mark.parametrize("label, add", [("Name", None), ("Rule 1", "Add a rule")])
async def test_what_is_typed_in_the_settings_stays_on_other_tabs_and_is_asked_about(
    page_as: OpenPage, site: Site, label: str, add: str | None
) -> None:
    slug = f"typed-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Hello.", "model": "simulated/chat"})
    page = await page_as("editor", f"/app/prompts/{slug}?tab=settings")
    if add:
        await page.get_by_role("button", name=add).click()
    field = page.get_by_role("textbox", name=label, exact=True)
    await field.fill("Be kind.")
    await page.get_by_role("tab", name="Results").click()
    await expect(field).to_have_count(0)
    await page.get_by_role("main").get_by_role("link", name="Prompts", exact=True).click()
    asked = page.get_by_role("dialog", name="Leave without saving?")
    await asked.get_by_role("button", name="Stay").click()
    await page.get_by_role("tab", name="Settings").click()
    await expect(field).to_have_value("Be kind.")
