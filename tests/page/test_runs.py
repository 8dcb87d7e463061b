"""Playground, log of runs, one run, one session: what people do there, on real streams."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.chaos.fault_proxy import proxying
from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, escape, expect_console, narrow, screenshot, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

SCRIPT = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
BEHIND = ("region", "aria-hidden-focus")
"""Of a dialog in a portal: what lies behind it is hidden."""

SLOW, SLOW_PER_S = "page-slow", 20


async def make_slow_model(site: Site) -> None:
    """A model that streams a word at a time, so that there is time to stop it and to lose it. Dear, so that `auto` leaves it alone."""
    await site.call("POST", "/v1/models", {
        "model": SLOW, "provider": "simulated", "upstream_model": f"fault/slow_chunks,rate={SLOW_PER_S}", "context_tokens": 100_000,
        "output_tokens": 4096, "input_price_nusd_per_million": 2_000_000_000, "output_price_nusd_per_million": 8_000_000_000,
    })  # fmt: skip


async def run_of(site: Site, **more: Any) -> str:
    body = {"messages": [{"role": "user", "content": "Say hello"}], "model": "simulated/chat"} | more
    return str((await site.call("POST", "/v1/executions", body))["id"])


async def ended(site: Site, execution_id: str) -> dict[str, Any]:
    async with asyncio.timeout(2 * PATIENCE_MS / 1_000):
        while (found := await site.call("GET", f"/v1/executions/{execution_id}"))["status"] in {"queued", "running"}:
            await asyncio.sleep(0.05)
    return dict(found)


async def ask_slowly(page: Page, words: int) -> None:
    """Messages of one's own to the slow model, through the controls."""
    await page.get_by_text("Messages", exact=True).click()
    await page.get_by_role("textbox", name="Message 1").fill(f"{words} words")
    await page.get_by_role("button", name=re.compile("^Model")).click()
    await page.get_by_role("option", name=re.compile(SLOW)).click()


def id_in(href: str | None) -> str:
    return (href or "").rsplit("/", 1)[-1]


