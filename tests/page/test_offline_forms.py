"""A form that makes or pays something, sent twice without a connection and once more with one: exactly one thing is there."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, expect

from tests.page.browser import expect_console, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

NAME = "only-once"


async def prompt(page: Page, dialog: Locator) -> None:
    await dialog.get_by_label("Slug").fill(NAME)
    await dialog.get_by_role("textbox", name="Text").click()
    await page.keyboard.type("Say hello to {{name}}")


async def named(page: Page, dialog: Locator) -> None:
    await dialog.get_by_label(re.compile("^Name")).first.fill(NAME)


async def dataset(page: Page, dialog: Locator) -> None:
    await named(page, dialog)
    await dialog.get_by_role("textbox", name="Items").fill("input,expected\nHello,Hi")


async def budget(page: Page, dialog: Locator) -> None:
    await named(page, dialog)
    await dialog.get_by_label("Limit, in dollars").fill("12.50")


async def endpoint(page: Page, dialog: Locator) -> None:
    await dialog.get_by_label("Address").fill("http://127.0.0.1:9/once")
    await dialog.get_by_label("Name", exact=True).fill(NAME)
    await dialog.get_by_role("checkbox", name="Alert").check()


async def credit(page: Page, dialog: Locator) -> None:
    await dialog.get_by_label("Dollars").fill("12")
    await dialog.get_by_label("Reason").fill(NAME)


@dataclass(frozen=True, slots=True)
class Form:
    """`button`: what opens it on `path`. `sends`: its own button. `there`: what the API lists, where `by` holds the name."""

    name: str
    path: str
    button: str
    fill: Callable[[Page, Locator], Awaitable[None]]
    sends: str
    there: str
    by: str = "name"


FORMS = (
    Form("prompt", "/app/prompts", "New prompt", prompt, "Create", "/v1/prompts", "slug"),
    Form("key", "/app/api-keys", "New key", named, "Make the key", "/v1/api-keys"),
    Form("dataset", "/app/datasets", "New dataset", dataset, "Create with 1 item", "/v1/datasets"),
    Form("budget", "/app/usage/budgets", "New budget", budget, "Make the budget", "/v1/budgets"),
    Form("endpoint", "/app/webhooks", "New endpoint", endpoint, "Create", "/v1/webhooks/endpoints", "description"),
    Form("credit", "/app/usage", "Add credit", credit, "Add it", "/v1/credits/transfers?kind=grant", "reason"),
)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
async def test_what_is_sent_twice_without_a_connection_is_made_once(page_as: OpenPage, site: Site, form: Form) -> None:
    workspace_id = await site.new_workspace("Offline")
    key = await site.key_of(workspace_id)

    async def made() -> int:
        return sum(one[form.by] == NAME for one in (await site.call("GET", form.there, key=key))["data"])

    page = await page_as("operator", form.path, workspace_id=workspace_id)
    expect_console(page, "ERR_INTERNET_DISCONNECTED")
    await page.get_by_role("button", name=form.button).first.click()
    dialog = page.get_by_role("dialog")
    await form.fill(page, dialog)
    send = dialog.get_by_role("button", name=form.sends, exact=True)
    await expect(send).to_be_enabled()
    await settled(page)
    await page.context.set_offline(True)
    for _ in range(2):
        await send.click()
        await expect(dialog.get_by_role("alert")).to_be_visible()
        await expect(send).to_be_enabled()
    await page.context.set_offline(False)
    assert await made() == 0, "nothing is sent by itself"
    async with page.expect_response(lambda answer: answer.request.method == "POST" and answer.status == 201):
        await send.dblclick()
    await expect(send).to_have_count(0)
    assert await made() == 1
    await page.reload()
    await settled(page)
    assert await made() == 1


async def test_a_version_saved_twice_without_a_connection_is_saved_once_when_there_is_one(page_as: OpenPage, site: Site) -> None:
    workspace_id = await site.new_workspace("Offline")
    key = await site.key_of(workspace_id)
    await site.call("POST", "/v1/prompts", {"slug": NAME, "template": "Be brief.", "model": "simulated/chat"}, key=key)
    page = await page_as("editor", f"/app/prompts/{NAME}", workspace_id=workspace_id)
    expect_console(page, "ERR_INTERNET_DISCONNECTED")
    await page.get_by_role("textbox", name="Message 1", exact=True).click()
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.type(" Be kind.")
    await page.keyboard.press("ControlOrMeta+s")
    dialog = page.get_by_role("dialog", name="Save as the next version")
    await expect(dialog.get_by_label("Note")).to_be_focused()
    await page.context.set_offline(True)
    await page.wait_for_function("() => !navigator.onLine")  # The page hears of it a moment later.
    for _ in range(2):
        await page.keyboard.press("ControlOrMeta+Enter")
    await expect(dialog).to_contain_text("No connection: it is saved as soon as there is one again.")
    await page.context.set_offline(False)
    await expect(dialog).to_have_count(0)
    await page.reload()
    await settled(page)
    assert len((await site.call("GET", f"/v1/prompts/{NAME}/versions", key=key))["data"]) == 2
