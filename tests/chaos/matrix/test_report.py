"""The report says what was played and what was not, and each row of the matrix has its test."""

import re
from pathlib import Path

from tests.chaos.matrix.report import Played, facts_of, markdown
from tests.chaos.matrix.rows import REST, ROWS


def test_what_was_not_played_is_not_passed_over() -> None:
    played = [
        Played(1, "passed", 12.4, ["4 killed"], "2026-11-21 04:00", 7, "abc1234", 2.4),
        Played(2, "failed", 3.0, []),
        Played(3, "skipped", 0.0, ["no time is left"]),
    ]
    text = markdown(played, facts={"seed": "7"})
    lines = {line.split(" | ")[0].lstrip("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert "✓ right | 4 killed | 2026-11-21 04:00, 7, 12 s, abc1234 |" in lines["1"] and "✗ wrong" in lines["2"]
    assert "– not played" in lines["3"] and "no time is left" in lines["3"] and "– not played" in lines["4"]
    assert "- seed: 7" in text and f"2 of {len(ROWS)} played, 1 wrong." in text


def test_the_head_says_what_each_part_was_played_with() -> None:
    played = [Played(1, "passed", 12.4, [], "", 7, load=2.4), Played(2, "failed", 3.0, [], "", 9, load=11.6), Played(3, "skipped", 0.0, [])]
    facts = facts_of(played, machine="2 cores", now=played[:1])
    assert facts["machine"] == "2 cores, load 2 to 12 meanwhile" and facts["seeds"] == "7, 9"
    assert facts["put together"].startswith("1 rows of the last run, 2 of runs before it")
    assert "put together" not in facts_of(played, machine="2 cores", now=played)


def test_every_row_is_played_by_one_test() -> None:
    texts = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    played = [REST if row == "REST" else int(row) for row in re.findall(r"mark\.fault\((\d+|REST)\)", texts)]
    assert sorted(played) == sorted(ROWS)
