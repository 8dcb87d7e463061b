"""Long texts: writing stays quick in them, and neither a session that ends nor a way off the page takes them away unasked."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from playwright.async_api import Dialog, Locator, Page, expect

from tests.page.browser import expect_console, screenshot, set_theme, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site
from tests.page.test_apart import sign_out
from tests.page.test_session_end import comes_instead, end_session, sign_in, signed_in

pytestmark = pytest.mark.capability("U1")

WORDS = "Half a thought about parcels"


async def test_variables_of_a_very_long_line_are_not_marked_and_the_page_says_so(page_as: OpenPage, site: Site) -> None:
    slug = f"long-{uuid4().hex[:8]}"
    template = "Dear {{customer}},\n" + "The {{customer}} waits. " * 1_600
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": template, "model": "simulated/chat"})
    page = await page_as("editor", f"/app/prompts/{slug}")
    editor = page.get_by_role("textbox", name="Message 1")
    await editor.click()
    await expect(page.locator(".cm-content")).to_be_focused()
    await page.keyboard.press("Control+Home")
    await page.keyboard.type("My ")
    await expect(editor).to_contain_text("My Dear {{customer}},")
    await expect(page.locator(".cm-slot")).to_have_count(1)
    await expect(page.get_by_text("Line 2 has more than 10,000 characters: its variables are not marked")).to_be_visible()
    await settled(page)
    for theme in ("light", "dark"):
        await set_theme(page, theme)
        await screenshot(page, f"kept/long-line-{theme}")


async def in_prompt(page: Page) -> Locator:
    return page.get_by_role("textbox", name=re.compile("^Message 1"))


async def in_comment(page: Page) -> Locator:
    return page.get_by_label("Comment on this version")


async def in_run(page: Page) -> Locator:
    field = page.get_by_role("textbox", name=re.compile("^What it should have said"))
    # What was begun stands there with its field open.
    if await field.count() == 0:
        await page.get_by_role("button", name="Add feedback").click()
    return field


async def in_item(page: Page) -> Locator:
    drawer = page.get_by_role("dialog")
    if await drawer.count() == 0:
        await page.get_by_role("row").get_by_role("button", name="hi").click()
    if await drawer.get_by_role("textbox", name="The right answer").count() == 0:
        await drawer.get_by_role("button", name="Correct the right answer").click()
    return drawer.get_by_role("textbox", name="The right answer")


async def in_evaluator(page: Page) -> Locator:
    return page.get_by_role("dialog").get_by_label(re.compile("^(Description|What it asks|Criteria|Instructions|Name)")).first


async def in_playground(page: Page) -> Locator:
    field = page.get_by_role("textbox", name="Message 1")
    if await field.count() == 0:
        await page.get_by_role("radio", name="Messages").check(force=True)
    return field


Find = Callable[[Page], Awaitable[Locator]]
PLACES: dict[str, tuple[str, Find]] = {
    "prompt": ("/prompts/{slug}", in_prompt),
    "comment": ("/prompts/{slug}?tab=versions", in_comment),
    "correction of a run": ("/runs/{execution}", in_run),
    "correction of an item": ("/datasets/{made}", in_item),
    "playground": ("/playground?prompt={slug}", in_playground),
    "evaluator": ("/evaluators?new=1", in_evaluator),
}


async def place_of(site: Site, name: str) -> tuple[str, Find]:
    path, find = PLACES[name]
    slug = f"kept-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "One {{x}}", "model": "simulated/chat"})
    made = await site.call("POST", "/v1/datasets", {"name": slug, "items": [{"input": "hi", "expected": "hello", "split": "train"}]})
    return path.format(slug=slug, made=made["id"], execution=site.ids["execution"]), find


async def write(page: Page, find: Find) -> Locator:
    field = await find(page)
    await field.click()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type(WORDS)
    await has(field)
    return field


async def has(field: Locator) -> None:
    await expect(field).to_be_visible()
    if await field.evaluate("one => 'value' in one"):
        await expect(field).to_have_value(WORDS)
    else:
        await expect(field).to_have_text(re.compile(WORDS))


@pytest.mark.parametrize("name", PLACES)
async def test_a_text_is_there_again_after_the_session_ended_by_itself(page_as: OpenPage, site: Site, name: str) -> None:
    path, find = await place_of(site, name)
    page = await signed_in(page_as, site, path)
    await write(page, find)
    await end_session(page)
    await sign_in(page, site)
    await page.wait_for_url(f"**/app{path.split('?', maxsplit=1)[0]}**")
    await settled(page)
    back = page.get_by_role("button", name="Put it back")
    if name == "evaluator":
        await back.click()
    field = await find(page)
    if name == "correction of an item":  # Its form opens first, and then offers what was written.
        await back.click()
    await has(field)


@pytest.mark.parametrize("name", PLACES)
async def test_no_way_off_the_page_takes_a_text_unasked(page_as: OpenPage, site: Site, name: str) -> None:
    """By a link and by reloading: it is asked about, or it is there again."""
    path, find = await place_of(site, name)
    page = await page_as("editor", "/app/alerts")
    asked: list[str] = []

    async def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    page.on("dialog", answer)
    await page.goto(site.at(f"/app{path}"))
    await settled(page)
    await write(page, find)
    leave = page.get_by_role("dialog", name="Leave without saving?")

    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Alerts")
    if await page.get_by_role("dialog").count() == 0:
        await link.click()
        await expect(leave.or_(page.get_by_role("heading", level=1, name="Alerts"))).to_be_visible()
        if await leave.count():
            await leave.get_by_role("button", name="Stay").click()
        else:
            await page.go_back()
        await has(await find(page))

    await page.reload()
    if not asked:
        await settled(page)
        await has(await find(page))


@pytest.mark.parametrize("name", ["evaluator", "correction of an item"])
async def test_a_form_has_its_words_again_after_the_page_was_loaded_anew(page_as: OpenPage, site: Site, name: str) -> None:
    """As where a phone ends a page that it does not show: with the same questions asked of nobody."""
    path, find = await place_of(site, name)
    page = await page_as("editor", f"/app{path}")
    page.on("dialog", lambda dialog: dialog.accept())
    await write(page, find)
    await page.reload()
    await settled(page)
    await expect(page.get_by_text(re.compile("^This page was loaded anew while you were writing in"))).to_be_visible()
    field = await find(page)
    await page.get_by_role("button", name="Put it back").click()
    await has(field)
    await screenshot(page, f"kept/{name.replace(' ', '-')}-loaded-anew")


async def has_nothing(page: Page) -> None:
    await page.wait_for_url("**/app/playground**")
    await settled(page)
    await expect(page.get_by_text(WORDS)).to_have_count(0)
    await expect(page).not_to_have_url(re.compile("#"))
    assert WORDS not in await page.evaluate("JSON.stringify(sessionStorage)")


async def test_what_was_typed_last_is_there_after_going_back_and_forward(page_as: OpenPage) -> None:
    """The address follows with a delay, within which the page is left."""
    page = await page_as("editor", "/app/alerts")
    await page.get_by_role("link", name="Playground", exact=True).click()
    await page.wait_for_url(re.compile("/playground.*prompt="))  # It chose one by itself: the last that it writes unasked.
    await write(page, in_playground)
    await page.go_back()
    await expect(page.get_by_role("heading", level=1, name="Alerts")).to_be_visible()
    await page.go_forward()
    await has(page.get_by_role("textbox", name="Message 1"))
    await page.wait_for_url(re.compile("#"))
    assert WORDS not in await page.evaluate("JSON.stringify(sessionStorage)")


def decoded(url: str) -> bytes:
    """What stands behind the "#"."""
    texts = url.partition("#")[2]
    return urlsafe_b64decode(texts + "=" * (-len(texts) % 4))


async def test_texts_of_a_link_are_there_after_signing_in_and_no_server_has_seen_them(page_as: OpenPage, site: Site) -> None:
    first = await page_as("editor", "/app/playground?prompt={prompt}")
    await write(first, in_playground)
    await first.wait_for_url(lambda url: WORDS.encode() in decoded(url))  # It follows what is typed with a delay.
    texts = first.url.split("#")[1]
    page = await page_as("nobody", first.url)
    expect_console(page, "status of 401")
    await expect(page.get_by_label("Password")).to_be_visible()
    await expect(page).not_to_have_url(re.compile(re.escape(texts)))
    seen: list[str] = []
    page.on("request", lambda request: seen.append(f"{request.url} {request.post_data}"))
    await sign_in(page, site)
    await page.wait_for_url(f"**/app/playground*#{texts}")
    await has(page.get_by_role("textbox", name="Message 1"))
    assert seen
    assert not [one for one in seen if texts in one or WORDS in one]


async def test_texts_of_one_person_are_not_there_for_the_next_who_signs_in(page_as: OpenPage, site: Site) -> None:
    page = await signed_in(page_as, site, f"/playground?prompt={site.ids['prompt']}")
    await write(page, in_playground)
    await end_session(page)
    await comes_instead(page, site, "editor")
    await has_nothing(page)


async def test_who_signs_out_leaves_no_text_behind(page_as: OpenPage, site: Site) -> None:
    page = await signed_in(page_as, site, f"/playground?prompt={site.ids['prompt']}")
    await write(page, in_playground)
    await sign_out(page)
    await expect(page.get_by_label("Password")).to_be_visible()
    await sign_in(page, site)
    await page.goto(site.at("/app/playground?prompt={prompt}"))
    await has_nothing(page)