async def test_two_versions_answer_side_by_side_and_the_address_brings_them_back(page_as: OpenPage, site: Site) -> None:
    page = await page_as(
        "editor", "/app/playground?prompt={prompt}&version=1&columns=2&prompt2={prompt}&version2=1&model2=simulated%2Fchat"
    )
    await page.get_by_label("Value of ticket").fill(f"I was charged twice {SCRIPT}")
    await page.get_by_role("button", name="Run all").click()
    for name in ("A", "B"):
        await expect(page.get_by_role("group", name=f"Answer {name}").get_by_text("Done")).to_be_visible()
    second = page.get_by_role("group", name="Answer B")
    await expect(second).to_contain_text(SCRIPT)
    await expect(second.get_by_text("simulated", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Show what differs").click()
    await expect(page.get_by_role("figure", name=re.compile("A and B"))).to_be_visible()
    links = page.get_by_role("link", name="This run")
    await expect(links).to_have_count(2)
    made = [id_in(await links.nth(column).get_attribute("href")) for column in range(2)]
    kept = [await ended(site, one) for one in made]
    assert [one["model"] for one in kept] == [kept[0]["model"], "simulated/chat"] and {one["label"] for one in kept} == {None}
    assert SCRIPT in kept[1]["variables"]["ticket"]
    await expect(page).to_have_url(re.compile("#.+"))
    await expect(page).not_to_have_url(re.compile("charged"))
    await page.reload()
    await expect(page.get_by_label("Value of ticket")).to_have_value(f"I was charged twice {SCRIPT}")
    await expect(page.get_by_role("button", name="Model: simulated/chat")).to_be_visible()
    await expect(page).to_have_title("Playground · Burnish")
    await settled(page)
    await check_axe(page)


@pytest.mark.capability("E13", "U1")
async def test_yesterdays_timeouts_of_a_model_are_asked_for_and_the_address_keeps_the_question(page_as: OpenPage, site: Site) -> None:
    mark = f"app-{uuid4().hex[:8]}"
    old, slow, dear = [await run_of(site, app=mark, metadata={"n": number}) for number in range(3)]
    for one in (old, slow, dear):
        await ended(site, one)
    update = "UPDATE executions SET status = 'timeout', error = $2::json, latency_ms = $3, cost_nusd = $4 WHERE execution_id = $1"
    for one, code, took_ms, cost_nusd in ((slow, "provider_timed_out", 30_000, 0), (dear, "stalled", 5_000, 2_000_000_000)):
        assert await site.connection.execute(update, one, json.dumps({"code": code}), took_ms, cost_nusd) == "UPDATE 1"
    page = await page_as("admin", f"/app/runs?app={mark}")
    rows = page.get_by_role("table", name="Runs").locator("tbody tr")
    await expect(rows).to_have_count(3)
    more = page.get_by_role("group", name="More filters")
    await page.get_by_label("Status").select_option("timeout")
    await expect(rows).to_have_count(2)
    await expect(rows).to_contain_text(["stalled", "provider timed out"])  # Why each failed, in the list.
    await more.get_by_role("button", name=re.compile("^Model")).click()
    await page.get_by_role("option", name="simulated/chat").first.click()
    today = datetime.now(UTC).date()
    await more.get_by_label("From").fill(str(today - timedelta(days=1)))
    await more.get_by_label("Until").fill(str(today))
    await expect(rows).to_have_count(2)
    await more.get_by_label("Time at least, s").fill("12,5")
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(re.compile(r"time=12\.5"))
    await expect(page).to_have_url(re.compile("model=simulated"))
    await more.get_by_label("Time at least, s").fill("")
    await expect(rows).to_have_count(2)
    await more.get_by_label("Cost at least, $").fill("1.5")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("$2.00")
    await more.get_by_label("Cost at least, $").fill("")
    await expect(rows).to_have_count(2)
    await more.get_by_role("searchbox", name="Error code").fill("provider_timed_out")
    await expect(rows).to_have_count(1)
    await more.get_by_role("button", name=re.compile("^API key")).click()
    await expect(page.get_by_role("dialog", name="API key").get_by_role("option").nth(1)).to_be_visible()
    await page.keyboard.press("Escape")
    await page.reload()
    await expect(rows).to_have_count(1)
    await check_axe(page)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"runs-filtered-{theme}")
    await narrow(page, 320)
    await page.set_viewport_size({"width": 1440, "height": 900})
    await more.get_by_label("Until").fill(str(today - timedelta(days=1)))
    await expect(page.get_by_text("No run matches")).to_be_visible()
    await page.get_by_role("button", name="Show all").click()
    await expect(page.get_by_role("button", name="More filters", exact=True)).to_have_attribute("aria-expanded", "false")
    await expect(page).to_have_url(re.compile(r"/app/runs$"))


@pytest.mark.capability("E13", "F3", "U1")
async def test_runs_are_found_by_metadata_and_by_what_was_said_and_downloaded(page_as: OpenPage, site: Site) -> None:
    mark = f"app-{uuid4().hex[:8]}"
    pro, free, silent = [
        await run_of(site, app=mark, user_id=f"=user-{plan}", metadata={"device": {"plan": plan}}) for plan in ("pro", "free", "none")
    ]
    await site.call("POST", "/v1/feedback", {"execution_id": pro, "thumb": "down", "score": 0.25})
    await site.call("POST", "/v1/feedback", {"execution_id": free, "thumb": "up"})
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while len((await site.call("GET", f"/v1/executions?app={mark}&reaction=any"))["data"]) != 2:
            await asyncio.sleep(0.05)
    page = await page_as("viewer", f"/app/runs?app={mark}")
    rows = page.get_by_role("table", name="Runs").locator("tbody tr")
    more = page.get_by_role("group", name="More filters")
    await expect(rows).to_have_count(3)
    for said, user in (("up", "=user-free"), ("none", "=user-none"), ("down", "=user-pro")):
        await more.get_by_label("Feedback").select_option(said)
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text(user)
    await more.get_by_label("Score at most").fill("0,3")
    await expect(page).to_have_url(re.compile(r"most=0\.3"))
    await expect(rows).to_have_count(1)
    await more.get_by_role("searchbox", name="Metadata key").fill("device.plan")
    await more.get_by_role("searchbox", name="Metadata value").fill("free")
    await expect(page.get_by_text("No run matches")).to_be_visible()
    await expect(page.get_by_role("button", name="Download")).to_have_attribute("aria-disabled", "true")
    await more.get_by_role("searchbox", name="Metadata value").fill("pro")
    await expect(rows).to_have_count(1)
    await page.reload()
    await expect(rows).to_have_count(1)
    await check_axe(page)
    await narrow(page, 320)
    await page.set_viewport_size({"width": 1440, "height": 900})
    for kind, ending in (("CSV", "csv"), ("JSON lines", "jsonl")):
        await page.get_by_role("button", name="Download").click()
        async with page.expect_download() as started:
            await page.get_by_role("menuitem", name=kind).click()
        file = await started.value
        assert file.suggested_filename == f"executions.{ending}"
        text = (await file.path()).read_text()
        assert pro in text and free not in text and silent not in text
        assert ("'=user-pro" in text) == (ending == "csv")


async def test_a_stream_is_stopped_and_what_had_come_is_kept_and_booked(page_as: OpenPage, site: Site) -> None:
    await make_slow_model(site)
    page = await page_as("editor", "/app/playground")
    await ask_slowly(page, 2_000)
    await page.get_by_role("button", name="Run", exact=True).click()
    answer = page.get_by_role("group", name="Answer A")
    await expect(answer).to_contain_text("Thank you for asking")
    await page.get_by_role("button", name="Stop", exact=True).click()
    await expect(answer.get_by_text("Stopped")).to_be_visible()
    await expect(answer).to_contain_text(re.compile(r"Cost\$0\.\d"))
    kept = await ended(site, id_in(await answer.get_by_role("link", name="This run").get_attribute("href")))
    assert kept["status"] == "cancelled" and kept["output"] and kept["app"] == "burnish-playground"


async def test_a_double_click_on_run_does_not_stop_what_it_began(page_as: OpenPage, site: Site) -> None:
    await make_slow_model(site)
    page = await page_as("editor", "/app/playground")
    await ask_slowly(page, 60)
    await page.get_by_role("button", name="Run", exact=True).dblclick()
    await expect(page.get_by_role("group", name="Answer A").get_by_text("Done")).to_be_visible()


async def test_two_columns_come_by_one_connection_and_are_stopped_one_by_one(page_as: OpenPage, site: Site) -> None:
    await make_slow_model(site)
    page = await page_as("editor", "/app/playground")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(site.url)) if request.method == "POST" else None)
    await ask_slowly(page, 2_000)
    await page.get_by_role("button", name="Add a column").click()
    await page.get_by_role("button", name="Run all").click()
    first, second = (page.get_by_role("group", name=f"Answer {name}") for name in ("A", "B"))
    await expect(first).to_contain_text("Thank you for asking")
    await page.get_by_role("button", name="Stop A", exact=True).click()
    await expect(first.get_by_text("Stopped")).to_be_visible()
    await expect(second.get_by_text("Stopped")).to_have_count(0)
    stopped = await ended(site, id_in(await first.get_by_role("link", name="This run").get_attribute("href")))
    assert stopped["status"] == "cancelled"
    await page.get_by_role("button", name="Stop B", exact=True).click()
    await expect(second.get_by_text("Stopped")).to_be_visible()
    assert [one for one in asked if one in ("/v1/executions", "/v1/executions/compare")] == ["/v1/executions/compare"]


