"""Searches and suggestions: what may be spent stands first, what was found is reviewed and decided."""

import json
import re
from typing import Any

import pytest
from playwright.async_api import expect

from burnish_shared.ids import new_uuid
from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, closed, expect_console, screenshot, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

BEHIND = ("region", "aria-hidden-focus")
"""What axe says of the page below a dialog."""

COPY = """INSERT INTO {table} SELECT (jsonb_populate_record(t, $1::jsonb)).* FROM {table} t WHERE {column} = $2"""


async def open_suggestion(site: Site) -> tuple[str, str]:
    """The demo's suggestion over again, open, for a prompt of its own: what is decided of it disturbs nobody. (id, slug)"""
    slug = f"review-{new_uuid().hex[-8:]}"
    base = await site.call("GET", f"/v1/prompts/{site.ids['prompt']}?version=1")
    body = {name: base[name] for name in ("messages", "model", "temperature")} | {"slug": slug, "label": "production"}
    prompt = await site.call("POST", "/v1/prompts", body)
    job, suggestion = str(new_uuid()), str(new_uuid())
    about: dict[str, Any] = {"prompt_id": prompt["id"], "slug": slug, "base_version": 1, "job_id": job, "suggestion_id": suggestion}
    await site.connection.execute(COPY.format(table="optimization_jobs", column="job_id"), json.dumps(about), site.ids["optimization"])
    undecided = dict.fromkeys(("accepted_version", "label", "reason", "decided_by", "decided_at"))
    await site.connection.execute(
        COPY.format(table="suggestions", column="suggestion_id"), json.dumps(about | undecided | {"status": "open"}), site.ids["suggestion"]
    )
    return suggestion, slug


async def test_a_search_shows_its_ceiling_starts_and_is_stopped(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/optimize?new=1&prompt={prompt}&dataset={dataset}&version=1")
    dialog = page.get_by_role("dialog", name="New search")
    await expect(dialog).to_contain_text("Never more than")
    await dialog.get_by_label("Evaluations").fill("300")
    await expect(dialog).to_contain_text("At least 828 for this dataset.")
    await expect(dialog.get_by_role("button", name="Start the search")).to_be_disabled()
    await dialog.get_by_role("button", name="Take 828 evaluations").click()
    await dialog.get_by_label("Cost ceiling").fill("0.001")
    await expect(dialog.get_by_role("button", name="Start the search")).to_be_disabled()
    await dialog.get_by_label("Cost ceiling").fill("0.5")
    await dialog.get_by_label("Evaluations").fill("50000")
    await expect(dialog).to_contain_text("$0.50")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Start the search").click()

    await expect(page.get_by_role("progressbar", name="Evaluations")).to_be_visible()
    await expect(page.get_by_role("img", name="The best new text so far")).to_be_visible(timeout=2 * PATIENCE_MS)
    await page.get_by_role("button", name="Cancel search").click()
    await page.get_by_role("button", name="Cancel the search").click()
    await expect(page.get_by_text("cancelled", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)


@pytest.mark.capability("O1")
async def test_a_search_needs_no_dataset_where_people_said_what_is_right(page_as: OpenPage, site: Site) -> None:
    name = f"What people said of {site.ids['prompt']}"  # As the search would call it; others make datasets of their own meanwhile.
    page = await page_as("editor", "/app/optimize?new=1&prompt={prompt}&version=1")
    dialog = page.get_by_role("dialog", name="New search")
    await dialog.get_by_role("button", name=re.compile("^Dataset")).click()
    await page.get_by_role("option", name="What people said of its answers").click()
    await expect(dialog).to_contain_text("Never more than")
    await expect(dialog.get_by_role("button", name="Start the search")).to_be_enabled()
    made = await site.connection.fetchval("SELECT count(*) FROM datasets WHERE workspace_id = $1 AND name = $2", site.workspace_id, name)
    assert made == 0, "a forecast makes nothing"
    await check_axe(page, without=BEHIND)


async def test_a_budget_that_will_not_do_is_named_before_the_start(page_as: OpenPage, site: Site) -> None:
    _, slug = await open_suggestion(site)
    budget = {"name": "Pennies", "target_kind": "prompt", "target_id": slug, "period": "day", "limit_nusd": 100_000}
    await site.call("POST", "/v1/budgets", budget)
    page = await page_as("editor", f"/app/optimize?new=1&prompt={slug}&dataset={{dataset}}&version=1")
    dialog = page.get_by_role("dialog", name="New search")
    await expect(dialog).to_contain_text("The budget Pennies lets $0.0001 through today. What runs into it ends there.")
    await check_axe(page, without=BEHIND)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"search-short-budget-{theme}")
    page = await page_as("editor", f"/app/test-runs?new=1&prompt={slug}&dataset={{dataset}}&version=1")
    dialog = page.get_by_role("dialog", name="New test run")
    await expect(dialog).to_contain_text("The budget Pennies lets $0.0001 through today.")


@pytest.mark.capability("O2", "O5", "U1")
async def test_examples_that_are_not_allowed_lead_to_where_they_are(page_as: OpenPage, site: Site) -> None:
    form = "/app/optimize?new=1&prompt={prompt}&dataset={dataset}&version=1"
    page = await page_as("editor", form)
    dialog = page.get_by_role("dialog", name="New search")
    await dialog.get_by_label("Method").select_option("few_shot")
    await expect(dialog).to_contain_text("An admin may allow it under Settings")
    await expect(dialog).to_contain_text("This workspace does not allow examples in prompts.")
    await expect(dialog.get_by_role("button", name="Start the search")).to_be_disabled()
    await check_axe(page, without=BEHIND)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"search-no-examples-{theme}")

    page = await page_as("admin", form)
    dialog = page.get_by_role("dialog", name="New search")
    await dialog.get_by_label("Method").select_option("few_shot")
    await dialog.get_by_role("link", name="Settings").click()
    try:
        await page.get_by_label("Items of datasets may enter prompts").check()
        await page.get_by_role("button", name="Save").click()
        await told(page, "Saved; it holds everywhere")
        await page.go_back()
        await dialog.get_by_label("Method").select_option("few_shot")
        await expect(dialog).to_contain_text("Never more than")
        await expect(dialog.get_by_role("button", name="Start the search")).to_be_enabled()
        await expect(dialog).not_to_contain_text("Allow it")
    finally:
        await site.call("PATCH", f"/v1/workspaces/{site.workspace_id}", {"examples_in_prompts": False})


