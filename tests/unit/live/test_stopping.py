"""A gateway that stops ends every live stream, and a page that asks anew at once is sent elsewhere."""

from typing import cast
from uuid import UUID

import pytest

from burnish_gateway.live.hub import LiveHub
from burnish_shared.bus.connect import Bus
from burnish_shared.clock import SystemClock
from burnish_shared.errors import Unavailable

WORKSPACE = UUID(int=1)


def test_who_listens_is_let_go_and_nobody_else_comes_in() -> None:
    hub = LiveHub(cast(Bus, None), SystemClock())
    with hub.listening(WORKSPACE) as before:
        assert before.ended is None
        hub.stop()
        assert before.ended == "stopping" and before.woken.is_set()
    with pytest.raises(Unavailable, match="connect again"), hub.listening(WORKSPACE):
        pass
