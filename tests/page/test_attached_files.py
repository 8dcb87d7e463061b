"""Pictures and files go with a call from the page as they do through the API, are shown where it is told what was sent, and stand in no
address."""

import asyncio
import base64
import json
import re
import zlib
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.page.axe import check_axe
from tests.page.browser import PATIENCE_MS, expect_console, narrow, screenshot, settled
from tests.page.conftest import OpenPage
from tests.page.routes import BEHIND_A_DIALOG
from tests.page.site import Site
from tests.pdfs import data_url, pdf

pytestmark = [pytest.mark.capability("U1"), pytest.mark.capability("E2")]

BILL = FilePayload(name="bill.pdf", mimeType="application/pdf", buffer=pdf(1))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


PNG = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", bytes([0, 0, 0, 8, 0, 0, 0, 8, 8, 2, 0, 0, 0])) + _chunk(
    b"IDAT", zlib.compress((b"\x00" + b"\xb4\x53\x09" * 8) * 8)
) + _chunk(b"IEND", b"")  # fmt: skip
"""Eight pixels by eight, amber."""

DROP = """(element, [name, type, base64, kind]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name, { type }));
  const as = kind === "paste" ? { clipboardData: data } : { dataTransfer: data };
  const event = kind === "paste" ? new ClipboardEvent("paste", { bubbles: true, cancelable: true, ...as })
                                 : new DragEvent("drop", { bubbles: true, cancelable: true, ...as });
  element.dispatchEvent(event);
}"""


def messages_at(*texts: str) -> str:
    """The end of an address with these messages of the user."""
    told = json.dumps({"m": [[{"role": "user", "content": text} for text in texts]]})
    return "#" + base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


async def sent_by(page: Page) -> Any:
    """What the page asks when somebody presses Run."""
    async with page.expect_request(lambda one: one.method == "POST" and "/v1/executions" in one.url) as asked:
        await page.get_by_role("button", name="Run", exact=True).click()
    return (await asked.value).post_data_json


