"""Search boxes: whatever is pasted finds something or nothing, and is never a refusal in place of the page."""

import pytest
from playwright.async_api import Locator, Page, Response, expect

from tests.page.browser import settled
from tests.page.conftest import OpenPage

PAGES = [
    "/app/prompts", "/app/chains", "/app/datasets", "/app/datasets/{dataset}", "/app/library", "/app/library/templates", "/app/runs",
    "/app/sessions", "/app/analytics/feedback", "/app/team?tab=audit", "/app/webhooks?tab=deliveries",
]  # fmt: skip
"""Those whose boxes ask the API."""

LONG = "x" * 400
ODD = "\x00a] Ünï_%\\ \"' <b>"


@pytest.mark.parametrize("path", PAGES)
async def test_what_is_too_long_or_odd_for_a_search_is_no_error(page_as: OpenPage, path: str) -> None:
    page = await page_as("admin", path)
    refused: list[str] = []

    def note(answer: Response) -> None:
        if answer.status >= 400:
            refused.append(f"{answer.status} {answer.url}")

    page.on("response", note)
    more = page.get_by_role("main").get_by_role("button", name="More filters")
    if await more.count():
        await more.click()
    boxes = page.get_by_role("main").locator("input[type=search]")
    await expect(boxes.first).to_be_visible()
    for number in range(await boxes.count()):
        for text in (LONG, ODD):
            await _paste(page, boxes.nth(number), text)
            await settled(page)
    assert not refused, "\n".join(refused)


async def _paste(page: Page, box: Locator, text: str) -> None:
    """As the clipboard gives it, in place of what stood there; and waits until the address says so, which the question follows."""
    await box.click()
    await box.press("Control+a")
    await page.keyboard.insert_text(text)
    await expect(box).not_to_have_value("")
    start = (await box.input_value()).strip()[:8]
    await page.wait_for_function(
        "(start) => [...new URLSearchParams(location.search).values()].some((one) => one.includes(start))", arg=start
    )
