"""Open-ended answers: items without a right answer come in, are judged, and two runs are compared by their judge."""

from uuid import uuid4

from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, escape, expect_console, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site
from tests.page.test_test_runs import BEHIND, completed

LETTERS = "letter,sender,split\n" + "".join(f"Letter {n}: please sum this up,ann,val\n" for n in range(6))


async def test_letters_without_a_right_answer_are_judged_and_two_runs_compared(page_as: OpenPage, site: Site) -> None:
    tag = uuid4().hex[:8]
    slug, name, judge = f"letters-{tag}", f"Letters {tag}", f"Sums up {tag}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Sum it up: {{letter}}", "model": "simulated/chat"})
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "template": "In a word: {{letter}}"})
    settings = {"kind": "contains", "phrases": ["zebra"]}
    scorer = await site.call("POST", "/v1/evaluators", {"name": judge, "settings": settings})

    page = await page_as("editor", "/app/datasets")
    await page.get_by_role("button", name="New dataset").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("textbox", name="Items").fill(LETTERS)
    await dialog.get_by_label("Column letter is").select_option("variable")
    await dialog.get_by_label("Column sender is").select_option("metadata")
    await expect(dialog.get_by_role("button", name="Create")).to_be_disabled()
    await dialog.get_by_role("checkbox", name="There is no right answer").check()
    await expect(dialog.get_by_role("status").filter(has_text="6 items from CSV")).to_be_visible()
    await expect(dialog.get_by_role("group", name="What would be saved")).to_contain_text("6 items")
    await settled(page)
    await check_axe(page, without=BEHIND)
    await screenshot(page, "datasets/no-right-answer")
    await dialog.get_by_role("button", name="Create with 6 items").click()
    items = page.get_by_role("table", name="Items")
    await expect(items.get_by_role("row").nth(1)).to_contain_text("no right answer")
    await items.get_by_role("button", name="Letter 0").click()
    drawer = page.get_by_role("dialog", name="Item")
    await expect(drawer).to_contain_text("There is no right answer: evaluators judge what is answered.")
    await expect(drawer.get_by_role("button", name="Say what is right")).to_be_enabled()
    await escape(page, drawer)
    expect_console(page, "status of 422")  # that nothing would judge is told before it starts
    dataset = page.url.split("/datasets/")[1].split("?")[0]

    await page.goto(site.at(f"/app/test-runs?new=1&prompt={slug}&dataset={dataset}&version=1&split=validation"))
    dialog = page.get_by_role("dialog", name="New test run")
    await expect(dialog).to_contain_text("6 items have no right answer")
    await expect(dialog.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    await dialog.get_by_role("checkbox", name=judge).check()
    await expect(dialog).to_contain_text("6 by simulated/chat")
    await dialog.get_by_role("button", name="Start", exact=True).click()
    await expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=2 * PATIENCE_MS)
    figures = page.get_by_label("What came", exact=True)
    await expect(figures).to_contain_text("6 answers beside, without a right one")
    await expect(figures).to_contain_text("passed of 6")
    await expect(page.get_by_role("table", name="Failed cases").get_by_role("row")).to_have_count(7)
    await settled(page)
    await check_axe(page)
    await screenshot(page, "test-runs/open-ended", whole=True)
    base = page.url.split("/test-runs/")[1].split("?")[0]

    await page.get_by_role("link", name="Run again").click()
    await expect(page.get_by_role("dialog").get_by_role("checkbox", name=judge)).to_be_checked()
    body = {"prompt": slug, "version": 2, "dataset_id": dataset, "split": "validation", "evaluators": [scorer["id"]]}
    run = (await site.call("POST", "/v1/test-runs", body))["id"]
    await completed(site, run)
    await page.goto(site.at(f"/app/test-runs/{run}?tab=compare&with={base}"))
    row = page.get_by_role("table", name="By evaluator").get_by_role("row").nth(1)
    for word in (judge, "0.00", "0 / 0 of 6", "too few items to say"):
        await expect(row).to_contain_text(word)
    await expect(page.get_by_role("main")).to_contain_text("No item has a right answer.")
    await settled(page)
    await check_axe(page)
    await screenshot(page, "test-runs/open-ended-compared", whole=True)

    await page.goto(site.at(f"/app/optimize?new=1&prompt={slug}&dataset={dataset}"))
    dialog = page.get_by_role("dialog", name="New search for a better version")
    await expect(dialog).to_contain_text("6 of the 6 items of this dataset have no right answer")
    await settled(page)
    await check_axe(page, without=BEHIND)
    await screenshot(page, "optimize/nothing-judges")
    await dialog.get_by_role("button", name="Let a judge decide").click()
    await expect(dialog.get_by_role("combobox", name="Metric 1")).to_have_value("relevance")
    await dialog.get_by_label("Model that judges").click()
    await page.get_by_role("option", name="simulated/judge").first.click()
    await expect(dialog.get_by_text("Never more than")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Let a judge decide")).to_have_count(0)
    await settled(page)
    await screenshot(page, "optimize/a-judge-decides")
