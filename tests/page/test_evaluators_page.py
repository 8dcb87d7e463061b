"""Evaluators: made, tried, laid side by side by version, agreement with people, shares of live traffic; metrics of feedback."""

from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from tests.page.axe import check_axe
from tests.page.browser import closed, expect_console, messages_stay, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import SCORED, Site

pytestmark = pytest.mark.capability("U1", "F4")

BEHIND = ("region", "aria-hidden-focus")


async def test_code_is_tried_saved_changed_and_archived(page_as: OpenPage, site: Site) -> None:
    name = f"polite {uuid4().hex[:6]}"
    page = await page_as("editor", "/app/evaluators")
    await page.get_by_role("button", name="New evaluator").click()
    dialog = page.get_by_role("dialog", name="New evaluator")
    await dialog.get_by_label("What it looks for").select_option("code")
    await dialog.get_by_label("Name (required)").fill(name)
    code = dialog.get_by_role("textbox", name="Code")
    await code.click()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.insert_text("def")
    expect_console(page, "status of 422")
    await dialog.get_by_role("button", name="Make it").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("line 1")
    await code.click()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.insert_text('"please" in output.lower()')
    await dialog.get_by_role("button", name="Try it").click()
    await expect(dialog.get_by_role("group", name="Verdict")).to_contain_text("Passes with 1.")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    await settled(page)

    await page.get_by_label("The answer").fill("Send it.")
    await page.get_by_role("button", name="Try it").click()
    await expect(page.get_by_role("group", name="Verdict")).to_contain_text("Fails with 0.")
    await page.get_by_role("button", name="New version").click()
    dialog = page.get_by_role("dialog", name=f"New version of {name}")
    await dialog.get_by_role("textbox", name="Code").click()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.insert_text('"thank" in output.lower()')
    await dialog.get_by_label("Why it is changed").fill("thanks count")
    await dialog.get_by_role("button", name="Save as v2").click()
    await told(page, f"{name} v2 scores from now on")
    await page.get_by_role("tab", name="Versions").click()
    await expect(page.get_by_role("list", name="Versions")).to_contain_text("thanks count")
    changed = page.get_by_role("figure", name="Settings: v1 against v2")
    await expect(changed).to_contain_text('"please"')
    await expect(changed).to_contain_text('"thank"')
    await page.get_by_role("button", name="Archive").click()
    await page.get_by_role("dialog").get_by_role("button", name="Archive it").click()
    await expect(page.get_by_role("button", name="New version")).to_have_attribute("aria-disabled", "true")
    kept = (await site.call("GET", "/v1/evaluators?archived=true&limit=200"))["data"]
    assert [(one["version"], one["archived_at"] is not None) for one in kept if one["name"] == name] == [(2, True)]


