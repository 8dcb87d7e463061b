"""`burnish doctor`: does everything run and answer, and are the books right."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from burnish.counted import counted
from burnish.embedded.child import StartFailed
from burnish.launcher.home import Home
from burnish.launcher.operated import find_operated
from burnish.launcher.passwords import is_named_by_environment
from burnish.launcher.probe import answers_ready
from burnish.launcher.state import State, present_state, running_connection


def examine(home: Home, *, with_audit: bool, journal: Path | None, as_json: bool) -> int:
    """Prints what it finds; 0 only when nothing is wrong. Raises StartFailed where the books of half a deployment are asked for."""
    from burnish import audit

    deployment = {"database_url": os.environ.get("DATABASE_URL"), "nats_url": os.environ.get("NATS_URL")}
    if with_audit and all(deployment.values()):
        return audit.run(deployment, journal=journal, as_json=as_json)
    if with_audit and deployment["database_url"] and deployment["database_url"] != (running_connection(home) or {}).get("database_url"):
        raise StartFailed("NATS_URL is missing; with DATABASE_URL both servers have to be named.")
    if not with_audit and deployment["database_url"] and is_named_by_environment():
        good = "The key-encryption key is the right one, and nothing lies under another."
        return _say(look_at_keys(home) + look_at_sandbox(), as_json=as_json, good=good)
    connection = running_connection(home)
    if connection is None:
        return _say_nothing_runs(home, as_json=as_json)
    if with_audit:
        return audit.run(connection, journal=journal, as_json=as_json)
    state = present_state(home)
    findings = asyncio.run(look_around(state)) + look_at_keys(home) + look_at_sandbox()
    return _say(findings, as_json=as_json, good="Everything runs and answers.", restarts=state.restarts)


def _say_nothing_runs(home: Home, *, as_json: bool) -> int:
    """Where it was to be seen, and why the last start failed; the exit code."""
    findings = [f"Nothing is ready in {home.path}; start it with `burnish up --detach`."]
    if error := present_state(home).error:
        findings.append(f"The last start failed: {error}")
    if as_json:
        return _say(findings, as_json=True, good="")
    print(*findings, sep="\n", file=sys.stderr)
    return 1


def _say(findings: list[str], *, as_json: bool, good: str, **facts: Any) -> int:
    """Prints them; the exit code."""
    print(json.dumps({"healthy": not findings, "findings": findings, **facts}) if as_json else "\n".join(findings) or good)
    return 1 if findings else 0


def look_at_keys(home: Home) -> list[str]:
    """What is wrong with the key-encryption key, one sentence each: another than the database's, or a rotation that was not ended."""
    from burnish.kek import left_under_other_keys
    from burnish_shared.errors import Unavailable
    from burnish_shared.refusal import StartRefused

    try:
        operated = find_operated(home)
        left = asyncio.run(left_under_other_keys(operated))
    except (StartFailed, StartRefused) as refusal:
        return [str(refusal)]
    except Unavailable as error:
        return [error.message]
    number = sum(sum(keys.values()) for keys in left.values())
    what = counted(number, "secret lies", "secrets lie")
    return [f"{what} under another key-encryption key than the current one; run `burnish kek rotate`."] if left else []


def look_at_sandbox() -> list[str]:
    """What is wrong with Daytona, one sentence; nothing where code runs here. It makes no sandbox. From this command's own environment."""
    from burnish_shared.refusal import StartRefused
    from burnish_shared.sandbox.daytona_api import why_not
    from burnish_shared.sandbox.settings import SandboxSettings
    from burnish_shared.settings import from_environment

    try:
        place = from_environment(SandboxSettings).daytona()
    except StartRefused as refusal:
        return [str(refusal)]
    found = None if place is None else asyncio.run(why_not(place))
    return [found] if found else []


async def look_around(state: State) -> list[str]:
    """What is wrong with the processes, one sentence each."""
    findings = [f"{name} is not part of this installation." for name in state.missing]
    for name, url in state.metrics.items():
        if name not in state.pids:
            findings.append(f"{name} does not run; see `burnish logs {name}`.")
        elif not await answers_ready(urlsplit(url).port or 0):
            findings.append(f"{name} runs (pid {state.pids[name]}) and is not ready; see `burnish logs {name}`.")
    return findings
