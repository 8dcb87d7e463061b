"""What an address names and nobody has: the page says so, and leads to what there is."""

import re

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import expect_console, screenshot, set_theme, settled
from tests.page.conftest import OpenPage
from tests.page.experiments import two_versions
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

NO_ID = "01930000-0000-7000-8000-000000000000"
DETAILS = {
    f"/alerts/{NO_ID}": "Alerts",
    f"/analytics/reports/{NO_ID}": "Reports",
    f"/batches/{NO_ID}": "Batches",
    "/chains/nope": "Chains",
    f"/datasets/{NO_ID}": "Datasets",
    f"/evaluators/{NO_ID}": "Evaluators",
    f"/experiments/{NO_ID}": "Experiments",
    f"/experiments/backtests/{NO_ID}": "Backtests",
    f"/library/{NO_ID}": "Library",
    f"/library/templates/{NO_ID}": "Templates",
    f"/new/{NO_ID}": "Start from a goal",
    f"/optimize/{NO_ID}": "Optimize",
    f"/optimize/generations/{NO_ID}": "Optimize",
    f"/optimize/migrations/{NO_ID}": "Model moves",
    f"/optimize/schedules/{NO_ID}": "Schedules",
    f"/optimize/suggestions/{NO_ID}": "Optimize",
    "/prompts/nope": "Prompts",
    f"/runs/{NO_ID}": "Runs",
    "/runs/mistyped": "Runs",
    "/sessions/nope": "Sessions",
    f"/test-runs/{NO_ID}": "Test runs",
    f"/webhooks/{NO_ID}": "Webhooks",
}


async def test_a_page_of_what_is_not_there_says_so_and_leads_to_the_list(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/alerts")
    expect_console(page, "status of 404", "status of 422")
    for path, back in DETAILS.items():
        await page.goto(site.at(f"/app{path}"))
        await expect(page.get_by_role("heading", name="Not found"), path).to_be_visible()
        await expect(page.get_by_role("main").get_by_role("link", name=f"Go to {back}"), path).to_be_visible()
        await expect(page.get_by_role("button", name="Try again"), path).to_have_count(0)
    await page.goto(site.at(f"/app/runs/{NO_ID}"))
    await expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    await check_axe(page)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"not-there/run-{theme}")
    await page.get_by_role("link", name="Go to Runs").click()
    await expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible()


@pytest.mark.parametrize("address", ["v=99", "version=99", "v=2&against=99", "v=abc", "version=v2", "v=2&against=abc"])
async def test_a_version_that_is_not_there_is_no_other_one(page_as: OpenPage, site: Site, address: str) -> None:
    slug = await two_versions(site)
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions&{address}", settle=False)
    expect_console(page, "status of 404")
    named = address.rsplit("=", maxsplit=1)[1]
    await expect(page.get_by_role("heading", name=f"There is no version {named}")).to_be_visible()
    await expect(page.get_by_role("region", name=re.compile(r"^Version "))).to_have_count(0)
    await settled(page)
    await check_axe(page)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"not-there/version-{named}-{theme}")
    await page.get_by_role("button", name="Show the newest, v2").click()
    await expect(page.get_by_role("region", name="Version 2")).to_be_visible()
    await page.get_by_role("list", name="Versions").get_by_role("button", name=re.compile("^v1")).click()
    await expect(page.get_by_role("region", name="Version 1")).to_be_visible()


FORMS = {
    "/test-runs?new=1&prompt=nope": "dialog",
    "/optimize?new=1&prompt=nope": "dialog",
    "/experiments?new=1&prompt=nope": "dialog",
    "/optimize/schedules?new=1&prompt=nope": "dialog",
    "/batches?new=1&prompt=nope": "dialog",
    "/playground?prompt=nope": "main",
    "/runs?prompt=nope": "main",
    "/routing?prompt=nope": "main",
    "/analytics?prompt=nope": "main",
}


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_says_that_the_prompt_of_its_address_is_not_there(page_as: OpenPage, path: str) -> None:
    page = await page_as("editor", f"/app{path}", settle=False)
    expect_console(page, "status of 404")
    within = page.get_by_role(FORMS[path]).first  # type: ignore[arg-type]
    await expect(within.get_by_text("There is no prompt 'nope' in this workspace.").first).to_be_visible()
    chosen = within.get_by_role("button", name=re.compile("nope$")).first
    await expect(chosen).to_be_visible()
    await settled(page)
    await check_axe(page, without=BEHIND_A_DIALOG if FORMS[path] == "dialog" else ())
    await screenshot(page, "not-there/form" + re.sub(r"\W+", "-", path.split("?", maxsplit=1)[0]))
