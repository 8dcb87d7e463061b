"""Models with their prices and their end, rules that choose among them, and answers that are given again."""

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.page.axe import check_axe
from tests.page.browser import escape, expect_console, messages_stay, screenshot, settled, told
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")


@pytest.mark.capability("E5")
async def test_a_model_gets_other_prices_and_is_retired_for_its_successor(page_as: OpenPage, site: Site) -> None:
    name, spare = f"ours/{uuid4().hex[:8]}", f"spare/{uuid4().hex[:8]}"
    await _model(site, name)
    await _model(site, spare, fallback_model=name)
    slug = f"of-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Greet {{name}}.", "model": name})
    page = await page_as("editor", f"/app/models?model={name}")
    drawer = page.get_by_role("dialog", name=name, exact=True)  # Its forms are called `Change …` and `Retire …?`.
    await drawer.get_by_role("button", name="Change it").click()
    form = page.get_by_role("dialog", name=f"Change {name}")
    await form.get_by_label("Input", exact=True).fill("two")
    await expect(form.get_by_role("alert")).to_contain_text("Dollars for a million tokens")
    await expect(form.get_by_role("button", name="Save")).to_be_disabled()
    await form.get_by_label("Input", exact=True).fill("2.5")
    await form.get_by_label("Quality, 0 to 1").fill("0.8")
    await form.get_by_label("Quality is from").fill("a test run")
    await screenshot(page, "models/change")
    await form.get_by_role("button", name="Save").click()
    await expect(drawer.get_by_role("table", name="Every price it had").get_by_role("row")).to_have_count(3)
    await expect(drawer).to_contain_text("a test run")
    kept = await site.call("GET", f"/v1/models/{name}")
    assert (kept["input_price_nusd_per_million"], kept["quality_score"]) == (2_500_000_000, 0.8)

    await drawer.get_by_role("button", name="Retire it…").click()
    retire = page.get_by_role("dialog", name=f"Retire {name}?")
    await _choose(page, retire.get_by_role("button", name="Successor: "), "simulated/embed")
    await retire.get_by_role("button", name="Retire it now").click()
    told = page.get_by_role("dialog", name=f"1 prompt version called {name}")
    await expect(told.get_by_role("list", name="Not tested")).to_contain_text(slug)
    await expect(told.get_by_role("list", name="What else names it")).to_have_text(f"1 model ({spare})")
    await expect(told.get_by_role("link", name="Move these prompts to simulated/embed")).to_be_visible()
    await told.get_by_role("button", name="Close").last.click()
    await expect(drawer).to_contain_text("Retired.")
    gone = await site.call("GET", f"/v1/models/{name}")
    assert gone["retired_at"] and gone["successor"] == "simulated/embed"
    await escape(page, drawer)
    await expect(page.get_by_role("table", name="Models")).not_to_contain_text(name)
    await page.get_by_label("Retired ones too").check()
    await expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("retired")


@pytest.mark.capability("E5")
async def test_a_model_is_removed_where_nothing_names_it(page_as: OpenPage, site: Site) -> None:
    name = f"ours/{uuid4().hex[:8]}"
    await _model(site, name)
    slug = f"names-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Greet {{name}}.", "model": name})
    page = await page_as("editor", f"/app/models?model={name}")
    drawer = page.get_by_role("dialog", name=name, exact=True)
    await drawer.get_by_role("button", name="Remove it…").click()
    remove = page.get_by_role("dialog", name=f"Remove {name}?")
    expect_console(page, "status of 409")
    await remove.get_by_role("button", name="Remove it").click()
    await expect(remove.get_by_role("alert")).to_contain_text(f"1 prompt ({slug})")
    await screenshot(page, "models/remove")
    await site.call("POST", f"/v1/prompts/{slug}/archive", {})
    await remove.get_by_role("button", name="Remove it").click()
    await told(page, f"{name} is removed")
    await expect(drawer).to_be_hidden()
    await expect(page.get_by_role("table", name="Models")).not_to_contain_text(name)


