"""What was written in a form is not thrown away by a slip: Escape once, a click beside it, another tab, a link."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.page.axe import check_axe
from tests.page.browser import closed, intercept, screenshot, set_theme, settled, told
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

WARNING = "What you wrote here is not saved. Close once more, or press Cancel, to throw it away."
BESIDE = (4, 440)


async def stays(page: Page, dialog: Locator, field: Locator, words: str) -> None:
    """By a click beside it however often, and by Escape once; what is written then takes the question back."""
    warning = dialog.get_by_text(WARNING)
    for _ in range(2):
        await page.mouse.click(*BESIDE)
        await expect(warning).to_be_visible()
    await field.press("End")
    await field.press_sequentially("!")
    await expect(warning).to_have_count(0)
    await field.press("Escape")
    await expect(warning).to_be_visible()
    await expect(field).to_have_value(f"{words}!")


async def test_a_form_asks_before_escape_or_a_click_beside_it_throws_away_what_was_written(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/prompts?new=1")
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Slug")
    await name.fill("kept-words")
    await stays(page, dialog, name, "kept-words")
    await settled(page)
    await check_axe(page, without=BEHIND_A_DIALOG)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"unsent/prompt-{theme}")
    await name.press("Escape")
    await closed(page)


@pytest.mark.parametrize("how", ["Cancel", "nothing written"])
async def test_a_form_closes_at_once_where_that_is_meant(page_as: OpenPage, how: str) -> None:
    page = await page_as("editor", "/app/prompts?new=1")
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Slug")
    await expect(name).to_be_focused()
    if how == "Cancel":
        await name.fill("gone")
        await dialog.get_by_role("button", name="Cancel").click()
    else:
        await page.mouse.click(*BESIDE)
    await closed(page)


async def test_a_correction_in_a_drawer_is_not_lost_by_a_slip(page_as: OpenPage, site: Site) -> None:
    made = await site.call("POST", "/v1/datasets", {"name": "unsent", "items": [{"input": "hi", "expected": "hello", "split": "train"}]})
    page = await page_as("editor", f"/app/datasets/{made['id']}")
    await page.get_by_role("row").get_by_role("button", name="hi").click()
    drawer = page.get_by_role("dialog")
    await drawer.get_by_role("button", name="Correct the right answer").click()
    field = drawer.get_by_role("textbox", name="The right answer")
    await field.fill("good day")
    await stays(page, drawer, field, "good day")
    await screenshot(page, "unsent/correction-light")
    await drawer.get_by_role("button", name="Save").click()
    await told(page, "Corrected: version 2")
    await page.keyboard.press("Escape")
    await closed(page)


async def test_a_comment_and_a_goal_are_there_again_after_looking_elsewhere(page_as: OpenPage, site: Site) -> None:
    slug = f"unsent-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "One {{x}}", "model": "simulated/chat"})
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    comment = page.get_by_label("Comment on this version")
    await comment.fill("Half a thought")
    await page.get_by_role("tab", name="Settings").click()
    await expect(page.get_by_label("Description")).to_be_visible()
    await page.get_by_role("tab", name="Versions").click()
    await expect(comment).to_have_value("Half a thought")
    await page.reload()
    await expect(comment).to_have_value("Half a thought")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(comment).to_have_value("")
    await page.reload()
    await expect(page.get_by_text("Half a thought")).to_be_visible()
    await expect(comment).to_have_value("")

    await page.goto("/app/new")
    goal = page.get_by_label("What should it do?")
    await goal.fill("Sort tickets")
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Alerts").click()
    await page.wait_for_url("**/alerts")
    await page.go_back()
    await expect(goal).to_have_value("Sort tickets")


WRITTEN_ON_A_PAGE = {
    "the workspace": ("/app/settings", "Requests a minute", "77", ("Your account", "Workspace")),
    "retention": ("/app/settings?tab=privacy", "Days that text and end users are kept", "17", ("Workspaces", "Retention and erasure")),
    "experiments": ("/app/experiments/settings", "Units in each arm, at least", "4321", ()),
    "masking": ("/app/guardrails?tab=stored", "Card numbers", None, ("On the way to a model and back", "In what is stored")),
    "the organization": ("/app/settings?tab=organization", "Name of the organization", "Other", ("Your account", "Organization")),
}


@pytest.mark.parametrize("of", WRITTEN_ON_A_PAGE)
async def test_a_form_on_a_page_is_kept_by_other_tabs_and_asks_before_a_link_takes_it_away(page_as: OpenPage, of: str) -> None:
    path, label, words, tabs = WRITTEN_ON_A_PAGE[of]
    page = await page_as("operator", path)
    field = page.get_by_label(re.compile(f"^{label}"))

    async def stands() -> None:
        await (expect(field).to_be_checked() if words is None else expect(field).to_have_value(words))

    await (field.check() if words is None else field.fill(words))
    for tab in tabs:
        await page.get_by_role("tab", name=tab, exact=True).click()
        await expect(page.get_by_role("tabpanel", name=tab, exact=True)).to_be_visible()
    await stands()
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Alerts")
    await link.click()
    asked = page.get_by_role("dialog", name="Leave without saving?")
    await expect(asked).to_contain_text("is not saved")
    await asked.get_by_role("button", name="Stay").click()
    await closed(page)
    await stands()
    await link.click()
    await asked.get_by_role("button", name="Discard and leave").click()
    await page.wait_for_url("**/alerts")
    await closed(page)


async def test_what_is_written_to_try_something_and_about_a_run_is_there_again(page_as: OpenPage, site: Site) -> None:
    written = {
        "/app/evaluators/{evaluator}": "The answer",
        "/app/guardrails": "Text",
        "/app/routing": "Metadata",
        "/app/runs/{execution}": "What it should have said",
    }
    page = await page_as("editor", "/app/alerts")
    for path, label in written.items():
        for again in (False, True):
            await page.goto(address := site.at(path))
            if "/runs/" in address and not again:
                await page.get_by_role("button", name="Add feedback").click()
            field = page.get_by_role("textbox", name=re.compile(f"^{label}"))
            if not again:
                await field.fill("Half a thought")
            await expect(field).to_have_value("Half a thought")
            await page.get_by_role("navigation", name="Main").get_by_role("link", name="Webhooks").click()
            await page.wait_for_url("**/webhooks")
            await closed(page)


@pytest.mark.parametrize("of", ["live evaluation", "rule", "metric", "guardrail"])
async def test_what_a_viewer_may_not_change_is_to_be_read_and_takes_no_words(page_as: OpenPage, site: Site, of: str) -> None:
    mark = uuid4().hex[:6]
    if of == "live evaluation":
        rule = {"kind": "regex", "pattern": "a"}
        evaluator = await site.call("POST", "/v1/evaluators", {"name": f"read {mark}", "settings": rule})
        body = {"evaluator_id": evaluator["id"], "prompts": [site.ids["prompt"]], "labels": ["nowhere"], "sample": 0.1, "active": False}
        made = await site.call("POST", "/v1/live-evaluations", body)
        path = f"/app/evaluators/live?edit={made['id']}"
    elif of == "metric":
        await site.call("PUT", f"/v1/metrics/read_{mark}", {"type": "number", "direction": "higher"})
        path = f"/app/analytics/metrics?edit=read_{mark}"
    elif of == "guardrail":
        body = {"name": f"read {mark}", "sides": ["in"], "settings": {"kind": "personal_data"}, "active": False}
        path = f"/app/guardrails?edit={(await site.call('POST', '/v1/guardrails', body))['id']}"
    else:
        path = "/app/alerts/rules?edit=*default*"
    page = await page_as("viewer", path)
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text(re.compile("^(You may read here|Only an admin)"))).to_be_visible()
    fields = dialog.locator("fieldset").first.locator("input, textarea, [role=switch], [role=combobox], button")
    assert await fields.count() > 0
    for field in await fields.all():
        await expect(field).to_be_disabled()
    await expect(dialog.locator("[type=submit]")).to_have_count(0)
    await check_axe(page, without=BEHIND_A_DIALOG)
    await dialog.get_by_role("button", name="Close", exact=True).last.click()
    await closed(page)


async def test_a_page_that_is_long_on_its_way_says_so_and_what_was_given_up_is_not_asked_for_again(page_as: OpenPage) -> None:
    page = await page_as("admin", "/app/settings")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    await intercept(page, re.compile(r"/assets/DatasetsPage"), hold)
    await page.get_by_label("Requests a minute").fill("78")
    links = page.get_by_role("navigation", name="Main")
    await links.get_by_role("link", name="Datasets").click()
    asked = page.get_by_role("dialog", name="Leave without saving?")
    await asked.get_by_role("button", name="Discard and leave").click()
    await expect(page.get_by_role("main").get_by_text("Loading…")).to_be_visible()
    await expect(page.get_by_role("main").get_by_role("button", name="Load the page again")).to_be_visible()
    await links.get_by_role("link", name="Alerts").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Alerts")
    await closed(page)
    for route in held:
        await route.continue_()


async def test_who_comes_back_before_the_next_page_is_there_is_asked_again(page_as: OpenPage) -> None:
    page = await page_as("admin", "/app/settings")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    await intercept(page, re.compile(r"/assets/DatasetsPage"), hold)
    field = page.get_by_label("Requests a minute")
    await field.fill("79")
    links = page.get_by_role("navigation", name="Main")
    await links.get_by_role("link", name="Datasets").click()
    asked = page.get_by_role("dialog", name="Leave without saving?")
    await asked.get_by_role("button", name="Discard and leave").click()
    await expect(page.get_by_role("main").get_by_text("Loading…")).to_be_visible()
    await page.go_back()
    await expect(field).to_be_visible()
    # It may have been thrown away meanwhile, which was agreed to; what is there is not lost without a word.
    if await field.input_value() != "79":
        await field.fill("79")
    await links.get_by_role("link", name="Alerts").click()
    await asked.get_by_role("button", name="Stay").click()
    await expect(field).to_have_value("79")
    for route in held:
        await route.continue_()


async def test_who_stays_with_a_form_over_a_page_is_asked_about_the_page_again(page_as: OpenPage) -> None:
    page = await page_as("admin", "/app/alerts")
    links = page.get_by_role("navigation", name="Main")
    await links.get_by_role("link", name="Providers").click()
    await page.get_by_role("link", name="Guardrails", exact=True).click()
    await page.get_by_role("tab", name="In what is stored").click()
    await page.get_by_label("Card numbers").check()
    await page.get_by_role("button", name="New guardrail").click()
    form = page.get_by_role("dialog", name="New guardrail")
    await form.get_by_label(re.compile("^Name")).fill("Half a name")
    await page.evaluate("history.go(-3)")
    asked = page.get_by_role("dialog", name="Leave without saving?")
    await expect(asked).to_contain_text("what is masked")
    await asked.get_by_role("button", name="Discard and leave").click()
    await expect(asked).to_contain_text("New guardrail")
    await asked.get_by_role("button", name="Stay").click()
    await form.get_by_role("button", name="Cancel").click()
    await closed(page)
    await links.get_by_role("link", name="Alerts").click()
    await expect(asked).to_contain_text("what is masked")