async def test_a_file_and_a_picture_go_with_a_message_and_the_run_shows_them(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", f"/app/playground?model=simulated/chat{messages_at('What does it cost?')}")
    await page.get_by_label("File for message 1").set_input_files(BILL)
    files = page.get_by_role("list", name="Files of message 1")
    await expect(files.get_by_role("listitem")).to_contain_text(["bill.pdf"])
    editor = page.get_by_role("textbox", name="Message 1")
    as_base64 = base64.b64encode(PNG).decode()
    await editor.evaluate(DROP, ["shot.png", "image/png", as_base64, "drop"])
    await expect(files.get_by_role("listitem")).to_have_count(2)
    await editor.evaluate(DROP, ["pasted.png", "image/png", as_base64, "paste"])
    await expect(files.get_by_role("listitem")).to_have_count(3)
    await expect(editor).to_have_text("What does it cost?")
    # By keys alone: what is taken out is gone, and the focus is not.
    await files.get_by_role("button", name="Take out pasted.png").focus()
    await page.keyboard.press("Enter")
    await expect(files.get_by_role("listitem")).to_have_count(2)
    await expect(page.locator("body :focus")).to_have_count(1)
    await check_axe(page)
    body = await sent_by(page)
    text, file, picture = body["messages"][0]["content"]
    assert text == {"type": "text", "text": "What does it cost?"}
    assert file == {"type": "file", "file": {"filename": "bill.pdf", "file_data": data_url(BILL["buffer"])}}
    assert picture == {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{as_base64}"}}
    answer = page.get_by_role("group", name="Answer A")
    await expect(answer.get_by_role("list", name="Files that were sent").get_by_role("listitem")).to_have_count(2)
    await expect(answer).to_contain_text("[file bill.pdf: application/pdf")
    await expect(page).to_have_url(re.compile("#"))
    assert as_base64[:40] not in page.url and len(page.url) < 1_000
    await screenshot(page, "attached/playground", whole=True)
    await narrow(page, 320)
    await screenshot(page, "attached/playground-narrow", whole=True)

    await answer.get_by_role("link", name="This run").click()
    shown = page.get_by_role("list", name="Files of the user message")
    await expect(shown.get_by_role("listitem")).to_contain_text(["bill.pdf", "image/png"])
    assert (
        await shown.get_by_role("presentation")
        .or_(shown.locator("img"))
        .first.evaluate("(one) => one.decode().then(() => one.naturalWidth)")
        == 8
    )
    await settled(page)
    await check_axe(page)
    await screenshot(page, "attached/run", whole=True)
    # Again as it was; after a reload, which has the address alone, it says what is not here.
    await page.get_by_role("link", name="Open in playground").click()
    again = page.get_by_role("list", name="Files of message 1").get_by_role("listitem")
    await expect(again).to_have_count(2)
    assert (await sent_by(page))["messages"] == body["messages"]
    await expect(page).to_have_url(re.compile("#"))
    await page.reload()
    await settled(page)
    await expect(again).to_contain_text(["bill.pdf", "not kept"])
    await expect(page.get_by_role("button", name="Run", exact=True)).to_have_attribute("aria-disabled", "true")
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Attach again: bill.pdf").click()
    await (await chooser.value).set_files(BILL)
    await expect(page.get_by_role("button", name="Attach again: bill.pdf")).to_have_count(0)
    await page.get_by_role("button", name="Take out Picture").click()
    assert (await sent_by(page))["messages"][0]["content"] == [text, file]


async def test_what_the_api_refuses_is_refused_before_it_is_sent_and_in_its_words(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", f"/app/playground?model=simulated/chat{messages_at('Read it.')}")
    expect_console(page, "status of 4")
    file = page.get_by_label("File for message 1")
    for name, kind, content in (("a.zip", "application/zip", b"PK\x03\x04\x00"), ("fake.pdf", "application/pdf", b"no such thing")):
        data = f"data:{kind};base64,{base64.b64encode(content).decode()}"
        asked = {"model": "simulated/chat", "messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": data}}]}]}
        answer = await page.request.post("/v1/executions", data=asked, headers={"authorization": f"Bearer {site.api_key}"})
        told = (await answer.json())["error"]["message"].partition(": ")[2]
        assert answer.status >= 400 and told
        await file.set_input_files(FilePayload(name=name, mimeType=kind, buffer=content))
        await expect(page.get_by_role("alert")).to_contain_text(f"{name}: {told.rstrip('.')}")
    await expect(page.get_by_role("list", name="Files of message 1")).to_have_count(0)
    # What only the call itself can tell: this model reads no PDF.
    model = f"blind-{uuid4().hex[:8]}"
    # Not the cheapest of the workspace, which others ask for without a name.
    await site.call("POST", "/v1/models", {
        "model": model, "provider": "simulated", "upstream_model": "chat", "context_tokens": 100_000, "output_tokens": 4096,
        "capabilities": ["chat"], "input_price_nusd_per_million": 2_000_000_000, "output_price_nusd_per_million": 8_000_000_000,
    })  # fmt: skip
    page = await page_as("editor", f"/app/playground?model={model}{messages_at('Read it.')}")
    expect_console(page, "status of 4")
    await page.get_by_label("File for message 1").set_input_files(BILL)
    await expect(page.get_by_role("list", name="Files of message 1")).to_be_visible()
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("group", name="Answer A").get_by_role("alert")).to_contain_text("is not known to read PDFs")


