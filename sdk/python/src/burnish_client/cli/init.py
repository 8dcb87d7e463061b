"""`burnish init`: a project that works at once, with a model that needs no key."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

import typer

from burnish_client.cli.access import WRONG_USE, stop

FILES: Final = {
    "README.md": "README.md",
    "burnish.yaml": "burnish.yaml",
    "app.py": "app.py",
    "prompts/tickets.yaml": "prompts/tickets.yaml",
    "tests/tickets.jsonl": "tests/tickets.jsonl",
    ".gitignore": "gitignore",
    ".github/workflows/prompts.yml": "workflow.yml",
}
"""Where each goes, and its name in the package."""


def init(
    folder: Annotated[Path, typer.Argument(help="Where to.")] = Path(),
    github: Annotated[bool, typer.Option("--github/--no-github", help="Also a workflow that runs the test gate on every change.")] = True,
) -> None:
    """Write a starter project: a prompt as a file, cases to measure it with, a small program, and a workflow.

    Files that are there already stay as they are.
    """
    source = files("burnish_client.cli") / "starter"
    if folder.exists() and not folder.is_dir():
        stop(f"{folder} is no folder.", code=WRONG_USE)
    for target, name in FILES.items():
        path = folder / target
        if target.startswith(".github/") and not github:
            continue
        if path.exists():
            print(f"  stays  {path}")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((source / name).read_text("utf-8"), "utf-8")
        print(f"  new    {path}")
    print("\nNext: burnish prompts push, then burnish run tickets -v ticket='Where is my parcel?', then burnish test. README.md says more.")
