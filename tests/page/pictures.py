"""`make pictures`: the page as README and documentation show it, in docs/pictures. Made anew when what they show has changed."""

import pytest

from tests.page.browser import ROOT, set_theme
from tests.page.conftest import OpenPage

SHOWN = {"suggestion": "/app/optimize/suggestions/{suggestion}", "search": "/app/optimize/{optimization}"}
WIDE_PX, TALL_PX = 1280, 860


@pytest.mark.parametrize("name", SHOWN)
async def test_picture(page_as: OpenPage, name: str) -> None:
    page = await page_as("admin", SHOWN[name])
    await page.set_viewport_size({"width": WIDE_PX, "height": TALL_PX})
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await page.screenshot(path=ROOT / "docs" / "pictures" / f"{name}-{theme}.png", animations="disabled")
