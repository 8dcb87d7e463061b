"""Chains: made, drawn, changed step by step, run with each step seen, and read afterwards."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import expect_console, screenshot, set_theme, settled, told
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1", "E11")


async def two_prompts(site: Site) -> tuple[str, str]:
    mark = uuid4().hex[:8]
    first, second = f"triage-{mark}", f"reply-{mark}"
    await site.call(
        "POST", "/v1/prompts", {"slug": first, "template": "Which queue? {{ticket}}", "model": "simulated/chat", "label": "production"}
    )
    body = {"slug": second, "template": "Answer {{ticket}} for {{queue}}", "model": "simulated/chat", "label": "production"}
    await site.call("POST", "/v1/prompts", body)
    return first, second


async def test_a_chain_is_made_gets_a_step_goes_live_and_runs(page_as: OpenPage, site: Site) -> None:
    first, second = await two_prompts(site)
    slug = f"chain-{uuid4().hex[:8]}"
    page = await page_as("editor", "/app/prompts")
    await page.get_by_role("navigation", name="Prompts").get_by_role("link", name="Chains").click()
    await page.get_by_role("button", name="New chain").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Slug").fill(slug)
    await dialog.get_by_role("button", name="First prompt: Choose").click()
    await page.get_by_placeholder("Type to find").fill(first)
    await page.get_by_role("option", name=first).click()
    await dialog.get_by_role("button", name="Create").click()
    await page.wait_for_url(f"**/app/chains/{slug}")

    await page.get_by_role("button", name="Add a step after it").click()
    form = page.get_by_role("region", name="step_2")
    await form.get_by_role("button", name=re.compile("^Prompt: Choose")).click()
    await page.get_by_placeholder("Type to find").fill(second)
    await page.get_by_role("option", name=second).click()
    await expect(form.get_by_label("{{ticket}}")).to_have_value("variables.ticket")
    await expect(form.get_by_label("{{queue}}")).to_have_value("steps.step_1.output")
    await form.get_by_label("Run again where a failure may pass").fill("2")
    await page.get_by_role("button", name="Save…").click()
    await dialog.get_by_label("Note").fill("Answers, too")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("latest v2")).to_be_visible()
    await page.get_by_role("button", name="Make v2 live").click()
    await expect(page.get_by_text("production v2").first).to_be_visible()

    await page.get_by_label("ticket", exact=True).fill("Where is my <b>parcel</b>?")
    await page.get_by_role("button", name="Run", exact=True).click()
    steps = page.get_by_role("list", name="Steps").first
    await expect(steps.get_by_text("success")).to_have_count(2)
    await settled(page)
    await check_axe(page)
    await screenshot(page, "chains/run", whole=True)

    await page.get_by_role("tab", name="Settings").click()
    await page.get_by_label("Tags").fill("support, answers, support")
    await page.get_by_role("region", name="About").get_by_role("button", name="Save").click()
    await told(page, "Saved")
    kept = await site.call("GET", f"/v1/chains/{slug}")
    assert kept["tags"] == ["support", "answers"] and kept["steps"][1]["retries"] == 2

    await page.get_by_role("tab", name="Runs").click()
    await page.get_by_role("table", name="Runs of the chain").get_by_role("button").first.click()
    drawer = page.get_by_role("dialog")
    await expect(drawer.get_by_role("list", name="Steps of the run").get_by_role("listitem")).to_have_count(2)
    await expect(drawer.get_by_role("link", name="What it said")).to_have_count(2)
    await settled(page)
    await check_axe(page, without=BEHIND_A_DIALOG)


async def test_a_step_whose_model_nobody_can_call_is_said_when_it_is_saved(page_as: OpenPage, site: Site) -> None:
    first, second = await two_prompts(site)
    slug = f"chain-{uuid4().hex[:8]}"
    step = {"id": "step_1", "prompt": first, "model": "own/absent", "variables": {"ticket": "variables.ticket"}}
    await site.call("POST", "/v1/chains", {"slug": slug, "parameters": {"ticket": {"type": "string"}}, "steps": [step]})
    page = await page_as("editor", f"/app/chains/{slug}")
    await page.get_by_role("button", name="Add a step after it").click()
    form = page.get_by_role("region", name="step_2")
    await form.get_by_role("button", name=re.compile("^Prompt: Choose")).click()
    await page.get_by_placeholder("Type to find").fill(second)
    await page.get_by_role("option", name=second).click()
    await page.get_by_role("button", name="Save…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await told(page, "v2: steps.step_1.model: there is no model 'own/absent'")


async def test_what_runs_at_once_and_what_is_chosen_is_drawn_and_faults_are_told(page_as: OpenPage, site: Site) -> None:
    first, second = await two_prompts(site)
    slug = f"ways-{uuid4().hex[:8]}"
    ticket = {"ticket": "variables.ticket"}
    reply = {**ticket, "queue": "'mine'"}
    left, right, short = ({"id": name, "prompt": first, "variables": ticket} for name in ("left", "right", "short"))
    yes, no = ({"id": name, "prompt": second, "variables": reply} for name in ("yes", "no"))
    cases = [{"if": "steps.left.output == 'x'", "steps": [yes]}, {"steps": [{**no, "fallback": [short]}]}]
    steps = [{"id": "both", "parallel": [[left], [right]]}, {"id": "way", "choose": cases}]
    await site.call("POST", "/v1/chains", {"slug": slug, "parameters": {"ticket": {"type": "string"}}, "steps": steps})
    page = await page_as("editor", f"/app/chains/{slug}")
    await expect(page.get_by_text("if steps.left.output == 'x'")).to_be_visible()
    await expect(page.get_by_text("where it fails", exact=True)).to_be_visible()
    await check_axe(page)
    await screenshot(page, "chains/ways", whole=True)

    await page.get_by_role("button", name=re.compile("^yes ")).click()
    await page.get_by_label("Only if").fill("steps.nobody.output == 'x'")
    await page.get_by_role("button", name="Save…").click()
    expect_console(page, "status of 422")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("no step 'nobody' has ended")
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Playground").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stay").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page).to_have_url(re.compile(slug))

    viewer = await page_as("viewer", f"/app/chains/{slug}")
    await expect(viewer.get_by_role("button", name="Add a step after it")).to_have_attribute("aria-disabled", "true")


async def test_versions_of_a_chain_are_read_compared_labelled_and_gone_back_to(page_as: OpenPage, site: Site) -> None:
    first, second = await two_prompts(site)
    slug = f"versions-{uuid4().hex[:8]}"
    triage = {"id": "triage", "prompt": first, "variables": {"ticket": "variables.ticket"}}
    reply = {"id": "reply", "prompt": second, "variables": {"ticket": "variables.ticket", "queue": "steps.triage.output"}}
    body = {"slug": slug, "parameters": {"ticket": {"type": "string"}}, "steps": [triage], "message": "Triage alone"}
    await site.call("POST", "/v1/chains", body)
    body = {"base_version": 1, "parameters": {"ticket": {"type": "string"}}, "steps": [triage, reply], "message": "Answers, too"}
    await site.call("POST", f"/v1/chains/{slug}/versions", body)

    page = await page_as("editor", f"/app/chains/{slug}")
    panel = page.get_by_role("region", name="Variables and output")
    await panel.get_by_label("New variable").fill("tone")
    await panel.get_by_role("button", name="Add").click()
    await panel.get_by_label("Default of tone").fill("friendly")
    await panel.get_by_label("Output", exact=True).select_option("Several, by name")
    await panel.get_by_label("New part of the output").fill("reply")
    await page.keyboard.press("Enter")
    await panel.get_by_label("Output reply").fill("steps.reply.output")
    await panel.get_by_label("Deadline, s").fill("60")
    await expect(page.get_by_text("Not saved, over v2")).to_be_visible()
    await settled(page)
    await check_axe(page)
    await screenshot(page, "chains/form", whole=True)
    await page.get_by_role("button", name="Save…").click()
    await page.get_by_role("dialog").get_by_label("Note").fill("Named, and within a minute")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("v3, 2 steps")).to_be_visible()
    kept = await site.call("GET", f"/v1/chains/{slug}/versions/3")
    assert kept["parameters"] == {"ticket": {"type": "string"}, "tone": {"default": "friendly"}}
    assert (kept["output"], kept["deadline_s"]) == ({"reply": "steps.reply.output"}, 60)

    await page.get_by_role("tab", name="Versions").click()
    versions = page.get_by_role("list", name="Versions", exact=True).get_by_role("listitem")
    await expect(versions).to_have_count(3)
    await expect(versions.first).to_contain_text("You, just now")
    await expect(versions.last).to_contain_text("Triage alone")
    await expect(page.get_by_role("row", name="Deadline")).to_contain_text("60 s")
    await page.get_by_label("Against which version").select_option("v1")
    await expect(page.get_by_text("Step reply, new")).to_be_visible()
    await page.get_by_role("button", name=re.compile("^reply ")).click()
    await expect(page.get_by_text('"steps.triage.output"').last).to_be_visible()
    await settled(page)
    await check_axe(page)
    await screenshot(page, "chains/versions", whole=True)

    await page.get_by_role("button", name="Move a label here…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Label").select_option("Another…")
    await dialog.get_by_label("Name of the label").fill("canary")
    await dialog.get_by_role("button", name="Move canary").click()
    await expect(page.get_by_role("list", name="Labels").get_by_text("canary")).to_be_visible()
    await page.get_by_role("button", name="Move a label here…").click()
    await dialog.get_by_label("Label").select_option("production, at v1")
    await expect(dialog.get_by_text("Step reply, new")).to_be_visible()
    await check_axe(page, without=BEHIND_A_DIALOG)
    await dialog.get_by_role("button", name="Move production").click()
    await expect(page.get_by_text("production v3").first).to_be_visible()
    labels = (await site.call("GET", f"/v1/chains/{slug}"))["labels"]
    assert labels == {"production": 3, "canary": 3}

    await page.get_by_role("button", name=re.compile("^production v3")).click()
    await page.get_by_role("button", name="Roll back to v1…").click()
    await page.get_by_role("button", name="Roll production back").click()
    await expect(page.get_by_text("production v1").first).to_be_visible()
    await page.keyboard.press("Escape")

    await versions.last.get_by_role("button").click()
    await expect(page.get_by_role("region", name="Version 1")).to_be_visible()
    await page.get_by_role("button", name="Edit from here").click()
    await expect(page.get_by_text("Not saved, over v3")).to_be_visible()
    await expect(page.get_by_role("list", name="Steps").first.get_by_role("listitem")).to_have_count(1)

    viewer = await page_as("viewer", f"/app/chains/{slug}?tab=versions")
    await expect(viewer.get_by_role("button", name="Move a label here…")).to_have_attribute("aria-disabled", "true")


@pytest.mark.capability("U1", "E11", "P1")
async def test_a_prompt_says_which_chains_run_it_and_is_not_archived_under_them(page_as: OpenPage, site: Site) -> None:
    first, _ = await two_prompts(site)
    desk, night = f"desk-{uuid4().hex[:8]}", f"night-{uuid4().hex[:8]}"
    for chain, names in ((desk, ("triage", "again")), (night, ("triage",))):
        steps = [{"id": name, "prompt": first, "variables": {"ticket": "variables.ticket"}} for name in names]
        body = {"slug": chain, "parameters": {"ticket": {"type": "string"}}, "steps": steps, "label": "production"}
        await site.call("POST", "/v1/chains", body)
    page = await page_as("editor", f"/app/prompts/{first}?tab=settings")
    rows = page.get_by_role("list", name="Run by").get_by_role("listitem")
    await expect(rows.filter(has_text=desk)).to_contain_text("in steps triage, again")
    await expect(rows.filter(has_text=night)).to_contain_text("in step triage")
    await check_axe(page)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"chains/run-by-{theme}", whole=True)
    await page.get_by_role("button", name="More with this prompt").click()
    await page.get_by_role("menuitem", name="Archive…").click()
    dialog = page.get_by_role("dialog", name=f"Archive {first}?")
    await expect(dialog).to_contain_text(re.compile(f"The chains .*{desk}.* run it: it is refused until its steps are taken out."))
    await check_axe(page, without=BEHIND_A_DIALOG)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"chains/archive-{theme}")
    expect_console(page, "status of 409")
    await dialog.get_by_role("button", name="Archive", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text(desk)
    await page.keyboard.press("Escape")
    await rows.filter(has_text=desk).get_by_role("link", name=desk).click()
    await expect(page).to_have_url(re.compile(f"/app/chains/{desk}"))


@pytest.mark.capability("D2", "D3", "P8")
async def test_a_chain_is_tested_on_a_dataset_and_a_failed_case_leads_to_its_steps(page_as: OpenPage, site: Site) -> None:
    first, _ = await two_prompts(site)
    slug, dataset = f"chain-{uuid4().hex[:8]}", f"cases {uuid4().hex[:8]}"
    steps = [{"id": "triage", "prompt": first, "variables": {"ticket": "variables.ticket"}}]
    form = {"parameters": {"ticket": {"type": "string"}}}
    await site.call("POST", "/v1/chains", {"slug": slug, "steps": steps, "label": "production", **form})
    stop = {"id": "closed", "stop": {"status": "success", "output": "'closed'"}}
    await site.call("POST", f"/v1/chains/{slug}/versions", {"base_version": 1, "steps": [*steps, stop], **form})
    items = [{"input": {"ticket": f"ticket {n}"}, "expected": "closed", "split": "validation"} for n in range(4)]
    await site.call("POST", "/v1/datasets", {"name": dataset, "items": items})

    page = await page_as("editor", f"/app/chains/{slug}")
    await page.get_by_role("link", name="Test on a dataset").click()
    dialog = page.get_by_role("dialog", name="New test run")
    await expect(dialog.get_by_role("checkbox", name="A whole chain")).to_be_checked()
    await dialog.get_by_role("button", name="Dataset: Choose a dataset").click()
    await page.get_by_placeholder("Type to find").fill(dataset)
    await page.get_by_role("option", name=dataset).click()
    await expect(dialog).to_contain_text("4 by v2 of the chain")
    await expect(dialog.get_by_role("button", name="Models: Add a model")).to_have_count(0)
    await dialog.get_by_role("button", name="Versions: Add a version").click()
    await page.get_by_role("option", name="v1", exact=True).click()
    await expect(dialog).to_contain_text("8 in 2 runs")
    await check_axe(page, without=BEHIND_A_DIALOG)
    await dialog.get_by_role("button", name="Start", exact=True).click()

    runs = page.get_by_role("table", name="Test runs")
    await expect(runs.get_by_text(f"{slug} v1")).to_be_visible()
    for version, interval in (("v1", "0.0–49.0 %"), ("v2", "51.0–100.0 %")):
        row = runs.get_by_role("row").filter(has_text=f"{slug} {version}")
        await expect(row).to_contain_text(interval, timeout=60_000)
    await runs.get_by_role("link", name=re.compile(f"{slug} v1")).click()
    await expect(page.get_by_text(f"{slug} v1").first).to_be_visible()
    await expect(page.get_by_label("What came", exact=True)).to_contain_text("0 of 4")
    await page.get_by_role("table", name="Failed cases").get_by_role("button").first.click()
    drawer = page.get_by_role("dialog", name="Failed case")
    calls = drawer.get_by_role("list", name="Calls of the steps")
    await expect(calls.get_by_role("listitem")).to_have_count(1)
    await expect(calls).to_contain_text("triage")
    await expect(calls.get_by_role("link", name="What it said")).to_have_attribute("href", re.compile(r"/app/runs/[0-9a-f-]{36}$"))
    await check_axe(page, without=BEHIND_A_DIALOG)
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Compare").click()
    await expect(page.get_by_role("link", name=f"{slug} v2")).to_be_visible()
    await page.get_by_role("link", name="Run again").click()
    await expect(dialog).to_contain_text("4 by v1 of the chain")