async def test_a_suggestion_is_read_and_accepted(page_as: OpenPage, site: Site) -> None:
    suggestion, slug = await open_suggestion(site)
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await expect(page.get_by_label("On untouched test items").first).to_contain_text("pts")
    await expect(page.get_by_role("figure", name="system: v1 against suggestion")).to_be_visible()
    await check_axe(page)
    await page.get_by_role("tab", name="Evidence").click()
    await expect(page.get_by_text("exact McNemar")).to_be_visible()
    await check_axe(page)
    await page.get_by_role("tab", name="Proposals").click()
    await page.get_by_role("radio", name="Rejected").check(force=True)
    await expect(page.get_by_role("table", name="Proposals").get_by_text("rejected").first).to_be_visible()

    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "temperature": 0.3})
    await site.call("PUT", f"/v1/prompts/{slug}/labels/production", {"version": 2})
    await page.get_by_role("button", name="Accept", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Production names v2 by now.")
    await expect(dialog.get_by_role("button", name="Accept and go live")).to_be_disabled()
    await dialog.get_by_label("Go live all the same").check()
    await dialog.get_by_role("button", name="Accept and go live").click()
    await expect(page.get_by_text("Accepted as version 3 by you.")).to_be_visible()
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["labels"]["production"] == 3


@pytest.mark.capability("U1", "O6")
async def test_some_edits_of_a_suggestion_become_a_version_that_nobody_gets_yet(page_as: OpenPage, site: Site) -> None:
    suggestion, slug = await open_suggestion(site)
    edits = [one["text"].strip() for one in (await site.call("GET", f"/v1/suggestions/{suggestion}"))["evidence"]["edits"]]
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await expect(page.get_by_role("link", name="Send to experiment")).to_have_attribute("href", re.compile(suggestion))
    await page.get_by_role("button", name="Accept", exact=True).click()
    dialog = page.get_by_role("dialog")
    boxes = dialog.get_by_role("group", name="Edits").get_by_role("checkbox")
    await expect(boxes).to_have_count(len(edits))
    await boxes.first.uncheck()
    await expect(dialog).to_contain_text(f"{len(edits) - 1} of {len(edits)} edits become the next version.")
    await screenshot(page, "optimize/some-edits")
    rows = dialog.get_by_role("group", name="Edits").locator(".overflow-y-auto")
    await rows.evaluate("one => { one.style.maxHeight = 'none' }")  # axe is undecided about rows that a scroll clips.
    await page.set_viewport_size({"width": 1440, "height": 4_000})
    await check_axe(page, without=BEHIND)
    await dialog.get_by_label("Label that moves to it").select_option("production")
    await expect(dialog.get_by_role("button", name="Accept and go live")).to_be_disabled()
    await dialog.get_by_label("Label that moves to it").select_option("")
    await dialog.get_by_role("button", name=f"Accept {len(edits) - 1} edits").click()
    await expect(page.get_by_text("Accepted as version 2 by you.")).to_be_visible()
    prompt = await site.call("GET", f"/v1/prompts/{slug}?version=2")
    assert prompt["labels"]["production"] == 1
    base = await site.call("GET", f"/v1/prompts/{slug}?version=1")
    text, before = ("\n".join(message["content"] for message in one["messages"]) for one in (prompt, base))
    assert edits[0] not in text and len(text) > len(before)


@pytest.mark.capability("O6")
async def test_a_suggestion_is_edited_before_it_is_accepted(page_as: OpenPage, site: Site) -> None:
    suggestion, slug = await open_suggestion(site)
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await page.get_by_role("button", name="Accept", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Edit the text…").click()
    text = dialog.get_by_role("textbox", name="The text")
    suggested = await text.input_value()
    await expect(dialog.get_by_label("Label that moves to it")).to_have_value("")  # While it is written, nothing goes live by itself.
    await text.fill(suggested + "\nAnswer {{customer}}.")
    expect_console(page, "status of 422")
    await dialog.get_by_role("button", name="Accept as edited").click()
    await expect(dialog).to_contain_text("it brings {{customer}}")
    await text.fill(suggested + "\nBe brief.")
    await expect(dialog).to_contain_text("The gain is of the text before your edit")
    await expect(dialog.get_by_label("Label that moves to it")).to_have_value("")
    await check_axe(page, without=BEHIND)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"optimize/edit-{theme}")
    await dialog.get_by_role("button", name="Accept as edited").click()
    await expect(page.get_by_text("Accepted as version 2 by you.")).to_be_visible()
    await expect(page.get_by_text("Version 2 says it otherwise.")).to_be_visible()
    await expect(page.get_by_role("figure", name="system as accepted: suggestion against v2")).to_contain_text("Be brief.")
    await screenshot(page, "optimize/edited-dark")
    prompt = await site.call("GET", f"/v1/prompts/{slug}?version=2")
    assert prompt["labels"]["production"] == 1 and any(one["content"] == suggested + "\nBe brief." for one in prompt["messages"])


@pytest.mark.capability("U1", "O2", "O8")
async def test_a_search_by_another_method_is_asked_for_and_shows_its_generations(page_as: OpenPage, site: Site) -> None:
    slug = f"bred-{new_uuid().hex[-8:]}"
    base = await site.call("GET", f"/v1/prompts/{site.ids['prompt']}?version=1")
    await site.call("POST", "/v1/prompts", {name: base[name] for name in ("messages", "model")} | {"slug": slug, "label": "production"})
    page = await page_as("editor", f"/app/optimize?new=1&prompt={slug}&dataset={site.ids['dataset']}")
    dialog = page.get_by_role("dialog", name="New search")
    await dialog.get_by_label("Method").select_option("settings")
    await expect(dialog).to_contain_text("Name temperatures or models to try.")
    await expect(dialog.get_by_role("button", name="Start the search")).to_be_disabled()
    await dialog.get_by_label("Method").select_option("evolutionary")
    await dialog.get_by_label("Parents are chosen by").select_option("pareto")
    await dialog.get_by_label("Generations, at most").fill("3")
    await dialog.get_by_role("button", name="What counts, limits, further models").click()
    await dialog.get_by_role("button", name="Choose metrics").click()
    await dialog.get_by_role("button", name="Add a metric").click()
    await dialog.get_by_label("Weight, metric 2").fill("1")
    await dialog.get_by_label("Scores 0 at, $, metric 2").fill("0.001")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Start the search").click()

    await expect(page.get_by_role("img", name="Score and cost")).to_be_visible(timeout=2 * PATIENCE_MS)
    await expect(page.get_by_role("table", name="Candidates").get_by_role("row")).not_to_have_count(1)
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    await settled(page)
    await check_axe(page)
    job = (await site.call("GET", f"/v1/optimizations?prompt={slug}"))["data"][0]
    search = (await site.call("GET", f"/v1/optimizations/{job['id']}"))["search"]
    assert (search["evolutionary"]["selection"], search["evolutionary"]["generations"]) == ("pareto", 3)
    assert [(one["metric"], one["weight"], one.get("zero_at")) for one in search["metrics"]] == [
        ("accuracy", 1, None),
        ("cost", 1, 1_000_000),
    ]


@pytest.mark.capability("O1", "U1")
async def test_items_that_must_stay_right_are_chosen_by_their_words_and_stand_with_the_search(page_as: OpenPage, site: Site) -> None:
    slug = f"anchored-{new_uuid().hex[-8:]}"
    base = await site.call("GET", f"/v1/prompts/{site.ids['prompt']}?version=1")
    await site.call("POST", "/v1/prompts", {name: base[name] for name in ("messages", "model")} | {"slug": slug, "label": "production"})
    items = (await site.call("GET", f"/v1/datasets/{site.ids['dataset']}/items?split=train,validation&limit=3"))["data"]
    page = await page_as("editor", f"/app/optimize?new=1&prompt={slug}&dataset={site.ids['dataset']}&version=1")
    dialog = page.get_by_role("dialog", name="New search")
    await dialog.get_by_label("Cost ceiling").fill("0.5")
    await dialog.get_by_label("Evaluations").fill("50000")  # So many that there is time to cancel it.
    await dialog.get_by_role("button", name="What counts, limits, further models").click()
    anchors = dialog.get_by_role("group", name="Items that must stay right")
    await anchors.get_by_role("button", name="Choose items").click()
    listed = anchors.get_by_role("list", name="Train and validation items")
    for at, item in enumerate(items[:2], start=1):
        await anchors.get_by_role("searchbox", name="Search items").fill(str(item["input"]))
        await expect(listed.get_by_role("listitem")).to_have_count(1)
        await expect(listed.get_by_role("listitem")).to_contain_text(str(item["input"]))
        box = listed.get_by_role("checkbox", name=str(item["input"]))
        await box.press("Space")
        await expect(box).to_be_checked()
        await expect(anchors.get_by_role("status").filter(has_text="of at most")).to_have_text(f"{at} of at most 200.")
    await anchors.get_by_role("searchbox", name="Search items").fill("no item has these words")
    await expect(anchors).to_contain_text("No train or validation item has these words.")
    await check_axe(page, without=BEHIND)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"search-anchors-{theme}")
    await dialog.get_by_role("button", name="Start the search").click()

    await expect(page.get_by_role("table", name="Items that must stay right").get_by_role("row")).to_have_count(1 + 2)
    job = (await site.call("GET", f"/v1/optimizations?prompt={slug}"))["data"][0]
    search = (await site.call("GET", f"/v1/optimizations/{job['id']}"))["search"]
    assert set(search["constraints"]["anchors"]) == {one["id"] for one in items[:2]}
    await page.get_by_role("button", name="Cancel search").click()
    await page.get_by_role("button", name="Cancel the search").click()
    await expect(page.get_by_text("cancelled", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    await closed(page)  # The search may be seen to have ended before the answer to who cancelled it closes what asked.
    await expect(page.locator("[aria-label=Messages] > div")).to_have_count(0)  # They lie over the last of the proposals.
    await check_axe(page)


@pytest.mark.capability("O6", "U1")
async def test_every_text_that_was_tried_is_read_with_the_reason_why_it_was_not_taken(page_as: OpenPage, site: Site) -> None:
    slug = f"tried-{new_uuid().hex[-8:]}"
    base = await site.call("GET", f"/v1/prompts/{site.ids['prompt']}?version=1")
    await site.call("POST", "/v1/prompts", {name: base[name] for name in ("messages", "model")} | {"slug": slug, "label": "production"})
    worse = "Pick the queue.\n" + "\n".join(f"Line {n} says nothing of queues." for n in range(9))
    body = {"prompt": slug, "dataset_id": site.ids["dataset"], "method": "manual", "manual": {"candidates": [worse]}}
    job = (await site.call("POST", "/v1/optimizations", body | {"budget": {"evaluations": 900}}))["id"]
    page = await page_as("viewer", f"/app/optimize/{job}")
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    proposals = page.get_by_role("table", name="Proposals")
    await expect(proposals).to_contain_text("not better on train items than the text it stood against")
    await expect(proposals.get_by_role("row").nth(1)).to_contain_text("not taken")
    await expect(proposals).not_to_contain_text("Line 8 says")
    await proposals.get_by_role("button", name="Show 4 more lines").click()
    await expect(proposals).to_contain_text("Line 8 says nothing of queues.")
    await settled(page)
    await check_axe(page)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"optimize/tried-{theme}", whole=True)


@pytest.mark.capability("O6", "P6", "U1")
async def test_what_was_proposed_for_each_model_is_read(page_as: OpenPage, site: Site) -> None:
    slug = f"several-{new_uuid().hex[-8:]}"
    base = await site.call("GET", f"/v1/prompts/{site.ids['prompt']}?version=1")
    await site.call("POST", "/v1/prompts", {name: base[name] for name in ("messages", "model")} | {"slug": slug, "label": "production"})
    models = {"task": "simulated/reader", "variants": ["simulated/chat"]}
    body = {"prompt": slug, "dataset_id": site.ids["dataset"], "method": "manual", "manual": {"candidates": ["Pick any queue."]}}
    job = (await site.call("POST", "/v1/optimizations", body | {"models": models, "budget": {"evaluations": 1800}}))["id"]
    page = await page_as("viewer", f"/app/optimize/{job}")
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    model = page.get_by_role("combobox", name="Model", exact=True)
    proposals = page.get_by_role("table", name="Proposals")
    await expect(model).to_have_value("simulated/reader")
    await expect(proposals).to_contain_text("Pick any queue.")
    async with page.expect_response(lambda one: "/proposals?model=simulated" in one.url) as read:
        await model.select_option("simulated/chat")
    assert (await (await read.value).json())["data"][0]["text"] == "Pick any queue."
    await expect(page).to_have_url(re.compile("model=simulated"))
    await expect(proposals.get_by_role("row")).to_have_count(2)
    await expect(page.get_by_role("region", name="Settings")).to_contain_text("Further models")
    await settled(page)
    await check_axe(page)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"optimize/several-models-{theme}", whole=True)


