"""`burnish up --detach` after an update of the code (burnish/launcher/up.py): what it stops, and how many processes it starts."""

from pathlib import Path

import pytest

from burnish.launcher import up
from burnish.launcher.home import Home
from burnish.launcher.launch import Options
from burnish.launcher.services import NAMES
from burnish.launcher.state import State

pytestmark = pytest.mark.capability("I2")

OPTIONS = Options(port=None, replicas={})


def test_what_somebody_else_started_again_meanwhile_is_not_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two updates at once: both look whether the code starts, and the slower one must leave alone what the faster one started."""
    stopped: list[Home] = []
    present = State(state="ready", pid=7, build="of the code from before")

    def rehearse(*_: object, **__: object) -> None:
        nonlocal present
        present = State(state="starting", pid=8)

    monkeypatch.setattr(up, "why_it_would_not_start", rehearse)
    monkeypatch.setattr(up, "present_state", lambda _: present)
    monkeypatch.setattr(up, "down", stopped.append)
    assert up._make_way(Home(tmp_path), OPTIONS, before=present)
    assert stopped == []
    assert up._make_way(Home(tmp_path), OPTIONS, before=State(state="ready", pid=8)) and len(stopped) == 1


def test_services_that_were_left_out_stay_so_also_where_the_code_from_before_did_not_write_it_down() -> None:
    some = {"gateway": 2, "executor": 1}
    others = dict.fromkeys(set(NAMES) - set(some), 0)
    assert up._as_before(State(replicas=some, missing=["simulator"])) == some | {name: 0 for name in others if name != "simulator"}
    assert up._as_before(State(replicas=some, left_out=["simulator"])) == some | {"simulator": 0}, "the others are new"
    assert up._as_before(State(replicas=some, left_out=[])) == some
