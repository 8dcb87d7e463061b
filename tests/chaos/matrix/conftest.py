"""The order of the rows, the time that they have together, and their report.

BURNISH_CHAOS_LONG_S bounds the run, BURNISH_CHAOS_SEED repeats one, BURNISH_FAULT_REPORT names the file of the report.
BURNISH_FAULT_RESULTS, a file of JSON, puts runs of a part of the rows together: what it holds of other rows stands in the report with
its own time and seed.
"""

import json
import os
import platform
import random
import subprocess
import time
from collections.abc import Callable, Generator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.chaos.matrix.report import Played, facts_of, markdown
from tests.chaos.matrix.rows import REST, ROWS

LONG_S: Final = float(os.environ.get("BURNISH_CHAOS_LONG_S") or 3600)
SEED: Final = int(os.environ.get("BURNISH_CHAOS_SEED") or time.time())
AFTERWARDS_S: Final = 60.0
"""For the audit of what is played last."""

LEAST_S: Final = 45.0
"""A row is not begun with less time than this."""

_began_at = time.monotonic()
_played: list[Played] = []


def row_of(item: pytest.Item) -> int | None:
    mark = item.get_closest_marker("fault")
    return None if mark is None else int(mark.args[0])


def left_s() -> float:
    return LONG_S - (time.monotonic() - _began_at)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {row: place for place, row in enumerate(ROWS)}
    items.sort(key=lambda item: places.get(row_of(item) or 0, -1))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if row_of(item) is not None and left_s() < LEAST_S:
        pytest.skip(f"no time is left of {LONG_S:.0f} s")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    row = row_of(item)
    if row is not None and (report.when == "call" or report.outcome != "passed"):
        told = [str(value) for name, value in report.user_properties if name == "told"]
        if report.skipped:
            told.append(str(report.longrepr[2]).removeprefix("Skipped: "))
        at, load = f"{datetime.now(UTC):%Y-%m-%d %H:%M}", round(os.getloadavg()[0], 1)
        _played.append(Played(row, report.outcome, report.duration, told, at, SEED, commit(), load))
    return report


def commit() -> str:
    """What is played: the commit of this checkout, with a mark where files differ from it; empty where there is no history."""
    run = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return run.stdout.strip()


def pytest_sessionfinish() -> None:
    path = os.environ.get("BURNISH_FAULT_REPORT")
    if not path or not _played:
        return
    now = {one.row: one for one in _played}
    played = {one.row: one for one in _before()} | now
    if kept := os.environ.get("BURNISH_FAULT_RESULTS"):
        Path(kept).write_text(json.dumps([asdict(one) for one in played.values()], indent=1))
    machine = f"{os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"
    rows = list(played.values())
    Path(path).write_text(markdown(rows, facts=facts_of(rows, machine=machine, now=list(now.values()))))


def _before() -> list[Played]:
    """What runs before this one came to."""
    kept = Path(os.environ.get("BURNISH_FAULT_RESULTS") or os.devnull)
    text = kept.read_text() if kept.exists() else ""
    return [Played(**one) for one in json.loads(text or "[]")]


@pytest.fixture
def seed() -> int:
    """Of this run."""
    return SEED


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """The same for a row in every run with this seed, whatever was played before it."""
    row = row_of(request.node)
    return random.Random(SEED * 100 + (row or 0))


@pytest.fixture
def tell(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Says something of the run, on the screen at once and in the report."""

    def say(text: str) -> None:
        request.node.user_properties.append(("told", text))
        with capsys.disabled():
            print(f"\n  [row {row_of(request.node)}, seed {SEED}] {text}", flush=True)

    return say


@pytest.fixture
def rest_s() -> float:
    """How long the last row may play."""
    return max(LEAST_S, left_s() - AFTERWARDS_S) if REST in ROWS else 0.0
