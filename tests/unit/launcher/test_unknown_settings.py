"""A mistyped setting is named, and none that means something."""

import re
from pathlib import Path

import pytest

from burnish.launcher import up
from burnish.launcher.environment import NOT_HANDED_DOWN
from burnish.launcher.home import Home
from burnish.launcher.launch import Options
from burnish.launcher.state import State
from burnish.launcher.unknown_settings import NOT_TAKEN, known_settings, unknown_settings


def test_a_mistyped_setting_is_named_with_the_one_that_is_meant() -> None:
    assert unknown_settings(["BURNISH_SWEEP_GRACE", "PATH"]) == [
        "BURNISH_SWEEP_GRACE is no setting of Burnish and changes nothing; is BURNISH_SWEEP_GRACE_S meant?"
    ]
    assert unknown_settings(["BURNISH_KEKK"])[0].endswith("is BURNISH_KEK meant?")
    for far in ("BURNISH_WHATEVER", "BURNISH_FOO"):
        assert unknown_settings([far]) == [f"{far} is no setting of Burnish and changes nothing"]


def test_settings_of_services_launcher_clients_and_tests_are_known() -> None:
    assert "BURNISH_SWEEP_GRACE_S" in known_settings() and "DATABASE_URL" in known_settings()
    named = [
        "BURNISH_HOME",
        "BURNISH_PROVIDER_KEY_ACME",
        "BURNISH_TEST_OPENAI_MODEL",
        *(known_settings() - NOT_TAKEN.keys()),
        *NOT_HANDED_DOWN,
    ]
    assert unknown_settings(named) == []


def test_every_name_that_the_documents_tell_is_known() -> None:
    root = Path(__file__).parents[3]
    pages = [root / "README.md", *(root / "docs").glob("*.md"), *(root / "docs" / "guides").glob("*.md"), *(root / "deploy").glob("*.md")]
    named = {name for page in pages for name in re.findall(r"\bBURNISH_[A-Z0-9_]*[A-Z0-9]\b", page.read_text())}
    assert len(named) > 50
    assert unknown_settings(named - NOT_TAKEN.keys()) == []


def test_a_setting_that_the_launcher_decides_is_not_passed_over_in_silence() -> None:
    [told] = unknown_settings({"BURNISH_HOST": "0.0.0.0"})
    assert told.startswith("BURNISH_HOST changes nothing here: `burnish up` listens on 127.0.0.1 alone")
    assert NOT_TAKEN.keys() <= known_settings()


@pytest.mark.parametrize(
    ("options", "is_told"),
    [(Options(port=None, replicas={}), False), (Options(port=7, replicas={"gateway": 1}), False), (Options(port=8, replicas={}), True),
     (Options(port=None, replicas={"gateway": 2}), True)],
)  # fmt: skip
def test_a_second_up_says_that_it_changes_nothing_of_what_it_was_asked_for(
    options: Options, is_told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running = State(state="ready", pid=7, ports={"gateway": 7}, replicas={"gateway": 1})
    monkeypatch.setattr(up, "present_state", lambda _: running)
    monkeypatch.setattr(up, "show_connection", lambda *_, **__: None)
    assert up.up_already(Home(tmp_path), options, as_json=False) == 0
    assert ("stay as they are" in capsys.readouterr().err) is is_told