@pytest.mark.capability("E5")
async def test_a_model_that_stood_for_the_operators_gives_way_to_it(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace()
    await site.connection.execute(
        """INSERT INTO workspace_models (workspace_id, model, provider, upstream_model, base_url, display_name, context_tokens,
                                         output_tokens, price_version)
           SELECT $1, model, provider, upstream_model, '', 'Ours', context_tokens, output_tokens, 'own-1'
             FROM platform_models WHERE model = $2""",
        workspace,
        "simulated/writer",
    )
    page = await page_as("editor", "/app/models?model=simulated/writer", workspace_id=workspace)
    drawer = page.get_by_role("dialog", name="simulated/writer", exact=True)
    await expect(drawer).to_contain_text("this workspace’s own")
    await drawer.get_by_role("button", name="Remove it…").click()
    await page.get_by_role("dialog", name="Remove simulated/writer?").get_by_role("button", name="Remove it").click()
    await told(page, "go to the operator’s model of that name again")
    await expect(drawer).to_contain_text("described by the operator")
    await expect(drawer.get_by_role("button", name="Remove it…")).to_have_count(0)


@pytest.mark.capability("E5")
async def test_a_model_gets_other_prices_for_long_input_and_batches(page_as: OpenPage, site: Site) -> None:
    name = f"ours/{uuid4().hex[:8]}"
    await _model(site, name)
    usual = (await site.call("GET", f"/v1/models/{name}"))["input_price_nusd_per_million"]
    page = await page_as("editor", f"/app/models?model={name}")
    drawer = page.get_by_role("dialog", name=name, exact=True)
    await drawer.get_by_role("button", name="Change it").click()
    form = page.get_by_role("dialog", name=f"Change {name}")
    save = form.get_by_role("button", name="Save")
    await form.get_by_role("button", name="Add other prices").press("Enter")
    first = form.get_by_role("group", name="Other prices 1")
    await first.get_by_label("More input than, in tokens").fill("200k")
    await expect(first.get_by_role("alert")).to_contain_text("A whole number")
    await first.get_by_label("More input than, in tokens").fill("200000")
    await first.get_by_label(re.compile("^Input")).fill("4")
    await expect(save).to_be_disabled()
    await first.get_by_label(re.compile("^Output")).fill("20")
    await form.get_by_role("button", name="Add other prices").click()
    second = form.get_by_role("group", name="Other prices 2")
    await second.get_by_label("Served as").fill("batch")
    await second.get_by_label(re.compile("^Input")).fill("1")
    await second.get_by_label(re.compile("^Output")).fill("5")
    await second.get_by_label("Cached input").fill("0.1")
    await check_axe(page, without=BEHIND_A_DIALOG, over_a_drawer=True)
    await screenshot(page, "models/other-prices")
    await save.click()
    told = drawer.get_by_role("list", name="Other prices")
    await expect(told.get_by_role("listitem")).to_have_count(2)
    await expect(told).to_contain_text("With more than 200,000 tokens of input: input $4.00, output $20.00")
    await expect(told).to_contain_text("Served as batch: input $1.00, cached input $0.10, output $5.00")
    await expect(drawer.get_by_role("table", name="Every price it had")).to_contain_text("with 2 other prices")
    kept = await site.call("GET", f"/v1/models/{name}")
    assert kept["input_price_nusd_per_million"] == usual
    assert [
        (one["above_input_tokens"], one["service_tier"], one["cached_input_price_nusd_per_million"]) for one in kept["price_tiers"]
    ] == [
        (200_000, None, 4_000_000_000),
        (0, "batch", 100_000_000),
    ]
    await drawer.get_by_role("button", name="Change it").click()
    await form.get_by_role("button", name="Take other prices 1 away").click()
    await expect(form.get_by_role("button", name="Add other prices")).to_be_focused()
    await expect(form.get_by_role("group", name="Other prices 1").get_by_label("Served as")).to_have_value("batch")
    await save.click()
    await expect(told.get_by_role("listitem")).to_have_count(1)
    assert len((await site.call("GET", f"/v1/models/{name}"))["price_tiers"]) == 1


@pytest.mark.capability("E5")
async def test_a_known_model_needs_no_more_than_a_press(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace()
    page = await page_as("editor", "/app/models", workspace_id=workspace)
    await page.get_by_role("button", name="Known models").click()
    dialog = page.get_by_role("dialog", name="Known models")
    await dialog.get_by_label("Search known models").fill("claude-haiku")
    label = await dialog.get_by_role("button", name=re.compile("^Add .*claude-haiku")).first.get_attribute("aria-label") or ""
    await dialog.get_by_role("button", name=label, exact=True).click()
    await expect(dialog.get_by_role("row").filter(has_text=label.removeprefix("Add ")).first).to_contain_text("there")
    await dialog.get_by_role("button", name="Close").last.click()
    row = page.get_by_role("table", name="Models").get_by_role("row").filter(has_text=label.removeprefix("Add ")).first
    await expect(row).to_contain_text("yours")
    await expect(row).to_contain_text("$")


@pytest.mark.capability("E5")
async def test_only_the_operator_describes_a_model_for_everybody(page_as: OpenPage, site: Site) -> None:
    name = f"house/{uuid4().hex[:8]}"
    page = await page_as("admin", "/app/models?model=simulated/chat")
    drawer = page.get_by_role("dialog", name="simulated/chat", exact=True)
    await expect(drawer.get_by_role("button", name="Change it for everybody")).to_be_disabled()
    operator = await page_as("operator", "/app/models?model=simulated/reader")
    drawer = operator.get_by_role(
        "dialog", name="simulated/reader", exact=True
    )  # Not its form, which holds the words before they are saved.
    before = await site.call("GET", "/v1/models/simulated/reader")
    await drawer.get_by_role("button", name="Change it for everybody").click()
    form = operator.get_by_role("dialog", name="Change simulated/reader")
    await form.get_by_label("Notes").fill(f"Looked at by {name}")
    await form.get_by_role("button", name="Save").click()
    await expect(drawer).to_contain_text(f"Looked at by {name}")
    after = await site.call("GET", "/v1/models/simulated/reader")
    changed = {key for key in before if before[key] != after[key]} - {
        "updated_at",
        "measured_executions",
        "measured_reliability",
        "measured_latency_ms",
    }
    assert changed == {"notes"}


@pytest.mark.capability("E12")
async def test_a_rule_is_made_by_a_form_and_explained(page_as: OpenPage, site: Site) -> None:
    slug = f"desk-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Answer {{question}}.", "model": "simulated/chat"})
    await site.call(
        "POST", f"/v1/prompts/{slug}/versions", {"template": "Answer {{question}} in German.", "model": "simulated/chat", "base_version": 1}
    )
    page = await page_as("editor", f"/app/routing?prompt={slug}")
    await page.get_by_role("button", name="Add a rule").click()
    form = page.get_by_role("dialog", name="New rule")
    await form.get_by_label("Name (required)").fill("gold")
    await form.get_by_label("Its name").fill("plan")
    await form.get_by_label("What is looked at").select_option("metadata")
    await form.get_by_label("With what").fill("gold")
    await form.get_by_role("button", name="Add a condition").click()
    second = form.get_by_role("group", name="Condition 2")
    await second.get_by_label("What is looked at").select_option("input_tokens")
    await second.get_by_label("How it is compared").select_option("least")
    await second.get_by_label("With what").fill("1")
    await form.get_by_label("What it chooses").select_option("version")
    await form.get_by_label("Version", exact=True).select_option("2")
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "routing/form")
    await form.get_by_role("button", name="Save the rule").click()
    rules = page.get_by_role("list", name="Rules", exact=True)
    await expect(rules).to_contain_text(
        "Where the metadata plan is “gold” and the input’s length in tokens is at least 1, version 2 answers."
    )
    kept = (await site.call("GET", f"/v1/prompts/{slug}/routing"))["rules"]
    assert kept == [{"name": "gold", "when": 'metadata.plan == "gold" and input_tokens >= 1', "use": {"version": 2}}]

    explain = page.get_by_role("region", name="What would happen to this call")
    await explain.get_by_label("Value of question").fill("Are you open?")
    told = explain.get_by_role("status", name="What would happen")
    await explain.get_by_role("button", name="Explain").click()
    await expect(told).to_contain_text(f"Version 1 of {slug}")
    await expect(told).to_contain_text("No rule holds")
    await explain.get_by_label("Metadata").fill("plan=gold")
    await explain.get_by_role("button", name="Explain").click()
    await expect(told).to_contain_text(f"Version 2 of {slug}")
    await expect(told).to_contain_text("The rule “gold”")
    await settled(page)
    await screenshot(page, "routing/explained")

    await messages_stay(page)
    await page.get_by_role("button", name="What to do with gold").click()
    await page.get_by_role("menuitem", name="Remove").click()
    await expect(rules).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(rules).to_contain_text("gold")
    assert (await site.call("GET", f"/v1/prompts/{slug}/routing"))["rules"] == kept


