"""What owners and the operator do: organizations, workspaces, credit, plans, recounts; nobody else sees a control that is dead."""

import asyncio
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, expect_console, intercept, screenshot, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

BEHIND = ("region", "aria-hidden-focus")


async def test_credit_is_given_taken_back_and_found_in_the_entries(page_as: OpenPage, site: Site) -> None:
    page = await page_as("operator", "/app/usage", workspace_id=await site.new_workspace("Books"))
    await page.get_by_role("button", name="Add credit").click()
    await page.get_by_label("Dollars").fill("12")
    await page.get_by_label("Reason").fill("by mistake")
    await page.get_by_role("button", name="Add it").click()
    await told(page, "$12.00 came in")
    await page.get_by_role("button", name="Add credit").click()
    await page.get_by_label("Reason").fill("an invoice")
    await page.get_by_label("Payment").fill(f"invoice-{uuid4().hex[:8]}")
    await page.get_by_role("button", name="Add it").click()
    await told(page, "$10.00 came in")
    await page.goto("/app/usage/statement?kind=top_up")
    await expect(page.get_by_role("table", name="Entries")).to_contain_text("an invoice")
    await page.goto("/app/usage/statement?kind=grant")
    entries = page.get_by_role("table", name="Entries")
    row = entries.get_by_role("row").filter(has_text="by mistake")
    await row.get_by_role("button", name="Take back").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Dollars").fill("13")
    await expect(dialog).to_contain_text("at most $12.00")
    await dialog.get_by_label("Dollars").fill("5")
    await dialog.get_by_label("Reason").fill("typed wrong")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Take it back").click()
    await told(page, "$5.00 taken back")
    await page.get_by_label("Kind of entry").select_option("adjustment")
    await expect(entries).to_contain_text("typed wrong")
    await expect(entries).to_contain_text("corrects no.")


async def test_credit_whose_answer_was_lost_is_given_once(page_as: OpenPage, site: Site) -> None:
    page = await page_as("operator", "/app/usage", workspace_id=await site.new_workspace("Books"))
    expect_console(page, "ERR_CONNECTION_RESET")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort("connectionreset")

    await intercept(page, "**/v1/credits/grants", lose, times=1)
    await page.get_by_role("button", name="Add credit").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Dollars").fill("12")
    await dialog.get_by_label("Reason").fill("of the month")
    await dialog.get_by_role("button", name="Add it").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("does not answer")
    await dialog.get_by_role("button", name="Add it").click()
    await told(page, "$12.00 came in")
    await page.goto("/app/usage/statement?kind=grant")
    rows = page.get_by_role("table", name="Entries").get_by_role("row")
    await expect(rows.filter(has_text="of the month")).to_have_count(1)


async def test_a_charge_is_given_back(page_as: OpenPage, site: Site) -> None:
    page = await page_as("operator", "/app/usage/statement?kind=charge")
    await page.get_by_role("button", name="Give back entry").first.click()
    await page.get_by_role("dialog").get_by_label("Reason").fill("the answer was cut off")
    await page.get_by_role("button", name="Give it back").click()
    await told(page, " given back")
    await page.get_by_label("Kind of entry").select_option("refund")
    await expect(page.get_by_role("table", name="Entries")).to_contain_text("the answer was cut off")


async def test_a_plan_is_made_and_edited_by_the_operator_alone(page_as: OpenPage, site: Site) -> None:
    plan = f"team-{uuid4().hex[:6]}"
    page = await page_as("operator", "/app/usage/plan")
    await page.get_by_role("button", name="New plan").click()
    dialog = page.get_by_role("dialog", name="New plan")
    await dialog.get_by_label("Name").fill(f"Team {plan}")
    await dialog.get_by_label("Id (required)", exact=True).fill(plan)
    await dialog.get_by_label("Calls a minute").fill("lots")
    await expect(dialog).to_contain_text("A whole number.")
    await dialog.get_by_label("Calls a minute").fill("77")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Make it").click()
    await told(page, "can be chosen")
    await page.get_by_role("button", name=f"Edit Team {plan}").click()
    await page.get_by_role("dialog").get_by_label("Base fee a month, $").fill("19.5")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await told(page, "holds as it is now")
    found = await site.call("GET", f"/v1/plans/{plan}")
    assert (found["base_fee_nusd"], found["rate_limit_per_minute"]) == (19_500_000_000, 77)
    other = await page_as("admin", "/app/usage/plan")
    await expect(other.get_by_role("columnheader", name=f"Team {plan}")).to_be_visible()
    await expect(other.get_by_role("button", name="New plan")).to_have_count(0)
    await expect(other.get_by_role("button", name="Edit")).to_have_count(0)


