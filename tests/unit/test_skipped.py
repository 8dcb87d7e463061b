"""What CI says at its end that it did not check."""

import pytest

from tests.skipped import lines


def skipped(nodeid: str, reason: str) -> pytest.TestReport:
    return pytest.TestReport(nodeid, (nodeid, 0, ""), {}, "skipped", (nodeid, 1, f"Skipped: {reason}"), "setup")


def test_each_reason_is_told_once_with_the_files_that_it_left_out() -> None:
    lacks = "promtool is not installed"
    reports = [skipped("a.py::one", lacks), skipped("a.py::two", lacks), skipped("b.py::one", lacks), skipped("b.py::one", lacks)]
    assert lines([*reports, skipped("c.py::one", "there is no Node here")]) == [
        "a.py (2), b.py (1): promtool is not installed",
        "c.py (1): there is no Node here",
    ]


def test_a_case_that_does_not_apply_is_nothing_left_out() -> None:
    assert lines([skipped("a.py::one", "the format has no embeddings")]) == []
