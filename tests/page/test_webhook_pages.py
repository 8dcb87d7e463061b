"""Webhooks: an endpoint from its first test to a replay, against a receiver that really listens."""

import asyncio
import hmac
import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect
from standardwebhooks import Webhook

from tests.fakes.receiver import receiving
from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, escape, expect_console, messages_stay, screenshot, settled, told
from tests.page.conftest import OpenPage
from tests.page.site import Site

pytestmark = pytest.mark.capability("U1")

BEHIND = ("region", "aria-hidden-focus")
"""What axe cannot judge while a dialog is open."""
ENOUGH_TO_STOP = 40
"""Replays begin at two a second (see AT_ONCE): twenty seconds to press Cancel in."""


async def make_endpoint(site: Site, url: str, *events: str, prompt: str = "of-nobody") -> str:
    """It hears of one prompt only, besides its own tests: others raise alerts and save versions meanwhile."""
    body = {"url": url, "events": list(events or ["alert.*"]), "filters": {"prompts": [prompt]}, "description": f"desk {uuid4().hex[:6]}"}
    return str((await site.call("POST", "/v1/webhooks/endpoints", body))["id"])


async def tried_once(site: Site, endpoint: str) -> str:
    """A test that did not arrive at its first attempt, and waits for the next."""
    return (await tried(site, endpoint, 1))[0]


async def tried(site: Site, endpoint: str, n: int) -> list[str]:
    """So many tests of which a first attempt is written down: what is still under way would be written over what a test puts there."""
    for _ in range(n):
        await site.call("POST", f"/v1/webhooks/endpoints/{endpoint}/test", {})
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while True:
            found = (await site.call("GET", f"/v1/webhooks/deliveries?endpoint_id={endpoint}"))["data"]
            if len(found) == n and all(one["attempts"] for one in found):
                return [str(one["id"]) for one in found]
            await asyncio.sleep(0.1)


async def press_in_menu(page: Page, item: str) -> None:
    await page.get_by_role("button", name="More about this endpoint").click()
    await page.get_by_role("menuitem", name=item).click()


async def test_an_endpoint_is_made_tested_and_its_secret_replaced(page_as: OpenPage, site: Site) -> None:
    page = await page_as("admin", "/app/webhooks?new=1")
    expect_console(page, "status of 422")
    dialog = page.get_by_role("dialog")
    async with receiving() as receiver:
        await dialog.get_by_label("Address").fill(receiver.url("/made"))
        await dialog.get_by_label("Name", exact=True).fill("made by hand")
        await dialog.get_by_role("checkbox", name="Alert").check()
        await dialog.get_by_role("button", name="alert.resolved").click()
        await dialog.get_by_role("button", name="credits.low").click()
        await dialog.get_by_label("Only with these labels").fill("production")
        await expect(dialog.get_by_text("1 event will never be sent: credits.low")).to_be_visible()
        condition = dialog.get_by_label("Condition")
        await condition.fill("data.delta > and true")
        await dialog.get_by_role("button", name="Create", exact=True).click()
        await expect(dialog.get_by_text("a value is missing before 'and' (column 14)")).to_be_visible()
        await page.wait_for_function(
            "box => document.activeElement === box && box.selectionStart === 13", arg=await condition.element_handle()
        )
        await check_axe(page, without=BEHIND)
        await condition.fill("not simulated")
        await dialog.get_by_role("button", name="Create", exact=True).click()
        await expect(dialog).to_contain_text("it is shown this once")
        secret = await dialog.locator("code").first.inner_text()
        assert secret.startswith("whsec_")
        await dialog.get_by_role("button", name="I have it").click()
        await expect(page.get_by_role("heading", name="made by hand")).to_be_visible()
        assert secret not in await page.content()
        made = await site.call("GET", f"/v1/webhooks/endpoints/{page.url.rsplit('/', 1)[1]}")
        assert (sorted(made["events"]), made["filters"], made["condition"]) == (
            ["alert.acknowledged", "alert.raised", "credits.low"], {"labels": ["production"]}, "not simulated",
        )  # fmt: skip

        await page.get_by_role("button", name="Send test").click()
        await expect(dialog.get_by_role("list", name="Attempts")).to_contain_text("thanks")
        await expect(dialog.get_by_text("delivered", exact=True)).to_be_visible()
        [came] = await receiver.wait_for(lambda all_: len(all_) == 1)
        Webhook(secret).verify(came.body, came.headers)
        await check_axe(page, without=BEHIND)
        await escape(page, dialog)

        await press_in_menu(page, "Rotate the secret")
        await dialog.get_by_role("button", name="Make the new secret").click()
        await expect(dialog).to_contain_text("it is shown this once")
        new = await dialog.locator("code").first.inner_text()
        await dialog.get_by_role("button", name="I have it").click()
        await page.get_by_role("button", name="Send test").click()
        came = (await receiver.wait_for(lambda all_: len(all_) == 2))[-1]
        for both in (secret, new):
            Webhook(both).verify(came.body, came.headers)


