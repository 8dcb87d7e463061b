"""Calls that did not name a prompt: groups that become one, and runs of elsewhere that are brought in."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, expect_console, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")


@pytest.mark.capability("E1")
async def test_a_group_of_calls_becomes_a_prompt(page_as: OpenPage, site: Site) -> None:
    key = f"bakery-{uuid4().hex[:8]}"
    for text in ("Are you open on Sundays?", "Do you sell rye bread?"):
        messages = [{"role": "system", "content": "You are the help desk of a bakery."}, {"role": "user", "content": text}]
        await site.call("POST", "/v1/executions", {"model": "simulated/chat", "prompt_key": key, "messages": messages})
    # A call is counted a second or two after it ended.
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while not any(
            one["group_key"] == key and one["executions"] == 2 for one in (await site.call("GET", "/v1/execution-groups"))["data"]
        ):
            await asyncio.sleep(0.1)
    page = await page_as("editor", "/app/runs")
    await page.get_by_role("navigation", name="Runs").get_by_role("link", name="No prompt").click()
    row = page.get_by_role("table", name="Groups").get_by_role("row").filter(has_text=key)
    await row.get_by_role("button").first.click()
    drawer = page.get_by_role("dialog", name="Calls that belong together")
    await expect(drawer).to_contain_text("You are the help desk of a bakery.")
    await settled(page)
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "groups/group")
    await drawer.get_by_role("button", name="Make a prompt of it").click()
    form = page.get_by_role("dialog", name="Make a prompt of it")
    await expect(form.get_by_label("Slug")).to_have_value(key)
    await form.get_by_label("Slug").fill("No Slug")
    expect_console(page, "status of 422")
    await form.get_by_role("button", name="Make the prompt").click()
    await expect(form.get_by_role("alert")).to_be_visible()
    await form.get_by_label("Slug").fill(f"{key}-desk")
    await form.get_by_role("button", name="Make the prompt").click()
    await expect(page).to_have_url(f"{site.url}/app/prompts/{key}-desk")
    made = await site.call("GET", f"/v1/prompts/{key}-desk")
    assert made["messages"][0]["content"] == "You are the help desk of a bakery." and made["labels"]["production"] == 1
    await page.goto(f"/app/groups?group={key}")
    await expect(page.get_by_role("dialog", name="Calls that belong together")).to_contain_text(f"It is the prompt {key}-desk now.")


@pytest.mark.capability("E13")
async def test_runs_of_elsewhere_come_in_from_a_file(page_as: OpenPage, site: Site) -> None:
    mark = uuid4().hex[:8]
    page = await page_as("editor", "/app/runs")
    await page.get_by_role("button", name="Bring in runs").click()
    dialog = page.get_by_role("dialog", name="Bring in runs")
    lines = [_run(mark, 1), "", '{"id": "without a model"}', _run(mark, 2, prompt=f"none-{mark}")]
    await dialog.get_by_label("File of runs").set_input_files(_file("\n".join(lines)))
    told = dialog.get_by_role("status", name="What became of it")
    await expect(told).to_contain_text("2 runs brought in.", timeout=2 * PATIENCE_MS)
    await expect(told.get_by_role("list", name="Lines that could not be taken").get_by_role("listitem")).to_have_count(1)
    await expect(told).to_contain_text("Line 3:")
    await expect(told).to_contain_text(f"none-{mark}")
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "runs/import")
    await dialog.get_by_role("button", name="Done").click()
    found = (await site.call("GET", f"/v1/executions?user_id=ann-{mark}"))["data"]
    assert len(found) == 2 and {one["lane"] for one in found} == {"imported"}


@pytest.mark.capability("E13")
async def test_a_file_of_which_nothing_can_be_taken_says_why(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/runs?import=1")
    expect_console(page, "status of 422")
    dialog = page.get_by_role("dialog", name="Bring in runs")
    await dialog.get_by_label("File of runs").set_input_files(_file("no json\n{}\n"))
    told = dialog.get_by_role("status", name="What became of it")
    await expect(told).to_contain_text("0 runs brought in.")
    await expect(told.get_by_role("list", name="Lines that could not be taken").get_by_role("listitem")).to_have_count(2)


@pytest.mark.capability("E13")
async def test_runs_of_elsewhere_come_in_by_what_the_dialog_says_of_an_exporter(page_as: OpenPage, site: Site) -> None:
    mark = uuid4().hex[:8]
    page = await page_as("editor", "/app/runs?import=1")
    told = await page.get_by_role("dialog", name="Bring in runs").locator("pre").filter(has_text="OTEL_EXPORTER").inner_text()
    variables = dict(line.split("=", 1) for line in told.splitlines())
    name, _, key = variables["OTEL_EXPORTER_OTLP_TRACES_HEADERS"].strip('"').partition("=")
    now_ns = int(datetime.now(UTC).timestamp() * 1e9)
    said = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-5", "user.id": f"ann-{mark}", "output.value": "billing"}
    span = {
        "traceId": uuid4().hex, "spanId": uuid4().hex[:16], "name": "LLM", "startTimeUnixNano": str(now_ns), "endTimeUnixNano": str(now_ns),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in said.items()],
    }  # fmt: skip
    async with (
        aiohttp.ClientSession(headers={name: key.replace("bk_live_…", site.api_key)}) as session,
        session.post(
            variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], json={"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
        ) as answer,
    ):
        assert answer.status == 200, await answer.text()
    found = (await site.call("GET", f"/v1/executions?user_id=ann-{mark}"))["data"]
    assert [(one["model"], one["lane"]) for one in found] == [("gpt-5", "imported")]


async def test_a_viewer_brings_in_no_runs_and_makes_no_prompt(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/runs")
    await expect(page.get_by_role("button", name="Bring in runs")).to_be_disabled()
    await page.goto("/app/groups?group=page-desk")
    await expect(page.get_by_role("dialog").get_by_role("button", name="Make a prompt of it")).to_be_disabled()


def _run(mark: str, number: int, **more: Any) -> str:
    at = datetime.now(UTC).isoformat()
    return json.dumps(
        {"source": "desk", "id": f"{mark}-{number}", "model": "gpt-5", "finished_at": at, "user_id": f"ann-{mark}", "output": "billing"}
        | more
    )


def _file(text: str) -> Any:
    return {"name": "runs.jsonl", "mimeType": "application/x-ndjson", "buffer": text.encode()}
