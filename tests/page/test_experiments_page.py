"""Experiments on the page: drafted, counted, started, watched, and decided; the ramp of a guarded rollout is always there."""

import asyncio
import json
import random
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, messages_stay, screenshot, set_theme, settled, told
from tests.page.conftest import OpenPage
from tests.page.experiments import answered_before, crowd_of, drafted, started, two_versions
from tests.page.site import Site
from tests.page.test_optimize import open_suggestion

pytestmark = pytest.mark.capability("U1", "X1")

BEHIND = ("region", "aria-hidden-focus")
NEEDED = re.compile(r"Needed\s*([\d,]+)")


async def test_an_experiment_is_drafted_counted_and_started(page_as: OpenPage, site: Site) -> None:
    slug = await two_versions(site)
    page = await page_as("editor", f"/app/experiments?new=1&prompt={slug}&version=2")
    dialog = page.get_by_role("dialog", name="New experiment")
    await dialog.get_by_label("Name (required)").fill("Shorter answers")
    await dialog.get_by_label("Same version for").select_option("execution")
    await dialog.get_by_label("Decided by").select_option("success")
    await dialog.get_by_text("Guardrails, who takes part, and by which rule").click()
    await dialog.get_by_role("button", name="Take the usual four").click()
    await expect(dialog.get_by_role("group", name="Guardrail 4")).to_be_visible()
    await check_axe(page, without=BEHIND)
    await screenshot(page, "experiments/form", whole=True)
    await dialog.get_by_role("button", name="Draft it").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("Shorter answers")
    checks = page.get_by_role("list", name="Checked")
    await expect(checks).to_contain_text("nobody knows how long it takes")
    await page.get_by_label("Worth finding, points").fill("2")
    async with page.expect_response(lambda answer: answer.request.method == "PUT" and "/v1/experiments/" in answer.url):
        await page.get_by_role("button", name="Count", exact=True).click()
    await expect(page.get_by_role("button", name="Count", exact=True)).to_be_disabled()
    await check_axe(page)
    await screenshot(page, "experiments/draft", whole=True)
    await page.get_by_role("button", name="Start", exact=True).click()
    await page.get_by_role("button", name="Start the experiment").click()
    await expect(page.get_by_role("button", name="Ship a winner")).to_be_visible()
    [kept] = (await site.call("GET", f"/v1/experiments?prompt={slug}"))["data"]
    assert (kept["status"], kept["deciding"]["smallest_effect"], kept["unit"]) == ("running", 0.02, "execution")
    assert [one["metric"] for one in kept["guardrails"]] == ["error_rate", "latency_p95_ms", "cost_nusd", "satisfaction"]


async def test_the_list_tells_at_once_what_became_of_an_experiment(page_as: OpenPage, site: Site) -> None:
    name = f"Told at once {uuid4().hex[:6]}"
    experiment = await started(site, await two_versions(site), name=name)
    page = await page_as("viewer", "/app/analytics")
    await expect(page.get_by_text(re.compile("^live$|in the last minute"))).to_be_visible()
    await page.get_by_role("link", name="Experiments", exact=True).click()
    row = page.get_by_role("table", name="Experiments").get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("running")
    await site.call("POST", f"/v1/experiments/{experiment}/pause")
    await expect(row).to_contain_text("paused")


async def test_a_smaller_effect_takes_more(page_as: OpenPage, site: Site) -> None:
    arms = [{"name": "control", "label": "production"}, {"name": "before", "version": 1}]
    slug = await two_versions(site)  # Of its own: what others run of the demo's meanwhile changes what is known of it.
    await asyncio.gather(*(site.call("POST", "/v1/executions", {"prompt": slug, "variables": {"topic": f"tea {n}"}}) for n in range(20)))
    experiment = await drafted(site, slug, unit="execution", metric="success", arms=arms)
    async with asyncio.timeout(PATIENCE_MS / 1_000):  # A run is counted a moment later.
        while (await site.call("GET", f"/v1/analytics/summary?prompt={slug}"))["executions"] < 20:
            await asyncio.sleep(0.1)
    page = await page_as("editor", "/app/experiments")
    async with page.expect_response(re.compile(r"/checklist$")) as counted:
        await page.goto(f"/app/experiments/{experiment}")
    first = (await (await counted.value).json())["needed"]
    needed = page.get_by_role("region", name="What it takes").get_by_text("executions in all")
    await expect(page.get_by_role("region", name="What it takes")).to_contain_text(f"{first['units']:,}")
    await page.get_by_label("Worth finding, points").fill("1")
    async with page.expect_response(re.compile(r"/checklist$")) as counted:
        await page.get_by_role("button", name="Count", exact=True).click()
    await expect(page.get_by_role("region", name="What it takes")).not_to_contain_text(f"{first['units']:,}")
    then = (await (await counted.value).json())["needed"]
    assert then["units"] > first["units"]
    await expect(page.get_by_role("region", name="What it takes")).to_contain_text(f"{then['units']:,}")
    await expect(needed).to_contain_text(f"{then['smallest_arm']:,}")
    await screenshot(page, "experiments/what-it-takes", whole=True)
    await site.call("DELETE", f"/v1/experiments/{experiment}")