async def test_a_judge_is_asked_before_it_is_saved(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/evaluators?new=1")
    dialog = page.get_by_role("dialog", name="New evaluator")
    await dialog.get_by_role("button", name="Who judges: Choose a model").click()
    await page.get_by_role("option", name="simulated/judge", exact=False).first.click()
    await dialog.get_by_label("Rubric").fill('must contain "parcel"\nat most 60 words')
    await dialog.get_by_role("button", name="Try it").click()
    verdict = dialog.get_by_role("group", name="Verdict")
    await expect(verdict).to_contain_text("Passes with")
    await expect(verdict).to_contain_text("simulated/judge")
    await check_axe(page, without=BEHIND)


async def test_answers_are_judged_beside_another_one_and_beside_those_of_another_run(page_as: OpenPage, site: Site) -> None:
    settings = {"kind": "pairwise", "model": "simulated/judge", "rubric": 'must contain "parcel"'}
    name = f"better {uuid4().hex[:6]}"
    made = await site.call("POST", "/v1/evaluators", {"name": name, "settings": settings})
    page = await page_as("editor", f"/app/evaluators/{made['id']}")
    await page.get_by_label("The other answer").fill("We do not know.")
    async with page.expect_request(lambda one: one.url.endswith("/try")) as asked:
        await page.get_by_role("button", name="Try it").click()
    assert ((await asked.value).post_data_json or {})["other"] == "We do not know."
    await expect(page.get_by_role("group", name="Verdict")).to_be_visible()

    run = await site.call("GET", f"/v1/test-runs/{site.ids['test_run']}")  # Not the newest, which may be another test's of some items.
    await page.goto(f"/app/test-runs?new=1&prompt={run['prompt']}&dataset={run['dataset_id']}&split={run['split']}")
    dialog = page.get_by_role("dialog", name="New test run")
    await dialog.get_by_role("checkbox", name=name).check()
    async with page.expect_request(lambda one: "compare_with" in (one.post_data or "")) as counted:
        await dialog.get_by_label("Which is better: these answers, or those of").select_option(run["id"])
    assert ((await counted.value).post_data_json or {})["compare_with"] == run["id"]
    await expect(dialog).to_contain_text("Set aside until it ends")
    await site.call("DELETE", f"/v1/evaluators/{made['id']}")


async def test_agreement_is_a_sentence_and_a_picture_and_scores_lead_to_their_runs(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/evaluators/{evaluator}?tab=agreement")
    told = await site.call("GET", f"/v1/evaluators/{site.ids['evaluator']}/agreement")
    await expect(page.get_by_role("status").filter(has_text="that both looked at")).to_contain_text(f"Of {told['n']} answers")
    table = page.get_by_role("region", name="What both said").get_by_role("table")
    await expect(table.get_by_role("row", name="people: good")).to_contain_text(str(told["confusion"]["passed_good"]))
    await page.get_by_role("tab", name="Scores").click()
    await expect(page.get_by_role("table", name="Sums of scores")).to_contain_text("Short answers v2")
    await page.get_by_role("link", name="Each of its scores").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Scores")
    scores = page.get_by_role("table", name="Scores", exact=True)
    await expect(scores).to_contain_text(SCORED)
    await scores.get_by_role("link").first.click()
    await page.get_by_role("region", name="Evaluators").get_by_role("link", name="Short answers").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Short answers")


async def test_a_share_of_live_traffic_is_scored_paused_changed_and_archived(page_as: OpenPage, site: Site) -> None:
    name, slug = f"judge {uuid4().hex[:6]}", f"judged-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Say {{x}}", "model": "simulated/chat", "label": "production"})
    judge = {"kind": "llm_judge", "model": "simulated/judge", "rubric": "is kind"}
    made = await site.call("POST", "/v1/evaluators", {"name": name, "settings": judge})
    page = await page_as("editor", f"/app/evaluators/{made['id']}")
    await page.get_by_role("link", name="Score live traffic").first.click()
    dialog = page.get_by_role("dialog", name="Score live traffic")
    await dialog.get_by_role("button", name="Prompts: Add a prompt").click()
    await page.get_by_role("dialog", name="Prompts").get_by_role("combobox").fill(slug)
    await page.get_by_role("option", name=slug).click()
    await dialog.get_by_label("Share of the runs, %").fill("25")
    cap = dialog.get_by_label("May cost at most, $")
    await cap.fill("0.000001")
    expect_console(page, "status of 422")
    await dialog.get_by_role("button", name="Begin").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("pays for no call of a judge")
    await cap.fill("2")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Begin").click()
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text(f"25\u00a0% of {slug}")
    await expect(row).to_contain_text("$0.00 of $2.00 today")
    [kept] = (await site.call("GET", f"/v1/live-evaluations?evaluator_id={made['id']}"))["data"]
    assert (kept["sample"], kept["prompts"], kept["cap"]["limit_nusd"], kept["cap"]["period"]) == (0.25, [slug], 2 * 10**9, "day")

    await messages_stay(page)
    await row.get_by_role("switch").click()
    await expect(row).to_contain_text("paused")
    await page.get_by_role("button", name="Undo").click()
    await expect(row).not_to_contain_text("paused")
    await row.get_by_role("button", name="What to do with").click()
    await page.get_by_role("menuitem", name="Change").click()
    dialog = page.get_by_role("dialog", name=f"Change what {name} scores")
    await dialog.get_by_label("Share of the runs, %").fill("50")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text(f"50\u00a0% of {slug}")
    await row.get_by_role("button", name="What to do with").click()
    await page.get_by_role("menuitem", name="Archive").click()
    await page.get_by_role("dialog").get_by_role("button", name="Archive it").click()
    await closed(page)
    await expect(row).to_have_count(0)


