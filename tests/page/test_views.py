"""Saved views: filters of a page under a name, found by everybody, and what becomes of them."""

from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")


async def test_filters_are_saved_shown_again_replaced_renamed_and_removed(page_as: OpenPage, site: Site) -> None:
    name, workspace = f"Failed {uuid4().hex[:6]}", await site.new_workspace("Kept")
    page = await page_as("editor", "/app/runs", workspace_id=workspace)
    views = page.get_by_role("button", name="Views")
    await views.click()
    await expect(page.get_by_role("menuitem", name="Save these filters")).to_be_disabled()
    await expect(page.get_by_role("menu", name="Saved views")).to_contain_text("No view of this page is saved yet.")
    await page.keyboard.press("Escape")

    await page.get_by_label("Status").select_option("error")
    await page.get_by_label("End user").fill("ann")
    await expect(page).to_have_url(f"{site.url}/app/runs?status=error&user=ann")
    await views.click()
    await page.get_by_role("menuitem", name="Save these filters").click()
    dialog = page.get_by_role("dialog", name="Save these filters")
    await expect(dialog).to_contain_text("A view names nobody: the end user stays out of it.")
    await dialog.get_by_label("Name").fill(name)
    await check_axe(page, without=BEHIND_A_DIALOG)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"views/save-{theme}")
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(dialog).to_be_hidden()

    # The same from another page, by the keyboard: back undoes it.
    await page.goto("/app/runs?status=timeout&session=s")
    await page.get_by_role("button", name="Views").press("ArrowDown")
    await expect(page.get_by_role("menuitemradio", name=name)).to_be_visible()
    await page.keyboard.press("Home")
    await expect(page.get_by_role("menuitemradio", name=name)).to_be_focused()
    await screenshot(page, "views/menu")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{site.url}/app/runs?status=error")
    await expect(page.get_by_role("button", name=name)).to_be_visible()
    await page.go_back()
    await expect(page).to_have_url(f"{site.url}/app/runs?status=timeout&session=s")

    # A name that is there gets the filters that hold now.
    await page.get_by_role("button", name="Views").click()
    await page.get_by_role("menuitem", name="Save these filters").click()
    await dialog.get_by_label("Name").fill(name.upper())
    await dialog.get_by_role("button", name="Replace its filters").click()
    await expect(page.get_by_role("button", name=name)).to_be_visible()

    await page.get_by_role("button", name=name).click()
    await page.get_by_role("menuitem", name="All views of this page").click()
    every = page.get_by_role("dialog", name="Views of this page")
    await expect(every.get_by_role("listitem")).to_contain_text("status timeout")
    await settled(page)
    await check_axe(page, without=BEHIND_A_DIALOG)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"views/all-{theme}")
    await every.get_by_role("button", name=f"What to do with {name}").click()
    await page.get_by_role("menuitem", name="Rename").click()
    rename = page.get_by_role("dialog", name=f"Rename {name}")
    await rename.get_by_label("Name").fill("Late ones")
    await rename.get_by_role("button", name="Rename", exact=True).click()
    await expect(every.get_by_role("listitem")).to_contain_text("Late ones")
    await every.get_by_role("button", name="What to do with Late ones").click()
    await page.get_by_role("menuitem", name="Remove").click()
    await expect(every).to_contain_text("None is left")
    await page.get_by_role("button", name="Undo").click()
    await expect(every.get_by_role("listitem")).to_contain_text("Late ones")


async def test_a_viewer_chooses_views_and_saves_none(page_as: OpenPage, site: Site) -> None:
    name = f"Cost of a quarter {uuid4().hex[:6]}"
    made = await site.call("POST", "/v1/views", {"place": "costs", "name": name, "filters": {"range": "90d", "by": "model"}})
    page = await page_as("viewer", "/app/analytics/costs")
    await page.get_by_role("button", name="Views").click()
    await expect(page.get_by_role("menuitem", name="Save these filters")).to_contain_text("editor")
    await page.get_by_role("menuitemradio", name=name).click()
    await expect(page.get_by_label("Group by")).to_have_value("model")
    await expect(page.get_by_role("button", name=name)).to_be_visible()
    await site.call("DELETE", f"/v1/views/{made['id']}")
