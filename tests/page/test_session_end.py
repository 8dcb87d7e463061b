"""A session that ends by itself: what was being written is there again after signing in, and what cannot be copied is said."""

import re
from uuid import uuid4

from playwright.async_api import Page, Route, expect

from burnish_gateway.access.session_token import COOKIE
from tests.page.axe import check_axe
from tests.page.browser import expect_console, intercept, screenshot, set_theme, settled, told
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site

NO_CLIPBOARD = "Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })"
"""As over plain http to an address that is not this machine."""


async def sign_in(page: Page, site: Site) -> None:
    await page.get_by_label("E-mail").fill(site.admin["email"])
    await page.get_by_label("Password").fill(site.admin["password"])
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def end_session(page: Page) -> None:
    """By itself: the cookie is gone, and the page hears of it at its next question."""
    await page.context.clear_cookies()
    await page.evaluate("new BroadcastChannel('burnish-session').postMessage({ kind: 'changed' })")
    await expect(page.get_by_label("Password")).to_be_visible()


async def signed_in(page_as: OpenPage, site: Site, path: str) -> Page:
    page = await page_as("nobody", f"/app/sign-in?to={path}")
    expect_console(page, "status of 401")
    await sign_in(page, site)
    await page.wait_for_url(f"**/app{path}")
    await settled(page)
    return page


async def test_addresses_that_people_try_lead_to_the_page_that_they_mean(page_as: OpenPage, site: Site) -> None:
    page = await page_as("nobody", "/app/login?to=/webhooks")
    expect_console(page, "status of 401")
    await sign_in(page, site)
    await page.wait_for_url("**/app/webhooks")
    await page.goto(site.at("/app/setup"))
    await page.wait_for_url("**/app/start")
    await page.goto(site.at("/app/login?to=/webhooks"))
    await page.wait_for_url("**/app/webhooks")


async def test_what_stood_in_a_form_is_put_back_or_copied_after_signing_in_again(page_as: OpenPage, site: Site) -> None:
    page = await signed_in(page_as, site, "/webhooks")
    await page.get_by_role("button", name="New endpoint").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Address").fill("https://orders.example.com/burnish")
    await dialog.get_by_text("How it is sent").click()
    await dialog.get_by_role("button", name="Add a header").click()
    await dialog.get_by_label("Name of header 1").fill("X-Who")
    await dialog.get_by_label("Value of header 1").fill("Bearer sealed")
    await end_session(page)
    await sign_in(page, site)

    # The address says that the form is open: it is there again, and offers what was written. Its header has no place yet.
    await dialog.get_by_role("button", name="Put it back").click()
    await expect(dialog.get_by_label("Address")).to_have_value("https://orders.example.com/burnish")
    await expect(dialog.get_by_text("There is no place yet for: Name of header 1.")).to_be_visible()
    await settled(page)
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "session-end/put-back")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_text("Your session ended while you were writing in “New endpoint”")).to_be_visible()
    await settled(page)
    await check_axe(page)
    await page.get_by_role("button", name="Show what you wrote").click()
    await expect(dialog.get_by_text("X-Who")).to_be_visible()
    await expect(dialog.get_by_text("Bearer sealed")).to_have_count(0)
    await check_axe(page, without=BEHIND_A_DIALOG)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"session-end/form-{theme}")

    await page.evaluate(NO_CLIPBOARD)
    copy = dialog.get_by_role("button", name=re.compile("^(Copy|Copied)$")).first
    await copy.focus()
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("button", name="Copied")).to_be_focused()

    await page.evaluate("document.execCommand = () => false")
    await dialog.get_by_role("button", name="Copy", exact=True).first.click()
    await expect(page.get_by_text("Your browser lets this page copy nothing.")).to_be_visible()
    await screenshot(page, "session-end/refused")
    await dialog.get_by_role("button", name="Throw it away").click()
    await expect(page.get_by_text("Your session ended while")).to_have_count(0)


