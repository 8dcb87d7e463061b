"""What every command takes and refuses alike, and which version other people's runs install."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from burnish.launcher.home import find_home
from burnish.main import app as whole
from burnish.mcp_stdio import find_server
from burnish_client.cli.app import app as of_developers
from burnish_client.cli.places import write_profiles
from burnish_client.wire import VERSION
from tests.cli.conftest import Shell

pytestmark = pytest.mark.capability("K1")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("app", [whole, of_developers], ids=["whole", "client alone"])
def test_version_and_help_are_where_people_look(app: object) -> None:
    told = CliRunner().invoke(app, ["--version"])  # type: ignore[arg-type]
    assert (told.exit_code, told.stdout) == (0, f"burnish {VERSION}\n")
    for words in ([], ["prompts"], ["prompts", "pull"], ["run"]):
        assert "Usage" in CliRunner().invoke(app, [*words, "-h"]).stdout  # type: ignore[arg-type]


def test_an_address_without_a_scheme_is_wrong_use(shell: Shell) -> None:
    told = shell("prompts", "list", exits=2, BURNISH_BASE_URL="burnish.example")
    assert "'burnish.example'" in told.stderr and "https://burnish.example" in told.stderr


@pytest.mark.parametrize("words", [("backup", ""), ("secrets", "", __file__), ("up", "--home", ""), ("status", "--home=")])
def test_an_empty_name_is_not_taken_for_the_folder_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: Sequence[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(whole, words)
    assert told.exit_code == 2 and "an empty name is no folder" in told.stderr and not list(tmp_path.iterdir())


def test_logs_of_a_home_where_nothing_ran_say_so(tmp_path: Path) -> None:
    told = CliRunner().invoke(whole, ["logs", "--follow", "--home", str(tmp_path / "nowhere")])
    assert told.exit_code == 1 and "burnish up" in told.stderr


def test_logs_of_a_process_that_never_wrote_say_which_did(tmp_path: Path) -> None:
    place = find_home(tmp_path)
    place.logs.mkdir(parents=True)
    for name in ("gateway", "executor-1", "executor-2"):
        place.log_of(name).write_text(f"line of {name}\n")
    told = CliRunner().invoke(whole, ["logs", "gatway", "executor", "--home", str(tmp_path)])
    assert told.exit_code == 1 and not told.stdout
    assert "gatway has written nothing" in told.stderr and "There are: executor-1, executor-2, gateway." in told.stderr
    told = CliRunner().invoke(whole, ["logs", "executor", "--home", str(tmp_path)])
    assert told.exit_code == 0 and "line of executor-1" in told.stdout and "gateway" not in told.stdout


def test_agents_are_served_with_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_CONFIG_DIR", str(tmp_path))
    write_profiles({"team": {"url": "https://burnish.example", "api_key": "k"}})
    assert find_server(find_home(tmp_path), url="", profile="team") == ("https://burnish.example", "k")
    told = CliRunner().invoke(whole, ["mcp", "--profile", "nobody"])
    assert told.exit_code == 1 and "burnish login --profile nobody" in told.stderr


def test_other_people_s_runs_install_the_version_they_were_written_for() -> None:
    starter = (ROOT / "sdk/python/src/burnish_client/cli/starter/workflow.yml").read_text()
    action = (ROOT / "deploy/github-action/action.yml").read_text()
    assert f"'burnish-client[cli]=={VERSION}'" in starter and f'default: "{VERSION}"' in action
