"""Every snippet of the documentation is a file below docs/snippets, and does what the page around it says, on a whole Burnish."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from tests.embedded.installation import Installation

pytestmark = pytest.mark.capability("K1")

DOCS = Path(__file__).parents[2] / "docs"
SNIPPETS = DOCS / "snippets"

STRICT = 'set -euo pipefail\ncurl() { command curl --fail-with-body -s "$@" || { echo "FAILED: $*" >&2; return 1; }; echo; }\n'
"""A line that is refused ends the script."""

TOGETHER = {
    "quickstart": ("quickstart.sh",),
    "connect": ("connect.sh", "connect_openai.py", "connect_python.py"),
    "langfuse": ("langfuse.sh",),
    "litellm": ("litellm.sh",),
    "openai": ("openai_prompts.sh", "openai_prompts.py"),
    "promptfoo": ("promptfoo.sh",),
    "tensorzero": ("tensorzero.sh",),
}
"""What belongs to one page, in the order in which a reader does it."""

TRIED_APART = {
    *("langfuse_fetch.py", "promptfoo_provider.yaml"),
    *("thumbs_server.py", "thumbs.html", "thumbs.tsx"),  # tests/sdk/test_thumbs.py
    *("frameworks_langchain.py", "frameworks_llamaindex.py", "frameworks_ai_sdk.mjs"),  # tests/docs/test_frameworks.py
}
"""Each by a test of its own."""

GIVEN = {
    *("langfuse.json", "litellm_config.yaml", "openai_prompts.json", "promptfooconfig.yaml"),
    *("tensorzero.toml", "triage_system.minijinja", "triage_user.minijinja", "triage_output.json"),
}
"""Files that a reader has, in place of their own."""


@pytest.fixture(scope="session")
def key(installation: Installation) -> str:
    """Of an admin of a workspace of its own."""
    return str(json.loads(installation.run("workspace", "create", "Documentation", "--json").stdout)["api_key"])


@pytest.mark.parametrize("page", TOGETHER)
async def test_what_a_page_says_to_do_works(installation: Installation, key: str, tmp_path: Path, page: str) -> None:
    for name in GIVEN:
        (tmp_path / name).write_bytes((SNIPPETS / name).read_bytes())
    said = [await run(installation, key, name, tmp_path) for name in TOGETHER[page]]
    assert all(said)


async def run(installation: Installation, key: str, name: str, folder: Path) -> str:
    """What it printed. Fails with what it said when it does."""
    url = installation.connection["url"]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder), "URL": url, "KEY": key,
        "BURNISH_BASE_URL": url, "BURNISH_API_KEY": key, "PYTHONPATH": str(DOCS.parent / "sdk/python/src"),
    }  # fmt: skip
    words = [sys.executable, str(SNIPPETS / name)] if name.endswith(".py") else ["bash", "-c", STRICT + (SNIPPETS / name).read_text()]
    process = await asyncio.create_subprocess_exec(*words, stdout=-1, stderr=-1, cwd=folder, env=environment)
    said, wrong = await asyncio.wait_for(process.communicate(), 200)
    assert process.returncode == 0, (name, wrong.decode()[-900:], said.decode()[-900:])
    return said.decode()


async def test_prompts_are_fetched_from_langfuse_as_its_api_gives_them(tmp_path: Path) -> None:
    """Its two routes as its reference describes them: the list with the numbers of versions, and one version."""
    kept = [one for one in json.loads((SNIPPETS / "langfuse.json").read_text()) if "prompt" in one]
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        asked.append(path)
        assert "Authorization: Basic cGs6c2s=" in head
        body = json.dumps(told(path, kept)).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SNIPPETS / "langfuse_fetch.py"), cwd=tmp_path,
            env={"LANGFUSE_BASE_URL": url, "LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk"},
        )  # fmt: skip
        assert await asyncio.wait_for(process.wait(), 120) == 0
    assert json.loads((tmp_path / "langfuse.json").read_text()) == kept
    assert "/api/public/v2/prompts/support%2Fanswer?version=2" in asked


async def test_what_promptfoo_sends_by_its_provider_for_http_is_answered(installation: Installation) -> None:
    """promptfoo puts the environment and a test's variables into each text of a provider, and looks at what `transformResponse` names."""
    key = json.loads(installation.run("workspace", "create", "Beside promptfoo", "--json").stdout)["api_key"]
    said = yaml.safe_load((SNIPPETS / "promptfoo_provider.yaml").read_text())
    [provider], [test] = said["providers"], said["tests"]
    given = {"env.URL": installation.connection["url"], "env.KEY": key, **test["vars"]}
    text = re.sub(r"\{\{([\w.]+)\}\}", lambda found: given[found[1]], json.dumps(provider["config"]))
    config = json.loads(text)
    slug, variables = config["body"]["prompt"], config["body"]["variables"]
    async with aiohttp.ClientSession(headers=config["headers"]) as session:
        prompt = {"slug": slug, "template": "Queue of " + " ".join(f"{{{{{name}}}}}" for name in variables), "model": "simulated/chat"}
        async with session.post(f"{given['env.URL']}/v1/prompts", json=prompt) as made:
            assert made.status == 201, await made.text()
        body = config["body"] | {"model": "simulated/chat"}
        async with session.request(config["method"], config["url"], json=body) as answer:
            assert answer.status == 200 and config["transformResponse"] == "json.output"
            assert test["vars"]["ticket"] in (await answer.json())["output"]


def told(path: str, kept: list[dict[str, Any]]) -> Any:
    if found := re.fullmatch(r"/api/public/v2/prompts/([^?]+)\?version=(\d+)", path):
        return next(one for one in kept if one["name"] == found[1].replace("%2F", "/") and one["version"] == int(found[2]))
    names = list(dict.fromkeys(one["name"] for one in kept))
    number = int(re.search(r"page=(\d+)", path)[1])  # type: ignore[index]
    listed = [{"name": name, "versions": [one["version"] for one in kept if one["name"] == name]} for name in names]
    return {"data": listed[number - 1 : number], "meta": {"page": number, "totalPages": len(names)}}


def test_every_snippet_is_run_and_stands_on_a_page() -> None:
    files = {one.name for one in SNIPPETS.iterdir()}
    assert files == {name for names in TOGETHER.values() for name in names} | GIVEN | TRIED_APART
    shown = set(re.findall(r'^--8<-- "([^":]+)', "\n".join(one.read_text() for one in DOCS.rglob("*.md")), re.MULTILINE))
    assert shown == files