@pytest.mark.capability("E12")
async def test_a_rule_that_a_colleague_made_meanwhile_is_not_lost(page_as: OpenPage, site: Site) -> None:
    slug = f"desk-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Answer {{question}}.", "model": "simulated/chat"})
    long, short, theirs = (
        {"name": name, "when": f"input_tokens > {tokens}", "use": {"model": "simulated/chat"}}
        for name, tokens in (("long", 900), ("short", 1), ("theirs", 500))
    )
    path = f"/v1/prompts/{slug}/routing"
    await site.call("PUT", path, {"rules": [long, short]})
    page = await page_as("editor", f"/app/routing?prompt={slug}")
    await page.get_by_role("button", name="What to do with short").click()
    await page.get_by_role("menuitem", name="Change").click()
    form = page.get_by_role("dialog", name="Change short")
    await form.get_by_label("With what").fill("2")
    await site.call("PUT", path, {"rules": [theirs, long, short]})
    await form.get_by_role("button", name="Save the rule").click()
    await expect(form.get_by_role("alert")).to_contain_text("Somebody changed the rules: look again. Now: 1 theirs, 2 long, 3 short.")
    await expect(form.get_by_label("With what")).to_have_value("2")
    assert (await site.call("GET", path))["rules"] == [theirs, long, short]
    await form.get_by_role("button", name="Save the rule").click()
    await expect(form).to_have_count(0)
    assert (await site.call("GET", path))["rules"] == [theirs, long, short | {"when": "input_tokens > 2"}]


