"""The test gate of one prompt: set by an admin on its settings, read by everybody."""

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import screenshot, told
from tests.page.conftest import OpenPage
from tests.page.experiments import scoring, two_versions
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1", "P5")


async def test_a_prompt_is_given_a_gate_of_its_own(page_as: OpenPage, site: Site) -> None:
    slug = await two_versions(site)
    one, name, _ = await scoring(site, slug)
    page = await page_as("admin", f"/app/prompts/{slug}?tab=settings")
    gate = page.get_by_role("region", name="Test gate")
    await gate.get_by_label("A test run").select_option("yes")
    await gate.get_by_label("Without a right answer, judged by").select_option(one)
    await gate.get_by_label("Mean score, at least").fill("0.7")
    await check_axe(page)
    await screenshot(page, "prompts/gate", whole=True)
    await gate.get_by_role("button", name="Save the gate").click()
    await told(page, "Saved")
    await expect(gate).to_contain_text(f"without a right answer, a mean score of 0.7 by {name}")
    kept = await site.call("GET", f"/v1/prompts/{slug}/gate")
    assert (kept["test_run_gate"], kept["gate_evaluator_id"], kept["gate_min_score"]) == (True, one, 0.7)
    reader = await page_as("editor", f"/app/prompts/{slug}?tab=settings")
    await expect(reader.get_by_role("region", name="Test gate").get_by_label("A test run")).to_be_disabled()