async def test_an_owner_renames_moves_credit_and_erases_a_workspace(page_as: OpenPage, site: Site) -> None:
    home = await site.new_workspace("Head office")
    page = await page_as("operator", "/app/settings?tab=workspaces", workspace_id=home)
    await page.get_by_role("button", name="New workspace").click()
    await page.get_by_label("Name").fill("Branch office")
    await page.get_by_role("button", name="Make it").click()
    await page.get_by_role("dialog").get_by_role("button", name="I have it, go there").click()
    await expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text("In Branch office")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.goto(site.at("/app/settings?tab=workspaces"))
    await page.get_by_role("button", name="Go to Head office").click()
    await page.get_by_role("tab", name="Organization").click()
    name = page.get_by_label("Name of the organization")
    await name.fill("Office & sons")
    await page.get_by_role("button", name="Rename").click()
    await expect(page.get_by_role("heading", name="Office & sons")).to_be_visible()
    await check_axe(page)

    table = page.get_by_role("table", name="Workspaces of the organization")
    await table.get_by_role("button", name="What to do with Head office").click()
    await page.get_by_role("menuitem", name="Move credit…").click()
    dialog = page.get_by_role("dialog", name="Move credit from Head office")
    await dialog.get_by_label("Dollars").fill("1")
    await dialog.get_by_label("Reason").fill("to begin with")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Move it").click()
    await told(page, "$1.00 moved to Branch office")

    await table.get_by_role("button", name="What to do with Branch office").click()
    await page.get_by_role("menuitem", name="Suspend…").click()
    await page.get_by_role("dialog").get_by_label("Reason").fill("not paid")
    await page.get_by_role("button", name="Suspend it").click()
    await expect(table.get_by_role("row").filter(has_text="Branch office")).to_contain_text("suspended")
    said = page.get_by_role("status").filter(has_text="Branch office was suspended")
    await page.get_by_role("tab", name="Workspaces").click()
    await page.get_by_role("button", name="Go to Branch office").click()
    await expect(said).to_have_count(1)
    await page.get_by_role("button", name="Go to Head office").click()
    await expect(page.get_by_role("button", name="Go to Branch office")).to_be_visible()
    await expect(said).to_have_count(0)
    await page.get_by_role("tab", name="Organization").click()
    await table.get_by_role("button", name="What to do with Branch office").click()
    await page.get_by_role("menuitem", name="Resume…").click()
    await page.get_by_role("dialog").get_by_label("Reason").fill("paid")
    await page.get_by_role("button", name="Resume it").click()
    await expect(table.get_by_role("row").filter(has_text="Branch office")).not_to_contain_text("suspended")

    await table.get_by_role("button", name="What to do with Branch office").click()
    await page.get_by_role("menuitem", name="Erase for good…").click()
    dialog = page.get_by_role("dialog", name="Erase Branch office")
    await expect(dialog.get_by_role("button", name="Erase it for good")).to_be_disabled()
    await dialog.get_by_label("Type Branch office to go on").fill("Branch office")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Erase it for good").click()
    await told(page, "Branch office is being erased")
    receipt = page.get_by_role("dialog", name="Erasure of a workspace")
    await expect(receipt.get_by_text("signature checked")).to_be_visible(timeout=3 * PATIENCE_MS)
    await expect(receipt).to_contain_text("api keys")
    await check_axe(page, without=BEHIND)
    await screenshot(page, "settings/erased-workspace")
    await page.go_back()
    await expect(receipt).to_have_count(0)
    await table.get_by_role("button", name="What to do with erased").click()
    await page.get_by_role("menuitem", name="Its erasure and receipt").click()
    await expect(receipt.get_by_role("link", name="Download").or_(receipt.get_by_role("button", name="Download"))).to_be_visible()


async def test_a_member_leaves_a_workspace(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace("Left behind")
    user = await site.person("editor", workspace)
    page = await page_as("editor", "/app/settings?tab=workspaces", workspace_id=workspace)
    expect_console(page, "status of 404", "status of 403")  # What was on its way as the door closed.
    await page.get_by_role("button", name="Leave Left behind").click()
    await page.get_by_role("dialog").get_by_role("button", name="Leave", exact=True).click()
    await expect(page.get_by_role("heading", name="You are not a member of any workspace")).to_be_visible()
    email = await site.connection.fetchval("SELECT email FROM users WHERE user_id = $1", user)
    await expect(page.get_by_text(f"to invite {email}, and open")).to_be_visible()
    left = await site.connection.fetchval("SELECT count(*) FROM members WHERE workspace_id = $1 AND user_id = $2", workspace, user)
    assert left == 0


async def test_whoever_governs_nothing_sees_no_dead_control(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace("Only looking")
    page = await page_as("viewer", "/app/settings?tab=organization", workspace_id=workspace)
    await expect(page.get_by_text("Admins of its home workspace govern it")).to_be_visible()
    for name in ("Rename", "Found an organization", "Suspend…"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await page.goto("/app/usage/statement")
    await expect(page.get_by_role("heading", name="Entries")).to_be_visible()
    await settled(page)
    await expect(page.get_by_role("button", name="Take back")).to_have_count(0)


async def test_figures_are_counted_again(page_as: OpenPage, site: Site) -> None:
    # Of its own: tests write runs of the past into the demo's books, which nothing has counted.
    workspace_id = await site.new_workspace("Counted")
    key = await site.key_of(workspace_id)
    for n in range(3):
        body = {"messages": [{"role": "user", "content": f"Hello {n}"}], "model": "simulated/chat"}
        await site.call("POST", "/v1/executions", body, key=key)
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while (await site.call("GET", "/v1/analytics/summary", key=key))["executions"] < 3:
            await asyncio.sleep(0.1)
    page = await page_as("admin", "/app/analytics", workspace_id=workspace_id)
    await page.get_by_role("link", name="Count again").click()
    await page.get_by_role("button", name="Count again").first.click()
    await expect(page.get_by_role("dialog").get_by_role("button", name="Count", exact=True)).to_be_visible()
    await check_axe(page, without=BEHIND)
    await page.get_by_role("dialog").get_by_role("button", name="Count", exact=True).click()
    row = page.get_by_role("table", name="Recounts").get_by_role("row").nth(1)
    await expect(row).to_contain_text("an admin")
    await expect(row).to_contain_text("all the same")
