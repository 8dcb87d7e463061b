"""`burnish doctor`: does everything run and answer, and are the books right."""

import asyncio
import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from burnish.launcher.files import read_json
from burnish.launcher.home import Home
from burnish.launcher.probe import answers_ready
from burnish.launcher.state import State, present_state


def examine(home: Home, *, with_audit: bool, journal: Path | None, as_json: bool) -> int:
    """Prints what it finds; 0 only when nothing is wrong."""
    state, connection = present_state(home), read_json(home.connection)
    if state.state != "ready" or not isinstance(connection, dict):
        print(f"Burnish is {state.state} in {home.path}; start it with `burnish up --detach`.", file=sys.stderr)
        return 1
    if with_audit:
        return _audit(connection, journal=journal, as_json=as_json)
    findings = asyncio.run(look_around(state))
    if as_json:
        print(json.dumps({"healthy": not findings, "findings": findings, "restarts": state.restarts}))
    else:
        for finding in findings or ["Everything runs and answers."]:
            print(finding)
    return 1 if findings else 0


async def look_around(state: State) -> list[str]:
    """What is wrong with the processes, one sentence each."""
    findings = [f"{name} is not part of this installation." for name in state.missing]
    for name, url in state.metrics.items():
        if name not in state.pids:
            findings.append(f"{name} does not run; see `burnish logs {name}`.")
        elif not await answers_ready(urlsplit(url).port or 0):
            findings.append(f"{name} runs (pid {state.pids[name]}) and is not ready; see `burnish logs {name}`.")
    return findings


def _audit(connection: dict[str, Any], *, journal: Path | None, as_json: bool) -> int:
    if find_spec("burnish.audit") is None:
        print("The audit is not part of this installation yet.", file=sys.stderr)
        return 1
    return int(import_module("burnish.audit").run(connection, journal=journal, as_json=as_json))
