"""A form that makes or pays something, sent twice without a connection, or over one that loses its answer: exactly one thing is there."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.page.browser import expect_console, intercept, settled
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


async def search(page: Page, dialog: Locator) -> None:
    await dialog.get_by_label("Evaluations").fill("828")  # What it offers itself; the browser wanted a multiple of 50.
    await dialog.get_by_label("Cost ceiling").fill("0.5")


async def run_of_tests(page: Page, dialog: Locator) -> None:
    await dialog.get_by_role("button", name="Versions: Add a version").click()
    await page.get_by_role("option", name="v1", exact=True).click()


async def batch(page: Page, dialog: Locator) -> None:
    await dialog.get_by_label("Rows", exact=True).select_option("validation")
    await dialog.get_by_role("button", name="Take these rows").click()
    await expect(dialog.get_by_text("Never more than")).to_be_visible()
    await dialog.get_by_label("Wait before it begins").check()


async def evaluator(page: Page, dialog: Locator) -> None:
    await dialog.get_by_label("What it looks for").select_option("contains")
    await named(page, dialog)
    await dialog.get_by_label("Phrases").fill("sorry")


async def invitation(page: Page, dialog: Locator) -> None:
    await dialog.get_by_label("E-mail").fill(f"{NAME}@example.com")


async def channel(page: Page, dialog: Locator) -> None:
    await named(page, dialog)
    await dialog.get_by_label("By", exact=True).select_option("email")
    await dialog.get_by_label("To (required)").fill(f"{NAME}@example.com")


@dataclass(frozen=True, slots=True)
class Start:
    """`path`: where the form is open, or `button` opens it. `to`: what it is sent to. `undo`: how what it made is ended, by its id."""

    name: str
    path: str
    fill: Callable[[Page, Locator], Awaitable[None]]
    sends: str
    to: str
    undo: tuple[str, str]
    button: str | None = None


STARTS = (
    Start("search", "/app/optimize?new=1&prompt={prompt}&dataset={dataset}&version=1", search, "Start the search", "/v1/optimizations",
          ("POST", "/v1/optimizations/{id}/cancel")),
    Start("test-run", "/app/test-runs?new=1&prompt={prompt}&dataset={dataset}", run_of_tests, "Start", "/v1/test-runs",
          ("POST", "/v1/test-runs/{id}/cancel")),
    Start("batch", "/app/batches?new=1&prompt={prompt}&dataset={dataset}", batch, "Make it ready", "/v1/batches",
          ("POST", "/v1/batches/{id}/cancel")),
    Start("experiment", "/app/experiments?new=1&prompt={prompt}&version=2", named, "Draft it", "/v1/experiments",
          ("DELETE", "/v1/experiments/{id}")),
    Start("evaluator", "/app/evaluators?new=1", evaluator, "Make it", "/v1/evaluators", ("DELETE", "/v1/evaluators/{id}")),
    Start("invitation", "/app/team", invitation, "Make the link", "/v1/invitations", ("DELETE", "/v1/invitations/{id}"), "Invite"),
    Start("channel", "/app/alerts/channels?edit=new", channel, "Set it up", "/v1/alert-channels", ("DELETE", "/v1/alert-channels/{id}")),
)  # fmt: skip


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.name)
async def test_what_is_sent_again_because_its_answer_was_lost_is_there_once(page_as: OpenPage, site: Site, start: Start) -> None:
    """Two presses while the line is slow are one request; it arrives, its answer does not, and it is pressed once more."""
    page = await page_as("admin", start.path)
    expect_console(page, "ERR_CONNECTION_RESET")
    if start.button is not None:
        await page.get_by_role("button", name=start.button, exact=True).click()
    dialog = page.get_by_role("dialog")
    await start.fill(page, dialog)
    send = dialog.get_by_role("button", name=start.sends, exact=True)
    await expect(send).to_be_enabled()
    answers: list[dict[str, Any]] = []
    slow = asyncio.Event()

    async def lose(route: Route) -> None:
        if route.request.method != "POST" or urlsplit(route.request.url).path != start.to:
            await route.fallback()
            return
        answer = await route.fetch()
        assert answer.ok, await answer.text()
        answers.append(await answer.json())
        if len(answers) > 1:
            await route.fulfill(response=answer)
            return
        await slow.wait()
        await route.abort("connectionreset")

    await intercept(page, f"**{start.to}", lose)
    await send.dblclick()
    await expect(send).to_have_attribute("aria-busy", "true")
    slow.set()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await expect(send).not_to_have_attribute("aria-busy", "true")
    await send.click()
    await expect(send).to_have_count(0)
    assert len(answers) == 2 and answers[0]["id"] == answers[1]["id"]
    method, path = start.undo
    await site.call(method, path.format(id=answers[0]["id"]))


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
