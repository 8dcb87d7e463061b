"""What an operator's command works on: the deployment that the environment names, or the installation that runs in the home."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from burnish.embedded.child import StartFailed
from burnish.launcher.home import Home
from burnish.launcher.passwords import environment_keyring, is_named_by_environment, load_secrets
from burnish.launcher.state import running_connection

if TYPE_CHECKING:
    from burnish_shared.auth.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Operated:
    """`database_url` is the operator's own login. `is_home`: the installation keeps its keys in the home. `url`: where the gateway of the
    home is reached, '' for a deployment."""

    database_url: str
    keyring: "Keyring"
    is_home: bool
    url: str = ""


def find_operated(home: Home, environment: Mapping[str, str] = os.environ) -> Operated:
    """DATABASE_URL with the keys that the environment names; without either, what runs in the home. Raises StartFailed or StartRefused."""
    url = environment.get("DATABASE_URL")
    keeps_keys = not is_named_by_environment(environment)
    if url and not keeps_keys:
        return Operated(url, environment_keyring(environment), is_home=False)
    connection = running_connection(home)
    if connection is None:
        raise StartFailed(f"Nothing runs in {home.path}. Start it with `burnish up --detach`, or name another home with --home.")
    return Operated(connection["database_url"], load_secrets(home, environment).keyring(), is_home=keeps_keys, url=connection["url"])
