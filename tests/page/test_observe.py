"""Analytics, alerts, usage and budgets: each figure as the API tells it, and what one does about it, by the people who may."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from burnish_shared.ids import new_uuid
from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, closed, messages_stay, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.experiments import started, two_versions
from tests.page.site import Site

BEHIND = ("region", "aria-hidden-focus")
"""Of what a dialog hides behind itself."""


def figure(page: Page, name: str) -> Locator:
    """What stands below a name in the strip of figures."""
    return page.locator("dl > div").filter(has=page.get_by_text(name, exact=True)).locator("dd").first


async def agrees(page: Page, name: str, ask: Callable[[], Awaitable[str]]) -> None:
    """Waits until the figure is what the API tells: what ran before is counted a moment later, there and then here."""
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while await figure(page, name).inner_text() != await ask():
            await asyncio.sleep(0.1)


@pytest.mark.capability("A1", "A2")
async def test_analytics_tells_what_the_api_tells_and_the_address_keeps_the_question(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/analytics?range=7d")

    async def told() -> str:
        return f"{(await site.call('GET', '/v1/analytics/summary?grain=hour&traffic=live&from=' + since(days=7)))['executions']:,}"

    await agrees(page, "Live runs", told)
    await expect(page.get_by_text("simulated").first).to_be_visible()
    await expect(page.get_by_text(re.compile(r"runs? in the last minute|live"))).to_be_visible()

    await page.get_by_label("Group by").select_option("By version")
    await page.get_by_label("Traffic").select_option("All traffic")
    await settled(page)
    await expect(page).to_have_url(re.compile("group=version"))
    rows = page.get_by_role("table", name="By version").get_by_role("row")
    async with asyncio.timeout(3 * PATIENCE_MS / 1_000):
        while True:  # Of what comes in between two questions one knows less, and so does the page of a version that others run first.
            groups = await site.call("GET", "/v1/analytics/groups?grain=hour&group_by=version&unnamed=true&from=" + since(days=7))
            whole = await site.call("GET", "/v1/analytics/summary?grain=hour&from=" + since(days=7))
            told_of = sum(one["executions"] for one in groups["data"])
            if told_of == whole["executions"] and await rows.count() == 1 + len(groups["data"]):
                break
            await page.reload()
            await settled(page)
    await page.reload()
    await settled(page)
    chart = page.get_by_role("img", name=re.compile("^All runs. Arrow keys"))
    await chart.focus()
    await page.keyboard.press("End")
    await expect(page.get_by_role("figure", name="All runs").get_by_role("status")).to_contain_text(re.compile(r"v\d"))
    async with page.expect_download() as started:
        await page.get_by_role("button", name="CSV").click()
    assert (await started.value).suggested_filename.endswith(".csv")
    await check_axe(page)


@pytest.mark.capability("A1", "X1")
async def test_figures_and_costs_are_told_by_arm_of_an_experiment(page_as: OpenPage, site: Site) -> None:
    name, slug = f"Shorter {uuid4().hex[:6]}", await two_versions(site)
    experiment = await started(site, slug, name=name, unit="execution")
    page = await page_as("viewer", f"/app/analytics?group=arm&prompt={await two_versions(site)}")
    await expect(page.get_by_text("Nothing ran like this in this time")).to_be_visible()
    body, taken = {"prompt": slug}, 0
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while taken < 12:  # the gateway learns of the experiment a moment later
            taken += (await site.call("POST", "/v1/executions", body | {"variables": {"topic": f"{taken}"}}))["arm"] is not None
        groups: list[Any] = []
        while sum(one["executions"] for one in groups) < 12:
            await asyncio.sleep(0.1)
            groups = (await site.call("GET", f"/v1/analytics/groups?group_by=arm&prompt={slug}"))["data"]
    assert {one["group"] for one in groups} <= {f"{experiment}/control", f"{experiment}/candidate"}
    for path, label in (("", "By arm"), ("/costs", "Costs by arm of an experiment")):
        await page.goto(f"/app/analytics{path}?range={'24h' if path else '7d'}&prompt={slug}&{'by' if path else 'group'}=arm")
        rows = page.get_by_role("table", name=label).get_by_role("row").filter(has_text=name)
        await expect(rows).to_have_count(len(groups))
        await expect(rows.filter(has_text=groups[0]["group"].partition("/")[2])).to_contain_text(str(groups[0]["executions"]))
        await check_axe(page)
        await screenshot(page, f"analytics/arms{path.replace('/', '-')}", whole=True)
    await page.goto(f"/app/analytics?range=7d&prompt={slug}&group=arm")
    await page.get_by_role("table", name="By arm").get_by_role("link").first.click()
    await page.wait_for_url(f"**/app/experiments/{experiment}**")
    await site.call("POST", f"/v1/experiments/{experiment}/pause")


@pytest.mark.capability("A2")
async def test_only_whole_steps_are_compared_with_those_before(page_as: OpenPage, site: Site) -> None:
    asked: list[str] = []
    began = whole_hour()
    page = await page_as("viewer", "/app/analytics?range=24h&traffic=all")
    page.on("request", lambda request: asked.append(request.url) if "/v1/analytics/summary" in request.url else None)
    await page.get_by_role("button", name="Compare with before").click()
    # What ran in this hour alone is compared with nothing, and it says so.
    await expect(page.get_by_text(re.compile("Whole hours until|No whole hour to compare yet"))).to_be_visible()
    # Asked for again while runs come in, each is the same window.
    windows = {tuple(datetime.fromisoformat(parse_qs(urlsplit(url).query)[name][0]) for name in ("from", "to")) for url in asked}
    # The hour that is not over is left out; the one window ends where the other begins. While one looks, the next hour may begin.
    day = timedelta(hours=24)
    of_each = [{(hour - day, hour), (hour - 2 * day, hour - day)} for hour in {began, whole_hour()}]
    assert windows <= set().union(*of_each), windows
    assert any(both <= windows for both in of_each), windows
    await page.reload()
    await settled(page)
    await expect(page.get_by_role("button", name="Compare with before")).to_have_attribute("aria-pressed", "true")


@pytest.mark.capability("A2", "U1")
async def test_figures_that_are_behind_say_until_when_they_are(page_as: OpenPage, site: Site) -> None:
    """The answers are the gateway's, of which two fields are as they would be after ten minutes without analytics."""
    slug = site.ids["prompt"]
    page = await page_as("editor", "/app/analytics?traffic=all")
    note = page.get_by_text("Figures are behind.")
    await settled(page)
    await expect(note).to_have_count(0)
    through = datetime.now(UTC) - timedelta(minutes=10)

    async def ten_minutes_old(route: Any) -> None:
        answer = await route.fetch()
        told = await answer.json()
        await route.fulfill(response=answer, json=told | {"counted_through": through.isoformat(), "behind_s": 600.0})

    await page.route(re.compile("/v1/analytics/(summary|costs|groups)"), ten_minutes_old)
    for path in ("/app/analytics?traffic=all", "/app/analytics/costs?traffic=all", f"/app/prompts/{slug}?tab=results", "/app/start"):
        await page.goto(f"{site.url}{path}")
        await settled(page)
        await expect(note).to_be_visible()
        said = await page.evaluate("at => new Date(at).toTimeString().slice(0, 5)", through.isoformat())
        await expect(note.locator("xpath=..")).to_contain_text(said)
        await check_axe(page)


