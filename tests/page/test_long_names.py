"""Names as long as they may be take more lines, and no width from what stands beside them; and marks of a chart stand at their moment."""

import asyncio
from datetime import datetime
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.browser import PATIENCE_MS, narrow, overflow_px, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("U1")]

NARROW_PX = 360
READABLE_PX = 200


async def ran(site: Site) -> tuple[str, datetime]:
    """A prompt with the longest of names that ran once, for an app whose name is as long, and when its label was put there."""
    slug, variable = f"l{'o' * 30}{uuid4().hex}", "v" * 60
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": f"{{{{{variable}}}}}", "model": "simulated/chat"})
    history = await site.call("GET", f"/v1/prompts/{slug}/labels/production/history")
    await site.call("POST", "/v1/executions", {"prompt": slug, "variables": {variable: "hello"}, "app": "A" * 60})
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while (await site.call("GET", f"/v1/analytics/summary?prompt={slug}"))["executions"] == 0:
            await asyncio.sleep(0.2)
    return slug, datetime.fromisoformat(history["data"][0]["moved_at"])


async def test_the_longest_names_fit_a_phone(page_as: OpenPage, site: Site) -> None:
    slug, _ = await ran(site)
    page = await page_as("editor", "/app/analytics?group=app&range=24h")
    await expect(page.get_by_text("A" * 60).first).to_be_visible()
    await narrow(page, NARROW_PX)
    for path in (f"/app/routing?prompt={slug}", f"/app/cache?prompt={slug}", f"/app/analytics?group=prompt&prompt={slug}"):
        await page.goto(path)
        await settled(page)
        await expect(page.get_by_text(slug).first).to_be_attached()
        beyond_px, guilty = await overflow_px(page)
        assert beyond_px <= 0, (path, guilty)


async def test_an_answer_that_does_not_break_leaves_the_input_its_room(page_as: OpenPage, site: Site) -> None:
    items = [{"input": "Where is my parcel? " * 20, "expected": "E" * 200}]
    made = await site.call("POST", "/v1/datasets", {"name": f"long {uuid4().hex[:8]}", "items": items})
    page = await page_as("viewer", f"/app/datasets/{made['id']}", width=1280)
    box = await page.get_by_role("columnheader", name="Input").bounding_box()
    assert box is not None and box["width"] > READABLE_PX
    await page.get_by_role("button", name="Download").click()
    await expect(page.get_by_role("menuitem", name="JSON lines")).to_contain_text("Whole and exact")
    await page.keyboard.press("Escape")
    await page.goto(f"/app/datasets/{made['id']}?version=1&split=test")
    await page.get_by_role("button", name="Download").click()
    async with page.expect_download() as coming:
        await page.get_by_role("menuitem", name="JSON lines").click()
    assert (await coming.value).suggested_filename == f"dataset-{made['id']}-v1-test.jsonl"


async def test_a_mark_of_a_chart_by_the_minute_stands_at_its_minute(page_as: OpenPage, site: Site) -> None:
    slug, moved_at = await ran(site)
    page = await page_as("viewer", f"/app/analytics?range=24h&prompt={slug}")
    await expect(page.get_by_text("shown by the minute")).to_be_visible()
    mark = page.locator("svg g").filter(has=page.locator("title", has_text="production is v1")).locator("line").first
    left = await page.locator("svg[role=img] > g > line").first.get_attribute("x1")
    at = await mark.get_attribute("x1")
    assert left is not None and at is not None
    assert float(at) - float(left) > 1 or moved_at.minute == 0, "at the beginning of its hour"


LEFTS = """(cell) => {
  const places = [...cell.querySelectorAll("span.font-medium, code")].map((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return Math.round(range.getBoundingClientRect().left);
  });
  return [...new Set(places)];
}"""


async def test_a_name_from_the_right_begins_where_its_column_does(page_as: OpenPage, site: Site) -> None:
    workspace_id = await site.new_workspace()
    await site.call("POST", "/v1/api-keys", {"name": "مفتاح المتجر", "role": "viewer"}, key=await site.key_of(workspace_id))
    page = await page_as("admin", "/app/api-keys", workspace_id=workspace_id)
    name = page.get_by_text("مفتاح المتجر", exact=True)
    assert await name.evaluate("(one) => getComputedStyle(one).unicodeBidi") == "plaintext"
    assert len(await page.get_by_role("cell").filter(has=name).evaluate(LEFTS)) == 1