async def test_a_failed_delivery_says_what_came_back_and_is_sent_again(page_as: OpenPage, site: Site) -> None:
    async with receiving() as receiver:
        receiver.modes["/fails"] = ["500", "ok"]
        endpoint = await make_endpoint(site, receiver.url("/fails?token=tok-4711"))
        page = await page_as("editor", f"/app/webhooks/{endpoint}", theme="dark")
        await page.get_by_role("button", name="Send test").click()
        drawer = page.get_by_role("dialog")
        attempts = drawer.get_by_role("list", name="Attempts").get_by_role("listitem")
        await expect(attempts).to_contain_text("500")
        await drawer.get_by_role("button", name="Replay").click()
        await expect(drawer.get_by_text("delivered", exact=True)).to_be_visible()
        await expect(attempts.first).to_contain_text("200")
        first, second = receiver.requests[:2]
        assert first.id == second.id, "a replay keeps the webhook-id"
        await escape(page, drawer)
        await page.get_by_label("Status").select_option("exhausted")
        await expect(page.get_by_text("No dead letters")).to_be_visible()

        viewer = await page_as("viewer", f"/app/webhooks/{endpoint}?tab=deliveries&delivery={second.id}")
        await expect(viewer.get_by_role("dialog")).to_contain_text("Only editors and admins see what receivers answer")
        assert "tok-4711" not in await viewer.content(), "what follows the question mark of an address may be a key"


async def test_dead_letters_are_dismissed_one_in_the_log_and_all_at_their_endpoint(page_as: OpenPage, site: Site) -> None:
    async with receiving() as receiver:
        receiver.modes["/gone"] = ["500"]
        endpoint = await make_endpoint(site, receiver.url("/gone"))
        first = (await tried(site, endpoint, 3))[0]
        await site.connection.execute(
            "UPDATE webhook_deliveries SET status = 'exhausted', reason = 'http_status', settled_at = now() WHERE endpoint_id = $1::uuid",
            endpoint,
        )
        page = await page_as("editor", f"/app/webhooks/{endpoint}?tab=deliveries&delivery={first}")
        drawer = page.get_by_role("dialog")
        await expect(drawer.get_by_text("webhook-timestamp")).to_be_visible()
        await drawer.get_by_text("Headers of the answer").click()
        await expect(drawer.get_by_text("content-length")).to_be_visible()
        await settled(page)
        await check_axe(page, without=BEHIND)
        await drawer.get_by_role("button", name="Dismiss").click()
        await told(page, "It is no dead letter any more")
        await expect(drawer.get_by_text("somebody gave the dead letter up")).to_be_visible()
        await expect(drawer.get_by_role("button", name="Dismiss")).to_have_count(0)

        await page.goto(f"/app/webhooks/{endpoint}")
        await expect(page.get_by_text("2 dead letters.")).to_be_visible()
        await page.get_by_role("button", name="Dismiss them…").click()
        await page.get_by_role("button", name="Dismiss them", exact=True).click()
        await told(page, "2 dead letters dismissed")
        await expect(page.get_by_text("2 dead letters.")).to_have_count(0)


async def test_dead_letters_stand_at_their_endpoint_and_are_sent_again_from_there(page_as: OpenPage, site: Site) -> None:
    async with receiving() as receiver:
        receiver.modes["/down"] = ["500", "ok"]
        endpoint = await make_endpoint(site, receiver.url("/down"))
        await tried_once(site, endpoint)
        # The last of its tries would be days from now.
        await site.connection.execute(
            "UPDATE webhook_deliveries SET status = 'exhausted', reason = 'http_status', settled_at = now() WHERE endpoint_id = $1::uuid",
            endpoint,
        )
        page = await page_as("editor", "/app/webhooks")
        row = page.get_by_role("table", name="Endpoints").get_by_role("row").filter(has_text=receiver.url("/down"))
        await expect(row).to_contain_text("1 dead letter")
        await check_axe(page)
        await page.goto(f"/app/webhooks/{endpoint}")
        await expect(page.get_by_text("1 dead letter.")).to_be_visible()
        await settled(page)
        await check_axe(page)
        await page.get_by_role("button", name="Send them again…").click()
        await page.get_by_role("dialog", name="Replay a range").get_by_role("button", name="Send again").click()
        await told(page, "1 delivery is sent again")
        await expect(page.get_by_text("1 dead letter.")).to_have_count(0)
        async with asyncio.timeout(PATIENCE_MS / 1_000):
            while len(receiver.requests) < 2:
                await asyncio.sleep(0.1)