async def test_what_the_95th_percentile_takes_is_counted_from_the_days_before(page_as: OpenPage, site: Site) -> None:
    slug, dice = await two_versions(site), random.Random(6)
    await answered_before(site, slug, [round(dice.lognormvariate(6.5, 0.6)) for _ in range(800)])
    page = await page_as("editor", f"/app/experiments?new=1&prompt={slug}&version=2")
    dialog = page.get_by_role("dialog", name="New experiment")
    await dialog.get_by_label("Name (required)").fill("Faster answers")
    await dialog.get_by_text("Guardrails, who takes part, and by which rule").click()
    await dialog.get_by_label("Rule").select_option("fixed")
    await dialog.get_by_label("Decided by").select_option("latency_p95_ms")
    await expect(dialog.get_by_label("Rule")).to_have_value("sequential")
    await expect(dialog.get_by_label("Rule").get_by_role("option")).to_have_count(1)
    await expect(dialog).to_contain_text("The only one for a 95th percentile.")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Draft it").click()

    takes = page.get_by_role("region", name="What it takes")
    await expect(takes).to_contain_text("end users in all")
    await expect(page.get_by_role("list", name="Checked")).to_contain_text("units are needed to find")
    await expect(page.get_by_label("Worth finding, ms")).to_have_attribute("placeholder", re.compile(r"\d"))
    usual = await page.get_by_label("Worth finding, ms").get_attribute("placeholder")
    assert 60 < float(usual or 0) < 120, "5 % of about 1.8 s"
    await expect(takes).to_contain_text(NEEDED)
    [before] = NEEDED.findall(await takes.inner_text())
    await page.get_by_label("Worth finding, ms").fill("700")
    await page.get_by_role("button", name="Count", exact=True).click()
    await expect(takes).not_to_contain_text(before)
    await expect(takes).to_contain_text(NEEDED)
    [after] = NEEDED.findall(await takes.inner_text())
    assert int(after.replace(",", "")) < int(before.replace(",", ""))
    await check_axe(page)
    await screenshot(page, "experiments/what-a-percentile-takes", whole=True)


async def test_a_model_that_wins_is_shipped_as_a_version(page_as: OpenPage, site: Site) -> None:
    slug = await two_versions(site)
    arms = [{"name": "control", "label": "production"}, {"name": "writer", "model": "simulated/writer"}]
    experiment = await started(site, slug, arms=arms)
    await site.call("POST", f"/v1/experiments/{experiment}/decide", {"winner": "writer", "reason": "cheaper", "move_label": False})
    await site.connection.execute(
        "UPDATE experiments SET promotion = jsonb_set(promotion, '{state}', '\"offered\"') WHERE experiment_id = $1", UUID(experiment)
    )  # as if its rule had decided it
    page = await page_as("editor", f"/app/experiments/{experiment}")
    await page.get_by_role("button", name="Ship writer").click()
    dialog = page.get_by_role("alertdialog").or_(page.get_by_role("dialog"))
    await expect(dialog).to_contain_text("A version with simulated/writer is saved")
    await check_axe(page, without=BEHIND)
    await screenshot(page, "experiments/ship-a-model")
    await dialog.get_by_role("button", name="Move production").click()
    await expect(page.get_by_role("main")).to_contain_text("production moved to v3")
    await expect(page.get_by_role("main")).to_contain_text("v3 stands on the branch won-one-sentence")
    await check_axe(page)
    await screenshot(page, "experiments/shipped-on-a-branch")
    assert (await site.call("GET", f"/v1/prompts/{slug}/versions/3"))["model"] == "simulated/writer"


