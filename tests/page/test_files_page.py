"""Prompts leave as a bundle and come in from one, or from another tool: what would change is shown first."""

import json
from uuid import uuid4

import pytest
from playwright.async_api import FilePayload, expect

from tests.page.axe import check_axe
from tests.page.browser import expect_console
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

PROMPTFOO = """
description: tickets
providers: [openai:gpt-4o]
prompts: ["Which queue? {{ticket}}"]
tests:
  - vars: {ticket: "Where is my parcel?"}
    assert: [{type: equals, value: delivery}]
"""


def bundle_of(slug: str, *texts: str) -> bytes:
    versions = [
        {"version": n, "content": {"messages": [{"role": "user", "content": text}], "model": "auto"}} for n, text in enumerate(texts, 1)
    ]
    return json.dumps({"format": "burnish.bundle", "version": 1, "prompts": [{"slug": slug, "versions": versions}]}).encode()


async def test_a_bundle_says_what_it_would_change_and_is_brought_in(page_as: OpenPage, site: Site) -> None:
    slug = f"moved-{uuid4().hex[:8]}"
    page = await page_as("admin", "/app/settings?tab=files")
    file = page.get_by_label("File to bring in")
    await file.set_input_files(FilePayload(name="prompts.json", mimeType="application/json", buffer=bundle_of(slug, "Hello {{name}}")))
    would = page.get_by_role("table", name="What would change")
    await expect(would.get_by_role("row").nth(1)).to_contain_text("1 version")
    await expect(would).to_contain_text("new")
    await check_axe(page)
    found = await site.call("GET", f"/v1/prompts?slug={slug}")
    assert found["data"] == [], "a look changes nothing"
    await page.get_by_role("button", name="Bring it in").click()
    await expect(page.get_by_role("table", name="What was brought in").get_by_role("link", name=slug)).to_be_visible()

    await file.set_input_files(FilePayload(name="again.json", mimeType="application/json", buffer=bundle_of(slug, "Hello {{name}}")))
    await expect(would).to_contain_text("is here already")
    await expect(page.get_by_role("button", name="Bring it in")).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("button", name="Take another").click()
    await file.set_input_files(
        FilePayload(name="longer.json", mimeType="application/json", buffer=bundle_of(slug, "Hello {{name}}", "Good day {{name}}"))
    )
    await expect(would).to_contain_text("goes on")
    await page.get_by_role("button", name="Bring it in").click()
    await expect(page.get_by_role("table", name="What was brought in")).to_be_visible()
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["latest_version"] == 2

    async with page.expect_download() as fetched:
        await page.get_by_role("button", name="Export prompts").click()
    assert slug in (await (await fetched.value).path()).read_text()


async def test_a_file_of_another_tool_is_read_by_its_format(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/settings?tab=files", workspace_id=await site.new_workspace("Foreign"))
    await page.get_by_label("Format").select_option("promptfoo")
    await page.get_by_label("File to bring in").set_input_files(
        FilePayload(name="promptfooconfig.yaml", mimeType="application/yaml", buffer=PROMPTFOO.encode())
    )
    would = page.get_by_role("table", name="What would change")
    await expect(would).to_contain_text("tickets")
    await expect(would).to_contain_text("dataset")
    await page.get_by_role("button", name="Bring it in").click()
    await page.get_by_role("table", name="What was brought in").get_by_role("link", name="tickets").click()
    await expect(page.get_by_role("heading", name="tickets", level=1)).to_be_visible()


async def test_the_models_of_a_litellm_proxy_come_by_its_configuration(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/settings?tab=files", workspace_id=await site.new_workspace("From LiteLLM"))
    config = (
        "model_list: [{model_name: house, litellm_params: {model: gpt-4o, api_key: sk-hidden}},"
        " {model_name: '*', litellm_params: {model: '*'}}]"
    )
    await page.get_by_label("File to bring in").set_input_files(
        FilePayload(name="config.yaml", mimeType="application/yaml", buffer=config.encode())
    )
    await expect(page.get_by_label("Format")).to_have_value("litellm")  # the file says whose it is
    would = page.get_by_role("table", name="What would change")
    await expect(would).to_contain_text("house")
    await page.set_viewport_size({"width": 390, "height": 844})
    await expect(would.get_by_role("columnheader")).to_have_text(["What", "Would be"])  # a third breaks names letter by letter
    await expect(page.get_by_text("stands for many models")).to_be_visible()
    await page.get_by_role("button", name="Bring it in").click()
    await expect(page.get_by_role("table", name="What was brought in")).to_contain_text("house")
    await expect(page.get_by_text("sk-hidden")).to_have_count(0)


async def test_what_cannot_be_read_is_told_with_its_place(page_as: OpenPage) -> None:
    page = await page_as("admin", "/app/settings?tab=files")
    expect_console(page, "status of 4")
    await page.get_by_label("File to bring in").set_input_files(
        FilePayload(name="no.json", mimeType="application/json", buffer=b'{"format": "burnish.bundle"')
    )
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_role("button", name="Bring it in")).to_have_count(0)


async def test_an_editor_learns_who_may(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/settings?tab=files")
    button = page.get_by_role("button", name="Choose a file")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await button.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("Only an admin")
