"""What lies around and between pages: the way to the first steps, from one thing to another, long lists, roles, the live stream again."""

import asyncio
import json
import re
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, closed, expect_console, floats_are_here, intercept, narrow, settled
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

ROWS = 1_000


async def test_the_first_steps_have_a_place_while_some_are_left(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/datasets", workspace_id=await site.new_workspace())
    way = page.get_by_role("complementary").get_by_role("link", name="First steps")
    await expect(way).to_contain_text("0 of 4")
    await check_axe(page)
    await way.click()
    await expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    await expect(way).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("address", ["/app/nowhere", "/app/usage/nowhere"])
async def test_an_address_that_leads_nowhere_is_one_page_with_a_way_back(page_as: OpenPage, address: str) -> None:
    page = await page_as("editor", address)
    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    await expect(page.get_by_role("main")).to_have_count(1)
    await check_axe(page)
    await page.get_by_role("link", name="Go to the prompts").click()
    await expect(page.get_by_role("heading", level=1, name="Prompts")).to_be_visible()


async def test_only_where_one_is_is_said_to_be_current(page_as: OpenPage) -> None:
    current = "[aria-current=page]"
    page = await page_as("editor", "/app/alerts/rules")
    await settled(page)
    await expect(page.locator(current)).to_have_text(["Alerts", "Rules"])
    expect_console(page, "status of 404")
    await page.goto("/app/prompts/nowhere")
    back = page.get_by_role("main").get_by_role("link", name="Prompts", exact=True)
    await expect(back).to_be_visible()
    await expect(page.locator(current)).to_have_text(["Prompts"])
    await expect(back).not_to_have_attribute("aria-current", "page")


async def test_steps_that_the_demo_took_have_a_place_until_they_were_looked_at(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/settings")
    await site.hide_searches_of_tests(page)
    await page.goto("/app/datasets")
    way = page.get_by_role("complementary").get_by_role("link", name="First steps")
    await way.click()
    await expect(page.get_by_text("This way has been gone once already")).to_be_visible()
    await page.get_by_role("link", name="Datasets").first.click()
    await expect(page.get_by_role("heading", level=1, name="Datasets")).to_be_visible()
    await expect(way).to_have_count(0)


async def test_one_of_many_is_chosen_by_the_keyboard_alone(page_as: OpenPage, site: Site) -> None:
    # Without models of its own: where others add one, what stands second changes.
    page = await page_as("editor", "/app/playground", workspace_id=await site.new_workspace("Choosing"))
    await page.mouse.move(200, 200)
    await floats_are_here(page)  # What is opened is drawn at once, while it is not yet shown.
    await page.get_by_role("button", name=re.compile("^Model")).first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_placeholder("Type to find")).to_be_focused()
    await page.keyboard.type("gp")  # Leads to the prompts, where the page hears it.
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Backspace")
    await page.keyboard.type("simulated")
    options = page.get_by_role("dialog", name="Model").get_by_role("option")
    await expect(options.first).to_contain_text(re.compile("simulated", re.IGNORECASE))
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    chosen = await options.nth(1).inner_text()
    await page.keyboard.press("Enter")
    assert "simulated" in chosen and page.url.split("?")[0].endswith("/app/playground")
    await expect(page.locator(":focus")).to_have_attribute("aria-label", f"Model: {chosen.splitlines()[0]}")


async def test_a_jump_by_the_keyboard_ends_on_the_page_that_it_leads_to(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", "/app/library", workspace_id=await site.new_workspace("Jumping"))
    await page.get_by_role("link", name="Library").first.focus()
    await page.keyboard.press("Control+k")
    await page.get_by_placeholder(re.compile("Search prompts")).fill("Alerts")
    await page.get_by_role("option", name=re.compile("^Alerts")).first.click()
    await expect(page.get_by_role("heading", level=1, name="Alerts")).to_be_visible()
    await expect(page.locator("main")).to_be_focused()


async def test_nothing_of_one_prompt_stands_on_the_page_of_the_next(page_as: OpenPage, site: Site) -> None:
    mark = uuid4().hex[:6]
    for name in ("first", "second"):
        body = {"slug": f"{name}-{mark}", "name": f"The {name} {mark}", "template": f"I am the {name}", "model": "simulated/chat"}
        await site.call("POST", "/v1/prompts", body)
    page = await page_as("editor", f"/app/prompts/first-{mark}")
    await expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_have_text("I am the first")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    await intercept(page, f"**/v1/prompts/second-{mark}?*", hold)
    await page.keyboard.press("Control+k")
    await page.get_by_placeholder(re.compile("prompt|Search", re.IGNORECASE)).last.fill(f"second-{mark}")
    await page.get_by_role("option", name=re.compile(f"second-{mark}")).first.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(f"second-{mark}")
    await expect(page.get_by_text("I am the first")).to_have_count(0)
    for route in held:
        await route.continue_()
    await page.unroute_all()
    await expect(page.get_by_role("textbox", name="Message 1", exact=True)).to_have_text("I am the second")


async def test_of_a_long_list_what_is_near_is_there_and_the_keys_reach_the_rest(page_as: OpenPage, site: Site) -> None:
    one = (await site.call("GET", "/v1/executions?limit=1"))["data"][0]
    rows = [{**one, "id": f"{n:08x}-0000-7000-8000-000000000000", "prompt": f"made-up-{n}"} for n in range(ROWS)]
    page = await page_as("viewer", "/app/prompts")
    await page.route(
        re.compile(r"/v1/executions\?"),
        lambda route: route.fulfill(body=json.dumps({"data": rows, "next_cursor": None}), content_type="application/json"),
    )
    await page.goto("/app/runs")
    await settled(page)
    table = page.get_by_role("table", name="Runs")
    await expect(table).to_have_attribute("aria-rowcount", str(ROWS + 1))
    # A long list is not in the document as a whole.
    await expect(table.locator("tr[aria-rowindex]").nth(200)).to_have_count(0)
    await page.evaluate(SCROLL_TO_THE_END, f"made-up-{ROWS - 1}")
    await expect(table.get_by_text(f"made-up-{ROWS - 1}", exact=True)).to_be_visible()
    await expect(table.locator("tr[aria-rowindex]").nth(250)).to_have_count(0)
    await table.locator('tr[aria-rowindex="954"] [data-row]').focus()
    for row in range(953, 947, -1):  # Over the border between two parts, which is at 951.
        await page.keyboard.press("ArrowUp")
        await expect(table.locator(f'tr[aria-rowindex="{row}"] [data-row]')).to_be_focused()
    await page.wait_for_function(ONE_STOP_IN, arg=[await table.element_handle(), "made-up-946"])  # One row is a stop, and no other.
    await expect(page.get_by_text("The arrow keys go from row to row.")).to_be_visible()
    # In axe's window all rows stand at once. Three parts have all that twenty have, and take a seventh of the time.
    del rows[150:]
    await page.reload()
    await expect(table).to_have_attribute("aria-rowcount", "151")
    await check_axe(page)


ONE_STOP_IN = """
([table, wanted]) => {
  const stops = [...table.querySelectorAll("tbody [data-row]")].filter((one) => one.tabIndex >= 0);
  return stops.length === 1 && stops[0].closest("tr").textContent.match(/made-up-[0-9]+/)[0].slice(0, 11) === wanted;
}
"""

SCROLL_TO_THE_END = """
async (last) => {
  for (let frame = 0; frame < 2000; frame++) {
    scrollBy(0, 3000);
    await new Promise((then) => requestAnimationFrame(then));
    const isAtTheEnd = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    if (isAtTheEnd && document.querySelector("main").textContent.includes(last)) break;
  }
}
"""
"""Rows that come in may be taller than what stood in for them: it is the end when the last one is there."""


async def test_a_word_longer_than_its_line_goes_on_in_the_next(page_as: OpenPage, site: Site) -> None:
    word = "unending" * 25
    slug = f"{word[:56]}{uuid4().hex[:6]}"
    body = {"slug": slug, "template": "Hello", "model": "simulated/chat", "description": word, "label": "production"}
    await site.call("POST", "/v1/prompts", body)
    run = await site.call("POST", "/v1/executions", {"prompt": slug})
    for path in (f"/app/prompts/{slug}", f"/app/runs/{run['id']}"):
        await narrow(await page_as("viewer", path), 320)
    workspace_id = await site.new_workspace(word)
    for path in ("/app/settings", "/app/usage/plan"):
        await narrow(await page_as("admin", path, workspace_id=workspace_id), 320)
    page = await page_as("viewer", "/app/datasets")

    async def name_publishers(route: Route) -> None:
        answer = await route.fetch()
        listed = await answer.json()
        await route.fulfill(response=answer, json={**listed, "data": [{**one, "publisher": word} for one in listed["data"]]})

    await intercept(page, re.compile(r"/v1/marketplace(\?|$)"), name_publishers)
    await page.get_by_role("link", name="Library", exact=True).click()
    await expect(page.get_by_text(word).first).to_be_visible()
    await narrow(page, 320)


async def test_what_each_role_may_is_what_the_api_says(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/team?tab=roles")
    table = page.get_by_role("table", name="What each role may")
    row = table.get_by_role("row").filter(has_text="Provider keys").get_by_role("cell")
    await expect(row).to_have_text(["Provider keys", "nothing", "nothing", "everything"])
    await table.get_by_role("button", name="Webhooks").click()
    drawer = page.get_by_role("dialog", name="Webhooks")
    openapi = await site.call("GET", "/openapi.json")
    test = openapi["paths"]["/v1/webhooks/endpoints/{endpoint_id}/test"]["post"]
    item = drawer.get_by_role("listitem").filter(has_text=test["summary"])
    assert test["x-burnish-role"] == "editor"
    await expect(item).to_contain_text("editors")
    told = sum(operation["tags"][0] == "webhooks" for path in openapi["paths"].values() for operation in path.values())
    await expect(drawer.get_by_role("listitem")).to_have_count(told)
    await check_axe(page, without=("region", "aria-hidden-focus"))
    await page.keyboard.press("Escape")
    await expect(drawer).to_have_count(0)
    await expect(page).not_to_have_url(re.compile("area="))


NOT_FOR_LONG = """
const real = window.setTimeout;
window.setTimeout = (act, ms, ...rest) => (ms > 5000 ? 0 : real(act, ms, ...rest));
"""
"""After the fourth try the stream waits for 5.3 to 8 s (`waitBefore` of web/src/api/live.ts): the fifth never comes by itself."""


async def test_asking_again_wakes_the_live_stream_at_once(page_as: OpenPage) -> None:
    page = await page_as("viewer", "/app/datasets")
    expect_console(page, "ERR_FAILED")
    await page.add_init_script(NOT_FOR_LONG)
    tries: list[Route] = []

    async def refuse(route: Route) -> None:
        tries.append(route)
        await route.abort()

    await page.route("**/v1/live", refuse)
    await page.reload()
    lost = page.get_by_text("No connection to Burnish.")
    await expect(lost).to_be_visible()
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while len(tries) < 4:
            await asyncio.sleep(0.05)
    await page.unroute("**/v1/live")
    async with page.expect_request("**/v1/live"):
        await page.get_by_role("button", name="Try now").click()
    await expect(lost).to_have_count(0)


async def test_going_back_over_a_form_asks_for_what_was_written_and_waits_for_what_was_sent(page_as: OpenPage) -> None:
    page = await page_as("editor", "/app/alerts")
    await page.goto("/app/datasets")
    await page.get_by_role("button", name="New dataset").first.click()
    form = page.get_by_role("dialog", name="New dataset")
    await form.get_by_label("Name").fill("Long thought")
    await page.go_back()
    asked = page.get_by_role("dialog", name="Leave without saving?")
    await expect(asked).to_contain_text("New dataset")
    await asked.get_by_role("button", name="Stay").click()
    await expect(asked).to_have_count(0)
    await expect(form.get_by_label("Name")).to_have_value("Long thought")
    await expect(page).to_have_url(re.compile(r"/datasets\?new=1$"))

    await page.go_back()
    await expect(asked).to_be_visible()
    await page.go_forward()
    await expect(asked).to_have_count(0)
    await expect(form.get_by_label("Name")).to_have_value("Long thought")

    sent: list[Route] = []

    async def keep(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route)
        else:
            await route.fallback()

    await form.get_by_role("textbox", name="Items").fill("input,expected\nHello,Hi")
    await intercept(page, "**/v1/datasets", keep)
    create = form.get_by_role("button", name="Create with 1 item")
    async with page.expect_request(lambda one: one.method == "POST" and one.url.endswith("/v1/datasets")):
        await create.click()
    await expect(form.locator("button[aria-busy=true]")).to_be_visible()  # The request may leave a moment before the form knows of it.
    await page.go_back()
    await expect(form).to_contain_text("It is sent already")
    await sent[0].abort()
    expect_console(page, "Failed to load resource")
    await expect(form.get_by_text("It is sent already")).to_have_count(0)

    await page.go_back()
    await asked.get_by_role("button", name="Discard and leave").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page).to_have_url(re.compile("/datasets$"))
    await page.go_forward()
    await expect(form.get_by_label("Name")).to_have_value("")
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile("/datasets$"))


async def test_a_name_runs_as_its_script_does_and_all_of_it_can_be_read(page_as: OpenPage, site: Site) -> None:
    name = "مرحبا بالعالم " * 10 + "(2.1)"
    page = await page_as("viewer", "/app/prompts", workspace_id=await site.new_workspace(name))
    shown = page.get_by_role("complementary").get_by_text(name)
    begins_px, ends_px = await shown.evaluate(FIRST_LETTER_PX)
    assert begins_px == pytest.approx(ends_px, abs=2), "its first letter stands at the right"
    await expect(page.locator("[data-whole]")).to_have_count(0)
    await shown.hover()
    await expect(page.locator("[data-whole]")).to_have_text(name)
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-whole]")).to_have_count(0)
    await page.get_by_role("button", name="Search").focus()
    await page.keyboard.press("Shift+Tab")
    await expect(page.locator("[data-whole]")).to_have_text(name)