async def test_leaving_the_page_ends_its_streams(page_as: OpenPage, site: Site) -> None:
    await make_slow_model(site)
    page = await page_as("editor", "/app/playground")
    await ask_slowly(page, 2_000)
    async with page.expect_response(lambda answer: answer.url.endswith("/v1/executions")) as begun:
        await page.get_by_role("button", name="Run", exact=True).click()
    execution_id = await (await begun.value).header_value("x-execution-id")
    await expect(page.get_by_role("group", name="Answer A")).to_contain_text("Thank you")
    await page.get_by_role("link", name="Prompts", exact=True).click()
    assert (await ended(site, str(execution_id)))["status"] == "cancelled"


async def test_a_lost_connection_is_told_and_its_return_brings_what_was_booked_and_no_second_run(page_as: OpenPage, site: Site) -> None:
    await make_slow_model(site)
    async with proxying("127.0.0.1", int(site.url.rsplit(":", 1)[-1])) as proxy:
        page = await page_as("editor", "/app/playground", url=f"http://127.0.0.1:{proxy.port}")
        expect_console(
            page,
            "ERR_CONNECTION_RESET",
            "ERR_INCOMPLETE_CHUNKED_ENCODING",
            "ERR_EMPTY_RESPONSE",
            "ERR_SOCKET_NOT_CONNECTED",
            "ERR_CONNECTION_REFUSED",
            "status of 409",
            "status of 499",
        )
        await ask_slowly(page, 400)
        async with page.expect_response(lambda answer: answer.url.endswith("/v1/executions")) as begun:
            await page.get_by_role("button", name="Run", exact=True).click()
        execution_id = await (await begun.value).header_value("x-execution-id")
        answer = page.get_by_role("group", name="Answer A")
        await expect(answer).to_contain_text("Thank you for asking")
        proxy.refuse = True
        proxy.reset_all()
        await expect(answer).to_contain_text("The connection was lost.")
        await expect(answer).to_contain_text("Thank you for asking")
        proxy.heal()
        await expect(answer).not_to_contain_text("The connection was lost.")
        kept = await ended(site, str(execution_id))
        await expect(answer.get_by_role("link", name="This run")).to_have_attribute("href", re.compile(str(execution_id)))
        await expect(answer).to_contain_text(kept["output"][:60])
    listed = await site.call("GET", f"/v1/executions?model={SLOW}&limit=50")
    assert sum(one["created_at"] >= kept["created_at"] for one in listed["data"]) == 1


