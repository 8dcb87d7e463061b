"""`burnish doctor`: does everything run and answer, and are the books right."""

import asyncio
import json
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from burnish.launcher.home import Home
from burnish.launcher.probe import answers_ready
from burnish.launcher.state import State, present_state, running_connection


def examine(home: Home, *, with_audit: bool, journal: Path | None, as_json: bool) -> int:
    """Prints what it finds; 0 only when nothing is wrong."""
    from burnish import audit

    deployment = {"database_url": os.environ.get("DATABASE_URL"), "nats_url": os.environ.get("NATS_URL")}
    if with_audit and all(deployment.values()):
        return audit.run(deployment, journal=journal, as_json=as_json)
    connection = running_connection(home)
    if connection is None:
        print(f"Nothing is ready in {home.path}; start it with `burnish up --detach`.", file=sys.stderr)
        return 1
    if with_audit:
        return audit.run(connection, journal=journal, as_json=as_json)
    state = present_state(home)
    findings = asyncio.run(look_around(state))
    if as_json:
        print(json.dumps({"healthy": not findings, "findings": findings, "restarts": state.restarts}))
    else:
        print("\n".join(findings) or "Everything runs and answers.")
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