async def test_what_a_draft_says_is_kept_when_it_is_changed(page_as: OpenPage, site: Site) -> None:
    said: dict[str, Any] = {
        "namespace": f"n{uuid4().hex[:6]}", "namespace_share": 0.25,
        "deciding": {"method": "group_sequential", "planned_units": 4_000, "looks": 7},
        "guardrails": [{"metric": "metric:resolved", "margin": 0.1, "direction": "higher", "alpha": 0.01}],
    }  # fmt: skip
    experiment = await drafted(site, await two_versions(site), **said)
    path = f"/v1/experiments/{experiment}"
    kept = ("namespace_share", "guardrails", "deciding", "direction")
    before = await site.call("GET", path)
    page = await page_as("editor", f"/app/experiments/{experiment}")
    await page.get_by_label("Worth finding, points").fill("2")
    async with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.url.endswith(path)):
        await page.get_by_role("button", name="Count", exact=True).click()
    after = await site.call("GET", path)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept} | {
        "deciding": before["deciding"] | {"smallest_effect": 0.02}
    }

    # The page has read what it saved: a form that is opened before changes the draft of before, and is refused.
    await page.get_by_role("tab", name="Setup").click()
    await expect(page.get_by_role("region", name="How it is decided")).to_contain_text("Worth finding")
    await page.get_by_role("button", name="Change", exact=True).click()
    dialog = page.get_by_role("dialog", name="Change the draft")
    await dialog.get_by_text("Guardrails, who takes part, and by which rule").click()
    await expect(dialog.get_by_label("Its name")).to_have_value("resolved")
    await dialog.get_by_label("Looks").fill("4")
    await dialog.get_by_label("Part of the namespace, %").fill("40")
    await dialog.get_by_label("False alarms, %").fill("2")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Save the draft").click()
    await expect(dialog).to_be_hidden()
    changed = await site.call("GET", path)
    [guard] = changed["guardrails"]
    assert (changed["deciding"]["looks"], changed["namespace_share"], guard["alpha"], guard["direction"]) == (4, 0.4, 0.02, "higher")
    await site.call("DELETE", path)


async def test_a_winner_is_seen_and_shipped(page_as: OpenPage, site: Site) -> None:
    slug = await two_versions(site)
    experiment = await started(site, slug)
    page = await page_as("editor", f"/app/experiments/{experiment}")
    await expect(page.get_by_text("Too early to draw")).to_be_visible()
    crowd = await crowd_of(site, experiment)
    for _ in range(3):
        last = await crowd.come(200, {"control": 0.6, "candidate": 0.63})
    await expect(page.get_by_role("img", name="Difference over time")).to_be_visible(timeout=2 * PATIENCE_MS)
    arms = page.get_by_role("table", name="Arms")
    shown = {one["arm"]: one["units"] for one in last["results"]["arms"]}
    for arm, units in shown.items():
        await expect(arms.get_by_role("row").filter(has_text=arm).first).to_contain_text(f"{units}")
    await expect(page.get_by_text("Not decided yet")).to_be_visible()
    await check_axe(page)

    await messages_stay(page)
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Paused: everybody gets what production names.")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await expect(page.get_by_role("region", name="Arms")).to_contain_text("The split is as planned.")

    await page.get_by_role("button", name="Ship a winner").click()
    dialog = page.get_by_role("dialog", name="Ship a winner?")
    await expect(dialog).to_contain_text("It is not proven.")
    await dialog.get_by_label("Reason").fill("Customers like it better")
    await check_axe(page, without=BEHIND)
    await screenshot(page, "experiments/ship")
    await dialog.get_by_role("button", name="Ship it").click()
    await expect(page.get_by_role("main")).to_contain_text("Customers like it better")
    await expect(page.get_by_role("main")).to_contain_text("production moved to v2")
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["labels"]["production"] == 2


