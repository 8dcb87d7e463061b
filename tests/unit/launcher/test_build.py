"""Which code an installation runs (burnish/launcher/build.py)."""

from pathlib import Path

import pytest

from burnish.launcher import build


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only package that counts, outside of any site-packages."""
    root = tmp_path / "a_product_of_one_file"
    root.mkdir()
    (root / "__init__.py").write_text("VERSION = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(build, "PACKAGES", (root.name,))
    return root


def test_it_is_the_same_for_the_same_code_whenever_it_was_written(package: Path) -> None:
    before = build.present_build()
    (package / "__init__.py").write_text("VERSION = 1\n")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"compiled")
    (package / "_ui").mkdir()
    (package / "_ui" / "index.html").write_text("a page that was built anew")
    assert build.present_build() == before


@pytest.mark.parametrize(
    ("name", "text"),
    [("__init__.py", "VERSION = 2\n"), ("more.py", ""), ("deeper/data.json", "{}")],
    ids=["changed", "added", "in a folder"],
)
def test_it_is_another_after_any_change(package: Path, name: str, text: str) -> None:
    before = build.present_build()
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text(text)
    assert build.present_build() != before


def test_a_file_under_another_name_is_another_build(package: Path) -> None:
    (package / "one.py").write_text("x = 1\n")
    before = build.present_build()
    (package / "one.py").rename(package / "two.py")
    assert build.present_build() != before


def test_what_an_editor_left_there_stops_nothing(package: Path) -> None:
    """Emacs locks a file by a link that leads nowhere, and a file may go while the folder is read."""
    before = build.present_build()
    (package / ".#__init__.py").symlink_to("ann@host.1234:1700000000")
    assert build.present_build() == before


def test_it_is_another_when_a_library_is(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = tmp_path / "site-packages"
    (libraries / "aiohttp-3.1.dist-info").mkdir(parents=True)
    monkeypatch.setattr(build.sysconfig, "get_path", lambda _: str(libraries))
    before = build.present_build()
    (libraries / "aiohttp-3.1.dist-info").rename(libraries / "aiohttp-3.2.dist-info")
    assert build.present_build() != before