@pytest.mark.capability("A1", "B3")
async def test_how_full_the_limits_of_calls_are_stands_with_usage(page_as: OpenPage, site: Site) -> None:
    name = f"narrow one {uuid4().hex[:6]}"
    key = await site.call("POST", "/v1/api-keys", {"name": name, "role": "viewer", "rate_limit_per_minute": 30})
    page = await page_as("viewer", "/app/usage")
    limits = page.get_by_role("table", name="Limits a minute")
    await expect(limits.get_by_role("row").nth(1)).to_contain_text("The workspace")
    row = limits.get_by_role("row", name=name)
    await expect(row).to_contain_text("30")
    used = row.get_by_role("progressbar", name=f"Used of the limit of {name}")
    await expect(used).to_have_attribute("aria-valuetext", "0 of 7 at once")
    await check_axe(page)
    await site.call("DELETE", f"/v1/api-keys/{key['id']}")


async def asked_at(page: Page, path: str, of: str) -> tuple[str, list[dict[str, Any]]]:
    """Opens the page; returns what it asked this path of the API meanwhile, and what it was told: midnight may lie between that and another
    question."""
    async with page.expect_response(lambda answer: urlsplit(answer.url).path == of and "day" in urlsplit(answer.url).query) as found:
        await page.goto(path)
    answer = await found.value
    told = (await answer.json())["data"]
    await settled(page)
    return answer.url, told


