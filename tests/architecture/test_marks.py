"""Marks of tests name promises and capabilities that exist, and pages claim no promise that no test proves."""

import re

from tests.architecture.source import ROOT
from tests.snapshots.promises import CAPABILITIES, KINDS, marks, statements

CLAIM = re.compile(rf"\b([{''.join(KINDS)}]-\d\d)\b")


def test_promises_that_tests_claim_exist() -> None:
    assert not [(promise, test) for promise, test in marks("promise") if promise not in statements()]


def test_capabilities_that_tests_name_exist() -> None:
    assert not [(capability, test) for capability, test in marks("capability") if not CAPABILITIES.fullmatch(capability)]


def test_pages_claim_no_promise_without_a_test() -> None:
    proven = {promise for promise, _ in marks("promise")}
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "services").glob("*/README.md"), *(ROOT / "deploy").rglob("*.md")]
    claimed = {
        f"{page.relative_to(ROOT)}: {one}"
        for page in pages
        for one in CLAIM.findall(page.read_text().partition("## Not promised yet")[0])
        if one not in proven
    }
    assert not claimed, claimed


def test_faults_are_played_by_a_target_that_looks_where_they_are() -> None:
    """`make chaos` collects two folders, because to collect all tests takes it seconds; `make chaos-more` looks everywhere."""
    collected = (ROOT / "tests/chaos", ROOT / "tests/integration/operation")
    others = [path for path in (ROOT / "tests").rglob("test_*.py") if not any(path.is_relative_to(one) for one in collected)]
    faults = {path: path.read_text() for path in others if re.search(r"mark\.chaos\b", path.read_text())}
    assert len(faults) > 3
    assert not [str(path.relative_to(ROOT)) for path, text in faults.items() if "mark.chaos_more" not in text]


def test_statements_are_one_line_each_and_in_order() -> None:
    assert list(statements()) == sorted(statements(), key=lambda one: (list(KINDS).index(one[0]), one))
    assert all(statements().values())
