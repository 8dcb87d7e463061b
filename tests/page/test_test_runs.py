"""Test runs: started with a forecast, followed while they go, read by their matrix, stopped."""

import asyncio
import re
from uuid import uuid4

from playwright.async_api import Route, expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, closed, escape, narrow, screenshot, set_theme, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

BEHIND = ("region", "aria-hidden-focus")
"""What axe says of the page below a dialog."""

HARD_DATA = """() => {
  const main = document.querySelector("main");
  main.style.width = "392px";  // What is within is as wide as on a phone of 360 px.
  const figure = [...main.querySelectorAll("dl[aria-label] dd")].find((one) => one.textContent.includes("57 of 99")).firstChild;
  const badge = [...main.querySelectorAll("span")].find((one) => one.textContent === "completed" && one.childElementCount === 0).firstChild;
  const [figureWas, badgeWas] = [figure.data, badge.data];
  figure.data = "−1,234,567,890";
  badge.data = "a-provider/a-model-with-a-long-name-".repeat(6);
  const range = document.createRange();
  range.selectNodeContents(figure);
  const isWhole = range.getClientRects().length === 1;
  const { parentElement: words } = badge;
  const isRead = words.scrollWidth <= words.clientWidth && getComputedStyle(words).textOverflow !== "ellipsis" && main.scrollWidth <= 392;
  [figure.data, badge.data] = [figureWas, badgeWas];
  main.style.width = "";
  return [isWhole, isRead];
}"""


async def completed(site: Site, run: str) -> None:
    """What a run is compared with has to have ended; both go on at once, and either may be the last."""
    async with asyncio.timeout(2 * PATIENCE_MS / 1_000):
        while (await site.call("GET", f"/v1/test-runs/{run}"))["status"] != "completed":
            await asyncio.sleep(0.1)


