"""Files and PDFs in the calls of OpenAI's and Anthropic's own clients, unmodified: who reads them, who is not asked, and what is kept."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.embedded.stack import Caller
from tests.fakes.messages_provider import KEY, MessagesProvider, serving_messages
from tests.fakes.tool_caller import ToolCaller, calling_tools
from tests.pdfs import data_url, pdf

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

WORDS = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
BILL = pdf(2)
SEEN = f"[file bill.pdf: application/pdf, {len(BILL)} bytes, SHA-256 {hashlib.sha256(BILL).hexdigest()}]"
PART = {"type": "file", "file": {"filename": "bill.pdf", "file_data": data_url(BILL)}}
DOCUMENT = {
    "type": "document",
    "title": "bill.pdf",
    "source": {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(BILL).decode()},
}
PRICES = {
    "context_tokens": 1_000_000, "output_tokens": 4096, "input_price_nusd_per_million": 1_000_000_000,
    "output_price_nusd_per_million": 2_000_000_000,
}  # fmt: skip


def asking(*parts: dict[str, Any]) -> Any:
    return [{"role": "user", "content": [{"type": "text", "text": "What does it cost?"}, *parts]}]


@pytest_asyncio.fixture(loop_scope="session")
async def claude(caller: Caller) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def anthropics(caller: Caller) -> AsyncIterator[MessagesProvider]:
    """The model `own/claude` at an address of Anthropic's format."""
    async with serving_messages() as serving:
        facts = {"model": "own/claude", "provider": "anthropic", "upstream_model": "claude-test", "base_url": serving.base_url, **PRICES}
        assert (await caller("POST", "/v1/models", facts)).status == 201
        added = await caller("POST", "/v1/provider-keys", {"provider": "anthropic", "name": "a", "key": KEY, "base_url": serving.base_url})
        assert added.status == 201, added.body
        yield serving


@pytest_asyncio.fixture(loop_scope="session")
async def blind(caller: Caller) -> AsyncIterator[ToolCaller]:
    """The model `own/blind`, which says that it chats and nothing of PDFs."""
    async with calling_tools() as provider:
        facts = {"provider": "openai_compatible", "upstream_model": "b", "base_url": provider.base_url, "capabilities": ["chat", "vision"]}
        made = await caller("POST", "/v1/models", {"model": "own/blind", **facts, **PRICES})
        assert made.status == 201, made.body
        yield provider


async def test_the_simulator_proves_that_each_format_brought_it_the_file(client: AsyncOpenAI, claude: AsyncAnthropic) -> None:
    chat = await client.chat.completions.create(model="simulated/chat", messages=asking(PART))
    assert SEEN in str(chat.choices[0].message.content)
    item = {"type": "input_file", "filename": "bill.pdf", "file_data": data_url(BILL)}
    response = await client.responses.create(model="simulated/chat", input=[{"role": "user", "content": [item]}])  # type: ignore[list-item,misc]
    assert SEEN in response.output_text
    message = await claude.messages.create(model="simulated/chat", max_tokens=200, messages=asking(DOCUMENT))
    assert SEEN in message.content[0].text  # type: ignore[union-attr]
    async with claude.messages.stream(model="simulated/chat", max_tokens=200, messages=asking(DOCUMENT)) as stream:
        assert SEEN in "".join([part async for part in stream.text_stream])


async def test_a_simulated_model_says_which_image_it_got_also_behind_a_long_text(client: AsyncOpenAI, claude: AsyncAnthropic) -> None:
    """It vanished in silence: whoever tried images with a toy could not tell whether they arrived."""
    raw = base64.b64decode("iVBORw0KGgo=")
    seen = f"[image: image/png, {len(raw)} bytes, SHA-256 {hashlib.sha256(raw).hexdigest()}]"
    image: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    chat = await client.chat.completions.create(model="simulated/chat", messages=asking(image))
    assert seen in str(chat.choices[0].message.content)
    link: Any = {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}
    chat = await client.chat.completions.create(model="simulated/chat", messages=asking(link))
    assert "[image: https://a.example/b.png]" in str(chat.choices[0].message.content)
    block: Any = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    content: Any = [{"type": "text", "text": "What is this? " * 200}, block]
    message = await claude.messages.create(model="simulated/chat", max_tokens=300, messages=[{"role": "user", "content": content}])
    assert seen in message.content[0].text  # type: ignore[union-attr]


