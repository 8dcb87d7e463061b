"""From a run or a session to the erasure of whom it is about."""

from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = [pytest.mark.page, pytest.mark.capability("U1")]


async def test_a_run_and_a_session_lead_to_the_erasure_of_their_end_user_with_the_id_filled_in(page_as: OpenPage, site: Site) -> None:
    user, session = f"erased {uuid4().hex[:8]}", f"session-{uuid4().hex[:8]}"
    body = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hi"}], "user_id": user, "session_id": session}
    run = await site.call("POST", "/v1/executions", body)
    page = await page_as("admin", f"/app/sessions/{session}")
    dialog = page.get_by_role("dialog", name="Erase an end user")
    await page.get_by_role("link", name="Erase the end user…").click()
    await expect(dialog.get_by_role("textbox", name="user_id")).to_have_value(user)
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await page.goto(f"/app/runs/{run['id']}")
    await page.get_by_role("link", name="Erase this end user…").click()
    await expect(dialog.get_by_role("textbox", name="user_id")).to_have_value(user)
    await expect(dialog.get_by_role("status")).to_contain_text("Known here")
    await dialog.get_by_role("button", name="Erase for good").click()
    await expect(page.get_by_role("table", name="Erasures").get_by_role("row")).not_to_have_count(0)
    await expect(dialog).to_have_count(0)


async def test_an_editor_is_not_led_to_what_they_may_not_do(page_as: OpenPage, site: Site) -> None:
    body = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hi"}], "user_id": f"kept {uuid4().hex[:8]}"}
    run = await site.call("POST", "/v1/executions", body)
    page = await page_as("editor", f"/app/runs/{run['id']}")
    await expect(page.get_by_role("link", name=body["user_id"])).to_be_visible()
    await expect(page.get_by_role("link", name="Erase this end user…")).to_have_count(0)
