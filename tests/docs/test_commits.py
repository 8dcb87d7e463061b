"""Every commit that a page of figures names is one of this history: whoever doubts a figure can go there and measure again."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "benchmarks/results").glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMED = re.compile(r"\bcommits? `?([0-9a-f]{7,40})\b|, ([0-9a-f]{7,40})\+? \|$", re.MULTILINE)
"""After the word, or as the last entry of a row of the fault report (a + says that there were changes). Other hexadecimal text is an id."""


def git(*words: str, said: str = "") -> str:
    return subprocess.run(["git", *words], cwd=ROOT, input=said, capture_output=True, text=True, check=False).stdout


def commits(text: str) -> set[str]:
    return {one or other for one, other in NAMED.findall(text)}


def test_commits_are_told_from_other_hexadecimal_text() -> None:
    row = "| 1 | x | 2026-11-21 13:10, 1795266206, 92 s, acfc526a+ |\n"
    text = f"at commit 0123abc, of commits `89abcdef01` and\n{row}| `01a1f8cf` | ed25519 | deadbeef |\n"
    assert commits(text) == {"0123abc", "89abcdef01", "acfc526a"}


@pytest.mark.skipif(
    shutil.which("git") is None or git("rev-parse", "--is-shallow-repository").strip() != "false",
    reason="no history here: no git, no clone, or a shallow one",
)
def test_every_commit_that_is_named_is_in_the_history() -> None:
    named = {commit: path for path in PAGES for commit in commits(path.read_text())}
    assert len(named) > 3
    kinds = git("cat-file", "--batch-check=%(objecttype)", said="\n".join(named)).splitlines()
    missing = {f"{path.relative_to(ROOT)}: {commit}" for (commit, path), kind in zip(named.items(), kinds, strict=True) if kind != "commit"}
    assert not missing
    history = set(git("rev-list", "HEAD").split())
    assert not [commit for commit in named if not any(one.startswith(commit) for one in history)]
