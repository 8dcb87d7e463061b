"""The report, and what of it must not be."""

import datetime
import os
import platform
import subprocess
from dataclasses import dataclass
from typing import Any

from benchmarks.webhooks.drain import Drained
from benchmarks.webhooks.installation import HEALTHY, OTHERS
from benchmarks.webhooks.pace import Pace

RATIO_MOST = 1.1
GROWS_MOST_MIB = 16.0
"""Of the peak in the last third of a drain over that in the first: noise of the allocator, not a backlog that is kept in memory."""


@dataclass(frozen=True, slots=True)
class Found:
    """`rounds`: healthy endpoints alone, and beside one that hangs and one that fails."""

    rounds: list[tuple[Pace, Pace]]
    drained: list[Drained]

    @property
    def halves(self) -> tuple[Pace, Pace]:
        """All rounds together."""
        return Pace.of_all([alone for alone, _ in self.rounds]), Pace.of_all([troubled for _, troubled in self.rounds])

    @property
    def ratios(self) -> list[float]:
        return sorted(troubled.p95_ms / alone.p95_ms for alone, troubled in self.rounds)


def report_of(found: Found, options: Any, *, load: float, is_quiet: bool) -> tuple[str, list[str]]:
    """The report in Markdown, and what is wrong. The ratio is judged on a quiet machine only: elsewhere it says more of its neighbours."""
    alone, troubled = found.halves
    ratio = troubled.p95_ms / alone.p95_ms
    wrong = [f"the healthy endpoints' p95 is {ratio:.2f} times that without the others"] if is_quiet and ratio > RATIO_MOST else []
    for one in found.drained:
        if one.lost or not one.is_complete:
            wrong.append(f"{one.lost} of {one.deliveries} deliveries are missing, or an id came to two endpoints")
        if one.late_mib - one.early_mib > GROWS_MOST_MIB:
            wrong.append(f"memory grew from {one.early_mib:.0f} to {one.late_mib:.0f} MiB while {one.deliveries} deliveries drained")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    judged = f"wanted: at most {RATIO_MOST}" if is_quiet else "not judged: the machine was busy before"
    arguments = f"--per-second {options.per_second:g} --seconds {options.seconds:g} --rounds {options.rounds} --drain {options.drain}"
    lines = [
        "# Webhooks",
        "",
        f"{datetime.datetime.now(datetime.UTC).date()}, commit {commit}, {platform.machine()}, {os.cpu_count()} cores shared with receiver and "
        f"database, Python {platform.python_version()}, load average {load:.1f} before and {os.getloadavg()[0]:.1f} at the end. Two processes, "
        f'two workspaces. Command: `make bench-webhooks ARGS="{arguments}"`.',
        "",
        f"From the event in the outbox to its arrival, {options.per_second:g} events a second, each at any time of its "
        f"period, to {HEALTHY} healthy endpoints:",
        "",
        "| | p50 ms | p95 ms | deliveries |",
        "|---|---|---|---|",
        *_paces(found),
        "",
        f"{len(found.rounds)} rounds together, in turns. p95 is {ratio:.2f} times that without them "
        f"(of single rounds: {', '.join(f'{one:.2f}' for one in found.ratios)}; {judged}).",
        "",
        "| due at once | deliveries/s | seconds | CPU-ms each | MiB idle, peak of the first and of the last third | lost | repeats |"
        f" p95 of another workspace's {OTHERS} endpoints meanwhile, ms |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(one) for one in found.drained),
        "",
        "Repeats carry the same id. Memory is sampled twice a second, of the process that is not killed; CPU is that of both.",
        "",
    ]
    return "\n".join(lines), wrong


def _paces(found: Found) -> list[str]:
    names = ("healthy endpoints alone", "beside one that hangs and one that fails")
    return [
        f"| {name} | {half.p50_ms:.0f} | {half.p95_ms:.0f} | {len(half.took_ms)} |" for name, half in zip(names, found.halves, strict=True)
    ]


def _row(one: Drained) -> str:
    cpu = "–" if one.cpu_ms is None else f"{one.cpu_ms:.2f}"
    return (
        f"| {one.deliveries}{', one process killed on the way' if one.is_killed else ''} | {one.deliveries / one.seconds:.0f} | {one.seconds:.1f} | "
        f"{cpu} | {one.before_mib:.0f}, {one.early_mib:.0f}, {one.late_mib:.0f} | {one.lost or 'none'} | {one.repeats} | {one.others.p95_ms:.0f} |"
    )
