"""The commands of developers against real services, in a workspace of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from burnish_client import Burnish
from burnish_client.cli.app import app
from tests.embedded.installation import Installation

CLIENT_ALONE = "import sys; sys.argv[0] = 'burnish'; from burnish_client.cli.__main__ import main_of_client; main_of_client()"
COMMAND = (sys.executable, "-P", "-c", CLIENT_ALONE)
SAID_ELSEWHERE = ("BURNISH_API_KEY", "BURNISH_BASE_URL", "BURNISH_PROFILE", "BURNISH_PROMPTS", "BURNISH_HOME", "CI_COMMIT_SHA")
NUSD = 5_000_000_000
"""Five dollars of play money: ten times what these tests take."""


@dataclass
class Shell:
    """A folder in which commands are given, with the environment of a developer."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, exits: int = 0, given: str = "", **more: str) -> Result:
        """Runs one in this process, and looks at its exit code."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            result = CliRunner().invoke(app, list(words), input=given, env=self.environment | more)
        finally:
            os.chdir(before)
        assert result.exit_code == exits, (words, result.exit_code, result.output, result.exception)
        return result

    def json(self, *words: str, exits: int = 0) -> Any:
        """What it prints with --json."""
        return json.loads(self(*words, "--json", exits=exits).stdout)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Runs one beside the test, which must end it."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB")} | self.environment
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        whole = (*COMMAND, *words)
        more = {"cwd": self.folder, "env": environment, "text": True, **pipes}
        return subprocess.Popen(whole, preexec_fn=_hear_ctrl_c, **more)  # type: ignore[call-overload,no-any-return]  # noqa: PLW1509


def _hear_ctrl_c() -> None:
    """A suite that was started in the background ignores it, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def workspace(installation: Installation) -> dict[str, str]:
    """`url` and the `key` of a workspace of these tests."""
    return new_workspace(installation, "cli")


@pytest.fixture(scope="session")
def burnish(workspace: dict[str, str]) -> Iterator[Burnish]:
    with Burnish(base_url=workspace["url"], api_key=workspace["key"], cache_folder=False) as client:
        yield client


@pytest.fixture
def shell(workspace: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """In a folder of the test, with the key in the environment."""
    for name in [*SAID_ELSEWHERE, *(one for one in os.environ if one.startswith("GITHUB"))]:
        monkeypatch.delenv(name, raising=False)
    environment = {
        "BURNISH_BASE_URL": workspace["url"],
        "BURNISH_API_KEY": workspace["key"],
        "BURNISH_CONFIG_DIR": str(tmp_path / "config"),
    }
    folder = tmp_path / "project"
    folder.mkdir()
    return Shell(folder, environment)


@pytest.fixture
def made(burnish: Burnish, request: pytest.FixtureRequest) -> Callable[..., str]:
    """`made(text)` makes a prompt, named after the test, and returns its slug."""
    count = 0

    def make(text: str = "Greet {{name}}.\nBe brief.\nUse their language.", **more: Any) -> str:
        nonlocal count
        count += 1
        slug = f"{request.node.name[5:].replace('_', '-')[:55].strip('-')}-{count}"
        body = {"slug": slug, "messages": [{"role": "user", "content": text}], "model": "simulated/chat"}
        burnish.request("POST", "/v1/prompts", body | more)
        return slug

    return make


def new_workspace(installation: Installation, name: str) -> dict[str, str]:
    """With credit of its own, out of the demo workspace's."""
    connection = installation.connection
    with Burnish(base_url=connection["url"], api_key=connection["api_key"], cache_folder=False) as home:
        made = home.request("POST", "/v1/workspaces", {"name": name})
        moved = {"to_workspace_id": made["id"], "amount_nusd": NUSD, "reason": "for tests of the command line"}
        home.request("POST", "/v1/credits/moves", moved)
    return {"url": connection["url"], "key": made["api_key"]}
