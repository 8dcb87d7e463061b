"""Whether the code that lies here would start: tried beside what runs, before that is stopped. It could not be brought back afterwards,
for its code is gone.

As far as a start goes without reaching for a server: every service is imported and reads its settings, and every migration is read.
"""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import Final

from burnish.launcher.home import Home
from burnish.launcher.services import SERVICES, is_installed

PATIENCE_S: Final = 600.0
LAST_LINES: Final = 15


def why_it_would_not_start(home: Home, *, names: Collection[str]) -> str | None:
    """What ends the start of one of the services `names`, in its words; None where all would start. In a process of its own."""
    command = (sys.executable, "-P", "-m", "burnish.launcher.rehearsal", str(home.path), json.dumps(sorted(names)))
    try:
        ended = subprocess.run(  # noqa: S603
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"it was not loaded within {PATIENCE_S:.0f} s"
    said = (ended.stderr or ended.stdout).strip().splitlines()[-LAST_LINES:]
    return ("\n".join(said) or f"loading it ended with code {ended.returncode}") if ended.returncode else None


def main() -> None:
    """Ends with what stops the start, if anything does."""
    from burnish.embedded.child import StartFailed
    from burnish_shared.refusal import StartRefused

    home, names = Home(Path(sys.argv[1])), json.loads(sys.argv[2])
    what = "Burnish"
    try:
        import_module("burnish.launcher.launch")  # Who starts them comes from the same code.
        for what in names:
            _rehearse(home, what)
        what = "the database"
        from burnish_shared.db.migrate import read_migrations

        read_migrations()
    except (StartRefused, StartFailed) as refusal:
        raise SystemExit(f"{what} does not start: {refusal}") from None


def _rehearse(home: Home, name: str) -> None:
    """In the environment that the launcher would give it, save where the servers are."""
    from burnish.launcher.environment import Surroundings, service_environment
    from burnish.launcher.passwords import load_secrets

    [service] = [one for one in SERVICES if one.name == name]
    if not is_installed(service):
        return
    inherited = dict(os.environ)
    nowhere = {one.name: f"postgresql://{one.name}@127.0.0.1/burnish" for one in SERVICES}
    bus = {one.name: f"nats://{one.name}@127.0.0.1" for one in SERVICES}
    around = Surroundings(load_secrets(home), nowhere, bus, public_port=8080, listen_fd=None, simulator_port=8081)
    environment = service_environment(service, number=1, metrics_port=8082, around=around, inherited=inherited)
    os.environ.clear()
    os.environ.update(environment)
    try:
        import_module(service.module).rehearse()
    finally:
        os.environ.clear()
        os.environ.update(inherited)


if __name__ == "__main__":
    main()