async def test_a_run_is_forecast_started_and_read_by_its_matrix(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/test-runs?new=1&prompt={prompt}&dataset={dataset}")
    dialog = page.get_by_role("dialog", name="New test run")
    await dialog.get_by_role("button", name="Versions: Add a version").click()
    await page.get_by_role("option", name="v1", exact=True).click()
    await expect(dialog).to_contain_text("99 by simulated/reader")
    await expect(dialog).to_contain_text("Set aside until it ends")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Start", exact=True).click()

    await expect(page).to_have_url(re.compile(r"/app/test-runs/[0-9a-f-]{36}$"))
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    await expect(page.get_by_label("What came", exact=True)).to_contain_text("57 of 99")
    assert await page.evaluate(HARD_DATA) == [True, True], "a figure in one piece, and all of a badge's words"
    cell = page.get_by_role("region", name="Confusion matrix").get_by_role("button", name=re.compile(r"^2 expected billing, came returns"))
    await cell.click()
    cases = page.get_by_role("table", name="Failed cases")
    await expect(cases.get_by_role("row")).to_have_count(3)
    await page.reload()
    await expect(cases.get_by_role("row")).to_have_count(3)
    await cases.get_by_role("button").first.click()
    drawer = page.get_by_role("dialog", name="Failed case")
    for word in ("billing", "returns", "$0.0000", "1 of 2"):
        await expect(drawer).to_contain_text(word)
    await drawer.get_by_role("button", name="Next").click()
    await expect(drawer).to_contain_text("2 of 2")
    await escape(page, drawer)

    await page.get_by_role("link", name="Run failed again").click()
    await expect(dialog).to_contain_text("42 by simulated/reader")
    only_failed = dialog.get_by_role("checkbox", name="Only the items that failed in the run before")
    await only_failed.uncheck()
    await expect(dialog).to_contain_text("99 by simulated/reader")
    await only_failed.check()
    await expect(dialog).to_contain_text("42 by simulated/reader")
    await dialog.get_by_role("button", name="Start", exact=True).click()
    await expect(page.get_by_text("only what failed in another run")).to_be_visible()
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    await expect(page.get_by_label("What came", exact=True)).to_contain_text("0 of 42")

    await page.goto(f"/app/test-runs/{site.demo['handwritten']['test_run_id']}?tab=compare")
    await expect(page.get_by_text("No other version has run on these items")).to_be_visible()
    await page.goto(site.at("/app/test-runs?tab=compare&prompt={prompt}"))
    await expect(page.get_by_role("table", name="validation").first).to_contain_text("57.6")


async def test_versions_by_models_are_forecast_and_started_at_once_and_lead_to_their_comparison(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/test-runs?new=1&prompt={prompt}&dataset={dataset}&split=validation&version=1")
    dialog = page.get_by_role("dialog", name="New test run")
    await expect(dialog.get_by_role("button", name="Take v1 away")).to_be_visible()
    await expect(dialog).to_contain_text("99 by simulated/reader")
    await dialog.get_by_role("button", name="Versions: Add a version").click()
    await page.get_by_role("option", name="v2", exact=True).click()
    for model in ("simulated/chat", "simulated/reader"):
        await dialog.get_by_role("button", name="Models: Add a model").click()
        await page.get_by_role("option", name=model).click()
    await expect(dialog).to_contain_text("396 in 4 runs")
    runs = dialog.get_by_role("list", name="Runs").get_by_role("listitem")
    await expect(runs).to_have_count(4)
    await expect(runs.first).to_contain_text("v1 by simulated/chat")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Take simulated/chat away").click()
    await expect(dialog).to_contain_text("198 in 2 runs")
    await dialog.get_by_role("button", name="Start", exact=True).click()

    await expect(page).to_have_url(re.compile(r"/app/test-runs\?group=[0-9a-f-]{36}$"))
    group = page.url.rsplit("=", 1)[1]
    await expect(page.get_by_text("2 runs that started together.")).to_be_visible()
    rows = page.get_by_role("table", name="Test runs").get_by_role("row")
    await expect(rows).to_have_count(3)
    await expect(page.get_by_role("progressbar")).to_have_count(0, timeout=2 * PATIENCE_MS)
    await check_axe(page)
    await page.get_by_role("link", name="Compare them", exact=True).click()
    for version in ("v1", "v2"):
        await expect(page.get_by_role("table", name="validation").first).to_contain_text(version)
    await page.go_back()
    await page.get_by_role("button", name="Show all runs").click()
    await expect(page.get_by_text("that started together.")).to_have_count(0)
    await page.get_by_role("button", name="Dataset: All datasets").click()
    await page.get_by_role("option", name=(await site.call("GET", f"/v1/datasets/{site.ids['dataset']}"))["name"]).first.click()
    await expect(page).to_have_url(re.compile(rf"[?&]on={site.ids['dataset']}"))
    await expect(rows.nth(1)).to_be_visible()
    mine = (await site.call("GET", f"/v1/test-runs?group_id={group}"))["data"]  # The newest of all may be another test's.
    await page.goto(f"/app/test-runs/{mine[0]['id']}")
    await page.get_by_role("link", name="started with others").click()
    await expect(rows).to_have_count(3)


async def test_two_runs_are_compared_item_by_item_and_an_item_side_by_side(page_as: OpenPage, site: Site) -> None:
    """D3: each item by what changed and by category, in the address, and both answers of one with the words that differ."""
    body = {"prompt": site.ids["prompt"], "dataset_id": site.ids["dataset"], "split": "validation"}
    ids = [(await site.call("POST", "/v1/test-runs", body | {"version": version}))["id"] for version in (1, 2)]
    await completed(site, ids[0])
    page = await page_as("editor", f"/app/test-runs/{ids[1]}?tab=compare&with={ids[0]}")
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    told = await site.call("GET", f"/v1/test-runs/{ids[1]}/compare/{ids[0]}")
    assert told["fixed"] > 1 and told["items"] == 99, told["in_words"]
    part = page.get_by_role("region", name="Item by item")
    rows = part.get_by_role("table", name="Items that both runs answered").get_by_role("row")
    await expect(rows).to_have_count(51)
    await part.get_by_role("button", name="Load more").click()
    await expect(rows).to_have_count(100)
    await part.get_by_role("group", name="What changed").get_by_text(re.compile("^Fixed")).click()
    await expect(page).to_have_url(re.compile("change=fixed"))
    await expect(rows).to_have_count(1 + told["fixed"])
    await check_axe(page)
    some = next(one for one in told["categories"] if 0 < one["fixed"] < told["fixed"])
    await part.get_by_label("Category").select_option(some["category"])
    await expect(rows).to_have_count(1 + some["fixed"])
    await page.reload()
    await expect(rows).to_have_count(1 + some["fixed"])

    await rows.nth(1).get_by_role("button").focus()
    await page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog", name="Both answers")
    measures = drawer.get_by_role("table", name="Scores, cost and latency of both answers")
    for word in ("Right", "wrong", "Cost", "$0.0", "Latency"):
        await expect(measures).to_contain_text(word)
    here, there = (drawer.get_by_role("figure", name=re.compile(f" v{version}")) for version in (2, 1))
    await expect(here).to_contain_text(some["category"])
    await expect(here.locator("ins").first).to_be_visible()
    await expect(there.locator("del").first).to_be_visible()
    await check_axe(page, without=BEHIND)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"compared-item-{theme}")
    await set_theme(page, "light")
    await escape(page, drawer)
    await expect(rows.nth(1).get_by_role("button")).to_be_focused()
    await screenshot(page, "compared-items-light", whole=True)
    await narrow(page, 360)
    await screenshot(page, "compared-items-narrow", whole=True)
    await part.get_by_role("group", name="What changed").get_by_text(re.compile("^Broken 0")).click()
    await part.get_by_role("button", name="Show all items").click()
    await expect(rows).to_have_count(51)


async def test_a_run_is_stopped_on_its_way(page_as: OpenPage, site: Site) -> None:
    body = {"prompt": site.ids["prompt"], "version": 1, "dataset_id": site.ids["dataset"], "split": "train", "repeats": 20}
    run = (await site.call("POST", "/v1/test-runs", body))["id"]
    page = await page_as("editor", f"/app/test-runs/{run}")
    await expect(page.get_by_role("progressbar", name="Answers")).to_be_visible()
    await page.get_by_role("button", name="Cancel run").click()
    await page.get_by_role("button", name="Keep it running").click()
    await closed(page)
    await page.get_by_role("button", name="Cancel run").click()
    await page.get_by_role("button", name="Cancel the run").click()
    await expect(page.get_by_text("cancelled", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    await expect(page.get_by_text(re.compile(r"of [\d,]+ answers|Nothing had come"))).to_be_visible()


async def test_a_run_pauses_and_goes_on(page_as: OpenPage, site: Site) -> None:
    body = {"prompt": site.ids["prompt"], "version": 1, "dataset_id": site.ids["dataset"], "split": "train", "repeats": 20}
    run = (await site.call("POST", "/v1/test-runs", body))["id"]
    page = await page_as("editor", f"/app/test-runs/{run}?tab=compare")
    await expect(page.get_by_text("It can be compared with others once it is completed.")).to_be_visible(timeout=2 * PATIENCE_MS)
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Nothing more is asked until it is resumed.")).to_be_visible()
    await check_axe(page)
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_text("running", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Cancel run").click()
    await page.get_by_role("button", name="Cancel the run").click()
    await expect(page.get_by_text("cancelled", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)


async def test_two_runs_are_compared_item_by_item(page_as: OpenPage, site: Site) -> None:
    ids = []
    for version in (1, 2):
        body = {"prompt": site.ids["prompt"], "version": version, "dataset_id": site.ids["dataset"], "split": "validation"}
        ids.append((await site.call("POST", "/v1/test-runs", body))["id"])
    await completed(site, ids[0])
    page = await page_as("viewer", f"/app/test-runs/{ids[1]}?tab=compare&with={ids[0]}")
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    found = await site.call("GET", f"/v1/test-runs/{ids[1]}/compare/{ids[0]}")
    await expect(page.get_by_text("that both answered")).to_contain_text(f"Over {found['items']} items")
    await expect(page.get_by_role("group", name="What changed")).to_contain_text(f"Fixed {found['fixed']}")
    await check_axe(page)


async def test_the_test_cases_of_a_version_are_run_and_judged_where_it_stands(page_as: OpenPage, site: Site) -> None:
    slug = f"cased-{uuid4().hex[:8]}"
    cases = [
        {"name": "wrong one", "variables": {"x": "one"}, "expected": {"queue": "mail"}},
        {"name": "by words", "variables": {"x": "two"}, "criteria": "zebra giraffe elephant", "metadata": {"synthetic": True}},
    ]
    body = {"slug": slug, "template": "Say {{x}}", "model": "simulated/chat", "test_cases": cases}
    await site.call("POST", "/v1/prompts", body)
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    held = page.get_by_role("region", name="Test cases")
    await expect(held).to_contain_text("Nobody has run them on this version yet.")
    await expect(held.get_by_role("listitem").nth(1)).to_contain_text("Good where: zebra giraffe elephant")
    await settled(page)
    await check_axe(page)
    await held.get_by_role("button", name="Run the test cases…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("2 cases by simulated/chat")
    await settled(page)
    await check_axe(page, without=BEHIND)
    await screenshot(page, "prompts/run-test-cases")
    await dialog.get_by_role("button", name="Run", exact=True).click()
    await expect(held).to_contain_text("0 of 2 right", timeout=PATIENCE_MS)
    await expect(held).to_contain_text("judged by simulated/judge")
    await expect(held.get_by_role("listitem").nth(0)).to_contain_text("wrong")
    await settled(page)
    await check_axe(page)
    await screenshot(page, "prompts/test-cases", whole=True)
    await held.get_by_role("link", name="the whole run").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(slug)
    await expect(page.get_by_role("main")).to_contain_text("simulated/chat, judged by simulated/judge")
    await expect(page.get_by_role("main")).to_contain_text("with what judged")
    await expect(page.get_by_role("columnheader", name="Expected, or criteria")).to_be_visible()


async def test_a_viewer_starts_no_run(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/test-runs?new=1")
    await expect(page.get_by_role("table", name="Test runs").get_by_role("row").nth(1)).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="New test run")).to_have_attribute("aria-disabled", "true")


async def test_a_run_that_nobody_takes_says_what_it_waits_for(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/datasets")

    async def nobody_there(route: Route) -> None:
        answer = await route.fetch()
        run = await answer.json()
        await route.fulfill(response=answer, json=run | {"status": "pending", "metrics": None, "waits_for": "optimizer"})

    await page.route(f"**/v1/test-runs/{site.ids['test_run']}", nobody_there)
    await page.goto(site.at("/app/test-runs/{test_run}"))
    await expect(page.get_by_text("Nobody works on it.")).to_be_visible()
    await expect(page.get_by_role("progressbar", name="Answers")).to_have_attribute("aria-valuetext", re.compile("^Waiting to begin"))
    await check_axe(page)
