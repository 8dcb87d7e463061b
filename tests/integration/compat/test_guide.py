"""The guide's own code does what the guide says."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.stack import Caller
from tests.fakes.candid_provider import GRASS, speaking_candidly
from tests.fakes.keyed_provider import Manner, serving_by_key

GUIDE = Path(__file__).parents[3] / "docs/guides/openai.md"
ANTHROPIC = GUIDE.with_name("anthropic.md")
OVERLOADED = Manner(status=529, says="Overloaded")


def blocks_of(guide: Path, caller: Caller) -> list[str]:
    """Its Python blocks, with this gateway and key."""
    found = re.findall(r"```python\n(.*?)```", guide.read_text(), re.DOTALL)
    return [one.replace("http://127.0.0.1:18000", caller.url).replace("bk_live_…", caller.key) for one in found]


async def run(code: str, guide: Path, said: dict[str, Any] | None = None) -> dict[str, Any]:
    """What it defines. `said`: what blocks before it did. In a thread: the clients of the guides are no async ones."""
    known: dict[str, Any] = {} if said is None else said
    await asyncio.to_thread(exec, compile(code, str(guide), "exec"), known)
    return known


@asynccontextmanager
async def anthropics(caller: Caller, model: str) -> AsyncIterator[None]:
    """`model` of the guide: one of Anthropic's that cites, and one beside it, `overloaded`, whose provider has too much to do."""
    async with speaking_candidly() as citing, serving_by_key() as busy:
        busy.manners[""] = OVERLOADED
        priced = {
            "context_tokens": 200_000, "output_tokens": 8000, "input_price_nusd_per_million": 1_000_000_000,
            "output_price_nusd_per_million": 5_000_000_000,
        }  # fmt: skip
        for facts in (
            {"model": model, "provider": "anthropic", "upstream_model": "citer", "base_url": citing.base_url},
            {"model": "overloaded", "provider": "busy", "base_url": busy.base_url},
        ):
            made = await caller("POST", "/v1/models", facts | priced)
            assert made.status == 201, made.body
        key = {"provider": "anthropic", "name": "a", "key": "sk-ant-test-1234567890", "base_url": citing.base_url}
        assert (await caller("POST", "/v1/provider-keys", key)).status == 201
        yield


@pytest.mark.capability("E2")
async def test_every_python_block_of_the_guide_runs(caller: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    text = GUIDE.read_text()
    prompt = json.loads(re.findall(r"curl -s \$URL/v1/prompts .*? -d '(\{.*?\})'\n", text, re.DOTALL)[0])
    made = await caller("POST", "/v1/prompts", prompt)
    assert made.status == 201, made.body
    code = "\n".join(blocks_of(GUIDE, caller))
    assert code.count("client.chat.completions.create(") == 7 and code.count("patient.chat.completions.create(") == 1
    said = await run(code, GUIDE)
    said["client"].close()
    executions = (await caller("GET", "/v1/executions")).body["data"]
    assert code.count("client.responses.create(") == 4
    asked, alone = ("queue-finder", 1, "success"), (None, None, "success")
    found = [(one["prompt"], one["version"], one["status"]) for one in executions]
    last = [alone, alone, alone, asked]
    assert found == [*last, *[alone] * 7, asked, asked, asked, alone], "newest first: eleven executions name a model"
    assert [one.index for one in said["told"].choices] == [0, 1] and said["one"].id == said["kept"].id
    assert said["second"].previous_response_id == said["first"].id
    assert said["waiting"].status == "completed" and said["waiting"].output_text
    assert "billing" in capsys.readouterr().out


@pytest.mark.capability("E2")
async def test_every_python_block_of_anthropics_guide_runs(caller: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    messages = [{"role": "user", "content": "Which queue? {{ticket}}"}]
    prompt = {"slug": "support-routing", "model": "simulated/chat", "messages": messages}  # as `make up` leaves one
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    asked, citing, overloaded, _ = blocks_of(ANTHROPIC, caller)  # the batch: tests/integration/batches/test_anthropic_client.py
    async with anthropics(caller, "claude-sonnet-4-5"):
        said = await run(asked, ANTHROPIC)
        assert "My card was declined" in capsys.readouterr().out
        await run(citing, ANTHROPIC, said)
        assert f"the grass is green \u2603 {[GRASS['cited_text']]}" in capsys.readouterr().out
        await run(overloaded, ANTHROPIC, said)
        assert capsys.readouterr().out == "", "the model of the guide is there"
        busy = overloaded.replace("claude-sonnet-4-5", "overloaded").replace("max_retries=4", "max_retries=0")
        await run(busy, ANTHROPIC, said)
        assert capsys.readouterr().out == "529 overloaded_error provider_failed 1\n"
        said["client"].close()


@pytest.mark.capability("E2")
async def test_what_an_overload_looks_like_is_as_the_guide_says(caller: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = blocks_of(GUIDE, caller)
    [block] = [one for one in blocks if "InternalServerError" in one]
    async with anthropics(caller, "claude"):
        said = await run(blocks[0], GUIDE)
        capsys.readouterr()
        await run(block.replace("simulated/chat", "overloaded").replace("max_retries=4", "max_retries=0"), GUIDE, said)
        assert capsys.readouterr().out == "503 provider_failed 1\n"
        said["client"].close()
