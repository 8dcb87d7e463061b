"""Guardrails: made by a form and tried first, switched off and on, found again where a run was stopped; masks in what is stored."""

import asyncio
import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, closed, escape, expect_console, messages_stay, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1", "E18")

BEHIND = ("region", "aria-hidden-focus")


async def own_prompt(site: Site) -> str:
    slug = f"guarded-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Say {{x}}", "model": "simulated/chat", "label": "production"})
    return slug


async def test_words_are_denied_tried_first_and_found_where_they_stopped_a_run(page_as: OpenPage, site: Site) -> None:
    slug, name = await own_prompt(site), f"no falcons {uuid4().hex[:6]}"
    page = await page_as("admin", "/app/guardrails")
    await page.get_by_role("button", name="New guardrail").click()
    dialog = page.get_by_role("dialog", name="New guardrail")
    await dialog.get_by_label("What it looks for").select_option("deny")
    await dialog.get_by_label("Name (required)").fill(name)
    make = dialog.get_by_role("button", name="Make it")
    await expect(make).to_be_disabled()
    await dialog.get_by_label("Phrases").fill("peregrine falcon")
    await dialog.get_by_role("button", name="Prompts: Add a prompt").click()
    await page.get_by_role("dialog", name="Prompts").get_by_role("combobox").fill(slug)
    await page.get_by_role("option", name=slug).click()
    await dialog.get_by_role("textbox", name="Text").fill("Have you seen a Peregrine  falcon?")
    await dialog.get_by_role("button", name="Try it").click()
    await expect(dialog.get_by_role("group", name="What became of the text")).to_contain_text("Stopped.")
    await check_axe(page, without=BEHIND)
    await make.click()
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("Stops “peregrine falcon”")
    [kept] = [one for one in (await site.call("GET", "/v1/guardrails"))["data"] if one["name"] == name]
    assert (kept["prompts"], kept["sides"], kept["settings"]["phrases"]) == ([slug], ["in"], ["peregrine falcon"])

    execution = await stopped_run(site, slug)
    await page.get_by_role("link", name="runs that were stopped").click()
    await expect(page).to_have_url(re.compile(r"/app/runs\?status=blocked$"))
    await settled(page)
    await page.goto(f"/app/runs/{execution}")
    await page.get_by_role("link", name="The guardrail").click()
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_have_attribute("aria-selected", "true")

    await messages_stay(page)
    await row.get_by_role("switch").click()
    await told(page, f"{name} is off: it lets everything pass")
    await expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    await page.get_by_role("button", name="Undo").click()
    await expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    await row.get_by_role("button", name="What to do with").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await closed(page)
    await expect(row).to_have_count(0)
    assert name not in [one["name"] for one in (await site.call("GET", "/v1/guardrails"))["data"]]


async def stopped_run(site: Site, slug: str) -> str:
    """A run that the guardrail stopped; it is heard of within about a second."""
    headers = {"authorization": f"Bearer {site.api_key}"}
    body = {"prompt": slug, "variables": {"x": "a peregrine falcon"}}
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while True:
            async with site.session.post(f"{site.url}/v1/executions", json=body, headers=headers) as answer:
                said = await answer.json()
            if answer.status == 422:
                assert said["error"]["code"] == "guardrail_blocked"
                break
            await asyncio.sleep(0.1)
        execution = str(said["error"]["details"]["execution_id"])
        while not (await site.call("GET", f"/v1/executions?prompt={slug}&status=blocked"))["data"]:
            await asyncio.sleep(0.1)
    return execution