async def test_past_runs_are_scored_after_a_forecast_and_wait_where_the_limit_is_reached(page_as: OpenPage, site: Site) -> None:
    name = f"past {uuid4().hex[:6]}"
    judge = {"kind": "llm_judge", "model": "simulated/judge", "rubric": "is kind", "max_tokens": 50}
    made = await site.call("POST", "/v1/evaluators", {"name": name, "settings": judge})
    page = await page_as("editor", f"/app/evaluators/live?evaluator={made['id']}")
    await page.get_by_role("button", name="Score past runs").click()
    dialog = page.get_by_role("dialog", name="Score past runs")
    await dialog.get_by_role("button", name="Prompts: Add a prompt").click()
    await page.get_by_role("dialog", name="Prompts").get_by_role("combobox").fill(SCORED)
    await page.get_by_role("option", name=SCORED).click()
    await dialog.get_by_label("At most so many").fill("3")
    limit = dialog.get_by_label("May cost at most, $")
    await limit.fill("0.000001")
    await dialog.get_by_role("button", name="See how many, and what for").click()
    begin = dialog.get_by_role("button", name="Score 3 runs")
    await expect(dialog).to_contain_text("By the length of the texts.")
    await check_axe(page, without=BEHIND)
    expect_console(page, "status of 422")
    await begin.click()
    await expect(dialog.get_by_role("alert")).to_contain_text("pays for no call of a judge")
    await limit.fill("2")
    await begin.click()
    row = page.get_by_role("table", name="Scorings of past runs").get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text(f"the newest 3 of {SCORED}")
    await expect(row).to_contain_text("completed", timeout=30_000)
    await expect(row).to_contain_text("3 of 3")
    [kept] = (await site.call("GET", f"/v1/scorings?evaluator_id={made['id']}"))["data"]
    assert (kept["scored"], kept["limit_nusd"], kept["wanted"]["prompts"]) == (3, 2 * 10**9, [SCORED])


async def test_a_page_whose_form_is_still_to_come_says_that_something_is_coming(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/evaluators/live")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    await page.route(lambda url: urlsplit(url).path == "/v1/evaluators", hold)
    await page.goto("/app/evaluators/live?new=1")
    await expect(page.get_by_role("table", name="Live evaluations").locator("tbody tr").first).to_be_visible()
    await expect(page.locator("[aria-busy=true]")).to_have_count(1)
    for route in held:
        await route.continue_()
    await page.unroute_all()
    await settled(page)
    await expect(page.get_by_role("dialog", name="Score live traffic")).to_be_visible()


@pytest.mark.capability("F1")
async def test_a_metric_is_declared_changed_and_deleted_and_comes_back(page_as: OpenPage, site: Site) -> None:
    name = f"seconds_{uuid4().hex[:6]}"
    page = await page_as("editor", "/app/analytics/metrics")
    await page.get_by_role("button", name="New metric").click()
    dialog = page.get_by_role("dialog", name="New metric")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_label("Kind").select_option("duration_ms")
    await dialog.get_by_label("Better is").select_option("lower")
    await dialog.get_by_label("At least").fill("500")
    await dialog.get_by_label("At most").fill("100")
    expect_console(page, "status of 422")
    await dialog.get_by_role("button", name="Declare it").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("above max")
    await dialog.get_by_label("At most").fill("60000")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Declare it").click()
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("500\u00a0ms to 1\u00a0min")
    await row.get_by_role("button", name="What to do with").click()
    await page.get_by_role("menuitem", name="Change").click()
    await page.get_by_role("dialog").get_by_label("At most").fill("")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("at least 500\u00a0ms")
    await row.get_by_role("button", name="What to do with").click()
    await messages_stay(page)
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(row).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(row).to_contain_text("at least 500\u00a0ms")
    [kept] = [one for one in (await site.call("GET", "/v1/metrics"))["data"] if one["name"] == name]
    assert (kept["type"], kept["direction"], kept["min"], kept["max"]) == ("duration_ms", "lower", 500, None)
    await site.call("DELETE", f"/v1/metrics/{name}")


@pytest.mark.parametrize(
    ("path", "button"),
    [("/app/evaluators", "New evaluator"), ("/app/evaluators/live", "Score live traffic"), ("/app/analytics/metrics", "New metric")],
)
async def test_a_viewer_reads_why_not(page_as: OpenPage, path: str, button: str) -> None:
    page = await page_as("viewer", path)
    act = page.get_by_role("button", name=button, exact=True).first
    await expect(act).to_have_attribute("aria-disabled", "true")
    await act.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("an editor or admin may change this")


async def test_an_empty_workspace_says_what_evaluators_are_for(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace()
    page = await page_as("editor", "/app/evaluators", workspace_id=workspace)
    await expect(page.get_by_text("No evaluators yet")).to_be_visible()
    await page.get_by_role("navigation", name="Test runs").get_by_role("link", name="Live evaluations").click()
    await expect(page.get_by_text("No live traffic is scored yet")).to_be_visible()
    await page.get_by_role("navigation", name="Test runs").get_by_role("link", name="Scores").click()
    await expect(page.get_by_text("Nothing is scored yet")).to_be_visible()