@pytest.mark.capability("O6", "X3", "U1")
async def test_a_suggestion_says_why_the_policy_did_not_roll_it_out(page_as: OpenPage, site: Site) -> None:
    suggestion, _ = await open_suggestion(site)
    await site.connection.execute(
        "UPDATE suggestions SET policy_tried_at = now(), policy_refused = $2 WHERE suggestion_id = $1::text::uuid",
        suggestion, "conflict: The experiment 'Shorter' runs on this label; end it first.",
    )  # fmt: skip
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await expect(page.get_by_text("The policy did not begin a rollout.")).to_be_visible()
    await expect(page.get_by_text("The experiment 'Shorter' runs on this label; end it first.")).to_be_visible()
    await expect(page.get_by_text("The policy tries each suggestion once, and tried this one just now")).to_be_visible()
    await check_axe(page)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"optimize/rollout-refused-{theme}", whole=False)


async def test_a_suggestion_is_rejected_with_a_reason(page_as: OpenPage, site: Site) -> None:
    suggestion, _ = await open_suggestion(site)
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await page.get_by_role("button", name="Reject", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Reject")).to_be_disabled()
    await dialog.get_by_label("Reason").fill("It sends refunds to the wrong queue")
    await dialog.get_by_role("button", name="Reject").click()
    await expect(page.get_by_text("Rejected by you.")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text("It sends refunds to the wrong queue")
    await expect(page.get_by_role("button", name="Accept", exact=True)).to_have_count(0)


async def test_cases_that_a_suggestion_changes_stand_there_with_both_answers(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/optimize/suggestions/{suggestion}?tab=cases")
    cases = page.get_by_role("table", name="Cases that change")
    await expect(cases.get_by_role("row")).to_have_count(1 + site.demo["fixed"] + site.demo["broken"])
    await expect(cases.get_by_role("row").nth(1)).to_contain_text("broken" if site.demo["broken"] else "fixed")
    await page.get_by_role("radio", name="Fixed").check(force=True)
    await cases.get_by_role("button").first.click()
    drawer = page.get_by_role("dialog", name="Fixed case")
    await expect(drawer.get_by_role("heading", name="Before (v1), wrong")).to_be_visible()
    await expect(drawer.get_by_role("heading", name="After, right")).to_be_visible()
    await page.goto("/app/optimize")
    await expect(page.get_by_role("button", name="New search")).to_have_attribute("aria-disabled", "true")


async def test_a_search_that_is_not_there_says_so(page_as: OpenPage) -> None:
    page = await page_as("viewer", f"/app/optimize/{new_uuid()}", settle=False)
    expect_console(page, "status of 404")
    await expect(page.get_by_role("alert")).to_contain_text("There is no such optimization")
    await expect(page.get_by_role("alert")).to_contain_text("Request")
