"""Several people at one prompt: reviews, comments, branches that are merged, parts taken over, a text made shorter."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, expect_console, messages_stay, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.experiments import drafted, two_versions
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")


async def made(site: Site) -> str:
    slug = f"shared-{uuid4().hex[:8]}"
    await site.call(
        "POST", "/v1/prompts", {"slug": slug, "template": "Greet {{name}}.\nBe brief.\nUse their language.", "model": "simulated/chat"}
    )
    return slug


async def more(page: Page, act: str) -> None:
    await page.get_by_role("button", name="More with this version").click()
    await page.get_by_role("menuitem", name=act).click()


async def test_a_version_is_handed_in_sent_back_and_approved(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    editor = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    review = editor.get_by_role("region", name="Review")
    await review.get_by_role("button", name="Ask for a review…").click()
    await editor.get_by_label("What to look at").fill("Is it polite?")
    await editor.get_by_role("dialog").get_by_role("button", name="Ask").click()
    await expect(review).to_contain_text("in review")
    await expect(review).to_contain_text("Is it polite?")

    admin = await page_as("admin", f"/app/prompts/{slug}?tab=versions")
    theirs = admin.get_by_role("region", name="Review")
    await theirs.get_by_role("button", name="Send back…").click()
    await admin.get_by_label("What is missing").fill("Shorter, <b>please</b>")
    await admin.get_by_role("dialog").get_by_role("button", name="Send back").click()
    await expect(theirs).to_contain_text("Edith Clarke asked for it")
    await expect(theirs).to_contain_text("Shorter, <b>please</b>")
    await theirs.get_by_role("button", name="Ask for a review…").click()
    await admin.get_by_role("dialog").get_by_role("button", name="Ask").click()
    await theirs.get_by_role("button", name="Approve").click()
    await expect(theirs.get_by_text("approved", exact=True)).to_be_visible()
    assert (await site.call("GET", f"/v1/prompts/{slug}/versions/1/review"))["status"] == "approved"
    await settled(admin)
    await check_axe(admin)


async def test_people_comment_answer_and_settle(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    await page.get_by_label("Comment on this version").fill("Why so <i>brief</i>?")
    await page.get_by_role("button", name="Comment", exact=True).click()
    said = page.get_by_role("list", name="Comments").get_by_role("listitem")
    await expect(said).to_contain_text("Why so <i>brief</i>?")

    admin = await page_as("admin", f"/app/prompts/{slug}?tab=versions")
    theirs = admin.get_by_role("list", name="Comments").get_by_role("listitem")
    await theirs.get_by_role("button", name="Answer").click()
    await admin.get_by_label("Your answer").fill("Phones are small.")
    await theirs.get_by_role("button", name="Answer").last.click()
    await expect(admin.get_by_label("Your answer")).to_have_count(0)
    await expect(theirs).to_contain_text("Phones are small.")
    await theirs.get_by_role("button", name="Settle").click()
    await expect(theirs.get_by_text("settled", exact=True)).to_be_visible()
    comments = (await site.call("GET", f"/v1/prompts/{slug}/comments?version=1"))["data"]
    assert len(comments) == 2 and [one["resolved_at"] is not None for one in comments if one["reply_to"] is None] == [True]
    await settled(admin)
    await check_axe(admin)

    viewer = await page_as("viewer", f"/app/prompts/{slug}?tab=versions")
    await expect(viewer.get_by_role("button", name="Comment", exact=True)).to_have_attribute("aria-disabled", "true")


async def test_typing_a_part_of_a_name_offers_members_by_keyboard(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    members = {one["name"]: one for one in (await site.call("GET", "/v1/members?limit=200"))["data"]}
    ada = members["Ada Lovelace"]
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions&v=1")
    field = page.get_by_label("Comment on this version")
    await field.press_sequentially("Look, @ada")
    options = page.get_by_role("listbox", name="Members").get_by_role("option")
    await expect(options.filter(has_text=ada["email"])).to_be_visible()
    await expect(field).to_have_attribute("aria-activedescendant", re.compile("-0$"))
    await settled(page)
    await check_axe(page, without=("region",))
    await screenshot(page, "prompts/mention")
    await field.press("Escape")
    await expect(options).to_have_count(0)
    await field.fill("")
    await field.press_sequentially(f"Look, @{ada['email'][:-4]}")
    await expect(options).to_have_count(1)
    await field.press("Enter")
    await expect(field).to_have_value(f"Look, @{ada['email']} ")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(page.get_by_role("list", name="Comments")).to_contain_text("Mentions Ada Lovelace")
    (comment,) = (await site.call("GET", f"/v1/prompts/{slug}/comments?version=1"))["data"]
    assert [one["user_id"] for one in comment["mentions"]] == [ada["user_id"]]


async def test_a_comment_is_about_a_difference_mentions_a_member_and_is_changed(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "temperature": 0.4})
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 2, "template": "Greet {{name}} warmly.", "temperature": 0.4})
    members = {one["name"]: one for one in (await site.call("GET", "/v1/members?limit=200"))["data"]}
    ada = members["Ada Lovelace"]
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions&v=3&against=1")
    await page.get_by_label("Which part the comment is about").select_option("Temperature")
    await page.get_by_label("Comment on v1 → v3").fill("Why so warm, @nobody@example.com?")
    await page.get_by_role("button", name="Mention a member: Mention a member…").click()
    await page.get_by_placeholder("Type to find").fill("Ada Love")
    await page.get_by_role("option", name="Ada Lovelace").first.click()
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("No member has the address nobody@example.com.")
    await settled(page)
    await check_axe(page)
    await screenshot(page, "prompts/comment", whole=True)
    await page.get_by_label("Comment on v1 → v3").fill("Why so warm?")
    await page.get_by_role("button", name="Comment", exact=True).click()
    said = page.get_by_role("list", name="Comments").get_by_role("listitem").first
    await expect(said).to_contain_text("v1 → v3")
    await expect(said).to_contain_text("Mentions Ada Lovelace")
    (comment,) = (await site.call("GET", f"/v1/prompts/{slug}/comments?version=3"))["data"]
    assert (comment["against"], comment["part"], [one["user_id"] for one in comment["mentions"]]) == (1, "temperature", [ada["user_id"]])

    await said.get_by_role("button", name="Edit").click()
    await page.get_by_label("Text of the comment").fill("Why so very warm?")
    await said.get_by_role("button", name="Save").click()
    await expect(said).to_contain_text("edited")
    (comment,) = (await site.call("GET", f"/v1/prompts/{slug}/comments?version=3"))["data"]
    assert (comment["body"], len(comment["mentions"])) == ("Why so very warm?", 1)

    admin = await page_as("admin", "/app/approvals?tab=comments&whose=mine")
    await admin.get_by_role("link", name=re.compile(slug)).click()
    await expect(admin).to_have_url(re.compile(r"[?&]against=1"))
    await expect(admin.get_by_role("list", name="Comments").get_by_text("v1 → v3")).to_be_visible()
    await admin.get_by_label("Against which version").select_option("v2")
    await admin.get_by_role("list", name="Comments").get_by_role("link", name="v1 → v3").click()
    await expect(admin.get_by_label("Against which version")).to_have_value("1")
    await expect(admin.get_by_role("list", name="Comments").get_by_role("button", name="Edit")).to_have_count(0)


async def test_what_waits_for_somebody_stands_in_their_inbox_at_once(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    ada = next(one for one in (await site.call("GET", "/v1/members?limit=200"))["data"] if one["name"] == "Ada Lovelace")
    admin = await page_as("admin", "/app/inbox")
    await admin.get_by_role("radio", name=re.compile("^Unread")).wait_for()
    link = admin.get_by_role("link", name=re.compile("^Inbox"))

    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    await page.get_by_role("region", name="Review").get_by_role("button", name="Ask for a review…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What to look at").fill("Is it <i>polite</i>?")
    await dialog.get_by_role("button", name="Choose a reviewer: Choose a reviewer…").click()
    await page.get_by_placeholder("Type to find").fill("Ada Love")
    await page.get_by_role("option", name="Ada Lovelace").first.click()
    await dialog.get_by_role("button", name="Ask", exact=True).click()
    await expect(page.get_by_role("region", name="Review")).to_contain_text("asked Ada Lovelace for it")
    said = {"version": 1, "body": f"Why so brief, {slug}?", "mentions": [ada["user_id"]]}
    await site.call("POST", f"/v1/prompts/{slug}/comments", said)

    told = admin.get_by_role("list", name="Inbox").get_by_role("listitem").filter(has_text=slug)
    await expect(told).to_have_count(2)
    await expect(told.first).to_contain_text(f"mentions you in a comment on {slug} v1")
    await expect(told.last).to_contain_text(f"Edith Clarke asks for a review of {slug} v1")
    await expect(told.last).to_contain_text("Is it <i>polite</i>?")
    await expect(link).to_have_accessible_name(re.compile(r"Inbox \d+\+? unread"))
    await settled(admin)
    await check_axe(admin)
    await screenshot(admin, "prompts/inbox", whole=True)
    await told.first.get_by_role("button", name="Mark as read").click()
    await expect(told).to_have_count(1)
    await told.get_by_role("link", name=f"Open {slug} v1").click()
    await admin.get_by_role("region", name="Review").get_by_role("button", name="Approve").click()
    await expect(admin.get_by_role("region", name="Review").get_by_text("approved", exact=True)).to_be_visible()
    await link.click()
    await admin.get_by_text("All", exact=True).click()
    await expect(told).to_have_count(2)
    await expect(told.last).to_contain_text("approved")
    await told.first.get_by_role("button", name="Mark as unread").click()
    await expect(told.first).to_contain_text("new")
    await admin.get_by_role("button", name="Mark all as read").click()
    await expect(told.get_by_text("new", exact=True)).to_have_count(0)


async def test_the_inbox_leads_to_the_comment_itself_and_a_phone_tells_of_it(page_as: OpenPage, site: Site) -> None:
    """Seen: the link ended above a difference of two windows' height, below which the comment stood."""
    slug = await made(site)
    long = [{"role": "user", "content": "\n".join(f"Line {n} of {{{{name}}}}." for n in range(80))}]
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "messages": long})
    ada = next(one for one in (await site.call("GET", "/v1/members?limit=200"))["data"] if one["name"] == "Ada Lovelace")
    said = {"version": 2, "against": 1, "body": f"Why so long, {slug}?", "mentions": [ada["user_id"]]}
    await site.call("POST", f"/v1/prompts/{slug}/comments", said)

    page = await page_as("admin", "/app/inbox")
    await page.get_by_role("list", name="Inbox").get_by_role("listitem").filter(has_text=slug).get_by_role("link").click()
    comment = page.get_by_role("list", name="Comments").get_by_role("article").filter(has_text=said["body"])
    await expect(comment).to_be_focused()
    await expect(comment).to_be_in_viewport()

    await site.call("POST", f"/v1/prompts/{slug}/comments", {**said, "body": f"And {slug}?"})
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_role("button", name=re.compile(r"^Menu, \d+\+? unread in the inbox$")).click()
    await page.get_by_role("dialog", name="Menu").get_by_role("link", name=re.compile(r"^Inbox \d+\+? unread$")).wait_for()