async def test_an_answer_gets_a_thumb_and_becomes_a_dataset_item(page_as: OpenPage, site: Site) -> None:
    name = f"From the playground {uuid4().hex[:6]}"
    page = await page_as("editor", "/app/playground?prompt={prompt}")
    ticket = f"My parcel is late, order {uuid4().hex}"
    await page.get_by_label("Value of ticket").fill(ticket)
    await page.get_by_label("Value of ticket").press("Control+Enter")
    await page.get_by_role("button", name="Good answer").click()
    await page.get_by_role("button", name="Save as a dataset item").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name=re.compile("^Dataset")).click()
    await page.get_by_role("option", name="A new dataset").click()
    await dialog.get_by_label("Its name").fill(name)
    await dialog.get_by_label("The right answer").fill("delivery")
    await check_axe(page, without=BEHIND, themes=("light",))
    await dialog.get_by_role("button", name="Save").click()
    await told(page, f"Saved in {name}")
    made = next(one for one in (await site.call("GET", "/v1/datasets?limit=200"))["data"] if one["name"] == name)
    item = (await site.call("GET", f"/v1/datasets/{made['id']}/items"))["data"][0]
    assert item["input"] == {"ticket": ticket} and item["expected"] == "delivery"
    execution = await ended(site, item["metadata"]["execution_id"])
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while not execution["feedback"]:
            await asyncio.sleep(0.1)
            execution = await ended(site, execution["id"])
    assert execution["feedback"][0]["thumb"] == "up"
    await page.goto(f"{site.url}/app/datasets/{made['id']}?item={item['id']}")
    await page.get_by_role("link", name="a run", exact=True).click()
    await expect(page).to_have_url(re.compile(f"/app/runs/{execution['id']}"))


@pytest.mark.capability("E1")
async def test_the_log_is_filtered_by_its_address_and_a_row_opens_by_keyboard(page_as: OpenPage, site: Site) -> None:
    user, session = f"user-{uuid4().hex[:8]}", f"session-{uuid4().hex[:8]}"
    made = [await run_of(site, user_id=user, session_id=session, messages=[{"role": "user", "content": SCRIPT}]) for _ in range(2)]
    page = await page_as("viewer", f"/app/runs?user={user}&status=success")
    rows = page.get_by_role("table", name="Runs").locator("tbody tr")
    await expect(rows).to_have_count(2)
    await rows.nth(0).get_by_role("button").focus()
    await page.keyboard.press("ArrowDown")
    await expect(rows.nth(1).get_by_role("button")).to_be_focused()
    await page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    await expect(page).to_have_url(re.compile(f"run={made[0]}"))
    await expect(drawer.get_by_role("list", name="Messages")).to_contain_text(SCRIPT)
    await expect(drawer.get_by_role("link", name=session)).to_be_visible()
    await settled(page)
    await check_axe(page, without=BEHIND)
    await escape(page, drawer)
    await expect(page).not_to_have_url(re.compile(made[0]))
    # What comes while one looks is offered, and shown when asked for.
    newest = await run_of(site, user_id=user)
    await page.get_by_role("button", name="1 new").click()
    await expect(rows).to_have_count(3)
    await rows.nth(0).get_by_role("button").click()
    await expect(page).to_have_url(re.compile(f"run={newest}"))
    await expect(page).to_have_title("Runs · Burnish")


