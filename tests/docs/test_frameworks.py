"""The programs of docs/guides/frameworks.md, against the frameworks themselves, where somebody has put them.

BURNISH_LANGCHAIN and BURNISH_LLAMAINDEX name a Python that has `langchain-openai` or `llama-index-llms-openai-like`, and this repository's
client; BURNISH_AI_SDK a folder whose node_modules has `ai`, `@ai-sdk/openai` and `@burnish/client`. They are no dependencies of Burnish.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from burnish_client import Burnish
from tests.embedded.installation import Installation

pytestmark = pytest.mark.capability("E2")

SNIPPETS = Path(__file__).parents[2] / "docs/snippets"
PROGRAMS = {
    "BURNISH_LANGCHAIN": "frameworks_langchain.py",
    "BURNISH_LLAMAINDEX": "frameworks_llamaindex.py",
    "BURNISH_AI_SDK": "frameworks_ai_sdk.mjs",
}


@pytest.mark.parametrize("where", PROGRAMS)
def test_a_program_of_a_framework_runs_a_prompt_and_says_what_people_thought(
    installation: Installation, tmp_path: Path, where: str
) -> None:
    found = os.environ.get(where)
    if not found:
        pytest.skip(f"{where} names no place of the framework: docs/guides/frameworks.md")
    made = json.loads(installation.run("workspace", "create", where, "--json").stdout)
    url, key = installation.connection["url"], made["api_key"]
    with Burnish(base_url=url, api_key=key, cache_folder=False) as burnish:
        messages = [{"role": "user", "content": "Greet {{name}}."}]
        burnish.request("POST", "/v1/prompts", {"slug": "greeting", "messages": messages, "model": "simulated/chat"})
        program = Path(shutil.copy(SNIPPETS / PROGRAMS[where], tmp_path))
        command = [found, str(program)]
        if program.suffix == ".mjs":
            (tmp_path / "node_modules").symlink_to(Path(found) / "node_modules")
            command[0] = shutil.which("node") or "node"
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "BURNISH_BASE_URL": url, "BURNISH_API_KEY": key}
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert run.returncode == 0, run.stderr[-3000:]
        executions = [burnish.request("GET", f"/v1/executions/{one['id']}") for one in burnish.list("/v1/executions")]
        said = list(burnish.list("/v1/feedback"))
    assert [(one["prompt"], one["user_id"], one["session_id"], one["status"]) for one in executions] == [
        ("greeting", "user-1", "chat-17", "success")
    ] * 2
    assert all("Ada" in json.dumps(one["messages"]) for one in executions)
    assert {one["execution_id"] for one in said} == {one["id"] for one in executions}
