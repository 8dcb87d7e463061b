"""From the door to a better prompt live with no pointer at all: what cannot be reached by a key fails here."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.page.browser import closed, expect_console, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site
from tests.page.test_optimize import open_suggestion

pytestmark = pytest.mark.capability("U1")

MOST_STOPS = 120
"""So many presses of Tab find anything on a page; whoever needs more gave up long before."""

NEXT_STOP = "([before, wanted]) => document.activeElement !== before && { found: document.activeElement === wanted }"


async def reach(page: Page, wanted: Locator) -> None:
    """Tab, until the focus is there; each press is waited for, so that a slow page is not outrun."""
    await expect(wanted).to_be_visible()
    for _ in range(MOST_STOPS):
        before = await page.evaluate_handle("document.activeElement")
        await page.keyboard.press("Tab")
        moved = await page.wait_for_function(NEXT_STOP, arg=[before, await wanted.element_handle()])
        if (await moved.json_value())["found"]:
            await expect(wanted).to_be_focused()
            return
    raise AssertionError(f"{MOST_STOPS} times Tab, and {wanted} was not among the stops")


async def test_from_signing_in_to_an_accepted_suggestion_without_a_mouse(page_as: OpenPage, site: Site) -> None:
    _, slug = await open_suggestion(site)
    page = await page_as("nobody", "/app/sign-in")
    expect_console(page, "status of 401")
    await page.evaluate("id => localStorage.setItem('burnish.workspace', id)", str(site.workspace_id))
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await page.keyboard.type(site.admin["email"])
    await reach(page, page.get_by_label("Password"))
    await page.keyboard.type(site.admin["password"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("navigation").first).to_be_visible()
    await expect(page.locator("main")).to_be_focused()
    await settled(page)

    await page.keyboard.press("Control+k")
    words = page.get_by_role("dialog").get_by_role("combobox")
    await expect(words).to_be_focused()
    await page.keyboard.type("Optimize")
    await expect(page.get_by_role("option", name="Optimize").first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Optimize")).to_be_visible()
    await settled(page)

    await reach(page, page.get_by_role("tab", name="Searches"))
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Suggestions")).to_be_focused()
    await expect(page.get_by_role("tab", name="Suggestions")).to_have_attribute("aria-selected", "true")
    await settled(page)
    await reach(page, page.get_by_role("table", name="Suggestions").get_by_role("link").filter(has_text=slug))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(slug)
    await settled(page)

    await reach(page, page.get_by_role("tab", name="Text"))
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Evidence")).to_be_focused()
    await expect(page.get_by_text("exact McNemar")).to_be_visible()
    await reach(page, page.get_by_role("button", name="Accept", exact=True))
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    first = dialog.get_by_role("group", name="Edits").get_by_role("checkbox").first
    await reach(page, first)
    await page.keyboard.press("Space")
    await expect(first).not_to_be_checked()
    await expect(dialog).to_contain_text("Only all of them together were measured")
    await page.keyboard.press("Space")
    await expect(first).to_be_checked()
    go_live = dialog.get_by_role("button", name="Accept and go live")
    await expect(go_live).to_be_enabled()
    await reach(page, go_live)
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("Accepted as version 2 by you.")).to_be_visible()
    await expect(dialog).to_have_count(0)
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["labels"]["production"] == 2
    await expect(page.locator("body")).not_to_be_focused()  # Accept is gone with the decision: the focus must not be lost with it.
    await reach(page, page.get_by_role("link", name="Look at the prompt"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(slug)


async def test_escape_gives_the_focus_back_from_search_also_the_first_time_and_to_a_chart(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/analytics")
    chart = page.get_by_role("img", name="Cost")
    for before in (page.get_by_role("link", name="Costs").first, chart):
        await before.focus()
        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
        await page.keyboard.press("Escape")
        await closed(page)
        await expect(before).to_be_focused()


async def test_many_edits_are_one_stop_and_the_arrow_keys_go_over_them(page_as: OpenPage, site: Site) -> None:
    suggestion, _ = await open_suggestion(site)
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await page.get_by_role("button", name="Accept", exact=True).click()
    dialog = page.get_by_role("dialog")
    edits = dialog.get_by_role("group", name="Edits").get_by_role("checkbox")
    await expect(edits.nth(5), "the demo's search finds more").to_be_attached()
    many = await edits.count()
    await dialog.get_by_role("button", name="Leave all").focus()
    await page.keyboard.press("Tab")
    await expect(edits.first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(edits.nth(1)).to_be_focused()
    await page.keyboard.press("Space")
    await expect(edits.nth(1)).not_to_be_checked()
    await page.keyboard.press("End")
    await expect(edits.nth(many - 1)).to_be_focused()
    await expect(edits.nth(many - 1)).to_be_in_viewport(ratio=1)
    await page.keyboard.press("Tab")
    await expect(dialog.get_by_role("button", name="Edit the text…")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await expect(edits.nth(many - 1)).to_be_focused()


async def test_a_secret_that_is_shown_once_is_left_by_keys(page_as: OpenPage, site: Site) -> None:
    """What tells the name of a button goes with the focus, and must not take it along to the beginning of the dialog."""
    page = await page_as("admin", "/app/api-keys", workspace_id=await site.new_workspace("Keys"))
    dialog = page.get_by_role("dialog")
    await reach(page, page.get_by_role("button", name="New key").first)
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("by hand")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name="Copy the key")).to_be_focused()
    await expect(page.get_by_role("tooltip")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(dialog.get_by_role("button", name="Copy", exact=True)).to_be_focused()
    await reach(page, dialog.get_by_role("button", name="I have it"))
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="New key").first).to_be_focused()


async def test_the_focus_stays_beside_what_goes_away(page_as: OpenPage, site: Site) -> None:
    workspace_id = await site.new_workspace("Endpoints")
    page = await page_as("admin", "/app/api-keys", workspace_id=workspace_id)
    for name in ("one", "two"):
        await page.get_by_role("button", name="New key").first.click()
        await page.get_by_label("Name").fill(name)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="I have it").click()
    row = page.get_by_role("table", name="API keys").get_by_role("row").filter(has_text="two")
    other = page.get_by_role("button", name="What to do with one")
    await expect(row).to_be_visible()
    await reach(page, row.get_by_role("button", name="What to do with two"))
    await page.keyboard.press("Enter")
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await reach(page, page.get_by_role("dialog").get_by_role("button", name="Revoke"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(row).to_contain_text("revoked")
    await expect(row.get_by_role("button")).to_have_count(0)
    await expect(other).to_be_focused()
