"""How servers say that a disk takes nothing more."""

import re
from typing import Final

NO_ROOM: Final = re.compile(r"no space left on device|wrote only \d+ of \d+ bytes|check free disk space", re.IGNORECASE)
"""The first is said by the system, and so by nats-server; PostgreSQL says the others of a write that was taken in part."""


def is_out_of_room(said: str) -> bool:
    """Whether lines of a log, or an error, tell of such a disk."""
    return NO_ROOM.search(said) is not None
