"""Keys, providers, people and settings: the main act of each page, and what a viewer may not."""

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import closed, expect_console, narrow, screenshot, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")


async def test_a_key_is_made_shown_once_and_revoked(page_as: OpenPage, site: Site) -> None:
    name = f"checkout {uuid4().hex[:6]}"
    page = await page_as("admin", "/app/api-keys")
    await page.get_by_role("button", name="New key").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Budget a month, in $").fill("nothing")
    await expect(page.get_by_text("An amount in dollars above 0")).to_be_visible()
    await page.get_by_label("Budget a month, in $").fill("25")
    await page.get_by_label("Requests a minute").fill("0")
    await expect(page.get_by_role("button", name="Make the key")).to_be_disabled()
    await page.get_by_label("Requests a minute").fill("120")
    await page.get_by_role("button", name="Make the key").click()
    secret = await page.get_by_role("dialog").locator("code").first.inner_text()
    assert secret.startswith("bk_live_")
    assert (await site.call("GET", "/v1/models", key=secret))["object"] == "list"
    await expect(page.get_by_role("button", name="Copy the key")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")  # The first may have closed the tooltip of the button.
    await page.mouse.click(5, 5)
    await expect(page.get_by_role("alert")).to_contain_text("cannot be read again")
    await check_axe(page, without=("region", "aria-hidden-focus"))
    await page.get_by_role("button", name="I have it").click()
    await expect(page.get_by_role("button", name="New key")).to_be_focused()
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("of $25.00 a month")
    (made,) = [one for one in (await site.call("GET", "/v1/api-keys"))["data"] if one["name"] == name]
    assert made["rate_limit_per_minute"] == 120
    assert secret not in await page.content()
    await row.get_by_role("button", name="What to do with").click()
    await page.get_by_role("menuitem", name="Change").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    await dialog.get_by_label("Requests a minute").fill("300")
    await dialog.get_by_label("Budget a month, in $").fill("")
    await check_axe(page, without=("region", "aria-hidden-focus"))
    await dialog.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("300/min")
    await expect(row).not_to_contain_text("a month")
    changed = await site.call("GET", f"/v1/api-keys/{made['id']}")
    assert (changed["rate_limit_per_minute"], changed["budgets"], changed["name"]) == (300, [], name)
    await row.get_by_role("button", name="What to do with").click()
    await page.get_by_role("menuitem", name="Revoke").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(row).to_contain_text("revoked")


async def test_a_provider_key_is_added_and_never_shown(page_as: OpenPage, site: Site) -> None:
    name = f"basement {uuid4().hex[:6]}"
    page = await page_as("admin", "/app/providers")
    await page.get_by_role("button", name="Add a key").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Provider").select_option("ollama")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_label("Key", exact=False).nth(0).fill("sk-very-secret-1234")
    await dialog.get_by_label("Address").fill("http://127.0.0.1:9/v1")
    await dialog.get_by_label("Priority").fill("7")
    await dialog.get_by_label("Requests a minute").fill("0")
    await expect(dialog.get_by_role("button", name="Add")).to_be_disabled()
    await dialog.get_by_label("Requests a minute").fill("600")
    await dialog.get_by_label("Tokens a minute").fill("90,000")
    await check_axe(page, without=("region", "aria-hidden-focus"))
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"provider-key-new-{theme}")
    await dialog.get_by_role("button", name="Add").click()
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("1234")
    await expect(row).to_contain_text("600 requests")
    await expect(row).to_contain_text("90,000 tokens")
    await screenshot(page, "provider-keys-dark")
    await row.get_by_role("button", name=f"What to do with {name}").click()
    await page.get_by_role("menuitem", name="Change or replace").click()
    await expect(dialog.get_by_label("Priority")).to_have_value("7")
    await dialog.get_by_label("Requests a minute").fill("")
    await dialog.get_by_label("Tokens a minute").fill("50000")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("50,000 tokens")
    await expect(row).not_to_contain_text("requests")
    (kept,) = [one for one in (await site.call("GET", "/v1/provider-keys"))["data"] if one["name"] == name]
    assert (kept["priority"], kept["requests_per_minute"], kept["tokens_per_minute"]) == (7, None, 50_000)
    assert "very-secret" not in await page.content()
    await row.get_by_role("button", name=f"Test {name}").click()
    await told(page, f"{name} does not work")