def words_of(day: str) -> str:
    at = datetime.fromisoformat(day)
    return f"{at.day} {at:%b} {at.year}"


@pytest.mark.capability("A1", "B4")
async def test_days_are_those_of_the_api_wherever_somebody_looks_at_them(page_as: OpenPage, site: Site) -> None:
    await site.call("POST", "/v1/executions", {"messages": [{"role": "user", "content": "Say hello"}], "model": "simulated/chat"})
    page = await page_as("admin", "/app/settings", timezone="America/Los_Angeles", alone=True)
    _, told = await asked_at(page, "/app/usage?by=day", "/v1/usage")
    days = page.get_by_role("table", name="Usage by day").locator("tbody tr td:first-child")
    assert told, "the demo ran"
    for one in told:
        await expect(days.filter(has_text=words_of(one["group"]["day"]))).to_have_count(1)

    _, steps = await asked_at(page, "/app/analytics?range=30d&traffic=all", "/v1/analytics/timeseries")
    chart = page.get_by_role("figure", name="All runs")
    await chart.get_by_role("img").focus()
    await page.keyboard.press("End")
    await expect(chart.get_by_role("status")).to_contain_text(re.compile(rf"^{words_of(steps[-1]['at'])}: "))

    month_before = this_month()
    asked, _ = await asked_at(page, "/app/analytics/costs?traffic=all", "/v1/analytics/timeseries")
    [first] = parse_qs(urlsplit(asked).query)["from"]
    # Of the clock as well: the page could ask for another month, and draw what it asked for. While one looks, the next may begin.
    assert datetime.fromisoformat(first) in {month_before, this_month()}, first
    month = page.get_by_role("figure", name=re.compile("day by day"))
    await month.get_by_role("img").focus()
    await page.keyboard.press("Home")
    await expect(month.get_by_role("status")).to_contain_text(re.compile(rf"^{words_of(first)}: "))


