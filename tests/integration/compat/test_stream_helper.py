"""`client.chat.completions.stream(…)` of OpenAI's package puts chunks together by rules of its own."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from openai import AsyncOpenAI

from tests.embedded.stack import Caller
from tests.fakes.candid_provider import CITED, THOUGHT, CandidProvider, speaking_candidly

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

ASKED: Any = [{"role": "user", "content": "What is six times seven?"}]


@pytest_asyncio.fixture(loop_scope="session")
async def provider(caller: Caller) -> AsyncIterator[CandidProvider]:
    async with speaking_candidly() as serving:
        for model, kind in (("own/cited", "vllm"), ("claude/thinker", "anthropic")):
            facts = {
                "model": model, "provider": kind, "upstream_model": model.partition("/")[2], "base_url": serving.base_url,
                "context_tokens": 200_000, "output_tokens": 8000, "input_price_nusd_per_million": 1_000_000_000,
                "output_price_nusd_per_million": 5_000_000_000,
            }  # fmt: skip
            assert (await caller("POST", "/v1/models", facts)).status == 201
        key = {"provider": "anthropic", "name": "a", "key": "sk-ant-test-1234567890", "base_url": serving.base_url}
        assert (await caller("POST", "/v1/provider-keys", key)).status == 201
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