FIRST_LETTER_PX = """
(element) => {
  const letter = document.createRange();
  letter.setStart(element.firstChild, 0);
  letter.setEnd(element.firstChild, 1);
  return [letter.getBoundingClientRect().right, element.getBoundingClientRect().right];
}
"""


async def test_at_400_percent_all_of_a_page_a_menu_and_a_form_scrolls(page_as: OpenPage) -> None:
    """A window of 1280 by 1024 has 320 by 256 then: what stays while the rest scrolls leaves no room for that."""
    page = await page_as("admin", "/app/prompts/{prompt}", width=320, height=256, alone=True)
    assert await page.evaluate(STAYING) == []
    await page.get_by_role("button", name=re.compile("^Menu")).click()
    menu = page.get_by_role("dialog", name="Menu")
    await expect(menu.get_by_role("link", name="API keys")).to_be_visible()
    assert await menu.get_by_role("navigation", name="Main").evaluate("(nav) => nav.scrollHeight - nav.clientHeight") == 0
    await menu.get_by_role("link", name="API keys").click()
    await settled(page)
    await page.get_by_role("button", name="New key").first.click()
    form = page.get_by_role("dialog", name="New API key")
    await expect(form.get_by_label("Name")).to_be_focused()
    seen_px = await form.evaluate("(form) => form.clientHeight")
    assert seen_px > 200, f"of a form {seen_px} px are seen at a time"
    assert await form.evaluate(STAYING_IN) == []
    await form.get_by_role("button", name="Cancel").click()
    await closed(page)


STAYING_IN = """
(within) => [...within.querySelectorAll("*")]
  .filter((one) => ["fixed", "sticky"].includes(getComputedStyle(one).position))
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height > 24)
  .map((one) => one.outerHTML.slice(0, 120))
"""
STAYING = f"() => ({STAYING_IN})(document.body)"
