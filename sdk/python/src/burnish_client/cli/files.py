"""Files that a command writes: whole, or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from burnish_client.cli.access import WRONG_USE, stop

STANDARD: Final = Path("-")
"""Standard output."""


def check_free(file: Path, *, force: bool) -> None:
    """Ends the command where a file of this name is there and may not be replaced."""
    if file != STANDARD and file.exists() and not force:
        stop(f"{file} is there already; choose another name, or say --force.", code=WRONG_USE)


def write_whole(file: Path, pieces: Iterable[bytes]) -> int:
    """Writes them beside the file and puts that in its place at the end; standard output gets them as they come. Returns how many bytes.

    What goes wrong with the pieces is raised, and then no file is there that was not before. Ends the command where none can be written.
    """
    if file == STANDARD:
        written = sum(sys.stdout.buffer.write(piece) for piece in pieces)
        sys.stdout.buffer.flush()
        return written
    beside = file.with_name(f".{file.name}.new")
    try:
        with beside.open("wb") as out:
            written = sum(out.write(piece) for piece in pieces)
        os.replace(beside, file)
    except OSError as fault:
        with suppress(OSError):
            beside.unlink()
        stop(f"{file} cannot be written: {fault.strerror}.", code=WRONG_USE)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    return written