async def test_the_runs_of_an_arm_are_a_step_away(page_as: OpenPage, site: Site) -> None:
    slug = await two_versions(site)
    experiment = await started(site, slug)

    async def ask(user: str) -> dict[str, Any]:
        return await site.call("POST", "/v1/executions", {"prompt": slug, "variables": {"topic": "tea"}, "user_id": user})

    async with asyncio.timeout(PATIENCE_MS / 1000):
        while (await ask("first"))["arm"] is None:
            await asyncio.sleep(0.05)
    arms: dict[str, str] = {}
    while len(arms) < 12 or len(set(arms.values())) < 2:  # Who gets which arm is chance: a dozen may all get the same one.
        user = f"reader-{len(arms):02}"
        arms[user] = (await ask(user))["arm"]
    user, other = (next(one for one, arm in arms.items() if arm == name) for name in ("candidate", "control"))

    page = await page_as("viewer", f"/app/experiments/{experiment}")
    await page.get_by_role("link", name="Runs of candidate").click()
    runs = page.get_by_role("table", name="Runs")
    await expect(runs.get_by_role("row").filter(has_text=user)).to_have_count(1)
    await expect(runs.get_by_role("row").filter(has_text=other)).to_have_count(0)
    await check_axe(page)
    await screenshot(page, "experiments/runs-of-an-arm")
    await page.get_by_role("button", name="Only of candidate: take this filter away").click()
    await expect(runs.get_by_role("row").filter(has_text=other)).to_have_count(1)
    await page.get_by_role("button", name="Only of one experiment: take this filter away").click()
    await expect(page).not_to_have_url(re.compile("experiment="))
    await site.call("POST", f"/v1/experiments/{experiment}/pause")


async def test_arms_that_did_not_get_what_was_planned_stand_above_all(page_as: OpenPage, site: Site) -> None:
    experiment = await started(site, await two_versions(site))
    crowd = await crowd_of(site, experiment)
    found = await crowd.come(1_500, {"control": 0.7, "candidate": 0.7}, lost={"candidate": 0.4})
    page = await page_as("viewer", f"/app/experiments/{experiment}")
    banner = page.get_by_text("The arms did not get what was planned").locator("..")
    ratio = found["results"]["sample_ratio"] if found["results"] else {}
    for units in ratio["units"].values():
        await expect(banner).to_contain_text(f"{units} end users")
    await expect(banner).to_contain_text("where 50.0\u00a0% was planned")
    await check_axe(page)
    await screenshot(page, "experiments/mismatch", whole=True)


async def test_a_suggestion_goes_up_a_ramp_and_is_taken_back(page_as: OpenPage, site: Site) -> None:
    suggestion, slug = await open_suggestion(site)
    page = await page_as("editor", f"/app/optimize/suggestions/{suggestion}")
    await page.get_by_role("link", name="Send to experiment").click()
    dialog = page.get_by_role("dialog", name="Send the suggestion to an experiment?")
    await expect(dialog).to_be_visible()
    await settled(page)
    await check_axe(page, without=BEHIND)
    # Its text is longer, so an answer costs more than the guardrail allows: an experiment is offered first.
    await expect(dialog.get_by_role("button", name="Draft the experiment")).to_be_visible()
    await dialog.get_by_text("Guarded rollout", exact=True).click()
    await expect(dialog.get_by_text("It would be taken back.")).to_be_visible()
    await screenshot(page, "experiments/send")
    await dialog.get_by_role("button", name="Begin the rollout").click()
    ramp = page.get_by_role("list", name="Steps of the ramp")
    await expect(ramp.get_by_role("listitem")).to_have_count(5)
    await expect(ramp.locator("[aria-current=step]")).to_contain_text("1\u00a0%")
    await settled(page)
    await check_axe(page)

    await page.get_by_role("button", name="Next step").click()
    await page.get_by_role("button", name="Take the next step").click()
    await expect(ramp.locator("[aria-current=step]")).to_contain_text("5\u00a0%")
    await screenshot(page, "experiments/ramp", whole=True)
    rollout = page.url
    await page.goto(f"/app/optimize/suggestions/{suggestion}")
    await expect(page.get_by_role("main")).to_contain_text("A guarded rollout of it began")
    await page.get_by_role("link", name="Look at the rollout").click()
    await expect(page).to_have_url(rollout)
    await page.get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog", name="Take the candidate back?")
    await dialog.get_by_label("Reason").fill("The tone")
    await dialog.get_by_role("button", name="Roll back").click()
    await expect(page.get_by_text("Taken back: nobody gets the candidate.")).to_be_visible()
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["labels"]["production"] == 1


