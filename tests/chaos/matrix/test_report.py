"""The report says what was played and what was not, and each row of the matrix has its test."""

import re
from pathlib import Path

from tests.chaos.matrix.report import Played, markdown
from tests.chaos.matrix.rows import REST, ROWS


def test_what_was_not_played_is_not_passed_over() -> None:
    played = [
        Played(1, "passed", 12.4, ["4 killed"], "2026-11-21 04:00", 7),
        Played(2, "failed", 3.0, []),
        Played(3, "skipped", 0.0, ["no time is left"]),
    ]
    text = markdown(played, facts={"seed": "7"})
    lines = {line.split(" | ")[0].lstrip("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert "✓ right | 4 killed | 2026-11-21 04:00, 7, 12 s |" in lines["1"] and "✗ wrong" in lines["2"]
    assert "– not played" in lines["3"] and "no time is left" in lines["3"] and "– not played" in lines["4"]
    assert "- seed: 7" in text and f"2 of {len(ROWS)} played, 1 wrong." in text


def test_every_row_is_played_by_one_test() -> None:
    texts = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    played = [REST if row == "REST" else int(row) for row in re.findall(r"mark\.fault\((\d+|REST)\)", texts)]
    assert sorted(played) == sorted(ROWS)
