"""The pages of prompts: nothing is lost or overwritten between writing a text and serving it, and what was done can be undone."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, Route, expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, expect_console, floats_are_here, intercept, messages_stay, narrow, screenshot, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

SYSTEM = "Be brief."
USER = "Hello {{name}}"
BEHIND = ("region", "aria-hidden-focus")
"""What axe cannot judge while a dialog is open: what lies behind it holds controls, which the dialog keeps the focus from."""


async def make(site: Site, **more: Any) -> str:
    """A prompt of this test alone; its slug."""
    slug = f"page-{uuid4().hex[:8]}"
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}]
    await site.call("POST", "/v1/prompts", {"slug": slug, "messages": messages, "model": "simulated/chat"} | more)
    return slug


async def write(page: Page, text: str, *, message: int = 1) -> None:
    """At the end of a message."""
    await page.get_by_role("textbox", name=f"Message {message}", exact=True).click()
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.type(text)


async def save(page: Page, note: str) -> None:
    await page.keyboard.press("ControlOrMeta+s")
    await page.get_by_label("Note").fill(note)
    await page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()


def texts_of(version: dict[str, Any]) -> list[str]:
    return [message["content"] for message in version["messages"]]


@pytest.mark.capability("P9", "U1")
async def test_words_bring_what_fits_best_and_filters_know_all_prompts(page_as: OpenPage, site: Site) -> None:
    mark = f"zeb{uuid4().hex[:8]}"
    named = await make(
        site, description=f"Counts {mark}", tags=[f"{mark}-stripes"], categories=[f"{mark}-animals"], model="simulated/reader"
    )
    said = await make(site, messages=[{"role": "user", "content": f"Is it a {mark}?"}], tags=[f"{mark}-spots"], use_case=f"{mark} in a zoo")
    page = await page_as("editor", f"/app/prompts?q={mark}")
    rows = page.get_by_role("table", name="Prompts").locator("tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text(named)
    order = page.get_by_label("Order")
    await expect(order).to_have_value("relevance")
    await order.select_option("created")
    await expect(rows.first).to_contain_text(said)

    await page.get_by_role("button", name="More filters").click()
    more = page.get_by_role("group", name="More filters")
    await more.get_by_role("button", name=re.compile("^Category")).click()
    await page.get_by_role("option", name=f"{mark}-animals").click()
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(re.compile(f"category={mark}-animals"))
    await page.get_by_role("button", name=re.compile("^Tag")).click()
    await expect(page.get_by_role("option", name=f"{mark}-spots")).to_contain_text("1 prompt")
    await page.keyboard.press("Escape")
    await more.get_by_role("button", name=re.compile("^Author")).click()
    await expect(page.get_by_role("option", name=re.compile("API key"))).not_to_have_count(0)
    await page.keyboard.press("Escape")
    await more.get_by_role("button", name=re.compile("^Model")).click()
    await page.get_by_role("option", name="simulated/chat").click()
    await expect(page.get_by_text("Nothing has these words and this model and this category.")).to_be_visible()
    await check_axe(page)
    await page.reload()
    await expect(more).to_be_visible()
    await page.get_by_role("button", name="Show all").click()
    await expect(page.get_by_role("button", name="More filters", exact=True)).to_be_visible()
    await expect(order).to_have_value("created")

    await page.goto(f"/app/prompts?use_case={mark}+in+a+zoo")
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text(said)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"prompts-filtered-{theme}")
    await narrow(page, 320)


@pytest.mark.capability("P1", "P3")
async def test_a_text_is_changed_compared_served_and_taken_back(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    await write(page, " Be kind.")
    await expect(page.get_by_text("Not saved: Text")).to_be_visible()
    await save(page, "kinder")
    await told(page, "v2 is saved")
    saved = await site.call("GET", f"/v1/prompts/{slug}/versions/2")
    assert texts_of(saved) == [f"{SYSTEM} Be kind.", USER]
    assert (saved["message"], saved["base_version"]) == ("kinder", 1)

    await page.get_by_role("tab", name="Versions").click()
    await expect(page.get_by_role("figure", name=re.compile("Message 1, system: v1 against v2"))).to_contain_text("Be kind.")
    await check_axe(page)
    await page.get_by_role("button", name="Move a label here…").click()
    await page.get_by_label("Reason").fill("tested by hand")
    await check_axe(page, without=BEHIND)
    await messages_stay(page)
    await page.get_by_role("button", name="Move production").click()
    await told(page, "production is v2")
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["labels"]["production"] == 2
    await page.get_by_role("button", name="Undo").click()
    await told(page, "production is back at v1")
    moves = (await site.call("GET", f"/v1/prompts/{slug}/labels/production/history"))["data"]
    assert [(one["version"], one["reason"]) for one in moves] == [(1, "Undo"), (2, "tested by hand"), (1, "")]


@pytest.mark.capability("P1", "U1")
async def test_tools_checks_and_the_cache_are_set_by_hand_and_kept_as_the_api_has_them(page_as: OpenPage, site: Site) -> None:
    slug = await make(site, output_format="structured", json_schema={"type": "object"}, extra={"top_k": 40}, config={"voice": "warm"})
    page = await page_as("editor", f"/app/prompts/{slug}")
    await page.get_by_role("button", name="Add a tool").click()
    tool = page.get_by_role("region", name="Tool look_up")
    await tool.get_by_label("What it does").fill("Finds an order.")
    await page.get_by_label("The model calls").select_option(label="look_up")
    await page.get_by_role("button", name="Check the input").click()
    await page.get_by_role("button", name="Check the answer").click()
    await page.get_by_label("At most", exact=True).fill("280")
    await page.get_by_label("Answers again").select_option("always")
    await page.get_by_label("For, s", exact=True).fill("60")
    await check_axe(page)
    await screenshot(page, "prompt-tools-and-checks")
    await save(page, "By hand")
    await told(page, "v2 is saved")
    version = await site.call("GET", f"/v1/prompts/{slug}/versions/2")
    assert version["tools"] == [
        {
            "type": "function",
            "function": {"name": "look_up", "description": "Finds an order.", "parameters": {"type": "object", "properties": {}}},
        }
    ]
    assert version["tool_choice"] == {"type": "function", "function": {"name": "look_up"}}
    assert version["input_validators"] == [{"name": "size", "settings": {"kind": "size", "most_characters": 10_000}}]
    assert version["output_validators"] == [{"name": "length", "settings": {"kind": "length", "most_characters": 280}}]
    assert version["cache"] == {"mode": "always", "ttl_s": 60}
    assert (version["extra"], version["config"]) == ({"top_k": 40}, {"voice": "warm"})


@pytest.mark.capability("P3")
async def test_a_label_goes_back_from_its_history(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "max_tokens": 20})
    await site.call("PUT", f"/v1/prompts/{slug}/labels/production", {"version": 2, "reason": "shorter"})
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions", theme="dark")
    await page.get_by_role("button", name="roll back").click()
    drawer = page.get_by_role("dialog", name="Label production")
    await expect(drawer).to_contain_text("shorter")
    await check_axe(page, without=BEHIND)
    await drawer.get_by_role("button", name="Roll back to v1…").click()
    await expect(page.get_by_role("table", name="Settings that differ")).to_contain_text("Max tokens")
    await page.get_by_role("button", name="Roll production back").click()
    await expect(drawer).to_contain_text("It stands at v1.")
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["labels"]["production"] == 1


@pytest.mark.capability("P1")
async def test_what_somebody_saved_meanwhile_is_shown_and_kept(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    await write(page, " Be kind.")
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "temperature": 0.7, "message": "warmer"})
    await expect(page.get_by_text("v2 was saved meanwhile.")).to_be_visible()
    await page.keyboard.press("ControlOrMeta+s")
    dialog = page.get_by_role("dialog", name="v2 was saved while you edited v1")
    await expect(dialog).to_contain_text("Temperature")
    await expect(dialog).to_contain_text("nothing of yours or of v2 is lost")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Go on over v2").click()
    await save(page, "kinder")
    await told(page, "v3 is saved")
    saved = await site.call("GET", f"/v1/prompts/{slug}/versions/3")
    assert (texts_of(saved)[0], saved["temperature"], saved["base_version"]) == (f"{SYSTEM} Be kind.", 0.7, 2)


@pytest.mark.capability("P1")
@pytest.mark.promise("G-02")
async def test_a_refused_save_asks_whose_change_it_shall_be(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}", settle=False)
    known = await site.call("GET", f"/v1/prompts/{slug}?label=latest")
    await page.route(f"**/v1/prompts/{slug}?*", lambda route: route.fulfill(json=known))  # It never hears of the newer version.
    await settled(page)
    await write(page, " Be kind.")
    messages = [{"role": "system", "content": f"{SYSTEM} Be strict."}, {"role": "user", "content": USER}]
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "messages": messages})
    expect_console(page, "status of 409")
    await save(page, "kinder")
    dialog = page.get_by_role("dialog", name="v2 was saved while you edited v1")
    await expect(dialog.get_by_role("heading", name="Both changed")).to_be_visible()
    await dialog.get_by_role("group", name="Whose: Message 1").get_by_text("v2").click()
    await dialog.get_by_role("button", name="Go on over v2").click()
    await expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_have_text(f"{SYSTEM} Be strict.")
    assert len((await site.call("GET", f"/v1/prompts/{slug}/versions"))["data"]) == 2


async def test_a_draft_is_thrown_away_only_on_purpose(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    await write(page, " Be kind.")
    await page.get_by_role("tab", name="Settings").click()
    await page.get_by_role("link", name="Datasets").click()
    dialog = page.get_by_role("dialog", name="Leave without saving?")
    await dialog.get_by_role("button", name="Stay").click()
    await page.get_by_role("tab", name="Edit").click()
    await expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_contain_text("Be kind.")
    await page.get_by_role("link", name="Datasets").click()
    await dialog.get_by_role("button", name="Discard and leave").click()
    await expect(page).to_have_url(re.compile("/app/datasets"))


@pytest.mark.capability("E1", "F1")
async def test_a_draft_is_tried_and_judged(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    await write(page, " and {{tone}}", message=2)
    await expect(page.get_by_text("new", exact=True)).to_be_visible()
    await page.get_by_label("Sample value of name").fill("Ada <b>Lovelace</b>")
    await page.get_by_label("Sample value of tone").fill("kindly")
    await page.get_by_role("button", name="Run", exact=True).click()
    answer = page.get_by_role("region", name="Try it")
    await expect(answer).to_contain_text("Hello Ada <b>Lovelace</b> and kindly")
    await expect(answer.get_by_text("simulated", exact=True)).to_be_visible()
    async with page.expect_response(lambda response: response.url.endswith("/v1/feedback")) as told:
        await answer.get_by_role("button", name="Good answer").click()
    assert (await told.value).status == 202
    await check_axe(page)


async def test_each_line_runs_as_its_script_does_and_nothing_is_told_by_a_ground_alone(page_as: OpenPage, site: Site) -> None:
    slug = await make(site, messages=[{"role": "user", "content": "أجب عن {{name}}!\nIn English."}], description="وصف!")
    page = await page_as("editor", f"/app/prompts/{slug}")
    directions = "(lines) => lines.map((line) => getComputedStyle(line).direction)"
    plain = page.get_by_role("tabpanel").locator("[aria-hidden] > [dir=auto]")
    await expect(plain).to_have_count(2)
    assert await plain.evaluate_all(directions) == ["rtl", "ltr"]
    await write(page, " Be kind.")
    lines = page.locator(".cm-line")
    await expect(lines).to_have_count(2)  # The editor takes the place of the plain text once its code is there.
    assert await lines.evaluate_all(directions) == ["rtl", "ltr"]
    await page.emulate_media(forced_colors="active")
    grounds = await page.get_by_role("tab").evaluate_all("(tabs) => tabs.map((tab) => getComputedStyle(tab).backgroundColor)")
    assert grounds[0] not in grounds[1:]


async def test_a_variable_at_the_beginning_of_a_line_stays_whole_beside_words_from_the_right(page_as: OpenPage, site: Site) -> None:
    slug = await make(site, messages=[{"role": "user", "content": "مرحبا بالعالم\n{{name}} مرحبا بالعالم"}])
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    line = page.get_by_text("{{name}}")
    places = await line.evaluate(
        """(line) => {
          const text = document.createTreeWalker(line, NodeFilter.SHOW_TEXT).nextNode();
          const begin = text.textContent.indexOf("{{name}}");
          const placeOf = (at) => {
            const range = document.createRange();
            range.setStart(text, begin + at);
            range.setEnd(text, begin + at + 1);
            return range.getBoundingClientRect().left;
          };
          return [0, 2, 5, 6].map(placeOf);
        }"""
    )
    assert places == sorted(places), places
    assert places[-1] - places[0] < 100, f"torn apart: {places}"


async def test_a_badge_in_what_is_chosen_can_be_read_in_high_contrast(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/prompts/{prompt}?tab=lineage")
    await page.emulate_media(forced_colors="active")
    badge = page.locator("[aria-pressed=true]").get_by_text("production", exact=True)
    ground = "(badge) => getComputedStyle(badge.parentElement).backgroundColor"
    assert await badge.evaluate(ground) == "rgba(0, 0, 0, 0)"
    edge = "(badge) => getComputedStyle(badge.parentElement).outlineStyle"
    assert await badge.evaluate(edge) == "solid"
    # The bars of the drawing are told from what surrounds them.
    grounds = await page.locator("[data-drawn]").first.evaluate(
        "(bar) => [bar, bar.firstElementChild].map((one) => getComputedStyle(one).backgroundColor)"
    )
    assert grounds[0] != grounds[1]


async def test_a_mistake_in_the_text_is_said_and_not_saved(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    await write(page, " {{#if x}}", message=2)
    await expect(page.get_by_role("alert")).to_contain_text("is never closed by")
    await page.keyboard.press("ControlOrMeta+s")
    await write(page, " Go on.", message=2)  # A dialog would not let the text be reached.
    await expect(page.get_by_role("textbox", name="Message 2", exact=True)).to_contain_text("{{#if x}} Go on.")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_viewer_sees_everything_and_changes_nothing(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/prompts/{prompt}")
    await expect(page.get_by_role("button", name="Save…")).to_have_attribute("aria-disabled", "true")
    await expect(page.get_by_role("button", name="Add a message")).to_have_count(0)
    await page.get_by_role("tab", name="Versions").click()
    await expect(page.get_by_role("button", name="Move a label here…")).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("tab", name="Settings").click()
    await expect(page.get_by_role("textbox", name="Name")).not_to_be_editable()
    await expect(page.get_by_role("button", name="Add a rule")).to_have_attribute("aria-disabled", "true")


async def test_what_is_said_of_a_prompt_is_text_and_can_be_found_by(page_as: OpenPage, site: Site) -> None:
    slug = await make(site, description="<img src=x onerror=alert(1)>", tags=["odd"])
    page = await page_as("editor", f"/app/prompts/{slug}?tab=settings")
    await expect(page.get_by_label("Description")).to_have_value("<img src=x onerror=alert(1)>")
    await page.get_by_label("Use case").fill("for tests")
    await page.get_by_role("button", name="Save", exact=True).click()
    await told(page, "Saved")
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["use_case"] == "for tests"
    await page.goto("/app/prompts?tag=odd")
    await page.get_by_role("searchbox", name="Search prompts").fill(slug)
    table = page.get_by_role("table", name="Prompts")
    await expect(table.get_by_role("row")).to_have_count(2)
    await expect(table).to_contain_text("<img src=x onerror=alert(1)>")


@pytest.mark.capability("P1")
async def test_what_searches_must_keep_is_stated_by_hand(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}?tab=settings")
    await page.get_by_label("Categories").fill("routing, support")
    await page.get_by_label("Where it is used").fill("help centre")
    await page.get_by_role("button", name="Save", exact=True).click()
    await told(page, "Saved")

    await page.get_by_role("button", name="Add a locked block").press("Enter")
    block = page.get_by_role("textbox", name="Locked block 1")
    await expect(block).to_be_focused()
    await block.fill("This stands nowhere.")
    await page.get_by_role("button", name="Add a rule").click()
    await page.get_by_role("textbox", name="Rule 1").fill("Answer in one word.")
    await page.get_by_role("button", name="Add a rule").click()
    keep = page.get_by_role("button", name="Save what stays")
    expect_console(page, "status of 422")
    await keep.click()
    await expect(page.get_by_role("alert")).to_contain_text("stands in no message")
    await block.fill(SYSTEM)
    await check_axe(page)
    # Somebody else states a rule meanwhile: it is told, and nothing that one typed is lost.
    await site.call("PATCH", f"/v1/prompts/{slug}", {"rules": ["Never promise."]})
    await keep.click()
    await expect(page.get_by_text("Changed by somebody meanwhile.")).to_be_visible()
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["rules"] == ["Never promise."]
    await expect(block).to_have_value(SYSTEM)
    async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await keep.click()
    await expect(page.get_by_text("Changed by somebody meanwhile.")).to_be_hidden()
    kept = await site.call("GET", f"/v1/prompts/{slug}")
    assert (kept["categories"], kept["app_contexts"]) == (["routing", "support"], ["help centre"])
    assert (kept["locked_blocks"], kept["rules"]) == ([SYSTEM], ["Answer in one word."])
    await page.get_by_role("button", name="Take locked block 1 away").click()
    await expect(page.get_by_role("button", name="Add a locked block")).to_be_focused()
    async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await keep.click()
    await expect(page.get_by_text("No text is locked.")).to_be_visible()
    await expect(keep).to_have_attribute("aria-disabled", "true")
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["locked_blocks"] == []


async def test_the_results_tell_versions_apart_with_their_intervals(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/prompts/{prompt}?tab=results")
    table = page.get_by_role("table", name="By version")
    await expect(table.get_by_role("row", name=re.compile("^v1"))).to_contain_text(re.compile(r"\d+\.\d\s%.*–"))
    await page.get_by_text("p95", exact=True).first.click()
    await expect(page).to_have_url(re.compile("measure=p95"))
    await expect(page.get_by_role("heading", name="p95 latency by version")).to_be_visible()
    await expect(page.get_by_role("button", name="Search for a better version")).to_be_disabled()


@pytest.mark.capability("O1")
async def test_the_results_lead_to_a_search_for_that_prompt(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}?tab=results")
    await page.get_by_role("link", name="Search for a better version").click()
    dialog = page.get_by_role("dialog", name="New search")
    await expect(dialog.get_by_role("button", name=f"Prompt: {slug}")).to_be_visible()


@pytest.mark.capability("P1")
async def test_ten_thousand_prompts_are_a_list_like_any_other(page_as: OpenPage, site: Site) -> None:
    workspace_id: UUID = await site.new_workspace("Large")
    await site.connection.execute(
        """INSERT INTO prompts (prompt_id, workspace_id, slug, name, latest_version, created_by)
           SELECT gen_random_uuid(), $1, 'prompt-' || n, 'Prompt ' || n, 1, 'user:x' FROM generate_series(1, 10000) n""",
        workspace_id,
    )
    page = await page_as("editor", "/app/prompts?sort=name", workspace_id=workspace_id)
    rows = page.get_by_role("table", name="Prompts").locator("tbody tr")
    await expect(rows).to_have_count(50)
    await page.get_by_role("button", name="Load more").click()
    await expect(rows).to_have_count(100)
    await page.get_by_role("searchbox", name="Search prompts").fill("prompt-9999")
    await expect(rows).to_have_count(1)
    await page.get_by_label("Order").select_option("satisfaction")
    await expect(page).to_have_url(re.compile("sort=satisfaction"))
    await expect(rows).to_have_count(1)


@pytest.mark.capability("P1")
async def test_a_prompt_is_made_and_opened(page_as: OpenPage, site: Site) -> None:
    workspace_id = await site.new_workspace("Fresh")
    page = await page_as("editor", "/app/prompts", workspace_id=workspace_id)
    await expect(page.get_by_role("heading", name="No prompts yet")).to_be_visible()
    await page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New prompt")
    await dialog.get_by_label("Slug").fill("Wrong Name!")
    await dialog.get_by_role("textbox", name="Text").click()
    await page.keyboard.type("Say hello to {{name}}")
    expect_console(page, "status of 422")
    await dialog.get_by_role("button", name="Create").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("slug")
    await dialog.get_by_label("Slug").fill("hello")
    await dialog.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("hello")
    await expect(page.get_by_text("production v1")).to_be_visible()


async def test_a_lost_connection_loses_no_draft(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    await write(page, " Be kind.")
    await floats_are_here(page)
    expect_console(page, "ERR_INTERNET_DISCONNECTED")
    await page.context.set_offline(True)
    await save(page, "kinder")
    dialog = page.get_by_role("dialog", name="Save as the next version")
    await expect(dialog).to_contain_text("No connection: it is saved as soon as there is one again.")
    await page.context.set_offline(False)
    await told(page, "v2 is saved")
    assert texts_of(await site.call("GET", f"/v1/prompts/{slug}/versions/2"))[0] == f"{SYSTEM} Be kind."


async def test_without_a_connection_another_page_waits_for_it(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    expect_console(page, "ERR_INTERNET_DISCONNECTED")
    await page.evaluate("window.sameDocument = true")
    await page.context.set_offline(True)
    await page.get_by_role("link", name="Datasets").click()
    main = page.get_by_role("main")
    await expect(main.get_by_role("heading", name="No connection")).to_be_visible()
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_contain_text(SYSTEM)
    await page.go_forward()
    await expect(main.get_by_role("heading", name="No connection")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", level=1, name="Datasets")).to_be_visible()
    assert await page.evaluate("window.sameDocument"), "the page was loaded anew"


async def test_without_a_connection_another_tab_keeps_the_draft(page_as: OpenPage, site: Site) -> None:
    slug = await make(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    expect_console(page, "ERR_INTERNET_DISCONNECTED")
    await write(page, " Be kind.")
    await floats_are_here(page)
    await page.context.set_offline(True)
    await page.get_by_role("tab", name="Results").click()
    await expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    await page.get_by_role("tab", name="Edit").click()
    await expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_contain_text("Be kind.")
    await page.get_by_role("link", name="Datasets").click()
    asked = page.get_by_role("dialog", name="Leave without saving?")
    await asked.get_by_role("button", name="Stay").click()
    await expect(page.get_by_text("Not saved: Text")).to_be_visible()
    await page.get_by_role("tab", name="Results").click()
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="No connection")).to_be_hidden()
    await settled(page)
    await page.get_by_role("tab", name="Edit").click()
    await expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_contain_text("Be kind.")


async def test_a_prompt_sent_by_its_keys_is_sent_once(page_as: OpenPage, site: Site) -> None:
    slug = f"page-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/prompts?new=1")
    dialog = page.get_by_role("dialog", name="New prompt")
    await dialog.get_by_label("Slug").fill(slug)
    await dialog.get_by_role("textbox", name="Text").click()
    await page.keyboard.type("Say hello to {{name}}")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.method == "POST" and one.url.endswith("/v1/prompts") else None)
    reading = re.compile(r"/v1/prompts\?")
    await intercept(page, reading, lambda _: None)  # Never answered: what follows does not wait for the list to be read again.
    await page.keyboard.press("ControlOrMeta+Enter")
    await told(page, f"{slug} is there, and live")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(slug)
    assert len(sent) == 1
    await page.unroute(reading)


NOT_BY_ITSELF = """
const real = window.setTimeout;
window.setTimeout = (act, ms, ...rest) => (ms === 4000 ? 0 : real(act, ms, ...rest));
"""
"""Dialogs come after four seconds where nobody does anything (FLOATS_AFTER_MS of web/src/shell/Shell.tsx), soon on a busy machine."""


async def test_a_text_can_be_read_and_written_before_the_editor_is_here(page_as: OpenPage, site: Site) -> None:
    """A first visit loads neither the editor nor dialogs; what one writes meanwhile, and where, is kept when the editor comes."""
    slug = await make(site)
    page = await page_as("editor", "/app/there-is-no-such-page")
    await page.add_init_script(NOT_BY_ITSELF)
    await page.goto(f"/app/prompts/{slug}")
    await settled(page)
    loaded = "() => performance.getEntriesByType('resource').map((one) => one.name).filter((name) => /CodeEditor|float-/.test(name))"
    assert await page.evaluate(loaded) == []
    waiting, asked, goes_on = [], asyncio.Event(), asyncio.Event()

    async def later(route: Route) -> None:
        waiting.append(route.request.url)
        asked.set()
        await goes_on.wait()
        await route.continue_()

    await page.route("**/CodeEditor-*.js", later)
    box = page.get_by_role("textbox", name="Message 1", exact=True)
    await box.focus()
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.type(" Be kund")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(box).to_have_value(f"{SYSTEM} Be kund")
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        await asked.wait()
    assert len(waiting) == 1
    goes_on.set()
    await expect(page.locator(".cm-content").first).to_be_focused()
    await page.keyboard.press("Backspace")
    await page.keyboard.type("i")
    await expect(box).to_have_text(f"{SYSTEM} Be kind")


async def test_a_prompt_says_that_its_runs_fail_and_leads_to_them(page_as: OpenPage, site: Site) -> None:
    await site.call("POST", "/v1/models", {
        "model": "page-broken", "provider": "simulated", "upstream_model": "fault/error,status=400", "context_tokens": 100_000,
        "output_tokens": 4096, "input_price_nusd_per_million": 2_000_000_000, "output_price_nusd_per_million": 8_000_000_000,
    })  # fmt: skip
    slug = await make(site, model="page-broken")
    for _ in range(2):
        body = {"prompt": slug, "variables": {"name": "Ann"}}
        async with site.session.post(f"{site.url}/v1/executions", json=body, headers={"authorization": f"Bearer {site.api_key}"}) as answer:
            assert answer.status >= 400, await answer.text()
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while (
            not (found := (await site.call("GET", f"/v1/analytics/groups?group_by=prompt&prompt={slug}"))["data"]) or found[0]["errors"] < 2
        ):
            await asyncio.sleep(0.2)
    page = await page_as("editor", f"/app/prompts/{slug}")
    failing = page.get_by_role("link", name="all 2 runs failed in 24 h")
    await expect(failing).to_be_visible()
    await settled(page)
    await check_axe(page)
    await failing.click()
    rows = page.get_by_role("table", name="Runs").locator("tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("error")