async def test_each_provider_gets_it_in_its_own_words(
    client: AsyncOpenAI, claude: AsyncAnthropic, tool_caller: ToolCaller, anthropics: MessagesProvider
) -> None:
    await client.chat.completions.create(model="own/tools", messages=asking(PART))
    await claude.messages.create(model="own/tools", max_tokens=50, messages=asking(DOCUMENT))
    assert [body["messages"][-1]["content"][1] for body in tool_caller.bodies] == [PART, PART]
    await client.chat.completions.create(model="own/claude", messages=asking(PART))
    marked = DOCUMENT | {"context": "Of May.", "cache_control": {"type": "ephemeral"}}
    text = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Zürich"}}
    made = {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "one"}]}}
    link = {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}
    await claude.messages.create(model="own/claude", max_tokens=50, messages=asking(marked, text, made, link))
    assert [body["messages"][-1]["content"][1:] for body in anthropics.bodies] == [[DOCUMENT], [marked, text, made, link]]


async def test_who_cannot_read_it_is_refused_before_anything_is_spent(client: AsyncOpenAI, caller: Caller, blind: ToolCaller) -> None:
    before = (await caller("GET", "/v1/credits")).body
    for part in (PART, {"type": "file", "file": {"file_url": "https://example.com/a.pdf"}}):
        with pytest.raises(openai.APIStatusError, match="not known to read PDFs") as refused:
            await client.chat.completions.create(model="own/blind", messages=asking(part))
        assert 400 <= refused.value.status_code < 500 and refused.value.code == "model_unsuitable"
    native = await caller("POST", "/v1/executions", {"model": "own/blind", "messages": asking(PART)})
    assert native.status == 422 and native.body["error"]["code"] == "model_unsuitable"
    named = await caller("POST", "/v1/executions", {"model": "simulated/chat", "fallback_models": ["own/blind"], "messages": asking(PART)})
    assert named.status == 422 and named.body["error"]["param"] == "fallback_models[0]"
    assert not blind.bodies and (await caller("GET", "/v1/credits")).body == before
    text = {"type": "file", "file": {"filename": "a.txt", "file_data": data_url(b"Five francs.", "text/plain")}}
    told = await client.chat.completions.create(model="own/blind", messages=asking(text))
    assert "Five francs." in str(told.choices[0].message.content)


async def test_an_image_is_not_sent_to_a_model_that_is_known_not_to_see(
    client: AsyncOpenAI, claude: AsyncAnthropic, caller: Caller, blind: ToolCaller
) -> None:
    sightless = {"model": "own/reads", "provider": "openai_compatible", "upstream_model": "r", "base_url": blind.base_url}
    made = [
        await caller("POST", "/v1/models", one | PRICES)
        for one in (
            sightless | {"capabilities": ["chat", "tools", "pdf"]}, sightless | {"model": "own/silent"},
            sightless | {"model": "fireworks_ai/vl", "provider": "fireworks_ai", "capabilities": ["chat"]},
        )
    ]  # fmt: skip
    assert [one.status for one in made] == [201] * 3, made[-1].body
    before = (await caller("GET", "/v1/credits")).body
    url = "data:image/png;base64,iVBORw0KGgo="
    image: Any = {"type": "image_url", "image_url": {"url": url}}
    with pytest.raises(openai.BadRequestError, match=r"not known to see images.*capability=vision") as refused:
        await client.chat.completions.create(model="own/reads", messages=asking(image))
    assert (refused.value.code, refused.value.param) == ("model_unsuitable", "model")
    with pytest.raises(openai.BadRequestError, match="not known to see images"):
        item = {"type": "input_image", "image_url": url}
        await client.responses.create(model="own/reads", input=[{"role": "user", "content": [item]}])  # type: ignore[list-item,misc]
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    within = {"type": "document", "source": {"type": "content", "content": [block]}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [block]}
    for one in (block, within, result):
        with pytest.raises(anthropic.BadRequestError, match="not known to see images"):
            await claude.messages.create(model="own/reads", max_tokens=9, messages=[{"role": "user", "content": [one]}])  # type: ignore[typeddict-item]
    named = {"model": "own/silent", "messages": asking(image), "fallback_models": ["own/reads"]}
    spare = await caller("POST", "/v1/executions", named)
    assert (spare.status, spare.body["error"]["param"]) == (422, "fallback_models[0]"), spare.body
    assert not blind.bodies and (await caller("GET", "/v1/credits")).body == before
    key = {"provider": "fireworks_ai", "name": "f", "key": "fw-test-1234567890", "base_url": blind.base_url}
    assert (await caller("POST", "/v1/provider-keys", key)).status == 201
    for model in ("own/blind", "own/silent", "fireworks_ai/vl", "simulated/chat"):  # it sees, or it is not known that it does not
        told = await client.chat.completions.create(model=model, messages=asking(image))
        assert told.choices[0].message.content
    assert [body["messages"][-1]["content"][1] for body in blind.bodies] == [image] * 3


