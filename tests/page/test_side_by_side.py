"""Versions times models of one prompt, side by side in the playground."""

import asyncio
import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, expect_console, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")


@pytest.mark.capability("E16")
async def test_versions_and_models_become_columns_that_run_together(page_as: OpenPage, site: Site) -> None:
    slug = f"beside-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Greet {{name}}.", "model": "simulated/chat"})
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"template": "Greet {{name}} warmly.", "base_version": 1})
    page = await page_as("editor", f"/app/playground?prompt={slug}&version=1")
    await page.get_by_role("button", name="Side by side…").click()
    dialog = page.get_by_role("dialog", name="Side by side")
    await expect(dialog.get_by_role("button", name="Take v1 away")).to_be_visible()
    await dialog.get_by_role("button", name="Add a version").click()
    await page.get_by_role("option", name=re.compile("^v2")).click()
    for model in ("simulated/chat", "simulated/reader"):
        await dialog.get_by_role("button", name="Add a model").click()
        await page.get_by_role("option", name=model).click()
    await expect(dialog.get_by_text("These are 4 columns; 3 are the most.")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Make the columns")).to_be_disabled()
    await dialog.get_by_role("button", name="Take simulated/chat away").click()
    await expect(dialog.get_by_role("list", name="Columns").get_by_role("listitem")).to_have_count(2)
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "playground/side-by-side")
    await dialog.get_by_role("button", name="Make 2 columns").click()
    await page.get_by_label("Value of name").fill("Ada")
    await page.get_by_role("button", name="Run all").click()
    for name in ("A", "B"):
        column = page.get_by_role("region", name=f"Column {name}")
        await expect(column.get_by_role("button", name=re.compile("^Model"))).to_contain_text("simulated/reader")
        await expect(column.get_by_role("group", name=f"Answer {name}").get_by_text("Done")).to_be_visible(timeout=2 * PATIENCE_MS)
    await settled(page)
    # The address follows what one does a moment later: typing would write it at every key.
    for part in ("version=1", "version2=2", "model=simulated%2Freader", "model2=simulated%2Freader"):
        await expect(page).to_have_url(re.compile(rf"[?&]{part}(&|#|$)"))
    async with asyncio.timeout(PATIENCE_MS / 1_000):  # Runs are booked some tenths of a second after their answer.
        while len(found := (await site.call("GET", f"/v1/executions?prompt={slug}"))["data"]) < 2:
            await asyncio.sleep(0.1)
    assert {(one["version"], one["model"]) for one in found} == {(1, "simulated/reader"), (2, "simulated/reader")}


async def test_columns_that_fail_say_what_to_do_and_are_tried_again(page_as: OpenPage, site: Site) -> None:
    model, slug = f"broken-{uuid4().hex[:8]}", f"broken-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/models", {
        "model": model, "provider": "simulated", "upstream_model": "fault/error,status=400", "context_tokens": 100_000,
        "output_tokens": 4096, "input_price_nusd_per_million": 2_000_000_000, "output_price_nusd_per_million": 8_000_000_000,
    })  # fmt: skip
    await site.call("POST", "/v1/prompts", {"slug": slug, "messages": [{"role": "user", "content": "Hello"}], "model": model})
    page = await page_as("editor", f"/app/playground?columns=2&prompt={slug}&prompt2={slug}", theme="dark")
    expect_console(page, "status of 400")
    await settled(page)
    await page.get_by_role("button", name="Run all").click()
    answers = [page.get_by_role("group", name=f"Answer {name}") for name in "AB"]
    for answer in answers:
        await expect(answer.get_by_role("alert")).to_contain_text("The provider answered 400")
        await expect(answer.get_by_role("link", name="The model")).to_have_attribute("href", re.compile(f"/models.*{model}"))
    await expect(page.get_by_text("No column answered, so there is nothing to compare.")).to_be_visible()
    await settled(page)
    await check_axe(page)
    first = await answers[0].get_by_role("link", name="This run").get_attribute("href")
    await answers[0].get_by_role("button", name="Try again").focus()
    await page.keyboard.press("Enter")
    await expect(answers[0]).to_be_focused()
    await expect(answers[0].get_by_role("link", name="This run")).not_to_have_attribute("href", first or "")
    await expect(answers[0].get_by_role("alert")).to_contain_text("The provider answered 400")
    await page.keyboard.press("Tab")
    await expect(answers[0].get_by_role("button", name="Try again")).to_be_focused()