def this_month() -> datetime:
    return datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def whole_hour() -> datetime:
    """The last one that is over ended then."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def since(*, days: int) -> str:
    """As the page asks for it: whole hours."""
    end = whole_hour() + timedelta(hours=1)
    return (end - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.capability("A3")
async def test_costs_are_told_to_the_months_end_or_say_why_not(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/analytics/costs?by=model&traffic=all")
    told = (await site.call("GET", "/v1/analytics/costs?projection=true&group_by=model"))["projection"]
    if told["expected_nusd"] is None:
        await expect(page.get_by_text("The month's end is not projected.")).to_be_visible()
    else:
        await expect(page.get_by_text("of months should end within the interval")).to_be_visible()
    await expect(page.get_by_role("table", name="Costs by model")).to_contain_text("simulated/reader")


@pytest.mark.capability("A3", "D4")
async def test_failures_that_are_alike_are_shown_with_their_examples(page_as: OpenPage, site: Site) -> None:
    slug = f"alike-{uuid4().hex[:6]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Say {{x}}", "model": "simulated/chat"})
    for n in range(4):
        run = await site.call("POST", "/v1/executions", {"prompt": slug, "variables": {"x": f"refund number {n}"}})
        comment = {"execution_id": run["id"], "thumb": "down", "comment": "refund was taken for shipping", "user_id": f"u{n}"}
        await site.call("POST", "/v1/feedback", comment)
    async with asyncio.timeout(PATIENCE_MS / 1_000):  # Runs are booked some tenths of a second after their answer, later on a busy machine.
        asked = f"/v1/analytics/failure-groups?prompt={slug}&fresh=true"
        while [one["size"] for one in (await site.call("GET", asked))["groups"]] != [4]:
            await asyncio.sleep(0.1)
    page = await page_as("viewer", f"/app/analytics/failures?prompt={slug}")
    await page.get_by_role("table", name="Groups of failures").get_by_role("button").first.click()
    drawer = page.get_by_role("dialog")
    await expect(drawer.get_by_text("refund was taken for shipping").first).to_be_visible()
    await expect(drawer.get_by_role("link", name="Open the run").first).to_be_visible()
    await expect(drawer.get_by_role("button", name="Make a dataset")).to_be_disabled()
    await check_axe(page, without=BEHIND)

    page = await page_as("editor", f"/app/analytics/failures?prompt={slug}")
    await page.get_by_role("table", name="Groups of failures").get_by_role("button").first.click()
    await expect(page.get_by_role("link", name="Optimize", exact=True).last).to_have_attribute("href", re.compile(rf"new=1&prompt={slug}"))
    await page.get_by_role("button", name="Make a dataset").click()
    form = page.get_by_role("dialog", name="Make a dataset of this group")
    await expect(form.get_by_role("button", name="Make", exact=True)).to_be_visible()
    await check_axe(page, without=BEHIND, over_a_drawer=True)
    await form.get_by_role("button", name="Make", exact=True).click()
    made = page.get_by_role("dialog", name="No dataset yet")
    await expect(made).to_contain_text("4 answers in the review queue")
    await expect(made).to_contain_text("4 × Nobody said what would have been right")


@pytest.mark.capability("A3", "D3")
async def test_a_report_is_made_read_and_deleted_and_a_digest_set_up(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/analytics/reports", workspace_id=await site.new_workspace())
    await page.get_by_role("button", name="Set up").click()
    await page.get_by_role("dialog").get_by_text("Every day", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Every day at 08:00, UTC")).to_be_visible()
    await page.get_by_role("button", name="New report").first.click()
    await page.get_by_role("button", name="Make the report").click()
    await page.wait_for_url("**/analytics/reports/0*")
    await settled(page)
    await expect(figure(page, "Runs")).to_have_text("0")
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No reports yet")).to_be_visible()


@pytest.mark.capability("A4")
async def test_an_alert_says_what_is_wrong_and_is_acknowledged_by_an_editor(page_as: OpenPage, site: Site) -> None:
    viewer = await page_as("viewer", "/app/alerts/{alert}")
    await expect(viewer.get_by_role("table", name="Before and after")).to_contain_text("target 80.0")
    await expect(viewer.get_by_role("figure", name="Satisfaction")).to_be_visible()
    await expect(viewer.get_by_role("button", name="Mute")).to_have_attribute("aria-disabled", "true")

    raised, summary = await open_alert(site)
    page = await page_as("editor", "/app/alerts?status=all")
    rows = page.get_by_role("table", name="Alerts").get_by_role("row")
    async with asyncio.timeout(PATIENCE_MS / 1_000):  # Others raise some too: here and there by and by.
        while await rows.count() != 1 + min(50, len((await site.call("GET", "/v1/alerts?limit=200"))["data"])):
            await asyncio.sleep(0.1)
    await page.get_by_role("table", name="Alerts").get_by_role("link", name=summary).click()
    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.get_by_text("acknowledged", exact=True)).to_be_visible()
    assert (await site.call("GET", f"/v1/alerts/{raised}"))["status"] == "acknowledged"


async def open_alert(site: Site) -> tuple[str, str]:
    """The demo's alert over again, open, about a prompt of its own. (id, summary)"""
    slug, alert = f"alert-{uuid4().hex[:8]}", str(new_uuid())
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Hello", "model": "simulated/chat", "label": "production"})
    about = {
        "alert_id": alert, "incident_key": slug, "slug": slug, "version": 1, "summary": f"Satisfaction with {slug} fell.",
        "raised_at": datetime.now(UTC).isoformat(), "resolved_at": None, "resolution": None,
    }  # fmt: skip
    await site.connection.execute(
        "INSERT INTO alerts SELECT (jsonb_populate_record(t, $1::jsonb)).* FROM alerts t WHERE alert_id = $2",
        json.dumps(about),
        site.ids["alert"],
    )
    return alert, str(about["summary"])