async def test_somebody_is_invited_by_a_link_that_is_shown_once(page_as: OpenPage, site: Site) -> None:
    email = f"{uuid4().hex[:8]}@example.com"
    page = await page_as("admin", "/app/team?tab=invitations", workspace_id=await site.new_workspace("Inviting"))
    await page.get_by_role("button", name="Invite", exact=True).click()
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_role("button", name="Make the link").click()
    link = await page.get_by_role("dialog").locator("code").first.inner_text()
    assert "/app/invite#" in link
    await page.get_by_role("button", name="I have it").click()
    row = page.get_by_role("row").filter(has_text=email)
    await row.get_by_role("button", name="Take back").click()
    await expect(row).to_contain_text("revoked")
    await page.get_by_role("tab", name="Audit log").click()
    await page.get_by_role("row").filter(has_text="invitation.revoked").first.get_by_role("button").click()
    await expect(page.get_by_role("dialog")).to_contain_text("invitation")


async def test_the_audit_log_is_filtered_by_who_and_when(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace()
    ada = await site.person("admin", workspace)
    await site.connection.executemany(
        """INSERT INTO audit_log (audit_id, workspace_id, at, actor, action, object_kind, object_id)
           VALUES (gen_random_uuid(), $1, $2::timestamptz, $3, $4, 'prompt', 'hello')""",
        [
            (workspace, datetime(2026, 3, 1, 23, 30, tzinfo=UTC), f"user:{ada}", "prompt.created"),
            (workspace, datetime(2026, 3, 2, 23, 30, tzinfo=UTC), f"user:{ada}", "prompt.changed"),
            (workspace, datetime(2026, 3, 2, 12, 0, tzinfo=UTC), "system:schedule", "prompt.archived"),
        ],
    )
    page = await page_as("admin", "/app/team?tab=audit", workspace_id=workspace)
    changes = page.get_by_role("table", name="Changes").locator("tbody tr")
    await expect(changes.filter(has_text="prompt.")).to_have_count(3)
    await page.get_by_role("button", name="By: Anybody").click()
    await page.get_by_placeholder("Type to find").fill("you")
    await expect(page.get_by_role("option", name="You", selected=True)).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="By: You")).to_be_visible()
    await expect(changes.filter(has_text="prompt.archived")).to_have_count(0)
    await page.get_by_label("From", exact=True).fill("2026-03-02")
    await page.get_by_label("Until", exact=True).fill("2026-03-02")
    await expect(changes).to_have_count(1)
    await expect(changes).to_contain_text("prompt.changed")
    await check_axe(page)
    await page.reload()
    await expect(changes).to_have_count(1)
    async with page.expect_download() as file:
        await page.get_by_role("button", name="CSV").click()
    told = Path(await (await file.value).path()).read_text()
    assert "prompt.changed" in told and "prompt.created" not in told and "prompt.archived" not in told
    await page.get_by_label("Until", exact=True).fill("2026-02-01")
    await page.get_by_role("button", name="Show all").click()
    await expect(changes.filter(has_text="prompt.")).to_have_count(3)

    await page.get_by_role("searchbox", name="Action begins with").fill("prompt.c")
    await expect(changes).to_have_count(2)
    await page.get_by_role("button", name="Kind: Anything").click()
    await page.get_by_placeholder("Type to find").fill("chain l")
    await expect(page.get_by_role("option", name="chain label", selected=True)).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("kind=chain_label"))
    await expect(page.get_by_text("Nothing like this was changed")).to_be_visible()
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"audit-filtered-{theme}")


