"""Files of a home and of a deployment that must not be lost, and those that its path stands in."""

import asyncio
import errno
import os
import shutil
import subprocess
from pathlib import Path
from typing import cast

import pytest

from burnish.backup.home_restore import restore_home
from burnish.backup.manifest import Manifest
from burnish.deployment_secrets import write_deployment_secrets
from burnish.embedded.child import StartFailed
from burnish.embedded.nats import Nats, binary, write_config
from burnish.launcher import logs, up
from burnish.launcher.home import Home, beside, settle_restore
from burnish.launcher.launch import Launch, Options, told_of_little_room
from burnish.launcher.passwords import load_secrets, new_kek
from burnish.launcher.report import Report
from burnish_shared.bus.users import USERS


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kek": "a"}', '{"kek": "a", "seed": null, "instance": "b"}'])
def test_damaged_secrets_are_refused_and_never_replaced(home: Home, text: str) -> None:
    home.secrets.write_text(text)

    with pytest.raises(StartFailed, match=r"secrets\.json is damaged"):
        load_secrets(home, {})

    assert home.secrets.read_text() == text


def test_secrets_without_the_key_do_where_the_environment_names_it(home: Home) -> None:
    home.secrets.write_text('{"seed": "a", "instance": "b"}')

    assert load_secrets(home, {"BURNISH_KEK": new_kek()}).seed == "a"
    with pytest.raises(StartFailed, match="kek"):
        load_secrets(home, {})


def test_no_secrets_are_made_beside_data_that_was_made_with_others(home: Home) -> None:
    home.postgres.mkdir()
    (home.postgres / "PG_VERSION").write_text("18\n")

    with pytest.raises(StartFailed, match=r"secrets\.json is not there"):
        load_secrets(home, {})

    assert not home.secrets.exists()


def test_the_configuration_of_nats_takes_a_home_with_any_letters(tmp_path: Path) -> None:
    server = Nats(folder=tmp_path / 'Jörg 日本 "x"', port=1, log=tmp_path / "nats.log", passwords=dict.fromkeys(USERS, "p" * 16))
    write_config(server)

    checked = subprocess.run([binary(), "-t", "-c", server.config], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
    assert f'store_dir: "{tmp_path}/Jörg 日本 \\"x\\"/store"' in server.config.read_text(encoding="utf-8")


def test_damaged_secrets_of_a_deployment_are_refused_and_never_replaced(tmp_path: Path) -> None:
    write_deployment_secrets(tmp_path, nats_conf="", environment={})
    before = (tmp_path / "gateway/env").read_text()
    (tmp_path / "secrets.json").write_text('{"kek": "a')

    with pytest.raises(StartFailed, match=r"secrets\.json is damaged"):
        write_deployment_secrets(tmp_path, nats_conf="", environment={})

    assert (tmp_path / "secrets.json").read_text() == '{"kek": "a'
    assert (tmp_path / "gateway/env").read_text() == before


@pytest.mark.parametrize(
    ("left", "stands"),
    [
        ({"postgres.restoring", "nats.restoring", "nats"}, {"nats"}),  # it was being filled
        ({"postgres", "nats.restoring"}, {"postgres", "nats"}),  # killed between both moves
        ({"postgres", "nats", "nats.restoring"}, {"postgres", "nats"}),  # the bus of another one that was killed
        ({"postgres", "nats"}, {"postgres", "nats"}),
    ],
)
def test_a_killed_restore_counts_from_the_move_of_its_database_on(home: Home, left: set[str], stands: set[str]) -> None:
    for name in left:
        (home.path / name).mkdir()
        (home.path / name / "of").write_text(name)

    settle_restore(home)

    assert {one.name for one in home.path.iterdir()} == stands
    if "nats" not in left:
        assert (home.nats / "of").read_text() == beside(home.nats).name


@pytest.mark.parametrize(
    ("text", "is_moved", "stays"),
    [
        ('{"restored_as_of": "2026-11-01"}', False, False),  # killed before its first move
        ('{"restored_as_of": "2026-11-01"}', True, True),
        ('{"seed": 1}', False, True),  # of a demo that was played
    ],
)
def test_only_a_restore_that_counts_keeps_the_demo_away(home: Home, text: str, is_moved: bool, stays: bool) -> None:
    home.demo_record.write_text(text)
    (home.postgres if is_moved else beside(home.postgres)).mkdir()

    settle_restore(home)

    assert home.demo_record.exists() == stays


def test_the_next_start_ends_a_restore_that_was_killed_between_its_moves(home: Home) -> None:
    beside(home.nats).mkdir()
    home.postgres.mkdir()
    (home.postgres / "PG_VERSION").write_text("18\n")

    code = asyncio.run(Launch(home, Options(port=None, replicas={}), report=Report()).run())

    assert code == 1, "without secrets it goes no further"
    assert home.nats.exists() and not beside(home.nats).exists()


def test_a_restore_ends_what_one_before_left_before_it_refuses_a_home_that_is_filled(home: Home, tmp_path: Path) -> None:
    load_secrets(home)
    for place in (home.postgres, beside(home.nats)):
        place.mkdir()

    with pytest.raises(StartFailed, match="is there already"):
        restore_home(home, tmp_path, cast(Manifest, None), tombstones=())

    assert home.nats.exists() and not beside(home.nats).exists()


def test_a_full_disk_leaves_logs_as_they_are_and_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("executor", "gateway"):
        (tmp_path / f"{name}.log").write_text(name * 100)
    really = shutil.copyfile

    def without_room(source: Path, to: Path) -> None:
        if source.stem == "executor":
            to.write_text(source.read_text()[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really(source, to)

    monkeypatch.setattr(logs.shutil, "copyfile", without_room)
    logs.rotate(tmp_path, max_bytes=10)
    assert {one.name: one.stat().st_size for one in tmp_path.iterdir()} == {"executor.log": 800, "gateway.log": 0, "gateway.log.1": 700}


def test_a_state_that_cannot_be_written_is_told_once_and_ends_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """The launcher notes each end of a process before it starts it again."""
    launch = Launch(home, Options(port=None, replicas={}), report=Report(copy=home.path / "none" / "launcher.log"))
    home.state.mkdir()
    for _ in range(2):
        launch._note_change()
    home.state.rmdir()
    launch._note_change()
    assert home.state.is_file()
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_a_home_of_another_user_is_left_as_it_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    up.prepare_home(home)
    home.secrets.write_text("{}")
    up.prepare_home(home)
    monkeypatch.setattr(up.os, "geteuid", lambda: home.secrets.stat().st_uid + 1)
    home.logs.rmdir()

    with pytest.raises(SystemExit, match=r"belongs to .*, and nothing was changed\. .*chown -R"):
        up.prepare_home(home)

    assert not home.logs.exists()


def test_a_start_that_failed_on_a_disk_with_little_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told_of_little_room(tmp_path / "not there") == ""
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 30, 1 << 30, 14 << 20))
    assert "has 14 MiB left" in told_of_little_room(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 30, 0, 1 << 30))
    assert told_of_little_room(tmp_path) == ""