@pytest.mark.capability("A4")
async def test_rules_and_mutes_are_set_and_taken_back(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace()
    page = await page_as("editor", "/app/alerts/rules", workspace_id=workspace)
    await page.get_by_role("button", name="All prompts").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Satisfaction target, %").fill("90")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("table", name="Rules")).to_contain_text("90.0")
    await page.get_by_role("button", name="All prompts").click()
    await messages_stay(page)
    await dialog.get_by_role("button", name="Back to the product's defaults").click()
    await expect(page.get_by_role("table", name="Rules")).to_contain_text("80.0")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("table", name="Rules")).to_contain_text("90.0")

    await page.get_by_role("link", name="Mutes").click()
    await page.get_by_role("button", name="Mute alerts").first.click()
    await dialog.get_by_label("Kind").select_option("Unusual use")
    await dialog.get_by_label("Why").fill("load test")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Mute", exact=True).click()
    await expect(page.get_by_role("table", name="Mutes")).to_contain_text("load test")
    await page.get_by_role("button", name="End it").click()
    await expect(page.get_by_text("Nothing is muted")).to_be_visible()


@pytest.mark.capability("A4", "O1")
async def test_a_rule_says_how_it_searches_when_a_prompt_gets_worse(page_as: OpenPage, site: Site) -> None:
    slug = f"worse-{new_uuid().hex[-8:]}"
    base = await site.call("GET", f"/v1/prompts/{site.ids['prompt']}?version=1")
    await site.call("POST", "/v1/prompts", {name: base[name] for name in ("messages", "model")} | {"slug": slug, "label": "production"})
    items = (await site.call("GET", f"/v1/datasets/{site.ids['dataset']}/items?split=train,validation&limit=1"))["data"]
    rule = {"start_optimization": {"dataset_id": site.ids["dataset"], "budget": {"evaluations": 2000, "credits": 100}}}
    await site.call("PUT", f"/v1/alert-rules/{slug}", rule)
    page = await page_as("editor", "/app/alerts/rules")
    await page.get_by_role("button", name=slug).click()
    dialog = page.get_by_role("dialog", name=f"Rule for {slug}")
    await dialog.get_by_label("Method").select_option("evolutionary")
    await dialog.get_by_label("Generations, at most").fill("3")
    await dialog.get_by_role("button", name="Models, what counts, limits").click()
    await dialog.get_by_role("button", name="Choose items").click()
    await dialog.get_by_role("searchbox", name="Search items").fill(str(items[0]["input"]))
    listed = dialog.get_by_role("list", name="Train and validation items").get_by_role("checkbox")
    await expect(listed).to_have_count(1)
    await listed.check()
    await expect(dialog.get_by_role("list", name="Chosen items").get_by_role("listitem")).to_have_count(1)
    await check_axe(page, without=BEHIND)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"alert-rule-searches-{theme}")
    await dialog.get_by_role("button", name="Add a target").click()
    target = dialog.get_by_role("group", name="Target 1")
    await target.get_by_label("Figure").select_option("Failed calls")
    await target.get_by_label(re.compile("^Stays below, %")).fill("5")
    await target.get_by_label("Over").select_option("the last 3 hours")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("row").filter(has_text=slug)).to_contain_text("Failed calls below 5 %")
    rules = (await site.call("GET", "/v1/alert-rules?limit=200"))["data"]
    kept = next(one for one in rules if one["prompt"] == slug)["start_optimization"]["search"]
    limits = next(one for one in rules if one["prompt"] == slug)["targets"]
    assert [(one["metric"], one["limit"], one["window_minutes"], one["min_samples"]) for one in limits] == [("error_rate", 0.05, 180, 20)]
    assert (kept["method"], kept["evolutionary"]["generations"], kept["constraints"]["anchors"]) == ("evolutionary", 3, [items[0]["id"]])


