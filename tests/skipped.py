"""What a run did not check: why tests were skipped and in which files, a line for each reason, in the file that BURNISH_SKIPPED names.

`.ci/run` shows these lines at its end, so that a green run on a machine without Prometheus is not taken for one that asked it.
"""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

BY_DESIGN = ("LiteLLM ", "the format ", "the fault takes ", "the full run alone", "BURNISH_SOAK_MINUTES ")
"""How reasons begin that no machine could mend: a case of a table that does not apply, or a run that another target makes."""

Report = pytest.TestReport | pytest.CollectReport


def lines(reports: Iterable[Report]) -> list[str]:
    """One for each reason, with the files of its tests."""
    files: dict[str, Counter[str]] = {}
    for nodeid, report in {report.nodeid: report for report in reports}.items():
        told = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")
        reason = " ".join(told.split())
        if not reason.startswith(BY_DESIGN):
            files.setdefault(reason, Counter())[nodeid.partition("::")[0]] += 1
    return [f"{', '.join(f'{file} ({count})' for file, count in sorted(of.items()))}: {reason}" for reason, of in sorted(files.items())]


def write_down(reports: Iterable[Report]) -> None:
    """Behind what is there already: several runs share one file."""
    if path := os.environ.get("BURNISH_SKIPPED"):
        with Path(path).open("a") as file:
            file.writelines(f"{line}\n" for line in lines(reports))