async def test_a_picture_goes_to_the_variable_that_is_one_and_a_file_to_a_placeholder(page_as: OpenPage, site: Site) -> None:
    slug = f"pictured-{uuid4().hex[:8]}"
    messages = [{"role": "user", "content": "What is {{photo: image_url}}?"}, {"role": "placeholder", "name": "history", "optional": True}]
    await site.call("POST", "/v1/prompts", {"slug": slug, "messages": messages, "model": "simulated/chat"})
    picture = FilePayload(name="shot.png", mimeType="image/png", buffer=PNG)
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    for path in (f"/app/playground?prompt={slug}", f"/app/prompts/{slug}"):
        page = await page_as("editor", path)
        await page.get_by_label("File for photo").set_input_files(BILL)
        await expect(page.get_by_role("alert")).to_contain_text("bill.pdf: 'application/pdf' is no picture (png, jpeg, gif, webp).")
        await page.get_by_label("File for photo").set_input_files(picture)
        await expect(page.get_by_role("list", name="Files of photo")).to_contain_text("shot.png")
        await page.get_by_label("File for history").set_input_files(BILL)
        await expect(page.get_by_role("list", name="Files of history")).to_contain_text("bill.pdf")
        await check_axe(page)
        await screenshot(page, f"attached/{path.split('/')[2].split('?')[0]}-variables", whole=True)
        variables = (await sent_by(page))["variables"]
        assert variables["photo"] == url
        assert variables["history"][0]["content"][0]["file"]["file_data"] == data_url(BILL["buffer"])
    # An address is one as well; it was taken for an object of JSON.
    page = await page_as("editor", f"/app/playground?prompt={slug}")
    await page.get_by_label("Value of photo").fill("https://example.com/a.png")
    assert (await sent_by(page))["variables"] == {"photo": "https://example.com/a.png"}
    plain = f"plain-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": plain, "template": "Say hello.", "model": "simulated/chat"})
    page = await page_as("editor", f"/app/playground?prompt={plain}")
    await page.get_by_role("button", name="Attach a file").focus()
    await expect(page.get_by_role("tooltip")).to_contain_text("a placeholder for messages")


async def test_a_run_whose_file_was_left_out_is_run_again_with_the_file_attached_again(page_as: OpenPage, site: Site) -> None:
    big = pdf(1, padding=2**20)
    part = {"type": "file", "file": {"filename": "big.pdf", "file_data": data_url(big)}}
    asked = [{"role": "user", "content": [part, {"type": "text", "text": "What does it cost?"}]}]
    run = await site.call("POST", "/v1/executions", {"model": "simulated/chat", "messages": asked})
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while (read := await site.call("GET", f"/v1/executions/{run['id']}"))["status"] in ("queued", "running"):
            await asyncio.sleep(0.1)
    assert read["messages"][0]["content"][0]["file"]["file_data"].startswith("omitted:")
    page = await page_as("editor", f"/app/runs/{run['id']}")
    await expect(page.get_by_role("list", name="Files of the user message")).to_contain_text("not kept")
    await page.get_by_role("link", name="Open in playground").click()
    await expect(page.get_by_role("list", name="Files of message 1")).to_contain_text("not kept")
    await page.get_by_role("button", name="Run", exact=True).hover()  # The focus goes to a page that opens, and would leave a button.
    await expect(page.get_by_role("tooltip")).to_contain_text("big.pdf is not here: attach it again, or take it out.")
    await check_axe(page)
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Attach again: big.pdf").click()
    await (await chooser.value).set_files(FilePayload(name="big.pdf", mimeType="application/pdf", buffer=big))
    await expect(page.get_by_role("list", name="Files of message 1")).not_to_contain_text("not kept")
    assert (await sent_by(page))["messages"] == asked


async def test_a_picture_of_a_variable_that_was_left_out_is_asked_for_and_its_name_is_not_sent(page_as: OpenPage, site: Site) -> None:
    slug = f"large-{uuid4().hex[:8]}"
    await site.call("POST", "/v1/prompts", {"slug": slug, "template": "What is {{of.photo: image_url}}?", "model": "simulated/chat"})
    large = PNG + b"\x00" * 2**20
    url = f"data:image/png;base64,{base64.b64encode(large).decode()}"
    run = await site.call("POST", "/v1/executions", {"prompt": slug, "variables": {"of": {"photo": url}}})
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while (read := await site.call("GET", f"/v1/executions/{run['id']}"))["status"] in ("queued", "running"):
            await asyncio.sleep(0.1)
    assert read["variables"]["of"]["photo"].startswith("omitted:image/png")
    page = await page_as("editor", f"/app/playground?run={run['id']}")
    files = page.get_by_role("list", name="Files of of.photo")
    await expect(files).to_contain_text("not kept")
    await expect(page.get_by_role("button", name="Run", exact=True)).to_have_attribute("aria-disabled", "true")
    await page.get_by_role("button", name="Run", exact=True).hover()
    await expect(page.get_by_role("tooltip")).to_contain_text("Picture is not here: attach it again, or take it out.")
    await check_axe(page)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"attached/not-kept-{theme}", whole=True)
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Attach again: Picture").click()
    await (await chooser.value).set_files(FilePayload(name="large.png", mimeType="image/png", buffer=large))
    await expect(files).not_to_contain_text("not kept")
    assert (await sent_by(page))["variables"] == {"of": {"photo": url}}


