"""Comments on a run, a session and a run of a chain: written, answered, found again from the inbox, on a phone too."""

from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.axe import check_axe
from tests.page.browser import screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1", "E13")


async def ran(site: Site, session: str) -> str:
    body = {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat", "session_id": session, "user_id": "ann"}
    made: str = (await site.call("POST", "/v1/executions", body))["id"]
    return made


async def test_a_colleague_is_led_to_an_answer_and_says_what_they_think(page_as: OpenPage, site: Site) -> None:
    word = uuid4().hex[:8]
    execution = await ran(site, f"talk/{word}")
    ada = next(one for one in (await site.call("GET", "/v1/members?limit=200"))["data"] if one["name"] == "Ada Lovelace")
    editor = await page_as("editor", f"/app/runs/{execution}")
    field = editor.get_by_label("Comment on this run")
    await field.press_sequentially(f"Look <b>here</b> {word}, @{ada['email'][:-4]}")
    await expect(editor.get_by_role("listbox", name="Members").get_by_role("option")).to_have_count(1)
    await field.press("Enter")
    await editor.get_by_role("button", name="Comment", exact=True).click()
    await expect(editor.get_by_role("list", name="Comments")).to_contain_text(f"Look <b>here</b> {word}")
    await expect(editor.get_by_role("heading", name="Comments (1 open)")).to_be_visible()

    admin = await page_as("admin", "/app/inbox", theme="dark", width=390, height=844)
    told = admin.get_by_role("list", name="Inbox").get_by_role("listitem").filter(has_text=word)
    await expect(told).to_contain_text("Edith Clarke mentions you in a comment on a run")
    await told.get_by_role("link", name="Open the run").click()
    comment = admin.get_by_role("list", name="Comments").get_by_role("article").filter(has_text=word)
    await expect(comment).to_be_focused()
    await expect(comment).to_be_in_viewport()
    await settled(admin)
    await check_axe(admin)
    await screenshot(admin, "runs/comment-phone-dark")
    await admin.get_by_role("list", name="Comments").get_by_role("button", name="Answer").click()
    await admin.get_by_label("Your answer").fill(f"Fine {word}")
    await admin.get_by_label("Your answer").press("Tab")
    await admin.keyboard.press("Enter")
    await expect(admin.get_by_role("list", name="Comments")).to_contain_text(f"Fine {word}")
    await expect(editor.get_by_role("list", name="Comments")).to_contain_text(f"Fine {word}")  # By itself.
    await settled(editor)
    await check_axe(editor)
    await screenshot(editor, "runs/comment", whole=True)

    await editor.get_by_role("list", name="Comments").get_by_role("button", name="Settle").click()
    await expect(editor.get_by_role("list", name="Comments").get_by_text("settled", exact=True)).to_be_visible()
    listed = await page_as("viewer", "/app/runs?comments=with&user=ann")
    await expect(listed.get_by_role("row").filter(has_text="2 comments").first).to_be_visible()
    viewer = await page_as("viewer", f"/app/runs/{execution}")
    await expect(viewer.get_by_role("button", name="Comment", exact=True)).to_have_attribute("aria-disabled", "true")


async def test_a_session_and_a_run_of_a_chain_have_comments_too(page_as: OpenPage, site: Site) -> None:
    word = uuid4().hex[:8]
    session = f"talk/{word}"
    await ran(site, session)
    ada = next(one for one in (await site.call("GET", "/v1/members?limit=200"))["data"] if one["name"] == "Ada Lovelace")
    editor = await page_as("editor", f"/app/sessions/talk%2F{word}", theme="dark")
    await editor.get_by_label("Comment on this session").fill(f"@{ada['email']} see where it turns {word}")
    await editor.get_by_role("button", name="Comment", exact=True).click()
    await expect(editor.get_by_role("list", name="Comments")).to_contain_text(word)
    await settled(editor)
    await check_axe(editor)
    await screenshot(editor, "runs/session-comment-dark", whole=True)

    slug = f"steps-{word}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Hello {{x}}", "model": "simulated/chat", "label": "production"})
    await site.call("POST", "/v1/chains", {"slug": slug, "steps": [{"id": "one", "prompt": slug, "variables": {"x": "variables.x"}}]})
    run = (await site.call("POST", f"/v1/chains/{slug}/runs", {"variables": {"x": "y"}}))["id"]
    await site.call("POST", f"/v1/chain-runs/{run}/comments", {"body": f"This step {word}", "mentions": [ada["user_id"]]})
    admin = await page_as("admin", "/app/inbox")
    told = admin.get_by_role("list", name="Inbox").get_by_role("listitem").filter(has_text=word)
    await expect(told.filter(has_text=f"mentions you in a comment on a run of {slug}")).to_have_count(1)
    await told.filter(has_text="on a session").get_by_role("link", name="Open the session").click()
    await expect(admin.get_by_role("list", name="Comments").get_by_role("article").filter(has_text=word)).to_be_focused()

    chain = await page_as("viewer", f"/app/chains/{slug}?tab=runs&run={run}")
    said = chain.get_by_role("dialog").get_by_role("list", name="Comments")
    await expect(said).to_contain_text(f"This step {word}")
    await settled(chain)
    await check_axe(chain, without=BEHIND_A_DIALOG)
    await screenshot(chain, "runs/chain-run-comment")


async def test_what_a_colleague_deletes_or_changes_goes_from_an_open_page(page_as: OpenPage, site: Site) -> None:
    word = uuid4().hex[:8]
    execution = await ran(site, f"talk/{word}")
    path = f"/v1/executions/{execution}/comments"
    first = (await site.call("POST", path, {"body": f"First {word}"}))["id"]
    second = (await site.call("POST", path, {"body": f"Second {word}"}))["id"]
    viewer = await page_as("viewer", f"/app/runs/{execution}")
    comments = viewer.get_by_role("list", name="Comments")
    await expect(comments.get_by_role("article")).to_have_count(2)
    answer = viewer.get_by_text("Hello.", exact=False)
    await expect(answer.first).to_be_visible()
    await site.call("PATCH", f"{path}/{second}", {"body": f"Better {word}"})
    await expect(comments).to_contain_text(f"Better {word}")
    await site.call("DELETE", f"{path}/{first}")
    await expect(comments.get_by_role("article")).to_have_count(1)
    await site.call("DELETE", f"/v1/executions/{execution}/content")
    await expect(comments).to_have_count(0)
    await expect(answer).to_have_count(0)
