"""Options that several commands take."""

from pathlib import Path
from typing import Annotated, Final

import typer

NAME_MOST: Final = 200
"""Characters of a name that is stored."""


def named(text: str) -> Path:
    """The path that somebody gave. An empty one, as of a variable that is not set, would be the folder they stand in: BadParameter."""
    if not text:
        raise typer.BadParameter("an empty name is no folder; `.` is the one you are in.")
    return Path(text)


def whole_name(given: str) -> str:
    """A name as it is stored, without space around. For an option's `callback`. Raises BadParameter for one that is none."""
    name = given.strip()
    if not 1 <= len(name) <= NAME_MOST:
        raise typer.BadParameter(f"must have 1 to {NAME_MOST} characters")
    return _text(name)


def name_or_none(given: str) -> str:
    """The same where it may be empty."""
    return whole_name(given) if given.strip() else ""


def _text(given: str) -> str:
    """Bytes of a command line that are no UTF-8 arrive as halves of characters, which nobody stores."""
    if any("\ud800" <= one <= "\udfff" for one in given):
        raise typer.BadParameter("is no text in UTF-8")
    return given


HomeOption = Annotated[
    Path | None,
    typer.Option("--home", parser=named, metavar="PATH", help="Folder of the installation.  [default: $BURNISH_HOME or ~/.burnish]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, everything else on standard error.")]