async def test_a_run_takes_a_correction_and_can_be_repeated(page_as: OpenPage, site: Site) -> None:
    made = await run_of(site, messages=[{"role": "user", "content": "Greet {{nobody}}"}], metadata={"page": SCRIPT})
    page = await page_as("editor", f"/app/runs/{made}")
    await page.get_by_role("button", name="Add feedback").click()
    await page.get_by_text("Bad", exact=True).click()
    await page.get_by_label("Comment", exact=True).fill(f"too cold {SCRIPT}")
    await page.get_by_label("What it should have said").fill("Good morning!")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("Should have been")).to_be_visible()
    await expect(page.get_by_text(f"too cold {SCRIPT}")).to_be_visible()
    await expect(page.get_by_text(re.compile("^req_"))).to_be_visible()
    await settled(page)
    await check_axe(page)
    await page.get_by_role("link", name="Open in playground").click()
    await expect(page.get_by_role("textbox", name="Message 1")).to_contain_text("Greet {{{{nobody}}")
    await page.get_by_role("button", name="Run", exact=True).click()
    answer = page.get_by_role("group", name="Answer A")
    await expect(answer.get_by_text("Done")).to_be_visible()
    again = await ended(site, id_in(await answer.get_by_role("link", name="This run").get_attribute("href")))
    assert again["messages"] == [{"role": "user", "content": "Greet {{nobody}}"}]


@pytest.mark.capability("T8")
async def test_the_texts_of_a_run_are_deleted_and_its_figures_stay(page_as: OpenPage, site: Site) -> None:
    run = await run_of(site, messages=[{"role": "user", "content": "Say peppermint"}])
    page = await page_as("admin", f"/app/runs/{run}")
    sent = page.get_by_role("region", name="What was sent")
    await expect(sent).to_contain_text("Say peppermint")
    await page.get_by_role("button", name="Delete its texts…").click()
    dialog = page.get_by_role("dialog", name="Delete the texts of this run?")
    await expect(dialog).to_contain_text("It does not come back.")
    await screenshot(page, "run-delete-texts-dialog")
    await check_axe(page, without=BEHIND)
    await dialog.get_by_role("button", name="Delete them").click()
    await told(page, "The texts of this run are deleted")
    await expect(sent).to_contain_text("were deleted")
    await expect(page.get_by_role("region", name="Answer")).to_contain_text("Not kept.")
    await expect(page.get_by_text("Say peppermint")).to_have_count(0)
    await expect(page.get_by_role("button", name="Delete its texts…")).to_have_attribute("aria-disabled", "true")
    await expect(page.get_by_text("Tokens out")).to_be_visible()
    await screenshot(page, "run-deleted-texts")
    await check_axe(page)
    viewer = await page_as("viewer", f"/app/runs/{run}")
    await expect(viewer.get_by_role("button", name="Delete its texts…")).to_have_attribute("aria-disabled", "true")


async def test_a_viewer_reads_and_runs_but_is_told_who_may_react(page_as: OpenPage, site: Site) -> None:
    made = await run_of(site)
    page = await page_as("viewer", f"/app/runs/{made}")
    button = page.get_by_role("button", name="Add feedback")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await button.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("an editor or admin may change this")
    await expect(page.get_by_role("button", name="Save as a dataset item")).to_have_attribute("aria-disabled", "true")


async def test_a_session_shows_its_conversation(page_as: OpenPage, site: Site) -> None:
    session = f"chat {uuid4().hex[:8]}"
    for text in (f"Hello {SCRIPT}", "And goodbye"):
        await run_of(site, session_id=session, messages=[{"role": "user", "content": text}])
    await site.call("POST", "/v1/feedback", {"session_id": session, "thumb": "up", "comment": "Quick"})
    page = await page_as("viewer", f"/app/sessions/{session}")
    turns = page.get_by_role("list", name="Conversation").get_by_role("listitem")
    await expect(turns).to_have_count(2)
    await expect(turns.nth(0)).to_contain_text(SCRIPT)
    await expect(turns.nth(1)).to_contain_text("And goodbye")
    await expect(page).to_have_title(re.compile(session))
    await settled(page)
    await check_axe(page)


