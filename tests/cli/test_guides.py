"""What the guides tell people to type: commands and options that there are, and files that can be read."""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from burnish.main import app
from burnish_client.cli.prompt_files import read_file
from burnish_client.gate.config import read_config

pytestmark = pytest.mark.capability("K1")
ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "sdk/python/src/burnish_client/cli/starter/README.md"]
BLOCK = re.compile(r"^```(?:sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OURS = [ROOT / f"docs/guides/{name}.md" for name in ("command-line", "prompts-in-git", "test-gate")]


def lines_of(page: Path) -> list[str]:
    """Lines of the shell that begin with our command; what comes before it in a pipe is cut off."""
    lines = [line for block in BLOCK.findall(page.read_text()) for line in block.replace("\\\n", " ").splitlines()]
    return [line[line.index("burnish ") :] for line in lines if re.match(r"(?:\S+=\S* )*burnish |[^#]*\| burnish ", line)]


@cache
def everything() -> Any:
    return typer.main.get_command(app)


def fault_of(line: str) -> str | None:
    """What of it there is not; None where all is."""
    words = shlex.split(line, comments=True)
    words = words[1 : next((number for number, one in enumerate(words) if one in ("|", "&&", ";", ">", "2>")), len(words))]
    command = everything()
    while words and hasattr(command, "commands"):
        word = words.pop(0)
        if word.startswith("-"):
            return None if word in options_of(command) else f"no option {word}"
        if word not in command.commands:
            return f"no command {word}"
        command = command.commands[word]
    known = options_of(command)
    unknown = [one for one in words if one.startswith("-") and one != "-" and one.partition("=")[0] not in known]
    return f"no option {', '.join(unknown)}" if unknown else None


def options_of(command: Any) -> set[str]:
    return {"--help", *(name for one in command.params for name in (*one.opts, *one.secondary_opts))}


def test_every_line_names_commands_and_options_that_there_are() -> None:
    lines = [(page, line) for page in PAGES for line in lines_of(page)]
    assert len(lines) > 30
    wrong = [f"{page.name}: {fault}\n    {line}" for page, line in lines if (fault := fault_of(line))]
    assert not wrong, "\n".join(wrong)


def test_a_line_that_is_out_of_date_is_seen() -> None:
    lines = ("burnish promts pull", "burnish prompts pull --al", "burnish run x -v a=b --json", "burnish --nothing")
    assert [fault_of(line) for line in lines] == ["no command promts", "no option --al", None, "no option --nothing"]


def test_every_command_for_developers_stands_in_a_guide() -> None:
    told = "\n".join(page.read_text() for page in OURS)
    from burnish_client.cli.app import COMMANDS, GROUPS

    names = [*(one.__name__.rstrip("_") for one in COMMANDS), *GROUPS]
    assert not [name for name in names if f"burnish {name}" not in told and f"`{name}`" not in told]


def test_the_files_that_the_guides_show_can_be_read(tmp_path: Path) -> None:
    shown = [re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL) for page in OURS]
    prompt, gate = shown[1][0], shown[2][0]
    assert read_file(prompt, slug="tickets").facts["tags"] == ["support"]
    (tmp_path / "burnish.yaml").write_text(gate)
    [test] = read_config(tmp_path / "burnish.yaml").tests
    assert (test.min_accuracy, test.baseline) == (0.8, "production")
    (tmp_path / "burnish.yaml").write_text(shown[2][1])
    [test] = read_config(tmp_path / "burnish.yaml").tests
    assert [(one.evaluator, one.min_score) for one in test.evaluators] == [("polite", 0.8)]
    assert "jobs" in yaml.safe_load(shown[2][2])
