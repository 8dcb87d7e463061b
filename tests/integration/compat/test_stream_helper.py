"""`client.chat.completions.stream(…)` of OpenAI's package puts chunks together by rules of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from openai import AsyncOpenAI

from tests.embedded.stack import Caller
from tests.fakes.candid_provider import CITED, THOUGHT, CandidProvider
from tests.integration.compat.candid import candid_models

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

ASKED: Any = [{"role": "user", "content": "What is six times seven?"}]


@pytest_asyncio.fixture(loop_scope="session")
async def provider(caller: Caller) -> AsyncIterator[CandidProvider]:
    async with candid_models(caller, openai="own/cited", anthropic="claude/thinker") as serving:
        yield serving


async def put_together(client: AsyncOpenAI, model: str, messages: Any = ASKED) -> dict[str, Any]:
    async with client.chat.completions.stream(model=model, messages=messages) as stream:
        return (await stream.get_final_completion()).choices[0].message.to_dict()


async def test_blocks_of_thoughts_and_sources_come_together(client: AsyncOpenAI, provider: CandidProvider) -> None:
    thought = await put_together(client, "claude/thinker")
    assert thought["content"] == "42" and thought["reasoning_content"] == "Six times seven."
    blocks: Any = thought["thinking_blocks"]
    assert [{name: value for name, value in one.items() if name != "index"} for one in blocks] == [
        THOUGHT, {"type": "redacted_thinking", "data": "XYZ"},
    ]  # fmt: skip
    await put_together(client, "claude/thinker", [*ASKED, thought, *ASKED])
    assert provider.bodies[-1]["messages"][1]["content"][:2] == [THOUGHT, {"type": "redacted_thinking", "data": "XYZ"}]
    cited = await put_together(client, "own/cited")
    assert [{name: value for name, value in one.items() if name != "index"} for one in cited["annotations"]] == CITED  # type: ignore[attr-defined]
