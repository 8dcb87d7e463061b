"""Batches: a file that is uploaded, what it may cost, how it goes on, and what comes of it."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, closed, expect_console, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = [pytest.mark.capability("U1"), pytest.mark.capability("E15")]


async def test_a_file_becomes_a_batch_whose_answers_are_taken_away(page_as: OpenPage, site: Site) -> None:
    slug, name = await _greeting(site), f"names-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/runs")
    await page.get_by_role("navigation", name="Runs").get_by_role("link", name="Batches").click()
    await page.get_by_role("button", name="New batch").first.click()
    dialog = page.get_by_role("dialog", name="New batch")
    await dialog.get_by_label("File of JSON lines").set_input_files(_file(name, _lines("Ada", "Grace", "Hedy")))
    await expect(dialog.get_by_role("button", name=f"File: {name}.jsonl")).to_be_visible()
    await _choose(page, dialog.get_by_role("button", name="Prompt: "), slug)
    await expect(dialog.get_by_text("Never more than")).to_be_visible()
    await expect(dialog.locator("dd").first).to_have_text("3")
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "batches/form")
    await dialog.get_by_role("button", name="Start the batch").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("completed", timeout=2 * PATIENCE_MS)
    results = page.get_by_role("table", name="Results")
    await expect(results.get_by_role("row")).to_have_count(4)
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="Download").click()
    lines = [json.loads(line) for line in Path(await (await waiting.value).path()).read_text().splitlines()]
    assert [one["custom_id"] for one in lines] == ["Ada", "Grace", "Hedy"] and all(one["error"] is None for one in lines)
    await results.get_by_role("button").first.click()
    drawer = page.get_by_role("dialog", name="Ada")
    await drawer.get_by_role("link", name="Open the run").click()
    await expect(page).to_have_url(f"{site.url}/app/runs/{lines[0]['response']['request_id']}")


async def test_a_batch_waits_is_begun_and_cancelled(page_as: OpenPage, site: Site) -> None:
    slug, name = await _greeting(site), f"waits-{uuid4().hex[:8]}"
    made = await site.call("POST", "/v1/batches", {"name": name, "paused": True, "request": {"prompt": slug}, "inputs": _inputs("Ada")})
    page = await page_as("editor", f"/app/batches/{made['id']}")
    await expect(page.get_by_text("Nothing more begins until it is resumed.")).to_be_visible()
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("completed", timeout=2 * PATIENCE_MS)
    await expect(page.get_by_role("table", name="Results").get_by_role("row")).to_have_count(2)

    other = await site.call(
        "POST", "/v1/batches", {"name": name, "paused": True, "request": {"prompt": slug}, "inputs": _inputs("Ada", "Bo")}
    )
    await page.goto(f"/app/batches/{other['id']}")
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("dialog", name="Cancel this batch?").get_by_role("button", name="Cancel the batch").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("cancelled", timeout=2 * PATIENCE_MS)
    assert (await site.call("GET", f"/v1/batches/{other['id']}"))["status"] == "cancelled"


async def test_a_batch_that_used_up_its_ceiling_goes_on_with_a_higher_one(page_as: OpenPage, site: Site) -> None:
    slug = await _greeting(site)
    body = {"request": {"prompt": slug}, "inputs": _inputs(*(f"guest {n}" for n in range(8)))}
    most = (await site.call("POST", "/v1/batches/estimate", body))["most_nusd"]
    made = await site.call("POST", "/v1/batches", body | {"max_cost_nusd": most // 8 + 1_000})
    page = await page_as("editor", f"/app/batches/{made['id']}")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("paused: funds", timeout=2 * PATIENCE_MS)
    await page.get_by_role("button", name="Resume").click()
    dialog = page.get_by_role("dialog", name="Resume with a higher ceiling")
    await dialog.get_by_label("Cost ceiling, $").fill("0.0000001")
    await expect(dialog.get_by_role("button", name="Resume")).to_be_disabled()
    await dialog.get_by_label("Cost ceiling, $").fill("0.1")
    await dialog.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("completed", timeout=2 * PATIENCE_MS)
    assert (await site.call("GET", f"/v1/batches/{made['id']}"))["request_counts"]["completed"] == 8


async def test_places_within_places_are_found_by_their_names(page_as: OpenPage, site: Site) -> None:
    # Without prompts: those with such words stand above the places.
    page = await page_as("viewer", "/app/prompts", workspace_id=await site.new_workspace("Places"))
    for typed, label, path in (
        ("batches", "Batches", "/app/batches"),
        ("jsonl files", "Files of batches", "/app/batches/files"),
        ("ad hoc", "Calls without a prompt", "/app/groups"),
        ("fallback", "Routing", "/app/routing"),
        ("audit log", "Audit log", "/app/team?tab=audit"),
        ("model moves", "Model moves", "/app/optimize/migrations"),
    ):
        await page.keyboard.press("Control+k")
        search = page.get_by_role("dialog", name="Search or jump")
        await search.get_by_role("combobox").fill(typed)
        await expect(search.get_by_role("option", selected=True)).to_contain_text(label)
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(site.url + path)


async def test_rows_of_a_dataset_go_through_a_prompt(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/batches?new=1&prompt={prompt}&dataset={dataset}")
    dialog = page.get_by_role("dialog", name="New batch")
    await dialog.get_by_label("Rows", exact=True).select_option("validation")
    await dialog.get_by_role("button", name="Take these rows").click()
    await expect(dialog.get_by_text("Never more than")).to_be_visible(timeout=2 * PATIENCE_MS)
    counts = (await site.call("GET", f"/v1/datasets/{site.ids['dataset']}"))["counts"]
    await expect(dialog.locator("dd").first).to_have_text(str(counts["validation"]))
    await dialog.get_by_label("Wait before it begins").check()
    await dialog.get_by_role("button", name="Make it ready").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("paused")
    await expect(page).to_have_url(re.compile("/app/batches/[0-9a-f-]{36}$"))
    batch = page.url.rsplit("/", 1)[1]
    assert (await site.call("GET", f"/v1/batches/{batch}"))["request_counts"]["total"] == counts["validation"]
    await site.call("POST", f"/v1/batches/{batch}/cancel")


async def test_what_is_wrong_with_a_file_is_said_where_it_is_chosen(page_as: OpenPage, site: Site) -> None:
    slug, name = await _greeting(site), f"odd-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/batches?new=1")
    expect_console(page, "status of 422")
    dialog = page.get_by_role("dialog", name="New batch")
    await dialog.get_by_label("File of JSON lines").set_input_files(_file(name, "name,ticket\nAda,lost\n"))
    await expect(dialog.get_by_role("alert").filter(has_text="The first line is no JSON.")).to_be_visible()
    await dialog.get_by_label("File of JSON lines").set_input_files(
        _file(name, '{"custom_id": "a", "variables": {"who": "Ada"}}\n' + _lines("Bo"))
    )
    await _choose(page, dialog.get_by_role("button", name="Prompt: "), slug)
    problems = dialog.get_by_role("list", name="Lines that cannot run")
    await expect(problems).to_contain_text("1:")
    await expect(problems.get_by_role("listitem")).to_have_count(1)
    await expect(dialog.get_by_role("button", name="Start the batch")).to_be_enabled()


async def test_files_are_listed_used_and_deleted(page_as: OpenPage, site: Site) -> None:
    name = f"kept-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/batches/files")
    await page.get_by_label("File of JSON lines").first.set_input_files(_file(name, _lines("Ada")))
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_be_visible()
    await settled(page)
    await check_axe(page)
    await row.get_by_role("button", name=f"What to do with {name}.jsonl").click()
    await page.get_by_role("menuitem", name="Make a batch of it").click()
    await expect(page.get_by_role("dialog", name="New batch").get_by_role("button", name=f"File: {name}.jsonl")).to_be_visible()
    await page.go_back()
    await row.get_by_role("button", name=f"What to do with {name}.jsonl").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("dialog", name=f"Delete {name}.jsonl?").get_by_role("button", name="Delete").click()
    await closed(page)
    await expect(row).to_have_count(0)


async def test_a_viewer_sees_batches_and_begins_none(page_as: OpenPage, site: Site) -> None:
    slug = await _greeting(site)
    made = await site.call("POST", "/v1/batches", {"paused": True, "request": {"prompt": slug}, "inputs": _inputs("Ada")})
    page = await page_as("viewer", "/app/batches")
    await expect(page.get_by_role("table", name="Batches")).to_be_visible()
    await expect(page.get_by_role("button", name="New batch").first).to_be_disabled()
    await page.goto(f"/app/batches/{made['id']}")
    await expect(page.get_by_role("button", name="Begin")).to_be_disabled()
    await expect(page.get_by_role("button", name="Cancel")).to_be_disabled()
    await site.call("POST", f"/v1/batches/{made['id']}/cancel")


async def _greeting(site: Site) -> str:
    slug = f"greeting-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Greet {{name}}.", "model": "simulated/chat"})
    return slug


def _inputs(*names: str) -> list[dict[str, Any]]:
    return [{"custom_id": name, "variables": {"name": name}} for name in names]


def _lines(*names: str) -> str:
    return "".join(json.dumps(one) + "\n" for one in _inputs(*names))


def _file(name: str, text: str) -> Any:
    return {"name": f"{name}.jsonl", "mimeType": "application/x-ndjson", "buffer": text.encode()}


async def _choose(page: Page, button: Any, value: str) -> None:
    """One of a Combobox, found by typing."""
    await button.click()
    await page.locator("[cmdk-input]").last.fill(value)
    await page.get_by_role("option", name=value).first.click()
