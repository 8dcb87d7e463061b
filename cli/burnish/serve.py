"""Runs one service in this process: `python -m burnish.serve SERVICE`, which `burnish serve SERVICE` and the launcher use.

The launcher names its home behind that, by which it knows its processes again.
"""

import os
import signal
import sys
from collections.abc import MutableMapping
from importlib import import_module
from typing import Any

from burnish.launcher.services import service_named


def serve(name: str) -> None:
    """Returns when the service was told to stop and has stopped. Raises KeyError for an unknown name."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    module = import_module(service_named(name).module)
    take_port(name, os.environ)
    from burnish_shared.process import run_service

    run_service(module.main, service=name)


def _leave(*_: Any) -> None:
    """Told to stop before it began: nothing is held yet, and imports, which take seconds, are no place to raise in. The service itself
    listens otherwise once it runs."""
    os._exit(0)


def take_port(name: str, environment: MutableMapping[str, str]) -> None:
    """On Cloud Run the platform says by PORT where it wants an answer: of the gateway its API, of the others their health.

    https://cloud.google.com/run/docs/container-contract (K_SERVICE tells that it is there). What was set by our own names counts more.
    """
    if "K_SERVICE" in environment and (port := environment.get("PORT")):
        kind = "" if service_named(name).listens else "METRICS_"
        environment.setdefault(f"BURNISH_{kind}PORT", port)
        environment.setdefault(f"BURNISH_{kind}HOST", "0.0.0.0")  # noqa: S104 - the platform stands before it


if __name__ == "__main__":
    serve(sys.argv[1])
