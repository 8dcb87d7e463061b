"""In which zone times are told: on the page by the browser's clock, in files in UTC, and both are said."""

import csv
import io
import re
from datetime import datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import screenshot, set_theme, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")


async def test_times_name_their_zone_and_the_file_of_a_chart_is_in_utc(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/analytics?range=7d", timezone="Asia/Kathmandu")
    note = page.get_by_text("Times are by this browser’s clock, GMT+5:45; those in the CSV are UTC.")
    await expect(note.or_(page.get_by_text("Days are days in UTC, here and in the CSV."))).to_be_visible()
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="CSV").click()
    text = (await (await coming.value).path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    moments = [value for row in rows for value in row.values() if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", value or "")]
    assert moments, text[:300]
    assert all(datetime.fromisoformat(one).utcoffset() == timedelta(0) for one in moments)
    await settled(page)
    await check_axe(page)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"zones/analytics-{theme}")
    await page.goto(site.at("/app/runs"))
    await expect(page.get_by_role("table").locator("time").first).to_have_attribute("title", re.compile(r"\d\d:\d\d:\d\d GMT\+5:45$"))
