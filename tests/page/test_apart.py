"""An act lands where and as whom it was made, at once or not at all; nothing of one person is left for the next."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.page.browser import expect_console, messages_stay, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")


async def sign_out(page: Page) -> None:
    await page.keyboard.press("Control+k")
    search = page.get_by_role("dialog").get_by_role("combobox")
    await search.fill("sign out")
    await expect(page.get_by_role("option", name="Sign out", selected=True)).to_be_visible()
    await search.press("Enter")


async def test_an_act_without_a_connection_fails_at_once_and_is_not_sent_later(page_as: OpenPage, site: Site) -> None:
    name = f"keep {uuid4().hex[:6]}"
    made = await site.call("POST", "/v1/api-keys", {"name": name})
    page = await page_as("admin", "/app/api-keys")
    row = page.get_by_role("row").filter(has_text=name)
    await row.get_by_role("button", name="What to do with").click()
    await page.get_by_role("menuitem", name="Revoke").click()
    await expect(page.get_by_role("dialog").get_by_role("button", name="Revoke")).to_be_visible()
    await page.context.set_offline(True)
    expect_console(page, "ERR_INTERNET_DISCONNECTED")
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await page.context.set_offline(False)
    await page.reload()  # what waited would have been sent by now
    await settled(page)
    assert (await site.call("GET", f"/v1/api-keys/{made['id']}"))["revoked_at"] is None


async def test_signing_out_takes_no_text_along(page_as: OpenPage) -> None:
    page = await page_as("admin", "/app/playground#v.ticket=a-secret-text")
    expect_console(page, "status of 401")
    await sign_out(page)
    await expect(page.get_by_role("heading", name="Sign in to Burnish")).to_be_visible()
    await expect(page).not_to_have_url(re.compile("secret"))


async def test_an_undo_is_gone_with_its_workspace(page_as: OpenPage, site: Site) -> None:
    slug = f"apart-{uuid4().hex[:6]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "One.", "model": "simulated/chat", "label": "production"})
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"template": "Two.", "base_version": 1})
    page = await page_as("admin", f"/app/prompts/{slug}?tab=versions")
    await messages_stay(page)
    await page.get_by_role("button", name="Move a label").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Move", exact=False).last.click()
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    await sign_out(page)
    await expect(page.get_by_role("heading", name="Sign in to Burnish")).to_be_visible()
    expect_console(page, "status of 401")
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)


async def test_whoever_is_taken_out_of_a_workspace_is_told_at_once(page_as: OpenPage, site: Site) -> None:
    mark = uuid4().hex[:6]
    left, kept = await site.new_workspace(f"Left {mark}"), await site.new_workspace(f"Kept {mark}")
    person = await site.person("editor", left)
    await site.connection.execute("INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'editor')", kept, person)
    await site.connection.execute("SELECT note_change($1, 'member', $2)", kept, str(person))
    page = await page_as("editor", "/app/prompts", workspace_id=left)
    await page.evaluate("(id) => sessionStorage.setItem('burnish.workspace', id)", str(left))
    await page.reload()
    await expect(page.get_by_role("button", name=f"Left {mark}")).to_be_visible()
    await page.goto("/app/prompts?new=1")
    await expect(page.get_by_role("dialog")).to_be_visible()
    expect_console(page, "status of 404")
    await site.connection.execute("DELETE FROM members WHERE workspace_id = $1 AND user_id = $2", left, person)
    await site.connection.execute("SELECT note_change($1, 'member', $2)", left, str(person))
    await told(page, f"You do not belong to Left {mark} any more. This is Kept {mark}.")
    await expect(page.get_by_role("button", name=f"Kept {mark}")).to_be_visible()
    # No form of the one before stands open in it, empty.
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page).to_have_url(f"{site.url}/app/prompts")
