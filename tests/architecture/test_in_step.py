"""What looks every so often rests until the moments that all looks of its process share (docs/decisions/0127)."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

RESTS = re.compile(r"(?:within_s=|timeout=|asyncio\.sleep\(|asyncio\.timeout\()(?:[\w.]*interval_s|self\._poll_s|POLL_S)\b")
"""A rest of a round that is as long as its interval, and begins whenever the round before ended."""


def test_every_loop_that_looks_by_the_clock_rests_in_step() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, rest.start()) + 1}"
        for package in (*ROOT.glob("services/*/burnish_*"), ROOT / "shared/burnish_shared")
        for path in package.rglob("*.py")
        for text in (path.read_text(),)
        for rest in RESTS.finditer(text)
    }
    assert not found, "rests that come at moments of their own: each wakes the process once more"