async def test_an_image_where_it_would_reach_nobody_is_refused_by_name(
    client: AsyncOpenAI, claude: AsyncAnthropic, anthropics: MessagesProvider
) -> None:
    block: Any = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    call: Any = {"type": "tool_use", "id": "t", "name": "look", "input": {}}
    hello: Any = {"role": "user", "content": "Hm?"}
    asked: Any = {"model": "own/claude", "max_tokens": 9}
    for shown in (block, DOCUMENT, block | {"cache_control": {"type": "ephemeral"}}):
        with pytest.raises(anthropic.BadRequestError, match=r"messages\[1\]\.content\[2\]: an? \w+ stands in a message of the user"):
            turn = {"role": "assistant", "content": [call, {"type": "text", "text": "See:"}, shown]}
            await claude.messages.create(messages=[hello, turn, hello], **asked)
        with pytest.raises(anthropic.BadRequestError, match=r"system\[1\]: an? \w+ stands in a message of the user"):
            await claude.messages.create(messages=[hello], system=[{"type": "text", "text": "Be kind."}, shown], **asked)
    with pytest.raises(anthropic.BadRequestError, match=r"messages\[0\]\.content\[1\]\.type"):
        odd = [{"type": "tool_result", "tool_use_id": "t", "content": "x"}, {"type": "search_result"}]
        await claude.messages.create(messages=[{"role": "user", "content": odd}], **asked)
    url = "data:image/png;base64,iVBORw0KGgo="
    with pytest.raises(openai.BadRequestError, match=r"input\[0\]\.content\[0\]: an image stands in a message of the user"):
        said: Any = {"role": "assistant", "content": [{"type": "input_image", "image_url": url}]}
        await client.responses.create(model="own/claude", input=[said])
    with pytest.raises(openai.BadRequestError, match="instructions as text alone"):
        system: Any = {"role": "system", "content": [{"type": "image_url", "image_url": {"url": url}}]}
        await client.chat.completions.create(model="own/claude", messages=[system, hello])
    assert not anthropics.bodies


async def test_an_address_is_not_sent_where_nobody_fetches_it(client: AsyncOpenAI, tool_caller: ToolCaller) -> None:
    with pytest.raises(openai.APIStatusError, match=r"cannot be sent the address of a file.*as base64"):
        item = {"type": "input_file", "file_url": "https://example.com/a.pdf"}
        await client.responses.create(model="own/tools", input=[{"role": "user", "content": [item]}])  # type: ignore[list-item,misc]
    assert not tool_caller.bodies


