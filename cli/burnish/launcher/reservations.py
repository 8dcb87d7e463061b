"""Ports promised to processes that have not bound them yet, known to all launchers of this machine."""

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path


class Reservations:
    """One lock file for each promised port, held until `release` or the end of this process.

    Between our look at a port and the bind of a process that is only starting lie seconds; another installation that starts
    meanwhile would choose the same one, and its process would answer for ours.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or _shared_folder()
        self._held: dict[int, int] = {}

    def take(self, port: int) -> bool:
        """False when another launcher has promised `port`. Where no lock can be kept, nobody has."""
        if port in self._held:
            return True
        if self._folder is None:
            return True
        try:
            descriptor = self._open(port, self._folder)
        except OSError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._held[port] = descriptor
        return True

    def give_back(self, port: int) -> None:
        """Safe for a port that is not held."""
        if (descriptor := self._held.pop(port, None)) is not None:
            os.close(descriptor)

    @staticmethod
    def _open(port: int, folder: Path) -> int:
        """Readable is enough for a lock, so that users need not own one another's files."""
        with suppress(FileExistsError):
            folder.mkdir(mode=0o777)
            folder.chmod(0o1777)
        path = folder / str(port)
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _shared_folder() -> Path | None:
    """None where there is no folder for temporary files that could be written."""
    try:
        return Path(tempfile.gettempdir()) / "burnish-ports"
    except FileNotFoundError:
        return None
