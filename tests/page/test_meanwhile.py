"""What others do to what is open here is seen at once, also where no event tells of it; and messages of it are within reach."""

from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.browser import closed, messages_stay, told
from tests.page.conftest import OpenPage
from tests.page.experiments import started, two_versions
from tests.page.site import Site
from tests.page.test_prompt_together import made

pytestmark = pytest.mark.capability("U1")


async def test_a_prompt_that_is_archived_and_restored_while_another_writes_says_so_at_once_and_keeps_the_text(
    page_as: OpenPage, site: Site
) -> None:
    slug = await made(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    await page.get_by_role("textbox", name="Message 1", exact=True).click()
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.type(" Sign it.")
    await expect(page.get_by_text("Not saved: Text")).to_be_visible()
    await site.call("POST", f"/v1/prompts/{slug}/archive")
    await expect(page.get_by_text("neither run nor changed until it is restored")).to_be_visible()
    await expect(page.get_by_role("region", name="Messages")).to_contain_text(f"{slug} was archived")
    await expect(page.get_by_role("button", name="Save…")).to_be_disabled()
    await expect(page.get_by_text("Not saved: Text")).to_be_visible()
    await site.call("POST", f"/v1/prompts/{slug}/restore")
    await expect(page.get_by_role("button", name="Save…")).to_be_enabled()
    await expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_contain_text("Sign it.")


async def test_what_others_save_of_a_chain_a_dataset_and_an_evaluator_is_seen_at_once_and_no_draft_is_lost(
    page_as: OpenPage, site: Site
) -> None:
    slug = await made(site)
    word = uuid4().hex[:8]
    steps = [{"id": "one", "prompt": slug, "variables": {"name": "variables.name"}}]
    await site.call("POST", "/v1/chains", {"slug": f"c-{word}", "steps": steps})
    chain = await page_as("editor", f"/app/chains/c-{word}")
    chains = await page_as("viewer", "/app/chains")
    await expect(chain.get_by_role("tab", name="Versions")).to_contain_text("1")
    await site.call("POST", f"/v1/chains/c-{word}/versions", {"base_version": 1, "steps": [{**steps[0], "id": "two"}]})
    await expect(chain.get_by_role("tab", name="Versions")).to_contain_text("2")
    await site.call("POST", "/v1/chains", {"slug": f"d-{word}", "steps": steps})
    await expect(chains.get_by_role("row").filter(has_text=f"d-{word}")).to_have_count(1)

    dataset = (await site.call("POST", "/v1/datasets", {"name": f"set {word}", "items": [{"input": "a", "expected": "b"}]}))["id"]
    items = await page_as("viewer", f"/app/datasets/{dataset}")
    await expect(items.get_by_role("row")).to_have_count(2)
    await site.call("POST", f"/v1/datasets/{dataset}/items", {"items": [{"input": f"c {word}", "expected": "d"}]})
    await expect(items.get_by_role("row").filter(has_text=f"c {word}")).to_have_count(1)

    regex = {"kind": "regex", "pattern": f"old {word}"}
    evaluator = (await site.call("POST", "/v1/evaluators", {"name": f"check {word}", "settings": regex}))["id"]
    checks = await page_as("viewer", f"/app/evaluators/{evaluator}")
    await expect(checks.get_by_role("main")).to_contain_text(f"old {word}")
    await site.call("POST", f"/v1/evaluators/{evaluator}/versions", {"settings": {**regex, "pattern": f"new {word}"}})
    await expect(checks.get_by_role("main")).to_contain_text(f"new {word}")


async def test_an_experiment_that_another_pauses_or_ends_takes_no_words_from_whoever_decides(page_as: OpenPage, site: Site) -> None:
    experiment = await started(site, await two_versions(site))
    page = await page_as("admin", f"/app/experiments/{experiment}")
    await page.get_by_role("button", name="Ship a winner").click()
    dialog = page.get_by_role("dialog")
    reason = dialog.get_by_role("textbox", name="Reason")
    await reason.fill("Customers like it")
    await site.call("POST", f"/v1/experiments/{experiment}/pause", {"reason": "a look"})
    await expect(page.get_by_text("Paused: everybody gets")).to_be_visible()
    await expect(reason).to_have_value("Customers like it")
    await expect(reason).to_be_focused()
    await site.call("POST", f"/v1/experiments/{experiment}/decide", {"winner": "control", "reason": "Enough"})
    await expect(dialog.get_by_role("status")).to_contain_text("It ended meanwhile")
    await expect(reason).to_have_value("Customers like it")
    await expect(dialog.get_by_role("button", name="Ship it")).to_be_disabled()


async def test_a_key_that_another_admin_revokes_is_revoked_on_the_open_page(page_as: OpenPage, site: Site) -> None:
    name = f"soon revoked {uuid4().hex[:6]}"
    key = await site.call("POST", "/v1/api-keys", {"name": name})
    page = await page_as("admin", "/app/api-keys")
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("active")
    await site.call("DELETE", f"/v1/api-keys/{key['id']}")
    await expect(row).to_contain_text("revoked")


async def test_whose_role_is_lowered_is_offered_at_once_what_is_left_and_why(page_as: OpenPage, site: Site) -> None:
    workspace_id = await site.new_workspace()
    key = await site.key_of(workspace_id)
    page = await page_as("editor", "/app/prompts", workspace_id=workspace_id)
    new = page.get_by_role("button", name="New prompt").first
    await expect(new).to_be_enabled()
    person = await site.person("editor", workspace_id)
    await site.call("PATCH", f"/v1/members/{person}", {"role": "viewer"}, key=key)
    await expect(new).to_be_disabled()
    await told(page, "You are a viewer here now")


async def test_what_was_written_in_a_form_that_a_lowered_role_takes_away_can_still_be_copied(page_as: OpenPage, site: Site) -> None:
    workspace_id = await site.new_workspace()
    key = await site.key_of(workspace_id)
    page = await page_as("editor", "/app/datasets?new=1", workspace_id=workspace_id)
    dialog = page.get_by_role("dialog", name="New dataset")
    await dialog.get_by_role("textbox", name="Name").fill("Tickets of spring")
    person = await site.person("editor", workspace_id)
    await site.call("PATCH", f"/v1/members/{person}", {"role": "viewer"}, key=key)
    await told(page, "You are a viewer here now")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text("Your role changed while you were writing in “New dataset”")).to_be_visible()
    await page.get_by_role("button", name="Show what you wrote").click()
    await expect(page.get_by_role("dialog").get_by_text("Tickets of spring")).to_be_visible()


