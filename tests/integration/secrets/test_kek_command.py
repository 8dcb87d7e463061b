"""An operator changes the key-encryption key of an installation by `burnish kek`, and is told where a start is refused."""

import base64
import json
import os
from collections.abc import Callable

import pytest

from tests.embedded.installation import SERVERS_ONLY, Installation


@pytest.mark.promise("S-03", "S-04")
def test_a_key_is_changed_in_three_commands_and_every_secret_goes_on(start_installation: Callable[..., Installation]) -> None:
    installation = start_installation(replicas=SERVERS_ONLY)
    key = installation.connection["api_key"]
    assert installation.run("kek", "new").returncode == 0
    assert installation.run("kek", "new").returncode != 0, "a second key would lose the first"
    refused = installation.run("kek", "rotate")
    assert refused.returncode != 0 and "were started before" in refused.stderr

    installation.down()
    assert installation.up(replicas=SERVERS_ONLY)["api_key"] == key, "the stored key is kept only where the pepper still opens"
    assert "burnish kek rotate" in installation.run("doctor").stdout
    rotated = installation.run("kek", "rotate", "--json")
    assert rotated.returncode == 0 and "can be removed now" in rotated.stderr, rotated.stderr
    assert json.loads(rotated.stdout)["complete"] is True
    assert "The old key is removed" in installation.run("kek", "forget").stdout
    assert "There is no old key" in installation.run("kek", "forget").stdout
    assert installation.run("doctor").returncode == 0
    installation.down()
    _refuses_another_key(installation)


def _refuses_another_key(installation: Installation) -> None:
    wrong = base64.b64encode(os.urandom(32)).decode()
    other = Installation(installation.home, environment={"BURNISH_KEK": wrong})
    started = other.run("up", "--detach", "--replicas", SERVERS_ONLY)
    assert started.returncode == 1
    assert (
        "not the key-encryption key of this database" in started.stderr
        and wrong not in started.stderr
        and "Traceback" not in started.stderr
    )
    assert "not the key-encryption key of this database" in other.run("doctor").stderr
    assert "32 bytes" in Installation(installation.home, environment={"BURNISH_KEK": "short"}).run("up", "--detach").stderr