async def test_a_delivery_says_that_it_waits_for_a_paused_endpoint(page_as: OpenPage, site: Site) -> None:
    async with receiving() as receiver:
        receiver.modes["/paused"] = ["500"]
        endpoint = await make_endpoint(site, receiver.url("/paused"))
        delivery = await tried_once(site, endpoint)
        await site.call("PATCH", f"/v1/webhooks/endpoints/{endpoint}", {"paused": True})
        page = await page_as("editor", f"/app/webhooks/{endpoint}?tab=deliveries&delivery={delivery}")
        drawer = page.get_by_role("dialog")
        await expect(drawer).to_contain_text("until its endpoint is resumed")
        await expect(drawer.get_by_text("Next try")).to_have_count(0)


async def test_an_endpoint_that_rests_or_has_rested_says_that_its_attempts_failed(page_as: OpenPage, site: Site) -> None:
    async with receiving() as receiver:
        receiver.modes["/resting"] = ["500"]
        endpoint = await make_endpoint(site, receiver.url("/resting"))
        delivery = await tried_once(site, endpoint)
        rests = "UPDATE webhook_endpoint_states SET consecutive_failures = 10, opened_until = now() + $2 WHERE endpoint_id = $1::uuid"
        await site.connection.execute(rests, endpoint, timedelta(hours=5))  # So that it says the same for half an hour.
        page = await page_as("editor", f"/app/webhooks/{endpoint}?tab=deliveries&delivery={delivery}")
        drawer = page.get_by_role("dialog")
        await expect(drawer).to_contain_text("until its endpoint is tried again")
        await expect(drawer).to_contain_text("in 5 h")
        await escape(page, drawer)
        await expect(page.get_by_role("table", name="Deliveries").get_by_role("row").nth(1)).to_contain_text("in 5 h")
        await page.set_viewport_size({"width": 390, "height": 844})
        await expect(page.get_by_text("next try in 5 h")).to_be_visible()
        await expect(page.get_by_text("Left in peace for a while.")).to_be_visible()

        # In this order: an attempt in between would be one more that failed.
        await site.connection.execute(
            "UPDATE webhook_deliveries SET next_attempt_at = now() + interval '1 hour' WHERE endpoint_id = $1::uuid", endpoint
        )
        await site.connection.execute(rests, endpoint, timedelta(seconds=-1))
        await page.reload()
        await expect(page.get_by_text("The last 10 attempts failed.")).to_be_visible()
        await expect(page.get_by_text("failing", exact=True)).to_be_visible()
        await settled(page)
        await check_axe(page)
        await page.goto("/app/webhooks")
        row = page.get_by_role("table", name="Endpoints").get_by_role("row").filter(has_text=receiver.url("/resting"))
        await expect(row).to_contain_text("the last 10 attempts failed")
        await expect(row.get_by_text("active", exact=True)).to_have_count(0)


async def test_an_endpoint_that_was_gone_catches_up(page_as: OpenPage, site: Site) -> None:
    async with receiving() as receiver:
        receiver.modes["/gone"] = ["410", "ok"]
        missed = {"slug": f"hook-{uuid4().hex[:8]}", "template": "Hello", "model": "simulated/chat"}
        endpoint = await make_endpoint(site, receiver.url("/gone"), "prompt.version.created", prompt=missed["slug"])
        page = await page_as("admin", f"/app/webhooks/{endpoint}")
        await page.get_by_role("button", name="Send test").click()
        await expect(page.get_by_role("dialog")).to_contain_text("the receiver said that it is gone")
        await escape(page, page.get_by_role("dialog"))
        await expect(page.get_by_text("The receiver answered 410")).to_be_visible()
        await expect(page.get_by_role("button", name="Send test")).to_have_attribute("aria-disabled", "true")
        await site.call("POST", "/v1/prompts", missed)
        await page.get_by_role("tab", name="Deliveries").click()
        await expect(page.get_by_role("row").filter(has_text="its endpoint was off").first).to_be_visible()
        await page.get_by_role("button", name="Enable again").click()
        await page.get_by_role("dialog").get_by_role("button", name="Enable").click()
        row = page.get_by_role("row").filter(has_text="What was missed while it was off")
        await expect(row).to_contain_text(re.compile(r"(\d+) of \1 deliver\w+ ended"))
        came = await receiver.wait_for(lambda all_: any(missed["slug"].encode() in one.body for one in all_))
        assert came
        await messages_stay(page)
        await page.get_by_role("button", name="Pause").click()
        await expect(page.get_by_text("Deliveries wait, and nothing is lost.")).to_be_visible()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("button", name="Pause")).to_be_visible()
        await press_in_menu(page, "Delete")
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await page.wait_for_url("**/app/webhooks")
        await settled(page)
        await expect(page.get_by_text(receiver.url("/gone"))).to_have_count(0)