async def test_a_viewer_reads_and_may_not_act(page_as: OpenPage, site: Site) -> None:
    experiment = await drafted(site, await two_versions(site), name=f"For a viewer {uuid4().hex[:6]}")
    page = await page_as("viewer", f"/app/experiments/{experiment}")
    for name in ("Throw away", "Change", "Start"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-disabled", "true")
    await page.goto("/app/experiments/settings")
    await expect(page.get_by_role("button", name="Save", exact=True)).to_have_attribute("aria-disabled", "true")


async def test_a_draft_is_changed_and_thrown_away(page_as: OpenPage, site: Site) -> None:
    experiment = await drafted(site, await two_versions(site), kind="rollout")
    page = await page_as("editor", f"/app/experiments/{experiment}")
    await page.get_by_role("button", name="Change", exact=True).click()
    dialog = page.get_by_role("dialog", name="Change the draft")
    await dialog.get_by_label("Candidate gets, %").fill("10, 5")
    await expect(dialog.get_by_text("Shares in per cent that grow")).to_be_visible()
    await dialog.get_by_label("Candidate gets, %").fill("10, 100")
    await dialog.get_by_role("button", name="Save the draft").click()
    await expect(page.get_by_role("list", name="Steps of the ramp").get_by_role("listitem")).to_have_count(2)
    await page.get_by_role("button", name="Throw away").click()
    await page.get_by_role("button", name="Throw it away").click()
    await page.wait_for_url("**/app/experiments")


async def test_shares_change_and_the_change_is_told(page_as: OpenPage, site: Site) -> None:
    experiment = await started(site, await two_versions(site))
    page = await page_as("editor", f"/app/experiments/{experiment}?tab=setup")
    await page.get_by_role("button", name="More acts").click()
    await page.get_by_role("menuitem", name="Change shares…").click()
    dialog = page.get_by_role("dialog", name="Change the shares")
    await dialog.get_by_label("control, %").fill("20")
    await dialog.get_by_label("candidate, %").fill("90")
    await expect(dialog.get_by_text("at most 100 %")).to_be_visible()
    await dialog.get_by_label("candidate, %").fill("70")
    await expect(dialog).to_contain_text("left over")
    await dialog.get_by_role("button", name="Change the shares").click()
    await expect(page.get_by_role("table", name="Changes of shares")).to_contain_text("Shares changed: ")
    found = await site.call("GET", f"/v1/experiments/{experiment}")
    assert {one["name"]: one["share"] for one in found["arms"]} == {"control": 0.2, "candidate": 0.7}


async def test_settings_roll_proven_suggestions_out(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace("Rolls out")
    page = await page_as("admin", "/app/experiments/settings", workspace_id=workspace)
    await page.get_by_label("In no experiment, %").fill("5")
    await page.get_by_label("Roll them out by themselves").check()
    await page.get_by_label("Candidate gets, %").fill("5, 50, 100")
    await page.get_by_label("Calls of the label").fill("staging")
    await page.get_by_label("Same version for").select_option("session")
    await page.get_by_label("And until it has seen").fill("200")
    await page.get_by_label("Take the next step by itself").uncheck()
    await expect(page.get_by_role("group", name="Guardrails")).to_contain_text("None written: the usual four hold.")
    await page.get_by_role("button", name="Add a guardrail").click()
    await page.get_by_label("Worse by, points").fill("")
    await expect(page.get_by_text("Say by how much each may get worse")).to_be_visible()
    await page.get_by_label("Worse by, points").fill("1.5")
    await check_axe(page)
    await screenshot(page, "experiments/policy", whole=True)
    await page.get_by_role("button", name="Save", exact=True).click()
    await told(page, "The settings are saved")
    kept = json.loads(
        await site.connection.fetchval("SELECT rollout_policy::text FROM experiment_settings WHERE workspace_id = $1", workspace)
    )
    assert (kept["label"], kept["unit"]) == ("staging", "session")
    assert kept["rollout"] == {"steps": [0.05, 0.5, 1.0], "bake_s": 3600, "min_units": 200, "advances": False}
    assert [(one["metric"], one["margin"], one["relative"]) for one in kept["guardrails"]] == [("error_rate", 0.015, False)]
    await page.reload()
    await expect(page.get_by_label("Candidate gets, %")).to_have_value("5, 50, 100")
    await expect(page.get_by_label("Worse by, points")).to_have_value("1.5")
    await expect(page.get_by_label("In no experiment, %")).to_have_value("5")


async def test_a_backtest_shows_its_price_first_and_then_what_it_found(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/experiments/backtests?new=1&prompt={prompt}")
    dialog = page.get_by_role("dialog", name="New backtest")
    await dialog.get_by_label("Versions").fill("1, 2")
    await dialog.get_by_label("Inputs, at most").fill("5")
    await expect(dialog).to_contain_text("Never more than")
    await dialog.get_by_role("button", name="Start the backtest").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Backtest of")
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    await expect(page.get_by_role("table", name="Arms").get_by_role("row")).to_have_count(3)
    await check_axe(page)


async def test_every_figure_of_every_arm_is_shown_taken_along_and_kept_in_a_report(page_as: OpenPage, site: Site) -> None:
    slug = await two_versions(site)
    guardrails = [{"metric": "error_rate", "margin": 0.5}, {"metric": "latency_p95_ms", "margin": 0.2, "relative": True}]
    group = {"method": "group_sequential", "planned_units": 4000, "looks": 4}
    experiment = await started(
        site, slug, guardrails=guardrails, deciding=group, name=f"Waits {slug}", namespace=f"n{slug}", namespace_share=1.0
    )
    crowd = await crowd_of(site, experiment)
    last = await crowd.wait(500, slower={"control": 1.0, "candidate": 1.4})
    page = await page_as("editor", f"/app/experiments/{experiment}")
    figures = page.get_by_role("table", name="All figures")
    p95 = next(one for one in last["results"]["figures"] if one["metric"] == "latency_p95_ms")
    for metric in ("Satisfaction", "Errors", "Latency, p50", "Latency, p95", "Cost per answer", "Reacted at all"):
        await expect(figures.get_by_role("row").filter(has_text=metric)).to_have_count(2)
    row = figures.get_by_role("row").filter(has_text="Latency, p95").filter(has_text="candidate")
    await expect(row).to_contain_text(f"{p95['arms'][1]['units']}")
    await expect(figures.get_by_role("row").filter(has_text="Satisfaction").first).to_contain_text("decides")
    await expect(page.get_by_role("img", name=re.compile("Latency, p50"))).to_be_visible()
    await check_axe(page)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"experiments/figures-{theme}", whole=True)
    async with page.expect_download() as file:
        await page.get_by_role("button", name="CSV").click()
    assert (await file.value).suggested_filename == f"burnish-experiment-{experiment}.csv"

    await page.get_by_role("tab", name="Setup").click()
    setup = page.get_by_role("main")
    for said in ("4, evenly over the planned units", "at most 5.0", "higher is better", "part of it: 100", "false alarms 5"):
        await expect(setup).to_contain_text(said)
    await check_axe(page)
    await screenshot(page, "experiments/setup", whole=True)

    await site.call("POST", f"/v1/experiments/{experiment}/decide", {"winner": "control", "reason": "Slower", "move_label": False})
    await page.goto(f"{site.url}/app/analytics/reports")
    await page.get_by_role("button", name="New report").first.click()
    dialog = page.get_by_role("dialog", name="New report")
    await dialog.get_by_label("About").select_option(label="Experiment that ended")
    await expect(dialog).to_contain_text("Over the time that it ran")
    await dialog.get_by_role("button", name=re.compile("^Experiment")).click()
    await page.get_by_role("option", name=re.compile(f"Waits {slug}")).click()
    await page.get_by_role("button", name="Make the report").click()
    await page.wait_for_url("**/analytics/reports/0*")
    await expect(page.get_by_role("region", name="How it ended")).to_contain_text("Slower")
    await expect(page.get_by_role("table", name="All figures").get_by_role("row").filter(has_text="Latency, p95")).to_have_count(2)
    await check_axe(page)
    await screenshot(page, "experiments/report", whole=True)