async def test_a_saved_guardrail_shows_what_a_text_becomes_and_a_fault_stands_at_its_field(page_as: OpenPage, site: Site) -> None:
    slug, name = await own_prompt(site), f"our customers {uuid4().hex[:6]}"
    settings = {"kind": "personal_data", "kinds": ["email"]}
    made = await site.call("POST", "/v1/guardrails", {"name": name, "prompts": [slug], "settings": settings})
    page = await page_as("admin", f"/app/guardrails?edit={made['id']}")
    dialog = page.get_by_role("dialog", name=f"Change {name}")
    await dialog.get_by_role("button", name="Add a pattern").click()
    pattern = dialog.get_by_role("group", name="Pattern 1")
    await pattern.get_by_label("Name").fill("customer")
    await pattern.get_by_label("Expression").fill("C-[0-9]{7}(")
    expect_console(page, "status of 422")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("group", name="Your own patterns").get_by_role("alert")).to_contain_text("customer")
    await pattern.get_by_label("Expression").fill("C-[0-9]{7}")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)

    text = page.get_by_role("region", name="Try a text")
    await text.get_by_role("textbox", name="Text").fill("ann@example.com is C-1234567.")
    await text.get_by_role("button", name="Prompt: A call without a prompt").click()
    await page.get_by_role("dialog", name="Prompt").get_by_role("combobox").fill(slug)
    await page.get_by_role("option", name=slug).click()
    async with asyncio.timeout(PATIENCE_MS / 1_000):  # A change is seen within a second.
        while "[CUSTOMER_1]" not in await text.inner_text():
            await text.get_by_role("button", name="Try it").click()
            await asyncio.sleep(0.2)
    shown = text.get_by_role("group", name="What became of the text")
    await expect(shown).to_contain_text("[EMAIL_1] is [CUSTOMER_1].")
    await expect(shown).to_contain_text("1 × customer")
    await site.call("DELETE", f"/v1/guardrails/{made['id']}")


async def test_what_is_stored_is_masked_after_it_was_seen_on_a_text(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/guardrails?tab=stored", workspace_id=await site.new_workspace())
    await expect(page.get_by_text("Nothing is masked yet: text is stored as it is.")).to_be_visible()
    await page.get_by_label("E-mail addresses").check()
    preview = page.get_by_role("region", name="See it on a text")
    await expect(preview).to_contain_text("I am Ann, [EMAIL], IBAN DE89")
    await page.get_by_role("button", name="Save").click()
    await told(page, "Rows that are written from now on are masked so")
    await page.reload()
    await expect(page.get_by_label("E-mail addresses")).to_be_checked()
    await expect(page.get_by_label("IBANs")).not_to_be_checked()
    await check_axe(page)


async def test_a_workspace_without_any_says_what_they_are_for(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/guardrails", workspace_id=await site.new_workspace())
    await expect(page.get_by_text("Nothing is guarded yet")).to_be_visible()
    await page.keyboard.press("n")
    await expect(page.get_by_role("dialog", name="New guardrail").get_by_label("Name (required)")).to_be_focused()
    await escape(page, page.get_by_role("dialog", name="New guardrail"))
    await page.keyboard.press("ControlOrMeta+k")
    await page.get_by_role("combobox", name="Search or jump").fill("pii")
    await page.get_by_role("option", name="Masking of what is stored").click()
    await expect(page.get_by_role("tab", name="In what is stored")).to_have_attribute("aria-selected", "true")


async def test_a_viewer_looks_and_tries_and_reads_why_not_more(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/guardrails")
    new = page.get_by_role("button", name="New guardrail").first
    await expect(new).to_have_attribute("aria-disabled", "true")
    await new.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("Only an admin")
    await expect(page.get_by_role("switch", name="no personal data is on")).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("row").filter(has_text="no personal data").get_by_role("button", name="Masks").click()
    form = page.get_by_role("dialog")
    await expect(form.get_by_role("textbox", name="Name")).to_be_disabled()
    await expect(form.get_by_role("button", name="Save")).to_have_count(0)
    await escape(page, form)
    await page.get_by_role("region", name="Try a text").get_by_role("button", name="Try it").click()
    await expect(page.get_by_role("group", name="What became of the text")).to_be_visible()
    await page.get_by_role("tab", name="In what is stored").click()
    await expect(page.get_by_label("E-mail addresses")).to_be_disabled()
