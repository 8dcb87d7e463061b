"""Runs one service in this process: `python -m burnish.serve SERVICE`, which `burnish serve SERVICE` and the launcher use."""

import sys
from importlib import import_module

from burnish.launcher.services import service_named


def serve(name: str) -> None:
    """Returns when the service was told to stop and has stopped. Raises KeyError for an unknown name."""
    module = import_module(service_named(name).module)
    from burnish_shared.process import run_service

    run_service(module.main, service=name)


if __name__ == "__main__":
    serve(sys.argv[1])