@pytest.mark.capability("A4")
async def test_a_channel_is_set_up_tried_and_deleted_and_says_what_came_of_it(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace()
    page = await page_as("admin", "/app/alerts/channels", workspace_id=workspace)
    await page.get_by_role("button", name="New channel").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Owners")
    await dialog.get_by_label("To (required)").fill("ann@example.com")
    await dialog.get_by_role("button", name="Set it up").click()
    table = page.get_by_role("table", name="Channels")
    await expect(table).to_contain_text("E-mail to 1 person")
    await table.get_by_role("button", name="Test").click()
    await expect(table.get_by_text(re.compile("sent|failed|waiting")).first).to_be_visible()
    await table.get_by_role("switch", name="Owners is told").click()
    await expect(table.get_by_role("switch", name="Owners is told")).to_have_attribute("aria-checked", "false")
    await table.get_by_role("button", name="What to do with Owners").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Nobody is told yet")).to_be_visible()
    viewer = await page_as("viewer", "/app/alerts/channels", workspace_id=workspace)
    await expect(viewer.get_by_text("Channels are for admins")).to_be_visible()


@pytest.mark.capability("B1", "B3", "B4")
async def test_usage_budgets_statement_and_plan_by_the_books(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/datasets")
    async with page.expect_response(lambda answer: urlsplit(answer.url).path == "/v1/credits") as told:
        await page.goto("/app/usage")
    held = await (await told.value).json()  # What others spend meanwhile is known by the next question alone.
    await expect(figure(page, "Credit left")).to_have_text(re.compile("^" + re.escape(f"${held['available_nusd'] / 1e9:,.2f}"[:4])))
    await expect(page.get_by_role("table", name="Usage by prompt")).to_contain_text(site.ids["prompt"])
    await page.get_by_role("link", name="Budgets").click()
    name = f"Ceiling {uuid4().hex[:6]}"
    await page.get_by_role("button", name="New budget").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Limits").select_option("A prompt")
    await dialog.get_by_role("button", name=re.compile("^Prompt:")).click()
    await page.get_by_placeholder("Type to find").fill(site.ids["prompt"])
    await page.get_by_role("option").filter(has=page.get_by_text(site.ids["prompt"], exact=True)).click()
    await dialog.get_by_label("Limit, in dollars").fill("12.50")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("button", name="Make the budget").click()
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("$12.50 a month")
    kept = next(one for one in (await site.call("GET", "/v1/budgets"))["data"] if one["name"] == name)
    assert (kept["limit_nusd"], kept["target_id"], kept["hard"], kept["warn_percent"]) == (12_500_000_000, site.ids["prompt"], True, 80)
    await row.get_by_role("button", name=f"What to do with {name}").click()
    await page.get_by_role("menuitem", name="Close").click()
    await dialog.get_by_role("button", name="Close the budget").click()
    await closed(page)
    await page.get_by_role("button", name="New budget").first.click()
    await dialog.get_by_label("Limits").select_option("Each end user")
    await dialog.get_by_label("Limit, in dollars").fill("1")
    await dialog.get_by_label("Name").fill(each := f"Allowance {uuid4().hex[:6]}")
    await dialog.get_by_role("button", name="Make the budget").click()
    await expect(page.get_by_role("row").filter(has_text=each)).to_contain_text("each end user; 0 counted")
    kept = next(one for one in (await site.call("GET", "/v1/budgets"))["data"] if one["name"] == each)
    assert (kept["target_kind"], kept["target_id"]) == ("end_user", "*")
    await page.get_by_label("End user", exact=True).fill("u-17")
    left = page.get_by_role("table", name="Left for u-17").get_by_role("row").filter(has_text=each)
    await expect(left).to_contain_text(f"$1.00 a {kept['period']}")
    await check_axe(page)
    await site.call("DELETE", f"/v1/budgets/{kept['id']}")
    await expect(row).to_have_count(0)
    await page.get_by_role("link", name="Statement").click()
    await expect(page.get_by_role("table", name="Movements")).to_contain_text("Runs")
    await page.get_by_role("link", name="Plan", exact=True).click()
    await expect(page.get_by_role("columnheader", name=re.compile("your plan"))).to_be_visible()
    await expect(page.get_by_role("button", name="Choose").first).to_have_attribute("aria-disabled", "true")
