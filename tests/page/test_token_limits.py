"""The fields "Tokens a minute": of a key, of a workspace, of a plan. Each is refused where it is none, kept, shown, changed, taken away."""

from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import expect_console, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("B3", "U1")

BEHIND = ("region", "aria-hidden-focus")
FIELD = "Tokens a minute"


async def test_tokens_of_a_key(page_as: OpenPage, site: Site) -> None:
    name = f"tokens {uuid4().hex[:6]}"
    page = await page_as("admin", "/app/api-keys")
    await page.get_by_role("button", name="New key").click()
    await page.get_by_label("Name").fill(name)
    for wrong in ("0", "many", "1.5"):
        await page.get_by_label(FIELD).fill(wrong)
        await expect(page.get_by_text("A whole number above 0, such as 100000.")).to_be_visible()
        await expect(page.get_by_role("button", name="Make the key")).to_be_disabled()
    await page.get_by_label(FIELD).fill("90000")
    await page.get_by_role("button", name="Make the key").click()
    await page.get_by_role("button", name="I have it").click()
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("90,000 tokens/min")

    async def kept() -> object:
        (one,) = [one for one in (await site.call("GET", "/v1/api-keys"))["data"] if one["name"] == name]
        return one["token_limit_per_minute"], one["rate_limit_per_minute"]

    assert await kept() == (90_000, None)
    for value, shown in (("1200", "1,200 tokens/min"), ("", None)):
        await row.get_by_role("button", name="What to do with").click()
        await page.get_by_role("menuitem", name="Change").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label(FIELD).fill("0")
        await expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
        await dialog.get_by_label(FIELD).fill(value)
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_have_count(0)
        if shown:
            await expect(row).to_contain_text(shown)
        else:
            await expect(row).not_to_contain_text("tokens/min")
        assert await kept() == (int(value) if value else None, None)


async def test_tokens_of_a_workspace(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace("Few tokens")
    key = await site.key_of(workspace)
    path = f"/v1/workspaces/{workspace}"
    page = await page_as("admin", "/app/settings", workspace_id=workspace)
    field, save = page.get_by_label(FIELD), page.get_by_role("main").get_by_role("button", name="Save", exact=True)
    await field.fill("lots")
    await expect(page.get_by_text("A whole number, or nothing.")).to_be_visible()
    await expect(save).to_be_disabled()
    await field.fill("0")
    expect_console(page, "status of 422")
    await save.click()
    await expect(field).to_have_attribute("aria-invalid", "true")
    assert (await site.call("GET", path, key=key))["token_limit_per_minute"] is None
    await field.fill("5000")
    await save.click()
    await told(page, "Saved")  # The button is off from the click on, not from the answer.
    await expect(save).to_be_disabled()
    assert (await site.call("GET", path, key=key))["token_limit_per_minute"] == 5_000
    await check_axe(page)
    await page.reload()
    await expect(field).to_have_value("5000")
    await page.goto(site.at("/app/usage"))
    await expect(page.get_by_role("progressbar", name="Used of the limit of tokens of the workspace")).to_be_visible()
    await page.goto(site.at("/app/settings"))
    await field.fill("")
    await save.click()
    await told(page, "Saved")
    await expect(save).to_be_disabled()
    assert (await site.call("GET", path, key=key))["token_limit_per_minute"] is None


async def test_tokens_of_a_plan(page_as: OpenPage, site: Site) -> None:
    plan = f"tokens-{uuid4().hex[:6]}"
    page = await page_as("operator", "/app/usage/plan")
    await page.get_by_role("button", name="New plan").click()
    dialog = page.get_by_role("dialog", name="New plan")
    await dialog.get_by_label("Name").fill(f"Team {plan}")
    await dialog.get_by_label("Id (required)", exact=True).fill(plan)
    await dialog.get_by_label(FIELD).fill("0")
    await expect(dialog).to_contain_text("A whole number above 0, or nothing.")
    await expect(dialog.get_by_role("button", name="Make it")).to_be_disabled()
    await dialog.get_by_label(FIELD).fill("250000")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Make it").click()
    await told(page, "can be chosen")
    assert (await site.call("GET", f"/v1/plans/{plan}"))["token_limit_per_minute"] == 250_000
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=FIELD))
    await expect(row).to_contain_text("250,000")
    await page.get_by_role("button", name=f"Edit Team {plan}").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label(FIELD)).to_have_value("250000")
    await dialog.get_by_label(FIELD).fill("")
    await dialog.get_by_role("button", name="Save").click()
    await told(page, "holds as it is now")
    assert (await site.call("GET", f"/v1/plans/{plan}"))["token_limit_per_minute"] is None
