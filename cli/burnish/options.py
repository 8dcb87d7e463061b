"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer


def named(text: str) -> Path:
    """The path that somebody gave. An empty one, as of a variable that is not set, would be the folder they stand in: BadParameter."""
    if not text:
        raise typer.BadParameter("an empty name is no folder; `.` is the one you are in.")
    return Path(text)


HomeOption = Annotated[
    Path | None,
    typer.Option("--home", parser=named, metavar="PATH", help="Folder of the installation.  [default: $BURNISH_HOME or ~/.burnish]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, everything else on standard error.")]
