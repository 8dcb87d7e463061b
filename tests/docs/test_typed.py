"""The curl lines of the guides that people follow first do what they say, in order, on a whole Burnish."""

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from burnish_client import Burnish
from tests.docs.curl_lines import ROOT, Line, curl_lines
from tests.embedded.installation import Installation

pytestmark = pytest.mark.capability("K1")

PROMPTS = {"experiments": ("triage",), "executions": ("greeting",)}
"""Prompts with two versions that a guide takes as there."""

REFUSED = {"history": {2: 409}, "guardrails": {4: 422}, "structured-output": {4: 422}}
"""Lines that show a refusal, by their place in the guide."""

GUIDES = (
    "agents", "api-keys", "audit-log", "caching", "chains", "evaluators", "executions", "experiments", "guardrails", "history", "prompts",
    "structured-output", "templates",
)  # fmt: skip
"""Others are typed where their services are tested: tests/integration/{compat,optimization,source}."""

WITHIN_S = 280


@pytest.mark.parametrize("guide", GUIDES)
async def test_every_line_of_the_guide_does_what_it_says(installation: Installation, tmp_path: Path, guide: str) -> None:
    made = json.loads(installation.run("workspace", "create", guide, "--json").stdout)
    url, key = installation.connection["url"], made["api_key"]
    with Burnish(base_url=url, api_key=key, cache_folder=False) as burnish:
        for slug in PROMPTS.get(guide, ()):
            content = {"messages": [{"role": "user", "content": "Answer."}], "model": "simulated/chat"}
            burnish.request("POST", "/v1/prompts", {"slug": slug, **content})
            burnish.request("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "max_tokens": 50})
    reader = Reader({"URL": url, "KEY": key, "WORKSPACE": made["workspace_id"], "PATH": os.environ["PATH"]}, tmp_path)
    for place, line in enumerate(curl_lines(ROOT / f"docs/guides/{guide}.md")):
        status, said = await reader.types(line)
        expected = REFUSED.get(guide, {}).get(place)
        assert status == expected if expected else 200 <= status < 300, (place, line.text, status, said)


class Reader:
    """Types lines as they stand. A variable that nobody set is the id that the newest call of the same kind told."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._ids: dict[str, str] = {}

    async def types(self, line: Line) -> tuple[int, Any]:
        """Status and body."""
        kind = "/".join(line.path.split("/")[:3])
        names = re.findall(r"\$\{?([A-Z_]+)", line.command)
        environment = {name: self._ids.get(kind, "") for name in names} | self._environment
        command = line.command.replace("curl ", "curl -s -w '\\n%{http_code}' ", 1).replace(" -i ", " ", 1)
        process = await asyncio.create_subprocess_exec("bash", "-c", command, stdout=-1, stderr=-1, cwd=self._folder, env=environment)
        out, wrong = await asyncio.wait_for(process.communicate(), WITHIN_S)
        body, _, status = out.decode().rpartition("\n")
        assert process.returncode == 0, (command, wrong.decode())
        if line.method == "POST" and body.startswith("{") and "id" in (told := json.loads(body)):
            self._ids[kind] = told["id"]
        return int(status), body[-500:]
