"""Scores of an evaluator decide an experiment, and guard one: chosen in the form, counted, shown, and named where none come."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, screenshot, told
from tests.page.conftest import OpenPage
from tests.page.experiments import crowd_of, drafted, scoring, started, two_versions
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1", "X1", "F4")

BEHIND = ("region", "aria-hidden-focus")
ADVANCED = "Guardrails, who takes part, and by which rule"


async def ended(site: Site, experiment: str) -> dict[str, Any]:
    """Its verdict, once a gateway carried out what the optimizer ordered."""
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while (told := await site.call("GET", f"/v1/experiments/{experiment}"))["status"] != "completed":
            await asyncio.sleep(0.05)
    return dict(told["verdict"])


async def test_an_evaluator_that_scores_the_prompt_live_may_decide(page_as: OpenPage, site: Site) -> None:
    slug = await two_versions(site)
    one, name, _ = await scoring(site, slug)
    _, partial, _ = await scoring(site, slug, labels=["production"])
    page = await page_as("editor", f"/app/experiments?new=1&prompt={slug}&version=2")
    dialog = page.get_by_role("dialog", name="New experiment")
    await dialog.get_by_label("Name (required)").fill("By what it says")
    chosen = dialog.get_by_label("Decided by")
    await expect(chosen.get_by_role("option", name=f"Score by {name}")).to_have_count(1)
    await expect(chosen.get_by_role("option", name=f"Score by {partial}")).to_have_count(0)  # it scores no answer of the candidate
    await chosen.select_option(f"evaluator:{one}")
    await expect(dialog).to_contain_text("Only answers that it scores live count.")
    await expect(dialog.get_by_label("Worth finding, points")).to_be_visible()
    await check_axe(page, without=BEHIND)
    await screenshot(page, "experiments/decided-by-scores", whole=True)
    await dialog.get_by_role("button", name="Draft it").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("By what it says")
    await expect(page.get_by_role("main")).to_contain_text(f"by score by {name} v1")
    await expect(page.get_by_role("region", name="What it takes")).to_contain_text(f"Score by {name} v1 now")
    await page.get_by_role("tab", name="Setup").click()
    await expect(page.get_by_role("region", name="How it is decided")).to_contain_text(f"Score by {name} v1, higher is better")
    await check_axe(page)


async def test_scores_are_counted_by_arm_and_decide(page_as: OpenPage, site: Site) -> None:
    slug = await two_versions(site)
    one, name, live = await scoring(site, slug)
    experiment = await started(site, slug, metric=f"evaluator:{one}", min_samples=50)
    metric = f"evaluator:{one}@1"
    crowd = await crowd_of(site, experiment)
    even = {"control": 0.7, "candidate": 0.7}
    await crowd.come(60, even, scored=(metric, {"control": 0.3, "candidate": 0.95}))
    page = await page_as("viewer", f"/app/experiments/{experiment}")
    await expect(page.get_by_text(re.compile(r"Too few to say anything: \d+ end users with a score of the 50"))).to_be_visible()
    arms = page.get_by_role("table", name="Arms")
    await expect(arms).to_contain_text("Scored")
    await expect(arms).to_contain_text(re.compile(r"\d+ of \d+ answers"))
    await expect(arms).to_contain_text(f"Score by {name} v1")
    figures = page.get_by_role("table", name="All figures")
    await expect(figures.get_by_role("row").filter(has_text=f"Score by {name} v1").filter(has_text="decides")).to_be_visible()
    await check_axe(page)
    await screenshot(page, "experiments/scores-by-arm", whole=True)

    await site.call("PATCH", f"/v1/live-evaluations/{live}", {"active": False})
    await page.reload()
    notice = page.get_by_text("Scores that it needs do not come.")
    await expect(notice).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text(f"No live evaluation in use of the evaluator '{name}' takes '{slug}'")
    await check_axe(page)
    await screenshot(page, "experiments/no-scores-come", whole=True)
    await site.call("PATCH", f"/v1/live-evaluations/{live}", {"active": True})
    await crowd.come(400, even, scored=(metric, {"control": 0.3, "candidate": 0.95}))
    assert (await ended(site, experiment))["winner"] == "candidate"
    await page.reload()
    await expect(page.get_by_role("main")).to_contain_text(re.compile(r"'candidate' is better: .* of \d+ answers scored"))
    await expect(notice).to_have_count(0)
    await page.goto("/app/experiments")
    await expect(page.get_by_role("table", name="Experiments")).to_contain_text(f"Score by {name} v1")


async def test_an_evaluator_guards_an_experiment(page_as: OpenPage, site: Site) -> None:
    """Chosen among the guardrails; the draft warns where no score would come; what falls too far ends the arm and says by whose score."""
    slug = await two_versions(site)
    one, name, live = await scoring(site, slug)
    page = await page_as("editor", f"/app/experiments?new=1&prompt={slug}&version=2")
    dialog = page.get_by_role("dialog", name="New experiment")
    await dialog.get_by_label("Name (required)").fill("Guarded by what it says")
    await dialog.get_by_text(ADVANCED).click()
    await dialog.get_by_role("button", name="Add a guardrail").click()
    guard = dialog.get_by_role("group", name="Guardrail 1")
    await guard.get_by_label("Metric").select_option("evaluator:")
    await expect(dialog).to_contain_text("Choose the evaluator whose score is guarded.")
    await expect(dialog.get_by_role("button", name="Draft it")).to_be_disabled()
    await guard.get_by_role("button", name="Evaluator: Choose an evaluator").click()
    await page.locator("[cmdk-input]").last.fill(name)
    await page.locator("[cmdk-item]").filter(has_text=name).first.click()
    await expect(guard).to_contain_text("Its newest version.")
    await guard.get_by_label("Worse by, points").fill("5")
    await check_axe(page, without=BEHIND)
    await screenshot(page, "experiments/guarded-by-scores", whole=True)
    await dialog.get_by_role("button", name="Draft it").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("Guarded by what it says")
    checks = page.get_by_role("list", name="Checked")
    await page.get_by_role("tab", name="Setup").click()
    guards = page.get_by_role("region", name="Guardrails")
    await expect(guards).to_contain_text(f"Score by {name} v1")
    await expect(guards).to_contain_text("at most 5.0 pts less")
    [made] = (await site.call("GET", f"/v1/experiments?prompt={slug}"))["data"]
    assert [(it["metric"], it["margin"], it["direction"]) for it in made["guardrails"]] == [(f"evaluator:{one}@1", 0.05, "higher")]

    await site.call("PATCH", f"/v1/live-evaluations/{live}", {"labels": ["production"]})
    await page.goto(f"/app/experiments/{made['id']}")
    await expect(checks).to_contain_text("A guardrail will have no data that counts.")
    await expect(checks).to_contain_text("goes by labels")
    await site.call("PATCH", f"/v1/live-evaluations/{live}", {"labels": []})
    await site.call("POST", f"/v1/experiments/{made['id']}/start")
    crowd = await crowd_of(site, made["id"])
    await crowd.come(600, {"control": 0.7, "candidate": 0.7}, scored=(f"evaluator:{one}@1", {"control": 0.9, "candidate": 0.2}))
    assert (await ended(site, made["id"]))["outcome"] == "rolled_back"
    await page.goto(f"/app/experiments/{made['id']}")
    await expect(page.get_by_role("main")).to_contain_text("'candidate' does harm: the score of an evaluator")
    row = page.get_by_role("table", name="Guardrails").get_by_role("row").filter(has_text=f"Score by {name} v1")
    await expect(row).to_contain_text("broken")
    await expect(row).to_contain_text("at most 5.0 pts less")
    await check_axe(page)
    await screenshot(page, "experiments/guarded-by-scores-broken", whole=True)


async def test_a_guardrail_without_scores_is_warned_of_before_the_start(page_as: OpenPage, site: Site) -> None:
    slug = await two_versions(site)
    one, name, live = await scoring(site, slug)
    experiment = await drafted(site, slug, guardrails=[{"metric": f"evaluator:{one}", "margin": 0.05}])
    await site.call("DELETE", f"/v1/live-evaluations/{live}")
    page = await page_as("editor", f"/app/experiments/{experiment}")
    checks = page.get_by_role("list", name="Checked")
    await expect(checks).to_contain_text(f"No live evaluation in use of the evaluator '{name}' takes '{slug}', so no score comes.")
    await expect(page.get_by_role("region", name="Checked")).to_contain_text("Nothing stands against a start.")


async def test_a_policy_of_rollouts_is_guarded_by_an_evaluator(page_as: OpenPage, site: Site) -> None:
    one, name, _ = await scoring(site, await two_versions(site))
    before = await site.call("GET", "/v1/experiments/settings")
    page = await page_as("admin", "/app/experiments/settings")
    try:
        await page.get_by_label("Roll them out by themselves").check()
        await page.get_by_label("May not be worse by").select_option(f"evaluator:{one}")
        await page.get_by_role("button", name="Add a guardrail").click()
        guard = page.get_by_role("group", name="Guardrail 1")
        await guard.get_by_label("Metric").select_option("evaluator:")
        await guard.get_by_role("button", name="Evaluator: Choose an evaluator").click()
        await page.locator("[cmdk-input]").last.fill(name)
        await page.locator("[cmdk-item]").filter(has_text=name).first.click()
        await guard.get_by_label("Its mean score").select_option("floor")
        await guard.get_by_label("At least, %").fill("80")
        await expect(guard).to_contain_text("A prompt that no live evaluation scores by it is not rolled out by itself.")
        await check_axe(page)
        await screenshot(page, "experiments/policy-by-scores", whole=True)
        await page.get_by_role("button", name="Save", exact=True).click()
        await told(page, "The settings are saved")
        kept = (await site.call("GET", "/v1/experiments/settings"))["rollout_policy"]
        assert kept["metric"] == f"evaluator:{one}"
        assert [(it["metric"], it["least"]) for it in kept["guardrails"]] == [(f"evaluator:{one}", 0.8)]
    finally:
        await site.call("PUT", "/v1/experiments/settings", before)
