"""`make screenshots`: each page of routes.py in both themes and at 360 px, in .screenshots. `ARGS='-k prompts'`: those alone."""

import pytest

from tests.page.browser import narrow, screenshot, set_theme
from tests.page.conftest import OpenPage
from tests.page.routes import ROUTES, Route

NARROW_PX = 360


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_picture(page_as: OpenPage, route: Route) -> None:
    page = await page_as(route.role, route.path)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"{route.name}-{theme}", whole=True)
    await set_theme(page, "light")
    await narrow(page, NARROW_PX)
    await screenshot(page, f"{route.name}-narrow", whole=True)