async def test_what_is_no_such_file_is_refused_by_name(client: AsyncOpenAI, claude: AsyncAnthropic) -> None:
    for file, said in (
        ({"file_id": "file-1"}, "send the file itself"),
        ({"file_data": data_url(b"PK", "application/zip")}, "application/zip"),
        ({"file_data": data_url(b"PK", WORDS)}, WORDS),
        ({"file_data": data_url(b"no pdf")}, "is no PDF"),
        ({"file_data": "data:application/pdf;base64,&&&"}, "no base64"),
        ({"file_data": base64.b64encode(BILL).decode()}, "must be data:application/pdf;base64"),
        ({"file_url": "ftp://example.com/a"}, "http or https"),
        ({}, "needs file_data"),
    ):
        with pytest.raises(openai.BadRequestError, match=said) as refused:
            await client.chat.completions.create(model="simulated/chat", messages=asking({"type": "file", "file": file}))
        assert str(refused.value.param).startswith("messages[0].content[1].file")
        with pytest.raises(openai.BadRequestError, match=said):
            asked = [{"role": "user", "content": [{"type": "input_file", **file}]}]
            await client.responses.create(model="simulated/chat", input=asked)  # type: ignore[arg-type]
    for block, said in (
        ({"source": {"type": "file", "file_id": "file_1"}}, "send the file itself"),
        ({"source": {"type": "base64", "media_type": "application/zip", "data": "UEs="}}, "application/zip"),
        ({"source": {"type": "text", "media_type": "text/plain", "data": "x"}, "citations": {"enabled": True}}, "citations"),
        ({"source": {"type": "disk"}}, "base64, text, url or content"),
    ):
        with pytest.raises(anthropic.BadRequestError, match=said):
            await claude.messages.create(model="simulated/chat", max_tokens=9, messages=asking({"type": "document", **block}))
    with pytest.raises(openai.BadRequestError, match="message of the user"):
        await client.chat.completions.create(model="simulated/chat", messages=[{"role": "system", "content": [PART]}])  # type: ignore[list-item,misc]


@pytest.mark.promise("G-15", "M-13")
async def test_a_pdf_of_megabytes_waits_in_the_background_and_is_kept_as_its_fingerprint(caller: Caller, tool_caller: ToolCaller) -> None:
    part = {"type": "file", "file": {"filename": "big.pdf", "file_data": data_url(pdf(3, padding=3 * 2**20))}}
    queued = await caller("POST", "/v1/executions", {"model": "own/tools", "messages": asking(part), "mode": "background"})
    assert queued.status == 202, queued.body
    async with asyncio.timeout(120):
        while (read := (await caller("GET", f"/v1/executions/{queued.body['id']}")).body)["status"] in ("queued", "running"):
            await asyncio.sleep(0.05)
    assert read["status"] == "success" and tool_caller.bodies[-1]["messages"] == asking(part)
    data = part["file"]["file_data"]  # type: ignore[index]
    kept = f"omitted:application/pdf;bytes={len(data)};sha256={hashlib.sha256(data.encode()).hexdigest()}"
    assert read["messages"][0]["content"][1] == {"type": "file", "file": {"filename": "big.pdf", "file_data": kept}}
    calls = len(tool_caller.bodies)
    again = await caller("POST", "/v1/executions", {"model": "own/tools", "messages": read["messages"]})
    which = f"'big.pdf' (application/pdf, {len(data):,} bytes as it was sent, SHA-256 {kept[-64:-52]}…) is not kept"
    assert again.status == 422 and which in again.body["error"]["message"], again.body
    assert "Send the file itself again" in again.body["error"]["message"] and len(tool_caller.bodies) == calls


async def test_auto_asks_only_who_reads_pdfs(caller: Caller, blind: ToolCaller, tool_caller: ToolCaller) -> None:
    dear = {"provider": "openai_compatible", "upstream_model": "r", "base_url": tool_caller.base_url, "capabilities": ["chat", "pdf"]}
    prices = {name: value * 5 if "price" in name else value for name, value in PRICES.items()}
    assert (await caller("POST", "/v1/models", {"model": "own/reads", **dear, **prices})).status == 201
    told = await caller("POST", "/v1/executions", {"model": "auto", "messages": asking(PART)})
    assert told.status == 200 and told.body["model"] == "own/reads", told.body
    link = {"type": "file", "file": {"file_url": "https://example.com/a.pdf"}}
    none = await caller("POST", "/v1/executions", {"model": "auto", "messages": asking(link)})
    assert none.status == 422 and none.body["error"]["code"] == "no_model_qualifies"
    because = {one["model"]: one["because"] for one in none.body["error"]["details"]["models"]}
    assert because["own/reads"] == ["It cannot be sent the address of a file."] and "It lacks pdf" in because["own/blind"][0]