@pytest.mark.capability("E12")
async def test_a_condition_that_is_wrong_says_so_where_it_is_written(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace()
    page = await page_as("editor", "/app/routing", workspace_id=workspace)
    expect_console(page, "status of 422")
    await page.get_by_role("button", name="Add a rule").click()
    form = page.get_by_role("dialog", name="New rule")
    await form.get_by_label("Name (required)").fill("odd")
    await form.get_by_text("Written", exact=True).click()
    await form.get_by_label("Condition", exact=True).fill("colour == 1")
    await form.get_by_text("The cheapest that will do").click()
    await form.get_by_role("button", name="Save the rule").click()
    await expect(form.get_by_role("alert")).to_contain_text("colour")
    await form.get_by_label("Condition", exact=True).fill("len(variables.items) > 3")
    await form.get_by_role("button", name="Save the rule").click()
    await expect(page.get_by_role("list", name="Rules", exact=True)).to_contain_text("len(variables.items) > 3")
    await page.get_by_role("button", name="Change", exact=True).click()
    asks = page.get_by_role("dialog", name="What auto asks of a model")
    await asks.get_by_label("It can").fill("tools")
    await asks.get_by_label("Quality, at least").fill("0.9")
    await asks.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("has a quality of at least 0.9")).to_be_visible()
    await expect(page.get_by_role("list", name="Rules", exact=True)).to_contain_text("len(variables.items) > 3")
    await page.get_by_role("button", name="Explain").click()
    await expect(page.get_by_role("list", name="Models that do not qualify")).to_be_visible()


@pytest.mark.capability("E10")
async def test_the_cache_says_what_it_saved_and_is_cleared(page_as: OpenPage, site: Site) -> None:
    slug = f"faq-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Answer {{question}}.", "model": "simulated/chat"})
    for _ in range(3):
        await site.call("POST", "/v1/executions", {"prompt": slug, "variables": {"question": "When do you open?"}, "cache": True})
    page = await page_as("editor", f"/app/cache?prompt={slug}")
    row = page.get_by_role("table", name="By prompt").get_by_role("row").filter(has_text=slug)
    await expect(row.get_by_role("cell").nth(1)).to_have_text("2")
    await expect(page.get_by_role("table", name="Kept answers").get_by_role("row")).to_have_count(2)
    await page.get_by_role("button", name=f"Clear {slug}").click()
    dialog = page.get_by_role("dialog", name=f"Clear what is kept of {slug}?")
    await expect(dialog).to_contain_text("1 answer is removed")
    await dialog.get_by_role("button", name="Clear").click()
    await expect(page.get_by_role("heading", name=f"Nothing of {slug} is kept")).to_be_visible()
    await expect(row).to_have_count(0)
    assert (await site.call("GET", f"/v1/cache/entries?prompt={slug}"))["data"] == []


async def test_a_viewer_sees_all_of_it_and_changes_nothing(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/models")
    await expect(page.get_by_role("button", name="Add a model")).to_be_disabled()
    await expect(page.get_by_role("button", name="Known models")).to_be_disabled()
    await page.get_by_role("navigation", name="Providers").get_by_role("link", name="Routing").click()
    await expect(page.get_by_role("button", name="Add a rule")).to_be_disabled()
    await page.get_by_role("button", name="Explain").click()
    await expect(page.get_by_role("status", name="What would happen")).to_contain_text("answers")
    await page.get_by_role("navigation", name="Providers").get_by_role("link", name="Cache").click()
    await settled(page)
    await expect(page.get_by_role("button", name="Clear all")).to_be_disabled()


async def _model(site: Site, name: str, **facts: str) -> None:
    """For embeddings alone, so that `auto` never chooses it for what others ask meanwhile."""
    await site.call("POST", "/v1/models", {
        "model": name, "provider": "ollama", "base_url": "http://127.0.0.1:9/v1", "capabilities": ["embeddings"],
        "context_tokens": 8_000, "output_tokens": 1_000,
        "input_price_nusd_per_million": 1_000_000_000, "output_price_nusd_per_million": 2_000_000_000, **facts,
    })  # fmt: skip


async def _choose(page: Page, button: Any, value: str) -> None:
    await button.click()
    await page.locator("[cmdk-input]").last.fill(value)
    await page.get_by_role("option", name=value).first.click()
