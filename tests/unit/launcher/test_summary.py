"""What is printed when everything runs: lines that can be typed as they stand."""

from pathlib import Path
from typing import Any

import pytest

from burnish.launcher.home import Home, find_home
from burnish.launcher.summary import _text

CONNECTION: dict[str, Any] = {
    "url": "http://127.0.0.1:18880", "api_key": "bk_live_x", "workspace_id": "w", "admin": {"email": "a@b.c", "password": None},
}  # fmt: skip


@pytest.mark.parametrize("level", ["1", ""])
def test_the_lines_at_the_end_act_on_the_home_that_was_started(level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKELEVEL", level)
    last = _text(CONNECTION, home=Home(tmp_path)).splitlines()[-1]
    assert last.count("--home") == last.count(str(tmp_path)) == (2 if level else 3)


def test_the_usual_home_needs_no_naming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKELEVEL", "1")
    assert _text(CONNECTION, home=find_home()).splitlines()[-1].strip() == "make logs   make down"
