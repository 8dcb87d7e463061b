"""Whether the code that lies here would start (burnish/launcher/rehearsal.py): asked before what runs is stopped."""

from pathlib import Path

import pytest

from burnish.launcher.home import Home
from burnish.launcher.rehearsal import why_it_would_not_start
from burnish.launcher.services import NAMES

pytestmark = pytest.mark.capability("I2")


def test_this_code_would_start_and_nothing_is_left_of_the_trial(tmp_path: Path) -> None:
    assert why_it_would_not_start(Home(tmp_path), names=NAMES) is None
    assert {one.name for one in tmp_path.iterdir()} <= {"secrets.json"}


def test_a_setting_that_a_service_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_RELAY_WAIT_MS", "soon")
    reason = why_it_would_not_start(Home(tmp_path), names=["analytics"])
    assert reason is not None and reason.startswith("analytics does not start:") and "BURNISH_RELAY_WAIT_MS" in reason


def test_a_service_that_nobody_wants_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_RELAY_WAIT_MS", "soon")
    assert why_it_would_not_start(Home(tmp_path), names=["simulator"]) is None


def test_a_module_that_does_not_load_is_told_with_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, package = tmp_path / "home", tmp_path / "burnish_webhooks"
    home.mkdir()
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "app.py").write_text("<<<<<<< HEAD\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    reason = why_it_would_not_start(Home(home), names=["webhooks"])
    assert reason is not None and "SyntaxError" in reason and "burnish_webhooks/app.py" in reason
