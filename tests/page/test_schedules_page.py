"""Searches by the clock, and moves of prompts to another model: their caps and prices stand first, and what came of them is told."""

import asyncio
import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, messages_stay, screenshot
from tests.page.conftest import OpenPage
from tests.page.site import Site

BEHIND = ("region", "aria-hidden-focus")


@pytest.mark.capability("U1", "O1")
async def test_a_schedule_is_set_paused_changed_and_removed(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/optimize/schedules?new=1&prompt={prompt}")
    dataset = (await site.call("GET", f"/v1/datasets/{site.ids['dataset']}"))["name"]
    name = f"Nightly {uuid4().hex[:6]}"
    dialog = page.get_by_role("dialog", name="New schedule")
    await dialog.get_by_role("button", name="Dataset: Choose a dataset").click()
    await page.get_by_role("option", name=dataset).first.click()
    await dialog.get_by_label("At", exact=True).fill("04:30")
    await dialog.get_by_label("Time zone").fill("Europe/Vienna")
    await dialog.get_by_label("At most each time, $").fill("0.5")
    await dialog.get_by_label("At most a month, $").fill("2")
    await dialog.get_by_label("Name", exact=True).fill(name)
    await dialog.get_by_label("Method").select_option("evolutionary")
    await dialog.get_by_label("Texts in a generation").fill("6")
    await dialog.get_by_role("button", name="Version, models, what counts, limits").click()
    await dialog.get_by_label("Lines changed, at most").fill("3")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Set the schedule").click()
    await expect(page.get_by_text(f"{name} · daily at 04:30 · Europe/Vienna")).to_be_visible()
    await expect(page.get_by_text("of at most $2.00", exact=False).first).to_be_visible()
    [kept] = [one for one in (await site.call("GET", "/v1/optimization-schedules"))["data"] if one["name"] == name]
    assert (kept["cron"], float(kept["month_credits"]), kept["optimization"]["budget"]["credits"]) == ("30 4 * * *", 200, 50)
    asked = kept["optimization"]
    assert (asked["method"], asked["evolutionary"]["population"], asked["constraints"]["changed_lines_most"]) == ("evolutionary", 6, 3)
    await expect(page.get_by_text("Evolutionary", exact=True)).to_be_visible()

    await messages_stay(page)
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("None while it is paused", exact=False)).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await page.get_by_role("button", name="Change").click()
    dialog = page.get_by_role("dialog", name="Change the schedule")
    await expect(dialog.get_by_label("Texts in a generation")).to_have_value("6")
    await dialog.get_by_label("Cron line").fill("0 6 * * 1")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Mondays at 06:00", exact=False)).to_be_visible()
    await page.get_by_role("button", name="Remove").click()
    await page.get_by_role("button", name="Remove it").click()
    await page.wait_for_url("**/app/optimize/schedules")
    assert name not in [one["name"] for one in (await site.call("GET", "/v1/optimization-schedules"))["data"]]


@pytest.mark.capability("U1", "E5")
async def test_prompts_move_to_another_model_after_they_were_measured(page_as: OpenPage, site: Site) -> None:
    slug = f"moving-{uuid4().hex[:8]}"
    base = await site.call("GET", f"/v1/prompts/{site.ids['prompt']}?version=1")
    body = {name: base[name] for name in ("messages", "temperature")} | {"slug": slug, "label": "production", "model": "simulated/chat"}
    await site.call("POST", "/v1/prompts", body)
    run = await site.call("POST", "/v1/test-runs", {"prompt": slug, "version": 1, "dataset_id": site.ids["dataset"], "split": "validation"})
    async with asyncio.timeout(3 * PATIENCE_MS / 1_000):
        while (await site.call("GET", f"/v1/test-runs/{run['id']}"))["status"] != "completed":
            await asyncio.sleep(0.1)

    page = await page_as("editor", "/app/optimize/migrations?new=1&model=simulated/chat&successor=simulated/reader")
    dialog = page.get_by_role("dialog", name="Move prompts to another model")
    await dialog.get_by_role("button", name="Prompts: All that call it").click()
    await page.get_by_placeholder("Type to find").fill(slug)
    await page.get_by_role("option", name=slug).click()
    how = dialog.get_by_role("group", name="How it searches")
    await how.get_by_label("Method", exact=True).select_option("evolutionary")
    await how.get_by_label("Texts in a generation").fill("6")
    await how.get_by_label("Cost ceiling of each, $").fill("0.5")
    await how.get_by_label("Minutes of each, at most").fill("10")
    await how.get_by_role("button", name="Model, what counts, limits").click()
    await how.get_by_label("Seed").fill("7")
    await how.get_by_role("button", name="Choose metrics").click()
    asks = lambda one: one.url.endswith("/v1/model-migrations/forecast") and '"tokens_most":900' in (one.post_data or "")  # noqa: E731
    async with page.expect_request(asks) as sent:
        await how.get_by_label("Tokens, at most").fill("900")
    search = (await sent.value).post_data_json["search"]
    assert (search["method"], search["evolutionary"]["population"], search["seed"]) == ("evolutionary", 6, 7)
    assert search["metrics"] == [{"metric": "accuracy", "weight": 1}]
    assert search["budget"] == {"evaluations": 2000, "credits": 50, "seconds": 600}
    await check_axe(page, without=BEHIND)
    await dialog.get_by_label("Look for a better text where it is worse").uncheck()
    await expect(dialog).to_contain_text("1 version")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_label("Look for a better text where it is worse").check()
    await expect(dialog).to_contain_text("If all are searched")
    await dialog.get_by_role("button", name="Measure and move").click()
    table = page.get_by_role("table", name="Prompt versions")
    await expect(table).to_contain_text(f"{slug} v1")
    await expect(table).to_contain_text("as good", timeout=3 * PATIENCE_MS)
    await expect(table.get_by_role("link", name="Compared")).to_be_visible()
    await expect(page.get_by_text("1 version for the new model.")).to_be_visible()
    told = page.get_by_role("region", name="How it searches")
    for words in ("Evolutionary", "Right (equal to the expected answer), weight 1", "900", "$0.50", re.compile("10.min")):
        await expect(told).to_contain_text(words)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"migrations/told-{theme}", whole=True)
    await expect(table.get_by_role("link", name="v2", exact=True)).to_be_visible()
    await check_axe(page)
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["labels"]["production"] == 1
