"""The built page comes up in Chromium at a real gateway, and the browser has nothing to complain of. The rest: `make test-page`."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from burnish_gateway.access.session_token import COOKIE
from tests.embedded.signed_in import sign_in
from tests.embedded.stack import Stack, running_stack
from tests.embedded.workspaces import make_workspace
from tests.page.browser import PATIENCE_MS, Watch, settled


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(browser: Browser, module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, executors=0) as running:
        yield running


@pytest.mark.capability("I2")
async def test_the_page_comes_up_and_goes_on(stack: Stack, browser: Browser) -> None:
    person, _ = await sign_in(stack, await make_workspace(stack.urls["superuser"]), role="admin")
    context = await browser.new_context(base_url=person.url, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    value = person.cookie.removeprefix(f"{COOKIE}=")
    await context.add_cookies([{"name": COOKIE, "value": value, "url": person.url, "httpOnly": True, "sameSite": "Lax"}])
    watch = Watch(person.url)
    await watch.begin(context)
    page = await context.new_page()
    await page.goto("/")  # which leads to the page
    await settled(page)
    assert page.url.startswith(f"{person.url}/app/") and "Burnish" in await page.title()
    answer = await page.goto("/app/prompts")
    assert answer is not None and answer.status == 200
    await page.get_by_role("heading", level=1, name="Prompts").wait_for()
    await settled(page)
    assert not watch.unexpected(), watch.unexpected()
    await context.close()
