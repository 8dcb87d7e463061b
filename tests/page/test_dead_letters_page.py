"""Messages that no consumer could handle, on the operator's page."""

import re
from uuid import uuid4

import pytest
from benchmarks.page.paint import CLS
from playwright.async_api import expect

from burnish.launcher.users import operators_database
from burnish_shared import subjects
from burnish_shared.bus import dead_letters_store
from burnish_shared.bus.dead_letters_store import DeadLetter
from burnish_shared.ids import new_uuid
from tests.page.axe import check_axe
from tests.page.browser import answered_backwards, closed, settled, shift_of, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")


async def bury(site: Site, consumer: str, *payloads: bytes | None) -> None:
    letters = [
        DeadLetter(
            consumer=consumer, stream="FEEDBACK", stream_seq=no, subject=subjects.FEEDBACK_RECORDED_BATCH, deliveries=10,
            reason="items: must be a list", identity=str(new_uuid()), payload=one,
        )
        for no, one in enumerate(payloads, 1)
    ]  # fmt: skip
    async with operators_database(site.database_url) as db, db.unit_of_work() as tx:
        await dead_letters_store.write(tx, letters)


async def test_the_operator_reads_sends_again_and_discards(page_as: OpenPage, site: Site) -> None:
    consumer = f"of_old_{uuid4().hex[:6]}"
    await bury(site, consumer, f'{{"event_id": "{new_uuid()}", "items": [], "note": "Thank you!"}}'.encode(), None)
    page = await page_as("operator", "/app/datasets")
    await page.keyboard.press("Control+k")
    await page.get_by_role("dialog", name="Search or jump").get_by_role("combobox").fill("dead letters")
    await page.get_by_role("option", name="Dead letters").click()
    await expect(page.get_by_text(f"{consumer}: 2 messages wait")).to_be_visible()
    await page.get_by_label("Consumer").select_option(consumer)
    await expect(page).to_have_url(re.compile(f"consumer={consumer}"))
    table = page.get_by_role("table", name="Messages that could not be handled")
    await expect(table.locator("tbody tr")).to_have_count(2)
    await expect(table.get_by_text("lost", exact=True)).to_be_visible()
    await table.get_by_role("row").filter(has_text="waiting").get_by_text(consumer).click()
    drawer = page.get_by_role("dialog")
    await expect(drawer.get_by_text("(10 characters)")).to_be_visible()
    await page.reload()  # The address says which one is looked at.
    await expect(drawer.get_by_text("(10 characters)")).to_be_visible()
    await expect(drawer.get_by_text("items: must be a list")).to_be_visible()
    assert "Thank you" not in await drawer.inner_text()
    await settled(page)
    await check_axe(page, without=("region", "aria-hidden-focus"))
    await drawer.get_by_role("button", name="Send again").click()
    await told(page, "1 message sent again")
    waiting = page.locator("div", has=page.get_by_text(consumer, exact=True)).filter(has_text="1 message waits").last
    await expect(waiting).to_be_visible()

    await closed(page)
    await waiting.get_by_role("button", name="Send all again").click()
    await told(page, "None can be sent again; they can only be discarded")
    await waiting.get_by_role("button", name="Discard all…").click()
    await page.get_by_role("button", name="Discard for good").click()
    await expect(page.get_by_text("No message waits")).to_be_visible()
    await page.get_by_label("State").select_option("replayed")
    await expect(table.get_by_text("sent again")).to_be_visible()
    await page.reload()
    await expect(table.get_by_text("sent again")).to_be_visible()


async def test_nothing_moves_when_the_sums_above_come_last(page_as: OpenPage, site: Site) -> None:
    await bury(site, f"of_old_{uuid4().hex[:6]}", None)
    page = await page_as("operator", "/app/there-is-no-such-page", alone=True)
    async with answered_backwards(page):
        await page.goto("/app/settings?tab=dead-letters")
        await settled(page)
        await expect(page.get_by_role("button", name="Send all again").first).to_be_visible()
    shift, moved = await shift_of(page)
    assert shift <= CLS, f"what was shown moved by {shift:.3f}: {moved}"


async def test_nobody_else_is_shown_them(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/settings")
    await expect(page.get_by_role("tab", name="Organization")).to_be_visible()
    await expect(page.get_by_role("tab", name="Dead letters")).to_have_count(0)
    await page.keyboard.press("Control+k")
    await page.get_by_role("dialog", name="Search or jump").get_by_role("combobox").fill("dead letters")
    await expect(page.get_by_text("Nothing is called like that.").or_(page.get_by_role("option", selected=True)).first).to_be_visible()
    await expect(page.get_by_role("option", name="Dead letters")).to_have_count(0)