async def test_a_run_is_sent_again_in_its_order_and_stays_so_after_a_reload(page_as: OpenPage, site: Site) -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(PNG).decode()}"}}
    document = {"type": "file", "file": {"filename": "Report", "content": [{"type": "text", "text": "of May"}, picture]}}
    content = [{"type": "text", "text": "Compare {{a}}"}, picture, {"type": "text", "text": "to"}, document, {"type": "text", "text": "."}]
    asked = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "content": "It rains.", "tool_call_id": "1"},
        {"role": "user", "content": content},
    ]
    run = await site.call("POST", "/v1/executions", {"model": "simulated/chat", "messages": asked})
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while (await site.call("GET", f"/v1/executions/{run['id']}"))["status"] in ("queued", "running"):
            await asyncio.sleep(0.1)
    page = await page_as("editor", f"/app/playground?run={run['id']}")
    files = page.get_by_role("list", name="Files of message 4").get_by_role("listitem")
    await expect(files).to_have_count(2)
    assert (await sent_by(page))["messages"] == asked
    await expect(page.get_by_role("group", name="Answer A").get_by_text("Done")).to_be_visible()
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme)
        await screenshot(page, f"attached/again-{theme}", whole=True)
    await narrow(page, 320)
    await check_axe(page)
    await screenshot(page, "attached/again-narrow", whole=True)
    await page.reload()
    await settled(page)
    png = FilePayload(name="a.png", mimeType="image/png", buffer=PNG)
    for name in ("Picture", "Report"):
        async with page.expect_file_chooser() as chooser:
            await page.get_by_role("button", name=f"Attach again: {name}").click()
        await (await chooser.value).set_files(png)
    await expect(page.get_by_role("button", name=re.compile("^Attach again"))).to_have_count(0)
    assert (await sent_by(page))["messages"] == asked


async def test_what_a_message_says_of_its_file_goes_with_that_message(page_as: OpenPage, site: Site) -> None:
    page = await page_as("editor", f"/app/playground?model=simulated/chat{messages_at('First.', 'Second.', 'Third.')}")
    archive = FilePayload(name="a.zip", mimeType="application/zip", buffer=b"PK\x03\x04\x00")
    await page.get_by_label("File for message 2").set_input_files(archive)
    told = page.get_by_role("alert").filter(has_text="a.zip")
    await expect(told).to_be_visible()
    of_second = page.get_by_role("list", name="Messages").get_by_role("listitem").filter(has=told)
    await page.get_by_role("button", name="Take out message 1").click()
    await expect(of_second.get_by_role("textbox", name="Message 1")).to_have_text("Second.")
    await page.get_by_role("button", name="Take out message 1").click()
    await expect(told).to_have_count(0)
    await expect(page.get_by_role("textbox", name="Message 1")).to_have_text("Third.")


async def test_a_pdf_goes_by_its_address_with_keys_alone_and_on_a_phone(page_as: OpenPage) -> None:
    page = await page_as("editor", f"/app/playground?model=simulated/chat{messages_at('What does it cost?')}")
    before = page.url
    await narrow(page, 400)
    await page.get_by_role("button", name="By address: attach to message 1").focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Attach by address")
    await expect(dialog.get_by_role("textbox", name="Address")).to_be_focused()
    await page.keyboard.type("ftp://example.com/bill.pdf")
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("An address begins with http:// or https://")
    await check_axe(page, without=BEHIND_A_DIALOG)
    await screenshot(page, "attached/by-address-narrow")
    await dialog.get_by_role("textbox", name="Address").fill("https://example.com/bill.pdf")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("button", name="By address: attach to message 1")).to_be_focused()
    files = page.get_by_role("list", name="Files of message 1")
    await expect(files).to_contain_text("by its address")
    await expect(page).not_to_have_url(before)
    await page.reload()
    await expect(files).to_contain_text("https://example.com/bill.pdf")
    content = (await sent_by(page))["messages"][0]["content"]
    assert content == [
        {"type": "text", "text": "What does it cost?"},
        {"type": "file", "file": {"file_url": "https://example.com/bill.pdf"}},
    ]