async def test_steps_of_a_chain_are_there_again_after_another_tab_and_after_signing_in_again(page_as: OpenPage, site: Site) -> None:
    mark = uuid4().hex[:8]
    prompt = {"slug": f"kept-{mark}", "template": "Which queue? {{ticket}}", "model": "simulated/chat", "label": "production"}
    await site.call("POST", "/v1/prompts", prompt)
    steps = [{"id": "step_1", "prompt": f"kept-{mark}", "variables": {"ticket": "variables.ticket"}}]
    await site.call("POST", "/v1/chains", {"slug": f"kept-{mark}", "parameters": {"ticket": {"type": "string"}}, "steps": steps})
    page = await signed_in(page_as, site, f"/chains/kept-{mark}")
    condition = page.get_by_label("Only if")
    await condition.fill("variables.ticket == 'x'")
    await page.get_by_role("tab", name="Runs").click()
    await expect(page.get_by_role("tab", name="Chain not saved")).to_be_visible()
    await page.get_by_role("tab", name="Chain").click()
    await expect(condition).to_have_value("variables.ticket == 'x'")

    await end_session(page)
    await sign_in(page, site)
    await expect(condition).to_have_value("variables.ticket == 'x'")
    await told(page, "What you wrote is here again")
    await settled(page)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"session-end/chain-{theme}")


async def test_a_draft_outlives_a_tab_that_ends_without_asking(page_as: OpenPage, site: Site) -> None:
    """As a phone ends what it does not show; a save forgets it, and so does throwing it away."""
    slug = f"draft-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "Hello", "model": "simulated/chat"})
    page = await page_as("editor", f"/app/prompts/{slug}")
    kept = "Object.keys(sessionStorage).filter((key) => key.startsWith('burnish.draft.')).length"
    text = page.get_by_role("textbox", name="Message 1", exact=True)
    await text.click()
    await expect(page.locator(".cm-content")).to_be_focused()
    await page.keyboard.press("Control+End")
    await page.keyboard.type(", and who are you?")
    await expect(page.get_by_role("tab", name="Edit not saved")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    await page.reload()
    await told(page, "What you wrote is here again")
    await expect(page.get_by_role("tab", name="Edit not saved")).to_be_visible()
    await page.get_by_role("button", name="Discard", exact=True).click()
    await expect(page.get_by_role("tab", name="Edit", exact=True)).to_be_visible()
    await page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    assert await page.evaluate(kept) == 0


async def comes_instead(page: Page, site: Site, role: str) -> None:
    """Another person signs in in this browser, as in another tab of it."""
    value = await site.cookie(role)
    await page.context.add_cookies([{"name": COOKIE, "value": value, "url": site.url, "httpOnly": True, "sameSite": "Lax"}])
    await page.evaluate("new BroadcastChannel('burnish-session').postMessage({ kind: 'changed' })")
    # A dialog that stands in the address opens again over the page, and takes what is behind it from readers.
    await expect(page.get_by_role("button", name="Edith Clarke", include_hidden=True)).to_be_visible()


async def test_nothing_of_one_person_goes_on_or_is_shown_as_the_next(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/playground")
    await page.get_by_role("radio", name="Messages").check(force=True)
    await page.get_by_role("textbox", name="Message 1").fill("a text of Ada's")
    await page.wait_for_url("**/playground*#*")
    await page.get_by_role("link", name="Runs", exact=True).click()
    await page.get_by_role("button", name="Bring in runs").click()
    sent: list[Route] = []
    await intercept(page, "**/v1/executions/import", lambda route: sent.append(route))  # noqa: PLW0108 -- playwright wants a function of its own
    lines = "{}\n" * 1_001  # Two parts, sent one after the other.
    await page.get_by_label("File of runs").set_input_files(
        {"name": "runs.jsonl", "mimeType": "application/x-ndjson", "buffer": lines.encode()}
    )
    while not sent:
        await page.evaluate("() => new Promise(requestAnimationFrame)")
    await comes_instead(page, site, "editor")
    # The answer to the first part comes now, or to nobody.
    await sent[0].fulfill(json={"accepted": 1_000, "results": []})
    await page.go_back()
    await page.wait_for_url("**/playground*")
    await settled(page)
    await expect(page.get_by_text("a text of Ada's")).to_have_count(0)
    await expect(page).not_to_have_url(re.compile("#"))
    assert len(sent) == 1
