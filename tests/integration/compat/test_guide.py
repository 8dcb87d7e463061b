"""The guide's own code does what the guide says."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.stack import Caller

GUIDE = Path(__file__).parents[3] / "docs/guides/openai.md"


@pytest.mark.capability("E2")
async def test_every_python_block_of_the_guide_runs(caller: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    text = GUIDE.read_text()
    prompt = json.loads(re.findall(r"curl -s \$URL/v1/prompts .*? -d '(\{.*?\})'\n", text, re.DOTALL)[0])
    made = await caller("POST", "/v1/prompts", prompt)
    assert made.status == 201, made.body
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    assert code.count("client.chat.completions.create(") == 6
    code = code.replace("http://127.0.0.1:18000", caller.url).replace("bk_live_…", caller.key)
    said: dict[str, Any] = {}
    await asyncio.to_thread(exec, compile(code, str(GUIDE), "exec"), said)
    said["client"].close()
    executions = (await caller("GET", "/v1/executions")).body["data"]
    assert code.count("client.responses.create(") == 3
    asked, alone = ("queue-finder", 1, "success"), (None, None, "success")
    found = [(one["prompt"], one["version"], one["status"]) for one in executions]
    assert found == [alone, alone, asked, alone, alone, alone, asked, asked, asked, alone], "newest first: five calls name a model"
    assert said["second"].previous_response_id == said["first"].id
    assert "billing" in capsys.readouterr().out
