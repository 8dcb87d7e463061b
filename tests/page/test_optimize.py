"""Searches and suggestions: what may be spent stands first, what was found is reviewed and decided."""

import json
from typing import Any

from playwright.async_api import expect

from burnish_shared.ids import new_uuid
from tests.page.axe import check_axe
from tests.page.browser import expect_console
from tests.page.conftest import OpenPage
from tests.page.site import Site

BEHIND = ("region", "aria-hidden-focus")
"""What axe says of the page below a dialog."""

COPY = """INSERT INTO {table} SELECT (jsonb_populate_record(t, $1::jsonb)).* FROM {table} t WHERE {column} = $2"""


async def open_suggestion(site: Site) -> tuple[str, str]:
    """The demo's suggestion over again, open, for a prompt of its own: what is decided of it disturbs nobody. (id, slug)"""
    slug = f"review-{new_uuid().hex[-8:]}"
    base = await site.call("GET", f"/v1/prompts/{site.ids['prompt']}?version=1")
    body = {name: base[name] for name in ("messages", "model", "temperature")} | {"slug": slug, "label": "production"}
    prompt = await site.call("POST", "/v1/prompts", body)
    job, suggestion = str(new_uuid()), str(new_uuid())
    about: dict[str, Any] = {"prompt_id": prompt["id"], "slug": slug, "base_version": 1, "job_id": job, "suggestion_id": suggestion}
    await site.connection.execute(COPY.format(table="optimization_jobs", column="job_id"), json.dumps(about), site.ids["optimization"])
    undecided = dict.fromkeys(("accepted_version", "label", "reason", "decided_by", "decided_at"))
    await site.connection.execute(
        COPY.format(table="suggestions", column="suggestion_id"), json.dumps(about | undecided | {"status": "open"}), site.ids["suggestion"]
    )
    return suggestion, slug


async def test_a_search_shows_its_ceiling_starts_and_is_stopped(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/optimize?new=1&prompt={prompt}&dataset={dataset}&version=1")
    dialog = page.get_by_role("dialog", name="New search")
    await expect(dialog).to_contain_text("Never more than")
    await dialog.get_by_label("Evaluations").fill("300")
    await expect(dialog).to_contain_text("At least 828 for this dataset.")
    await expect(dialog.get_by_role("button", name="Start the search")).to_be_disabled()
    await dialog.get_by_role("button", name="Take 828 evaluations").click()
    await dialog.get_by_label("Cost ceiling").fill("0.001")
    await expect(dialog.get_by_role("button", name="Start the search")).to_be_disabled()
    await dialog.get_by_label("Cost ceiling").fill("0.5")
    await dialog.get_by_label("Evaluations").fill("50000")
    await expect(dialog).to_contain_text("$0.50")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Start the search").click()

    await expect(page.get_by_role("progressbar", name="Evaluations")).to_be_visible()
    await expect(page.get_by_role("img", name="The leading text")).to_be_visible(timeout=20_000)
    await page.get_by_role("button", name="Cancel search").click()
    await page.get_by_role("button", name="Cancel the search").click()
    await expect(page.get_by_text("cancelled", exact=True)).to_be_visible(timeout=20_000)


async def test_a_suggestion_is_read_and_accepted(page_as: OpenPage, site: Site) -> None:
    suggestion, slug = await open_suggestion(site)
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await expect(page.get_by_label("On untouched test items").first).to_contain_text("pts")
    await expect(page.get_by_role("figure", name="system: v1 against suggestion")).to_be_visible()
    await check_axe(page)
    await page.get_by_role("tab", name="Evidence").click()
    await expect(page.get_by_text("exact McNemar")).to_be_visible()
    await check_axe(page)
    await page.get_by_role("tab", name="Proposals").click()
    await page.get_by_role("radio", name="Rejected").check(force=True)
    await expect(page.get_by_role("table", name="Proposals").get_by_text("rejected").first).to_be_visible()

    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "temperature": 0.3})
    await site.call("PUT", f"/v1/prompts/{slug}/labels/production", {"version": 2})
    await page.get_by_role("button", name="Accept", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Production names v2 by now.")
    await expect(dialog.get_by_role("button", name="Accept and go live")).to_be_disabled()
    await dialog.get_by_label("Go live all the same").check()
    await dialog.get_by_role("button", name="Accept and go live").click()
    await expect(page.get_by_text("Accepted as version 3 by you.")).to_be_visible()
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["labels"]["production"] == 3


async def test_a_suggestion_is_rejected_with_a_reason(page_as: OpenPage, site: Site) -> None:
    suggestion, _ = await open_suggestion(site)
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await page.get_by_role("button", name="Reject", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Reject")).to_be_disabled()
    await dialog.get_by_label("Reason").fill("It sends refunds to the wrong queue")
    await dialog.get_by_role("button", name="Reject").click()
    await expect(page.get_by_text("Rejected by you.")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text("It sends refunds to the wrong queue")
    await expect(page.get_by_role("button", name="Accept", exact=True)).to_have_count(0)


async def test_cases_that_a_suggestion_changes_stand_there_with_both_answers(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/optimize/suggestions/{suggestion}?tab=cases")
    cases = page.get_by_role("table", name="Cases that change")
    await expect(cases.get_by_role("row")).to_have_count(1 + site.demo["fixed"] + site.demo["broken"])
    await expect(cases.get_by_role("row").nth(1)).to_contain_text("broken" if site.demo["broken"] else "fixed")
    await page.get_by_role("radio", name="Fixed").check(force=True)
    await cases.get_by_role("button").first.click()
    drawer = page.get_by_role("dialog", name="Fixed case")
    await expect(drawer.get_by_role("heading", name="Before (v1), wrong")).to_be_visible()
    await expect(drawer.get_by_role("heading", name="After, right")).to_be_visible()
    await page.goto("/app/optimize")
    await expect(page.get_by_role("button", name="New search")).to_have_attribute("aria-disabled", "true")


async def test_a_search_that_is_not_there_says_so(page_as: OpenPage) -> None:
    page = await page_as("viewer", f"/app/optimize/{new_uuid()}", settle=False)
    expect_console(page, "status of 404")
    await expect(page.get_by_role("alert")).to_contain_text("There is no such optimization")
    await expect(page.get_by_role("alert")).to_contain_text("Request")