async def test_the_undo_of_a_message_is_one_key_away_and_gives_the_focus_back(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    page = await page_as("editor", f"/app/prompts/{slug}")
    await messages_stay(page)
    await page.get_by_role("button", name="More with this prompt").click()
    await page.get_by_role("menuitem", name="Archive").click()
    await page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    undo = page.get_by_role("region", name="Messages").get_by_role("button", name="Undo")
    await expect(undo).to_be_visible()
    await page.keyboard.press("F8")
    await expect(undo).to_be_focused()
    await page.keyboard.press("Enter")
    await told(page, f"{slug} is back")
    await page.wait_for_function("() => document.activeElement !== document.body && !document.activeElement.closest('[data-messages]')")
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["archived_at"] is None


async def test_messages_that_are_higher_than_the_window_show_the_newest_and_scroll_to_the_others(page_as: OpenPage, site: Site) -> None:
    slug = f"put-away-{'and-away-' * 5}{uuid4().hex[:6]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Hello {{name}}", "model": "simulated/chat"})
    page = await page_as("editor", f"/app/prompts/{slug}", width=320)
    await messages_stay(page)
    await page.get_by_role("button", name="More with this prompt").click()
    await page.get_by_role("menuitem", name="Archive").click()
    await page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    messages = page.get_by_role("region", name="Messages")
    await expect(messages.get_by_role("button", name="Undo")).to_be_visible()
    await closed(page)
    await page.set_viewport_size({"width": 320, "height": 150})
    await page.get_by_role("button", name="Restore").focus()
    await page.keyboard.press("Enter")
    newest = messages.get_by_text(f"{slug} is back, with its labels")
    await expect(newest).to_be_in_viewport(ratio=1)
    first = messages.get_by_text(f"{slug} is archived", exact=True)
    await expect(first).not_to_be_in_viewport(ratio=1)
    await page.keyboard.press("F8")
    await expect(messages.get_by_role("button", name="Undo")).to_be_in_viewport(ratio=1)
    await first.scroll_into_view_if_needed()
    await expect(first).to_be_in_viewport(ratio=1)