async def test_a_replay_of_a_range_is_followed_and_stopped(page_as: OpenPage, site: Site) -> None:
    async with receiving() as receiver:
        endpoint = await make_endpoint(site, receiver.url("/many"))
        await asyncio.gather(*(site.call("POST", f"/v1/webhooks/endpoints/{endpoint}/test") for _ in range(ENOUGH_TO_STOP)))
        await receiver.wait_for(lambda all_: len(all_) == ENOUGH_TO_STOP, timeout_s=2 * PATIENCE_MS / 1_000)
        page = await page_as("editor", f"/app/webhooks/{endpoint}?tab=replays")
        await page.get_by_role("button", name="Replay a range").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Delivered ones too").check()
        await dialog.get_by_role("button", name="Send again").click()
        row = page.get_by_role("table", name="Replays").get_by_role("row").nth(1)
        await expect(row.get_by_role("progressbar")).to_be_visible()
        await row.get_by_role("button", name="Cancel").click()
        await expect(row.get_by_role("cell", name="cancelled", exact=True)).to_be_visible()
        [told] = (await site.call("GET", f"/v1/webhooks/replays?endpoint_id={endpoint}"))["data"]
        assert told["status"] == "cancelled"
        assert told["restarted"] < ENOUGH_TO_STOP


async def test_the_catalogue_shows_each_event_with_an_example(page_as: OpenPage, site: Site) -> None:
    page = await page_as("viewer", "/app/webhooks?tab=events")
    await page.get_by_label("Search events").fill("alert raised")
    row = page.get_by_role("table", name="Events").get_by_role("row").filter(has_text="alert.raised")
    await row.get_by_role("button").press("Enter")
    drawer = page.get_by_role("dialog")
    await expect(drawer.get_by_text('"type": "alert.raised"')).to_be_visible()
    await expect(drawer.get_by_text("JSON Schema of data")).to_be_visible()
    await escape(page, drawer)
    await expect(row.get_by_role("button")).to_be_focused()
    button = page.get_by_role("button", name="New endpoint")
    await button.focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("Only an admin")


