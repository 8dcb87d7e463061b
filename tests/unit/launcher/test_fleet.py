"""Services that cannot start at all: the launcher says why at once, and does not try again what nothing has changed about."""

from pathlib import Path

import pytest

from burnish.embedded.child import StartFailed
from burnish.launcher.environment import Surroundings
from burnish.launcher.fleet import Fleet
from burnish.launcher.home import Home
from burnish.launcher.passwords import Secrets
from burnish.launcher.ports import Ports
from burnish.launcher.services import SERVICES
from burnish.launcher.supervisor import Supervisor


async def test_a_service_whose_environment_is_wrong_is_told_after_its_first_end(tmp_path: Path) -> None:
    home, said = Home(tmp_path), list[str]()
    home.logs.mkdir()
    supervisor = Supervisor(changed=lambda: None, say=said.append)
    only = {one.name: int(one.name == "analytics") for one in SERVICES}
    fleet = Fleet(home, replicas=only, ports=Ports({}, say=said.append), supervisor=supervisor)
    around = Surroundings(
        secrets=Secrets(kek="k", seed="s", instance="abc123"), database_urls={"analytics": "none"}, nats_urls={"analytics": "nats://127.0.0.1:1"},
        public_port=1, listen_fd=None, simulator_port=1,
    )  # fmt: skip
    try:
        with pytest.RaisesGroup(
            pytest.RaisesExc(StartFailed, match="analytics does not start: The environment is not right. .*DATABASE_URL")
        ):
            await fleet.start(around)
        assert supervisor.restarts()["analytics"] <= 1
    finally:
        await fleet.stop()
