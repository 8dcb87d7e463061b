"""What people said, one by one: found, read, and taken back."""

import asyncio
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("F1", "U1")


async def test_a_wrong_reaction_is_found_and_taken_back_and_history_keeps_it(page_as: OpenPage, site: Site) -> None:
    run = await site.call("POST", "/v1/executions", {"messages": [{"role": "user", "content": "Say hello"}], "model": "simulated/chat"})
    who = f"page-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/feedback", {"execution_id": run["id"], "thumb": "down", "comment": "meant another", "user_id": who})
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while not (await site.call("GET", f"/v1/feedback?user_id={who}"))["data"]:
            await asyncio.sleep(0.1)
    page = await page_as("editor", "/app/analytics/feedback")
    await page.get_by_label("End user").fill(who)
    table = page.get_by_role("table", name="Feedback")
    await expect(table.get_by_role("row")).to_have_count(2)  # One of them holds the heads.
    await expect(table).to_contain_text("meant another")
    await page.get_by_label("Kind").select_option("thumbs up")
    await expect(page.get_by_text("No feedback matches")).to_be_visible()
    await page.get_by_label("Kind").select_option("thumbs down")
    await expect(table).to_contain_text("meant another")
    await check_axe(page)
    await page.get_by_role("button", name=f"Take back the thumb of {who}").click()
    asked = page.get_by_role("dialog", name="Take this feedback back?")
    await expect(asked).to_contain_text("satisfaction, metrics, alerts and experiments move back")
    await asked.get_by_role("button", name="Take it back").click()
    await expect(page.get_by_text("No feedback matches")).to_be_visible()
    await page.get_by_label("With what was taken back").check()
    await expect(table.get_by_text("taken back by").first).to_be_visible()
    await expect(table.get_by_role("button", name="Take back")).to_have_count(0)
    await page.goto(f"{site.url}/app/runs/{run['id']}")
    await expect(page.get_by_text("Nobody has said anything about this answer.")).to_be_visible()


async def test_a_run_shows_what_somebody_said_before_they_changed_their_mind(page_as: OpenPage, site: Site) -> None:
    run = await site.call("POST", "/v1/executions", {"messages": [{"role": "user", "content": "Say hello"}], "model": "simulated/chat"})
    who = f"page-{uuid4().hex[:8]}"
    for said in ({"thumb": "down", "comment": "far too long"}, {"thumb": "down", "comment": "a little long"}, {"thumb": "up"}):
        await site.call("POST", "/v1/feedback", {"execution_id": run["id"], "user_id": who, **said})
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while [len(one["replaced"]) for one in (await site.call("GET", f"/v1/feedback?user_id={who}&history=true"))["data"]] != [2]:
            await asyncio.sleep(0.1)
    page = await page_as("viewer", f"/app/runs/{run['id']}")
    button = page.get_by_role("button", name="Said before, 2 times")
    await expect(page.get_by_text("far too long")).to_have_count(0)
    await button.press("Enter")
    earlier = page.get_by_role("list", name=f"Said before by {who}").get_by_role("listitem")
    await expect(earlier).to_have_count(2)
    await expect(earlier.first).to_contain_text("a little long")
    await expect(earlier.last).to_contain_text("far too long")
    await check_axe(page)
    await button.press("Enter")
    await expect(earlier).to_have_count(0)
    await page.goto(f"{site.url}/app/analytics/feedback?user={who}&history=1")
    await page.get_by_role("button", name="Said before, 2 times").click()
    await expect(page.get_by_role("table", name="Feedback")).to_contain_text("far too long")


async def test_a_viewer_reads_what_was_said_and_why_it_stays(page_as: OpenPage, site: Site) -> None:
    run = await site.call("POST", "/v1/executions", {"messages": [{"role": "user", "content": "Say hello"}], "model": "simulated/chat"})
    who = f"page-{uuid4().hex[:8]}"  # Another's thumb above it would take the button from under the pointer.
    await site.call("POST", "/v1/feedback", {"execution_id": run["id"], "thumb": "up", "user_id": who})
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while not (await site.call("GET", f"/v1/feedback?user_id={who}"))["data"]:
            await asyncio.sleep(0.1)
    page = await page_as("viewer", f"/app/analytics/feedback?kind=thumb&user={who}")
    button = page.get_by_role("button", name=f"Take back the thumb of {who}")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await button.hover()
    await expect(page.get_by_role("tooltip")).to_contain_text("editor")
