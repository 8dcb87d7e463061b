"""What is shown keeps its place while the rest comes, in whichever order the API answers."""

import pytest
from benchmarks.page.paint import CLS

from tests.page.browser import answered_backwards, settled, shift_of
from tests.page.conftest import OpenPage
from tests.page.routes import ROUTES, Route
from tests.page.site import Site

STACKED = (
    "prompt-results", "generations", "optimization", "experiment-settings", "scores", "batch", "routing-of-a-prompt", "guardrails",
    "known-models", "usage", "statement", "settings-organization", "settings-privacy",
)  # fmt: skip
"""Pages on which something stands below what has no height of its own before it is there."""

LATE_MS = 400
"""What comes after the figures, such as names and the next step, belongs to the page too."""


@pytest.mark.parametrize("route", [route for route in ROUTES if route.name in STACKED], ids=lambda route: route.name)
async def test_nothing_moves_when_what_stands_above_comes_last(page_as: OpenPage, site: Site, route: Route) -> None:
    page = await page_as(route.role, "/app/there-is-no-such-page")
    async with answered_backwards(page):
        await page.goto(site.at(route.path))
        await settled(page)
        await page.wait_for_timeout(LATE_MS)
    shift, moved = await shift_of(page)
    assert shift <= CLS, f"what was shown moved by {shift:.3f}: {moved}"


def test_each_of_them_is_a_page() -> None:
    assert set(STACKED) <= {route.name for route in ROUTES}