async def test_what_is_written_on_a_branch_is_saved_on_it_and_merged_where_one_says(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    await more(page, "Start a branch here…")
    await page.get_by_role("dialog").get_by_label("Name").fill("formal")
    await messages_stay(page)
    await page.get_by_role("button", name="Start the branch").click()
    await page.get_by_role("button", name="Edit on it").click()
    await expect(page.get_by_text("branch formal", exact=True)).to_be_visible()
    await write(page, " Say goodbye.")
    await save_on(page, "formal")
    versions = await site.call("GET", f"/v1/prompts/{slug}/versions")
    assert [(one["version"], one["branch"]) for one in versions["data"]] == [(2, "formal"), (1, None)]
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["latest_version"] == 1

    # From an older version of the branch it goes on over where the branch stands.
    await write(page, " Twice.")
    await save_on(page, "formal")
    await page.get_by_role("button", name="Back to the main line").click()
    await expect(page.get_by_text("branch formal", exact=True)).to_have_count(0)
    await page.get_by_role("tab", name="Versions").click()
    await page.get_by_role("list", name="Versions", exact=True).get_by_text("v2", exact=True).click()
    await expect(page.get_by_role("region", name="Version 2")).to_be_visible()
    await page.get_by_role("button", name="Edit from here").click()
    await expect(page.get_by_text("over v3")).to_be_visible()
    await settled(page)
    await check_axe(page)
    await screenshot(page, "prompts/on-a-branch")
    await page.get_by_role("button", name="Discard").click()
    branches = {one["branch"]: one["version"] for one in (await site.call("GET", f"/v1/prompts/{slug}/branches"))["data"]}
    assert branches == {"main": 1, "formal": 3}

    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "temperature": 0.2})
    await page.get_by_role("tab", name="Versions").click()
    await expect(page.get_by_text("latest v4")).to_be_visible()
    await more(page, "Merge a branch…")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Into").select_option("formal")
    await expect(dialog.get_by_text("Into the branch formal, which stands at v3.")).to_be_visible()
    await dialog.get_by_role("button", name="Merge").click()
    await page.wait_for_url(re.compile(r"[?&]v=5"))
    assert (await site.call("GET", f"/v1/prompts/{slug}"))["latest_version"] == 4
    assert (await site.call("GET", f"/v1/prompts/{slug}/versions/5"))["branch"] == "formal"

    await page.get_by_role("button", name="Edit from here").click()
    await write(page, " Thrice.")
    await page.get_by_role("button", name="Save…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).wait_for()  # The page may hear of what follows at once.
    await site.call("DELETE", f"/v1/prompts/{slug}/branches/formal")
    expect_console(page, "status of 404")
    await page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("There is no branch formal any more.").first).to_be_visible()
    await page.get_by_role("button", name="Go on over v4").click()
    await page.get_by_role("button", name="Save…").click()
    await expect(page.get_by_role("dialog").get_by_text("Over v4, on the main line.")).to_be_visible()


