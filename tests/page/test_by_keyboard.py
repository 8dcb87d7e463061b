"""From the door to a better prompt live with no pointer at all: what cannot be reached by a key fails here."""

import asyncio
import re
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from tests.page.browser import PATIENCE_MS, closed, expect_console, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site
from tests.page.test_optimize import open_suggestion

pytestmark = pytest.mark.capability("U1")

MOST_STOPS = 120
"""So many presses of Tab find anything on a page; whoever needs more gave up long before."""

NEXT_STOP = "([before, wanted]) => document.activeElement !== before && { found: document.activeElement === wanted }"


async def reach(page: Page, wanted: Locator) -> None:
    """Tab, until the focus is there; each press is waited for, so that a slow page is not outrun."""
    await expect(wanted).to_be_visible()
    for _ in range(MOST_STOPS):
        before = await page.evaluate_handle("document.activeElement")
        await page.keyboard.press("Tab")
        moved = await page.wait_for_function(NEXT_STOP, arg=[before, await wanted.element_handle()])
        if (await moved.json_value())["found"]:
            await expect(wanted).to_be_focused()
            return
    raise AssertionError(f"{MOST_STOPS} times Tab, and {wanted} was not among the stops")


async def test_from_signing_in_to_an_accepted_suggestion_without_a_mouse(page_as: OpenPage, site: Site) -> None:
    _, slug = await open_suggestion(site)
    page = await page_as("nobody", "/app/sign-in")
    expect_console(page, "status of 401")
    await page.evaluate("id => localStorage.setItem('burnish.workspace', id)", str(site.workspace_id))
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await page.keyboard.type(site.admin["email"])
    await reach(page, page.get_by_label("Password"))
    await page.keyboard.type(site.admin["password"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("navigation").first).to_be_visible()
    await expect(page.locator("main")).to_be_focused()
    await settled(page)

    await page.keyboard.press("Control+k")
    words = page.get_by_role("dialog").get_by_role("combobox")
    await expect(words).to_be_focused()
    await page.keyboard.type("Optimize")
    await expect(page.get_by_role("option", name="Optimize").first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Optimize")).to_be_visible()
    await settled(page)

    await reach(page, page.get_by_role("tab", name="Searches"))
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Suggestions")).to_be_focused()
    await expect(page.get_by_role("tab", name="Suggestions")).to_have_attribute("aria-selected", "true")
    await settled(page)
    await reach(page, page.get_by_role("table", name="Suggestions").get_by_role("link").filter(has_text=slug))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(slug)
    await settled(page)

    await reach(page, page.get_by_role("tab", name="Text"))
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Evidence")).to_be_focused()
    await expect(page.get_by_text("exact McNemar")).to_be_visible()
    await reach(page, page.get_by_role("button", name="Accept", exact=True))
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    first = dialog.get_by_role("group", name="Edits").get_by_role("checkbox").first
    await reach(page, first)
    await page.keyboard.press("Space")
    await expect(first).not_to_be_checked()
    await expect(dialog).to_contain_text("Only all of them together were measured")
    await page.keyboard.press("Space")
    await expect(first).to_be_checked()
    go_live = dialog.get_by_role("button", name="Accept and go live")
    await expect(go_live).to_be_enabled()
    await reach(page, go_live)
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("Accepted as version 2 by you.")).to_be_visible()
    await expect(dialog).to_have_count(0)
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["labels"]["production"] == 2
    await expect(page.locator("body")).not_to_be_focused()  # Accept is gone with the decision: the focus must not be lost with it.
    await reach(page, page.get_by_role("link", name="Look at the prompt"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(slug)


async def test_escape_gives_the_focus_back_from_search_also_the_first_time_and_to_a_chart(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/analytics")
    chart = page.get_by_role("img", name="Cost")
    for before in (page.get_by_role("link", name="Costs").first, chart):
        await before.focus()
        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
        await page.keyboard.press("Escape")
        await closed(page)
        await expect(before).to_be_focused()


async def test_many_edits_are_one_stop_and_the_arrow_keys_go_over_them(page_as: OpenPage, site: Site) -> None:
    suggestion, _ = await open_suggestion(site)
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await page.get_by_role("button", name="Accept", exact=True).click()
    dialog = page.get_by_role("dialog")
    edits = dialog.get_by_role("group", name="Edits").get_by_role("checkbox")
    await expect(edits.nth(5), "the demo's search finds more").to_be_attached()
    many = await edits.count()
    await dialog.get_by_role("button", name="Leave all").focus()
    await page.keyboard.press("Tab")
    await expect(edits.first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(edits.nth(1)).to_be_focused()
    await page.keyboard.press("Space")
    await expect(edits.nth(1)).not_to_be_checked()
    await page.keyboard.press("End")
    await expect(edits.nth(many - 1)).to_be_focused()
    await expect(edits.nth(many - 1)).to_be_in_viewport(ratio=1)
    await page.keyboard.press("Tab")
    await expect(dialog.get_by_role("button", name="Edit the text…")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await expect(edits.nth(many - 1)).to_be_focused()


async def test_a_secret_that_is_shown_once_is_left_by_keys(page_as: OpenPage, site: Site) -> None:
    """What tells the name of a button goes with the focus, and must not take it along to the beginning of the dialog."""
    page = await page_as("admin", "/app/api-keys", workspace_id=await site.new_workspace("Keys"))
    dialog = page.get_by_role("dialog")
    await reach(page, page.get_by_role("button", name="New key").first)
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("by hand")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name="Copy the key")).to_be_focused()
    await expect(page.get_by_role("tooltip")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(dialog.get_by_role("button", name="Copy", exact=True)).to_be_focused()
    await reach(page, dialog.get_by_role("button", name="I have it"))
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="New key").first).to_be_focused()


async def test_the_focus_stays_beside_what_goes_away(page_as: OpenPage, site: Site) -> None:
    workspace_id = await site.new_workspace("Endpoints")
    page = await page_as("admin", "/app/api-keys", workspace_id=workspace_id)
    for name in ("one", "two"):
        await page.get_by_role("button", name="New key").first.click()
        await page.get_by_label("Name").fill(name)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="I have it").click()
    row = page.get_by_role("table", name="API keys").get_by_role("row").filter(has_text="two")
    other = page.get_by_role("button", name="What to do with one")
    await expect(row).to_be_visible()
    await reach(page, row.get_by_role("button", name="What to do with two"))
    await page.keyboard.press("Enter")
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await reach(page, page.get_by_role("dialog").get_by_role("button", name="Revoke"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(row).to_contain_text("revoked")
    await expect(row.get_by_role("button")).to_have_count(0)
    await expect(other).to_be_focused()


async def choose(page: Page, opener: Locator, words: str) -> None:
    """Out of a list that one types in."""
    await reach(page, opener)
    await page.keyboard.press("Enter")
    await expect(page.get_by_placeholder("Type to find")).to_be_focused()
    await page.keyboard.type(words)
    await expect(page.get_by_role("option", name=words).first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await expect(opener).to_be_focused()


async def go_to(page: Page, name: str) -> None:
    """By the palette."""
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    await page.keyboard.type(name)
    await expect(page.get_by_role("option", name=re.compile(f"^{name}")).first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await arrived(page, name)


async def arrived(page: Page, heading: str | re.Pattern[str]) -> None:
    """Another page is there, and has the focus or gave it to a form of its own."""
    await expect(page.get_by_role("heading", level=1, name=heading, include_hidden=True)).to_be_visible()
    await settled(page)
    await page.wait_for_function("() => document.activeElement?.matches('main, [role=dialog], [role=dialog] *')")


async def holds(page: Page) -> None:
    """The focus is somewhere on the page, also two frames after what had it went."""
    for _ in range(3):
        await page.evaluate("() => new Promise(requestAnimationFrame)")
    await expect(page.locator("body")).not_to_be_focused()


async def test_a_prompt_is_written_run_and_judged_without_a_mouse(page_as: OpenPage, site: Site) -> None:
    slug = f"keys-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/prompts")
    await reach(page, page.get_by_role("button", name="New prompt").first)
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New prompt")
    await expect(dialog.get_by_label("Slug")).to_be_focused()
    await page.keyboard.type(slug)
    await reach(page, dialog.get_by_role("textbox", name="Text", exact=True))
    await page.keyboard.type("Say {{word}} to {{name}}")
    # Not the one that is offered: other tests add models that refuse to answer.
    await reach(page, dialog.get_by_role("button", name=re.compile("^Model")))
    await page.keyboard.press("Enter")
    await page.keyboard.type("simulated/chat")
    await expect(page.get_by_role("option", name="simulated/chat").first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name=re.compile("^Model"))).to_contain_text("simulated/chat")
    await reach(page, dialog.get_by_role("button", name="Create"))
    await page.keyboard.press("Enter")
    await told(page, f"{slug} is there, and live")
    await arrived(page, slug)

    await reach(page, page.get_by_label("Sample value of word"))
    await page.keyboard.type("hello")
    await reach(page, page.get_by_label("Sample value of name"))
    await page.keyboard.type("Ann")
    run = page.get_by_role("region", name="Try it").get_by_role("button", name="Run")
    await reach(page, run)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Answered:")).to_have_count(1)
    await expect(run).to_be_focused()
    bad = page.get_by_role("button", name="Bad answer")
    await reach(page, bad)
    await page.keyboard.press("Enter")
    await expect(bad).to_have_attribute("aria-pressed", "true")
    await expect(bad).to_be_focused()
    await reach(page, page.get_by_role("link", name="Run", exact=True))
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/runs/"))
    await settled(page)
    await expect(page.get_by_role("main")).to_be_focused()

    await reach(page, page.get_by_role("button", name="Add feedback"))
    await page.keyboard.press("Enter")
    form = page.get_by_role("form", name="Add feedback")
    await expect(form.get_by_role("radio", name="No thumb")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await expect(form.get_by_role("radio", name="Bad")).to_be_checked()
    await reach(page, form.get_by_label("Comment"))
    await page.keyboard.type("it is no greeting")
    await reach(page, form.get_by_label("What it should have said"))
    await page.keyboard.type("Hello, Ann!")
    await reach(page, form.get_by_role("button", name="Send"))
    await page.keyboard.press("Enter")
    await told(page, "Feedback taken; the correction waits in the review queue")
    await expect(page.get_by_role("button", name="Add feedback")).to_be_focused()


async def alike(site: Site) -> str:
    """A prompt with failures that are one group; its slug."""
    slug = f"keys-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Say {{x}}", "model": "simulated/chat", "label": "production"})
    for n in range(4):
        run = await site.call("POST", "/v1/executions", {"prompt": slug, "variables": {"x": f"refund number {n}"}})
        said = {"thumb": "down", "comment": "refund was taken for shipping", "correction": "refund"}
        await site.call("POST", "/v1/feedback", {"execution_id": run["id"], "user_id": f"u{n}"} | said)
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        asked = f"/v1/analytics/failure-groups?prompt={slug}&fresh=true"
        while [one["size"] for one in (await site.call("GET", asked))["groups"]] != [4]:
            await asyncio.sleep(0.1)
    return slug


async def test_failures_become_a_dataset_a_test_run_and_a_search_without_a_mouse(page_as: OpenPage, site: Site) -> None:
    slug = await alike(site)
    page = await page_as("editor", f"/app/analytics/failures?prompt={slug}")
    await reach(page, page.get_by_role("table", name="Groups of failures").get_by_role("button").first)
    await page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    await reach(page, drawer.get_by_role("button", name="Make a dataset"))
    await page.keyboard.press("Enter")
    form = page.get_by_role("dialog", name="Make a dataset of this group")
    await expect(form.get_by_role("button", name="Dataset:")).to_be_focused()
    await reach(page, form.get_by_label("Name"))
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type(f"Failures of {slug}")
    await page.keyboard.press("Enter")
    made = page.get_by_role("dialog", name=f"4 items in Failures of {slug}")
    await expect(made).to_be_visible()
    await expect(made.get_by_role("button", name="Close").first).to_be_focused()
    await reach(page, made.get_by_role("link", name="Open the dataset"))
    await page.keyboard.press("Enter")
    await arrived(page, f"Failures of {slug}")
    await expect(page.get_by_role("main")).to_be_focused()
    await page.go_back()
    # The group is open there, as it was.
    await expect(drawer.get_by_role("button", name="Close")).to_be_focused()
    await go_to(page, "Test runs")
    await reach(page, page.get_by_role("button", name="New test run").first)
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New test run")
    await choose(page, dialog.get_by_role("button", name="Prompt:"), slug)
    await choose(page, dialog.get_by_role("button", name="Dataset:"), f"Failures of {slug}")
    await reach(page, dialog.get_by_label("Split"))
    await page.keyboard.type("train")
    await expect(dialog).to_contain_text("by simulated/chat")
    await reach(page, dialog.get_by_role("button", name="Start", exact=True))
    await page.keyboard.press("Enter")
    await told(page, "The test run has started")
    await page.wait_for_url(re.compile("/test-runs/[0-9a-f-]{36}$"))
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    await closed(page)
    await expect(page.get_by_role("main")).to_be_focused()

    await go_to(page, "Optimize")
    await reach(page, page.get_by_role("button", name="New search").first)
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New search")
    await expect(dialog).to_be_visible()
    await choose(page, dialog.get_by_role("button", name="Prompt:"), site.ids["prompt"])
    tickets = (await site.call("GET", f"/v1/datasets/{site.ids['dataset']}"))["name"]
    await choose(page, dialog.get_by_role("button", name="Dataset:"), tickets)
    start = dialog.get_by_role("button", name="Start the search")
    await expect(start).to_be_enabled()
    await reach(page, start)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/optimize/[0-9a-f-]{36}$"))
    await closed(page)
    await settled(page)
    await expect(page.get_by_role("main")).to_be_focused()
    await reach(page, page.get_by_role("button", name="Cancel search"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await reach(page, page.get_by_role("dialog").get_by_role("button", name="Cancel the search"))
    await page.keyboard.press("Enter")
    await closed(page)
    await expect(page.get_by_role("status").filter(has_text="The search is cancelled. No suggestion.")).to_have_count(1)
    await holds(page)


async def test_a_suggestion_is_read_edit_by_edit_and_goes_into_a_guarded_rollout_without_a_mouse(page_as: OpenPage, site: Site) -> None:
    suggestion, _ = await open_suggestion(site)
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await reach(page, page.get_by_role("button", name="Accept", exact=True))
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    edits = dialog.get_by_role("group", name="Edits").get_by_role("checkbox")
    await reach(page, edits.first)
    for place in range(1, await edits.count()):
        await page.keyboard.press("ArrowDown")
        await expect(edits.nth(place)).to_be_focused()
        await expect(edits.nth(place)).to_be_in_viewport(ratio=1)
    await page.keyboard.press("Escape")
    await closed(page)
    await expect(page.get_by_role("button", name="Accept", exact=True)).to_be_focused()

    await reach(page, page.get_by_role("link", name="Send to experiment"))
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Send the suggestion to an experiment?")
    await expect(dialog.get_by_role("button", name="Draft the experiment")).to_be_visible()
    rollout = dialog.get_by_role("radio", name="Guarded rollout")
    await expect(rollout).to_be_focused()
    await page.keyboard.press("Space")
    await expect(rollout).to_be_checked()
    await expect(dialog.get_by_text("It would be taken back.")).to_be_visible()
    await reach(page, dialog.get_by_role("button", name="Begin the rollout"))
    await page.keyboard.press("Enter")
    ramp = page.get_by_role("list", name="Steps of the ramp")
    await expect(ramp.locator("[aria-current=step]")).to_contain_text("1\u00a0%")
    await closed(page)
    await settled(page)
    await expect(page.get_by_role("main")).to_be_focused()
    await reach(page, page.get_by_role("button", name="Next step"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await reach(page, page.get_by_role("dialog").get_by_role("button", name="Take the next step"))
    await page.keyboard.press("Enter")
    await expect(ramp.locator("[aria-current=step]")).to_contain_text("5\u00a0%")
    await closed(page)
    await expect(page.get_by_role("button", name="Next step")).to_be_focused()


async def test_a_comma_that_a_number_field_would_drop_is_a_point(page_as: OpenPage) -> None:
    """ "0,5" became "05", and a ceiling of half a dollar one of five."""
    page = await page_as("editor", "/app/optimize?new=1&prompt={prompt}&dataset={dataset}&version=1")
    dialog = page.get_by_role("dialog", name="New search for a better version")
    ceiling, evaluations = dialog.get_by_label("Cost ceiling"), dialog.get_by_label("Evaluations, at most")
    await ceiling.press_sequentially("0,5")
    await expect(ceiling).to_have_value("0.5")
    await page.keyboard.press("Control+z")
    await ceiling.fill("")
    await ceiling.focus()
    await page.keyboard.insert_text("1,000.25")
    await expect(ceiling).to_have_value("1000.25")
    await evaluations.fill("")
    await evaluations.press_sequentially("2,000")
    await expect(evaluations).to_have_value("2000")


async def test_scrolling_over_a_number_that_was_just_written_scrolls_and_leaves_it(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/optimize?new=1&prompt={prompt}&dataset={dataset}&version=1", height=420)
    dialog = page.get_by_role("dialog", name="New search for a better version")
    ceiling, method = dialog.get_by_label("Cost ceiling"), dialog.get_by_label("Method")
    await ceiling.press_sequentially("0.5")
    before = await method.bounding_box()
    await ceiling.hover()
    await page.mouse.wheel(0, 150)
    await page.wait_for_function(
        "([node, y]) => node.getBoundingClientRect().y < y", arg=[await method.element_handle(), (before or {})["y"]]
    )
    await expect(ceiling).to_have_value("0.5")
    await page.keyboard.press("ArrowUp")
    await expect(ceiling).to_have_value("1.5")
