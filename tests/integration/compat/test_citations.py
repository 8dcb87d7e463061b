"""Citations of Anthropic's models: asked for with a document, and told whole, buffered, streamed, recorded, cached and again."""

from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.embedded.stack import Caller
from tests.fakes.candid_provider import CITING, GRASS, SKY, CandidProvider
from tests.integration.compat.candid import candid_models

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

SOURCE = {"type": "text", "media_type": "text/plain", "data": "The grass is green. The sky is blue."}
DOCUMENT: Any = {"type": "document", "source": SOURCE, "title": "Nature", "citations": {"enabled": True}}
QUESTION: Any = {"type": "text", "text": "Which colours?"}
ASKED: Any = [{"role": "user", "content": [DOCUMENT, QUESTION]}]
TEXT = "".join(one["text"] for one in CITING)
SPANS = [{"start": 13, "end": 33, "citations": [GRASS]}, {"start": 38, "end": 53, "citations": [SKY, GRASS]}]


@pytest_asyncio.fixture(loop_scope="session")
async def provider(caller: Caller) -> AsyncIterator[CandidProvider]:
    async with candid_models(caller, openai="own/plain", anthropic="claude/citer") as serving:
        yield serving


@pytest_asyncio.fixture(loop_scope="session")
async def claude(caller: Caller) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=caller.url, api_key=caller.key, max_retries=0) as made:
        yield made


def blocks_of(message: anthropic.types.Message) -> list[dict[str, Any]]:
    return [one.model_dump(exclude_none=True) for one in message.content]


async def streamed(claude: AsyncAnthropic, **more: Any) -> anthropic.types.Message:
    async with claude.messages.stream(model="claude/citer", max_tokens=99, messages=ASKED, **more) as stream:
        return await stream.get_final_message()


def cited(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As the provider said it; a citation has a file id by the package's own types."""
    return [
        one | ({"citations": [{name: value for name, value in given.items() if name != "file_id"} for given in one["citations"]]})
        if one.get("citations") else {name: value for name, value in one.items() if name != "citations"}
        for one in blocks
    ]  # fmt: skip


async def test_anthropics_client_gets_the_blocks_as_they_were_cited(
    claude: AsyncAnthropic, caller: Caller, provider: CandidProvider
) -> None:
    whole = await claude.messages.create(model="claude/citer", max_tokens=99, messages=ASKED)
    assert provider.bodies[-1]["messages"][0]["content"] == [DOCUMENT, QUESTION]
    assert cited(blocks_of(whole)) == CITING
    kept = (await caller("GET", f"/v1/executions/{whole.id}")).body
    assert (kept["output"], kept["beside"]["citations"]) == (TEXT, SPANS)
    assert cited(blocks_of(await streamed(claude))) == CITING
    again = {"extra_headers": {"Idempotency-Key": "cites-1"}}
    assert [cited(blocks_of(await streamed(claude, **again))) for _ in range(2)] == [CITING, CITING]
    cached = [cited(blocks_of(await streamed(claude, extra_body={"cache": True}))) for _ in range(2)]
    assert cached == [CITING, CITING]
    turns = [*ASKED, {"role": "assistant", "content": whole.to_dict()["content"]}, {"role": "user", "content": "Sure?"}]
    await claude.messages.create(model="claude/citer", max_tokens=99, messages=turns)  # type: ignore[arg-type]
    assert cited(provider.bodies[-1]["messages"][1]["content"]) == CITING
    await claude.messages.create(model="own/plain", max_tokens=99, messages=turns[1:])  # type: ignore[arg-type]
    sent = provider.bodies[-1]["messages"][0]["content"]
    assert sent == TEXT or [set(one) for one in sent] == [{"type", "text"}] * 5


async def test_openais_client_gets_them_with_their_places_in_the_text(client: AsyncOpenAI, provider: CandidProvider) -> None:
    part = {"type": "file", "file": {"file_data": "data:text/plain;base64,VGhlIGdyYXNz", "citations": {"enabled": True}}}
    asked: Any = [{"role": "user", "content": [part]}]
    whole = await client.chat.completions.create(model="claude/citer", messages=asked)
    message: Any = whole.choices[0].message
    assert (message.content, message.citations) == (TEXT, SPANS)
    assert provider.bodies[-1]["messages"][0]["content"][0]["citations"] == {"enabled": True}
    async with client.chat.completions.stream(model="claude/citer", messages=asked) as stream:
        final: Any = (await stream.get_final_completion()).choices[0].message
    assert final.content == TEXT and [{name: one[name] for name in SPANS[0]} for one in final.citations] == SPANS
    await client.chat.completions.create(model="claude/citer", messages=[*asked, final.to_dict(), *asked])
    assert provider.bodies[-1]["messages"][1] == {"role": "assistant", "content": TEXT}
    said: Any = [{"role": "user", "content": "Hm?"}]
    response = await client.responses.create(model="claude/citer", input=said)
    [text] = response.output[0].content  # type: ignore[union-attr]
    assert [(one.type, one.filename, one.index) for one in text.annotations] == [  # type: ignore[union-attr]
        ("file_citation", "Nature", 33), ("file_citation", "Nature", 53), ("file_citation", "Nature", 53),
    ]  # fmt: skip


async def test_who_cites_nothing_is_not_asked_to(claude: AsyncAnthropic, caller: Caller, provider: CandidProvider) -> None:
    with pytest.raises(anthropic.BadRequestError, match="cites no documents"):
        await claude.messages.create(model="own/plain", max_tokens=99, messages=ASKED)
    off = DOCUMENT | {"citations": {"enabled": False}}
    await claude.messages.create(model="own/plain", max_tokens=99, messages=[{"role": "user", "content": [off, QUESTION]}])
    with pytest.raises(anthropic.BadRequestError, match=r"citations\.enabled: must be true or false"):
        odd = DOCUMENT | {"citations": {"enabled": "yes"}}
        await claude.messages.create(model="claude/citer", max_tokens=99, messages=[{"role": "user", "content": [odd]}])
    part = {"type": "file", "file": {"file_data": "data:text/plain;base64,VGhlIGdyYXNz", "citations": {"enabled": True}}}
    auto = await caller("POST", "/v1/executions", {"model": "auto", "messages": [{"role": "user", "content": [part]}]})
    assert (auto.status, auto.body["model"]) == (200, "claude/citer"), auto.body


@pytest.mark.capability("E18")
async def test_a_text_that_a_guardrail_changes_cites_as_a_whole(claude: AsyncAnthropic, caller: Caller, provider: CandidProvider) -> None:
    rule = {"name": "No skies", "settings": {"kind": "personal_data", "patterns": [{"name": "sky", "pattern": "sky"}]}, "sides": ["out"]}
    made = await caller("POST", "/v1/guardrails", rule)
    assert made.status == 201, made.body
    whole = await claude.messages.create(model="claude/citer", max_tokens=99, messages=ASKED)
    [block] = blocks_of(whole)
    assert "sky" not in block["text"] and len(block["citations"]) == 3 and "sky" not in str(block["citations"])
    [told] = blocks_of(await streamed(claude))
    assert "sky" not in told["text"] and len(told["citations"]) == 3
