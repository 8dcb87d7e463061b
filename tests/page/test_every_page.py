"""What holds for each page that routes.py names: it opens with its figures, can be read and used by everybody, fits a small window."""

import re

import pytest
from benchmarks.page.paint import CLS
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import cut_off, narrow, overflow_px, settled, shift_of
from tests.page.conftest import OpenPage
from tests.page.routes import ROUTES, Route

NARROW_PX = 320
"""WCAG 1.4.10: content reflows down to it without scrolling to the side."""


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_it_opens_and_everybody_can_use_it(page_as: OpenPage, route: Route) -> None:
    page = await page_as(route.role, route.path, alone=True)  # Another's new row would move what stands below it.
    shift, moved = await shift_of(page)
    assert shift <= CLS, f"what was shown moved by {shift:.3f}: {moved}"
    if route.without:  # What lies over the page may come after it: axe looks at both as they stay.
        await expect(page.get_by_role("dialog")).to_be_visible()
        await settled(page)
    # The frame stands before the page does: its heading and title come with it.
    await expect(page.locator("h1")).to_have_count(1)
    await expect(page).to_have_title(re.compile("Burnish$"))
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.locator("main")).to_have_count(1)
    await check_axe(page, without=route.without)
    await narrow(page, NARROW_PX)
    beyond_px, guilty = await overflow_px(page)
    assert beyond_px <= 0, f"{beyond_px} px wider than a window of {NARROW_PX}: {guilty}"
    assert not (cut := await cut_off(page)), f"cut off in a window of {NARROW_PX}: {cut}"


def test_each_picture_has_a_name_of_its_own() -> None:
    names = [route.name for route in ROUTES]
    assert len(set(names)) == len(names)
