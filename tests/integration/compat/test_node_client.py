"""The npm package `openai`, unmodified. Skipped where there is no Node, or the registry of npm cannot be reached."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.embedded.stack import Caller

pytestmark = pytest.mark.capability("E2")

PACKAGE = "openai@6"
SCRIPT = Path(__file__).parent / "node_client.mjs"
INSTALL_S = 60.0


async def run(*command: str, folder: Path, timeout_s: float) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    try:
        async with asyncio.timeout(timeout_s):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return 1, "it took too long"
    return process.returncode or 0, said.decode()


async def test_what_an_application_in_node_does_works(caller: Caller, tmp_path: Path) -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("there is no Node here")
    flags = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--fetch-retries=0")
    status, said = await run("npm", "install", *flags, PACKAGE, folder=tmp_path, timeout_s=INSTALL_S)
    if status:
        pytest.skip(f"npm could not install {PACKAGE}: {said[-200:]}")
    shutil.copy(SCRIPT, tmp_path / SCRIPT.name)
    status, said = await run("node", SCRIPT.name, f"{caller.url}/v1", caller.key, folder=tmp_path, timeout_s=120)
    assert status == 0, said
    told = json.loads(said)
    assert "Ada" in told["answer"] and told["streamed"] == told["answer"] and told["streamedCost"] == told["cost"] > 0
    assert told["several"] == 2 and told["json"] and told["vectors"] == [64, 64] and told["response"]
    assert {"simulated/chat", "simulated/embed"} <= set(told["models"])
    assert (told["changed"], told["deleted"], told["gone"]) == ({"trip": "8"}, "chat.completion.deleted", [404, 404, 404])
    assert told["refused"] == {"name": "NotFoundError", "status": 404, "code": "model_not_found"}
