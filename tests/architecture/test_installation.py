"""What is installed: no hook that runs at every start, no package that we refuse, everything pinned by hash."""

import shutil
import site
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

KNOWN_HOOKS = {
    "_editable_impl_burnish.pth": "the folders of this repository",
    "_virtualenv.pth": "made by uv with the environment itself",
    "distutils-precedence.pth": "setuptools, where an environment has it",
    "a1_coverage.pth": "coverage, where somebody measures it",
}
"""A .pth file runs code at every start of the interpreter (which is how litellm 1.82.8 stole keys)."""

REFUSED = {
    "niquests": None,
    "urllib3-future": None,
    "litellm": {"1.82.7", "1.82.8"},
}
"""Package → refused versions; None: every one."""


def test_only_known_files_run_at_the_start_of_the_interpreter() -> None:
    found = {one.name for folder in site.getsitepackages() for one in Path(folder).glob("*.pth")}
    assert found <= set(KNOWN_HOOKS), found - set(KNOWN_HOOKS)


def test_our_own_hook_only_names_folders() -> None:
    for folder in site.getsitepackages():
        for one in Path(folder).glob("_editable_impl_burnish.pth"):
            lines = [line for line in one.read_text().splitlines() if line.strip()]
            assert lines and not [line for line in lines if line.startswith("import")]


def test_the_lock_holds_nothing_that_we_refuse() -> None:
    wrong = [
        f"{one['name']} {one.get('version')}"
        for one in _locked()
        if one["name"] in REFUSED and (REFUSED[one["name"]] is None or one.get("version") in (REFUSED[one["name"]] or set()))
    ]
    assert not wrong, wrong


def test_everything_in_the_lock_comes_from_pypi_with_a_hash() -> None:
    loose = []
    for one in _locked():
        files = [*one.get("wheels", []), *([one["sdist"]] if "sdist" in one else [])]
        if one["source"].get("editable") == ".":
            continue
        if (
            one["source"].get("registry") != "https://pypi.org/simple"
            or not files
            or not all(file.get("hash", "").startswith("sha256:") for file in files)
        ):
            loose.append(one["name"])
    assert not loose, loose


@pytest.mark.parametrize(
    ("does", "succeeds"),
    [
        ("exit 0", True),
        ("exit 1", False),
        ("rm -rf .venv-boot; exit 1", False),  # Nothing can be written there, as on a full disk.
        ("kill -9 $$", False),
    ],
)
def test_make_installs_nothing_as_done_that_uv_did_not_end(tmp_path: Path, does: str, succeeds: bool) -> None:
    """uv and Python of the environment are scripts here: what counts is how uv ends. Packages are not listed, all else is."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name, script in {
        ".venv-boot/bin/uv": f"echo 'Fetching 181'; echo ' + package'; echo ' - old'; printf 'last words'; {does}",
        ".venv/bin/python": "exit 0",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / name).touch()

    command = ("make", "-C", str(tmp_path), f"PYTHON={sys.executable}", ".venv/.synced")
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert (ended.returncode == 0, (tmp_path / ".venv/.synced").exists()) == (succeeds, succeeds), ended.stderr
    assert ("Installed." in ended.stdout) is succeeds
    assert "Fetching 181\nlast words" in ended.stdout and "package\n" not in ended.stdout


def _locked() -> list[dict[str, object]]:
    return tomllib.loads((ROOT / "uv.lock").read_text())["package"]