async def write(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message 1", exact=True).click()
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.type(text)


async def save_on(page: Page, branch: str) -> None:
    await page.get_by_role("button", name="Save…").click()
    dialog = page.get_by_role("dialog", name=f"Save as the next version on {branch}")
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(dialog).to_have_count(0)


async def test_a_branch_is_merged_and_what_both_changed_is_decided_first(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions")
    rest = "\nBe brief.\nUse their language."
    text = f"Greet {{{{name}}}} well.{rest}"
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "template": text, "max_tokens": 50})
    await expect(page.get_by_text("latest v2")).to_be_visible()
    await page.get_by_role("list", name="Versions", exact=True).get_by_text("v2", exact=True).click()
    await more(page, "Start a branch here…")
    await page.get_by_role("dialog").get_by_label("Name").fill("formal")
    await page.get_by_role("button", name="Start the branch").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    text = f"Greet {{{{name}}}} warmly.{rest}"
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 2, "template": text, "temperature": 0.2})
    text = f"Greet {{{{name}}}} formally.{rest}\nSay goodbye."
    on_branch = {"base_version": 2, "branch": "formal", "template": text, "temperature": 0.9, "max_tokens": None}
    await site.call("POST", f"/v1/prompts/{slug}/versions", on_branch)

    await page.reload()
    await settled(page)
    await expect(page.get_by_role("list", name="Versions", exact=True)).to_contain_text("formal")
    await more(page, "Merge a branch…")
    dialog = page.get_by_role("dialog")
    lines, temperature = (
        dialog.get_by_role("group", name="What stands: Lines 1"),
        dialog.get_by_role("group", name="What stands: Temperature"),
    )
    for words in ("v2, before both", "Greet {{name}} well.", "main v3", "Greet {{name}} warmly.", "formal v4", "Greet {{name}} formally."):
        await expect(lines.get_by_text(words, exact=True)).to_be_visible()
    # What the branch took away goes: it is not shown as if it stayed.
    await expect(dialog.get_by_role("row", name="Max tokens")).to_contain_text("not set")
    await expect(dialog.get_by_role("row", name="Temperature")).to_have_count(0)
    await expect(dialog.get_by_role("button", name="Merge")).to_be_disabled()
    await lines.get_by_label("A text of your own").check()
    await lines.get_by_role("textbox").fill("Greet {{name}} warmly and formally.")
    await temperature.get_by_label("formal v4").check()
    await expect(dialog.get_by_text("to decide")).to_have_count(0)
    await screenshot(page, "prompts/merge")
    await check_axe(page, without=BEHIND_A_DIALOG)
    await dialog.get_by_role("button", name="Merge").click()
    await page.wait_for_url(re.compile(r"[?&]v=5"))
    merged = await site.call("GET", f"/v1/prompts/{slug}/versions/5")
    assert merged["messages"][0]["content"] == f"Greet {{{{name}}}} warmly and formally.{rest}\nSay goodbye."
    assert merged["temperature"] == 0.9 and merged.get("max_tokens") is None


