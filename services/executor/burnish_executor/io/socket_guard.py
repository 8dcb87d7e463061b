"""The egress guard for a process whose libraries open connections by themselves: every connect is judged by the address that is dialled.

An audit hook (PEP 578) sees each connect of Python's sockets, after names were resolved, and cannot be taken away again.
"""

import socket
import sys
from typing import Any, Final

from burnish_shared.egress import EgressPolicy, Verdict

CONNECT: Final = "socket.connect"

NO_NETWORK: Final = frozenset({socket.AF_UNIX})


def guard_sockets(egress_allow: str) -> None:
    """From here on this process reaches public addresses and the networks of `BURNISH_EGRESS_ALLOW`, and nothing else, for good.

    Raises ValueError for what is no network.
    """
    policy = EgressPolicy.parse(egress_allow)

    def judge(event: str, arguments: tuple[Any, ...]) -> None:
        if event != CONNECT:
            return
        opened, address = arguments
        if opened.family in NO_NETWORK:
            return
        if policy.judge(str(address[0])) is Verdict.DENIED:
            raise ConnectionRefusedError("This address is not public; the operator can open networks by BURNISH_EGRESS_ALLOW.")

    sys.addaudithook(judge)