async def test_settings_hold_after_they_are_saved(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace()
    page = await page_as("admin", "/app/settings", workspace_id=workspace)
    await page.get_by_label("Name").fill("Renamed by a test")
    await page.get_by_label("A run is answered with").select_option("raw")
    await page.get_by_label("Test items, at least").fill("100")
    await page.get_by_label("Sure by, %").fill("99.9")
    await page.get_by_role("button", name="Save").click()
    await told(page, "Saved; it holds everywhere")
    await page.reload()
    await expect(page.get_by_label("Name")).to_have_value("Renamed by a test")
    await expect(page.get_by_label("A run is answered with")).to_have_value("raw")
    await expect(page.get_by_label("Test items, at least")).to_have_value("100")
    await expect(page.get_by_label("Sure by, %")).to_have_value("99.9")
    await expect(page.get_by_label("Items of datasets may enter prompts")).not_to_be_checked()
    await page.get_by_role("tab", name="Retention and erasure").click()
    await page.get_by_label("Days that text and end users are kept").fill("3")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog")).to_contain_text("cannot be brought back")
    await page.get_by_role("button", name="Keep 3 days").click()
    await closed(page)
    await page.reload()
    await expect(page.get_by_label("Days that text and end users are kept")).to_have_value("3")


@pytest.mark.parametrize("path", ["/app/api-keys", "/app/providers", "/app/team?tab=audit", "/app/settings"])
async def test_a_viewer_reads_why_not(page_as: OpenPage, path: str) -> None:
    page = await page_as("viewer", path)
    names = {"/app/api-keys": "New key", "/app/providers": "Add a key", "/app/team?tab=audit": "Invite", "/app/settings": "Save"}
    button = page.get_by_role("button", name=names[path], exact=True)
    await expect(button).to_have_attribute("aria-disabled", "true")
    await button.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("Only an admin")


async def test_a_suspended_workspace_says_so_on_every_page_and_whom_to_ask(page_as: OpenPage, site: Site) -> None:
    where = await site.new_workspace("Put on hold")
    page = await page_as("viewer", "/app/prompts", workspace_id=where)
    await expect(page.get_by_role("heading", level=1, name="Prompts")).to_be_visible()
    said = page.get_by_role("status").filter(has_text="Put on hold was suspended")
    await settled(page)
    await expect(said).to_have_count(0)
    await site.connection.execute("SELECT suspend_workspace($1, true)", where)
    await page.goto("/app/usage")
    await expect(said).to_contain_text("Ask the operator of this installation.")
    await check_axe(page)
    await narrow(page, 320)
    operator = await page_as("operator", "/app/prompts", workspace_id=where)
    await operator.get_by_role("link", name="Let it go on").click()
    await expect(operator.get_by_role("tab", name="Organization")).to_have_attribute("aria-selected", "true")


async def test_a_password_is_set_anew_by_a_link_that_is_shown_once(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace("Resetting")
    email = f"{uuid4().hex[:8]}@example.com"
    key = await site.key_of(workspace)
    invited = await site.call("POST", "/v1/invitations", {"email": email, "role": "viewer"}, key=key)
    joining = await page_as("nobody", "/app/invite#" + invited["token"])
    expect_console(joining, "status of 401")
    await joining.get_by_label("Password").fill("a long and quiet password 17")
    await joining.get_by_role("button", name="Join").click()
    await joining.wait_for_url("**/app/start")

    page = await page_as("admin", "/app/team", workspace_id=workspace)
    await page.get_by_role("button", name=f"Reset password of {email}").click()
    await expect(page.get_by_role("dialog")).to_contain_text("for an hour")
    await check_axe(page, without=("region", "aria-hidden-focus"))
    await page.get_by_role("button", name="Make the link").click()
    link = await page.get_by_role("dialog").locator("code").first.inner_text()
    assert "/app/reset-password#" in link
    await page.get_by_role("button", name="I have it").click()
    await expect(page.get_by_role("button", name=re.compile("^Reset password of"))).to_have_count(1)  # not of oneself

    anew = await page_as("nobody", re.sub(r"^https?://[^/]+", "", link))
    expect_console(anew, "status of 401", "status of 422", "status of 404")
    await expect(anew.get_by_role("heading", name="Set a new password")).to_be_visible()
    await expect(anew).not_to_have_url(re.compile("#"))
    await check_axe(anew)
    await anew.get_by_label("New password").fill("short")
    await anew.get_by_role("button", name="Set the password").click()
    await expect(anew.get_by_text("must have 10 to 200 characters")).to_be_visible()
    await anew.get_by_label("New password").fill("quite another password 18")
    await anew.get_by_role("button", name="Set the password").click()
    await anew.wait_for_url("**/app/sign-in")
    await anew.get_by_label("E-mail").fill(email)
    await anew.get_by_label("Password").fill("quite another password 18")
    await anew.keyboard.press("Enter")
    await expect(anew.get_by_role("heading", level=1, name="First steps")).to_be_visible()
    again = await page_as("nobody", re.sub(r"^https?://[^/]+", "", link))
    expect_console(again, "status of 401", "status of 404")
    await again.get_by_label("New password").fill("quite another password 19")
    await again.get_by_role("button", name="Set the password").click()
    await expect(again.get_by_text("ask for a new one")).to_be_visible()
