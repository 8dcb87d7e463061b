"""Ports for servers of tests, which no other worker and no installation of this machine takes meanwhile."""

import os
from typing import Final

from burnish.embedded.ports import free_port
from burnish.launcher.reservations import Reservations

FIRST_PORT: Final = 20_000 + os.getpid() % 50 * 200
"""Installations and outgoing connections have theirs elsewhere."""

_PROMISED: Final = Reservations()
_given: set[int] = set()


def own_port() -> int:
    """A free port that was promised to nobody, here or elsewhere; ours until this process ends.

    Workers look for ports at the same time, and begin with neighbours, as their process ids are. Between this and the bind of a server
    that is only starting lies a second.
    """
    port = free_port(FIRST_PORT, taken=frozenset(_given))
    while not _PROMISED.take(port):
        port = free_port(port + 1, taken=frozenset(_given))
    _given.add(port)
    return port