async def test_another_system_sends_feedback_to_an_inbound_endpoint(page_as: OpenPage, site: Site) -> None:
    name = f"survey {uuid4().hex[:6]}"
    page = await page_as("admin", "/app/webhooks?tab=inbound")
    await page.get_by_role("button", name="New inbound endpoint").first.click()
    dialog = page.get_by_role("dialog", name="New inbound endpoint")
    await dialog.get_by_label("Name", exact=False).first.fill(name)
    await dialog.get_by_label("How it signs").select_option("hmac_sha256")
    await dialog.get_by_label("Its secret").fill("a-secret-of-the-sender")
    await dialog.get_by_label("Id of the run", exact=True).fill("data.run")
    await expect(dialog).to_contain_text("To create it: where a thumb")
    await dialog.get_by_label("Score").fill("(data.rating - 1 / 4")
    await check_axe(page, without=BEHIND)
    expect_console(page, "status of 422")
    await dialog.get_by_role("button", name="Create").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await dialog.get_by_label("Score").fill("(data.rating - 1) / 4")
    await dialog.get_by_label("Try a message").fill(json.dumps({"data": {"run": site.ids["execution"], "rating": 9}}))
    await dialog.get_by_role("button", name="See what it comes to").click()
    await expect(dialog).to_contain_text("It would be refused.")
    await dialog.get_by_label("Try a message").fill(json.dumps({"data": {"run": site.ids["execution"], "rating": 3}}))
    await dialog.get_by_role("button", name="See what it comes to").click()
    await expect(dialog).to_contain_text("It would be taken.")
    await dialog.get_by_role("button", name="Create").click()
    shown = page.get_by_role("dialog", name=f"{name} takes feedback")
    secret = await shown.locator("code").first.inner_text()
    assert secret == "a-secret-of-the-sender"
    await shown.get_by_role("button", name="I have it").click()
    await expect(shown).to_have_count(0)
    assert secret not in await page.content()

    await page.get_by_role("table", name="Inbound endpoints").get_by_role("button", name=name).click()
    drawer = page.get_by_role("dialog", name=name)
    await expect(drawer).to_contain_text("X-Hub-Signature-256")
    path = (await drawer.locator("code").first.inner_text()).removeprefix(site.url)
    message = json.dumps({"data": {"run": site.ids["execution"], "rating": 5}}).encode()
    signed = hmac.new(secret.encode(), message, "sha256").hexdigest()
    answer = await page.request.post(
        path, data=message, headers={"X-Hub-Signature-256": f"sha256={signed}", "content-type": "application/json"}
    )
    assert answer.status == 202, await answer.text()

    await expect(drawer).to_contain_text("Nothing was refused.")
    assert (await page.request.post(path, data=message, headers={"content-type": "application/json"})).status == 401
    await expect(drawer.get_by_role("list", name="Refused lately")).to_contain_text("There is no header X-Hub-Signature-256.")
    await settled(page)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"webhooks/inbound-{theme}")
    await check_axe(page, without=BEHIND)

    await drawer.get_by_role("button", name="Change…").click()
    change = page.get_by_role("dialog", name=f"Change {name}")
    await expect(change.get_by_role("button", name="Save")).to_be_disabled()
    await change.get_by_label("Comment").fill("data.words")
    await change.get_by_label("What stands before it").fill("")
    # It is undecided about colours of what lies behind; those of the same fields were looked at above.
    await check_axe(page, without=(*BEHIND, "color-contrast"), themes=("light",))
    await screenshot(page, "webhooks/inbound-change-dark")
    (other,) = [one for one in (await site.call("GET", "/v1/inbound-endpoints"))["data"] if one["name"] == name]
    theirs = other["mapping"] | {"comment": "data.text", "user_id": "data.who"}
    await site.call("PATCH", f"/v1/inbound-endpoints/{other['id']}", {"mapping": theirs})
    expect_console(page, "status of 409")
    await change.get_by_role("button", name="Save").click()
    await expect(change.get_by_role("list", name="What they changed")).to_contain_text("Comment: data.text (you: data.words)")
    await expect(change.get_by_label("Who reacted")).to_have_value("data.who")
    await expect(change.get_by_label("Comment")).to_have_value("data.words")
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"webhooks/inbound-meanwhile-{theme}")
    await change.get_by_role("button", name="Save").click()
    await told(page, "Saved; it holds everywhere within a second")
    await expect(drawer).to_contain_text("data.words")
    (kept,) = [one for one in (await site.call("GET", "/v1/inbound-endpoints"))["data"] if one["name"] == name]
    assert (kept["prefix"], kept["mapping"]["comment"], kept["header"]) == ("", "data.words", "X-Hub-Signature-256")

    await drawer.get_by_role("button", name="Rotate the secret…").click()
    rotate = page.get_by_role("dialog", name=f"Rotate the secret of {name}")
    await rotate.get_by_label("The old secret ends").select_option("1")
    await rotate.get_by_role("button", name="Make the new secret").click()
    anew = page.get_by_role("dialog", name=f"The new secret of {name}")
    fresh = await anew.locator("code").first.inner_text()
    await expect(anew).to_contain_text("is taken too until")
    await anew.get_by_role("button", name="I have it").click()
    await expect(drawer).to_contain_text("The old secret is good")

    async def status(secret: str) -> int:
        headers = {"X-Hub-Signature-256": hmac.new(secret.encode(), message, "sha256").hexdigest(), "content-type": "application/json"}
        return (await page.request.post(path, data=message, headers=headers)).status

    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while [await status(one) for one in (secret, fresh)] != [202, 202]:
            await asyncio.sleep(0.2)

    await drawer.get_by_role("button", name="Delete…").click()
    await page.get_by_role("dialog", name=f"Delete {name}?").get_by_role("button", name="Delete", exact=True).click()
    await told(page, f"{name} takes nothing any more")
