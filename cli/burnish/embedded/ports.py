"""Finding a port that is free."""

import socket
from typing import Final

TRIES: Final = 200


def free_port(wanted: int, *, taken: frozenset[int] = frozenset()) -> int:
    """`wanted`, or the next port above it that nobody listens on over loopback. `taken` are left out: promised to others already.

    Probed with SO_REUSEADDR, else ports of connections just closed look busy and each restart climbs higher. Raises OSError when
    none of the next 200 is free.
    """
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if port not in taken and _is_free(port):
            return port
    raise OSError(f"no free port from {wanted} to {wanted + TRIES}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
