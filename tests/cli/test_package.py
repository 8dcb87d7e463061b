"""`burnish-client[cli]` as it is published: built apart, put into an empty environment without the server, and used from there."""

import json
import shutil
import subprocess
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.embedded.client_wheel import build_wheel

pytestmark = pytest.mark.capability("K1")
CLIENT = ("httpx", "httpcore", "anyio", "h11", "idna", "certifi", "sniffio", "typing_extensions")
COMMAND = (
    "typer",
    "click",
    "shellingham",
    "annotated-doc",
    "colorama",
    "pydantic",
    "pydantic-core",
    "annotated-types",
    "typing-inspection",
    "rich",
    "markdown-it-py",
    "mdurl",
    "pygments",
    "pyyaml",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("package"))


def put(packages: Path, *names: str) -> None:
    for name in names:
        try:
            files = distribution(name).files or ()
        except ImportError:
            continue
        for file in files:
            if not str(file).startswith("..") and "__pycache__" not in str(file):
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), packages / file)


def test_a_developer_needs_no_server(shell: Shell, wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "empty", with_pip=False)
    packages = next((tmp_path / "empty/lib").glob("python*")) / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
        told = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "burnish = burnish_client.cli.__main__:main" in told and "burnish = burnish_client.pytest_plugin" in told
    put(packages, *CLIENT)
    environment = {**shell.environment, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}

    def burnish(*words: str) -> "subprocess.CompletedProcess[str]":
        command = (str(tmp_path / "empty/bin/python"), "-c", "from burnish_client.cli.__main__ import main; main()", *words)
        return subprocess.run(command, cwd=shell.folder, env=environment, capture_output=True, text=True, check=False, timeout=200)

    lacking = burnish("prompts", "list")
    assert lacking.returncode == 1 and "burnish-client[cli]" in lacking.stderr and "Traceback" not in lacking.stderr
    put(packages, *COMMAND)
    for words in (("up", "--detach"), ("mcp",), ("webhooks", "listen", "--port", "1")):
        absent = burnish(*words)
        assert absent.returncode == 2 and "comes with the server" in absent.stderr, absent.stderr
    assert "receiving" not in burnish("webhooks", "--help").stdout and " mcp " not in burnish("--help").stdout
    assert burnish("init").returncode == 0
    (shell.folder / "prompts/tickets.yaml").rename(shell.folder / "prompts/packaged.yaml")
    pushed = burnish("prompts", "push", "--json")
    assert [one["outcome"] for one in json.loads(pushed.stdout)] == ["created"], pushed.stderr
    assert burnish("run", "packaged", "-v", "ticket=Where is my parcel?").stdout.strip() == "delivery"
    assert burnish("prompts", "diff", "packaged").returncode == 0
