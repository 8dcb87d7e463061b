"""`burnish init`: a project that works at once; and how light the command is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from burnish_client import Burnish
from tests.cli.conftest import COMMAND, Shell
from tests.embedded.installation import Installation

pytestmark = pytest.mark.capability("K1")
SERVER = set("burnish_shared.db burnish_gateway fastapi asyncpg nats sqlalchemy aiohttp httpx yaml numpy uvicorn mcp".split())


def test_a_starter_project_works_as_its_readme_says(shell: Shell, burnish: Burnish) -> None:
    shell("init", "--no-github")
    assert not (shell.folder / ".github").exists()
    (shell.folder / "app.py").write_text("# mine\n" + (shell.folder / "app.py").read_text())
    assert "stays" in shell("init").stdout and (shell.folder / "app.py").read_text().startswith("# mine")
    workflow = yaml.safe_load((shell.folder / ".github/workflows/prompts.yml").read_text())
    assert "burnish test" in json.dumps(workflow["jobs"])
    assert shell.json("prompts", "push")[0]["outcome"] == "created"
    assert shell("run", "tickets", "-v", "ticket=Where is my parcel?").stdout.strip() == "delivery"
    measured = shell("test", "--json", exits=0)
    [one] = json.loads(measured.stdout)["tests"]
    assert one["passed"] and one["items"] == 40 and one["low"] < one["accuracy"] < one["high"]
    program = subprocess.run(
        (sys.executable, "app.py", "Please", "correct", "the", "invoices", "for", "my", "payments"),
        cwd=shell.folder, env={"PATH": "/usr/bin:/bin", "HOME": str(shell.folder), "PYTHONPATH": ":".join(sys.path), **shell.environment},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert program.returncode == 0 and program.stdout.strip() == "billing" and "version 1" in program.stderr, program.stderr
    searched = shell("optimize", "tickets", "--dataset", "tests/tickets.jsonl", "--evaluations", "600", "--seed", "12", "--watch", exits=0)
    assert "proven on cases that the search never saw" in searched.stdout
    burnish.request("POST", "/v1/prompts/tickets/archive")
    burnish.request("POST", "/v1/prompts/tickets/purge", {"confirm": "tickets"})


def test_the_workflow_says_where_its_package_comes_from(shell: Shell) -> None:
    shell("init")
    assert "not on PyPI" in (shell.folder / ".github/workflows/prompts.yml").read_text()


def test_a_command_loads_nothing_that_it_does_not_need() -> None:
    count = (
        "import sys; sys.argv = ['burnish', 'prompts', '--help']\n"
        "import atexit; atexit.register(lambda: print(sorted(sys.modules), file=sys.stderr))\n"
        "from burnish.main import main; main()"
    )
    for source in (count, count.replace("burnish.main import main", "burnish_client.cli.__main__ import main_of_client as main")):
        ran = subprocess.run((sys.executable, "-P", "-c", source), capture_output=True, text=True, check=False, timeout=200)
        assert ran.returncode == 0 and "pull" in ran.stdout
        loaded = {name for name in SERVER if f"'{name}'" in ran.stderr}
        assert not loaded, f"{loaded} are loaded for a help text"


def test_both_scripts_show_the_same_commands_for_developers(installation: Installation) -> None:
    alone = subprocess.run((*COMMAND, "--help"), capture_output=True, text=True, check=False, timeout=200).stdout
    whole = installation_help("burnish.main")
    either = installation_help("burnish_client.cli")
    for name in ("init", "login", "prompts", "run", "test", "optimize", "executions", "webhooks", "replay", "datasets", "suggestions"):
        assert f" {name} " in alone and f" {name} " in whole and f" {name} " in either
    assert " doctor " in whole and " doctor " in either and " doctor " not in alone


def installation_help(module: str) -> str:
    return subprocess.run((sys.executable, "-P", "-m", module, "--help"), capture_output=True, text=True, check=False, timeout=200).stdout


@pytest.mark.parametrize("sh", ["bash", "zsh", "fish"])
def test_words_are_completed_in_shells(sh: str) -> None:
    environment = {"PATH": "/usr/bin:/bin", "_BURNISH_COMPLETE": f"source_{sh}"}
    script = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=False, timeout=200).stdout
    assert "_BURNISH_COMPLETE" in script
    asked = {"_BURNISH_COMPLETE": "complete_bash", "COMP_WORDS": "burnish prompts pu", "COMP_CWORD": "2", "PATH": "/usr/bin:/bin"}
    offered = subprocess.run(COMMAND, env=asked, capture_output=True, text=True, check=False, timeout=200).stdout.split()
    assert offered == ["pull", "push"]


def test_the_package_holds_what_init_writes() -> None:
    from burnish_client.cli.init import FILES

    folder = Path(__file__).parents[2] / "sdk/python/src/burnish_client/cli/starter"
    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert written == set(FILES.values())