async def test_parts_are_taken_over_and_filler_is_taken_out(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    wordy = (
        "Please note that it is very important that you basically greet {{name}}. Please note that you greet {{name}}. Be brief. Be brief."
    )
    await site.call("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "template": wordy, "temperature": 0.3})
    page = await page_as("editor", f"/app/prompts/{slug}?tab=versions&v=1")
    await more(page, "Take parts of it over…")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Temperature").check()
    await dialog.get_by_role("button", name="Save").click()
    await page.wait_for_url(re.compile(r"[?&]v=3"))
    version = await site.call("GET", f"/v1/prompts/{slug}/versions/3")
    assert version.get("temperature") is None and version["messages"][0]["content"] == wordy

    await more(page, "Shorten it…")
    await dialog.get_by_role("button", name="Show what would go").click()
    await expect(dialog.get_by_text(re.compile("tokens less"))).to_be_visible()
    await check_axe(page, without=BEHIND_A_DIALOG)
    await dialog.get_by_role("button", name="Save as the next version").click()
    await page.wait_for_url(re.compile(r"[?&]v=4"))
    shorter = (await site.call("GET", f"/v1/prompts/{slug}/versions/4"))["messages"][0]["content"]
    assert len(shorter) < len(wordy) and "{{name}}" in shorter


async def test_people_see_each_other_at_chains_evaluators_datasets_and_experiments(page_as: OpenPage, site: Site) -> None:
    tag = uuid4().hex[:8]
    step = {"id": "one", "prompt": await made(site), "variables": {"name": "variables.name"}}
    await site.call("POST", "/v1/chains", {"slug": f"chain-{tag}", "steps": [step]})
    exact = {"name": f"exact-{tag}", "settings": {"kind": "exact"}}
    evaluator = (await site.call("POST", "/v1/evaluators", exact))["id"]
    dataset = (await site.call("POST", "/v1/datasets", {"name": f"d-{tag}", "items": [{"input": "a", "expected": "b"}]}))["id"]
    experiment = await drafted(site, await two_versions(site))
    edith, ada = await page_as("editor", "/app/chains"), await page_as("admin", "/app/chains")
    for place in (f"chains/chain-{tag}", f"evaluators/{evaluator}", f"datasets/{dataset}", f"experiments/{experiment}"):
        await edith.goto(f"/app/{place}")
        await ada.goto(f"/app/{place}")
        await expect(edith.get_by_role("status", name="Also here")).to_have_text("Ada Lovelace is here")
        await expect(ada.get_by_role("status", name="Also here")).to_have_text("Edith Clarke is here")
        if place.startswith("evaluators/"):
            await ada.get_by_role("button", name="New version").click()
            await expect(edith.get_by_role("status", name="Also here")).to_have_text("Ada Lovelace is editing")
        await screenshot(edith, f"together/{place.partition('/')[0]}")
    await ada.goto("/app/chains")
    await expect(edith.get_by_role("status", name="Also here")).to_have_text("")


async def test_people_see_each_other_and_what_both_write_in_one_text_is_kept(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    edith = await page_as("editor", f"/app/prompts/{slug}")
    here = edith.get_by_role("status", name="Also here")
    await expect(here).to_have_text("")
    ada = await page_as("admin", f"/app/prompts/{slug}")
    await expect(here).to_have_text("Ada Lovelace is here")
    await expect(ada.get_by_role("status", name="Also here")).to_have_text("Edith Clarke is here")
    await ada.get_by_role("textbox", name="Message 1", exact=True).click()
    await ada.keyboard.press("ControlOrMeta+Home")
    await ada.keyboard.type("First of all: ")
    await expect(here).to_have_text("Ada Lovelace is editing")
    await edith.get_by_role("textbox", name="Message 1", exact=True).click()
    await edith.keyboard.press("ControlOrMeta+End")
    await edith.keyboard.type(" Sign it.")
    await expect(edith.get_by_text("Not saved: Text")).to_be_visible()
    await settled(edith)
    await check_axe(edith)
    await screenshot(edith, "prompts/together")

    await ada.get_by_role("button", name="Save…").click()
    await ada.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    await expect(edith.get_by_text("v2 was saved meanwhile.")).to_be_visible(timeout=PATIENCE_MS)
    await edith.get_by_role("button", name="See what changed").click()
    dialog = edith.get_by_role("dialog")
    await expect(dialog).to_contain_text("Both changes are kept.")
    await check_axe(edith, without=BEHIND_A_DIALOG)
    await dialog.get_by_role("button", name="Go on over v2").click()
    await edith.get_by_role("button", name="Save…").click()
    await edith.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    await expect(edith.get_by_role("dialog")).to_have_count(0)
    text = (await site.call("GET", f"/v1/prompts/{slug}/versions/3"))["messages"][0]["content"]
    assert text == "First of all: Greet {{name}}.\nBe brief.\nUse their language. Sign it."
    await expect(ada.get_by_role("textbox", name="Message 1")).to_contain_text("Sign it.")
    await ada.close()
    # Where a closed tab could not say that it went, it is over after 45 s.
    await expect(here).to_have_text("", timeout=3 * PATIENCE_MS)


async def test_who_saves_into_a_prompt_that_somebody_put_away_sees_so_and_keeps_the_text(page_as: OpenPage, site: Site) -> None:
    slug = await made(site)
    page = await page_as("editor", f"/app/prompts/{slug}", alone=True)  # Events come at once elsewhere: test_meanwhile.
    expect_console(page, "status of 409")
    text = page.get_by_role("textbox", name="Message 1", exact=True)
    await text.click()
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.type(" Sign it.")
    await expect(page.get_by_text("Not saved: Text")).to_be_visible()
    await site.call("POST", f"/v1/prompts/{slug}/archive")
    await page.get_by_role("button", name="Save…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(dialog).to_contain_text("was archived")
    await dialog.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Restore").click()
    await expect(page.get_by_text("Not saved: Text")).to_be_visible()
    await page.get_by_role("button", name="Save…").click()
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("tab", name="Versions 2")).to_be_visible()
    saved = (await site.call("GET", f"/v1/prompts/{slug}/versions/2"))["messages"][0]["content"]
    assert saved.endswith(" Sign it.")


@pytest.mark.capability("P5", "U1")
async def test_whoever_wrote_a_version_is_told_before_they_try_to_approve_it(page_as: OpenPage, site: Site) -> None:
    workspace = await site.new_workspace("Four eyes")
    key = await site.key_of(workspace)
    await site.call("PATCH", f"/v1/workspaces/{workspace}", {"own_approval": False}, key=key)
    page = await page_as("editor", "/app/settings", workspace_id=workspace)
    session = await (await page.request.get("/v1/auth/session")).json()
    headers = {"X-CSRF-Token": session["csrf_token"], "X-Burnish-Workspace": str(workspace)}
    body = {"slug": "greet", "template": "Greet {{name}}.", "model": "simulated/chat"}
    assert (await page.request.post("/v1/prompts", data=body, headers=headers)).status == 201
    await site.call("POST", "/v1/prompts/greet/versions/1/review", {}, key=key)

    await page.goto("/app/prompts/greet?tab=versions")
    approve = page.get_by_role("region", name="Review").get_by_role("button", name="Approve")
    await expect(approve).to_have_attribute("aria-disabled", "true")
    await approve.focus()
    await expect(approve).to_have_accessible_description("In this workspace nobody approves a version of their own; ask somebody else.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("region", name="Review")).to_contain_text("in review")
    await check_axe(page)
    admin = await page_as("admin", "/app/prompts/greet?tab=versions", workspace_id=workspace)
    theirs = admin.get_by_role("region", name="Review").get_by_role("button", name="Approve")
    await expect(theirs).to_be_enabled()
    await theirs.click()
    await expect(admin.get_by_role("region", name="Review").get_by_text("approved", exact=True)).to_be_visible()