async def test_sessions_are_listed_and_lead_to_their_conversation(page_as: OpenPage, site: Site) -> None:
    mark = uuid4().hex[:8]
    older, newer = f"chat/{mark} é", f"again {mark}"
    for session, text in ((older, f"Hello {SCRIPT}"), (newer, "And goodbye"), (newer, "Once more")):
        await run_of(site, session_id=session, user_id=f"person-{mark}", messages=[{"role": "user", "content": text}])
    page = await page_as("viewer", "/app/runs")
    await page.get_by_role("navigation", name="Runs").get_by_role("link", name="Sessions").click()
    await expect(page.get_by_role("table", name="Sessions")).to_be_visible()  # the log before it has a box of the same name
    await page.get_by_role("searchbox", name="End user").fill(f"person-{mark}")
    rows = page.get_by_role("table", name="Sessions").locator("tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text(newer)
    await expect(rows.nth(0).get_by_role("cell").nth(3)).to_have_text("2")
    await expect(rows.nth(1)).to_contain_text(older)
    await settled(page)
    await check_axe(page)
    await narrow(page, 320)
    await page.set_viewport_size({"width": 1440, "height": 900})
    await rows.nth(1).get_by_role("link").first.click()
    await expect(page.get_by_role("list", name="Conversation").get_by_role("listitem")).to_have_count(1)
    await expect(page).to_have_title(re.compile(re.escape(older)))
    await page.get_by_role("link", name="Sessions").first.click()
    await page.get_by_label("Until").fill("2020-01-01")
    await expect(page.get_by_text("No session matches")).to_be_visible()


async def test_an_empty_workspace_says_how_the_first_run_comes(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/runs", workspace_id=await site.new_workspace())
    await expect(page.get_by_role("heading", name="Nothing has run yet")).to_be_visible()
    await check_axe(page, themes=("light",))


async def test_on_a_phone_the_filters_of_runs_are_one_button_until_it_is_pressed(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/runs?status=error&error=none-of-mine", width=390, height=844)
    await settled(page)
    button = page.get_by_role("button", name="Filters 2 in use", exact=True)
    await expect(button).to_have_attribute("aria-expanded", "false")
    for hidden in (
        page.get_by_label("Status"),
        page.get_by_role("button", name=re.compile("^More filters")),
        page.get_by_label("Error code"),
    ):
        await expect(hidden).to_be_hidden()
    box = await page.get_by_role("group", name="Filters").bounding_box()
    assert box is not None and box["height"] < 844 / 8, "they leave the page to what is listed"
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(button).to_have_attribute("aria-expanded", "true")
    await expect(button).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Prompt: Any prompt")).to_be_focused()
    await expect(page.get_by_label("Error code")).to_have_value("none-of-mine")
    await check_axe(page)
    await page.get_by_label("Status").select_option("")
    await expect(page.get_by_role("button", name="Filters 1 in use", exact=True)).to_be_visible()
    await page.set_viewport_size({"width": 1200, "height": 844})
    await expect(page.get_by_role("button", name=re.compile("^Filters"))).to_be_hidden()
    await expect(page.get_by_label("Status")).to_be_visible()


async def test_nothing_is_offered_to_be_done_with_a_run_that_is_not_there(page_as: OpenPage) -> None:
    page = await page_as("editor", f"/app/runs/{uuid4()}")
    expect_console(page, "status of 404")
    await expect(page.get_by_role("alert")).to_contain_text("There is no execution of this id.")
    await expect(page.get_by_role("link", name="Open in playground")).to_have_count(0)
    await expect(page.get_by_role("button", name="Save as a dataset item")).to_have_count(0)


async def test_a_prompt_that_the_playground_could_not_read_is_asked_for_again(page_as: OpenPage, site: Site) -> None:
    slug = f"again-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"})
    page = await page_as("editor", "/app/playground")
    expect_console(page, "status of 500")
    prompt = re.compile(rf"/v1/prompts/{slug}(\?|$)")
    refusal = {"error": {"type": "server_error", "code": "internal_error", "message": "It broke.", "request_id": "req_1"}}
    await page.route(prompt, lambda route: route.fulfill(status=500, json=refusal))
    await page.goto(site.at(f"/app/playground?prompt={slug}"))
    column = page.get_by_role("region", name="Column")
    await expect(column.get_by_role("alert")).to_contain_text("It broke.")
    await page.unroute(prompt)
    await column.get_by_role("button", name="Try again").press("Enter")
    await expect(column.get_by_role("button", name="Show its text")).to_be_visible()
    await expect(column.get_by_role("alert")).to_have_count(0)
    await expect(page.locator("body")).not_to_be_focused()
