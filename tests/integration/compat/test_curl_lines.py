"""The curl lines of guides are what people type first: each does what its guide says, without a header that the guide leaves out."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E2")]

GUIDES = Path(__file__).parents[3] / "docs/guides"

CURL = re.compile(r"^curl .*?(?=^curl |^$|^```)", re.DOTALL | re.MULTILINE)


def lines_of(guide: str) -> list[str]:
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", (GUIDES / guide).read_text(), re.DOTALL | re.MULTILINE)
    return [line.strip() for block in blocks for line in CURL.findall(block + "\n\n")]


async def answers(caller: Caller, guide: str) -> list[tuple[int, Any]]:
    """Status and body of each curl line of the guide, in order, run by curl itself."""
    told = []
    for line in lines_of(guide):
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", line.replace("curl -s", "curl -s -w '\\n%{http_code}'", 1).replace("…", "x" * 8), stdout=-1, stderr=-1,
            env={"URL": caller.url, "KEY": caller.key, "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        said, _ = await process.communicate()
        body, _, status = said.decode().rpartition("\n")
        told.append((int(status), json.loads(body) if body else None))
    return told


EXPECTED = {
    "routing.md": [200, 200, 200, 200],
    "models.md": [201, 201, 200, 201, 403, 201, 200, 403, 200],
    "adding-a-provider.md": [201, 201, 201, 201, 201],
}
"""403: models of the platform are the operator's to describe."""


async def test_every_curl_line_is_understood_as_it_is_written(stack: Stack, caller: Caller) -> None:
    caller = caller.at(await stack.start_gateway(trust_tenant_prices=True))
    fast = {
        "model": "small", "provider": "simulated", "upstream_model": "chat", "context_tokens": 100_000, "output_tokens": 100,
        "base_url": f"{stack.simulator}/v1", "input_price_nusd_per_million": 1000, "output_price_nusd_per_million": 1000,
        "capabilities": ["chat", "tools"], "quality_score": 0.9, "quality_source": "said", "latency_ms": 100, "latency_source": "said",
    }  # fmt: skip
    for path, body in (
        ("/v1/models", fast),
        ("/v1/models", fast | {"model": "claude-next"}),
        ("/v1/prompts", {"slug": "desk", "messages": [{"role": "user", "content": "Hello."}], "model": "small"}),
        ("/v1/prompts/desk/versions", {"messages": [{"role": "user", "content": "Guten Tag."}], "model": "small", "base_version": 1}),
    ):
        made = await caller("POST", path, body)
        assert made.status == 201, made.body
    for guide, expected in EXPECTED.items():
        told = await answers(caller, guide)
        assert [status for status, _ in told] == expected, (guide, [body.get("error") for _, body in told])
