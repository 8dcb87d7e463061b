"""Categories of compared runs are named after trimming; the SQL that looks for the items of one must trim alike (D3)."""

import sys

import pytest

from burnish_gateway.optimization.compare_runs_store import BLANKS

pytestmark = pytest.mark.capability("D3")


def test_what_python_strips_is_what_the_search_strips() -> None:
    assert set(BLANKS) == {one for one in map(chr, range(sys.maxunicode + 1)) if not one.strip()}
